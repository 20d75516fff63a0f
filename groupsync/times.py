"""Instants and periods as they are written. Pure."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import ALWAYS, Diagnostic, Period, Severity
from groupsync.schema_words import pointer_words
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.yaml.document import Document

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?", re.ASCII)


def parse_instant(text: str, zone: tzinfo = UTC) -> datetime:
    """Return an instant in UTC.

    Args:
        text: an ISO 8601 date, which means its 00:00, or a date and time with its zone (`Z` or `+01:00`).
        zone: whose 00:00; the first of two, and where the clock skips it the first time after it.

    Raises:
        ValueError: it is neither, or no day of the calendar; the message is a clause without a final stop.
    """
    if not _TIME.fullmatch(text):
        message = "it is neither a date such as 2027-01-31 nor a time with its zone such as 2027-01-31T18:00:00Z"
        raise ValueError(message)
    try:
        found = datetime.fromisoformat(text)
        return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"there is no such day or time: {error}"
        raise ValueError(message) from error


def read_in(zone: tzinfo, local: datetime) -> datetime:
    """Return the instant in UTC of a time without a zone that is meant in a zone.

    A time that the clock shows twice, or skips, is the later of its two readings, as DuckDB and PostgreSQL have it.

    Raises:
        OverflowError: it is beyond the calendar.
    """
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def zone_name(instant: datetime) -> str:
    """Return the IANA name of the zone that an instant is in."""
    return str(getattr(instant.tzinfo, "key", "UTC"))


def zone_named(name: str) -> tzinfo:
    """Return the zone of an IANA name.

    Raises:
        ValueError: there is none; the message is a hint, a whole sentence.
    """
    from zoneinfo import ZoneInfo, available_timezones

    if name == "UTC":
        return UTC
    known = available_timezones() - {"localtime"}
    if name in known:
        return ZoneInfo(name)
    if not known:
        raise ValueError("This machine knows no time zones at all. Install them: `pip install tzdata`.")
    asked = name.strip().lower().replace(" ", "_")
    alike = (each for each in known if asked in {each.lower(), each.lower().rpartition("/")[2]})
    near = min(alike, default="") or next(iter(difflib.get_close_matches(name, sorted(known), n=1)), "")
    raise ValueError(f"Did you mean `{near}`?" if near else "Write an IANA name such as `Europe/Berlin`.")


_SPAN: Final = re.compile(r"([0-9]{1,5})([dw])", re.ASCII)
_MEANT_SPANS: Final = re.compile(r"([0-9]{1,5}) ?(d|days?|w|weeks?)?", re.ASCII | re.IGNORECASE)
_MEANT_DATES: Final = (
    (re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII), (1, 2, 3)),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII), (3, 2, 1)),
)
"""Spellings of a day that can mean no other one, and where year, month and day stand in them."""


def parse_span(text: str) -> timedelta:
    """Return a span of time: days as `30d`, weeks as `2w`.

    Raises:
        ValueError: it is no such span; the message is a clause without a final stop that says what may have been meant.
    """
    found = _SPAN.fullmatch(text)
    if not found:
        meant = _meant_span(text)
        message = "it is neither a number of days such as 30d nor of weeks such as 2w"
        raise ValueError(f"{message}; did you mean {meant}?" if meant else message)
    return timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))


def parse_instant_from(text: str, now: datetime) -> datetime:
    """Return an instant in UTC that is written as `parse_instant` has it, or as a span from today.

    Args:
        text: `30d` is the 00:00 UTC that begins the thirtieth day after that of `now`.
        now: in UTC.

    Raises:
        ValueError: it is none of these, or beyond the calendar; the message is a clause without a final stop.
    """
    if _SPAN.fullmatch(text):
        try:
            return now.replace(hour=0, minute=0, second=0, microsecond=0) + parse_span(text)
        except OverflowError as error:
            message = "there is no such day"
            raise ValueError(message) from error
    try:
        return parse_instant(text)
    except ValueError as reason:
        meant = _meant_date(text) or _meant_span(text)
        if not meant:
            raise
        message = f"{reason}; did you mean {meant}?"
        raise ValueError(message) from reason


def _meant_span(text: str) -> str:
    found = _MEANT_SPANS.fullmatch(text.strip())
    return f"{found[1]}{(found[2] or 'd')[0].lower()}" if found else ""


def _meant_date(text: str) -> str:
    for pattern, order in _MEANT_DATES:
        if found := pattern.fullmatch(text.strip()):
            year, month, day = (found[place] for place in order)
            meant = f"{year}-{month:>02}-{day:>02}"
            try:
                parse_instant(meant)
            except ValueError:
                return ""
            return meant
    return ""


def in_words(span: timedelta) -> str:
    """Return a span of time in its largest unit of days, hours and minutes that it has two of, rounded down."""
    minutes = int(span.total_seconds()) // 60
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length:,} {unit}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def instant_at(
    document: Document, pointer: tuple[str | int, ...], text: str, found: list[Diagnostic]
) -> datetime | None:
    """Return the instant written at `pointer`; None after adding to `found` why it is none."""
    try:
        return parse_instant(text)
    except ValueError as reason:
        summary = f"{pointer_words(pointer)} is `{shown(text)}`"
        detail = f"{str(reason)[:1].upper()}{str(reason)[1:]}."
        at = document.locate(pointer)
        found.append(Diagnostic("GS211", Severity.ERROR, summary, detail, "Correct the date.", at))
        return None


def period_of(
    document: Document, pointer: tuple[str | int, ...], entry: Mapping[str, Any], found: list[Diagnostic]
) -> Period:
    """Return the period that an entry's `from` and `until` say; adds to `found` what is wrong with them."""
    start, until = (
        instant_at(document, (*pointer, key), entry[key], found) if key in entry else None for key in ("from", "until")
    )
    if start is None and until is None:
        return ALWAYS
    if start is not None and until is not None and start >= until:
        summary = f"{pointer_words(pointer)} never holds"
        detail = f"It holds from {entry['from']} until just before {entry['until']}, which is no time at all."
        hint = "Set `until` later than `from`; a bare date is that day's 00:00 UTC."
        at = document.locate((*pointer, "until"))
        found.append(Diagnostic("GS211", Severity.ERROR, summary, detail, hint, at))
    return Period(start, until)
