"""From definitions to desired groups: who belongs to each, worked out only when somebody asks. Pure.

    members = ((members ∪ members_from ∪ include) − exclude) ∩ every one of restrict_to, at the instant `as_of`

A reference always means the other group's final members. What is pure here is the reasoning: member files are read
through the `files` that the caller passes in.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from groupsync.model import Diagnostic, Group, Members, Period, Severity
from groupsync.references import NO_DOUBTS, Doubts, Graph, manages_members, rename_conflicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from groupsync.model import Definition, MemberFile, Reference

_CACHED_MEMBERS: Final = 2_000_000
"""How many members of referenced groups are kept in memory, about 200 MB at the most; beyond it they are read again."""


class MemberReader(Protocol):
    """Reads member files; `groupsync.members.files.MemberFiles` is one."""

    def members(self, file: MemberFile) -> Members:
        """Return the file's members, lazily."""
        ...

    def digest(self, file: MemberFile) -> str:
        """Return the SHA-256 of the file's bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Desired:
    """One group as the definitions want it.

    Attributes:
        group: the desired group; `members` None where membership is not managed.
        definition: what it comes from.
        digest: returns the definition digest, over the definition and all it is built from; reads member files.
        unexpired: returns who would belong if no written `until` of `members` or `include` had passed; None where
            none has.
    """

    group: Group
    definition: Definition
    digest: Callable[[], str]
    unexpired: Callable[[], frozenset[str]] | None = None


class Resolution:
    """All desired groups, with what is wrong between them.

    Attributes:
        diagnostics: all of them errors.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], groups: Callable[[], tuple[Desired, ...]] = tuple) -> None:
        self.diagnostics = diagnostics
        self._groups = groups

    @cached_property
    def groups(self) -> tuple[Desired, ...]:
        """The groups sorted by name, made when first asked for; none where anything is wrong."""
        return self._groups()


def resolve(
    definitions: Sequence[Definition],
    files: MemberReader,
    as_of: datetime,
    exclude: Sequence[Reference] = (),
    doubts: Doubts = NO_DOUBTS,
) -> Resolution:
    """Resolve `definitions`, whose names are distinct.

    Args:
        definitions: in any order.
        files: reads member files.
        as_of: the instant at which `from` and `until` are judged, in UTC.
        exclude: the config's own, from every group but those named there and what they are built from.
        doubts: what could not be read; references are checked all the same.

    Returns:
        The groups, none where there is an error among the diagnostics or a doubt.
    """
    by_name = {definition.name: definition for definition in (*doubts.broken, *definitions)}
    graph = Graph(by_name, exclude, doubts)
    diagnostics = (*graph.diagnostics, *rename_conflicts(by_name), *_beyond_this_version(definitions))
    if not diagnostics:
        diagnostics = tuple(graph.cycles())
    if diagnostics or doubts != NO_DOUBTS:
        return Resolution(diagnostics)
    evaluator = _Evaluator(graph, files, as_of)
    return Resolution((), lambda: tuple(evaluator.desired(by_name[name]) for name in sorted(by_name)))


def _beyond_this_version(definitions: Sequence[Definition]) -> Iterator[Diagnostic]:
    for definition in definitions:
        for key in ("where", "holdout", "sample"):
            if getattr(definition, key) is not None:
                summary = f"`{key}` of `{definition.name}` can't be worked out by this version"
                detail = "Sources of customers are read and checked, but not asked yet."
                hint = "Take the definition out for the time being."
                yield Diagnostic("GS209", Severity.ERROR, summary, detail, hint, definition.at)


class _Evaluator:
    """Works out members and digests, with a bounded memory of groups that others refer to."""

    def __init__(self, graph: Graph, files: MemberReader, as_of: datetime) -> None:
        self._graph = graph
        self._files = files
        self._as_of = as_of
        self._digests: dict[str, str] = {}
        self._expiring: dict[str, bool] = {}
        self._kept: OrderedDict[tuple[str, bool], frozenset[str]] = OrderedDict()
        self._kept_count = 0

    def desired(self, definition: Definition) -> Desired:
        name = definition.name
        group = Group(
            name,
            definition.kind,
            definition.display_name,
            definition.description,
            definition.owners,
            definition.labels,
            members=self._members(definition),
            lifecycle=definition.lifecycle,
        )
        return Desired(
            group,
            definition,
            digest=lambda: self._digest(name),
            unexpired=(lambda: self._evaluate(name, True)) if self._has_expired(name) else None,
        )

    def _members(self, definition: Definition) -> Members | None:
        if not manages_members(definition):
            return None
        edges = self._graph.edges[definition.name]
        plain = not (definition.members or definition.until or edges)
        if plain and definition.members_from and len(definition.members_from) == 1:
            return self._files.members(definition.members_from[0])
        return Members(lambda: self._evaluate(definition.name, False))

    def _final(self, name: str, keep_expired: bool) -> frozenset[str]:
        """Return the members of a group that others refer to, from memory where it is there."""
        key = (name, keep_expired)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        members = self._evaluate(name, keep_expired)
        self._kept[key] = members
        self._kept_count += len(members)
        while self._kept_count > _CACHED_MEMBERS and len(self._kept) > 1:
            self._kept_count -= len(self._kept.popitem(last=False)[1])
        return members

    def _evaluate(self, name: str, keep_expired: bool) -> frozenset[str]:
        definition = self._graph.definitions[name]
        if not keep_expired and Period(until=definition.until).expired(self._as_of):
            return frozenset()

        def holds(period: Period) -> bool:
            return (Period(period.start) if keep_expired else period).holds(self._as_of)

        members: set[str] = set()
        if definition.members:
            members.update(definition.members.plain_members())
            members.update(timed.address for timed in definition.members.timed if holds(timed.period))
        for file in definition.members_from or ():
            members |= self._files.members(file).load()
        edges = self._graph.edges[name]
        for edge in edges:
            if edge.role == "include" and holds(edge.reference.period):
                members |= self._final(edge.target, keep_expired)
        for edge in edges:
            if edge.role == "exclude" and edge.reference.period.holds(self._as_of):
                members -= self._final(edge.target, False)
        for edge in edges:
            if edge.role == "restrict_to" and edge.reference.period.holds(self._as_of):
                members &= self._final(edge.target, False)
        return frozenset(members)

    def _has_expired(self, name: str) -> bool:
        """Tell whether a written `until` has passed in the group or in one it includes."""
        if name not in self._expiring:
            self._expiring[name] = False  # ends the walk of a cycle, which is reported elsewhere
            definition = self._graph.definitions[name]
            periods = [Period(until=definition.until)]
            periods += [timed.period for timed in definition.members.timed] if definition.members else []
            included = [edge for edge in self._graph.edges[name] if edge.role == "include"]
            periods += [edge.reference.period for edge in included]
            self._expiring[name] = any(period.expired(self._as_of) for period in periods) or any(
                self._has_expired(edge.target) for edge in included
            )
        return self._expiring[name]

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            definition = self._graph.definitions[name]
            digest = hashlib.sha256(definition.content_digest.encode())
            for file in definition.members_from or ():
                digest.update(f"\nfile {self._files.digest(file)}".encode())
            for edge in self._graph.edges[name]:
                digest.update(f"\n{edge.role} {edge.target} {self._digest(edge.target)}".encode())
            self._digests[name] = digest.hexdigest()
        return self._digests[name]
