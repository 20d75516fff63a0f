"""Try what only reads, and tell where a service's answers don't fit its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.backend import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync_rest.client import Wire


def checks(wire: Wire) -> Iterator[Check]:
    """Give what came of each thing that was tried."""
    yield Check(wire.profile.name)
