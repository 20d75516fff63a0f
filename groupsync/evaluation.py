"""Who belongs to a group, from its definition and those it is built from. Pure; what it reads is given to it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from groupsync.bucket import within
from groupsync.desired import Blocked, Desired
from groupsync.model import NO_MEMBERS, Group, Members, Period
from groupsync.ranking import places, segment_stages
from groupsync.references import manages_members
from groupsync.schedule import Schedule
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set
    from datetime import datetime

    from groupsync.bounds import Bounds
    from groupsync.identity import Identity
    from groupsync.model import Definition, MemberFile
    from groupsync.references import Graph
    from groupsync.schedule import Dated
    from groupsync.source import Answer

_CACHED_MEMBERS: Final = 2_000_000
"""How many members of referenced groups are kept in memory, about 200 MB at the most; beyond it they are read again."""


class MemberReader(Protocol):
    """Reads member files; `groupsync.members.files.MemberFiles` is one."""

    def members(self, file: MemberFile) -> Members:
        """Return the file's members, lazily."""
        ...

    def digest(self, file: MemberFile) -> str:
        """Return what tells the file's bytes, and all else that decides whom it lists, from any other."""
        ...


Ask: TypeAlias = "Callable[[Sequence[Definition], Mapping[str, Members]], Mapping[str, Answer | Blocked]]"
"""Asks the sources who the conditions of some segments hold for, given the members of the groups that they name."""


