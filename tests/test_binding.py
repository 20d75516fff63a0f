"""Conditions held against the attributes that a source has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from groupsync.binding import bind, bind_order
from groupsync.condition_words import in_words
from groupsync.criteria import read_condition
from groupsync.model import Severity, SourceRange
from groupsync.model.criteria import (
    BOUND_OPERATORS,
    BY_DAYS,
    FROM_NOW,
    All,
    AnyOf,
    Attribute,
    InGroup,
    Not,
    Operator,
    Type,
)
from groupsync.model.criteria import Test as Held
from groupsync.truth import truth
from groupsync.yaml.events import parse_yaml

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
AT = SourceRange("g.yaml", 1, 1)
ATTRIBUTES = {
    name: Attribute(name, of, native=native, column=f"c_{name}")
    for name, of, native in [
        ("age", Type.INTEGER, "bigint"),
        ("score", Type.NUMBER, "double"),
        ("spend", Type.DECIMAL, "numeric"),
        ("country", Type.TEXT, "varchar"),
        ("city", Type.TEXT, "varchar"),
        ("vip", Type.BOOLEAN, "boolean"),
        ("born", Type.DATE, "date"),
        ("seen", Type.INSTANT, "timestamp"),
        ("tags", Type.OTHER, "array"),
    ]
}


def read(text):
    (document,), errors = parse_yaml(text.encode(), "g.yaml")
    found = []
    condition = read_condition(document, (), document.value, found)
    assert [] == errors == found
    return condition


def bound(text):
    """Return the bound condition in words, after seeing that it was bound without a finding."""
    condition, found = bind(read(text), ATTRIBUTES, NOW, "customers")
    assert [] == found
    return in_words(condition)


def findings(text):
    """Return place, code and summary of what binding finds."""
    written = read(text)
    condition, found = bind(written, ATTRIBUTES, NOW, "customers")
    assert condition is written or all(one.severity is Severity.WARNING for one in found)
    return [(one.subject.line, one.subject.column, one.code, one.summary) for one in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age: 50", "c_age = 50"),
        ("age: 50.0", "c_age = 50"),
        ("age: {ne: 50}", "not c_age = 50"),
        ("age: [50, 51, 50.0]", "c_age in 50, 51"),
        ("age: {not_in: [1, 2, 1]}", "not c_age in 1, 2"),
        ("age: {between: [18, 64]}", "c_age ≥ 18 and c_age ≤ 64"),
        ("age: {gt: 10.5}", "c_age > 10"),
        ("age: {gte: 10.5}", "c_age ≥ 11"),
        ("age: {lt: 10.5}", "c_age < 11"),
        ("age: {lte: 10.5}", "c_age ≤ 10"),
        ("age: {lt: -10.5}", "c_age < -10"),
        ("age: {between: [10.5, 20.5]}", "c_age ≥ 11 and c_age ≤ 20"),
        ("age: {gte: 18, lt: 65}", "c_age ≥ 18 and c_age < 65"),
        ("age: {is_null: true}", "c_age is null"),
        ("tags: {is_null: false}", "c_tags is not null"),
        ("seen: {before: 2027-01-31}", "c_seen < 2027-01-31"),
        ("seen: {after: 2027-01-31T18:00:00+01:00}", "c_seen > 2027-01-31T17:00:00Z"),
        ("born: {before: 2000-01-01}", "c_born < 2000-01-01"),
        ("seen: {within_days: 30}", "c_seen ≥ 2026-10-26T12:30:00Z and c_seen ≤ 2026-11-25T12:30:00Z"),
        ("born: {within_days: 30}", "c_born ≥ 2026-10-26 and c_born ≤ 2026-11-25"),
        ("born: {within_days: 0}", "c_born ≥ 2026-11-25 and c_born ≤ 2026-11-25"),
        ("seen: {more_than_days_ago: 30}", "c_seen < 2026-10-26T12:30:00Z"),
        ("seen: {more_than_days_ago: 0}", "c_seen < 2026-11-25T12:30:00Z"),
        ("born: {more_than_days_ago: 30}", "c_born < 2026-10-26"),
        ("born: {more_than_days_ago: 0}", "c_born < 2026-11-25"),
        ("seen: {within_next_days: 14}", "c_seen > 2026-11-25T12:30:00Z and c_seen ≤ 2026-12-09T12:30:00Z"),
        ("born: {within_next_days: 14}", "c_born > 2026-11-25 and c_born ≤ 2026-12-09"),
        ("seen: {within_hours: 36}", "c_seen ≥ 2026-11-24T00:30:00Z and c_seen ≤ 2026-11-25T12:30:00Z"),
        ("seen: {more_than_hours_ago: 36}", "c_seen < 2026-11-24T00:30:00Z"),
        ("seen: {within_next_hours: 36}", "c_seen > 2026-11-25T12:30:00Z and c_seen ≤ 2026-11-27T00:30:00Z"),
        ("country: {in: [DE, de], ignore_case: true}", "c_country in de (ignoring case)"),
        ("country: {matches: 'A.[B-C]$', ignore_case: true}", r"c_country matches /a[^\n][BCbc]$/ (ignoring case)"),
        ("country: {contains: A, ignore_case: true}", "c_country contains a (ignoring case)"),
        ("not: {any: [{in_group: x}, {everyone: true}, {vip: true}]}", None),
        ("any: [{in_group: x}, {vip: true}]", "in group x or c_vip = true"),
    ],
)
def test_binding_rewrites(text, words):
    """Columns and few operators are left, with values of the attribute's own type."""
    if words is None:
        assert ["GS223"] == [one[2] for one in findings(text)]
    else:
        assert words == bound(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("age: 50.0", 50),
        ("score: 50", 50.0),
        ("spend: 0.1", Decimal("0.1")),
        ("spend: 12", Decimal(12)),
        ("vip: false", False),
        ("born: 2000-02-29", date(2000, 2, 29)),
        ("seen: 2000-02-29", datetime(2000, 2, 29, tzinfo=UTC)),
        ("seen: 2000-02-29T01:00:00+02:00", datetime(2000, 2, 28, 23, tzinfo=UTC)),
        ('country: "50"', "50"),
        (f"age: {2**63 - 1}", 2**63 - 1),
    ],
)
def test_values_are_of_the_attributes_type(text, value):
    """A value is of the very type that the attribute's values are."""
    condition, found = bind(read(text), ATTRIBUTES, NOW, "customers")
    assert [] == found
    assert (value, type(value)) == (condition.value, type(condition.value))


