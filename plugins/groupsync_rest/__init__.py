"""Groups in any REST service that a profile describes, without a line of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `rest`."""
    from groupsync_rest.backend import RestBackend

    return [RestBackend]
