"""Why somebody belongs to a group, or does not: every way in, and everything that keeps out. Pure.

It goes by the rule of `groupsync.resolve`, told for one person: who has a way in and nothing against them is a member.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from groupsync.bucket import within
from groupsync.condition_words import groups_of
from groupsync.model import ALWAYS, Period
from groupsync.references import manages_members
from groupsync.truth import explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from groupsync.desired import Blocked
    from groupsync.model import Definition, Reference, SourceRange
    from groupsync.model.criteria import Condition, Scalar
    from groupsync.references import Edge, Graph
    from groupsync.truth import Reason


class State(enum.StrEnum):
    """What comes of it all."""

    IN = "in"
    OUT = "out"
    UNDECIDED = "undecided"
    """The group is left as it is: its membership is not managed, or nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """`members` names the person.

    Attributes:
        at: where.
        period: when that holds.
        reason: as written.
        lets_in: whether it holds now.
    """

    at: SourceRange
    period: Period
    reason: str
    lets_in: bool


@dataclass(frozen=True, slots=True)
class InFile:
    """A file of `members_from`.

    Attributes:
        at: where the person stands in it; where the file is named, if they don't.
        path: of the file.
        lets_in: whether they stand in it.
    """

    at: SourceRange
    path: str
    lets_in: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """The condition of a segment.

    Attributes:
        at: where it is written.
        source: who was asked.
        eligible: what decides who is a customer at all; None where everybody is, or the source does not know them.
        where: the condition; None where the source does not know them.
        groups: the groups that it names.
        lets_in: whether they are a customer whom it is true for.
    """

    at: SourceRange
    source: str
    eligible: Reason | None
    where: Reason | None
    groups: tuple[Why, ...]
    lets_in: bool


@dataclass(frozen=True, slots=True)
class Included:
    """A group of `include`.

    Attributes:
        reference: as written.
        why: whether the person is in it.
        lets_in: whether they are, and the entry holds now.
    """

    reference: Reference
    why: Why
    lets_in: bool

    @property
    def at(self) -> SourceRange:
        """Where it is written."""
        return self.reference.at


Way: TypeAlias = Listed | InFile | Matched | Included


