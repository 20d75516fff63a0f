"""Customers in SQLite, which does not keep to its types: what fits none is unknown, and times are times."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsync.errors import SourceError
from groupsync.model.criteria import Everyone, Not, Operator, Type
from groupsync.source import Misfits, Question
from groupsync.truth import truth
from groupsync_ibis import loose
from tests.conditions import AT, bound

URL = {"url": "sqlite://shop.sqlite"}
PEOPLE = [f"{letter}@example.com" for letter in "abcdefghij"]


def fill(shop, declared, *values):
    """Write a table with one column `x` of a declared type."""
    with closing(sqlite3.connect(shop.root / "shop.sqlite")) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS customers")
        connection.execute(f"CREATE TABLE customers (email text, x {declared})")
        connection.executemany("INSERT INTO customers VALUES (?, ?)", zip(PEOPLE, values, strict=False))
    return shop.source(**URL, table="customers")


def who(letters):
    """Return people by their letters."""
    return {f"{letter}@example.com" for letter in letters}


@pytest.mark.parametrize(
    ("declared", "values", "where", "true", "false", "misfits"),
    [
        ("integer", (1, "two", "", 9), bound("x", "gte", 5), "d", "a", ("", "two")),
        ("integer", (1, 1.5, b"1", 9), bound("x", "gte", 5), "d", "a", ("1", "1.5")),
        ("real", (1, "two", 9.5), bound("x", "gte", 5.0), "c", "a", ("two",)),
        ("numeric(10,2)", (1, "two", "9.50"), bound("x", "gte", 5), "c", "a", ("two",)),
        ("boolean", (1, 0, "true", 2), bound("x", "eq", True), "a", "b", ("2", "true")),
        ("text", ("a", "b", b"a"), bound("x", "eq", "a"), "a", "b", ("a",)),
        ("date", ("2026-11-20", "2026-11-21", "20.11.2026", "2026-02-30", 5, "0000-01-01", b"2026-11-20"),
         bound("x", "lt", date(2026, 11, 21)),
         "a", "b", ("0000-01-01", "5")),
        ("datetime", ("2026-11-20 10:00:00", "2026-11-20T10:00:00Z", "2026-11-20T12:30:00.5+02:00",
         "2026-11-20T14:00:00", "2026-11-20", "soon", 1_700_000_000),
         bound("x", "lt", datetime(2026, 11, 20, 11, tzinfo=UTC)), "abce", "d", ("1700000000", "soon")),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_type_is_unknown_and_counted(shop, declared, values, where, true, false, misfits):
    """Texts are not greater than numbers, and a time is a time however it is written."""
    source = fill(shop, declared, *values)
    found = shop.evaluate(source, Question("true", where), Question("false", Not(where, AT)))
    assert who(true) == found.answers["true"].members.load()
    assert who(false) == found.answers["false"].members.load()
    (told,) = found.census.misfits
    unfit = len(values) - len(true) - len(false)
    assert ("x", unfit, misfits) == (told.column, told.count, told.samples)
    nothing = shop.members(source, bound("x", Operator.IS_NULL, True))
    assert unfit == len(nothing)
    assert dict.fromkeys(nothing) == {who: row["x"] for who, row in source.rows(nothing, ["x"]).items()}


def test_a_column_of_no_type_is_what_all_of_its_values_are(shop):
    """Neither the first row nor their order decides; numbers beside texts are a text."""
    for values, kind in (
        ((1, 2), Type.INTEGER), ((1, 2.5), Type.NUMBER), ((None, "a", 1), Type.TEXT), ((1, "a"), Type.TEXT),
        ((), Type.TEXT),
    ):  # fmt: skip
        for order in (values, values[::-1]):
            source = fill(shop, "", *order)
            assert kind is {each.name: each.type for each in source.attributes()}["x"]
            source.close()
    fill(shop, "integer", 1, 2, "x")
    source = shop.source(**URL, query="SELECT email, x * 2 AS twice FROM customers WHERE typeof(x) = 'integer'")
    assert who("b") == shop.members(source, bound("twice", "eq", 4))


def test_identifiers_are_texts_as_they_stand(shop):
    """A number in a column of texts is its digits, a fraction names nobody, and a floating column is refused."""
    with closing(sqlite3.connect(shop.root / "shop.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE customers (email, x real)")
        connection.executemany("INSERT INTO customers VALUES (?, 1)", [("a@example.com",), (b"x",)])
    source = shop.source(**URL, table="customers")
    found = shop.evaluate(source, Question("all", Everyone(AT)))
    assert who("a") == found.answers["all"].members.load()
    assert (1, (Misfits("email", 1, ("x",)),)) == (found.census.nulls, found.census.misfits)
    with pytest.raises(SourceError, match="can't tell customers apart by `x`"):
        shop.source(**URL, table="customers", id="x").attributes()


_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S+00:00",
)
_TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(lambda each: each.replace(microsecond=0))


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(_TIMES, st.sampled_from(_FORMS)), min_size=1, max_size=10), _TIMES)
def test_times_are_compared_as_times_however_they_are_written(shop, times, limit):
    """In each form that a library writes them in."""
    source = fill(shop, "timestamp", *(time.strftime(form) for time, form in times))
    rows = {who: {"x": time.replace(tzinfo=UTC)} for who, (time, _) in zip(PEOPLE, times, strict=False)}
    for operator in ("lt", "lte", "gt", "eq"):
        where = bound("x", operator, limit.replace(tzinfo=UTC))
        assert {each for each, row in rows.items() if truth(where, row, each, {})} == shop.members(source, where)
    source.close()


_PARTS = (
    ("0000", "0001", "2026", "9999", "-001"),
    ("-02-", "-12-", "-13-", "/02/"),
    ("00", "01", "30", "31"),
    (" ", "T", "t", ""),
    ("", "10:00", "10:00:00", "23:59:60", "24:00:00"),
    ("", ".0", ".000000", ".1234567"),
    ("", "Z", "z", " UTC", "+02:00"),
)
_OTHERS = (None, 5, 1.5, b"2026-11-20 10:00:00", "", "now", "12:00", "2451544.5", "20261120", "0001")


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")])
def test_a_time_is_read_alike_by_sqlite_and_by_python(zone):
    """Whatever is written there: what SQLite tells by itself is what Python would."""
    values = [*_OTHERS, *map("".join, itertools.product(*_PARTS))]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("groupsync_instant", 1, partial(loose._instant, zone=zone))
        connection.execute("CREATE TABLE t (x timestamp)")
        connection.executemany("INSERT INTO t VALUES (?)", [[value] for value in values])
        found = connection.execute(f"SELECT x, {loose.instant_sql('x', zone)} FROM t").fetchall()
    assert [] == [(value, read) for value, read in found if read != loose._instant(value, zone)]
    assert len(values) == len(found)


_VALUES = st.sampled_from(
    [None, 1, 5, -3, 2.5, 7.0, "", "x", "5", b"5", "2026-11-20", "2026-11-20 10:00:00", "2026-02-30", 2**63 - 1, True]
)
_WHERES = {
    "integer": (bound("x", "gte", 5), bound("x", "eq", 1)),
    "real": (bound("x", "lt", 5.0), bound("x", "eq", 2.5)),
    "text": (bound("x", "eq", "5"), bound("x", "starts_with", "")),
    "date": (bound("x", "lte", date(2026, 11, 20)),),
    "datetime": (bound("x", "gt", datetime(2026, 11, 20, tzinfo=UTC)),),
    "boolean": (bound("x", "eq", True),),
}


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.sampled_from(sorted(_WHERES)), st.lists(_VALUES, max_size=6), _VALUES)
def test_a_row_more_changes_nobody_else(shop, declared, values, more):
    """Whatever stands in it: those of before are in as they were, by each condition and by its opposite."""
    wheres = [each for where in _WHERES[declared] for each in (where, Not(where, AT))]
    questions = [Question(f"q{number}", where) for number, where in enumerate(wheres)]
    found = []
    for table in (values, [*values, more]):
        source = fill(shop, declared, *table)
        answers = shop.evaluate(source, *questions).answers
        source.close()
        found.append({name: answer.members.load() - {PEOPLE[len(values)]} for name, answer in answers.items()})
    assert found[0] == found[1]


def test_the_newest_row_is_known_whatever_form_it_has(shop):
    """`updated_at` takes the same forms."""
    fill(shop, "datetime", "2026-11-20 10:00:00", "2026-11-20T10:30:00Z", "2026-11-20T12:15:00+02:00")
    source = shop.source(**URL, table="customers", updated_at="x")
    assert datetime(2026, 11, 20, 10, 30, tzinfo=UTC) == shop.evaluate(source).census.newest
