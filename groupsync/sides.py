"""Put the two sides of groups beside each other, for `groupsync show`. An edge: it reads targets."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from groupsync.diff import have_same_owners, settled_for
from groupsync.errors import BackendError, ConfigError
from groupsync.model import State, unread_as
from groupsync.pairing import Whose, pair
from groupsync.project import wanted_on
from groupsync.reading import context_of, nothing_of, read_target, unread_target
from groupsync.report.show import Sides
from groupsync.scope import scope
from groupsync.segments import computed_project
from groupsync.selecting import Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groupsync.backend import Backend
    from groupsync.diff import Context
    from groupsync.identity import Identity
    from groupsync.model import Group, Overlooked, Snapshot
    from groupsync.planning import Request
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Desired
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
        BackendError: no target could be read; where some could, the others are told in the project's findings.
        ConfigError: there is no group called `name`, desired or prior; or the selection names what is nowhere.
    """
    project = computed_project(project, plugins, request.as_of)
    search = Search(request.selection, may_be_empty=request.may_be_empty)
    found, unread = list[Sides](), dict[str, BackendError]()
    for target in project.config.targets:
        if target.name in backends:
            backend, wanted = backends[target.name], wanted_on(project, target)
            try:
                wanted, snapshot = read_target(project.config, target, backend, wanted, request.retry)
            except BackendError as error:
                unread[target.name] = error
                search.look(target.name, wanted, nothing_of(error))
                project.findings.append(unread_target(target.name, error))
                continue
            search.look(target.name, wanted, snapshot)
            project.findings.extend(snapshot.diagnostics)
            context = context_of(project.config, target, backend, wanted, snapshot)
            found += sides_on(context, wanted, snapshot)
    if unread and unread.keys() == backends.keys():
        raise next(iter(unread.values()))
    search.check()
    picked = [each for each in found if name in (None, *each.names) and any(map(request.selection.picks, each.groups))]
    if name is not None and not picked:
        raise unknown_group(name, {known for each in found for known in each.names}, project.overlooked)
    return picked


def sides_on(context: Context, wanted: Wanted, snapshot: Snapshot) -> Iterator[Sides]:
    """Give the two sides of every group of one target, by name; loads nothing."""
    scoped = scope(context.target, context.project, wanted, snapshot)
    fates = {each.prior.name: each.action for each in scoped.pairs if each.prior}
    for each in pair(context.project, wanted.here, snapshot.groups, wanted.earlier):
        desired = each.desired if each.desired and each.desired.group.lifecycle.state is State.PRESENT else None
        if desired or each.prior:
            yield Sides(
                context.target,
                each.name,
                _desired(desired, each.ours, context.identity) if desired else None,
                each.prior,
                _comparable(desired, each.ours, context),
                desired.blocked.reason if desired and desired.blocked else "",
                is_anothers=each.whose in (Whose.ANOTHERS, Whose.OURS_BEFORE),
                fate=fates.get(each.name),
            )


def _comparable(desired: Desired | None, ours: Group | None, context: Context) -> frozenset[str]:
    """Return the attributes that may differ: owners who are only spelled otherwise do not."""
    is_same = desired is not None and ours is not None and have_same_owners(desired.group, ours, context)
    return context.attributes - {"owners"} if is_same else context.attributes


def _desired(desired: Desired, ours: Group | None, identity: Identity) -> Group:
    return settled_for(desired, ours, identity) if ours else desired.group


def unknown_group(name: str, known: Iterable[str], overlooked: Iterable[Overlooked]) -> ConfigError:
    """Make the error for a group that is nowhere, with the file that may define it, or the name that was meant."""
    detail = "Neither a definition nor a target has it."
    if unread := unread_as(name, overlooked):
        return ConfigError(f"There is no group `{name}`", f"{detail} {unread}", unread.cure)
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "`groupsync show` lists all groups."
    return ConfigError(f"There is no group `{name}`", detail, hint)