WHOLE = "is a whole number (bigint)"
DAY = "is a date (date)"
OTHER = "is of a type that conditions can't test (array)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agee: 5", [(1, 1, "GS220", "The source `customers` has no attribute `agee`")]),
        ("country: {gt: A}", [(1, 15, "GS221", "`gt` does not go with `country`, which is a text (varchar)")]),
        ("age: {contains: '5'}", [(1, 17, "GS221", f"`contains` does not go with `age`, which {WHOLE}")]),
        ("age: {within_days: 5}", [(1, 20, "GS221", f"`within_days` does not go with `age`, which {WHOLE}")]),
        ("born: {within_hours: 5}", [(1, 22, "GS221", f"`within_hours` does not go with `born`, which {DAY}")]),
        ("seen: {within_days: 0}", [(1, 21, "GS222", "`seen` can't be tested by this value of `within_days`")]),
        ("vip: {gt: 5}", [(1, 11, "GS221", "`gt` does not go with `vip`, which is true or false (boolean)")]),
        ("tags: x", [(1, 7, "GS221", f"`eq` does not go with `tags`, which {OTHER}")]),
        ("age: {ne: a, ignore_case: true}", [(1, 11, "GS221", f"`ignore_case` does not go with `age`, which {WHOLE}")]),
        ('age: "50"', [(1, 6, "GS222", "`age` can't be tested by this value of `eq`")]),
        ("age: true", [(1, 6, "GS222", "`age` can't be tested by this value of `eq`")]),
        ("age: 10.5", [(1, 6, "GS222", "`age` can't be tested by this value of `eq`")]),
        ("age: [10, 10.5]", [(1, 6, "GS222", "`age` can't be tested by this value of `in`")]),
        (f"age: {2**63}", [(1, 6, "GS222", "`age` can't be tested by this value of `eq`")]),
        (f"age: {{lt: {2**63}}}", [(1, 11, "GS222", "`age` can't be tested by this value of `lt`")]),
        (f"score: 1{'0' * 400}", [(1, 8, "GS222", "`score` can't be tested by this value of `eq`")]),
        (f"spend: 1{'0' * 40}", [(1, 8, "GS222", "`spend` can't be tested by this value of `eq`")]),
        ("vip: yes", [(1, 6, "GS222", "`vip` can't be tested by this value of `eq`")]),
        ("born: 2027-02-30", [(1, 7, "GS222", "`born` can't be tested by this value of `eq`")]),
        ("born: 2027-02-20T10:00:00Z", [(1, 7, "GS222", "`born` can't be tested by this value of `eq`")]),
        ("seen: 2027-02-20T10:00:00", [(1, 7, "GS222", "`seen` can't be tested by this value of `eq`")]),
        ("seen: 5", [(1, 7, "GS222", "`seen` can't be tested by this value of `eq`")]),
        ("country: 5", [(1, 10, "GS222", "`country` can't be tested by this value of `eq`")]),
        ("any: [{x: 1}, {age: a}, {vip: {lt: 1}}]", [
            (1, 8, "GS220", "The source `customers` has no attribute `x`"),
            (1, 21, "GS222", "`age` can't be tested by this value of `eq`"),
            (1, 36, "GS221", "`lt` does not go with `vip`, which is true or false (boolean)"),
        ]),
    ],
)  # fmt: skip
def test_mistakes(text, expected):
    """Everything that does not fit the source is told at once, at its place."""
    assert expected == findings(text)


