"""Conditions as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from groupsync.condition_words import attributes_of, groups_of, in_words, renamed, value_words
from groupsync.criteria import read_condition
from groupsync.model import SourceRange
from groupsync.model.criteria import All, InGroup, Operator
from groupsync.model.criteria import Test as Held
from groupsync.yaml.events import parse_yaml

AT = SourceRange("g.yaml", 1, 1)


def read(text):
    (document,), _ = parse_yaml(text.encode(), "g.yaml")
    found = []
    condition = read_condition(document, (), document.value, found)
    assert [] == found
    return condition


SEGMENT = """\
all:
  - age: {gte: 50}
  - spend_usd: {gt: 10}
  - any: [{country: [DE, AT, CH]}, {in_group: beta-testers}]
  - not: {risk: high}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            SEGMENT,
            "age ≥ 50 and spend_usd > 10 and (country in DE, AT, CH or in group beta-testers) and not risk = high",
        ),
        ("a: {ne: 'x y'}", 'a ≠ "x y"'),
        ("a: {not_in: ['1', 1, true]}", 'a not in "1", 1, true'),
        ("a: {between: [18, 64.5]}", "a between 18 and 64.5"),
        ("a: {lt: 5, is_null: false}", "a < 5 and a is not null"),
        ("a: {is_null: true}", "a is null"),
        ("a: {contains: and, ignore_case: true}", 'a contains "and" (ignoring case)'),
        ("a: {matches: '^x.*$'}", "a matches /^x.*$/"),
        ("a: {starts_with: x}\nb: {ends_with: y}", "a starts with x and b ends with y"),
        ("a: {within_days: 1}", "a within the last 1 day"),
        ("a: {within_days: 0}", "a today"),
        ("a: {more_than_days_ago: 1234}", "a more than 1,234 days ago"),
        ("a: {within_next_days: 14}", "a within the next 14 days"),
        ("a: {within_hours: 48}", "a within the last 48 hours"),
        ("a: {more_than_hours_ago: 1}", "a more than 1 hour ago"),
        ("a: {within_next_hours: 2}", "a within the next 2 hours"),
        ("a: {before: 2027-01-31}", 'a before "2027-01-31"'),
        ("not: {any: [{a: 1}, {everyone: true}]}", "not (a = 1 or everyone)"),
        ("any: [{all: [{a: 1}]}, {all: [{a: 1}, {b: 2}]}]", "a = 1 or (a = 1 and b = 2)"),
        ("not_in_group: blocked", "not in group blocked"),
        ('a: "x\\ny"', 'a = "x\\ny"'),
        (f"a: {list(range(12))}", "a in 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
    ],
)
def test_words(text, words):
    """One line, with parentheses where they are needed and quotes where a text could be mistaken."""
    assert words == in_words(read(text))


def test_words_of_bound_values():
    """Days are shown as days, instants with their zone, decimals as they are."""
    values = [date(2027, 1, 31), datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 1, 31, 18, tzinfo=UTC)]
    assert ["2027-01-31", "2027-01-31", "2027-01-31T18:00:00Z"] == list(map(value_words, values))
    assert "a in 0.10, 2027-01-31" == in_words(Held("a", Operator.IN, (Decimal("0.10"), date(2027, 1, 31)), AT))


def test_what_a_condition_speaks_of():
    """Every attribute once, every mention of a group, under `not` as well."""
    condition = read("any: [{not: {all: [{a: 1}, {in_group: x}]}}, {a: 2, b: 3}, {not_in_group: x}, {in_group: y}]")
    assert {"a", "b"} == attributes_of(condition)
    assert ["x", "x", "y"] == [each.group for each in groups_of(condition)]
    assert () == groups_of(All((Held("a", Operator.EQ, 1, AT),), AT))
    assert (InGroup("x", AT),) == groups_of(InGroup("x", AT))


def test_attributes_can_be_called_otherwise():
    """Wherever they are tested; the others keep their names."""
    condition = read("any: [{not: {all: [{a: 1}, {in_group: a}]}}, {b: 3}]")
    assert "not (years = 1 and in group a) or b = 3" == in_words(renamed(condition, {"a": "years"}))
