"""The source contract: what each operator means, and that conditions are three-valued."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest

from groupsync.model.criteria import Operator, Type
from groupsync.source import Question
from groupsync.testing.customers import (
    EVERYONE,
    ID,
    Asked,
    CustomersRoom,
    a_test,
    both,
    either,
    in_group,
    opposite,
    people,
    person,
)
from groupsync.truth import truth

if TYPE_CHECKING:
    from groupsync.model.criteria import Condition

TEXTS: Final = (
    "Ada", "ada", "ADAM", "straße", "STRASSE", "Ärger", "ärger", "50%", "a_b", "axb", "a.b", "", "it's", 'say "hi"',
    "back\\slash", "line\nbreak", "x'; DROP TABLE customers; --", "名前", "\U0001f600", None,
)  # fmt: skip
NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
VALUES: Final[dict[Type, tuple[Any, ...]]] = {
    Type.INTEGER: (-3, 0, 49, 50, 51, 2**40, None),
    Type.NUMBER: (-0.5, 0.1, 0.30000000000000004, 50.0, 1e300, float("nan"), None),
    Type.DECIMAL: (Decimal("-1.00"), Decimal("0.10"), Decimal("0.30"), Decimal("50.00"), None),
    Type.DATE: (date(1999, 12, 31), date(2000, 1, 1), date(2024, 2, 29), None),
    Type.INSTANT: (NOON - TICK, NOON, NOON + TICK, None),
    Type.BOOLEAN: (True, False, None),
    Type.TEXT: TEXTS,
}
"""Values that stand in one column, each once."""

_Case: TypeAlias = tuple[Type, Operator, Any, bool, list[Any]]
_OPERATORS: Final[list[_Case]] = [
    (Type.INTEGER, Operator.EQ, 50, False, [50]),
    (Type.INTEGER, Operator.IN, (0, 51, 7), False, [0, 51]),
    (Type.INTEGER, Operator.GT, 50, False, [51, 2**40]),
    (Type.INTEGER, Operator.GTE, 50, False, [50, 51, 2**40]),
    (Type.INTEGER, Operator.LT, 0, False, [-3]),
    (Type.INTEGER, Operator.LTE, 0, False, [-3, 0]),
    (Type.NUMBER, Operator.EQ, 0.1, False, [0.1]),
    (Type.NUMBER, Operator.EQ, 0.3, False, []),
    (Type.NUMBER, Operator.IN, (0.1, 50.0), False, [0.1, 50.0]),
    (Type.NUMBER, Operator.GT, 50.0, False, [1e300]),
    (Type.NUMBER, Operator.GTE, 50.0, False, [50.0, 1e300]),
    (Type.NUMBER, Operator.LT, 0.1, False, [-0.5]),
    (Type.NUMBER, Operator.LTE, 0.1, False, [-0.5, 0.1]),
    (Type.DECIMAL, Operator.EQ, Decimal("0.3"), False, [Decimal("0.30")]),
    (Type.DECIMAL, Operator.IN, (Decimal("0.1"), Decimal(50)), False, [Decimal("0.10"), Decimal("50.00")]),
    (Type.DECIMAL, Operator.GT, Decimal("0.10"), False, [Decimal("0.30"), Decimal("50.00")]),
    (Type.DECIMAL, Operator.LTE, Decimal("0.10"), False, [Decimal("-1.00"), Decimal("0.10")]),
    (Type.DATE, Operator.EQ, date(2024, 2, 29), False, [date(2024, 2, 29)]),
    (Type.DATE, Operator.IN, (date(2000, 1, 1), date(2001, 1, 1)), False, [date(2000, 1, 1)]),
    (Type.DATE, Operator.GTE, date(2000, 1, 1), False, [date(2000, 1, 1), date(2024, 2, 29)]),
    (Type.DATE, Operator.LT, date(2000, 1, 1), False, [date(1999, 12, 31)]),
    (Type.INSTANT, Operator.EQ, NOON, False, [NOON]),
    (Type.INSTANT, Operator.GT, NOON, False, [NOON + TICK]),
    (Type.INSTANT, Operator.GTE, NOON, False, [NOON, NOON + TICK]),
    (Type.INSTANT, Operator.LT, NOON, False, [NOON - TICK]),
    (Type.BOOLEAN, Operator.EQ, True, False, [True]),
    (Type.BOOLEAN, Operator.EQ, False, False, [False]),
    (Type.TEXT, Operator.EQ, "ada", False, ["ada"]),
    (Type.TEXT, Operator.EQ, "ada", True, ["Ada", "ada"]),
    (Type.TEXT, Operator.EQ, "ÄRGER", True, ["Ärger", "ärger"]),
    (Type.TEXT, Operator.EQ, "strasse", True, ["STRASSE"]),
    (Type.TEXT, Operator.EQ, "", False, [""]),
    (Type.TEXT, Operator.EQ, "x'; DROP TABLE customers; --", False, ["x'; DROP TABLE customers; --"]),
    (Type.TEXT, Operator.IN, ("ada", "it's", "nobody"), False, ["ada", "it's"]),
    (Type.TEXT, Operator.IN, ("ADA", "adam"), True, ["Ada", "ada", "ADAM"]),
    (Type.TEXT, Operator.CONTAINS, "_", False, ["a_b"]),
    (Type.TEXT, Operator.CONTAINS, "%", False, ["50%"]),
    (Type.TEXT, Operator.CONTAINS, "\\", False, ["back\\slash"]),
    (Type.TEXT, Operator.CONTAINS, "DA", True, ["Ada", "ada", "ADAM"]),
    (Type.TEXT, Operator.STARTS_WITH, "a.", False, ["a.b"]),
    (Type.TEXT, Operator.STARTS_WITH, "aD", True, ["Ada", "ada", "ADAM"]),
    (Type.TEXT, Operator.ENDS_WITH, "名前", False, ["名前"]),
    (Type.TEXT, Operator.ENDS_WITH, '"hi"', False, ['say "hi"']),
    (Type.TEXT, Operator.MATCHES, "^a[^\\n]b$", False, ["a_b", "axb", "a.b"]),
    (Type.TEXT, Operator.MATCHES, "^[^\\n]$", False, ["\U0001f600"]),
    (Type.TEXT, Operator.MATCHES, "^[0-9]+%$", False, ["50%"]),
    (Type.TEXT, Operator.MATCHES, "^ada(?:m)?$", True, ["Ada", "ada", "ADAM"]),
]


class Conditions(CustomersRoom):
    """Each operator finds just whom it should, and nobody of whom nothing is known."""

    @pytest.mark.parametrize("case", _OPERATORS, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}-{case[3]}")
    def test_an_operator_finds_the_values_it_should(self, asked: Asked, case: _Case) -> None:
        """These values and no others, of everything that is awkward about a type."""
        kind, operator, sought, ignore_case, expected = case
        self._has(kind)
        values = VALUES[kind]
        found = asked.who(asked.column(values, kind), a_test(operator, sought, ignore_case=ignore_case))

        assert {person(values.index(value)) for value in expected} == found

    @pytest.mark.parametrize("kind", list(VALUES))
    def test_null_is_known_for_what_it_is(self, asked: Asked, kind: Type) -> None:
        """`is_null` tells null, and NaN with it, from every other value, the empty text among them."""
        self._has(kind)
        values = VALUES[kind]
        source = asked.column(values, kind)
        nulls = people(*(at for at, value in enumerate(values) if value is None or value != value))  # noqa: PLR0124
        others = people(*range(len(values))) - nulls

        assert (nulls, others) == (
            asked.who(source, a_test(Operator.IS_NULL, True)),
            asked.who(source, a_test(Operator.IS_NULL, False)),
        )

    @pytest.mark.parametrize("kind", list(VALUES))
    def test_the_opposite_of_unknown_is_unknown(self, asked: Asked, kind: Type) -> None:
        """Who has no value is neither in a condition nor in its opposite; everybody else is in one of them."""
        self._has(kind)
        values = VALUES[kind]
        source = asked.column(values, kind)
        test = a_test(Operator.EQ, next(value for value in values if value is not None))
        found, others = asked.who(source, test), asked.who(source, opposite(test))
        known = people(*(at for at, value in enumerate(values) if value is not None and value == value))  # noqa: PLR0124

        assert (known, people()) == (found | others, found & others)

    def test_all_and_any_of_unknown(self, asked: Asked) -> None:
        """`all` is false where one part is, `any` true where one part is, whatever is unknown besides."""
        rows = [{ID: person(0), "age": None, "country": "DE"}, {ID: person(1), "age": None, "country": "AT"}]
        source = asked.table(rows, {"age": Type.INTEGER, "country": Type.TEXT})
        old, german = a_test(Operator.GT, 50, "age"), a_test(Operator.EQ, "DE", "country")
        conditions: dict[str, Condition] = {
            "all": both(old, german),
            "not-all": opposite(both(old, german)),
            "any": either(old, german),
            "not-any": opposite(either(old, german)),
            "or-unknown": either(old, a_test(Operator.IS_NULL, True, "age")),
        }
        found = asked.evaluate(source, *(Question(name, where) for name, where in conditions.items())).answers

        assert {"all": people(), "not-all": people(1), "any": people(0), "not-any": people()} | {
            "or-unknown": people(0, 1)
        } == {name: answer.members.load() for name, answer in found.items()}

    def test_groups_are_never_unknown(self, asked: Asked) -> None:
        """`in_group` is true for members and false for everybody else; members who are no customers don't matter."""
        source = asked.table([{ID: person(at)} for at in range(4)], {})
        groups = {"beta": [person(1), person(2), "stranger@example.com"], "nobody": []}

        assert (people(1, 2), people(0, 3), people()) == (
            asked.who(source, in_group("beta"), groups),
            asked.who(source, opposite(in_group("beta")), groups),
            asked.who(source, in_group("nobody"), groups),
        )

    def test_everyone_is_everyone(self, asked: Asked) -> None:
        """Everybody with an identifier, and nobody in its opposite."""
        source = asked.table([{ID: person(at)} for at in range(3)], {})

        assert (people(0, 1, 2), people()) == (
            asked.who(source, EVERYONE),
            asked.who(source, opposite(EVERYONE)),
        )

    def test_conditions_of_conditions_mean_what_truth_says(self, asked: Asked) -> None:
        """A few hundred conditions, asked at once over every combination of values, agree with `groupsync.truth`."""
        ages, countries = (None, 17, 18, 60), (None, "DE", "at")
        rows = [
            {ID: person(at), "age": age, "country": country}
            for at, (age, country) in enumerate(product(ages, countries))
        ]
        source = asked.table(rows, {"age": Type.INTEGER, "country": Type.TEXT})
        simple: list[Condition] = [
            a_test(Operator.GTE, 18, "age"), a_test(Operator.LT, 60, "age"), a_test(Operator.IS_NULL, True, "age"),
            a_test(Operator.IN, ("DE", "AT"), "country"), a_test(Operator.EQ, "AT", "country", ignore_case=True),
            in_group("beta"), EVERYONE,
        ]  # fmt: skip
        parts = [*simple, *map(opposite, simple)]
        conditions: list[Condition] = [
            join(left, right) for join in (both, either) for left in parts for right in parts
        ]
        conditions += [opposite(condition) for condition in conditions]
        groups = {"beta": people(0, 5, 7)}
        questions = [Question(f"q{number}", where) for number, where in enumerate(conditions)]
        answers = asked.evaluate(source, *questions, groups=groups).answers
        for question in questions:
            expected = {row[ID] for row in rows if truth(question.where, row, str(row[ID]), groups)}
            assert expected == answers[question.name].members.load(), question.where
