"""In which order the changes of a plan are begun, and what waits for what. Pure.

A group comes after those that it is built on, so that nobody moves in it where one of these fails: people who go from
one group to the next would be in both. What counts is the group on the same target, and on another one where it does
not go there. So targets come in this order, too, unless they build on each other in a circle: then the first by name
does not wait. Deletions come last on a target, and among what may go at once a rename comes first: it frees a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.closure import way_words, ways_to
from groupsync.model import Action, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from groupsync.model import Change, Link, Result

_PHASES: Final = {
    Action.RENAME: 0,
    Action.CREATE: 1,
    Action.ADOPT: 2,
    Action.UPDATE: 2,
    Action.DELETE: 3,
    Action.FORGET: 4,
}
"""A rename frees a name that a create may take; nothing goes before what is to be added is there."""
_LAST: Final = frozenset({Action.DELETE, Action.FORGET})
_STANDING: Final = {
    Outcome.FAILED: "which failed",
    Outcome.NOT_TRIED: "which was not tried",
    Outcome.STALE: "which moved since the plan",
}


@dataclass(slots=True)
class Order:
    """The order of some changes, and which of them must not be begun any more.

    Args:
        changes: all that are to be carried out, or are over already.
        links: how their groups are built on each other.
        goes_to: by target, names of the groups that go there, whether they change or not.
    """

    changes: Iterable[Change]
    links: Iterable[Link] = ()
    goes_to: Mapping[str, Collection[str]] = field(default_factory=dict)
    _built_on: Mapping[str, tuple[str, ...]] = field(init=False)
    _moving: dict[str, set[str]] = field(init=False)
    _freeing: set[tuple[str, str]] = field(init=False)
    _waves: dict[tuple[str, str], int] = field(init=False, default_factory=dict)
    _ranks: dict[str, int] = field(init=False, default_factory=dict)
    _bad: dict[tuple[str, str], Outcome] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._built_on = {link.name: link.built_on for link in self.links if link.built_on}
        self._moving = {}
        changes = tuple(self.changes)
        for change in changes:
            if change.touches_members and change.action not in _LAST:
                self._moving.setdefault(change.target, set()).add(change.name)
        taken = {change.key for change in changes}
        freeing = (each for each in changes if each.action is Action.RENAME)
        self._freeing = {each.key for each in freeing if (each.target, each.prior_name or "") in taken}

    def sorted(self) -> list[Change]:
        """Return the changes in the order in which they are begun."""
        return sorted(self.changes, key=lambda change: (*self.stage(change), change.name))

    def stage(self, change: Change) -> tuple[int, str, bool, int, int]:
        """Return what tells which changes may be in flight together: those of a stage, when those before are over."""
        is_last = change.action in _LAST
        wave = 0 if is_last else self._wave(change.target, change.name)
        return (self._rank(change.target), change.target, is_last, wave, _PHASES[change.action])

    def is_built_on(self, change: Change) -> bool:
        """Tell whether any group is built on that of a change."""
        return any(change.name in bases for bases in self._built_on.values())

    def note(self, result: Result) -> None:
        """Take in what became of a change; what is built on a group of which it did not come about is held."""
        key = (result.target, result.name)
        if result.outcome in _STANDING and result.name in self._moving.get(result.target, ()):
            self._bad[key] = result.outcome

    def held(self, target: str, changes: Iterable[Change]) -> dict[tuple[str, str], tuple[Outcome, str]]:
        """Return which of some changes on a target must not be tried, with their outcome and why.

        A rename whose name another group takes waits for nothing: what takes the name may be what it is built on.
        """
        bad = {
            name: (where, outcome) for (where, name), outcome in self._bad.items() if self._counts(where, name, target)
        }
        above = ways_to(bad, self._built_on) if bad else {}
        found: dict[tuple[str, str], tuple[Outcome, str]] = {}
        for change in changes:
            way = above.get(change.name, ())
            if way and change.name in self._moving[target] and change.key not in self._freeing:
                where, outcome = bad[way[-1]]
                left = Outcome.STALE if outcome is Outcome.STALE else Outcome.NOT_TRIED
                there = "" if where == target else f" on {where}"
                found[change.key] = (left, f"{way_words(way)}, {_STANDING[outcome]}{there}")
        return found

    def _counts(self, where: str, name: str, target: str) -> bool:
        """Tell whether what became of a group somewhere counts for what is built on it on a target.

        That it moved elsewhere does not: otherwise whoever can write on one target could stop every group.
        """
        has_moved = self._bad[where, name] is Outcome.STALE
        return where == target or (not has_moved and self._is_from_elsewhere(name, target))

    def _is_from_elsewhere(self, name: str, target: str) -> bool:
        return name not in self.goes_to.get(target, ()) and name not in self._moving.get(target, ())

    def _rank(self, target: str) -> int:
        """Return how many targets, one built on the other, go before a target."""
        if target not in self._ranks:
            self._ranks[target] = 0  # where targets are built on each other in a circle, one begins
            before = [other for other in self._moving if other != target and self._is_built_on_other(target, other)]
            self._ranks[target] = max((self._rank(other) + 1 for other in before), default=0)
        return self._ranks[target]

    def _is_built_on_other(self, target: str, other: str) -> bool:
        """Tell whether a group that changes on a target is built on one that changes only on another."""
        bases = [name for name in self._moving[other] if self._is_from_elsewhere(name, target)]
        return not self._moving.get(target, set()).isdisjoint(ways_to(bases, self._built_on)) if bases else False

    def _wave(self, target: str, name: str) -> int:
        """Return how many groups of the plan, one built on the other, go before a group on a target."""
        if (target, name) in self._freeing:
            return 0
        if (target, name) not in self._waves:
            self._waves[target, name] = 0  # where groups were built in a circle, by now and before, one begins
            moving = self._moving.get(target, ())
            below = (self._wave(target, base) + (base in moving) for base in self._built_on.get(name, ()))
            self._waves[target, name] = max(below, default=0)
        return self._waves[target, name]
