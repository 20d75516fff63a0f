"""Conditions as whole numbers: each distinct test is one bit of a row, each condition a formula over bits. Pure.

The bit is set where a test is true. Where it is not, the test is false or, where its attribute is null, unknown; where
a condition needs to know, being null is one more test. `Not` is carried down to the tests on the way, and what is left
has two values:

    true(not a)     = false(a)                      false(not a)     = true(a)
    true(a and b)   = true(a) and true(b)           false(a and b)   = false(a) or false(b)
    true(test)      = its bit                       false(test)      = not its bit, and not that of being null
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from groupsync.bucket import threshold
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.model.criteria import Condition, Share

BITS: Final = 62
"""How many a column holds, so that every engine's 64 bits with a sign do."""


@dataclass(frozen=True, slots=True)
class Masked:
    """True where the bits of `mask` in a column are exactly those of `expected`."""

    column: str
    mask: int
    expected: int


@dataclass(frozen=True, slots=True)
class Touched:
    """True where any bit of `mask` in a column is set."""

    column: str
    mask: int


@dataclass(frozen=True, slots=True)
class Every:
    """True where each part is; without parts always."""

    parts: tuple[Formula, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """True where a part is; without parts never."""

    parts: tuple[Formula, ...] = ()


Formula: TypeAlias = Masked | Touched | Every | Some

ALWAYS: Final = Every()


class Registry:
    """Which bit stands for what.

    Attributes:
        atoms: tests that the engine is asked for, in the order of their bits.
        groups: names of groups whose members have a bit, in that order.
        shares: seed and threshold (`groupsync.bucket`) of parts of all people that have a bit, in that order.
    """

    def __init__(self) -> None:
        self.atoms: list[Test] = []
        self.groups: list[str] = []
        self.shares: list[tuple[str, str]] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def formula(self, condition: Condition, *, is_true: bool = True) -> Formula:
        """Return where a condition is true, or where it is false: who is unknown is in neither."""
        match condition:
            case Everyone():
                return Every() if is_true else Some()
            case Not():
                return self.formula(condition.condition, is_true=not is_true)
            case All() | AnyOf():
                parts = tuple(self.formula(each, is_true=is_true) for each in condition.conditions)
                return every(parts) if isinstance(condition, All) is is_true else some(parts)
            case InGroup():
                bit = self._bit(("group", condition.group), self.groups, condition.group)
                return _masked("g", bit, is_set=is_true)
            case Test():
                return self._test(condition, is_true=is_true)
            case _:
                assert_never(condition)

    def within(self, share: Share) -> Formula:
        """Return where somebody is in a part of all people."""
        limit = threshold(share.percent)
        if limit is None:
            return ALWAYS
        return _masked("s", self._bit(("share", share.seed, limit), self.shares, (share.seed, limit)))

    def _test(self, test: Test, *, is_true: bool) -> Formula:
        if parts := self._singles(test):
            return self.formula(AnyOf(parts, test.at), is_true=is_true)
        key = (test.field, test.operator, test.value, test.ignore_case)
        found = _masked("b", self._bit(("atom", *key), self.atoms, test), is_set=is_true)
        if is_true or test.operator is Operator.IS_NULL:
            return found
        return every((found, self._test(Test(test.field, Operator.IS_NULL, True, test.at), is_true=False)))

    def _singles(self, test: Test) -> tuple[Test, ...]:
        """Return a test of several values as one for each, where each has its bit already; empty where not."""
        if test.operator is not Operator.IN or not isinstance(test.value, tuple):
            return ()
        found = [replace(test, operator=Operator.EQ, value=value) for value in test.value]
        keys = (("atom", test.field, Operator.EQ, each.value, test.ignore_case) for each in found)
        return tuple(found) if all(key in self._known for key in keys) else ()

    def _bit(self, key: tuple[Any, ...], of: list[Any], value: object) -> int:
        if key not in self._known:
            self._known[key] = len(of)
            of.append(value)
        return self._known[key]


def mentions_group(condition: Condition) -> bool:
    """Tell whether anything in a condition is being in a group."""
    match condition:
        case InGroup():
            return True
        case Not():
            return mentions_group(condition.condition)
        case All() | AnyOf():
            return any(map(mentions_group, condition.conditions))
        case _:
            return False


def tested(condition: Condition | None) -> set[str]:
    """Return the attributes that a condition tests."""
    match condition:
        case Not():
            return tested(condition.condition)
        case All() | AnyOf():
            return set().union(*map(tested, condition.conditions))
        case Test():
            return {condition.field}
        case _:
            return set()


def column_of(prefix: str, bit: int) -> tuple[str, int]:
    """Return the column that a bit is in, and its value there."""
    return f"{prefix}{bit // BITS}", 1 << bit % BITS


def columns_of(prefix: str, bits: int) -> list[str]:
    """Return the columns that so many bits take."""
    return [f"{prefix}{number}" for number in range(-(-bits // BITS))]


def every(parts: Iterable[Formula]) -> Formula:
    """Return a formula for all of the parts, with one test for all bits of a column."""
    masks: dict[str, Masked] = {}
    rest: list[Formula] = []
    for part in _flat(parts):
        known = masks.get(part.column) if isinstance(part, Masked) else None
        if not isinstance(part, Masked):
            rest.append(part)
        elif known is None:
            masks[part.column] = part
        elif (known.expected ^ part.expected) & known.mask & part.mask:
            return Some()
        else:
            masks[part.column] = Masked(part.column, known.mask | part.mask, known.expected | part.expected)
    found = (*masks.values(), *rest)
    return found[0] if len(found) == 1 else Every(found)


def some(parts: Iterable[Formula]) -> Formula:
    """Return a formula for any of the parts, with one test for all single bits of a column."""
    masks: dict[str, int] = {}
    rest: list[Formula] = []
    for part in parts:
        if isinstance(part, Masked) and part.mask == part.expected and part.mask.bit_count() == 1:
            masks[part.column] = masks.get(part.column, 0) | part.mask
        else:
            rest.append(part)
    found = (*(Touched(column, mask) for column, mask in masks.items()), *rest)
    return found[0] if len(found) == 1 else Some(found)


def holds(formula: Formula, columns: Mapping[str, Any], rows: int) -> Any:
    """Return for which of the rows a formula holds.

    Args:
        formula: over the columns.
        columns: NumPy arrays of int64.
        rows: the length of each.

    Returns:
        A NumPy array of booleans; not to be written to.
    """
    import numpy as np

    match formula:
        case Masked():
            return (columns[formula.column] & formula.mask) == formula.expected
        case Touched():
            return (columns[formula.column] & formula.mask) != 0
        case Every():
            return _joined(formula.parts, columns, rows, np.logical_and, np.ones)
        case Some():
            return _joined(formula.parts, columns, rows, np.logical_or, np.zeros)
        case _:
            assert_never(formula)


def formula_sql(formula: Formula) -> str:
    """Return the same as a DuckDB expression."""
    match formula:
        case Masked():
            return f"({formula.column} & {formula.mask}) = {formula.expected}"
        case Touched():
            return f"({formula.column} & {formula.mask}) <> 0"
        case Every():
            return "(" + (" AND ".join(map(formula_sql, formula.parts)) or "TRUE") + ")"
        case Some():
            return "(" + (" OR ".join(map(formula_sql, formula.parts)) or "FALSE") + ")"
        case _:
            assert_never(formula)


def _masked(prefix: str, bit: int, *, is_set: bool = True) -> Masked:
    column, value = column_of(prefix, bit)
    return Masked(column, value, value if is_set else 0)


def _flat(parts: Iterable[Formula]) -> Iterable[Masked | Touched | Some]:
    for part in parts:
        if isinstance(part, Every):
            yield from _flat(part.parts)
        else:
            yield part


def _joined(parts: tuple[Formula, ...], columns: Mapping[str, Any], rows: int, join: Any, none: Any) -> Any:
    if not parts:
        return none(rows, dtype=bool)
    found = holds(parts[0], columns, rows)
    for part in parts[1:]:
        join(found, holds(part, columns, rows), out=found)
    return found
