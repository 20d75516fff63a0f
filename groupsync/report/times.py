"""Instants and periods as every output writes them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.records import instant_words

if TYPE_CHECKING:
    from datetime import datetime

    from groupsync.model import EntryNote, Period


def day_words(instant: datetime) -> str:
    """Write an instant as people read it: `2026-12-01 09:00:00 UTC`, or `2026-12-01` where it is the start of a day."""
    return instant_words(instant).removesuffix(" 00:00:00 UTC")


def period_words(period: Period) -> str:
    """Return `, from …, until …`, as much of it as there is."""
    start = f", from {day_words(period.start)}" if period.start else ""
    return start + (f", until {day_words(period.until)}" if period.until else "")


def note_words(entry: EntryNote) -> str:
    """Return what is written of an entry besides its name: `until 2027-01-31, trial`; not escaped."""
    return (period_words(entry.period) + (f", {entry.reason}" if entry.reason else "")).removeprefix(", ")
