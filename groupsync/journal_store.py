"""What a store of the journal must do, so that runs are remembered beyond the machine that they ran on. Pure.

A store holds bytes under names, and tells for each a version that every change moves. It is small on purpose: whatever
can replace something only where nobody else did can be one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["Append", "Delete", "Edit", "Replace", "Store", "StoreError", "StoreMovedError"]


class StoreError(ConfigError):
    """The store can't be reached, or does not let us."""


class StoreMovedError(StoreError):
    """Somebody else changed what an edit was made for; nothing of that edit was done."""


@dataclass(frozen=True, slots=True)
class Append:
    """Add `data` to the end of what has `version`; None: there is nothing yet, and this is the beginning."""

    name: str
    data: bytes
    version: str | None


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `data` in the place of what has `version`; None: there must be nothing."""

    name: str
    data: bytes
    version: str | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take away what has `version`; it may be gone already."""

    name: str
    version: str


Edit: TypeAlias = Append | Replace | Delete


class Store(Protocol):
    """Names have `/` between their parts, and begin with no dot. Methods may be called from several threads."""

    def place(self) -> str:
        """Return what tells this store from any other. Asks nobody elsewhere."""
        ...

    def names(self) -> Mapping[str, str]:
        """Ask what the store holds now; return versions by name.

        Raises:
            StoreError: it could not be asked.
        """
        ...

    def read(self, versions: Mapping[str, str]) -> Mapping[str, bytes]:
        """Return what the names held in these versions, which `names` or `write` gave.

        Raises:
            StoreError: it could not be read.
        """
        ...

    def write(
        self,
        edits: Sequence[Edit],
        *,
        check: Callable[[Collection[str]], object] | None = None,
        also: Callable[[Mapping[str, str], Mapping[str, str]], Edit] | None = None,
    ) -> Mapping[str, str]:
        """Carry out edits, durably, all of them or none; return the new versions by name.

        An edit that is done already, because the answer to an attempt was lost, is done.

        Args:
            edits: no name twice.
            check: is given the names that are there right before; what it raises is raised, and nothing is done.
            also: is given the versions by name of all that is there right before, and of all that is to be there then;
                returns one edit more, of another name, to carry out in the same go. What it raises is raised, and
                nothing is done.

        Raises:
            StoreMovedError: a name has another version than an edit was made for.
            StoreError: it could not be written, or nobody knows.
        """
        ...
