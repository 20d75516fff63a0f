"""What changes of groups mean for each person: which groups they gain and which they lose.

Pure but for loading members: those of each change twice, one change at a time. What is kept of all people is a count;
the groups are found out for those alone who are asked for.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from groupsync.model import Change, Loss

MOST: Final = 1_000_000
"""How many memberships that come and go are counted by person.

Where each is somebody else's they take some 130 MB, and 500 MB where all people are asked for.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """What becomes of somebody.

    Attributes:
        name: canonical; the new address of somebody whose address changes.
        gained, lost: targets and names of groups, in the order of the changes.
        before: the address so far, where that changes; empty otherwise.
        readdressed: in how many groups only the address changes, which is no gain and no loss.
        nowhere: targets on which they are in no group any more, sorted, as far as that is known.
    """

    name: str
    gained: tuple[tuple[str, str], ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    before: str = ""
    readdressed: int = 0
    nowhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Everybody whom changes are about.

    Attributes:
        count: how many they are; 0 where they are too many to tell.
        first: as many as were asked for: who loses every group before the others, then by how many groups they gain
            and lose, then by name.
        too_many: how many memberships come and go, where these are more than are counted; 0 otherwise.
    """

    count: int
    first: tuple[Person, ...]
    too_many: int = 0


def people_of(changes: Sequence[Change], lost: Iterable[Loss] = (), most: int | None = None) -> People:
    """Return what changes mean for each person.

    Args:
        changes: with distinct keys.
        lost: who would be in no group any more.
        most: how many people to return; None for all.

    Raises:
        GroupsyncError: members could not be loaded.
    """
    memberships = sum(change.add.count + change.remove.count for change in changes)
    if memberships > MOST:
        return People(0, (), memberships)
    known = {before: after for change in changes for before, after in change.readdressed}
    moves: Counter[str] = Counter()
    for change in changes:
        for side in _sides(change):
            moves.update(known.get(name, name) for name in side)
    for change in changes:
        moves.update(dict.fromkeys((after for _, after in change.readdressed), 0))
    nowhere: dict[str, list[str]] = {}
    for loss in lost:
        for name in loss.some:
            nowhere.setdefault(known.get(name, name), []).append(loss.target)
    chosen = heapq.nsmallest(
        len(moves) if most is None else most, moves, key=lambda name: (name not in nowhere, -moves[name], name)
    )
    return People(len(moves), tuple(_told(chosen, changes, known, nowhere)))


def _sides(change: Change) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return who comes and who goes, without those who only have another address."""
    come, go = change.add.load(), change.remove.load()
    if not change.readdressed:
        return come, go
    return come - {after for _, after in change.readdressed}, go - {before for before, _ in change.readdressed}


def _told(
    chosen: Sequence[str], changes: Iterable[Change], known: Mapping[str, str], nowhere: Mapping[str, Sequence[str]]
) -> Iterable[Person]:
    gained: dict[str, list[tuple[str, str]]] = {}
    lost: dict[str, list[tuple[str, str]]] = {}
    asked = frozenset(chosen)
    befores = {after: before for before, after in known.items() if after in asked}
    wanted = asked.union(before for before, after in known.items() if after in asked)
    readdressed: Counter[str] = Counter()
    for change in changes:
        key = change.key
        for side, groups in zip(_sides(change), (gained, lost), strict=True):
            for name in side & wanted:
                who = known.get(name, name)
                if who in asked:
                    groups.setdefault(who, []).append(key)
        readdressed.update(after for _, after in change.readdressed)
    for name in chosen:
        targets = tuple(sorted(nowhere.get(name, ())))
        yield Person(
            name,
            tuple(gained.get(name, ())),
            tuple(lost.get(name, ())),
            befores.get(name, ""),
            readdressed[name],
            targets,
        )
