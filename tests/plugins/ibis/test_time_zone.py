"""A source in a time zone: whose days are meant, and when something was that is kept without a zone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from groupsync.errors import SourceError
from groupsync.model.criteria import Everyone, Top, Type
from groupsync.source import Question
from tests.conditions import AT, bound

BERLIN = ZoneInfo("Europe/Berlin")
PERSON = "ada@example.com"
TIMES = [
    ("2026-07-01 00:30:00", datetime(2026, 6, 30, 22, 30, tzinfo=UTC)),
    ("2026-12-01 00:30:00", datetime(2026, 11, 30, 23, 30, tzinfo=UTC)),
    ("2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ("2026-10-25 02:30:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ("2026-10-25 01:59:59", datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)),
]
"""What is written without a zone, and when that was in Berlin; skipped and shown twice among them."""
WITH_ZONE = [
    ("2026-07-01T00:30:00Z", datetime(2026, 7, 1, 0, 30, tzinfo=UTC)),
    ("2026-10-25 02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
]


@pytest.fixture
def berlin(shop):
    """A project whose source has the time zone of Berlin."""
    shop.as_of = shop.as_of.astimezone(BERLIN)
    return shop


def seen(source):
    """Return what is known of one person's time."""
    return source.rows([PERSON], ["seen"])[PERSON]["seen"]


@pytest.mark.parametrize(("text", "instant"), [*TIMES, *WITH_ZONE])
@pytest.mark.parametrize("types", [{}, {"seen": "instant"}])
def test_a_time_in_a_csv_file_is_meant_in_the_zone(berlin, text, instant, types):
    """Where it names none itself."""
    (berlin.root / "c.csv").write_text(f"email,seen\n{PERSON},{text}\n")
    source = berlin.source(table="c.csv", types=types)
    assert instant == seen(source)
    assert {PERSON} == berlin.members(source, bound("seen", "eq", instant))


