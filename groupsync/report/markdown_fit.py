"""Fit a Markdown comment into what a comment may hold: detail goes before facts. Pure but for loading shown names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BUDGET: Final = 65_536
"""Characters that a comment on GitHub may have; other places take more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One group in three sizes, each of them complete Markdown without an empty line around it.

    Attributes:
        row: one line with the figures.
        detail: gives what changes but for the names of members.
        whole: gives it with names; may load them. None where there are no names.
    """

    row: str
    detail: Callable[[], str]
    whole: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """What there was room for.

    Attributes:
        pieces: one an entry, in their order.
        nameless: how many of them lack their names for want of room.
        bare: how many are rows alone.
        left_out: how many entries are not there at all.
    """

    pieces: tuple[str, ...]
    nameless: int = 0
    bare: int = 0
    left_out: int = 0


def fit(entries: Sequence[Entry], room: int) -> Fitted:
    """Choose sizes so that the pieces, each followed by two line breaks, take at most `room` characters.

    Nobody's names are shown while a group is without its detail, and no detail while a group has no row. Within one
    size the first groups come first.
    """
    details = list(_while_room((entry.detail() for entry in entries), room))
    if len(details) == len(entries):
        return _with_names(entries, details, room)
    rows = list(_while_room((entry.row for entry in entries), room))
    if len(rows) < len(entries):
        return Fitted(tuple(rows), bare=len(rows), left_out=len(entries) - len(rows))
    left = room - _taken(rows)
    bare = 0
    for index, entry in enumerate(entries):
        detail = details[index] if index < len(details) else entry.detail()
        more = len(detail) - len(rows[index])
        if more > left:
            bare += 1
        else:
            rows[index], left = detail, left - more
    return Fitted(tuple(rows), bare=bare)


def bounded(lines: Iterable[str], room: int, what: str, many: str = "", *, further: int = 0) -> Iterator[str]:
    """Give as many lines, each ended by a line break, as `room` has; then how many more `what` there are.

    Args:
        lines: what to give.
        room: in characters.
        what: what one line is about, in the singular.
        many: in the plural, where that is not made with an `s`.
        further: how many more there are than lines.
    """
    waiting = list(lines)
    kept = len(list(_while_room(waiting, room, ends=1)))
    yield from islice(waiting, kept)
    left = len(waiting) - kept + further
    if left:
        yield f"- … and {counted(left, f'more {what}', many and f'more {many}')}"


def _with_names(entries: Sequence[Entry], details: list[str], room: int) -> Fitted:
    left = room - _taken(details)
    nameless = 0
    for index, entry in enumerate(entries):
        if entry.whole is None:
            continue
        whole = entry.whole() if left > 0 else ""
        more = len(whole) - len(details[index])
        if left <= 0 or more > left:
            nameless += 1
        else:
            details[index], left = whole, left - more
    return Fitted(tuple(details), nameless=nameless)


def _while_room(pieces: Iterable[str], room: int, ends: int = 2) -> Iterator[str]:
    for piece in pieces:
        room -= len(piece) + ends
        if room < 0:
            return
        yield piece


def _taken(pieces: Iterable[str]) -> int:
    return sum(len(piece) + 2 for piece in pieces)
