"""The words that count from the plan's instant part all of time, at every instant and in every row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsync.binding import bind
from groupsync.model import Severity, SourceRange
from groupsync.model.criteria import Attribute, Operator, Type
from groupsync.model.criteria import Test as Held
from groupsync.truth import truth

AT = SourceRange("g.yaml", 1, 1)
ATTRIBUTES = {"born": Attribute("born", Type.DATE), "seen": Attribute("seen", Type.INSTANT)}
TICK = timedelta(microseconds=1)
PAST, NEAR, NEXT = "more_than_{}_ago", "within_{}", "within_next_{}"
instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
counts = st.integers(1, 36_500)


def holds(word, unit, count, field, value, now):
    """Tell what a word is for a value."""
    test = Held(field, Operator(word.format(unit)), count, AT)
    condition, found = bind(test, ATTRIBUTES, now, "customers")
    assert [] == [each for each in found if each.severity is Severity.ERROR]
    return truth(condition, {field: value}, "me", {})


@given(
    now=instants,
    count=counts,
    offset=st.integers(-2, 2),
    at=st.sampled_from([-1, 0, 1]),
    unit=st.sampled_from(["days", "hours"]),
)
def test_an_instant_is_in_one_part(now, count, offset, at, unit):
    """A microsecond to either side of each border decides, and the border itself is nearer to now."""
    span = timedelta(**{unit: count})
    value = now + at * span + offset * TICK
    expected = {
        PAST: value < now - span,
        NEAR: now - span <= value <= now,
        NEXT: now < value <= now + span,
    }
    assert expected == {word: holds(word, unit, count, "seen", value, now) for word in expected}


@given(now=instants, count=counts, offset=st.integers(-2, 2), at=st.sampled_from([-1, 0, 1]))
@example(now=datetime(2026, 11, 25, tzinfo=UTC), count=1, offset=0, at=0)
@example(now=datetime(2026, 11, 25, 23, 59, 59, 999_999, tzinfo=UTC), count=1, offset=1, at=0)
def test_a_day_is_in_one_part(now, count, offset, at):
    """Today is in the past, and the next days begin tomorrow, at whatever time of day."""
    today = now.date()
    value = today + timedelta(days=at * count + offset)
    expected = {PAST: value < today - timedelta(days=count), NEAR: today - timedelta(days=count) <= value <= today}
    expected[NEXT] = today < value <= today + timedelta(days=count)
    assert expected == {word: holds(word, "days", count, "born", value, now) for word in expected}


@pytest.mark.parametrize(("value", "near", "past"), [(24, False, True), (25, True, False), (26, False, False)])
def test_nought_days_is_today(value, near, past):
    """`within_days: 0` is today, and `more_than_days_ago: 0` the days before."""
    now = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
    born = date(2026, 11, value)
    assert (near, past) == tuple(holds(word, "days", 0, "born", born, now) for word in (NEAR, PAST))


@pytest.mark.parametrize("word", [PAST, NEAR, NEXT])
@pytest.mark.parametrize("unit", ["days", "hours"])
def test_null_is_in_no_part(word, unit):
    """Whose time is not known is neither in one nor in its opposite."""
    assert holds(word, unit, 5, "seen", None, datetime(2026, 11, 25, tzinfo=UTC)) is None


@pytest.mark.parametrize("now", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])
@pytest.mark.parametrize("field", ["born", "seen"])
def test_time_ends_where_the_calendar_does(now, field):
    """Nothing overflows: what lies beyond the calendar is its first or last time."""
    value = now.date() if field == "born" else now
    assert [False, True, False] == [holds(word, "days", 36_500, field, value, now) for word in (PAST, NEAR, NEXT)]


BERLIN = ZoneInfo("Europe/Berlin")


def ends(word, now, count=1, field="seen"):
    """Return the values that a word is bound to, in the time zone of an instant."""
    found = bind(Held(field, Operator(word), count, AT), ATTRIBUTES, now, "customers")[0]
    tests = [found] if isinstance(found, Held) else found.conditions
    return [each.value for each in tests]


@pytest.mark.parametrize(
    ("noon", "hours"),
    [(datetime(2026, 3, 29, 12), 23), (datetime(2026, 10, 25, 12), 25), (datetime(2026, 7, 1, 12), 24)],
)
def test_a_day_is_as_long_as_it_is(noon, hours):
    """From noon to noon: 23 hours where clocks go forward, 25 where they go back; hours are hours on any day."""
    now = noon.replace(tzinfo=BERLIN)
    before = now.replace(day=now.day - 1) if now.day > 1 else now - timedelta(days=1)
    end = now.astimezone(UTC)
    assert [end - timedelta(hours=hours), end] == ends("within_days", now)
    assert [end - timedelta(hours=hours)] == ends("more_than_days_ago", now)
    assert [before.astimezone(UTC), before.astimezone(UTC) + timedelta(hours=hours)] == ends("within_next_days", before)
    assert [end - timedelta(hours=24), end] == ends("within_hours", now, 24)
    assert [end, end + timedelta(hours=24)] == ends("within_next_hours", now, 24)


def test_today_is_the_day_of_the_zone():
    """Half past midnight in Berlin is another day than in UTC."""
    now = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert [date(2026, 6, 30)] * 2 == ends("within_days", now, 0, "born")
    assert [date(2026, 7, 1)] * 2 == ends("within_days", now.astimezone(BERLIN), 0, "born")
    assert [date(2026, 7, 1), date(2026, 7, 2)] == ends("within_next_days", now.astimezone(BERLIN), 1, "born")


@pytest.mark.parametrize(
    ("now", "days", "end"),
    [
        (datetime(2026, 3, 30, 0, 30, tzinfo=UTC), 1, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 26, 1, 30, tzinfo=UTC), 1, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 0, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_that_a_day_lacks_or_has_twice(now, days, end):
    """What the clock skips is as much later, of two times it is the first; but now is now."""
    assert [end] == ends("more_than_days_ago", now.astimezone(BERLIN), days)


def test_a_date_is_the_beginning_of_its_day_in_the_zone():
    """For an instant; one with a zone of its own stays what it is."""
    now = datetime(2026, 11, 25, tzinfo=BERLIN)
    assert [datetime(2026, 6, 30, 22, tzinfo=UTC)] == ends("before", now, "2026-07-01")
    assert [datetime(2026, 7, 1, tzinfo=UTC)] == ends("before", now, "2026-07-01T00:00:00Z")


@given(
    now=instants,
    count=counts,
    unit=st.sampled_from(["days", "hours"]),
    tick=st.sampled_from([-TICK, timedelta(), TICK]),
)
def test_an_instant_is_in_one_part_in_any_zone(now, count, unit, tick):
    """At each border, days of 23 and 25 hours among them."""
    for zone in (BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")):
        local = now.astimezone(zone)
        past, later = ends(PAST.format(unit), local, count)[0], ends(NEXT.format(unit), local, count)[1]
        for value in (past + tick, now + tick, later + tick):
            told = [holds(word, unit, count, "seen", value, local) for word in (PAST, NEAR, NEXT)]
            assert [value < past, past <= value <= now, now < value <= later] == told
            assert sum(told) == (value <= later)
