"""Conditions as they are written: what they mean, and every mistake at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from groupsync.comparisons import MAX_VALUES
from groupsync.criteria import MAX_DEPTH, MAX_NODES, WORDS, read_condition
from groupsync.model import SourceRange
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator
from groupsync.model.criteria import Test as Held
from groupsync.validate import group_schema
from groupsync.yaml.document import Document
from groupsync.yaml.events import parse_yaml


def read(text):
    """Return the condition that a text says, and what was found."""
    (document,), errors = parse_yaml(text.encode(), "g.yaml")
    assert errors == []
    found = []
    return read_condition(document, (), document.value, found), found


def at(line, column):
    return SourceRange("g.yaml", line, column)


def places(text):
    """Return line, column, code and summary of everything found, in the order of the text."""
    condition, found = read(text)
    assert condition is None
    ordered = sorted(found, key=lambda one: one.sort_key)
    return [(one.subject.line, one.subject.column, one.code, one.summary) for one in ordered]


def test_a_condition_has_everything_that_was_written():
    """Words become their conditions, attributes their tests, each with its places."""
    condition, found = read("""\
all:
  - age: {gte: 50, lt: 65}
  - store_spend_usd: 10.5
    country: [DE, AT]
  - any: [{vip: true}, {in_group: beta-testers}]
  - not: {churn_risk: high}
  - not_in_group: blocked
  - everyone: true
