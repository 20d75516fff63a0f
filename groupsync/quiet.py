"""Definitions that were edited without effect today: listed, and their owners asked. Pure.

Such an edit may do something later: it adds a date, or a condition that matches the same people for now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.links import bases_of
from groupsync.model import Edit, QuietEdit
from groupsync.project import wanted_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from groupsync.model import Definition, Plan
    from groupsync.project import Project
    from groupsync.scope import Selection


def quiet_edits(
    plan: Plan,
    before: Project,
    now: Project,
    edited: Collection[str],
    moved: Callable[[str], bool],
    *,
    selection: Selection,
) -> tuple[QuietEdit, ...]:
    """Return the edits that change no group today, sorted by name.

    Not among them is what a group that does change is built on, where other people belong to it now; and what the plan
    does not say everything about.

    Args:
        plan: of now, with all its changes.
        before: the definitions of then.
        now: those of now.
        edited: names of the groups of now whose definitions or member files say something else, or were not there.
        moved: tells of a group of now whether other people belong to it than then, or nobody can say.
        selection: which groups the plan is about.
    """
    changed = {name for change in plan.changes for name in (change.name, change.prior_name)}
    moving = {change.name for change in plan.changes if change.touches_members}
    below = bases_of(before.resolution.built_on, moving) | bases_of(now.resolution.built_on, moving)
    skipped = changed.union(_unknown(plan, before, selection), _unknown(plan, now, selection))
    found = (each for each in _edits(before, now, edited) if each.name not in skipped)
    quiet = [each for each in found if each.name not in below or not moved(each.name)]
    return tuple(sorted(quiet, key=lambda each: each.name))


def _edits(before: Project, now: Project, edited: Collection[str]) -> Iterator[QuietEdit]:
    then = {each.name: each for each in before.definitions}
    kept: set[str] = set()
    for each in now.definitions:
        names = (each.name, *each.previously)
        kept.update(names)
        if each.name in edited:
            former = next((then[name] for name in names if name in then), None)
            owners = _owners(former) if former else ()
            yield QuietEdit(each.name, Edit.EDITED if former else Edit.NEW, each.at, _owners(each), owners)
    for each in before.definitions:
        if each.name not in kept:
            yield QuietEdit(each.name, Edit.GONE, each.at, owners_before=_owners(each))


def _owners(definition: Definition) -> tuple[str, ...]:
    return tuple(sorted(definition.owners or ()))


def _unknown(plan: Plan, project: Project, selection: Selection) -> Iterator[str]:
    """Give the names of the groups of which a plan does not say everything."""
    for target in plan.targets:
        yield from target.withheld
    yield from (each.group.name for each in project.resolution.groups if not selection.picks(each.group))
    opened = {target.name for target in plan.targets}
    for other in project.config.targets:
        if other.name not in opened:
            yield from (each.group.name for each in wanted_on(project, other).here)
