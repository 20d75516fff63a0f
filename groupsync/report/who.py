"""The groups that somebody is in, as `groupsync who` prints them. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.convert_findings import place_record
from groupsync.records import format_instant, instant_words
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, flow, headline, wrap
from groupsync.report.times import period_words
from groupsync.report.why_json import period_record
from groupsync.report.why_words import bar_words, way_words
from groupsync.why import Included, Listed, Matched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from groupsync.memberships import Membership, Path
    from groupsync.model import SourceRange
    from groupsync.records import Record
    from groupsync.report.style import Style
    from groupsync.why import Way

_INDENT: Final = "       "


@dataclass(frozen=True, slots=True)
class OnTarget:
    """What a target has of one person.

    Attributes:
        target: its name.
        managed: the groups of ours there that have the person, those of `surplus` among them, sorted.
        unmanaged: the groups that nobody manages and that have the person, sorted.
        missing: the groups that should have the person and do not, sorted.
        untold: the groups whose members the target does not tell, sorted.
        surplus: the groups of ours that have the person, and by the definitions should not, sorted.
        others: the groups that other projects manage and that have the person, sorted.
        note: why nothing, or not all, can be said; empty otherwise.
    """

    target: str
    managed: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    note: str = ""


def render_who(
    person: str, as_of: datetime, found: Sequence[Membership], targets: Sequence[OnTarget] = (), style: Style = PLAIN
) -> str:
    """Return the groups that a person is in, those that name them all the same, and what targets have."""
    inside, others = [each for each in found if each.is_in], [each for each in found if not each.is_in]
    count = counted(len(inside), "group") if inside else "no group"
    answer = f"{style.paint(escape(person), BOLD)} is in {style.paint(count, GREEN if inside else YELLOW)}"
    lines = headline(answer, instant_words(as_of), style)
    lines += ["", *(line for each in inside for line in _membership(each, style))] if inside else []
    lines += (
        ["", "Named, but not in:", *(line for each in others for line in _membership(each, style))] if others else []
    )
    lines += ["", *(line for each in targets for line in _on_target(each, style))] if targets else []
    return "".join(f"{line}\n" for line in lines)


def _membership(membership: Membership, style: Style) -> Iterator[str]:
    yield f"  {style.paint(escape(membership.why.group), BOLD)}"
    for path in membership.paths:
        sign = "direct   " if path.is_direct else "derived  "
        yield from _line(sign, GREEN, path_words(path), path.steps[0].at, style)
    for idle in membership.idle:
        yield from _line("not now  ", FAINT, way_words(idle), idle.at, style)
    for bar in membership.why.bars:
        yield from _line("out      ", RED, bar_words(bar, membership.why), bar.at, style)
    if membership.why.blocked is not None:
        words = f"the group is left as it is: {membership.why.blocked.reason}"
        yield from _line("?        ", YELLOW, words, membership.why.definition.at, style)


def path_words(path: Path) -> str:
    """Say how somebody gets into a group: `include staff → listed in members/staff.txt, until 2027-01-31`."""
    reasons = dict.fromkeys(filter(None, map(_reason_of, path.steps)))
    return " → ".join(map(_step, path.steps)) + period_words(path.period) + "".join(f", {each}" for each in reasons)


def _step(way: Way) -> str:
    match way:
        case Included():
            return f"include {way.why.group}"
        case Listed():
            return "listed in `members`"
        case _:
            return way_words(way)


def _reason_of(way: Way) -> str:
    match way:
        case Included():
            return way.reference.reason
        case Listed():
            return way.reason
        case _:
            return ""


def _line(sign: str, color: str, words: str, at: SourceRange, style: Style) -> Iterator[str]:
    place, inner = escape(str(at)), "    " + " " * len(sign)
    *above, last = wrap(escape(words), inner, style.columns)
    fits = len(last) + len(place) + 2 <= style.columns
    lines = (
        [*above, f"{last}  {style.paint(place, FAINT)}"] if fits else [*above, last, inner + style.paint(place, FAINT)]
    )
    yield f"    {style.paint(sign, color)}{lines[0].removeprefix(inner)}"
    yield from lines[1:]


def _on_target(found: OnTarget, style: Style) -> Iterator[str]:
    pieces = [
        *_named("has them in", [each for each in found.managed if each not in found.surplus]),
        *_named("has them, against the definitions, in", found.surplus),
        *_named("not yet in", found.missing),
        *_named("in what nobody manages:", found.unmanaged),
        *_named("in what other projects manage:", found.others),
        *_named("does not tell the members of", found.untold),
        escape(found.note),
    ]
    pieces = list(filter(None, pieces)) or ["has them nowhere"]
    first, *more = flow(pieces, "    ", style.columns)
    yield f"  {escape(found.target)}"
    yield first
    yield from more


def _named(words: str, groups: Sequence[str]) -> list[str]:
    return [f"{words} {', '.join(map(escape, groups))}"] if groups else []


# --- For programs -----------------------------------------------------------------------------------------------------


def render_who_json(person: str, as_of: datetime, found: Sequence[Membership], targets: Sequence[OnTarget] = ()) -> str:
    """Return `{"person", "as_of", "groups", "targets"}` as text that ends with a line break."""
    document: Record = {"person": person, "as_of": format_instant(as_of)}
    document["groups"] = [_membership_record(each) for each in found]
    document["targets"] = [_target_record(each) for each in targets]
    return json.dumps(document, indent=2) + "\n"


def _membership_record(membership: Membership) -> Record:
    why = membership.why
    return {
        "group": why.group,
        "kind": why.definition.kind,
        "at": place_record(why.definition.at),
        "state": why.state.value,
        "ways": [_path_record(path) for path in membership.paths],
        "not_now": [
            {"at": place_record(each.at)} | period_record(each.period) | {"reason": each.reason}
            for each in membership.idle
        ],
        "bars": [
            {"rule": bar.rule.value, "at": place_record(bar.at), "words": bar_words(bar, why)} for bar in why.bars
        ],
        "blocked": None if why.blocked is None else why.blocked.reason,
    }


def _path_record(path: Path) -> Record:
    steps = [_step_record(way) for way in path.steps]
    return {"direct": path.is_direct, "steps": steps} | period_record(path.period)


def _step_record(way: Way) -> Record:
    start: Record = {"at": place_record(way.at), "reason": _reason_of(way)}
    match way:
        case Included():
            return {"way": "include", "group": way.why.group} | start
        case Matched():
            return {"way": "where", "source": way.source} | start
        case Listed():
            return {"way": "members"} | start
        case _:
            return {"way": "members_from", "path": way.path} | start


def _target_record(found: OnTarget) -> Record:
    return {
        "target": found.target,
        "managed": list(found.managed),
        "surplus": list(found.surplus),
        "unmanaged": list(found.unmanaged),
        "others": list(found.others),
        "missing": list(found.missing),
        "untold": list(found.untold),
        "note": found.note,
    }
