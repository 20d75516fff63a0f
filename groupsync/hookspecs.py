"""The hooks that a plugin may implement.

A plugin is any importable object named by an entry point of the group `groupsync`. A hook is listed here only once a
bundled plugin uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.backend import Backend
    from groupsync.policy import PolicyAnswer, PolicyContext
    from groupsync.source import Source

PROJECT: Final = "groupsync"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def groupsync_register_backends() -> Iterable[type[Backend]]:
    """Return the backend classes that this plugin offers.

    Called once, when a command first needs a target. Must not do I/O, and must not import heavy libraries: do that in
    `from_options` or later. Two plugins that offer the same `name` are refused, both named.
    """
    raise NotImplementedError  # pluggy never calls a specification


@hookspec
def groupsync_register_sources() -> Iterable[type[Source]]:
    """Return the classes of sources that this plugin offers; see `groupsync.source`.

    Called once, when a command first needs a source. The rules are those of `groupsync_register_backends`; a source and
    a backend may have one name.
    """
    raise NotImplementedError


@hookspec
def groupsync_check_plan(context: PolicyContext) -> PolicyAnswer:
    """Say what speaks against a plan; see `groupsync.policy`.

    Called for each plan before it is shown, and for a saved one again before it is applied. Must be pure: no I/O but
    that of loading members, nothing remembered from one call to the next. Where it raises, or returns anything else,
    nothing is applied.
    """
    raise NotImplementedError
