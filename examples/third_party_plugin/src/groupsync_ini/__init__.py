"""Groups in an INI file: a plugin for groupsync as a stranger would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.backend import Backend


@hookimpl
def groupsync_register_backends() -> list[type[Backend]]:
    """Offer the backend `ini`."""
    from groupsync_ini.backend import IniBackend

    return [IniBackend]
