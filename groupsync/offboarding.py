"""Take one person out of everything that a project's files list: the edits, and what they can't do. An edge: reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from groupsync.condition_words import groups_ruled_out
from groupsync.edits.files import remove_lines
from groupsync.edits.members import remove_member
from groupsync.edits.text import CannotEdit
from groupsync.members.files import is_list
from groupsync.proving import Outcome
from groupsync.references import Graph
from groupsync.rewriting import FileEdit, other_readers, read_project_file
from groupsync.why import Matched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from groupsync.edits.text import Edited
    from groupsync.identity import Identity
    from groupsync.memberships import Membership
    from groupsync.model import Definition, MemberFile, SourceRange
    from groupsync.project import Project


@dataclass(frozen=True, slots=True)
class Left:
    """Something that still has or names the person, and what to do about it; `at` is None on a target.

    Attributes:
        group: the one that they are still in for it, if any.
    """

    at: SourceRange | None
    words: str
    hint: str = ""
    group: str = ""


def offboarded(project: Project, found: Sequence[Membership], person: str) -> tuple[list[FileEdit], list[Left]]:
    """Return one edit a file that takes a person out of all members, sorted by path, and what is left then.

    Who is on a list that keeps people out of other groups stays on it: to take them off could let them in. So does who
    must stay in a group by `policies.pinned`, on the lists of that group itself: a plan without them is refused.

    Args:
        project: its files.
        found: the person's memberships, for the segments among them.
        person: canonical.
    """
    edits: dict[str, FileEdit] = {}
    left: list[Left] = []
    identity = project.config.identity
    keeping = _keeping_out(project)
    pins = _pins(project, person)
    listing = [each for each in project.definitions if _lists(each, person)]
    # From the end of each file, so that places stay right.
    for each in sorted(listing, key=lambda one: one.at, reverse=True):
        if each.name in keeping:
            left.append(_kept(each.at, each.name, person))
            continue
        if each.name in pins:
            left.append(_kept_by_pin(each.at, each.name))
            continue
        edit = partial(remove_member, path=each.at.path, group=each.name, person=person, identity=identity)
        _edit(project, edits, left, each.at, edit, group=each.name)
    for file, group in _files_with(project, person, keeping, pins):
        if group in keeping:
            left.append(_kept(file.at, group, person))
            continue
        if group in pins:
            left.append(_kept_by_pin(file.at, group))
            continue
        others = [] if is_list(file) else other_readers(project, file, group)
        if others:
            left.append(_shared(file, group, others))
            continue
        at = replace(file.at, path=file.path)
        edit = partial(remove_lines, file=file, person=person, identity=identity)
        _edit(project, edits, left, at, edit, group=group)
    left += [_pinned(at, group) for group, at in pins.items()]
    return sorted(edits.values(), key=lambda edit: edit.path), [*left, *_computed(found), *_owned(project, person)]


def outcomes(
    project: Project, found: Sequence[Membership], edits: Sequence[FileEdit], left: Sequence[Left], person: str
) -> list[Outcome]:
    """Return the groups that a person is to be out of for the edits: those that listed them in edited files alone.

    Args:
        project: before the edits.
        found: the person's memberships.
        edits: that `offboarded` gave.
        left: likewise.
        person: canonical.
    """
    edited = {project.files.place(edit.path) for edit in edits}
    stays = {each.group for each in left}
    stays |= {each.why.group for each in found if not all(path.is_direct for path in each.paths)}
    return [
        Outcome(each.name, person, is_in=False)
        for each in project.definitions
        if each.name not in stays and (paths := _listing(project, each, person))
        if edited.issuperset(map(project.files.place, paths))
    ]


def _listing(project: Project, definition: Definition, person: str) -> list[str]:
    """Return the paths of the files that list a person for a group."""
    files = [each.path for each in definition.members_from or () if project.files.place_of(each, person)]
    return [definition.at.path, *files] if _lists(definition, person) else files


def _edit(
    project: Project,
    edits: dict[str, FileEdit],
    left: list[Left],
    at: SourceRange,
    edit: Callable[[bytes], Edited],
    *,
    group: str,
) -> None:
    known = edits.get(at.path)
    before = known.before if known else read_project_file(project.config, at.path)
    try:
        edited = edit(known.after if known else before)
    except CannotEdit as reason:
        left.append(Left(at, f"listed where no edit is sure: {reason}", "Edit the file by hand.", group))
        return
    places = (*edited.places, *(known.places if known else ()))
    edits[at.path] = FileEdit(at.path, before, edited.data, places)


def _lists(definition: Definition, person: str) -> bool:
    members = definition.members
    return members is not None and (
        person in members.plain_members() or any(each.address == person for each in members.timed)
    )


def _files_with(
    project: Project, person: str, keeping: frozenset[str], pins: Mapping[str, SourceRange]
) -> Iterator[tuple[MemberFile, str]]:
    """Give each file that lists a person once, with a group that has it: one for which it stays as it is, if any."""
    seen = set[object]()
    for each in sorted(project.definitions, key=lambda one: (one.name not in keeping, one.name not in pins)):
        for file in each.members_from or ():
            place = project.files.place(file.path)
            if place not in seen and project.files.place_of(file, person):
                seen.add(place)
                yield file, each.name


def _shared(file: MemberFile, group: str, others: Sequence[str]) -> Left:
    words = f"listed in `{file.path}` for {group}, where no edit is sure: it is read for {' and '.join(others)}, too"
    return Left(file.at, words, "Edit the file by hand, and see who else is in the rows that go.", group)


def _keeping_out(project: Project) -> frozenset[str]:
    """Return the groups whose members are kept out of others, and all that these groups are built from."""
    graph = Graph({each.name: each for each in project.definitions}, project.config.exclude)
    waiting = [edge.target for edges in graph.edges.values() for edge in edges if edge.role == "exclude"]
    conditions = [each.where for each in project.definitions if each.where is not None]
    waiting += [mention.group for where in conditions for mention in groups_ruled_out(where)]
    found: set[str] = set()
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += [edge.target for edge in graph.edges.get(name, ()) if edge.role in {"include", "in_group"}]
    return frozenset(found)


def _kept(at: SourceRange, group: str, person: str) -> Left:
    words = f"kept in {group}, which keeps people out of other groups"
    return Left(at, words, f"`groupsync remove {person} {group}`, if they may come back.", group)


def _pins(project: Project, person: str) -> dict[str, SourceRange]:
    """Return the groups in which a person must stay, with the place of the rule."""
    policies = project.config.policies
    found: dict[str, SourceRange] = {}
    if policies is None:
        return found
    for index, rule in enumerate(policies.values.get("pinned", ())):
        if any(_is(member, person, project.config.identity) for member in rule["members"]):
            found.setdefault(rule["group"], policies.locate(("pinned", index, "group")))
    return found


def _is(written: str, person: str, identity: Identity) -> bool:
    try:
        return identity.named(written) == person
    except ValueError:
        return False  # nobody is called so


def _kept_by_pin(at: SourceRange, group: str) -> Left:
    return Left(at, f"kept in {group}, where they must stay", "Take them out of `policies.pinned` first.", group)


def _pinned(at: SourceRange, group: str) -> Left:
    words = f"must stay in {group}, by `policies.pinned`"
    return Left(at, words, "Take them out of it, and offboard again; until then a plan without them there is refused.")


def _computed(found: Sequence[Membership]) -> Iterator[Left]:
    for each in found:
        last = [path.steps[0] for path in each.paths]
        for way in last if each.is_in else ():
            if isinstance(way, Matched):
                hint = "Add them to a group that `exclude` in the config names."
                yield Left(way.at, f"computed into {each.why.group} from the source {way.source}", hint, each.why.group)


def _owned(project: Project, person: str) -> Iterator[Left]:
    spellings = project.config.identity.spellings(person)
    for each in project.definitions:
        if not {owner.casefold() for owner in each.owners or ()}.isdisjoint(spellings):
            yield Left(each.at, f"an owner of {each.name}", "Name somebody else under `owners`.")
