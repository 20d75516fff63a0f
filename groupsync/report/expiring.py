"""What expires soon, as `groupsync expiring` prints it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from groupsync.convert_findings import place_record
from groupsync.records import format_instant
from groupsync.report.escape import escape
from groupsync.report.style import FAINT, PLAIN, counted
from groupsync.report.times import day_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from groupsync.expiring import Expiring
    from groupsync.report.style import Style


def render_expiring(found: Sequence[Expiring], end: datetime, style: Style = PLAIN) -> str:
    """Return two lines an entry, the soonest first, and how many there are; ends with a line break."""
    lines: list[str] = []
    for each in found:
        words = "the whole group" if each.what == "group" else f"{each.what} {each.subject}"
        reason = f", {each.reason}" if each.reason else ""
        lines.append(f"{day_words(each.until)}  {escape(f'{each.group}: {words}{reason}')}")
        lines.append(f"    {style.paint(escape(str(each.at)), FAINT)}")
    count = counted(len(found), "entry expires", "entries expire") if found else "No entry expires"
    lines.append(f"{count} by {day_words(end)}.")
    return "".join(f"{line}\n" for line in lines)


def render_expiring_json(found: Sequence[Expiring], as_of: datetime, end: datetime) -> str:
    """Return `{"as_of", "end", "entries"}` as text that ends with a line break."""
    entries = [
        {
            "until": format_instant(each.until),
            "group": each.group,
            "what": each.what,
            "subject": each.subject,
            "reason": each.reason,
            "at": place_record(each.at),
        }
        for each in found
    ]
    return json.dumps({"as_of": format_instant(as_of), "end": format_instant(end), "entries": entries}, indent=2) + "\n"
