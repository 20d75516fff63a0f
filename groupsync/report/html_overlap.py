"""How many of the people who come and go are shared by pairs of groups: who moved from one to another. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from groupsync.report.markdown_escape import MAX_NAME, clip
from groupsync.report.style import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Change

_GROUPS: Final = 24
_NAMES: Final = 1_000_000
"""How many names may be held at once to compare them."""
_PAIRS: Final = 10
_SHADES: Final = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """What two groups share.

    Attributes:
        count: how many people.
        shade: from 0, none, to 5, all who come or go in the smaller of the two.
        words: what becomes of them, in words.
    """

    count: int
    shade: int
    words: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """The groups compared, and what pairs of them share.

    Attributes:
        labels: of the groups, the most changed first.
        rows: for each group what it shares with each group before it.
        told: the largest pairs in words.
        note: what was left out; empty where nothing was.
    """

    labels: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    told: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    label: str
    added: frozenset[str]
    removed: frozenset[str]

    @property
    def size(self) -> int:
        return len(self.added) + len(self.removed)


def overlap_of(changes: Sequence[Change]) -> Overlap:
    """Compare those of the most changed groups that share anybody; people whose address alone changed don't count."""
    moving = [change for change in changes if change.coming.count or change.going.count]
    most = sorted(moving, key=lambda change: (-change.coming.count - change.going.count, change.key))
    taken = list(_while_room(most))[:_GROUPS]
    several = len({change.target for change in changes}) > 1
    groups = [_group(change, several=several) for change in taken]
    cells = {(one, other): _cell(groups[one], groups[other]) for one, other in combinations(range(len(groups)), 2)}
    sharing = sorted({place for pair, cell in cells.items() if cell.count for place in pair})
    rows = tuple(
        tuple(cells[earlier, later] for earlier in sharing[:position]) for position, later in enumerate(sharing)
    )
    largest = sorted((pair for pair, cell in cells.items() if cell.count), key=lambda pair: (-cells[pair].count, pair))
    told = tuple(cells[pair].words for pair in largest[:_PAIRS])
    return Overlap(tuple(groups[each].label for each in sharing), rows, told, _note(len(taken), len(moving)))


def _while_room(changes: Sequence[Change]) -> Iterator[Change]:
    room = _NAMES
    for change in changes:
        size = change.coming.count + change.going.count
        if size <= room:
            room -= size
            yield change


def _group(change: Change, *, several: bool) -> _Group:
    label = clip(change.name, MAX_NAME) + (f" on {clip(change.target, MAX_NAME)}" if several else "")
    return _Group(label, change.coming.load(), change.going.load())


def _cell(one: _Group, other: _Group) -> Cell:
    moves = (
        (len(one.removed & other.added), f"from {one.label} to {other.label}"),
        (len(other.removed & one.added), f"from {other.label} to {one.label}"),
    )
    same = (
        (len(one.added & other.added), "added to"),
        (len(one.removed & other.removed), "removed from"),
    )
    count = sum(part for part, _ in (*moves, *same))
    if not count:
        return Cell(0, 0, "")
    smaller = min(one.size, other.size)
    shade = max(1, -(-count * _SHADES // smaller))
    words = [f"{counted(part, 'person moves', 'people move')} {way}" for part, way in moves if part]
    words += [
        f"{counted(part, 'person is', 'people are')} {what} both {one.label} and {other.label}"
        for part, what in same
        if part
    ]
    return Cell(count, min(shade, _SHADES), "; ".join(words))


def _note(taken: int, moving: int) -> str:
    if taken == moving:
        return ""
    return (
        f"Of {counted(moving, 'group')} with members that come or go, {number(taken)} of the most changed are compared."
    )
