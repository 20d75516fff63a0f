"""Queries of the config: the plan's instant in them, and what asks a clock."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.errors import SourceError
from groupsync_ibis.options import IbisOptions
from groupsync_ibis.query import clocks, with_instant
from tests.conditions import bound

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
LITERAL = "CAST('2026-11-25 12:30:00+00:00' AS TIMESTAMPTZ)"


def given_instant(query, url="duckdb://", at=NOW):
    """Return the query as it is sent."""
    return with_instant(IbisOptions(url, "email", query=query), at, "shop")


@pytest.mark.parametrize(
    ("url", "literal"),
    [
        ("duckdb://", LITERAL),
        ("duckdb://data/shop.duckdb", LITERAL),
        ("postgresql://gs@db/shop", LITERAL),
        ("postgres://gs@db/shop", LITERAL),
        ("pyspark://", LITERAL.replace("TIMESTAMPTZ", "TIMESTAMP")),
        ("sqlite://shop.sqlite", "'2026-11-25 12:30:00'"),
    ],
)
def test_the_instant_is_a_value_of_the_engine(url, literal):
    """Everything else of the query stays as it is written, letter for letter."""
    query = "SELECT  '$as_of', 'ä日😀' -- $as_of\n/* $as_of */ FROM t WHERE a<$as_of AND b > ($AS_OF)"
    if url != "pyspark://":  # there it would be a text
        query = query.replace("FROM", '"$as_of" FROM')
    expected = query.replace("a<$as_of", f"a<{literal}").replace("($AS_OF)", f"({literal})")
    assert expected == given_instant(query, url)


def test_a_query_without_it_is_left_alone():
    """Not even looked at, whatever the engine."""
    for url in ("duckdb://", "mysql://db/shop"):
        assert "SELECT 1 -- it's" == given_instant("SELECT 1 -- it's", url)


@pytest.mark.parametrize("name", ["$as_off", "$now", "$asof", "$x"])
def test_no_other_name_stands_for_anything(name):
    """It is named, with the one there is."""
    with pytest.raises(SourceError, match="stands for nothing") as caught:
        given_instant(f"SELECT * FROM t WHERE a < {name}")
    assert (name, "query") == (caught.value.summary.split("`")[3], caught.value.option)


@pytest.mark.parametrize("query", ["SELECT 'a, $as_of", "SELECT ( FROM t WHERE $as_of"])
def test_a_query_that_cannot_be_read_is_a_mistake_of_the_config(shop, query):
    """It is told at `query`, and not taken for an engine that does not answer."""
    with pytest.raises(SourceError, match="the query of source `customers` can't be read") as caught:
        shop.source(query=query).attributes()
    assert "query" == caught.value.option
    assert "\x1b" not in caught.value.detail


def test_an_engine_that_cannot_be_given_it_is_told():
    """How it would have to be written there is not known."""
    with pytest.raises(SourceError, match="which this engine can't be given") as caught:
        given_instant("SELECT * FROM t WHERE a < $as_of", "mysql://db/shop")
    assert "query" == caught.value.option


@pytest.mark.parametrize(
    ("url", "query", "expected"),
    [
        ("duckdb://", "SELECT now(), current_date, today(), Now()", {"now", "current_date", "today"}),
        ("duckdb://", "SELECT get_current_timestamp()", {"get_current_timestamp"}),
        ("duckdb://", "SELECT 1 WHERE a > CURRENT_TIMESTAMP", {"current_timestamp"}),
        ("duckdb://", "WITH x AS (SELECT localtimestamp AS t) SELECT age(t) FROM x", {"localtimestamp", "age"}),
        ("duckdb://", "SELECT 'now'::timestamp, CAST('today' AS date)", {"'now'", "'today'"}),
        ("duckdb://", "SELECT 'now', \"now\", now, age(a, b), 'now()' -- now()", set()),
        ("duckdb://", "SELECT $as_of, t.now, date '2026-01-01'", set()),
        ("duckdb://", "SELECT now( FROM", set()),
        ("postgresql://db/x", "SELECT clock_timestamp(), now()", {"clock_timestamp", "now"}),
        ("postgresql://db/x", "SELECT date 'today', localtime", {"'today'", "localtime"}),
        ("sqlite://x", "SELECT date('now'), datetime('now', '-1 day')", {"date", "datetime"}),
        ("sqlite://x", "SELECT strftime('%s', 'now'), CURRENT_DATE", {"strftime", "current_date"}),
        ("sqlite://x", "SELECT date(a), datetime(a, '-1 day'), strftime('%s', a), a = 'now'", set()),
        ("sqlite://x", "SELECT date(), unixepoch()", {"date", "unixepoch"}),
        ("pyspark://", "SELECT current_date(), getdate()", {"current_date", "getdate"}),
        ("mysql://db/x", "SELECT now()", set()),
    ],
)  # fmt: skip
def test_what_asks_the_clock_is_found(url, query, expected):
    """By the name that is written; neither in texts nor in names of columns."""
    assert expected == set(clocks(IbisOptions(url, "email", query=query)))


@given(st.text())
def test_any_text_can_be_a_query_to_look_at(text):
    """Nothing but a source's error comes of it."""
    assert isinstance(clocks(IbisOptions("duckdb://", "email", query=text)), tuple)
    for query in (text, f"{text} $as_of"):
        with suppress(SourceError):
            given_instant(query)


