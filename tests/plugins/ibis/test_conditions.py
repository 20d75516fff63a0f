"""Conditions on DuckDB mean what `groupsync.truth` says."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync.errors import SourceError
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator
from groupsync.source import Question
from groupsync.truth import truth
from tests.conditions import AT, HOSTILE, bound, conditions, tables
from tests.plugins.ibis.conftest import Shop

LATE = datetime(9999, 1, 1, tzinfo=UTC)
GROUPS = {"beta": {"p1@example.com", "p2@example.com", "x@example.com"}, "none": set()}


@settings(max_examples=60)
@given(tables(), st.lists(conditions(("beta", "none")), min_size=1, max_size=8))
def test_members_are_those_a_condition_is_true_for(customers, wheres):
    """Whatever the condition and the table, DuckDB and the law agree on every row."""
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        shop.write(customers)
        questions = [Question(f"q{number}", where) for number, where in enumerate(wheres)]
        answers = shop.evaluate(shop.source(), *questions, groups=GROUPS).answers
        for question in questions:
            expected = {who for who, row in customers if truth(question.where, row, who, GROUPS)}
            assert expected == answers[question.name].members.load(), question.where


@pytest.mark.parametrize("operator", ["eq", "in", "contains", "starts_with", "ends_with"])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_hostile_values_stay_values(shop, operator, ignore_case):
    """No value ends its literal, stands for a wildcard or is looked up: each finds the texts that have it."""
    customers = [(f"p{number}@example.com", {"name": text}) for number, text in enumerate(HOSTILE)]
    shop.write(customers)
    wheres = [
        bound("name", operator, (text,) if operator == "in" else text, ignore_case=ignore_case) for text in HOSTILE
    ]
    answers = shop.evaluate(shop.source(), *(Question(f"q{n}", where) for n, where in enumerate(wheres))).answers
    for number, where in enumerate(wheres):
        expected = {who for who, row in customers if truth(where, row, who, {})}
        assert expected == answers[f"q{number}"].members.load(), where


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("name", [*HOSTILE, *(f"name {number}" for number in range(500))]),
        ("orders", [2**63 - 1, -(2**63), *range(500)]),
        ("spend", [Decimal(number) / 100 for number in range(500)]),
        ("score", [number / 7 for number in range(500)]),
        ("born", [date.fromordinal(730_000 + number) for number in range(500)]),
        ("seen", [datetime(2026, 1, 1, 0, 0, number % 60, number, tzinfo=UTC) for number in range(500)]),
        ("bought", [datetime(2026, 1, 1, 0, 0, number % 60, number, tzinfo=UTC) for number in range(500)]),
    ],
)
def test_a_long_list_is_the_same_as_a_short_one(shop, column, values):
    """More values than are written out one by one find the same rows, and `not` of them the others but nulls."""
    customers = [(f"p{number}@example.com", {column: value}) for number, value in enumerate(values)]
    shop.write([*customers, ("null@example.com", {column: None})])
    where = bound(column, Operator.IN, tuple(values[1:]))
    found = shop.evaluate(shop.source(), Question("in", where), Question("out", Not(where, AT))).answers
    assert {who for who, _ in customers[1:]} == found["in"].members.load()
    assert {"p0@example.com"} == found["out"].members.load()


def test_what_is_not_a_number_counts_as_null(shop):
    """NaN is neither above nor below anything, and is found by `is_null`."""
    shop.write([("nan@example.com", {"score": math.nan}), ("one@example.com", {"score": 1.0})])
    source = shop.source()
    assert {"one@example.com"} == shop.members(source, bound("score", "gt", 0.0))
    assert set() == shop.members(source, Not(bound("score", "gt", 0.0), AT))
    assert {"nan@example.com"} == shop.members(source, bound("score", "is_null", True))


def test_a_deep_condition_is_answered(shop):
    """As deep as conditions may be, and as wide: nothing recurses without bound."""
    shop.write([("a@example.com", {"orders": 1}), ("b@example.com", {"orders": 5_000})])
    where = bound("orders", "eq", 1)
    for _ in range(64):
        where = Not(All((where, Everyone(AT)), AT), AT)
    wide = AnyOf(tuple(bound("orders", "eq", number) for number in range(2, 9_000)), AT)
    found = shop.evaluate(shop.source(), Question("deep", where), Question("wide", wide)).answers
    assert {"a@example.com"} == found["deep"].members.load()
    assert {"b@example.com"} == found["wide"].members.load()


def test_eligible_may_name_groups(shop):
    """Who is not eligible is no customer: in no segment and not in the census."""
    shop.write([(f"p{number}@example.com", {"orders": number}) for number in range(4)])
    eligible = All((InGroup("beta", AT), bound("orders", "gt", 1)), AT)
    found = shop.evaluate(shop.source(), Question("all", Everyone(AT)), groups=GROUPS, eligible=eligible)
    assert 1 == found.census.rows
    assert {"p2@example.com"} == found.answers["all"].members.load()


@pytest.mark.parametrize(
    ("column", "true", "false"),
    [
        ("huge", bound("huge", "gt", 10**20), bound("huge", "lt", 10**20)),
        ("huge", bound("huge", "gte", 10**37), bound("huge", "gt", 10**37)),
        ("huge", bound("huge", "lt", 10**40), bound("huge", "gt", 10**40)),
        ("unsigned", bound("unsigned", "eq", 2**64 - 1), bound("unsigned", "lt", 0)),
        ("unsigned", bound("unsigned", "gt", 0.5), bound("unsigned", "lt", 0.5)),
        ("nanos", bound("nanos", "lt", LATE), bound("nanos", "gt", LATE)),
        ("nanos", bound("nanos", "eq", datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)), bound("nanos", "is_null", True)),
        ("seconds", bound("seconds", "in", (datetime(2026, 1, 1, tzinfo=UTC),)), bound("seconds", "is_null", True)),
        ("level", bound("level", "in", ("high", "none")), bound("level", "eq", "none")),
        ("level", bound("level", "contains", "ig"), bound("level", "matches", "^H")),
        ("tags", bound("tags", "is_null", False), bound("tags", "is_null", True)),
        ("key", bound("key", "is_null", False), bound("key", "is_null", True)),
        ("whole", bound("whole", "gt", Decimal("4.5")), bound("whole", "gt", Decimal("5.5"))),
        ("fine", bound("fine", "gt", Decimal("0.1")), bound("fine", "gte", Decimal("0.2"))),
    ],
)  # fmt: skip
def test_types_of_duckdb_are_compared_without_loss(shop, column, true, false):
    """Whole numbers of 128 bits, without a sign, other units of time, choices, lists: none overflows or rounds."""
    query = f"""
        SELECT 'a@example.com' AS email, * FROM (SELECT
            10000000000000000000000000000000000000::HUGEINT AS huge, 18446744073709551615::UBIGINT AS unsigned,
            TIMESTAMP_NS '2026-01-01 00:00:00.000001' AS nanos, TIMESTAMP_S '2026-01-01' AS seconds,
            'high'::ENUM('low', 'high') AS level, ['x'] AS tags, uuid() AS key, 5::TINYINT AS whole,
            0.10000000000000000000000000000000000001::DECIMAL(38, 38) AS fine)
        UNION ALL SELECT 'n@example.com', {", ".join(["NULL"] * 9)}"""
    found = shop.evaluate(shop.source(query=query), Question("true", true), Question("false", Not(false, AT))).answers
    assert {"a@example.com"} == found["true"].members.load()
    assert "a@example.com" in found["false"].members.load()


def test_a_character_that_no_engine_takes_is_refused(shop):
    """A text with a null character would end the statement: it is an error, and nobody's condition changes."""
    shop.write([("a@example.com", {"name": "a"})])
    with pytest.raises(SourceError, match="did not answer"):
        shop.members(shop.source(), bound("name", "eq", "a\0' OR TRUE --"))
