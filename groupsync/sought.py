"""Texts of conditions that a source is to be searched for, and what is said of one that no customer has. Pure.

Texts are looked for one by one: those of `eq`, `ne`, `in` and `not_in` with what they are equal to, those of `contains`
and its like with what they are found in. Long lists are taken for lists of what may come, and so are texts of an
attribute whose values the config states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never
from unicodedata import normalize

from groupsync.binding import bind
from groupsync.common_values import LEAST_CUSTOMERS, MOST_VALUES, CommonValues, nearest
from groupsync.comparisons import SHORT_LIST, TEXT_OPERATORS
from groupsync.condition_words import in_words, value_words
from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test, Type
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from groupsync.model.criteria import Attribute, Condition

_NEGATIVE: Final = frozenset([Operator.NE, Operator.NOT_IN])
_EQUAL: Final = frozenset([Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN])
_LONGEST_NAMED: Final = 60


@dataclass(frozen=True, slots=True)
class Sought:
    """One text of a condition.

    Attributes:
        written: the test for it alone, by `eq` or as it is written, at the place of the text.
        bound: the same as a source is asked it.
    """

    written: Test
    bound: Test


def sought_texts(
    condition: Condition, attributes: Mapping[str, Attribute], as_of: datetime, *, wanted_alone: bool = False
) -> tuple[Sought, ...]:
    """Return the texts of a condition, each once, in the order written.

    Args:
        condition: as written; it binds to the attributes without an error.
        attributes: of the source, by name.
        as_of: the instant of the run.
        wanted_alone: leave out what the condition keeps out, such as that of `ne`.
    """
    found: list[Sought] = []
    for test, is_wanted in _tests(condition, True):
        attribute = attributes[test.field]
        if attribute.type is Type.TEXT and (is_wanted or not wanted_alone):
            for each in _single_texts(test):
                bound, _ = bind(each, attributes, as_of, "")
                if isinstance(bound, Test):
                    found.append(Sought(each, bound))
    return tuple(dict.fromkeys(found))


def _tests(condition: Condition, is_wanted: bool) -> Iterator[tuple[Test, bool]]:
    match condition:
        case All() | AnyOf():
            for part in condition.conditions:
                yield from _tests(part, is_wanted)
        case Not():
            yield from _tests(condition.condition, not is_wanted)
        case Test():
            yield condition, is_wanted is not (condition.operator in _NEGATIVE)
        case InGroup() | Everyone():
            return
        case _:
            assert_never(condition)


def _single_texts(test: Test) -> Iterator[Test]:
    """Give a test for each text, at its own place."""
    if test.operator in TEXT_OPERATORS:
        yield test
    elif test.operator in _EQUAL:
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        if len(values) <= SHORT_LIST:
            places = test.values_at or (test.at,) * len(values)
            for value, at in zip(values, places, strict=True):
                yield replace(test, operator=Operator.EQ, value=value, at=at, values_at=())


def unmet_finding(sought: Sought, source: str, common: CommonValues | None, other_form: str = "") -> Diagnostic:
    """Say that a text is one that no customer has.

    Args:
        sought: the text.
        source: its name.
        common: what may be said of the values there are; None where they could not be asked for.
        other_form: what enough customers have in its place, which differs in case, blanks or Unicode form alone; empty
            where there is none, or where it is among the common values.
    """
    test = sought.written
    summary = f"`{in_words(test)}` is true for no customer of the source `{source}`"
    return Diagnostic(
        "GS627", Severity.WARNING, summary, _detail(test.field, common), _hint(test, common, other_form), test.at
    )


def _detail(field: str, common: CommonValues | None) -> str:
    name = f"`{shown(field, 200)}`"
    if common is None:
        return f"What values {name} has could not be asked."
    if common.is_many:
        return f"{name} has more than {MOST_VALUES} values that {LEAST_CUSTOMERS} customers or more have."
    if not common.values:
        return f"No value of {name} is one that {LEAST_CUSTOMERS} customers or more have; others are not named."
    listed = ", ".join(f"`{value_words(value)}`" for value, _ in common.values)
    return f"Values of {name} that {LEAST_CUSTOMERS} customers or more have: {listed}."


def _hint(test: Test, common: CommonValues | None, other_form: str) -> str:
    text = str(test.value)
    meant = ""
    if test.operator is Operator.EQ:
        meant = other_form or nearest(text, () if common is None else common.texts)
    if not meant or len(meant) > _LONGEST_NAMED:
        return "Correct the text, or take it out."
    if normalize("NFC", meant) == normalize("NFC", text):
        return f"It is there in another Unicode form, which is written `{_escaped(meant)}`."
    return f"Did you mean `{value_words(meant)}`?"


def _escaped(text: str) -> str:
    """Return a text as YAML has it between double quotes, with no character but those of ASCII."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain.encode("ascii", "backslashreplace").decode()}"'