@pytest.mark.parametrize(
    ("text", "detail", "hint"),
    [
        ("agee: 5", "`customers` has: age, born, city, country, score, seen, spend, tags, vip.", "Did you mean `age`?"),
        ("and: [5]", None, "Did you mean `all`?"),
        ("zzz: [5]", None, "Write the name of one of its attributes."),
        ('age: "50"', "Found a text, `50`; the attribute is a whole number.", "Write it without quotes."),
        ("age: 10.5", "`10.5` has a fraction, so no whole number is equal to it.", "Correct the value."),
        (
            "country: 5",
            "Found a number, `5`; the attribute is a text.",
            'Put quotes around it, if that is the text: "5".',
        ),
        (
            "vip: yes",
            "Found a text, `yes`; the attribute is true or false.",
            "Write `true` or `false`, without quotes.",
        ),
        (
            "born: 2027-02-20T10:00:00Z",
            "The attribute holds days, without a time.",
            "Write the day alone: `2027-02-20`.",
        ),
        ("country: {lt: A}", None, "Use another operator, or test another attribute."),
        ("age: {before: 2027-01-01}", None, "Write `lt` for numbers."),
    ],
)
def test_what_to_do(text, detail, hint):
    """Details say what was found and what there is, hints what to write."""
    _, (found, *_) = bind(read(text), ATTRIBUTES, NOW, "customers")
    assert hint == found.hint
    assert detail in {None, found.detail}


def test_texts_are_not_ordered():
    """Why not is said: engines differ."""
    _, (found,) = bind(read("country: {lt: A}"), ATTRIBUTES, NOW, "customers")
    assert "Engines order texts differently. It can be tested by `eq`, `ne`, `in`, `not_in`, `contains`" in found.detail


def test_a_long_list_of_attributes_is_cut():
    """Of hundreds of attributes twenty are named."""
    many = {f"a{n:03}": Attribute(f"a{n:03}", Type.TEXT) for n in range(300)}
    _, (found,) = bind(read("zzz: x"), many, NOW, "crm")
    assert found.detail.endswith("a018, a019 and 280 more.")


def test_an_attribute_without_a_column_keeps_its_name():
    """The source's own name is the attribute's where nothing else is said."""
    condition, _ = bind(read("a: x"), {"a": Attribute("a", Type.TEXT)}, NOW, "crm")
    assert "a = x" == in_words(condition)


def test_texts_that_no_database_has_are_refused():
    """NUL can't be asked for, however the condition came about."""
    test = Held("country", Operator.IN, ("a", "b\0"), AT)
    assert ["GS222"] == [one.code for one in bind(test, ATTRIBUTES, NOW, "customers")[1]]


def test_limits_order_by_what_has_an_order():
    """Numbers, dates and instants; texts have an order of each engine's own."""
    assert [[]] * 3 == [bind_order(name, ATTRIBUTES, NOW, "customers", AT) for name in ("age", "born", "spend")]
    (text,), (unknown,) = (bind_order(name, ATTRIBUTES, NOW, "customers", AT) for name in ("country", "agee"))
    assert ("GS221", AT) == (text.code, text.subject)
    assert ("GS220", "Did you mean `age`?", AT) == (unknown.code, unknown.hint, unknown.subject)