class Evaluator:
    """Works out members and digests, with a bounded memory of groups that others refer to."""

    def __init__(
        self,
        graph: Graph,
        files: MemberReader,
        as_of: datetime,
        sources: Mapping[str, str],
        answers: Mapping[str, Answer | Blocked] | None = None,
    ) -> None:
        self._graph = graph
        self._files = files
        self._as_of = as_of
        self._sources = sources
        self._answers = dict(answers or {})
        self._digests: dict[str, str] = {}
        self._expiring: dict[str, bool] = {}
        self._turning: dict[tuple[str, datetime], bool] = {}
        self._blocks: dict[str, Blocked | None] = {}
        self._kept: OrderedDict[tuple[str, bool], frozenset[str]] = OrderedDict()
        self._kept_count = 0

    def all(self) -> tuple[Desired, ...]:
        """Return every group, sorted by name."""
        return tuple(self._desired(self._graph.definitions[name]) for name in sorted(self._graph.definitions))

    def built_on(self) -> dict[str, frozenset[str]]:
        """Return by name the groups that a group is built on directly; see `groupsync.resolve.Resolution.built_on`."""
        edges = self._graph.edges
        return {name: frozenset(edge.target for edge in edges[name]) for name in sorted(edges) if edges[name]}

    def dated(self) -> tuple[Dated, ...]:
        """Return what written dates will do; see `groupsync.resolve.Resolution.dated`."""
        schedule = Schedule(self._graph, self._of_files, self._matched, self._as_of)
        return tuple(each for each in schedule.events() if self._block(each.name) is None)

    def _of_files(self, definition: Definition) -> frozenset[str]:
        return frozenset[str]().union(*(self._files.members(file).load() for file in definition.members_from or ()))

    def _matched(self, definition: Definition) -> frozenset[str]:
        answer = self._answers.get(definition.name)
        known = definition.where is not None and answer is not None and not isinstance(answer, Blocked)
        return self._answer(definition.name).members.load() if known else frozenset()

    def computed(self, ask: Ask) -> Evaluator:
        """Return one that knows every segment; see `groupsync.resolve.Resolution.computed`."""
        made = Evaluator(self._graph, self._files, self._as_of, self._sources)
        for stage in segment_stages(self._graph):
            named = {definition.name: self._groups_named(definition.name) for definition in stage}
            for definition in stage:
                blocks = (made._block(group) for group in named[definition.name])
                if block := next(filter(None, blocks), None):
                    made._answers[definition.name] = block
            clear = [definition for definition in stage if definition.name not in made._answers]
            groups = {group for definition in clear for group in named[definition.name]}
            answers = ask(clear, {name: made._members(self._graph.definitions[name]) or NO_MEMBERS for name in groups})
            made._answers |= answers
            made._blocks.clear()
        return made

    def ranking(self, name: str) -> list[str]:
        """Return everybody who competes for the places of a segment's `limit`, the first one first."""
        definition = self._graph.definitions[name]
        graph = copy(self._graph)
        graph.definitions = {**graph.definitions, name: replace(definition, limit=None)}
        unlimited = Evaluator(graph, self._files, self._as_of, self._sources, self._answers)
        everyone = unlimited._evaluate(name, False)
        return list(self._ranked(name, everyone - self._listed(definition, False)))

    def bounds(self, people: frozenset[str], identity: Identity) -> Bounds:
        """Return what can be said, without asking any source, of which of `people` belong to which group."""
        from groupsync.bounds import Bounds  # nobody needs it but for segments of a saved plan

        return Bounds(
            self._graph, self._as_of, self._files.members, self._listed, self._known, people=people, identity=identity
        )

    def _known(self, name: str) -> frozenset[str] | None:
        return None if self._block(name) else self._final(name, False)

    def turns(self, name: str, later: datetime) -> bool:
        """Tell whether some `from` or `until`, of a group or what it is built from, comes by a later instant."""
        if (name, later) not in self._turning:
            edges = self._graph.edges[name]
            definition = self._graph.definitions[name]
            periods = [Period(until=definition.until), *(edge.reference.period for edge in edges)]
            periods += [timed.period for timed in definition.members.timed] if definition.members else []
            instants = (each for period in periods for each in (period.start, period.until))
            self._turning[name, later] = any(each and self._as_of < each <= later for each in instants) or any(
                self.turns(edge.target, later) for edge in edges
            )
        return self._turning[name, later]

    def _groups_named(self, name: str) -> list[str]:
        return [edge.target for edge in self._graph.edges[name] if edge.role == "in_group"]

    def _desired(self, definition: Definition) -> Desired:
        name = definition.name
        block = self._block(name)
        group = Group(
            name,
            definition.kind,
            definition.display_name,
            definition.description,
            definition.owners,
            definition.labels,
            members=None if block else self._members(definition),
            lifecycle=definition.lifecycle,
        )
        limit = definition.limit
        return Desired(
            group,
            definition,
            digest=lambda: self._digest(name),
            unexpired=(lambda: self._evaluate(name, True)) if self._has_expired(name) and not block else None,
            settled=partial(self._settled, name) if limit and limit.keep_until_rank and not block else None,
            bypassing=partial(self._bypassing, definition) if _narrows(definition) and not block else None,
            blocked=block,
        )

    def _bypassing(self, definition: Definition) -> int:
        sample = definition.sample
        listed = self._evaluate(definition.name, False) & self._listed(definition, False)
        return sum(definition.limit is not None or (sample is not None and not within(sample, each)) for each in listed)

    def _block(self, name: str) -> Blocked | None:
        """Return why nothing can be said of who belongs to a group; None where it can."""
        if name not in self._blocks:
            self._blocks[name] = self._find_block(name)
        return self._blocks[name]

    def _find_block(self, name: str) -> Blocked | None:
        definition = self._graph.definitions[name]
        answer = self._answers.get(name)
        if isinstance(answer, Blocked):
            return answer
        if definition.where is not None and answer is None:
            return Blocked(name, "it is not computed")
        if found := next(filter(None, (self._block(edge.target) for edge in self._graph.edges[name])), None):
            return found
        if definition.min_size is not None:
            members = self._members(definition)
            if members is not None and members.count < definition.min_size.count:
                reason = f"it has {members.count:,} of at least {counted(definition.min_size.count, 'member')}"
                return Blocked(name, reason, members.count)
        return None

    def _members(self, definition: Definition) -> Members | None:
        if not manages_members(definition):
            return None
        overlaid = any(edge.role != "in_group" for edge in self._graph.edges[definition.name])
        plain = not (definition.members or definition.until or overlaid or definition.limit)
        files = definition.members_from or ()
        if plain and definition.where is not None and not files:
            return self._answer(definition.name).members
        if plain and definition.where is None and len(files) == 1 and not (definition.holdout or definition.sample):
            return self._files.members(files[0])
        return Members(lambda: self._evaluate(definition.name, False))

    def _answer(self, name: str) -> Answer:
        answer = self._answers.get(name)
        if answer is None or isinstance(answer, Blocked):
            message = f"`{name}` is asked for before it is computed"
            raise RuntimeError(message)
        return answer

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

    def _settled(self, name: str, prior: frozenset[str]) -> frozenset[str]:
        return self._evaluate(name, False, prior)

    def _evaluate(self, name: str, keep_expired: bool, prior: frozenset[str] = frozenset()) -> frozenset[str]:
        definition = self._graph.definitions[name]
        if not keep_expired and Period(until=definition.until).expired(self._as_of):
            return frozenset()

        listed = self._listed(definition, keep_expired)
        matched = self._answer(name).members.load() if definition.where is not None else frozenset()
        members = listed | matched
        for file in definition.members_from or ():
            members |= self._files.members(file).load()
        edges = self._graph.edges[name]
        for edge in edges:
            if edge.role == "include" and self._holds(edge.reference.period, keep_expired):
                members |= self._final(edge.target, keep_expired)
        for edge in edges:
            if edge.role == "exclude" and edge.reference.period.holds(self._as_of):
                members -= self._final(edge.target, False)
        for edge in edges:
            if edge.role == "restrict_to" and edge.reference.period.holds(self._as_of):
                members &= self._final(edge.target, False)
        return self._narrowed(definition, members, matched, listed, prior)

    def _listed(self, definition: Definition, keep_expired: bool) -> set[str]:
        if definition.members is None:
            return set()
        timed = [each.address for each in definition.members.timed if self._holds(each.period, keep_expired)]
        return {*definition.members.plain_members(), *timed}

    def _holds(self, period: Period, keep_expired: bool) -> bool:
        return (Period(period.start) if keep_expired else period).holds(self._as_of)

    def _narrowed(
        self,
        definition: Definition,
        members: set[str],
        matched: frozenset[str],
        listed: set[str],
        prior: frozenset[str],
    ) -> frozenset[str]:
        """Take out the holdout, then all but the sample and the first of `limit`; listed members bypass these two.

        The source has held and sampled those already whom `where` holds for.
        """
        if definition.holdout is not None:
            members -= {each for each in members - matched if within(definition.holdout, each)}
        if definition.sample is not None:
            members -= {each for each in members - matched - listed if not within(definition.sample, each)}
        if definition.limit is None:
            return frozenset(members)
        ranked = self._ranked(definition.name, members - listed)
        return places(definition.limit, ranked, prior) | (members & listed)

    def _ranked(self, name: str, members: Set[str]) -> Iterator[str]:
        """Give those who compete for the places of a `limit`, the first one first; whom `where` left out come last."""
        order = self._answer(name).order
        rest = set(members)
        for each in order() if order else ():
            if each in rest:
                rest.remove(each)
                yield each
        yield from sorted(rest)

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
            if definition.source is not None:
                digest.update(f"\nsource {self._sources.get(definition.source, '')}".encode())
            for file in definition.members_from or ():
                digest.update(f"\nfile {self._files.digest(file)}".encode())
            for edge in self._graph.edges[name]:
                digest.update(f"\n{edge.role} {edge.target} {self._digest(edge.target)}".encode())
            self._digests[name] = digest.hexdigest()
        return self._digests[name]


def _narrows(definition: Definition) -> bool:
    """Tell whether listed members are in that a sample or a limit would leave out."""
    return definition.members is not None and (definition.sample is not None or definition.limit is not None)
