"""The reference backend and the reference source: groups and customers in memory, for tests and trials.

`MemoryStore.named(…)` is what a target holds, and can be told to fail; the backend is a way into it. The source has its
customers from its options, and fails as its store is told to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend
    from groupsync.source import Source


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `memory`."""
    from groupsync_memory.backend import MemoryBackend

    return [MemoryBackend]


@hookimpl
def groupsync_register_sources() -> list[type[Source]]:
    """Offer the source `memory`."""
    from groupsync_memory.source import MemorySource

    return [MemorySource]
