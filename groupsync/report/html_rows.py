"""The groups of a page: what is told of each, ready to be shown. Pure but for loading the names that are shown.

Every text has gone through `clip`, so that nothing in it is invisible or endless. It is not escaped for HTML: the
template does that, and the page's script only ever sets text.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.model import NO_MEMBERS, Action
from groupsync.report.change_text import (
    MEMBERS,
    SYMBOLS,
    count_after,
    place,
    reference_words,
    shown_elements,
    shown_value,
    size_words,
    through_words,
)
from groupsync.report.markdown_escape import MAX_NAME, MAX_TEXT, clip
from groupsync.report.style import counted, number
from groupsync.report.times import note_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groupsync.model import AttributeChange, AttributeValue, Change, Drift, Members
    from groupsync.records import Record

GROUPS: Final = 50_000
TEXT: Final = 20_000_000
"""How many characters the rows may have beside names of members, together."""
NAMES_A_SIDE: Final = 10_000
NAMES: Final = 250_000
_CHARACTERS: Final = 10_000_000
_PAIRS: Final = 1_000
_ELEMENTS: Final = 50
_MAX_ADDRESS: Final = 254
_MAX_CRITERIA: Final = 4_000


@dataclass(frozen=True, slots=True)
class Side:
    """Those who come to a group, or go.

    Attributes:
        title: what becomes of them.
        sign: `+` or `-`.
        count: how many they are.
        names: those who are shown, as places in `Names.names`.
    """

    title: str
    sign: str
    count: int
    names: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One group.

    Attributes:
        name, target: of the group.
        badge, symbol: what becomes of it, as a word and as a sign.
        tone: how that reads: good, bad, warn, info or plain.
        was: its name before, where that changes.
        flag: what speaks against it, in a word; empty where nothing does.
        size: its size before and after, in words.
        kept, added, removed: the same in figures.
        lines: reason, place, what comes of edits, dates and reasons that are written, in this order.
        against: why it is refused or failed, and what to do about it.
        owners: who answers for it.
        criteria: a segment's condition in words.
        attributes: name, before and after of each attribute.
        sides: those who come and go.
        pairs: addresses before and after, for people who stay.
        more_pairs: how many more of those there are.
    """

    name: str
    target: str
    badge: str
    symbol: str
    tone: str
    was: str = ""
    flag: str = ""
    size: str = ""
    kept: int = 0
    added: int = 0
    removed: int = 0
    lines: tuple[str, ...] = ()
    against: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    criteria: str = ""
    attributes: tuple[tuple[str, str, str], ...] = ()
    sides: tuple[Side, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    more_pairs: int = 0


class Names:
    """The names that a page shows, each once, within what a browser bears."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._names = NAMES
        self._characters = _CHARACTERS
        self.is_whole = True

    def places(self, members: Members) -> tuple[int, ...]:
        """Take the names of a side, by code point, as far as there is room."""
        count = members.count
        if not count:
            return ()
        room = min(NAMES_A_SIDE, self._names) if self._characters > 0 else 0
        if room < count:
            self.is_whole = False
        if not room:
            return ()
        shown = sorted(members.load()) if count <= room else members.first(room)
        found = [self._place(clip(member, _MAX_ADDRESS)) for member in shown]
        self._names -= len(found)
        return tuple(found)

    def _place(self, name: str) -> int:
        if name not in self._places:
            self._places[name] = len(self._places)
            self._characters -= len(name)
        return self._places[name]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of their places."""
        return tuple(self._places)


TONES: Final = {
    Action.CREATE: "good",
    Action.UPDATE: "plain",
    Action.RENAME: "plain",
    Action.DELETE: "bad",
    Action.ADOPT: "info",
    Action.FORGET: "info",
}


def change_row(
    change: Change, names: Names, against: tuple[tuple[str, str], ...], *, refused: bool, origin: str
) -> Row:
    """Return the row of a change.

    Args:
        change: what to tell.
        names: takes the names.
        against: why it is refused, and what to do about it; empty where that is told of the whole target.
        refused: whether it may not be applied.
        origin: what of it comes of edits, in words; empty where that was not asked for.
    """
    some = counted(change.expired, "of those removed has", "of those removed have")
    expired = f"{some} expired: a written `until` has passed"
    where = place(change.at) if change.at else ""
    lines = (
        *(change.reason, through_words(change), where, origin, expired if change.expired else ""),
        *reference_words(change),
        *_notes(change),
    )
    return Row(
        clip(change.name, MAX_NAME),
        clip(change.target, MAX_NAME),
        change.action.value,
        SYMBOLS[change.action][0],
        TONES[change.action],
        was=clip(change.prior_name, MAX_NAME) if change.action is Action.RENAME and change.prior_name else "",
        flag="refused" if refused else "",
        size=size_words(change),
        kept=max(0, count_after(change) - change.coming.count),
        added=change.coming.count,
        removed=change.going.count,
        lines=tuple(clip(line, MAX_TEXT) for line in lines if line),
        against=against,
        owners=elements(change.owners),
        criteria=clip(change.criteria, _MAX_CRITERIA),
        attributes=() if change.action is Action.DELETE else tuple(map(_attribute, change.attributes)),
        sides=sides((change.coming, "added", "+"), (change.going, "removed", "-"), names=names),
        pairs=addresses(change),
        more_pairs=more_addresses(change),
    )


def _notes(change: Change) -> Iterator[str]:
    """Say what is written of those who come, in the order of their names, and of how many more."""
    noted = [entry for entry in change.entries if entry.role == MEMBERS]
    yield from (f"{entry.name}: {note_words(entry)}" for entry in noted[:_PAIRS])
    if len(noted) > _PAIRS:
        yield f"and {number(len(noted) - _PAIRS)} more of those added have a date or a reason"


def drift_row(drift: Drift, change: Change | None, standing: str, names: Names) -> Row:
    """Return the row of a group that moved; `change` is what would be done about it, `standing` how it moved."""
    lacks, has = (change.coming, change.going) if change else (NO_MEMBERS, NO_MEMBERS)
    return Row(
        clip(drift.name, MAX_NAME),
        clip(drift.target, MAX_NAME),
        "drifted" if drift.drifted else "broken off" if drift.broken else "pending",
        "!" if drift.drifted else "~",
        "warn" if drift.drifted else "info",
        size=counted(change.prior_count, "member") if change else "",
        kept=max(0, change.prior_count - has.count) if change else 0,
        added=lacks.count,
        removed=has.count,
        lines=tuple(
            clip(line, MAX_TEXT) for line in (standing, place(change.at) if change and change.at else "") if line
        ),
        owners=elements(change.owners) if change else (),
        sides=sides(
            (lacks, "defined, and not on the target", "-"), (has, "on the target, and not defined", "+"), names=names
        ),
        pairs=addresses(change) if change else (),
        more_pairs=more_addresses(change) if change else 0,
    )


def bounded(rows: Iterable[Row], count: int, names: Names) -> tuple[Row, ...]:
    """Return the first of `count` rows, as many as a browser bears; those behind them are not made."""
    taken: list[Row] = []
    room = TEXT
    for row in islice(rows, GROUPS):
        taken.append(row)
        room -= _length(row)
        if room <= 0:
            break
    if len(taken) < count:
        names.is_whole = False
    return tuple(taken)


def _length(row: Row) -> int:
    told = (row.name, row.target, row.was, row.size, row.criteria, *row.lines, *row.owners)
    pairs = (*row.against, *row.attributes, *row.pairs)
    return sum(map(len, told)) + sum(len(text) for texts in pairs for text in texts)


def sides(*told: tuple[Members, str, str], names: Names) -> tuple[Side, ...]:
    """Return the sides on which anybody is, each from members, what becomes of them, and a sign."""
    return tuple(
        Side(title, sign, members.count, names.places(members)) for members, title, sign in told if members.count
    )


def addresses(change: Change) -> tuple[tuple[str, str], ...]:
    """Return the first addresses that change, each before and after, for people who stay."""
    return tuple((clip(old, _MAX_ADDRESS), clip(new, _MAX_ADDRESS)) for old, new in change.readdressed[:_PAIRS])


def more_addresses(change: Change) -> int:
    """Return how many addresses change beyond those."""
    return max(0, len(change.readdressed) - _PAIRS)


def row_record(row: Row) -> Record:
    """Return a row as the page's script reads it; what is empty is left out."""
    whole: Record = {
        "n": row.name,
        "t": row.target,
        "b": row.badge,
        "s": row.symbol,
        "tone": row.tone,
        "was": row.was,
        "flag": row.flag,
        "size": row.size,
        "kept": row.kept,
        "add": row.added,
        "rem": row.removed,
        "lines": list(row.lines),
        "against": [list(each) for each in row.against],
        "owners": list(row.owners),
        "criteria": row.criteria,
        "attrs": [list(each) for each in row.attributes],
        "sides": [[side.title, side.sign, side.count, list(side.names)] for side in row.sides],
        "pairs": [list(each) for each in row.pairs],
        "morePairs": row.more_pairs,
    }
    return {key: value for key, value in whole.items() if value}


def elements(values: Sequence[str]) -> tuple[str, ...]:
    """Return a list of texts, cut where it is long."""
    shown = [clip(value, _MAX_ADDRESS) for value in islice(values, _ELEMENTS)]
    more = len(values) - len(shown)
    return (*shown, f"and {number(more)} more") if more else tuple(shown)


def _attribute(attribute: AttributeChange) -> tuple[str, str, str]:
    return attribute.name, _value(attribute.before), _value(attribute.after)


def _value(value: AttributeValue) -> str:
    if isinstance(value, tuple):
        return ", ".join(elements(shown_elements(value))) or "none"
    return clip(shown_value(value), MAX_TEXT)
