"""Edit definitions and member files so that they say what targets hold, item by item. An edge: it reads files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from groupsync.bucket import within
from groupsync.drifted import Item, What
from groupsync.edits.attributes import EDITABLE, set_attribute
from groupsync.edits.files import add_lines, has_other_columns, remove_people
from groupsync.edits.members import add_members, entry_text, remove_members
from groupsync.edits.text import CannotEdit
from groupsync.errors import ConfigError
from groupsync.evidence import explain_membership
from groupsync.model import ALWAYS, Period
from groupsync.proving import Outcome, proof
from groupsync.references import Graph
from groupsync.rewriting import FileEdit, other_readers, own_file, read_project_file
from groupsync.why import Matched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from groupsync.edits.text import Edited
    from groupsync.model import Definition, MemberFile
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.references import Edge


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said of the members that are kept."""

    until: datetime | None = None
    reason: str = ""

    @property
    def period(self) -> Period:
        """When their entries hold."""
        return Period(until=self.until) if self.until else ALWAYS


class Acceptance:
    """Knows what of a project can be edited, and how."""

    def __init__(self, project: Project, plugins: Plugins, as_of: datetime, terms: Terms) -> None:
        """Take what there is to go by.

        Args:
            project: its segments are computed.
            plugins: those that offer sources.
            as_of: now.
            terms: of members that are kept.

        Raises:
            ConfigError: members would be kept till a time that has passed.
        """
        if terms.until is not None and terms.until <= as_of:
            hint = "Choose a later `--until`; a bare date is that day's 00:00 UTC."
            raise ConfigError("The entries would never hold", "They would have ended already.", hint)
        self.project, self.as_of, self.terms = project, as_of, terms
        self.definitions = {each.name: each for each in project.definitions}
        self._plugins = plugins
        self._graph = Graph(self.definitions, project.config.exclude)
        self._desired = {each.definition.name: each.group for each in project.resolution.groups}

    # --- What stands in the way ---------------------------------------------------------------------------------------

    def judged(self, items: Sequence[Item]) -> list[Item]:
        """Return the items with what keeps the definitions from saying so, if anything does."""
        judged = [replace(each, obstacle=self._obstacle(each)) for each in items]
        judged = _without_quarrels(judged)
        for group in dict.fromkeys(each.group for each in judged):
            open_ = [each for each in judged if each.group == group and not each.obstacle]
            try:
                self._edit_group(_Files(self.project), self.definitions[group], open_)
            except CannotEdit:
                alone = {each: self._trial(each) for each in open_}
                judged = [replace(each, obstacle=alone.get(each, each.obstacle)) for each in judged]
        return judged

    def _trial(self, item: Item) -> str:
        try:
            self._edit_group(_Files(self.project), self.definitions[item.group], [item])
        except CannotEdit as error:
            return str(error)
        return ""

    def _obstacle(self, item: Item) -> str:
        match item.what:
            case What.ATTRIBUTE:
                return "" if item.name in EDITABLE else "a group's kind follows from its definition"
            case What.ADDED:
                return next(self._against_adding(item), "")
            case What.REMOVED:
                return next(self._against_removing(item), "")

    def _against_adding(self, item: Item) -> Iterator[str]:
        definition, name = self.definitions[item.group], item.name
        try:
            if self.project.config.identity.canonical(name) != name:
                yield "the target spells them as no definition may"
        except ValueError as reason:
            yield f"no member can be called so: {reason}"
        if Period(until=definition.until).expired(self.as_of):
            yield "the group itself has ended (`until`)"
        for edge in self._edges(definition, "exclude"):
            if name in self._members_of(edge.target):
                yield f"`exclude: {edge.target}` keeps them out ({edge.reference.at})"
        for edge in self._edges(definition, "restrict_to"):
            if name not in self._members_of(edge.target):
                yield f"`restrict_to: {edge.target}` lets in only its own members ({edge.reference.at})"
        if definition.holdout is not None and within(definition.holdout, name):
            yield f"they are in its holdout ({definition.at})"
        for timed in definition.members.timed if definition.members else ():
            if timed.address == name:
                yield f"an entry with a time names them, change it there ({timed.at})"

    def _against_removing(self, item: Item) -> Iterator[str]:
        definition, name = self.definitions[item.group], item.name
        for edge in self._edges(definition, "include"):
            if name in self._members_of(edge.target):
                yield f"in by `include: {edge.target}` ({edge.reference.at}): remove them there"
        files = [each for each in definition.members_from or () if name in self.project.files.members(each).load()]
        for file in files:
            if others := other_readers(self.project, file, definition.name):
                yield f"`{file.path}` is read for {' and '.join(others)}, too"
        is_listed = bool(files) or name in _inline(definition)
        if definition.where is not None and (not is_listed or self._is_computed(item)):
            yield (
                f"computed into it by `where` ({definition.where.at}): only a group under `exclude` can leave them out"
            )
        elif not is_listed:
            yield "none of its entries names them"

    def _is_computed(self, item: Item) -> bool:
        why = explain_membership(self.project, self._plugins, item.name, item.group, self.as_of)
        return any(isinstance(way, Matched) and way.lets_in for way in why.ways)

    def _edges(self, definition: Definition, role: str) -> Iterator[Edge]:
        for edge in self._graph.edges[definition.name]:
            if edge.role == role and edge.reference.period.holds(self.as_of):
                yield edge

    def _members_of(self, group: str) -> frozenset[str]:
        found = self._desired[group].members
        return found.load() if found else frozenset()

    # --- Edits --------------------------------------------------------------------------------------------------------

    def edits(self, kept: Iterable[Item]) -> list[FileEdit]:
        """Return one edit a file that makes the definitions say what the targets hold, sorted by path.

        Args:
            kept: of `judged`, without an obstacle.

        Raises:
            ConfigError: not all of it can be done together.
        """
        groups: dict[str, list[Item]] = {}
        for each in kept:
            groups.setdefault(each.group, []).append(each)
        files = _Files(self.project)
        for group in sorted(groups):
            at = self.definitions[group].at
            try:
                self._edit_group(files, self.definitions[group], groups[group])
            except CannotEdit as error:
                detail = f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing was written."
                raise ConfigError(f"`{group}` can't be edited", detail, "Edit the file by hand.", at=at) from error
        return files.edits()

    def check(self, kept: Sequence[Item], edits: Sequence[FileEdit]) -> Callable[[Project], None]:
        """Return what sees that a project says of each member who was kept what the targets hold; see `proof`."""
        members = [each for each in kept if each.what is not What.ATTRIBUTE]
        outcomes = [Outcome(each.group, each.name, each.what is What.ADDED) for each in members]
        going = {(each.group, each.person) for each in outcomes if not each.is_in}
        return proof(self.project, self._plugins, [each.path for each in edits], outcomes, going)

    def built_from(self, groups: Iterable[str]) -> list[tuple[str, str]]:
        """Return pairs of a group among some and one that is built from it, sorted."""
        wanted = set(groups)
        return sorted(
            {
                (edge.target, name)
                for name, edges in self._graph.edges.items()
                for edge in edges
                if edge.target in wanted
            }
        )

    def _edit_group(self, files: _Files, definition: Definition, items: Sequence[Item]) -> None:
        path, name, identity = definition.at.path, definition.name, self.project.config.identity
        come = sorted({each.name for each in items if each.what is What.ADDED})
        go = frozenset(each.name for each in items if each.what is What.REMOVED)
        own = self._file_for(definition) if come else None
        if own is not None:
            files.edit(own.path, partial(add_lines, file=own, people=come, identity=identity))
        elif come:
            entries = [entry_text(each, self.terms.period, self.terms.reason) for each in come]
            files.edit(path, partial(add_members, path=path, group=name, entries=entries, identity=identity))
        if inline := go & _inline(definition):
            files.edit(path, partial(remove_members, path=path, group=name, people=inline, identity=identity))
        for file in {self.project.files.place(each.path): each for each in definition.members_from or ()}.values():
            if here := go & self.project.files.members(file).load():
                files.edit(file.path, partial(remove_people, file=file, people=here, identity=identity))
        values = {each.name: each.held for each in items if each.what is What.ATTRIBUTE}
        for key, value in values.items():
            files.edit(path, partial(set_attribute, path=path, group=name, name=key, value=value, identity=identity))

    def _file_for(self, definition: Definition) -> MemberFile | None:
        """Return the file that new members go into; None for the definition itself."""
        is_plain = self.terms == Terms() and definition.members is None
        if not is_plain or definition.sample is not None or definition.limit is not None:
            return None
        file = own_file(self.project, definition)
        if file is None:
            return None
        data = read_project_file(self.project.config, file.path)
        return None if has_other_columns(data, file, self.project.config.identity) else file