class Rule(enum.StrEnum):
    """What keeps somebody out."""

    UNTIL = "until"
    EXCLUDE = "exclude"
    RESTRICT_TO = "restrict_to"
    HOLDOUT = "holdout"
    SAMPLE = "sample"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Bar:
    """What keeps somebody out, whatever lets them in, or could have.

    Attributes:
        rule: which.
        at: where it is written.
        why: of `exclude` and `restrict_to`: the other group, and why they are in it or are not.
        reference: of these two, as written.
        everywhere: of `exclude`: it is the config's, for all groups.
    """

    rule: Rule
    at: SourceRange
    why: Why | None = None
    reference: Reference | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """One person and one group.

    Attributes:
        group: its name.
        definition: what it says.
        state: what comes of it.
        ways: every way into the group, those that let the person in and those that don't, in the order written.
        bars: what keeps them out.
        passed: groups of `exclude` and `restrict_to` that don't.
        rank: of a `limit`: their place among those who compete, from 1; None for who does not.
        blocked: why nothing can be said.
    """

    group: str
    definition: Definition
    state: State
    ways: tuple[Way, ...] = ()
    bars: tuple[Bar, ...] = ()
    passed: tuple[Bar, ...] = ()
    rank: int | None = None
    blocked: Blocked | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one person. Names of groups are those that the group in question is built from.

    Attributes:
        person: canonical.
        as_of: the instant that it is about.
        graph: which group is built from which.
        places: by group: where its `members` name the person as plain text.
        files: by `MemberFile.key`: where the person stands in a member file.
        conditions: by segment, bound.
        eligible: by source, bound; None for everybody.
        rows: by source, what it knows of the person; None where it does not know them.
        ranks: by group with a limit: the person's place among those who compete, from 1.
        blocked: by group, why nothing can be said of it.
        everywhere: the config's own `exclude`.
        known_as: by source, the address that it knows the person by, where that is one of before.
    """

    person: str
    as_of: datetime
    graph: Graph
    places: Mapping[str, SourceRange]
    files: Mapping[str, SourceRange]
    conditions: Mapping[str, Condition]
    eligible: Mapping[str, Condition | None]
    rows: Mapping[str, Mapping[str, Scalar | None] | None]
    ranks: Mapping[str, int]
    blocked: Mapping[str, Blocked]
    everywhere: tuple[Reference, ...] = ()
    known_as: Mapping[str, str] = field(default_factory=dict)


def explain(group: str, evidence: Evidence) -> Why:
    """Return why somebody is in a group of the graph, or is not."""
    return _Explaining(evidence).why(group)


def explain_each(groups: Iterable[str], evidence: Evidence) -> list[Why]:
    """Return what `explain` would for each of several groups, in their order; what they share is worked out once."""
    explaining = _Explaining(evidence)
    return [explaining.why(group) for group in groups]


class _Explaining:
    """Explains each group once."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.done: dict[str, Why] = {}

    def why(self, name: str) -> Why:
        if name not in self.done:
            self.done[name] = self._find(name)
        return self.done[name]

    def _find(self, name: str) -> Why:
        definition = self.evidence.graph.definitions[name]
        blocked = self.evidence.blocked.get(name)
        is_too_small = blocked is not None and blocked.by == name and blocked.size is not None
        if not manages_members(definition) or (blocked is not None and not is_too_small):
            return Why(name, definition, State.UNDECIDED, blocked=blocked)
        ways = tuple(self._ways(definition))
        others = tuple(self._others(definition))
        passed = tuple(bar for bar in others if _lets_pass(bar))
        bars = (*(bar for bar in others if not _lets_pass(bar)), *self._bars(definition, ways))
        is_in = any(way.lets_in for way in ways) and not bars
        state = State.UNDECIDED if blocked else State.IN if is_in else State.OUT
        return Why(name, definition, state, ways, bars, passed, self.evidence.ranks.get(name), blocked)

    def _ways(self, definition: Definition) -> Iterator[Way]:
        evidence = self.evidence
        if definition.name in evidence.places:
            yield Listed(evidence.places[definition.name], ALWAYS, "", lets_in=True)
        for timed in definition.members.timed if definition.members else ():
            if timed.address == evidence.person:
                yield Listed(timed.at, timed.period, timed.reason, timed.period.holds(evidence.as_of))
        for file in definition.members_from or ():
            found = evidence.files.get(file.key)
            yield InFile(found or file.at, file.path, found is not None)
        if definition.where is not None and definition.source is not None:
            yield self._matched(definition.name, definition.source, definition.where.at)
        for edge in self._edges(definition, "include"):
            why = self.why(edge.target)
            holds = edge.reference.period.holds(evidence.as_of)
            yield Included(edge.reference, why, holds and why.state is State.IN)

    def _matched(self, name: str, source: str, at: SourceRange) -> Matched:
        row = self.evidence.rows.get(source)
        where, eligible = self.evidence.conditions[name], self.evidence.eligible.get(source)
        named = dict.fromkeys(
            group.group for each in (eligible, where) if each is not None for group in groups_of(each)
        )
        groups = tuple(map(self.why, named))
        if row is None:
            return Matched(at, source, None, None, groups, lets_in=False)
        person = self.evidence.person
        held = {why.group: {person} if why.state is State.IN else frozenset() for why in groups}
        found = explained(where, row, person, held)
        is_customer = explained(eligible, row, person, held) if eligible is not None else None
        lets_in = found.truth is True and (is_customer is None or is_customer.truth is True)
        return Matched(at, source, is_customer, found, groups, lets_in)

    def _others(self, definition: Definition) -> Iterator[Bar]:
        evidence = self.evidence
        for rule in (Rule.EXCLUDE, Rule.RESTRICT_TO):
            for edge in self._edges(definition, rule.value):
                if edge.reference.period.holds(evidence.as_of):
                    is_everywhere = edge.reference in evidence.everywhere
                    yield Bar(rule, edge.reference.at, self.why(edge.target), edge.reference, is_everywhere)

    def _bars(self, definition: Definition, ways: tuple[Way, ...]) -> Iterator[Bar]:
        evidence = self.evidence
        if Period(until=definition.until).expired(evidence.as_of):
            yield Bar(Rule.UNTIL, definition.at)
        called = self._called(ways)
        if definition.holdout is not None and all(within(definition.holdout, each) for each in called):
            yield Bar(Rule.HOLDOUT, definition.at)
        if any(isinstance(way, Listed) and way.lets_in for way in ways):
            return
        if definition.sample is not None and not any(within(definition.sample, each) for each in called):
            yield Bar(Rule.SAMPLE, definition.at)
        rank = evidence.ranks.get(definition.name)
        if definition.limit is not None and rank is not None and rank > definition.limit.count:
            yield Bar(Rule.LIMIT, definition.limit.at)

    def _called(self, ways: tuple[Way, ...]) -> set[str]:
        """Return the addresses by which shares take the person: a source has its own for those whom it lets in."""
        evidence = self.evidence
        known = [
            evidence.known_as.get(way.source, evidence.person) if isinstance(way, Matched) else evidence.person
            for way in ways
            if way.lets_in
        ]
        return set(known) or {evidence.person}

    def _edges(self, definition: Definition, role: str) -> list[Edge]:
        return [edge for edge in self.evidence.graph.edges[definition.name] if edge.role == role]


def _lets_pass(bar: Bar) -> bool:
    wanted = State.OUT if bar.rule is Rule.EXCLUDE else State.IN
    return bar.why is not None and bar.why.state is wanted
