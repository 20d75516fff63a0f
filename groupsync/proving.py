"""See, once edits are written, that they did what was meant and nothing else. An edge: it asks sources again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groupsync.errors import ConfigError
from groupsync.segments import compute_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from groupsync.model import Definition
    from groupsync.plugins import Plugins
    from groupsync.project import Project


class Outcome(NamedTuple):
    """Whether somebody, canonical, is to be in a group once the edits are written."""

    group: str
    person: str
    is_in: bool


def proof(
    project: Project,
    plugins: Plugins,
    paths: Collection[str],
    outcomes: Iterable[Outcome],
    going: Collection[tuple[str, str]],
) -> Callable[[Project], None]:
    """Return what sees that a project, as it loads after edits, has the members that were meant.

    What it returns raises ConfigError where somebody is not in a group who should be, or is in it who should not, and
    where a list of an edited file lacks anybody else.

    Args:
        project: before the edits; who is listed there is read now.
        plugins: those that offer sources.
        paths: of the files that are edited.
        outcomes: what is to be true after the edits; of groups whose members can't be told nothing is seen.
        going: pairs of a group and a person who may leave its lists.
    """
    meant = sorted(set(outcomes))
    places = {project.files.place(path) for path in paths}
    before = {
        each.name: listed(project, each)
        for each in project.definitions
        if not places.isdisjoint(map(project.files.place, _paths(each)))
    }
    lost = dict(before)
    for name, person in going:
        if name in lost:
            lost[name] -= {person}

    def check(after: Project) -> None:
        now = {each.name: each for each in after.definitions}
        for name, people in lost.items():
            if gone := people - (listed(after, now[name]) if name in now else frozenset()):
                detail = f"`{min(gone)}` would be taken off its lists, too. Nothing was written."
                raise ConfigError(f"`{name}` would lose others", detail, "Edit the files by hand.")
        _check_outcomes(after, plugins, project.as_of, meant)

    return check


def listed(project: Project, definition: Definition) -> frozenset[str]:
    """Return everybody whom a definition or one of its member files names, whenever that holds; canonical."""
    found = set[str]()
    if definition.members:
        found.update(definition.members.plain_members(), (each.address for each in definition.members.timed))
    for file in definition.members_from or ():
        found |= project.files.members(file).load()
    return frozenset(found)


def _check_outcomes(project: Project, plugins: Plugins, as_of: datetime, meant: Iterable[Outcome]) -> None:
    computed = compute_segments(project, plugins, as_of).project
    held = {each.definition.name: each.group.members for each in computed.resolution.groups}
    for each in meant:
        members = held.get(each.group)
        if members is None:
            continue
        with members.loaded_once():
            if (each.person in members.load()) != each.is_in:
                word = "not in" if each.is_in else "still in"
                detail = f"`{each.person}` would be {word} it for what else was edited or stays. Nothing was written."
                hint = "Edit fewer at a time, or by hand; `groupsync why` tells what decides."
                raise ConfigError(f"`{each.group}` can't be edited so", detail, hint)


def _paths(definition: Definition) -> Iterable[str]:
    return (definition.at.path, *(file.path for file in definition.members_from or ()))
