"""Whose moves follow from moves in other groups that were allowed: who may leave a list may leave what is built on it.

Pure but for loading members, which happens only where an exception was used for a group that another is built on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groupsync.links import bases_of
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from groupsync.model import Change
    from groupsync.schedule import Dated


@dataclass(frozen=True, slots=True)
class Follows:
    """How many of those who move in a group do so because that was allowed for groups that it is built on.

    Attributes:
        gone: of those who go.
        come: of those who come.
        bases: names of those groups, sorted.
    """

    gone: int = 0
    come: int = 0
    bases: tuple[str, ...] = ()

    def words(self, count: int, one: str, many: str) -> str:
        """Say of `count` of them from what they follow; empty for none of them."""
        names = ", ".join(f"`{name}`" for name in self.bases)
        return f"{counted(count, f'{one} follows', f'{many} follow')} from what is allowed for {names}" if count else ""


ON_ITS_OWN = Follows()


@dataclass(slots=True)
class Following:
    """Which groups something was allowed for, and what follows from that.

    Attributes:
        changes: those whose people are known, of all targets.
        built_on: by a group's name, the groups that it is built on directly.
        dated: what written dates will do to groups.
    """

    changes: Iterable[Change]
    built_on: Mapping[str, Collection[str]]
    dated: Callable[[], Sequence[Dated]]
    _allowed: set[str] = field(default_factory=set)
    _allowed_dates: set[str] = field(default_factory=set)

    def depth(self, name: str) -> int:
        """Return a number that is greater for a group than for any that it is built on."""
        return len(bases_of(self.built_on, [name]))

    def allow(self, name: str) -> None:
        """Note that an exception was used for the change of a group."""
        self._allowed.add(name)

    def allow_dates(self, name: str) -> None:
        """Note that one was used for what written dates will do to a group."""
        self._allowed_dates.add(name)

    def of(self, change: Change) -> Follows:
        """Return what of a change follows from what was allowed; who had expired was not."""
        bases = bases_of(self.built_on, [change.name]) & self._allowed if self._allowed else frozenset()
        causes = [each for each in self.changes if each.name in bases]
        if not causes or not change.target:
            return ON_ITS_OWN
        people = frozenset[str]().union(*(each.add.load() | each.remove.load() for each in causes))
        expired = sum(each.expired for each in causes)
        gone = max(0, len(change.remove.load() & people) - expired)
        return Follows(gone, len(change.add.load() & people), tuple(sorted({each.name for each in causes})))

    def of_date(self, change: Change, at: datetime) -> Follows:
        """Return the same of what will have become of a group by a written date."""
        bases = bases_of(self.built_on, [change.name]) & self._allowed_dates if self._allowed_dates else frozenset()
        if not bases:
            return ON_ITS_OWN
        until = [each for each in self.dated() if each.at <= at]
        causes = [each for each in until if each.name in bases]
        people = frozenset[str]().union(*(each.entering | each.leaving for each in causes))
        mine = [each for each in until if each.name == change.name]
        gone = frozenset[str]().union(*(each.leaving for each in mine)) & people
        come = frozenset[str]().union(*(each.entering for each in mine if each.at == at)) & people
        names = tuple(sorted({each.name for each in causes}))
        return Follows(min(len(gone), change.remove.count), min(len(come), change.add.count), names)
