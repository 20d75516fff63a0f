"""Groups in files of the project's own: readable, diffable, fit to be kept in git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `file`."""
    from groupsync_file.backend import FileBackend

    return [FileBackend]
