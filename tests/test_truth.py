"""What conditions mean for one customer: the table that every engine is held to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from groupsync.model import SourceRange
from groupsync.model.criteria import BOUND_OPERATORS, All, AnyOf, Everyone, InGroup, Not, Operator
from groupsync.model.criteria import Test as Held
from groupsync.patterns import portable
from groupsync.truth import Reason, explained, truth

AT = SourceRange("g.yaml", 1, 1)
NAN = float("nan")

T = Held("yes", Operator.EQ, True, AT)
F = Held("no", Operator.EQ, True, AT)
U = Held("unknown", Operator.EQ, True, AT)
ROW = {"yes": True, "no": False, "unknown": None}


def of(condition, row=ROW, member="ada@example.com", groups=None):
    """Return what a condition is."""
    return truth(condition, row, member, groups or {})


def held(operator, value, found, **rest):
    """Return what one test is of one value."""
    return of(Held("x", operator, value, AT, **rest), {"x": found})


@pytest.mark.parametrize(
    ("parts", "every", "some"),
    [
        ((T,), True, True), ((F,), False, False), ((U,), None, None),
        ((T, T), True, True), ((T, F), False, True), ((T, U), None, True),
        ((F, T), False, True), ((F, F), False, False), ((F, U), False, None),
        ((U, T), None, True), ((U, F), False, None), ((U, U), None, None),
        ((T, F, U), False, True), ((U, T, T), None, True), ((U, F, F), False, None),
    ],
)  # fmt: skip
def test_all_and_any_are_three_valued(parts, every, some):
    """False decides `all`, true decides `any`, and unknown whatever is left."""
    assert (every, some) == (of(All(parts, AT)), of(AnyOf(parts, AT)))


def test_not_keeps_the_unknown():
    """The opposite of what nobody knows is not known either."""
    assert [False, True, None] == [of(Not(one, AT)) for one in (T, F, U)]


def test_everyone_and_groups_are_never_unknown():
    """Who is in no group is outside, and so inside its opposite."""
    group = InGroup("beta", AT)
    assert of(Everyone(AT))
    assert [True, False] == [of(group, groups={"beta": {member}}) for member in ("ada@example.com", "b@example.com")]
    assert of(Not(group, AT), groups={"beta": frozenset()})


VALUES = {
    Operator.EQ: 1, Operator.IN: (1, 2), Operator.GT: 1, Operator.GTE: 1, Operator.LT: 1, Operator.LTE: 1,
    Operator.CONTAINS: "a", Operator.STARTS_WITH: "a", Operator.ENDS_WITH: "a", Operator.MATCHES: "a",
}  # fmt: skip


@pytest.mark.parametrize("null", [None, NAN, Decimal("NaN")], ids=["null", "nan", "decimal nan"])
@pytest.mark.parametrize("operator", sorted(BOUND_OPERATORS - {Operator.IS_NULL}))
def test_null_is_unknown_under_every_operator_and_its_opposite(operator, null):
    """Null, and a number that is none, is neither equal nor unequal to anything."""
    test = Held("x", operator, VALUES[operator], AT)
    assert [None, None] == [of(test, {"x": null}), of(Not(test, AT), {"x": null})]


@pytest.mark.parametrize("null", [None, NAN, Decimal("NaN")], ids=["null", "nan", "decimal nan"])
def test_is_null_is_always_known(null):
    """It is the one test that tells null from everything else."""
    assert [True, False] == [held(Operator.IS_NULL, asked, null) for asked in (True, False)]
    assert [False, True] == [held(Operator.IS_NULL, asked, 0) for asked in (True, False)]
    assert [False, True] == [held(Operator.IS_NULL, asked, "") for asked in (True, False)]


@pytest.mark.parametrize(
    ("low", "value", "high"),
    [
        (4, 5, 6),
        (-0.5, 0.0, 0.5),
        (Decimal("0.09"), Decimal("0.10"), Decimal("0.11")),
        (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        (float("-inf"), 0.0, float("inf")),
    ],
)
def test_comparisons(low, value, high):
    """Below, at and above a value."""
    expected = {
        Operator.EQ: [False, True, False],
        Operator.GT: [False, False, True],
        Operator.GTE: [False, True, True],
        Operator.LT: [True, False, False],
        Operator.LTE: [True, True, False],
    }
    assert expected == {operator: [held(operator, value, one) for one in (low, value, high)] for operator in expected}


def test_numbers_are_compared_as_engines_do():
    """A double column compares as doubles, a decimal one exactly, large integers without loss."""
    assert held(Operator.EQ, 0.1, 0.1)
    assert held(Operator.EQ, 0.1, Decimal("0.1"))
    assert not held(Operator.EQ, Decimal("0.10000001"), Decimal("0.1"))
    assert held(Operator.EQ, Decimal("0.10"), Decimal("0.1"))
    assert not held(Operator.EQ, 2**53 + 1, 2**53)
    assert held(Operator.EQ, 0.0, -0.0)


def test_an_instant_without_a_zone_is_in_utc():
    """Rows of engines without zones are compared all the same."""
    assert held(Operator.EQ, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1))


def test_in_is_equal_to_one():
    """Each value is compared as `eq` does."""
    assert [True, True, False] == [held(Operator.IN, ("DE", "AT"), one) for one in ("DE", "AT", "de")]
    assert [True, False] == [held(Operator.IN, ("DE",), one, ignore_case=True) for one in ("dE", "D")]


@pytest.mark.parametrize(
    ("operator", "sought", "text", "expected", "ignoring_case"),
    [
        (Operator.EQ, "Ärger", "ÄRGER", False, True),
        (Operator.EQ, "straße", "STRASSE", False, False),
        (Operator.CONTAINS, "%", "100 %", True, True),
        (Operator.CONTAINS, "_", "a", False, False),
        (Operator.CONTAINS, "BC", "abcd", False, True),
        (Operator.STARTS_WITH, "Ab", "abc", False, True),
        (Operator.ENDS_WITH, "bc", "abC", False, True),
        (Operator.MATCHES, "b.d", "abcd", True, True),
        (Operator.MATCHES, "^b", "abcd", False, False),
        (Operator.MATCHES, "c$", "abc\n", False, False),
        (Operator.MATCHES, "A[B-D]$", "xac", False, True),
        (Operator.MATCHES, r"\$$", "1$", True, True),
    ],
)
def test_texts(operator, sought, text, expected, ignoring_case):
    """Texts are taken letter by letter, and folded on both sides where that is asked for."""

    def bound(ignore_case):
        return portable(sought, ignore_case=ignore_case) if operator is Operator.MATCHES else sought

    assert [expected, ignoring_case] == [
        held(operator, bound(ignore_case), text, ignore_case=ignore_case) for ignore_case in (False, True)
    ]


def test_a_column_that_is_not_there_is_no_null():
    """A row without the column is a mistake of the caller's, which must not pass for somebody who is out."""
    with pytest.raises(KeyError):
        of(Held("x", Operator.EQ, 1, AT), {})


