"""Why somebody is in a group or is not, as JSON for programs. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, assert_never

from groupsync.condition_words import in_words, value_words
from groupsync.convert_findings import place_record
from groupsync.records import format_instant
from groupsync.report.why_words import bar_words
from groupsync.why import Included, InFile, Listed, Matched

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from groupsync.model import Period
    from groupsync.records import Record
    from groupsync.report.why import Holds
    from groupsync.truth import Reason
    from groupsync.why import Bar, Way, Why


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
        "passed": [_bar_record(bar, why) for bar in why.passed],
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
    return period_record(period) | {"reason": reason}


def period_record(period: Period) -> Record:
    """Return `{"from", "until"}`, None for an open side."""
    start, until = (format_instant(each) if each else None for each in (period.start, period.until))
    return {"from": start, "until": until}


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
        "words": bar_words(bar, why),
        "everywhere": bar.everywhere,
        "why": _why_record(bar.why) if bar.why else None,
    }
