"""Texts of conditions that a source is to be searched for, and what is said of one that no customer has. Pure.

Texts are looked for one by one: those of `eq`, `ne`, `in` and `not_in` with what they are equal to, those of `contains`
and its like with what they are found in. Long lists are taken for lists of what may come, and so are texts of an
attribute whose values the config states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, assert_never
from unicodedata import normalize

from groupsync.binding import bind
from groupsync.common_values import LEAST_CUSTOMERS, MOST_VALUES, CommonValues, nearest
from groupsync.comparisons import MAX_VALUES, SHORT_LIST, TEXT_OPERATORS
from groupsync.condition_words import in_words, value_words
from groupsync.folding import fold
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.model.criteria import All, AnyOf, Attribute, Everyone, InGroup, Not, Operator, Test, Type
from groupsync.truth import truth
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groupsync.model.criteria import Condition

_NEGATIVE: Final = frozenset([Operator.NE, Operator.NOT_IN])
_EQUAL: Final = frozenset([Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN])
_LONGEST_NAMED: Final = 60
_NO_INSTANT: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Tests of texts don't ask what time it is."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One text of a condition.

    Attributes:
        written: the test for it alone, by `eq` or as it is written, at the place of the text.
        bound: the same as a source is asked it.
    """

    written: Test
    bound: Test


@dataclass(frozen=True)
class Stated:
    """The values that the config states for an attribute.

    Attributes:
        values: at least one.
        at: where the attribute stands.
    """

    values: tuple[str, ...]
    at: SourceRange

    @cached_property
    def exact(self) -> frozenset[str]:
        """The values."""
        return frozenset(self.values)

    @cached_property
    def folded(self) -> frozenset[str]:
        """The values with small letters for capitals."""
        return frozenset(map(fold, self.values))


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
        if attribute.type is Type.TEXT and not attribute.values and (is_wanted or not wanted_alone):
            for each in _single_texts(test, SHORT_LIST):
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


def _single_texts(test: Test, longest: int) -> Iterator[Test]:
    """Give a test for each text, at its own place; none of a list with more of them than `longest`."""
    if test.operator in TEXT_OPERATORS:
        yield test
    elif test.operator in _EQUAL:
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        if len(values) <= longest:
            places = test.values_at or (test.at,) * len(values)
            for value, at in zip(values, places, strict=True):
                yield replace(test, operator=Operator.EQ, value=value, at=at, values_at=())


def unstated_findings(condition: Condition, stated: Mapping[str, Stated], source: str) -> list[Diagnostic]:
    """Return an error for each text that none of an attribute's stated values goes with; asks nobody.

    Args:
        condition: as written.
        stated: what is stated, by the attribute's name.
        source: its name.
    """
    found: list[Diagnostic] = []
    for test, _ in _tests(condition, True):
        known = stated.get(test.field)
        if known is not None:
            found += [
                _unstated(each, known, source)
                for each in _single_texts(test, MAX_VALUES)
                if not _goes_with(each, known)
            ]
    return list(dict.fromkeys(found))


def _goes_with(test: Test, stated: Stated) -> bool:
    """Tell whether a test of one text is true for any stated value."""
    if not isinstance(test.value, str):
        return False
    if test.operator is Operator.EQ:
        return (fold(test.value) in stated.folded) if test.ignore_case else test.value in stated.exact
    attribute = Attribute(test.field, Type.TEXT)
    bound, problems = bind(test, {test.field: attribute}, _NO_INSTANT, "")
    if problems:
        return True
    return any(truth(bound, {test.field: value}, "", {}) for value in stated.values)


def _unstated(test: Test, stated: Stated, source: str) -> Diagnostic:
    listed = ", ".join(f"`{value_words(each)}`" for each in stated.values[:MOST_VALUES])
    more = len(stated.values) - MOST_VALUES
    detail = f"The config states for the source `{source}`: {listed}{f' and {more:,} more' if more > 0 else ''}."
    near = nearest(str(test.value), stated.values) if test.operator is Operator.EQ else ""
    hint = f"Did you mean `{value_words(near)}`?" if near else "Correct it, or add what customers have to `values`."
    summary = f"`{in_words(test)}` is true for none of the values of `{shown(test.field, 200)}`"
    return Diagnostic("GS225", Severity.ERROR, summary, detail, hint, test.at, (stated.at,))


def other_values(column: str, stated: tuple[str, ...]) -> Condition:
    """Return what is true for who has another value in a column than those stated; bound."""
    at = SourceRange("")
    return Not(Test(column, Operator.IN, stated, at), at)


def others_finding(attribute: str, source: str, common: CommonValues | None, at: SourceRange) -> Diagnostic:
    """Say that customers have values of an attribute that the config does not state.

    Args:
        attribute: its name.
        source: its name.
        common: what may be said of those values; None where they could not be asked for.
        at: where the attribute stands in the config.
    """
    summary = (
        f"Customers of the source `{source}` have values of `{shown(attribute, 200)}` that the config does not state"
    )
    listed = ", ".join(f"`{value_words(value)}`" for value, _ in common.values) if common else ""
    detail = f"Besides those stated: {listed}." if listed else "Which could not be asked."
    if common and common.others:
        number = f"{'at least ' if common.is_cut else ''}{common.others:,}"
        detail = f"Besides those stated: {listed}{', and ' if listed else ''}{number} not named here."
    hint = "Add them to `values`, or correct them where they are kept."
    return Diagnostic("GS629", Severity.WARNING, summary, detail, hint, at)


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
    is_composed = normalize("NFC", meant) == meant
    return f"Did you mean `{value_words(meant) if is_composed else _escaped(meant)}`?"


def _escaped(text: str) -> str:
    """Return a text as YAML has it between double quotes, with no character but those of ASCII."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain.encode("ascii", "backslashreplace").decode()}"'
