"""Which group is built from which: references expanded, unknown ones and cycles reported. Pure."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.model import Definition, Diagnostic, Reference, Severity, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from groupsync.model import Overlooked, SourceRange
    from groupsync.model.criteria import InGroup

_MAX_DEPTH: Final = 100
_RULING: Final = frozenset({"exclude", "restrict_to"})


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference, expanded to one group.

    Attributes:
        role: `include`, `exclude`, `restrict_to`, or `in_group` for what a condition names.
        target: name of the group.
        reference: the entry, or the mention in the condition.
    """

    role: str
    target: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is not known because files have errors, so that what follows from them is not reported on top.

    Attributes:
        broken: what could be read of definitions with errors.
        knows_names: whether each document told at least its group's name.
        overlooked: files that seem to hold definitions and are not read. They leave nothing in doubt that is read, so
            two values that differ in them alone are equal.
    """

    broken: tuple[Definition, ...] = ()
    knows_names: bool = True
    overlooked: tuple[Overlooked, ...] = field(default=(), compare=False)


NO_DOUBTS: Final = Doubts()


class Graph:
    """Which group is built from which."""

    def __init__(
        self, definitions: Mapping[str, Definition], exclude: Sequence[Reference], doubts: Doubts = NO_DOUBTS
    ) -> None:
        self.definitions = definitions
        self._doubtful = {definition.name for definition in doubts.broken}
        self._knows_names = doubts.knows_names
        self._overlooked = {name: each for each in doubts.overlooked for name in each.names}
        self.diagnostics: list[Diagnostic] = []
        self.edges = {name: self._edges_of(definition) for name, definition in definitions.items()}
        everywhere = [edge for each in exclude for edge in self._expand("exclude", each, None)]
        exempt = self._closure(edge.target for edge in everywhere)
        for name, definition in definitions.items():
            if name not in exempt and manages_members(definition):
                self.edges[name] += everywhere
        self.referenced = {edge.target for edges in self.edges.values() for edge in edges}

    def _edges_of(self, definition: Definition) -> list[Edge]:
        if not (definition.include or definition.exclude or definition.restrict_to or definition.where):
            return []
        edges = [
            edge
            for role in ("include", "exclude", "restrict_to")
            for reference in getattr(definition, role) or ()
            for edge in self._expand(role, reference, definition)
        ]
        return edges + self._edges_of_condition(definition)

    def _edges_of_condition(self, definition: Definition) -> list[Edge]:
        """Return one edge for each group that a condition names, from where it names it first."""
        if definition.where is None:
            return []
        from groupsync.condition_words import groups_of, groups_ruled_out  # nobody needs them without segments

        mentions: dict[str, InGroup] = {}
        for mention in groups_of(definition.where):
            mentions.setdefault(mention.group, mention)
        references = [Reference(mention.group, mention.at) for mention in mentions.values()]
        edges = [edge for reference in references for edge in self._expand("in_group", reference, definition)]
        for mention in groups_ruled_out(definition.where):
            if mention.group in self.definitions:
                self._warn_of_partial("not_in_group", mention.at, self.definitions[mention.group])
        return edges

    def _expand(self, role: str, reference: Reference, owner: Definition | None) -> Iterator[Edge]:
        own_name = owner.name if owner else None
        if reference.is_pattern:
            names = [name for name in fnmatch.filter(sorted(self.definitions), reference.target) if name != own_name]
            names = [name for name in names if self.definitions[name].lifecycle.state is State.PRESENT]
        else:
            names = [reference.target] if reference.target in self.definitions else []
        if not names and self._knows_names:
            overlooked = self._overlooked.get(reference.target)
            self.diagnostics.append(_unknown_reference(role, reference, self.definitions, overlooked))
        for name in names:
            problem = None if name in self._doubtful else _unusable(role, reference, self.definitions[name])
            if problem is not None:
                self.diagnostics.append(problem)
            elif role == "exclude":
                self._warn_of_partial(role, reference.at, self.definitions[name])
            yield Edge(role, name, reference)

    def _warn_of_partial(self, role: str, at: SourceRange, definition: Definition) -> None:
        key = "holdout" if definition.holdout else "sample" if definition.sample else ""
        if not key or definition.name in self._doubtful:
            return
        summary = f"`{role}` names `{definition.name}`, which has a {key}"
        detail = f"Only the members that its {key} leaves are excluded; the others are not."
        hint = "Exclude a group with the same people and no holdout or sample, if all of them are meant."
        self.diagnostics.append(Diagnostic("GS408", Severity.WARNING, summary, detail, hint, at, (definition.at,)))

    def _closure(self, names: Iterable[str]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen.add(name)
                waiting += [edge.target for edge in self.edges.get(name, ())]
        return frozenset(seen)

    def skipping(self) -> Iterator[Diagnostic]:
        """Give an error for each file with `on_bad_row` that decides who is kept out of another group."""
        lenient = {
            name: file
            for name, definition in self.definitions.items()
            for file in definition.members_from or ()
            if file.reading is not None and file.reading.skip is not None
        }
        if not lenient:
            return
        from groupsync.condition_words import groups_ruled_out

        ruling = {edge.target for edges in self.edges.values() for edge in edges if edge.role in _RULING}
        for definition in self.definitions.values():
            if definition.where is not None:
                ruling |= {mention.group for mention in groups_ruled_out(definition.where)}
        for name in sorted(self._closure(ruling & self.definitions.keys()) & lenient.keys()):
            summary = f"`{name}` keeps people out of other groups, so no row of its files may be left out"
            detail = "Whoever stands in such a row would be in a group that they are to be kept out of, or the reverse."
            hint = "Take `on_bad_row` out."
            yield Diagnostic("GS411", Severity.ERROR, summary, detail, hint, lenient[name].at)

    def cycles(self) -> list[Diagnostic]:
        """Return one error for each cycle found by a depth-first walk, as a path with its places."""
        found: list[Diagnostic] = []
        done: set[str] = set()
        for start in sorted(name for name, edges in self.edges.items() if edges):
            path: list[Edge] = []
            on_path = {start: 0}
            walks = [iter(self.edges[start])] if start not in done else []
            while walks:
                edge = next(walks[-1], None)
                if edge is None:
                    walks.pop()
                    done.add(path.pop().target if path else start)
                    on_path.popitem()
                elif edge.target in on_path:
                    if on_path[edge.target] == len(path):
                        continue  # it names itself, which is told where it is read
                    found.append(_cycle([*path[on_path[edge.target] :], edge]))
                elif edge.target not in done and len(path) == _MAX_DEPTH:
                    found.append(_too_deep(path))
                    done.add(edge.target)
                elif edge.target not in done:
                    path.append(edge)
                    on_path[edge.target] = len(path)
                    walks.append(iter(self.edges[edge.target]))
        return found


def manages_members(definition: Definition) -> bool:
    """Tell whether the definition says who belongs; without any of these keys membership is left as it is."""
    said = (definition.members, definition.members_from, definition.where, definition.include)
    return any(each is not None for each in said)


def _unknown_reference(
    role: str, reference: Reference, definitions: Mapping[str, Definition], overlooked: Overlooked | None
) -> Diagnostic:
    if reference.is_pattern:
        return Diagnostic(
            "GS402",
            Severity.ERROR,
            f"No group matches `{reference.target}`",
            f"`{role}` needs at least one group here; an empty match would silently change who belongs.",
            "Correct the pattern, or take the entry out.",
            reference.at,
        )
    near = difflib.get_close_matches(reference.target, definitions, n=1)
    detail = f"`{role}` names a group that no definition defines."
    hint = f"Did you mean `{near[0]}`?" if near else "Define the group, or take the entry out."
    if overlooked:
        detail += f" {overlooked}"
        hint = overlooked.cure
    return Diagnostic("GS401", Severity.ERROR, f"Unknown group `{reference.target}`", detail, hint, reference.at)


def _unusable(role: str, reference: Reference, definition: Definition) -> Diagnostic | None:
    if definition.lifecycle.state is State.ABSENT:
        detail, hint = "It has `state: absent`, so it has no members to speak of.", "Take the entry out."
    elif definition.limit is not None and definition.limit.keep_until_rank is not None:
        summary = f"`{role}` can't use the group `{definition.name}`"
        detail = "Its `limit` has `keep_until_rank`, so that its members depend on those that each target has."
        hint = "Take `keep_until_rank` out there, or refer to a group without it."
        return Diagnostic("GS409", Severity.ERROR, summary, detail, hint, reference.at, (definition.limit.at,))
    elif not manages_members(definition):
        detail = "Its membership is not managed here: it has none of members, members_from, include, where."
        hint = f"Give `{definition.name}` its members (`members: []` for none), or take the entry out."
    else:
        return None
    summary = f"`{role}` can't use the group `{definition.name}`"
    return Diagnostic("GS403", Severity.ERROR, summary, detail, hint, reference.at, (definition.at,))


def _cycle(edges: Sequence[Edge]) -> Diagnostic:
    names = " → ".join([edges[-1].target, *(edge.target for edge in edges)])
    steps = "\n".join(f"{edge.reference.at}: {edge.role} `{edge.target}`" for edge in edges)
    return Diagnostic(
        "GS404",
        Severity.ERROR,
        f"Groups are built from each other in a circle: {names}",
        steps,
        "Take one of these references out.",
        edges[0].reference.at,
        tuple(edge.reference.at for edge in edges[1:]),
    )


def _too_deep(path: Sequence[Edge]) -> Diagnostic:
    return Diagnostic(
        "GS406",
        Severity.ERROR,
        f"Groups are built on each other over more than {_MAX_DEPTH} levels",
        f"The chain ends with {path[-1].role} `{path[-1].target}`.",
        "Refer to the groups at the far end directly.",
        path[0].reference.at,
    )


def rename_conflicts(definitions: Mapping[str, Definition]) -> Iterator[Diagnostic]:
    """Give an error for each `previously` that names a group which is defined, or which another definition claims."""
    claimed: dict[str, Definition] = {}
    for name in sorted(definitions):
        definition = definitions[name]
        for old in definition.previously:
            other = definitions.get(old) or claimed.get(old)
            if other is not None:
                yield Diagnostic(
                    "GS405",
                    Severity.ERROR,
                    f"`{name}` can't take over the name `{old}`",
                    f"`previously` names a group that {'is defined' if old in definitions else 'is claimed'} here: "
                    f"{other.at}.",
                    f"Take `{old}` out of `previously`, or remove the other definition.",
                    definition.at,
                    (other.at,),
                )
            claimed[old] = definition
