"""What written dates will do: who comes to a group and who goes, date by date, through references too. Pure.

Only people whom a date is about are looked at again, group by group down the references: those with a `from` or `until`
of their own, everybody behind a dated reference, and everybody of a group that ends. For everybody else nothing changes
on that date. Whom a source's conditions hold for is taken as it is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from groupsync.bucket import within
from groupsync.model import Period
from groupsync.references import manages_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from groupsync.model import Definition
    from groupsync.references import Edge, Graph

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Dated:
    """What becomes of one group at one instant, if nothing else changes until then.

    Attributes:
        name: of the group.
        at: when, in UTC.
        entering, leaving: who comes and who goes; not both empty.
        is_forecast: it may turn out otherwise, because conditions, `limit` or `min_size` have a say in it.
    """

    name: str
    at: datetime
    entering: frozenset[str]
    leaving: frozenset[str]
    is_forecast: bool = False


class _Inline:
    """The inline members of a definition, to be asked for often."""

    def __init__(self, definition: Definition) -> None:
        members = definition.members
        self.plain = frozenset(members.plain_members()) if members else NOBODY
        self.periods: dict[str, list[Period]] = {}
        self.by_date: dict[datetime, set[str]] = {}
        for timed in members.timed if members else ():
            self.periods.setdefault(timed.address, []).append(timed.period)
            for at in (timed.period.start, timed.period.until):
                if at is not None:
                    self.by_date.setdefault(at, set()).add(timed.address)

    def among(self, who: frozenset[str], at: datetime) -> frozenset[str]:
        """Return who of `who` is listed and holds at an instant."""
        dated = {each for each in who & self.periods.keys() if any(period.holds(at) for period in self.periods[each])}
        return (who & self.plain) | dated


class Schedule:
    """All that written dates will do after an instant.

    Args:
        graph: the definitions.
        listed: returns whom a definition's member files list.
        matched: returns whom a definition's conditions hold for now.
        as_of: the instant.
    """

    def __init__(
        self,
        graph: Graph,
        listed: Callable[[Definition], frozenset[str]],
        matched: Callable[[Definition], frozenset[str]],
        as_of: datetime,
    ) -> None:
        self._graph = graph
        self._read = listed
        self._match = matched
        self._as_of = as_of
        self._dates: dict[str, frozenset[datetime]] = {}
        self._inline: dict[str, _Inline] = {}
        self._listed: dict[str, frozenset[str]] = {}
        self._matched: dict[str, frozenset[str]] = {}

    def events(self) -> Iterator[Dated]:
        """Give what happens, by name and date; reads the member files of dated groups and of what they are built on."""
        for name in sorted(self._graph.definitions):
            if not manages_members(self._graph.definitions[name]):
                continue
            before = self._as_of
            for at in sorted(self._dates_of(name)):
                who = self._moved(name, at)
                then, now = self._among(name, who, before), self._among(name, who, at)
                if then != now:
                    yield Dated(name, at, now - then, then - now, name in self._forecasts)
                before = at

    # --- Dates --------------------------------------------------------------------------------------------------------

    def _dates_of(self, name: str) -> frozenset[datetime]:
        """Return the dates that are still to come of a group and of all that it is built on."""
        if name not in self._dates:
            definition, edges = self._graph.definitions[name], self._graph.edges[name]
            periods = [Period(until=definition.until), *(edge.reference.period for edge in edges)]
            periods += [timed.period for timed in definition.members.timed] if definition.members else []
            own = {at for period in periods for at in (period.start, period.until) if at and at > self._as_of}
            self._dates[name] = frozenset(own).union(*(self._dates_of(edge.target) for edge in edges))
        return self._dates[name]

    def _moved(self, name: str, at: datetime) -> frozenset[str]:
        """Return whom a date may be about in a group: at least everybody who comes or goes."""
        definition, edges = self._graph.definitions[name], self._graph.edges[name]
        if definition.until == at:
            return self._everybody(name)
        found = set(self._of_inline(definition).by_date.get(at, ()))
        for edge in edges:
            period = edge.reference.period
            if at in (period.start, period.until):
                found |= self._everybody(name if edge.role == "restrict_to" else edge.target)
            elif at in self._dates_of(edge.target):
                found |= self._moved(edge.target, at)
        return frozenset(found)

    def _everybody(self, name: str) -> frozenset[str]:
        """Return all who may ever belong to a group, whatever is taken from it."""
        definition = self._graph.definitions[name]
        found = set(self._of_files(definition) | self._of_conditions(definition))
        inline = self._of_inline(definition)
        found.update(inline.plain, inline.periods)
        return frozenset(found).union(
            *(self._everybody(edge.target) for edge in self._graph.edges[name] if edge.role == "include")
        )

    # --- Members ------------------------------------------------------------------------------------------------------

    def _among(self, name: str, who: frozenset[str], at: datetime) -> frozenset[str]:
        """Return who of `who` belongs to a group at an instant; as `groupsync.evaluation` does for everybody."""
        definition = self._graph.definitions[name]
        if not who or Period(until=definition.until).expired(at):
            return NOBODY
        listed = self._of_inline(definition).among(who, at)
        matched = self._of_conditions(definition) & who
        found = set(listed | matched | (self._of_files(definition) & who))
        holding = [edge for edge in self._graph.edges[name] if edge.reference.period.holds(at)]
        for edge in holding:
            if edge.role == "include":
                found |= self._among(edge.target, who, at)
        for edge in holding:
            found = self._narrowed_by(edge, found, at)
        if definition.holdout is not None:
            found -= {each for each in found - matched if within(definition.holdout, each)}
        if definition.sample is not None:
            found -= {each for each in found - matched - listed if not within(definition.sample, each)}
        return frozenset(found)

    def _narrowed_by(self, edge: Edge, found: set[str], at: datetime) -> set[str]:
        if edge.role == "exclude":
            return found - self._among(edge.target, frozenset(found), at)
        if edge.role == "restrict_to":
            return found & self._among(edge.target, frozenset(found), at)
        return found

    def _of_inline(self, definition: Definition) -> _Inline:
        if definition.name not in self._inline:
            self._inline[definition.name] = _Inline(definition)
        return self._inline[definition.name]

    def _of_files(self, definition: Definition) -> frozenset[str]:
        if definition.name not in self._listed:
            self._listed[definition.name] = self._read(definition)
        return self._listed[definition.name]

    def _of_conditions(self, definition: Definition) -> frozenset[str]:
        if definition.name not in self._matched:
            self._matched[definition.name] = self._match(definition)
        return self._matched[definition.name]

    @cached_property
    def _forecasts(self) -> frozenset[str]:
        """The groups in which more than written dates has a say."""
        found: set[str] = set()
        edges = self._graph.edges
        while new := {
            name
            for name, each in self._graph.definitions.items()
            if name not in found
            and (each.where or each.limit or each.min_size or any(edge.target in found for edge in edges[name]))
        }:
            found |= new
        return frozenset(found)
