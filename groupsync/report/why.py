"""Why somebody is in a group or is not, as `groupsync why` prints it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.condition_words import in_words, value_words
from groupsync.model.criteria import All, AnyOf, Not, Test
from groupsync.records import instant_words
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, headline, number, wrap
from groupsync.report.why_words import bar_words, places_words, way_words
from groupsync.why import Bar, Included, InFile, Listed, Matched, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from groupsync.model import SourceRange
    from groupsync.report.style import Style
    from groupsync.truth import Reason
    from groupsync.why import Way, Why

_SHOWN_WAYS: Final = 10
_IN: Final = ("in", GREEN)
_OUT: Final = ("out", RED)
_PASSED: Final = ("ok", FAINT)
_NO: Final = ("-", FAINT)
_OPEN: Final = ("?", YELLOW)
_TRUTHS: Final = {True: ("true", GREEN), False: ("false", RED), None: ("unknown", YELLOW)}


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether a target has somebody in a group.

    Attributes:
        target: its name.
        has: None where that can't be told.
        note: why not, or what else there is to say; a clause.
        is_unread: whether the target could not be read.
    """

    target: str
    has: bool | None
    note: str = ""
    is_unread: bool = False


def render_why(person: str, as_of: datetime, why: Why, targets: Sequence[Holds] = (), style: Style = PLAIN) -> str:
    """Return the answer, then the chain that leads to it, then what the targets have; ends with a line break."""
    lines = [*_answer(person, as_of, why, style), "", *_group(why, "  ", style, is_whole=True)]
    if targets:
        lines += ["", *(line for each in targets for line in _target(each, style))]
    return "".join(f"{line}\n" for line in lines)


def _answer(person: str, as_of: datetime, why: Why, style: Style) -> list[str]:
    who, group = style.paint(escape(person), BOLD), style.paint(escape(why.group), BOLD)
    match why.state:
        case State.IN:
            answer = f"{who} is {style.paint('in', GREEN)} {group}"
        case State.OUT:
            answer = f"{who} is {style.paint('not in', RED)} {group}"
        case State.UNDECIDED:
            answer = f"{who}: {group} {style.paint('is left as it is', YELLOW)}"
        case _:
            assert_never(why.state)
    return headline(answer, f"{instant_words(as_of)} · {escape(str(why.definition.at))}", style)


# --- The chain --------------------------------------------------------------------------------------------------------


def _group(why: Why, indent: str, style: Style, *, is_whole: bool) -> Iterator[str]:
    """Give the lines on one group: what lets in and, unless somebody is in and it is not the whole, what does not."""
    yield from _undecided(why, indent, style)
    ways = [way for way in why.ways if way.lets_in or is_whole or why.state is not State.IN]
    members = why.definition.members
    if members is not None and not any(isinstance(way, Listed) for way in ways) and why.state is not State.IN:
        yield from _line(_NO, "not listed in `members`", why.definition.at, indent, style)
    shown = len(ways) if style.full else _SHOWN_WAYS
    for way in islice(ways, shown):
        yield from _way(way, indent, style)
    if len(ways) > shown:
        yield style.paint(f"{indent}     … and {number(len(ways) - shown)} more (--full shows all)", FAINT)
    for bar in why.bars:
        yield from _bar(bar, why, indent, style)
    for bar in why.passed if is_whole and why.state is State.IN else ():
        yield from _line(_PASSED, bar_words(bar, why), bar.at, indent, style)
    limit = why.definition.limit
    if limit is not None and why.rank is not None and why.rank <= limit.count:
        words = f"rank {number(why.rank)}, and {places_words(limit.count)}"
        yield from _line(_IN, words, limit.at, indent, style)