def events(now):
    """Customers with an event each, a microsecond to both sides of thirty days ago and of now."""
    tick = timedelta(microseconds=1)
    ends = {"a": now - timedelta(days=30), "b": now}
    return {f"{name}{way + 1}@example.com": at + way * tick for name, at in ends.items() for way in (-1, 0, 1)}


def check_counts(shop, **options):
    """Hold a query that counts back from an instant, on any clock, against what it should find."""
    for now in (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(2031, 1, 1, 0, 0, 0, 1, tzinfo=UTC)):
        shop.as_of = now
        yield now
        expected = {who for who, at in events(now).items() if now - timedelta(days=30) <= at <= now}
        assert expected == shop.members(shop.source(**options), bound("recent", "eq", 1))


QUERY = """SELECT email, count(*) FILTER (WHERE at >= $as_of - INTERVAL '30 days' AND at <= $as_of) AS recent
FROM {} GROUP BY email"""


def test_a_query_counts_back_from_the_instant_on_duckdb(shop):
    """To the microsecond, whatever day it is."""
    import pyarrow as pa

    for now in check_counts(shop, query=QUERY.format("'events.parquet'")):
        times = {"email": list(events(now)), "at": pa.array(events(now).values(), pa.timestamp("us", "UTC"))}
        shop.write(pa.table(times), "events.parquet")


def test_a_query_counts_back_from_the_instant_on_postgresql(shop, postgresql):
    """As on DuckDB; what the server thinks of time zones does not matter."""
    name = postgresql.connection.info.dbname
    postgresql.connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'")
    postgresql.connection.execute("CREATE TABLE events (email text, at timestamptz)")
    for now in check_counts(shop, url=postgresql.url, query=QUERY.format("events")):
        with postgresql.connection.cursor() as cursor:
            cursor.execute("DELETE FROM events")
            cursor.executemany("INSERT INTO events VALUES (%s, %s)", list(events(now).items()))


def test_a_query_counts_back_from_the_instant_on_spark(shop, spark):
    """As on DuckDB."""
    import pyarrow as pa

    for number, now in enumerate(check_counts(shop, url="pyspark://", query=QUERY.format("events"))):
        times = {"email": list(events(now)), "at": pa.array(events(now).values(), pa.timestamp("us", "UTC"))}
        shop.write(pa.table(times), f"events{number}.parquet")
        spark.read.parquet(str(shop.root / f"events{number}.parquet")).createOrReplaceTempView("events")


def test_a_query_counts_back_from_the_instant_on_sqlite(shop):
    """By its functions of time, which know seconds."""
    with closing(sqlite3.connect(shop.root / "shop.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE events (email text, at text)")
        rows = [("a@example.com", "2026-10-26 12:30:00"), ("b@example.com", "2026-10-26 12:29:59")]
        connection.executemany("INSERT INTO events VALUES (?, ?)", [*rows, ("c@example.com", "2026-11-25 12:30:01")])
    query = "SELECT email, at BETWEEN datetime($as_of, '-30 days') AND $as_of AS recent FROM events"
    source = shop.source(url="sqlite://shop.sqlite", query=query)
    assert {"a@example.com"} == shop.members(source, bound("recent", "eq", 1))


def test_the_statement_that_people_see_has_the_instant(shop):
    """What `preview` shows can be run as it stands."""
    from groupsync.source import Question

    source = shop.source(query="SELECT 'ada@example.com' AS email, $as_of AS t")
    assert "2026-11-25 12:30:00+00:00" in source.statement(Question("q", bound("t", "gt", NOW)))
