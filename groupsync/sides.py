"""Put the two sides of groups beside each other, for `groupsync show`. An edge: it reads targets."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from groupsync.errors import ConfigError
from groupsync.model import State
from groupsync.project import wanted_on
from groupsync.reading import read_target
from groupsync.report.show import Sides
from groupsync.segments import compute_segments
from groupsync.selecting import Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.backend import Backend
    from groupsync.model import Snapshot
    from groupsync.planning import Request
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.scope import Wanted


def both_sides(
    project: Project,
    backends: Mapping[str, Backend],
    request: Request,
    name: str | None = None,
    plugins: Plugins | None = None,
) -> list[Sides]:
    """Return the groups of both sides, target by target in the config's order, by name; unmanaged ones too.

    Args:
        project: what is desired.
        backends: the opened targets.
        request: the selection.
        name: one group alone.
        plugins: whose sources are asked; None for those installed.

    Raises:
        SourceError: a source could not be asked.
        ConfigError: there is no group called `name`, desired or prior; or the selection names what is nowhere.
    """
    computed = compute_segments(project, plugins, request.as_of)
    search = Search(request.selection, may_be_empty=request.may_be_empty)
    project, found = computed.project, list[Sides]()
    for target in project.config.targets:
        if target.name in backends:
            backend = backends[target.name]
            wanted, snapshot = read_target(project.config, target, backend, wanted_on(project, target), request.retry)
            search.look(target.name, wanted, snapshot)
            project.findings.extend(snapshot.diagnostics)
            found += _sides(target.name, wanted, snapshot, backend.capabilities.attributes)
    search.check()
    picked = [
        each
        for each in found
        if name in (None, each.name)
        and any(request.selection.picks(side) for side in (each.desired, each.prior) if side)
    ]
    if name is not None and not picked:
        raise unknown_group(name, {each.name for each in found})
    return picked


def _sides(target: str, wanted: Wanted, snapshot: Snapshot, kept: frozenset[str]) -> list[Sides]:
    prior = {group.name: group for group in snapshot.groups}
    found: list[Sides] = []
    for desired in wanted.here:
        if desired.group.lifecycle.state is State.ABSENT:
            continue
        old = next((name for name in (desired.group.name, *desired.definition.previously) if name in prior), None)
        reason = desired.blocked.reason if desired.blocked else ""
        held = prior.pop(old) if old else None
        found.append(Sides(target, desired.group.name, desired.group, held, kept, reason))
    found += [Sides(target, group.name, None, group) for group in prior.values()]
    return sorted(found, key=lambda sides: sides.name)


def unknown_group(name: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a group that is nowhere, with the name that was probably meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "`groupsync show` lists all groups."
    return ConfigError(f"There is no group `{name}`", "Neither a definition nor a target has it.", hint)
