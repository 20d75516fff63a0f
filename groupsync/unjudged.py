"""Find out what guards can't judge in a plan: what journal, targets and definitions tell of before. An edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.guard_rules import guards_of
from groupsync.guard_unjudged import Past, Unjudged, has_written, unjudged_lists, unjudged_sources
from groupsync.links import above_of, built_on_by_now_or_then
from groupsync.memory import known_runs, past_rows, stores_of
from groupsync.model import Action, First
from groupsync.project import wanted_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from groupsync.links import Remembered
    from groupsync.model import GroupGuards, Plan
    from groupsync.pasts import Told
    from groupsync.project import Project
    from groupsync.resolve import Desired
    from groupsync.source_config import SourceConfig


@dataclass(frozen=True, slots=True)
class Silence:
    """What guards can't judge in a plan, or judge for the first time.

    Attributes:
        unjudged: the sources, and the lists on no opened target.
        firsts: those that are new.
        served, unserved: names of the targets that a kept run is known to have served, and of the others; both empty
            where nobody asks.
    """

    unjudged: tuple[Unjudged, ...] = ()
    firsts: tuple[First, ...] = ()
    served: frozenset[str] = frozenset()
    unserved: frozenset[str] = frozenset()


def silence_of(
    plan: Plan,
    project: Project,
    bases: frozenset[str],
    there: Mapping[str, frozenset[str]],
    *,
    remembered: Remembered,
    told: Told,
) -> Silence:
    """Return what guards can't judge of what hangs on the changes of a plan.

    Args:
        plan: of the definitions; one that takes back a run, or goes on with one, has its past in that run.
        project: what it was made of.
        bases: names of the groups that its groups are built on and that were not looked at.
        there: by target that was read, names of our groups that it has.
        remembered: what was applied last, as far as runs and marks tell.
        told: by the marks on the opened targets.

    Raises:
        ConfigError: the journal can't be read.
    """
    config, changes = project.config, [change for change in plan.changes if change.touches_members]
    if not changes:
        return Silence()
    wanted = _wanted(plan, project)
    taken = frozenset[str]().union(*wanted.values())
    sources = list(_asked(plan, project))
    lists = dict(_lists(project, bases - taken, remembered))
    if not sources and not lists and not has_written(config.guards, (each.guards for each in project.definitions)):
        return Silence()
    stores = stores_of(plan)
    runs = known_runs(config.journal, config.id, stores)
    rows = past_rows(config.journal, config.id, {source.name: source.identity for source in sources})
    known = {*rows, *told.rows(sources)}
    unread = (wanted.get(target.name, frozenset()) for target in plan.targets if not target.complete)
    changed = (change.name for change in plan.changes if change.action not in {Action.CREATE, Action.ADOPT})
    past = Past(
        runs,
        remembered,
        frozenset(known),
        (frozenset(changed).union(*there.values()) - told.telling).union(*unread),
        taken,
        above_of(built_on_by_now_or_then(project.resolution, remembered)),
        changes,
    )
    segments: dict[str, list[str]] = {}
    for definition in project.definitions:
        if definition.source is not None:
            segments.setdefault(definition.source, []).append(definition.name)
    found = [*unjudged_sources(sources, segments, past), *unjudged_lists(lists, past)]
    return Silence(
        tuple(each for each in found if isinstance(each, Unjudged)),
        tuple(sorted(each for each in found if isinstance(each, First))),
        runs.targets,
        frozenset(stores.keys() - runs.targets),
    )


def _wanted(plan: Plan, project: Project) -> dict[str, frozenset[str]]:
    """Return by opened target the names of the groups that go there."""
    opened = {target.name for target in plan.targets}
    return {
        target.name: frozenset(each.group.name for each in wanted_on(project, target).here)
        for target in project.config.targets
        if target.name in opened
    }


def _asked(plan: Plan, project: Project) -> Iterator[SourceConfig]:
    """Give the sources that segments were computed from and that must not shrink."""
    asked = {source.name for source in plan.sources}
    for source in project.config.sources:
        if source.name in asked and source.guards.max_shrink is not None:
            yield source


def _lists(
    project: Project, names: Collection[str], remembered: Remembered
) -> Iterator[tuple[str, tuple[int, Sequence[GroupGuards]]]]:
    """Give the lists of which no run tells how large they were, each with its size and the guards that hold for it."""
    for desired in project.resolution.groups:
        group, definition = desired.group, desired.definition
        if group.name in names and group.members is not None and not _is_counted(desired, remembered):
            guards = guards_of(project.config.guards, definition.guards, group.name)
            yield group.name, (group.members.count, guards)


def _is_counted(desired: Desired, remembered: Remembered) -> bool:
    return any(name in remembered.counts for name in (desired.group.name, *desired.definition.previously))