# --- What nobody fulfils, and what leaves nobody out ------------------------------------------------------------------

IMPOSSIBLE = [
    "age: {gt: 10, lt: 5}", "age: {between: [5, 1]}", "all: [{age: 5}, {age: 6}]", "all: [{age: 5}, {age: {gt: 5}}]",
    "all: [{age: 5}, {age: [1, 2]}]", "all: [{age: [1, 2]}, {age: [2, 3]}, {age: [3, 4]}]", "age: {gt: 4, lt: 5}",
    "all: [{age: {is_null: true}}, {age: 5}]", "age: {is_null: true, ne: 5}", "age: {eq: 5, ne: 5}",
    "all: [{age: {is_null: true}}, {age: {is_null: false}}]", "all: [{age: 5}, {not: {age: 5}}]",
    "age: {gte: 5, lte: 5, ne: 5}", "born: {gt: 2027-01-01, lt: 2027-01-02}", "vip: {ne: true, not_in: [false]}",
    "all: [{in_group: a}, {not_in_group: a}]", "not: {everyone: true}", "all: [{country: DE}, {country: AT}]",
    "all: [{country: abc}, {country: {contains: x}}]", "country: {contains: a, starts_with: b, eq: ba, ends_with: b}",
    "all: [{country: {contains: x}}, {not: {country: {contains: x}}}]", "score: {gt: 1.5, lte: 1.5}",
    "all: [{country: {eq: DE, ignore_case: true}}, {country: {eq: at, ignore_case: true}}]",
    "all: [{country: DE}, {country: {eq: at, ignore_case: true}}]", "age: {gt: 5.2, lt: 5.8}",
    "not: {any: [{age: {lt: 5}}, {age: {gte: 5}}]}", "all: [{vip: true}, {all: [{age: 1}, {vip: false}]}]",
    "any: [{age: 5}, {all: [{age: {lt: 5}}, {age: {gt: 5}}]}]", "seen: {gt: 2027-01-01, lt: 2027-01-01}",
]  # fmt: skip
POSSIBLE = [
    "age: {gt: 4, lt: 6}", "score: {gt: 4, lt: 5}", "all: [{age: 5}, {age: {gte: 5}}]", "age: {ne: 5, lt: 6}",
    "all: [{country: DE}, {country: {eq: de, ignore_case: true}}]", "all: [{in_group: a}, {not_in_group: b}]",
    "any: [{age: {gt: 10}}, {age: {lt: 5}}]", "all: [{age: 5}, {any: [{age: 5}, {age: 6}]}]",
    "all: [{country: {contains: x}}, {not: {country: {contains: y}}}]", "born: {gte: 2027-01-01, lt: 2027-01-02}",
    "seen: {gt: 2027-01-01, lt: 2027-01-02}", "all: [{age: {is_null: false}}, {age: {gt: 5}}]", "everyone: true",
    "any: [{age: {is_null: true}}, {age: {gt: 5}}]", "all: [{everyone: true}, {age: 5}]", "vip: {ne: true}",
    "any: [{age: {lt: 5}}, {score: {gte: 5}}]", "any: [{age: {lt: 5}}, {age: {gt: 5}}]", "country: {ne: DE}",
]  # fmt: skip
ALWAYS = [
    ("any: [{age: {gte: 5}}, {age: {lt: 5}}]", "`age ≥ 5 or age < 5` is true for everybody whose `age` is known"),
    ("any: [{age: {gt: 5}}, {age: {lt: 8}}]", "`age > 5 or age < 8` is true for everybody whose `age` is known"),
    ("any: [{age: {gt: 5}}, {age: {lte: 5}}, {vip: true}]", None),
    ("any: [{age: 5}, {age: {ne: 5}}]", "`age = 5 or not age = 5` is true for everybody whose `age` is known"),
    ("any: [{age: {gt: 4}}, {age: {lt: 5}}]", None),
    ("vip: [true, false]", "`vip in true, false` is true for everybody whose `vip` is known"),
    (
        "any: [{vip: [true, false]}, {vip: {is_null: true}}]",
        "`vip in true, false or vip is null` is true for everybody",
    ),
    (
        "any: [{age: {is_null: true}}, {age: {is_null: false}}]",
        "`age is null or age is not null` is true for everybody",
    ),
    ("any: [{in_group: a}, {not_in_group: a}]", "`in group a or not in group a` is true for everybody"),
    ("any: [{everyone: true}, {age: 5}]", "`any` with `everyone` is true for everybody"),
    ("not: {all: [{age: {gt: 5}}, {age: {lte: 5}}]}", None),
    ("all: [{age: 5}, {vip: [true, false]}]", None),
    ("any: [{country: {contains: x}}, {not: {country: {contains: x}}}]", None),
    ("any: [{age: {ne: 5}}, {age: {ne: 6}}]", None),
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_what_nobody_fulfils_is_an_error(text):
    """It is found wherever it stands, and told once."""
    assert ["GS223"] == [one[2] for one in findings(text)]


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_somebody_fulfils_is_not_told(text):
    """Nor what leaves somebody out whose value is known."""
    assert [] == findings(text)


@pytest.mark.parametrize(("text", "summary"), ALWAYS)
def test_what_leaves_nobody_out_is_a_warning(text, summary):
    """The warning says whether those are meant as well whose value is not known."""
    (found,) = bind(read(text), ATTRIBUTES, NOW, "customers")[1]
    assert ("GS224", Severity.WARNING) == (found.code, found.severity)
    assert summary in {None, found.summary}
    assert "is_null: false" in found.hint or "everyone: true" in found.hint


def test_bounds_that_changed_places_are_told_as_that():
    """Once, at the place where both are written."""
    _, (found,) = bind(read("age: {between: [34, 18]}"), ATTRIBUTES, NOW, "customers")
    assert ("Write the smaller value first.", ()) == (found.hint, found.related)


def test_a_contradiction_names_the_two_that_disagree():
    """Of many tests it names two, at the place of the second."""
    written = read("all:\n  - age: {gt: 10}\n  - vip: true\n  - age: {ne: 12}\n  - age: {lt: 5}\n")
    _, (found,) = bind(written, ATTRIBUTES, NOW, "customers")
    assert "`age > 10` and `age < 5` can't be true at once" == found.summary
    assert SourceRange("g.yaml", 5, 15) == found.subject
    assert (SourceRange("g.yaml", 2, 15),) == found.related


def test_three_that_disagree_together_are_all_named():
    """Where no two disagree, those that do together are named."""
    _, (found,) = bind(read("all: [{age: [1, 2]}, {age: [2, 3]}, {age: [3, 1]}]"), ATTRIBUTES, NOW, "customers")
    assert "`age in 1, 2` and `age in 2, 3` and `age in 3, 1` can't be true at once" == found.summary


def test_a_test_that_is_impossible_alone_says_so():
    """Nobody is neither, and nobody is outside of everyone."""
    (found,) = bind(read("vip: {not_in: [true, false]}"), ATTRIBUTES, NOW, "customers")[1]
    assert "`not vip in true, false` can't be true for anybody" == found.summary


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("born: {within_hours: 5}", "A date has no hours; write `within_days`."),
        ("born: {more_than_hours_ago: 5}", "A date has no hours; write `more_than_days_ago`."),
        ("born: {within_next_hours: 5}", "A date has no hours; write `within_next_days`."),
    ],
)
def test_hours_of_a_date_are_days(text, hint):
    """The word for days is named, and it can be taken as it stands."""
    (found,) = bind(read(text), ATTRIBUTES, NOW, "customers")[1]
    assert hint == found.hint
    assert bound(f"born: {{{hint.split('`')[1]}: 5}}")


