"""Why somebody is in a group or is not, as `groupsync why` prints it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.condition_words import in_words, value_words
from groupsync.convert_findings import place_record
from groupsync.model.criteria import All, AnyOf, Not, Test
from groupsync.records import format_instant, instant_words
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, headline, number, wrap
from groupsync.why import Bar, Included, InFile, Listed, Matched, Rule, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from groupsync.model import Definition, Period, SourceRange
    from groupsync.model.criteria import Share
    from groupsync.records import Record
    from groupsync.report.style import Style
    from groupsync.truth import Reason
    from groupsync.why import Way, Why

_SHOWN_WAYS: Final = 10
_IN: Final = ("in", GREEN)
_OUT: Final = ("out", RED)
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
    """

    target: str
    has: bool | None
    note: str = ""


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
    limit = why.definition.limit
    if limit is not None and why.rank is not None and why.rank <= limit.count:
        words = f"rank {number(why.rank)}, and {_places(limit.count)}"
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
    yield from _line(_IN if way.lets_in else _NO, _way_words(way), way.at, indent, style)
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


def _way_words(way: Way) -> str:
    match way:
        case Listed():
            return "listed in `members`" + _entry(way.period, way.reason, way.lets_in)
        case InFile():
            return f"listed in {way.path}" if way.lets_in else f"not listed in {way.path}"
        case Matched() if way.where is None:
            return f"`where`: the source {way.source} has no such customer"
        case Matched():
            return f"`where` over the source {way.source}"
        case Included():
            holds = way.lets_in or way.why.state is not State.IN
            return f"include {way.reference.target}{_path(way)}" + _entry(
                way.reference.period, way.reference.reason, holds
            )
        case _:
            assert_never(way)


def _path(way: Included) -> str:
    return f" → {way.why.group}" if way.reference.is_pattern else ""


def _entry(period: Period, reason: str, holds: bool) -> str:
    """Say when an entry holds and why it was made."""
    parts = [] if holds else ["but it does not hold now"]
    parts += [f"from {_day(period.start)}"] if period.start else []
    parts += [f"until {_day(period.until)}"] if period.until else []
    parts += [reason] if reason else []
    return "".join(f", {part}" for part in parts)


def _day(instant: datetime) -> str:
    return value_words(instant)


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
    match reason.condition:
        case All():
            words = "all of"
        case AnyOf():
            words = "any of"
        case Not():
            words = "not"
        case Test():
            words = (
                f"{in_words(reason.condition)}: it is {'null' if reason.value is None else value_words(reason.value)}"
            )
        case _:
            words = in_words(reason.condition)
    start = f"{indent}{word:<8}"
    first, *more = wrap(escape(words), " " * len(start), style.columns, hanging=" " * len(start) + "  ")
    yield f"{indent}{style.paint(f'{word:<8}', color)}{first.lstrip()}"
    yield from more
    for part in reason.parts:
        yield from _reason(part, indent + "  ", style)


def _bar(bar: Bar, why: Why, indent: str, style: Style) -> Iterator[str]:
    yield from _line(_OUT, _bar_words(bar, why), bar.at, indent, style)
    if bar.why is not None:
        yield from _group(bar.why, indent + " " * 5, style, is_whole=False)


def _bar_words(bar: Bar, why: Why) -> str:
    definition = why.definition
    match bar.rule:
        case Rule.UNTIL:
            return f"the group has no members any more, until {_day(definition.until) if definition.until else ''}"
        case Rule.EXCLUDE:
            everywhere = ", as from every group" if bar.everywhere else ""
            return f"exclude {_other(bar)}: they are in it{everywhere}"
        case Rule.RESTRICT_TO:
            return f"restrict_to {_other(bar)}: they are not in it"
        case Rule.HOLDOUT:
            return f"held out: {_share(definition.holdout)}"
        case Rule.SAMPLE:
            return f"not in the sample: {_share(definition.sample)}"
        case Rule.LIMIT:
            return _limit_words(definition, why.rank)
        case _:
            assert_never(bar.rule)


def _other(bar: Bar) -> str:
    group = bar.why.group if bar.why else ""
    entry = bar.reference
    if entry is None:
        return group
    return group + _entry(entry.period, entry.reason, holds=True)


def _share(share: Share | None) -> str:
    return f"{share.percent} % by the seed {share.seed}" if share else ""


def _limit_words(definition: Definition, rank: int | None) -> str:
    limit = definition.limit
    if limit is None or rank is None:
        return "beyond the limit"
    order = "largest" if limit.descending else "smallest"
    stays = ""
    if limit.keep_until_rank is not None and rank <= limit.keep_until_rank:
        stays = f"; who is in already stays as far as rank {number(limit.keep_until_rank)}"
    return f"rank {number(rank)} by {limit.field}, the {order} first, and {_places(limit.count)}{stays}"


def _places(count: int) -> str:
    return "there is 1 place" if count == 1 else f"there are {number(count)} places"


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


# --- For programs -----------------------------------------------------------------------------------------------------


def render_why_json(person: str, as_of: datetime, why: Why, targets: Sequence[Holds] = ()) -> str:
    """Return `{"person", "as_of", "group", "state", …, "targets"}` as text that ends with a line break."""
    document: Record = {"person": person, "as_of": format_instant(as_of)} | _why_record(why)
    document["targets"] = [{"target": each.target, "has": each.has, "note": each.note} for each in targets]
    return json.dumps(document, indent=2) + "\n"


def _why_record(why: Why) -> Record:
    return {
        "group": why.group,
        "kind": why.definition.kind,
        "at": place_record(why.definition.at),
        "state": why.state.value,
        "blocked": None if why.blocked is None else {"by": why.blocked.by, "reason": why.blocked.reason},
        "rank": why.rank,
        "ways": [_way_record(way) for way in why.ways],
        "bars": [_bar_record(bar, why) for bar in why.bars],
    }


def _way_record(way: Way) -> Record:
    start: Record = {"at": place_record(way.at), "lets_in": way.lets_in}
    match way:
        case Listed():
            return {"way": "members"} | start | _entry_record(way.period, way.reason)
        case InFile():
            return {"way": "members_from"} | start | {"path": way.path}
        case Matched():
            tested = {"eligible": _reason_record(way.eligible), "where": _reason_record(way.where)}
            groups = [_why_record(why) for why in way.groups]
            return {"way": "where"} | start | {"source": way.source} | tested | {"groups": groups}
        case Included():
            entry = _entry_record(way.reference.period, way.reference.reason)
            return {"way": "include"} | start | entry | {"why": _why_record(way.why)}
        case _:
            assert_never(way)


def _entry_record(period: Period, reason: str) -> Record:
    start, until = (format_instant(each) if each else None for each in (period.start, period.until))
    return {"from": start, "until": until, "reason": reason}


def _reason_record(reason: Reason | None) -> Record | None:
    if reason is None:
        return None
    value = None if reason.value is None else value_words(reason.value)
    return {
        "condition": in_words(reason.condition),
        "truth": reason.truth,
        "value": reason.value if isinstance(reason.value, str | int | float | bool) else value,
        "parts": [_reason_record(part) for part in reason.parts],
    }


def _bar_record(bar: Bar, why: Why) -> Record:
    return {
        "rule": bar.rule.value,
        "at": place_record(bar.at),
        "words": _bar_words(bar, why),
        "everywhere": bar.everywhere,
        "why": _why_record(bar.why) if bar.why else None,
    }
