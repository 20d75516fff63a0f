"""The days on which tests have to pass besides today, counted from any day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32


def dates_from(today):
    """Return instants with what each of them is, the most telling one first."""
    leap_day = next_day(2, 29, today)
    new_year = next_day(1, 1, today)
    return [
        (leap_day + timedelta(hours=12), "a leap day"),
        (new_year - timedelta(minutes=1), "New Year comes while they run"),
        (today + timedelta(days=1), "a day ahead"),
        (today + timedelta(days=31), "a month ahead"),
        (today + timedelta(days=400), "more than a year ahead"),
        (next_day(2, 28, today) + timedelta(hours=12), "the last days of February"),
        (leap_day - timedelta(hours=12), "the day before a leap day"),
    ]


def next_day(month, day, today):
    """Return 00:00 of the next day of this name after today; of 29 February, in the next leap year."""
    for year in range(today.year, today.year + 9):
        try:
            found = datetime(year, month, day, tzinfo=today.tzinfo)
        except ValueError:
            continue
        if found > today:
            return found
    raise AssertionError((month, day))


def share(names, part, parts):
    """Return some of the names, such that each is in one part, and in the same on every machine."""
    return [name for name in names if crc32(name.encode()) % parts == part]
