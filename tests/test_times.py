"""Times and spans as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groupsync.report.times import day_words
from groupsync.times import parse_instant_from, parse_span, read_in, zone_named

NOW = datetime(2026, 11, 30, 20, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", datetime(2026, 12, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 12, 14, tzinfo=UTC)),
        ("0d", datetime(2026, 11, 30, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T09:00:00+01:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_day_or_so_many_days_from_today(text, expected):
    """A span is counted from today, and ends as a day begins."""
    assert expected == parse_instant_from(text, NOW)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("31.12.2026", "2026-12-31"),
        ("1.2.2027", "2027-02-01"),
        ("2026/12/31", "2026-12-31"),
        ("2026-1-5", "2026-01-05"),
        ("14", "14d"),
        ("14 days", "14d"),
        ("2 weeks", "2w"),
        ("3D", "3d"),
    ],
)
def test_another_spelling_is_answered_with_what_was_meant(text, meant):
    """What is offered is a time, or a span."""
    with pytest.raises(ValueError, match=f"did you mean {meant}"):
        parse_instant_from(text, NOW)
    assert parse_instant_from(meant, NOW)


@pytest.mark.parametrize("text", ["12/31/2026", "31.2.2026", "tomorrow", "1m", "", "1.5d"])
def test_what_may_mean_several_things_is_answered_with_none(text):
    """Nobody knows whether 1m is a minute or a month, and which comes first in 1/2."""
    with pytest.raises(ValueError, match=r"neither|no such") as caught:
        parse_instant_from(text, NOW)
    assert "did you mean" not in str(caught.value)


def test_a_day_beyond_the_calendar_is_none():
    """The calendar ends with the year 9999."""
    with pytest.raises(ValueError, match="no such day"):
        parse_instant_from("99999w", NOW.replace(year=9000))


def test_spans_are_days_and_weeks():
    """Nothing else."""
    assert [timedelta(14), timedelta(14)] == [parse_span("14d"), parse_span("2w")]
    with pytest.raises(ValueError, match="did you mean 14d"):
        parse_span("14")


def test_an_instant_is_a_day_where_it_begins_one():
    """Otherwise it has its time and zone."""
    assert ("2026-11-30", "2026-11-30 20:15:07 UTC") == (
        day_words(NOW.replace(hour=0, minute=0, second=0)),
        day_words(NOW),
    )


def test_a_machine_without_time_zones_says_so(monkeypatch):
    """No name is blamed for it."""
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(ValueError, match="knows no time zones at all"):
        zone_named("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (datetime(2026, 7, 1, 12), datetime(2026, 7, 1, 10, tzinfo=UTC)),
        (datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, fold=1), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_the_later_of_its_readings(local, expected):
    """Where the clock skips it or shows it twice."""
    assert expected == read_in(zone_named("Europe/Berlin"), local)
    assert local.replace(tzinfo=UTC, fold=0) == read_in(UTC, local)