def _undecided(why: Why, indent: str, style: Style) -> Iterator[str]:
    if why.state is not State.UNDECIDED:
        return
    if why.blocked is None:
        words = "it has none of members, members_from, where and include: its membership is not managed"
    elif why.blocked.by == why.group:
        words = why.blocked.reason
        if why.definition.min_size is not None and why.definition.min_size.empties and why.blocked.size is not None:
            words += ", so it is emptied"
    else:
        words = f"it is built from {why.blocked.by}: {why.blocked.reason}"
    yield from _line(_OPEN, words, why.definition.at, indent, style)


def _way(way: Way, indent: str, style: Style) -> Iterator[str]:
    yield from _line(_IN if way.lets_in else _NO, way_words(way), way.at, indent, style)
    inner = indent + " " * 5
    match way:
        case Matched():
            yield from _condition(way, inner, style)
        case Included():
            yield from _group(way.why, inner, style, is_whole=False)
        case Listed() | InFile():
            pass
        case _:
            assert_never(way)


def _condition(way: Matched, indent: str, style: Style) -> Iterator[str]:
    if way.where is None:
        return
    if way.eligible is not None:
        yield style.paint(f"{indent}who is a customer:", FAINT)
        yield from _reason(way.eligible, indent + "  ", style)
        yield style.paint(f"{indent}the condition:", FAINT)
    yield from _reason(way.where, indent + ("  " if way.eligible is not None else ""), style)
    for why in way.groups:
        yield f"{indent}{style.paint(f'{escape(why.group)}:', FAINT)}"
        yield from _group(why, indent + "  ", style, is_whole=False)


def _reason(reason: Reason, indent: str, style: Style) -> Iterator[str]:
    word, color = _TRUTHS[reason.truth]
    parts = reason.parts
    match reason.condition:
        case All(counted=Test() as asked):
            words = f"{in_words(asked)}: it is {_value(parts[0])} ({in_words(reason.condition)})"
            parts = ()
        case All():
            words = "all of"
        case AnyOf():
            words = "any of"
        case Not():
            words = "not"
        case Test():
            words = f"{in_words(reason.condition)}: it is {_value(reason)}"
        case _:
            words = in_words(reason.condition)
    start = f"{indent}{word:<8}"
    first, *more = wrap(escape(words), " " * len(start), style.columns, hanging=" " * len(start) + "  ")
    yield f"{indent}{style.paint(f'{word:<8}', color)}{first.lstrip()}"
    yield from more
    for part in parts:
        yield from _reason(part, indent + "  ", style)


def _value(reason: Reason) -> str:
    return "null" if reason.value is None else value_words(reason.value)


def _bar(bar: Bar, why: Why, indent: str, style: Style) -> Iterator[str]:
    yield from _line(_OUT, bar_words(bar, why), bar.at, indent, style)
    if bar.why is not None:
        yield from _group(bar.why, indent + " " * 5, style, is_whole=False)


def _line(sign: tuple[str, str], words: str, at: SourceRange, indent: str, style: Style) -> Iterator[str]:
    """Give one entry with its place, which goes on a line of its own where there is no room."""
    inner = indent + " " * 5
    *above, last = wrap(escape(words), inner, style.columns)
    place = escape(str(at))
    lines = [*above, last] if len(last) + len(place) + 2 > style.columns else [*above, f"{last}  {place}"]
    lines += [] if lines[-1].endswith(place) else [f"{inner}{place}"]
    lines[-1] = lines[-1].removesuffix(place) + style.paint(place, FAINT)
    yield f"{indent}{style.paint(f'{sign[0]:<5}', sign[1])}{lines[0].removeprefix(inner)}"
    yield from lines[1:]


def _target(holds: Holds, style: Style) -> Iterator[str]:
    word, color = {True: ("has them", GREEN), False: ("does not have them", RED), None: ("can't tell", YELLOW)}[
        holds.has
    ]
    note = f": {escape(holds.note)}" if holds.note else ""
    first, *more = wrap(f"{escape(holds.target)} {word}{note}", "  ", style.columns, hanging="    ")
    yield first.replace(word, style.paint(word, color), 1) if style.color else first
    yield from more
