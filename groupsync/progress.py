"""The seam through which long loops tell how far they are. Whoever watches brings the display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Item = TypeVar("Item")


class Track(Protocol):
    """Shows how far a loop has come, where somebody is watching."""

    def __call__(self, what: str, items: Sequence[Item]) -> Iterable[Item]:
        """Give the items one by one; `what` says in two words what is done with them."""
        ...


def untracked(what: str, items: Sequence[Item]) -> Iterable[Item]:  # noqa: ARG001 -- the shape of Track
    """Give the items and show nothing."""
    return items
