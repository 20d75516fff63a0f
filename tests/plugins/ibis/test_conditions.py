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

from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator
from groupsync.source import Question
from groupsync.truth import truth
from tests.conditions import AT, HOSTILE, bound, conditions, tables
from tests.plugins.ibis.conftest import Shop

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
