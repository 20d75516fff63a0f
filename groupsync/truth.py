"""What a bound condition is for one customer: true, false or unknown. Pure.

This is the meaning of conditions, spelled out for one row; engines are held against it, and `groupsync why` tells by it
why somebody is in a segment or is not.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from groupsync.backtracking import why_slow
from groupsync.folding import fold
from groupsync.matching import automaton
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test
from groupsync.patterns import with_end

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from groupsync.model.criteria import Condition, Scalar

    Row: TypeAlias = Mapping[str, Scalar | None]
    Groups: TypeAlias = Mapping[str, Container[str]]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a condition is what it is for somebody.

    Attributes:
        condition: the bound condition.
        truth: what it is; None for unknown.
        value: of a `Test`, what the customer's attribute is; None for null, and for every other condition.
        parts: the same for each part of the condition, in the order written.
    """

    condition: Condition
    truth: bool | None
    value: Scalar | None = None
    parts: tuple[Reason, ...] = ()


def truth(condition: Condition, row: Row, member: str, groups: Groups) -> bool | None:
    """Return what a bound condition is for one customer; None for unknown, which counts as out.

    Args:
        condition: bound.
        row: what is known of the customer, by column; must have every column that the condition tests.
        member: the customer's canonical identifier.
        groups: members of each group that the condition names.
    """
    match condition:
        case All():
            return _all(truth(part, row, member, groups) for part in condition.conditions)
        case AnyOf():
            return _any(truth(part, row, member, groups) for part in condition.conditions)
        case Not():
            return _opposite(truth(condition.condition, row, member, groups))
        case InGroup():
            return member in groups[condition.group]
        case Everyone():
            return True
        case Test():
            return _tested(condition, row[condition.field])
        case _:
            assert_never(condition)


def explained(condition: Condition, row: Row, member: str, groups: Groups) -> Reason:
    """Return what a bound condition is for one customer, with what each of its parts is; as `truth`."""
    match condition:
        case All():
            parts = tuple(explained(part, row, member, groups) for part in condition.conditions)
            return Reason(condition, _all(part.truth for part in parts), parts=parts)
        case AnyOf():
            parts = tuple(explained(part, row, member, groups) for part in condition.conditions)
            return Reason(condition, _any(part.truth for part in parts), parts=parts)
        case Not():
            part = explained(condition.condition, row, member, groups)
            return Reason(condition, _opposite(part.truth), parts=(part,))
        case Test():
            value = row[condition.field]
            return Reason(condition, _tested(condition, value), None if is_null(value) else value)
        case InGroup() | Everyone():
            return Reason(condition, truth(condition, row, member, groups))
        case _:
            assert_never(condition)


def is_null(value: Scalar | None) -> bool:
    """Tell whether an attribute's value counts as null: it is, or it is not a number (NaN)."""
    match value:
        case None:
            return True
        case float():
            return math.isnan(value)
        case Decimal():
            return value.is_nan()
        case _:
            return False


def _all(parts: Iterable[bool | None]) -> bool | None:
    found = set(parts)
    return False if False in found else None if None in found else True


def _any(parts: Iterable[bool | None]) -> bool | None:
    found = set(parts)
    return True if True in found else None if None in found else False


def _opposite(part: bool | None) -> bool | None:
    return None if part is None else not part


def _tested(test: Test, value: Scalar | None) -> bool | None:
    if test.operator is Operator.IS_NULL:
        return is_null(value) is test.value
    if value is None or is_null(value):
        return None
    if test.operator is Operator.IN:
        return any(_equal(value, one, test.ignore_case) for one in _several(test))
    if test.operator is Operator.EQ:
        return _equal(value, _single(test), test.ignore_case)
    if test.operator in _TEXT_TESTS:
        text = fold(str(value)) if test.ignore_case else str(value)
        return _TEXT_TESTS[test.operator](text, _sought_text(test))
    left, right = _alike(value, _single(test))
    return _COMPARISONS[test.operator](left, right)


def _several(test: Test) -> tuple[Scalar, ...]:
    if not isinstance(test.value, tuple):
        raise TypeError(f"`{test.operator}` takes several values, and has one")
    return test.value


def _single(test: Test) -> Scalar:
    if isinstance(test.value, tuple):
        raise TypeError(f"`{test.operator}` takes one value, and has several")
    return test.value


def _sought_text(test: Test) -> str:
    """Return what a text is searched for; of a pattern, binding has folded what letters it stands for."""
    sought = str(_single(test))
    return fold(sought) if test.ignore_case and test.operator is not Operator.MATCHES else sought


def _equal(value: Scalar, sought: Scalar, ignore_case: bool) -> bool:
    if ignore_case:
        return fold(str(value)) == fold(str(sought))
    left, right = _alike(value, sought)
    return bool(left == right)


def _alike(value: Scalar, sought: Scalar) -> tuple[Scalar, Scalar]:
    """Return both sides as an engine compares them: doubles as doubles, all other numbers exactly, instants in UTC."""
    if isinstance(sought, float) and isinstance(value, int | Decimal):
        return float(value), sought
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC), sought
    return value, sought


def _matches(text: str, pattern: str) -> bool:
    return _search(pattern)(text)


@lru_cache(maxsize=256)
def _search(pattern: str) -> Callable[[str], bool]:
    """Return what looks for a pattern, in a time that the pattern can't stretch."""
    if why_slow(pattern):
        return automaton(pattern).finds
    compiled = re.compile(with_end(pattern, r"\Z"))
    return lambda text: compiled.search(text) is not None


_TEXT_TESTS: Final[Mapping[Operator, Callable[[str, str], bool]]] = {
    Operator.CONTAINS: lambda text, sought: sought in text,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.MATCHES: _matches,
}
_COMPARISONS: Final[Mapping[Operator, Callable[..., bool]]] = {
    Operator.GT: lambda left, right: left > right,
    Operator.GTE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LTE: lambda left, right: left <= right,
}