@pytest.mark.parametrize(
    "text", ["seen: {within_days: 3, more_than_days_ago: 3}", "seen: {within_hours: 3, within_next_hours: 9}"]
)
def test_parts_of_time_exclude_each_other(text):
    """Nobody can be in two of them."""
    assert "GS223" in [one[2] for one in findings(text)]


def test_names_are_found_whatever_their_case():
    """Databases shout, people do not."""
    (found,) = bind(read("emial: x"), {"EMAIL": Attribute("EMAIL", Type.TEXT)}, NOW, "crm")[1]
    assert "Did you mean `EMAIL`?" == found.hint


def test_long_lists_are_compared_quickly():
    """Two lists of ten thousand values each take no ten thousand times ten thousand steps."""
    low, high = list(range(10_000)), list(range(10_000, 20_000))
    assert ["GS223"] == [one[2] for one in findings(f"all: [{{age: {low}}}, {{age: {high}}}]")]


# --- Laws -------------------------------------------------------------------------------------------------------------

TEXTS = ["a", "A", "ab", "Ä", "ä", ""]
VALUES = {
    "age": st.integers(-2, 3) | st.sampled_from([0.5, -1.5, 2.0]),
    "score": st.integers(-2, 2) | st.sampled_from([0.5, -0.0, 1.5]),
    "spend": st.integers(-1, 2) | st.sampled_from([0.1, 0.5]),
    "country": st.sampled_from(TEXTS),
    "vip": st.booleans(),
    "born": st.sampled_from(["2026-11-24", "2026-11-25", "2026-11-26"]),
    "seen": st.sampled_from(["2026-11-24", "2026-11-25T12:30:00Z", "2026-11-25T13:30:00+02:00"]),
}
ROW_VALUES = {
    "age": list(range(-4, 6)),
    "score": [-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, float("inf")],
    "spend": [Decimal(n) / 100 for n in (-110, -100, -50, 0, 5, 10, 20, 50, 80, 100, 150, 200, 300)],
    "country": [*TEXTS, "b", "xab", "AB", "B", "xa", "ÄB"],
    "vip": [True, False],
    "born": [date(2026, 11, day) for day in (20, 22, 23, 24, 25, 26, 27)],
    "seen": [datetime(2026, 11, day, hour, 30, tzinfo=UTC) for day in (22, 23, 24, 25) for hour in (0, 11, 12, 13)],
}


