"""Who can and who must belong to a group of whose segments no source was asked. Pure; what it reads is given to it.

A condition may hold for anybody, and need not hold for anyone. All else of a definition is worked out as usual: listed
members, files, references, holdout and sample. So a saved plan can be held against its definitions where nobody asks
the source again. Only some people are looked for, so that what is kept is as small as they are few.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groupsync.bucket import within
from groupsync.model import Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from groupsync.identity import Identity
    from groupsync.model import Definition, MemberFile, Members
    from groupsync.references import Graph


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on who of some people belong to groups, at one instant.

    Attributes:
        graph: all groups, without cycles.
        as_of: the instant.
        read: gives the members of a file.
        listed: returns the listed members of a definition; with True, those too whose `until` has passed.
        known: returns a group's final members where no source decides over them; else None.
        people: who is looked for.
        identity: knows by which other addresses a source may know them.
    """

    graph: Graph
    as_of: datetime
    read: Callable[[MemberFile], Members]
    listed: Callable[[Definition, bool], set[str]]
    known: Callable[[str], frozenset[str] | None]
    people: frozenset[str]
    identity: Identity
    _found: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)

    def most(self, name: str) -> frozenset[str]:
        """Return who can belong to a group."""
        return self._bound(name, most=True)

    def least(self, name: str) -> frozenset[str]:
        """Return who must belong to a group."""
        return self._bound(name, most=False)

    def lapsed(self, name: str) -> frozenset[str]:
        """Return who can have belonged to a group only until a written `until` passed."""
        definition = self.graph.definitions[name]
        if Period(until=definition.until).expired(self.as_of):
            return self._worked_out(definition, most=True)
        found = (self.listed(definition, True) - self.listed(definition, False)) & self.people
        for edge in self.graph.edges[name]:
            if edge.role == "include":
                over = edge.reference.period.expired(self.as_of)
                found |= self.most(edge.target) if over else self.lapsed(edge.target)
        return frozenset(self._overlaid(name, found, most=True))

    def _bound(self, name: str, *, most: bool) -> frozenset[str]:
        known = self.known(name)
        if known is not None:
            return self.people & known
        if (name, most) not in self._found:
            definition = self.graph.definitions[name]
            is_over = Period(until=definition.until).expired(self.as_of)
            self._found[name, most] = frozenset() if is_over else self._worked_out(definition, most=most)
        return self._found[name, most]

    def _worked_out(self, definition: Definition, *, most: bool) -> frozenset[str]:
        listed = self.listed(definition, False) & self.people
        matched = self._may_match(definition) if most and definition.where is not None else frozenset()
        members = listed | matched
        for file in definition.members_from or ():
            members |= self.read(file).load() & self.people
        for edge in self.graph.edges[definition.name]:
            if edge.role == "include" and edge.reference.period.holds(self.as_of):
                members |= self._bound(edge.target, most=most)
        members = self._overlaid(definition.name, members, most=most)
        if definition.holdout is not None:
            members -= {each for each in members - matched if within(definition.holdout, each)}
        if definition.sample is not None:
            members -= {each for each in members - matched - listed if not within(definition.sample, each)}
        return frozenset(members & listed if definition.limit is not None and not most else members)

    def _overlaid(self, name: str, members: set[str], *, most: bool) -> set[str]:
        """Take out who is excluded, or not among those that the group is restricted to."""
        for edge in self.graph.edges[name]:
            if edge.reference.period.holds(self.as_of):
                if edge.role == "exclude":
                    members = members - self._bound(edge.target, most=not most)
                elif edge.role == "restrict_to":
                    members = members & self._bound(edge.target, most=most)
        return members

    def _may_match(self, definition: Definition) -> frozenset[str]:
        """Return whom a source may name: by whatever address it knows them, they are not held out and are sampled."""
        holdout, sample = definition.holdout, definition.sample

        def passes(address: str) -> bool:
            held_out = holdout is not None and within(holdout, address)
            return not held_out and (sample is None or within(sample, address))

        if holdout is None and sample is None:
            return self.people
        before = {now: former for former, now in self.identity.aliases.items() if now in self.people and passes(former)}
        return frozenset(each for each in self.people if each in before or passes(each))