class _Files:
    """Files while they are edited."""

    def __init__(self, project: Project) -> None:
        self._config = project.config
        self._before: dict[str, bytes] = {}
        self._after: dict[str, bytes] = {}

    def edit(self, path: str, change: Callable[[bytes], Edited]) -> None:
        if path not in self._before:
            self._before[path] = self._after[path] = read_project_file(self._config, path)
        self._after[path] = change(self._after[path]).data

    def edits(self) -> list[FileEdit]:
        return [
            FileEdit(path, before, self._after[path], ())
            for path, before in sorted(self._before.items())
            if before != self._after[path]
        ]


def _inline(definition: Definition) -> frozenset[str]:
    members = definition.members
    if members is None:
        return frozenset()
    return frozenset([*members.plain_members(), *(each.address for each in members.timed)])


def _without_quarrels(items: list[Item]) -> list[Item]:
    """Refuse what two targets hold different values of: a definition can say one."""
    seen: dict[tuple[str, str], Item] = {}
    quarrels: dict[tuple[str, str], str] = {}
    for each in items:
        key = (each.group, each.name)
        first = seen.setdefault(key, each)
        if each.what is What.ATTRIBUTE and first.held != each.held:
            quarrels[key] = f"{first.target} and {each.target} hold different values: choose one with `--target`"
    return [
        replace(each, obstacle=each.obstacle or quarrels.get((each.group, each.name), ""))
        if each.what is What.ATTRIBUTE
        else each
        for each in items
    ]