@st.composite
def fitting(draw, fields=tuple(VALUES)):
    """Draw a test that fits its attribute's type."""
    field = draw(st.sampled_from(fields))
    value = VALUES[field]
    operators = [Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN, Operator.IS_NULL]
    if field not in {"country", "vip"}:
        operators += [Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN]
    if field in {"born", "seen"}:
        operators += [Operator.BEFORE, Operator.AFTER, *sorted(BY_DAYS if field == "born" else FROM_NOW)]
    if field == "country":
        operators += [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.MATCHES]
    operator = draw(st.sampled_from(operators))
    folds = field == "country" and operator is not Operator.IS_NULL and draw(st.booleans())
    match operator:
        case Operator.IS_NULL:
            drawn = draw(st.booleans())
        case Operator.IN | Operator.NOT_IN:
            drawn = tuple(draw(st.lists(value, min_size=1, max_size=3)))
        case Operator.BETWEEN:
            drawn = (draw(value), draw(value))
        case counting if counting in FROM_NOW:
            drawn = draw(st.integers(1, 3))
        case Operator.MATCHES:
            drawn = draw(st.sampled_from(["a", "^A", "[A-B]$", "^[^a]*$"]))
        case _:
            drawn = draw(value)
    return Held(field, operator, drawn, AT, folds)


leaves = fitting() | st.sampled_from([InGroup("g", AT), InGroup("h", AT)])
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: All(tuple(parts), AT)),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: AnyOf(tuple(parts), AT)),
        inner.map(lambda part: Not(part, AT)),
    ),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {f"c_{name}": st.sampled_from([None, float("nan"), *values]) for name, values in ROW_VALUES.items()}
)
memberships = st.fixed_dictionaries({"g": st.sampled_from([(), ("me",)]), "h": st.sampled_from([(), ("me",)])})


def columned(condition):
    """Bind a condition without looking for contradictions: parts at the top are bound one by one."""
    match condition:
        case All() | AnyOf():
            return type(condition)(tuple(map(columned, condition.conditions)), AT)
        case Not():
            return Not(columned(condition.condition), AT)
        case _:
            found, diagnostics = bind(condition, ATTRIBUTES, NOW, "customers")
            assume(all(one.severity is not Severity.ERROR for one in diagnostics))
            return found


def only(condition):
    """Return all operators and values of a bound condition."""
    match condition:
        case All() | AnyOf():
            return [each for part in condition.conditions for each in only(part)]
        case Not():
            return only(condition.condition)
        case Held():
            return [(condition.operator, condition.value)]
        case _:
            return []


def of_one_attribute(make, fields=tuple(VALUES)):
    """Draw a condition of tests of one attribute and their opposites, together with its name."""

    def some(field):
        one = fitting((field,))
        several = st.lists(one | one.map(lambda test: Not(test, AT)), min_size=1, max_size=4)
        return several.map(lambda parts: (field, make(tuple(parts), AT)))

    return st.sampled_from(fields).flatmap(some)