def test_explanations_have_what_each_part_is():
    """Every part is told, also those that did not decide, with what the attribute was."""
    condition = All((F, Not(U, AT), InGroup("beta", AT), AnyOf((T, Everyone(AT)), AT)), AT)
    expected = Reason(
        condition,
        False,
        parts=(
            Reason(F, False, False),
            Reason(Not(U, AT), None, parts=(Reason(U, None),)),
            Reason(InGroup("beta", AT), True),
            Reason(
                condition.conditions[3],
                True,
                parts=(Reason(T, True, True), Reason(condition.conditions[3].conditions[1], True)),
            ),
        ),
    )
    assert expected == explained(condition, ROW, "ada@example.com", {"beta": {"ada@example.com"}})


def test_explanations_show_no_number_that_is_none():
    """NaN is told as null, as it counts."""
    assert Reason(Held("x", Operator.GT, 1, AT), None) == explained(Held("x", Operator.GT, 1, AT), {"x": NAN}, "a", {})


@pytest.mark.parametrize(("operator", "value"), [(Operator.IN, 1), (Operator.EQ, (1, 2)), (Operator.GT, (1,))])
def test_a_condition_that_was_never_bound_is_refused(operator, value):
    """One value where several belong, or several where one does, is no condition."""
    with pytest.raises(TypeError, match=operator):
        held(operator, value, 1)