@pytest.mark.parametrize(
    ("form", "text", "instant"),
    [
        ("%d.%m.%Y %H:%M", "25.10.2026 02:30", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("%d.%m.%Y %H:%M %z", "25.10.2026 02:30 +0200", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("%d.%m.%Y", "25.10.2026", date(2026, 10, 25)),
    ],
)
def test_a_time_in_a_format_is_meant_in_the_zone(berlin, form, text, instant):
    """A day stays that day."""
    (berlin.root / "c.csv").write_text(f"email,seen\n{PERSON},{text}\n")
    assert instant == seen(berlin.source(table="c.csv", formats={"seen": form}))


@pytest.mark.parametrize(("text", "instant"), TIMES)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_in_a_parquet_file_is_meant_in_the_zone(berlin, text, instant, unit):
    """However exact it is; one with a zone is what it is."""
    kept = pa.array([datetime.fromisoformat(text)], pa.timestamp(unit))
    berlin.write(pa.table({"email": [PERSON], "seen": kept, "bought": pa.array([instant], pa.timestamp("us", "UTC"))}))
    source = berlin.source()
    assert {"seen": instant, "bought": instant} == source.rows([PERSON], ["seen", "bought"])[PERSON]
    assert {PERSON} == berlin.members(source, bound("seen", "in", (instant,)))
    assert ((instant, 1),) == source.shares(Everyone(AT), "seen", {})


def test_files_with_and_without_zones_are_one_table(berlin):
    """Each time is read by what its own file says of it."""
    text, instant = TIMES[0]
    berlin.write(pa.table({"email": ["a@example.com"], "seen": [datetime.fromisoformat(text)]}), "p1.parquet")
    with_zone = pa.array([instant], pa.timestamp("ms", "America/New_York"))
    berlin.write(pa.table({"email": ["b@example.com"], "seen": with_zone}), "p2.parquet")
    people = {"a@example.com", "b@example.com"}
    assert people == berlin.members(berlin.source(table="p*.parquet"), bound("seen", "eq", instant))


@pytest.mark.parametrize(("text", "instant"), [*TIMES, *WITH_ZONE])
def test_a_time_in_sqlite_is_meant_in_the_zone(berlin, text, instant):
    """Where it names none itself."""
    with closing(sqlite3.connect(berlin.root / "shop.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE customers (email text, seen timestamp)")
        connection.execute("INSERT INTO customers VALUES (?, ?)", (PERSON, text))
    source = berlin.source(url="sqlite://shop.sqlite", table="customers")
    assert instant == seen(source)
    assert {PERSON} == berlin.members(source, bound("seen", "eq", instant))


@pytest.mark.parametrize(("text", "instant"), TIMES)
def test_a_time_on_postgresql_is_meant_in_the_zone(berlin, postgresql, text, instant):
    """Whatever the zone of the server."""
    name = postgresql.connection.info.dbname
    postgresql.connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'")
    postgresql.connection.execute(f"CREATE TABLE customers AS SELECT '{PERSON}' AS email, timestamp '{text}' AS seen")
    source = berlin.source(url=postgresql.url, table="customers", updated_at="seen")
    assert instant == seen(source)
    assert {PERSON} == berlin.members(source, bound("seen", "eq", instant))
    assert instant == berlin.evaluate(source).census.newest


def test_how_old_a_source_is_goes_by_the_zone(berlin):
    """A day is as old as its beginning there, a time without a zone as it is there."""
    table = {
        "email": [PERSON],
        "day": [date(2026, 7, 1)],
        "seen": [datetime(2026, 7, 1, 0, 30)],
        "text": ["2026-07-01 00:30:00"],
    }
    berlin.write(pa.table(table))
    found = {
        column: berlin.evaluate(berlin.source(updated_at=column)).census.newest for column in ("day", "seen", "text")
    }
    at = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert {"day": datetime(2026, 6, 30, 22, tzinfo=UTC), "seen": at, "text": at} == found


def test_how_old_a_day_in_sqlite_is_goes_by_the_zone(berlin):
    """As in files."""
    with closing(sqlite3.connect(berlin.root / "shop.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE customers (email text, day date)")
        connection.execute("INSERT INTO customers VALUES (?, '2026-07-01')", (PERSON,))
    source = berlin.source(url="sqlite://shop.sqlite", table="customers", updated_at="day")
    assert datetime(2026, 6, 30, 22, tzinfo=UTC) == berlin.evaluate(source).census.newest


def test_a_long_list_of_times_is_the_same_as_a_short_one(berlin):
    """More values than are written out one by one are sent with their zone."""
    text, instant = TIMES[0]
    berlin.write(pa.table({"email": [PERSON], "seen": [datetime.fromisoformat(text)]}))
    values = (instant, *(datetime(2020, 1, 1, 0, number // 60, number % 60, tzinfo=UTC) for number in range(500)))
    assert {PERSON} == berlin.members(berlin.source(), bound("seen", "in", values))
    assert set() == berlin.members(berlin.source(), bound("seen", "in", values[1:]))


def test_a_limit_orders_by_when_it_was(berlin):
    """A time without a zone beside the second of two hours of the same name."""
    times = [datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 1, 59), datetime(2026, 10, 25, 3, 0)]
    berlin.write(pa.table({"email": ["b@example.com", "a@example.com", "c@example.com"], "seen": times}))
    question = Question("q", Everyone(AT), top=Top(3, "seen", False, None, AT))
    answer = berlin.evaluate(berlin.source(), question).answers["q"]
    assert ["a@example.com", "b@example.com", "c@example.com"] == list(answer.order())


@pytest.mark.parametrize("column", ["seen", "bought"])
def test_the_instant_in_a_query_is_of_the_zone(berlin, column):
    """Its day is the day there, and times without a zone are compared with it as they are meant."""
    now = berlin.as_of = datetime(2026, 6, 30, 22, 30, tzinfo=UTC).astimezone(BERLIN)
    kept = {"seen": [now.replace(tzinfo=None)], "bought": pa.array([now], pa.timestamp("us", "UTC"))}
    berlin.write(pa.table({"email": [PERSON], **kept}))
    query = f"SELECT *, {column} = $as_of AS same, $as_of::DATE AS today FROM 'customers.parquet'"
    found = berlin.source(query=query).rows([PERSON], ["same", "today"])
    assert {"same": True, "today": date(2026, 7, 1)} == found[PERSON]


def test_the_instant_in_a_query_of_sqlite_is_of_the_zone(berlin):
    """It is a text there, as the clock of the zone shows it."""
    query = f"SELECT '{PERSON}' AS email, CAST($as_of AS TEXT) AS now"
    with closing(sqlite3.connect(berlin.root / "shop.sqlite")):
        source = berlin.source(url="sqlite://shop.sqlite", query=query)
        assert {"now": "2026-11-25 13:30:00"} == source.rows([PERSON], ["now"])[PERSON]


def test_an_engine_that_cannot_keep_a_zone_is_told(berlin):
    """Instead of reading its times in another one."""
    with pytest.raises(SourceError, match="can't be kept by its engine") as caught:
        berlin.source(url="mysql://127.0.0.1:1/x", table="x").attributes()
    assert "time_zone" == caught.value.option


def test_what_is_known_of_columns_is_the_same_in_every_zone(shop, berlin):
    """Instants are instants; days are days."""
    berlin.write(pa.table({"email": [PERSON], "seen": [datetime(2026, 1, 1)], "born": [date(2026, 1, 1)]}))
    types = {each.name: each.type for each in berlin.source().attributes()}
    assert {"born": Type.DATE, "email": Type.TEXT, "seen": Type.INSTANT} == types


ENDS = """SELECT * FROM (VALUES ('a@example.com', TIMESTAMP 'infinity'), ('b@example.com', TIMESTAMP '-infinity'),
('c@example.com', TIMESTAMP '0001-01-01 00:00:00'), ('d@example.com', TIMESTAMP '9999-12-31 23:59:59'),
('e@example.com', NULL), ('f@example.com', TIMESTAMP '20000-01-01 00:00:00')) t (email, seen)"""


def check_ends(shop, **options):
    """Hold a source whose times go beyond what Python knows against what they are."""
    people = [f"{letter}@example.com" for letter in "abcdef"]
    source = shop.source(query=ENDS, **options)
    found = {who[0]: row["seen"] for who, row in source.rows(people, ["seen"]).items()}
    assert found.pop("e") is None
    assert {"a": 9999, "b": 1, "c": 1, "d": 9999, "f": 9999} == {who: each.year for who, each in found.items()}
    assert {people[0], people[3], people[5]} == shop.members(source, bound("seen", "gt", TIMES[0][1]))
    assert {people[1], people[2]} == shop.members(source, bound("seen", "lt", TIMES[0][1]))
    assert shop.evaluate(shop.source(query=ENDS, updated_at="seen", **options)).census.newest


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_times_without_end_are_the_last_there_are(shop, zone):
    """Whichever way the zone is from UTC: what Python can't write there is the first or the last that it can."""
    shop.as_of = shop.as_of.astimezone(ZoneInfo(zone))
    check_ends(shop)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_times_without_end_on_postgresql_are_the_last_there_are(shop, postgresql, zone):
    """As in files."""
    shop.as_of = shop.as_of.astimezone(ZoneInfo(zone))
    check_ends(shop, url=postgresql.url)