def truths(condition, field):
    """Return what a condition is for each value that an attribute may have, null last."""
    return [truth(condition, {f"c_{field}": value}, "me", {}) for value in [*ROW_VALUES[field], None]]


@settings(max_examples=500)
@given(of_one_attribute(All))
def test_what_is_called_impossible_is_true_for_nobody(drawn):
    """There is no false alarm: no value at all, nor null, passes."""
    field, condition = drawn
    bare = columned(condition)
    _, found = bind(condition, ATTRIBUTES, NOW, "customers")
    if "GS223" in [one.code for one in found]:
        assert True not in truths(bare, field)


@settings(max_examples=500)
@given(of_one_attribute(AnyOf))
def test_what_is_called_always_true_leaves_out_only_the_unknown(drawn):
    """There is no false alarm: every value passes, and null as well where everybody is said."""
    field, condition = drawn
    bare = columned(condition)
    _, found = bind(condition, ATTRIBUTES, NOW, "customers")
    for one in found:
        if one.code == "GS224":
            *known, null = truths(bare, field)
            assert {True} == set(known)
            assert null is True or "whose" in one.summary


@settings(max_examples=200)
@given(of_one_attribute(All, ["vip"]))
def test_flags_that_nobody_can_have_are_found(drawn):
    """Of flags every contradiction is found: none of the two values passes, and null does not."""
    field, condition = drawn
    if True not in truths(columned(condition), field):
        assert "GS223" in [one.code for one in bind(condition, ATTRIBUTES, NOW, "customers")[1]]


@given(conditions)
def test_only_bound_operators_are_left(condition):
    """Whatever is bound has the few operators that engines know, and no value twice in a list."""
    for operator, value in only(columned(condition)):
        assert operator in BOUND_OPERATORS
        assert (operator is Operator.IN) == isinstance(value, tuple)
        assert not isinstance(value, tuple) or len(set(value)) == len(value)


@given(conditions, rows, memberships)
def test_binding_keeps_the_meaning_of_connectives(condition, row, groups):
    """Binding the whole is the same as binding each test."""
    whole, found = bind(condition, ATTRIBUTES, NOW, "customers")
    assume(all(one.severity is not Severity.ERROR for one in found))
    assert truth(columned(condition), row, "me", groups) is truth(whole, row, "me", groups)


@given(
    st.recursive(
        st.builds(
            Held,
            st.sampled_from([*ATTRIBUTES, "nope"]),
            st.sampled_from([Operator.EQ, Operator.GT, Operator.CONTAINS, Operator.MATCHES, Operator.NE]),
            st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.integers(2**1020, 2**1100),
            st.just(AT),
            st.booleans(),
        ),
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts), AT)),
        max_leaves=4,
    )
)
@example(All(tuple(Held("age", Operator.GT, 0, AT, folds) for folds in (False, True)), AT))
def test_any_value_is_bound_or_told(condition):
    """Nothing raises, whatever is held against whatever."""
    _, found = bind(condition, ATTRIBUTES, NOW, "customers")
    assert all("\n" not in one.summary and one.code.startswith("GS22") for one in found)


@pytest.mark.parametrize(
    ("text", "known", "hint"),
    [
        ("country: true", ("no", "yes please"), 'Write one of its texts: `no`, `"yes please"`.'),
        ("country: true", ("AT", "DE"), "Write one of its texts: `AT`, `DE`."),
        ("country: [DE, 7]", ("7", "DE"), 'Put quotes around it: "7".'),
        ("country: {ne: false}", (), ('Put quotes around it, if that is the text: "false". '
         "`groupsync attributes customers --values` shows what many customers have.")),
    ],
)  # fmt: skip
def test_a_hint_names_texts_that_are_there(text, known, hint):
    """Those that may be named; they are asked for where there is an error, and otherwise not."""
    asked = []

    def texts_of(attribute):
        asked.append(attribute.name)
        return known

    _, (found,) = bind(read(text), ATTRIBUTES, NOW, "customers", texts_of=texts_of)
    bind(read("country: DE"), ATTRIBUTES, NOW, "customers", texts_of=texts_of)
    assert (hint, ["country"]) == (found.hint, asked)
