"""What a mark remembers, to and from plain values and text. Pure.

Wherever it is kept it is bounded: 8 sources, 32 groups, 2,048 characters of text.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from groupsync.model import Past
from groupsync.records import Fields, Record, RecordError, format_instant, kind_of

MOST_SOURCES: Final = 8
MOST_LISTS: Final = 32
MOST_TEXT: Final = 2048
UNREADABLE: Final = Past(datetime.min.replace(tzinfo=UTC), is_whole=False)
"""What a mark remembers, where nobody can read it: nothing, and nothing is known to be new."""


def past_record(past: Past) -> Record:
    """Write what a mark remembers."""
    whole: Record = {} if past.is_whole else {"whole": False}
    rows, counts = [list(each) for each in past.rows], [list(each) for each in past.counts]
    return {"at": format_instant(past.at), "rows": rows, "counts": counts, **whole}


def read_past(value: object) -> Past:
    """Read what `past_record` wrote; what a later version added to it is passed over."""
    fields = Fields(value, "what a mark remembers")
    return Past(
        fields.instant("at"),
        fields.each("rows", _read_rows)[:MOST_SOURCES],
        fields.each("counts", _read_count)[:MOST_LISTS],
        fields.flag_or("whole", default=True),
    )


def past_text(past: Past | None) -> str | None:
    """Write what a mark remembers as one line of text, at most `MOST_TEXT` characters; None for nothing."""
    return json.dumps(past_record(past), separators=(",", ":")) if past else None


def past_of_text(text: object) -> Past | None:
    """Read what `past_text` wrote, as a service gives it back; of what is none of it nobody knows what it was."""
    if text is None or text == "":
        return None
    try:
        return read_past(json.loads(text)) if isinstance(text, str) and len(text) <= MOST_TEXT else UNREADABLE
    except (ValueError, RecursionError):
        return UNREADABLE


def _read_rows(value: object) -> tuple[str, str, int]:
    match value:
        case [str(identity), str(name), int(rows)] if rows is not True and rows is not False and rows >= 0:
            return identity, name, rows
        case _:
            raise RecordError(f"a source that a mark remembers is {kind_of(value)}, expected two texts and a number")


def _read_count(value: object) -> tuple[str, int]:
    match value:
        case [str(name), int(count)] if count is not True and count is not False and count >= 0:
            return name, count
        case _:
            raise RecordError(f"a group that a mark remembers is {kind_of(value)}, expected a text and a number")
