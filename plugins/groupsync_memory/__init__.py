"""The reference backend: groups in the memory of the process, for tests and trials.

`MemoryStore.named(…)` is what a target holds, and can be told to fail; the backend is a way into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `memory`."""
    from groupsync_memory.backend import MemoryBackend

    return [MemoryBackend]