""")
    assert [] == found
    expected = All(
        (
            All(
                (
                    Held("age", Operator.GTE, 50, at(2, 16), False, at(2, 5)),
                    Held("age", Operator.LT, 65, at(2, 24), False, at(2, 5)),
                ),
                at(2, 5),
            ),
            All(
                (
                    Held("store_spend_usd", Operator.EQ, 10.5, at(3, 22), False, at(3, 5)),
                    Held("country", Operator.IN, ("DE", "AT"), at(4, 14), False, at(4, 5), (at(4, 15), at(4, 19))),
                ),
                at(3, 5),
            ),
            AnyOf(
                (
                    Held("vip", Operator.EQ, True, at(5, 17), False, at(5, 12)),
                    InGroup("beta-testers", at(5, 35)),
                ),
                at(5, 5),
            ),
            Not(Held("churn_risk", Operator.EQ, "high", at(6, 23), False, at(6, 11)), at(6, 5)),
            Not(InGroup("blocked", at(7, 19)), at(7, 5)),
            Everyone(at(8, 5)),
        ),
        at(1, 1),
    )
    assert expected == condition


@pytest.mark.parametrize(
    ("text", "operator", "value", "ignore_case"),
    [
        ("a: x", "eq", "x", False),
        ("a: no", "eq", "no", False),
        ('a: ""', "eq", "", False),
        ("a: {ne: 5}", "ne", 5, False),
        ("a: [x]", "in", ("x",), False),
        ("a: {not_in: [1, 2.5, true]}", "not_in", (1, 2.5, True), False),
        ("a: {between: [2027-01-01, 2027-02-01]}", "between", ("2027-01-01", "2027-02-01"), False),
        ("a: {contains: x, ignore_case: true}", "contains", "x", True),
        ("a: {ignore_case: true, eq: x}", "eq", "x", True),
        ("a: {ignore_case: false, in: [x]}", "in", ("x",), False),
        ("a: {starts_with: x}", "starts_with", "x", False),
        ("a: {ends_with: x}", "ends_with", "x", False),
        ("a: {matches: '^a.*$'}", "matches", "^a.*$", False),
        ("a: {is_null: false}", "is_null", False, False),
        ("a: {before: 2027-01-31}", "before", "2027-01-31", False),
        ("a: {after: 2027-01-31T18:00:00Z}", "after", "2027-01-31T18:00:00Z", False),
        ("a: {within_days: 30}", "within_days", 30, False),
        ("a: {gt: -1e3}", "gt", -1000.0, False),
    ],
)
def test_operators(text, operator, value, ignore_case):
    """Each operator keeps the value as it was written."""
    condition, found = read(text)
    assert [] == found
    assert (operator, value, ignore_case) == (condition.operator, condition.value, condition.ignore_case)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]", [(1, 1, "GS203", "The document is a list")]),
        ("all", [(1, 1, "GS203", "The document is a text")]),
        ("{}", [(1, 1, "GS207", "The document is empty")]),
        ("all: []", [(1, 6, "GS207", "`all` is empty")]),
        ("all: {a: 1}", [(1, 6, "GS203", "`all` is a mapping")]),
        ("any: ", [(1, 1, "GS204", "`any` has no value")]),
        ("any: [{}]", [(1, 7, "GS207", "`any[0]` is empty")]),
        ("not: [{a: 1}]", [(1, 6, "GS203", "`not` is a list")]),
        ("not: everyone", [(1, 6, "GS203", "`not` is a text")]),
        ("everyone: false", [(1, 11, "GS205", "`everyone` is `false`")]),
        ("everyone: 1", [(1, 11, "GS205", "`everyone` is `1`")]),
        ("in_group: Beta", [(1, 11, "GS206", "`in_group` is `Beta`")]),
        ("not_in_group: [a, b]", [(1, 15, "GS203", "`not_in_group` is a list")]),
        ("in_group: ", [(1, 1, "GS204", "`in_group` has no value")]),
        ("all: [{a: 1}]\nany: [{b: 2}]", [(2, 1, "GS215", "The document has both `all` and `any`")]),
        ("age: 50\nnot: {b: 2}", [(2, 1, "GS215", "The document has both `age` and `not`")]),
        ("age: 50\nsize: 3\nnot: {b: 2}", [(3, 1, "GS215", "The document has both `age` and `not`")]),
        ("not: {b: 2}\nage: 50", [(2, 1, "GS215", "The document has both `not` and `age`")]),
        ("age: ", [(1, 1, "GS204", "`age` has no value")]),
        ("age: []", [(1, 6, "GS207", "`age` is empty")]),
        ("age: {}", [(1, 6, "GS207", "`age` is empty")]),
        ("age: [1, null, [2], {a: 1}]", [
            (1, 10, "GS204", "`age[1]` has no value"),
            (1, 16, "GS203", "`age[2]` is a list"),
            (1, 21, "GS203", "`age[3]` is a mapping"),
        ]),
        ("age: {gt: }", [(1, 7, "GS204", "`age.gt` has no value")]),
        ("age: {gt: [1]}", [(1, 11, "GS203", "`age.gt` is a list")]),
        ("age: {gt: .nan}", [(1, 11, "GS206", "`age.gt` is `nan`")]),
        ("age: {in: 5}", [(1, 11, "GS203", "`age.in` is a number")]),
        ("age: {between: [1]}", [(1, 16, "GS207", "`age.between` has 1 value")]),
        ("age: {between: {a: 1}}", [(1, 16, "GS203", "`age.between` is a mapping")]),
        ("age: {is_null: yes}", [(1, 16, "GS203", "`age.is_null` is a text")]),
        ("age: {within_days: -1}", [(1, 20, "GS207", "`age.within_days` is -1")]),
        ("age: {within_days: 36501}", [(1, 20, "GS207", "`age.within_days` is 36501")]),
        ("age: {more_than_days_ago: -1}", [(1, 27, "GS207", "`age.more_than_days_ago` is -1")]),
        ("age: {within_next_days: 0}", [(1, 25, "GS207", "`age.within_next_days` is 0")]),
        ("age: {within_hours: 0}", [(1, 21, "GS207", "`age.within_hours` is 0")]),
        ("age: {within_next_hours: 1.5}", [(1, 26, "GS203", "`age.within_next_hours` is a number")]),
        ("age: {more_than_hours_ago: 876001}", [(1, 28, "GS207", "`age.more_than_hours_ago` is 876001")]),
        ("age: {next_days: 5}", [(1, 7, "GS201", "The operator `next_days` is unknown in `age`")]),
        ("age: {within_days: 2.5}", [(1, 20, "GS203", "`age.within_days` is a number")]),
        ("age: {within_days: true}", [(1, 20, "GS203", "`age.within_days` is true or false")]),
        ("a: {before: 5}", [(1, 13, "GS203", "`a.before` is a number")]),
        ("a: {before: 2027-02-30}", [(1, 13, "GS211", "`a.before` is `2027-02-30`")]),
        ("a: {contains: 5}", [(1, 15, "GS203", "`a.contains` is a number")]),
        ('a: {contains: ""}', [(1, 15, "GS207", "`a.contains` is empty")]),
        ('a: "x\\0"', [(1, 4, "GS206", "`a` has a character that no text in a database has")]),
        ("a: {matches: 'x\\b'}", [(1, 14, "GS217", "The pattern in `a.matches` would not mean the same everywhere")]),
        ("a: {greater_than: 5}", [(1, 5, "GS201", "The operator `greater_than` is unknown in `a`")]),
        ("a: {gt: 5, ignore_case: true}", [(1, 25, "GS208", "`a.ignore_case` does not go with `gt`")]),
        ("a: {ignore_case: true}", [(1, 18, "GS208", "`a.ignore_case` stands beside nothing that it could apply to")]),
        ("a: {eq: x, ignore_case: 1}", [(1, 25, "GS203", "`a.ignore_case` is a number")]),
    ],
)  # fmt: skip
def test_mistakes(text, expected):
    """Each mistake is told at the very key or value."""
    assert expected == places(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: {greater_than: 5}", "Did you mean `gt`?"),
        ("a: {'>=': 5}", "Did you mean `gte`?"),
        ("a: {startswith: x}", "Did you mean `starts_with`?"),
        ("a: {starts_wih: x}", "Did you mean `starts_with`?"),
        ("a: {regex: x}", "Did you mean `matches`?"),
        ("a: {zzz: x}", ""),
        ("a: null", "Write `a: {is_null: true}` to test for null."),
        ("and: [{a: 1}]", "Is `and` meant to be `all`?"),
        ("in_group: [a, b]", "Write `any: [{in_group: a}, …]` for several groups."),
        ("not_in_group: [a, b]", "Write `all: [{not_in_group: a}, …]` for several groups."),
        ("a: {in: 5}", "Write `[5]`."),
        ("a: {contains: 5}", 'Put quotes around it: "5".'),
        ("all: [{a: 1}]\nb: 2", "Write `all: [{all: …}, {b: …}]` if each must hold, or `any:` if one must."),
        ("[{a: 1}]", "Write `all:` above the list if each must hold, or `any:` if one must."),
        ("everyone", "Write `everyone: …`, with a colon."),
    ],
)
def test_hints(text, hint):
    """The hint is what to write instead."""
    _, found = read(text)
    assert hint == found[0].hint


def test_all_mistakes_are_told_at_once():
    """One mistake does not hide another, and nothing is made of what is wrong."""
    text = "all:\n  - age: {more: 5, gt: 3}\n  - {}\n  - {not: {}}\n  - {b: }\n"
    expected = [
        (2, 11, "GS201", "The operator `more` is unknown in `all[0].age`"),
        (3, 5, "GS207", "`all[1]` is empty"),
        (4, 11, "GS207", "`all[2].not` is empty"),
        (5, 6, "GS204", "`all[3].b` has no value"),
    ]
    assert expected == places(text)


def nested(depth):
    """Return a condition of so many levels."""
    return {"a": 1} if depth == 1 else {"not": nested(depth - 1)}


def test_depth_is_bounded():
    """So many levels are read; one more is told, and once however often."""
    found = []
    assert read_condition(as_document({}), (), nested(MAX_DEPTH), found)
    assert [] == found
    assert None is read_condition(as_document({}), (), {"all": [nested(MAX_DEPTH)] * 2}, found)
    assert ["GS216"] == [one.code for one in found]


def test_size_is_bounded():
    """A condition with too many parts is told once, however many more there are."""
    assert ["GS216"] == [one[2] for one in places(f"any: [{', '.join(['{a: 1}'] * (MAX_NODES + 5))}]")]
    assert ["GS207"] == [one[2] for one in places(f"a: [{', '.join(map(str, range(MAX_VALUES + 1)))}]")]


def test_aliases_are_read_where_they_stand():
    """What is written once and used twice is one condition in two places."""
    condition, found = read("any: [{all: [&x {a: 1}]}, {not: *x}]")
    assert [] == found
    assert "a" == condition.conditions[0].conditions[0].field == condition.conditions[1].condition.field


# --- Anything at all --------------------------------------------------------------------------------------------------

keys = st.sampled_from([*WORDS, *Operator, "ignore_case", "age", "a", "and"]) | st.text(max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2027-01-31", "(a"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=20
)


def as_document(value):
    return Document("g.yaml", value, _Nowhere())


class _Nowhere:
    line = 0
    column = 0


@given(values)
def test_any_value_is_read_or_refused(value):
    """Nothing raises; there is a condition, or there are findings."""
    found = []
    condition = read_condition(as_document(value), ("where",), value, found)
    assert (condition is None) == bool(found)
    assert all(one.summary and "\n" not in one.summary for one in found)


@given(values)
def test_what_is_read_fits_the_schema_for_editors(value):
    """An editor does not underline what groupsync takes."""
    schema = group_schema()
    found = []
    condition = read_condition(as_document(value), ("where",), value, found)
    fits = Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/condition"}).is_valid(value)
    assert fits or condition is None
