"""Conditions that nobody can fulfil, or that leave nobody out. Pure.

What is found here is certain; there are conditions of both kinds that are not found. A condition is taken apart with
each `not` pushed down to single tests (De Morgan's laws hold for three values), so that what must hold together and
what may hold instead of each other stands in one list each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from groupsync.condition_words import in_words
from groupsync.folding import fold
from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test
from groupsync.truth import truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groupsync.model import SourceRange
    from groupsync.model.criteria import Condition, Scalar

_OPPOSITES: Final = {
    Operator.GT: Operator.LTE, Operator.LTE: Operator.GT, Operator.GTE: Operator.LT, Operator.LT: Operator.GTE,
}  # fmt: skip

_LISTED: Final = frozenset([Operator.EQ, Operator.IN])


@dataclass(frozen=True, slots=True)
class _Literal:
    """A single test, or its opposite."""

    leaf: Test | InGroup | Everyone
    holds: bool

    def opposite(self) -> _Literal:
        return replace(self, holds=not self.holds)

    def condition(self) -> Condition:
        return self.leaf if self.holds else Not(self.leaf, self.leaf.at)

    def words(self) -> str:
        return in_words(self.condition())


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts of which all must hold, or one; those of the same kind are merged, so that `groups` are of the other."""

    needs_all: bool
    literals: tuple[_Literal, ...]
    groups: tuple[_Parts, ...]
    at: SourceRange


def contradictions(condition: Condition) -> Iterator[Diagnostic]:
    """Give an error for what can't be true for anybody, and a warning for what is true for everybody known.

    Args:
        condition: bound, but for the names of attributes, which are still those that were written.
    """
    yield from _findings(_parts(condition, True, True))


def _parts(condition: Condition, holds: bool, needs_all: bool) -> _Parts:
    """Take a condition, or its opposite, apart into parts of which all, or one, must hold."""
    match condition:
        case Not():
            return _parts(condition.condition, not holds, needs_all)
        case All() | AnyOf():
            own = isinstance(condition, All) == holds
            inner = [_parts(part, holds, own) for part in condition.conditions]
            literals = tuple(literal for part in inner if part.needs_all == own for literal in part.literals)
            merged = [group for part in inner if part.needs_all == own for group in part.groups]
            others = [part for part in inner if part.needs_all != own]
            return _Parts(own, literals, (*merged, *others), condition.at)
        case _:
            return _Parts(needs_all, (_Literal(condition, holds),), (), condition.at)


def _findings(parts: _Parts) -> Iterator[Diagnostic]:
    for literal in parts.literals:
        if literal == _Literal(literal.leaf, False) and isinstance(literal.leaf, Everyone):
            yield _impossible("Nobody is outside of everyone", "", literal.leaf.at, ())
    if parts.needs_all:
        yield from _conflicts(parts.literals)
        for literal in parts.literals:
            yield from _covers((literal,), parts)
    else:
        yield from _covers(parts.literals, parts)
    for group in parts.groups:
        yield from _findings(group)


# --- What can't be true -----------------------------------------------------------------------------------------------


def _conflicts(literals: Sequence[_Literal]) -> Iterator[Diagnostic]:
    for alike in _by_subject(literals):
        if not _possible(alike):
            yield _conflict(alike[: _first_impossible(alike)])


def _first_impossible(literals: Sequence[_Literal]) -> int:
    """Return how many of the literals, from the first on, are enough to be impossible together; all of them are."""
    possible, impossible = 0, len(literals)
    while impossible - possible > 1:
        middle = (possible + impossible) // 2
        if _possible(literals[:middle]):
            possible = middle
        else:
            impossible = middle
    return impossible


def _conflict(literals: Sequence[_Literal]) -> Diagnostic:
    last = literals[-1]
    pair = next(([one, last] for one in literals[:-1] if not _possible([one, last])), list(literals))
    listed = " and ".join(f"`{one.words()}`" for one in pair)
    summary = f"{listed} can't be true {'at once' if len(pair) > 1 else 'for anybody'}"
    detail = "What they are part of would be true for nobody."
    if len(pair) > 1 and pair[0].leaf.at == last.leaf.at:
        return Diagnostic("GS223", Severity.ERROR, summary, detail, "Write the smaller value first.", last.leaf.at)
    return _impossible(summary, detail, last.leaf.at, tuple(one.leaf.at for one in pair[:-1]))


def _impossible(summary: str, detail: str, at: SourceRange, related: tuple[SourceRange, ...]) -> Diagnostic:
    hint = "Correct the values, or write `any:` if one of the tests is enough."
    return Diagnostic("GS223", Severity.ERROR, summary, detail, hint if related else "Take it out.", at, related)


def _by_subject(literals: Iterable[_Literal]) -> Iterable[list[_Literal]]:
    """Return the literals by the attribute or group that they speak of."""
    found: dict[object, list[_Literal]] = {}
    for literal in literals:
        match literal.leaf:
            case Test():
                found.setdefault(("attribute", literal.leaf.field), []).append(literal)
            case InGroup():
                found.setdefault(("group", literal.leaf.group), []).append(literal)
            case _:
                pass
    return found.values()


def _possible(literals: Sequence[_Literal]) -> bool:
    """Tell whether tests of one attribute, or of one group, may all be true at once; true where that is not clear."""
    asked = {_key(literal) for literal in literals}
    if any((*key, not holds) in asked for *key, holds in asked):
        return False
    tests = [(literal.leaf, literal.holds) for literal in literals if isinstance(literal.leaf, Test)]
    nulls = {test.value is holds for test, holds in tests if test.operator is Operator.IS_NULL}
    others = [(test, holds) for test, holds in tests if test.operator is not Operator.IS_NULL]
    if len(nulls) == 2 or (True in nulls and others):
        return False
    return not others or _has_value(others)


def _key(literal: _Literal) -> tuple[object, ...]:
    match literal.leaf:
        case Test() as test:
            return (test.operator, test.value, type(test.value), test.ignore_case, literal.holds)
        case leaf:
            return (type(leaf), literal.holds)


_Tests: TypeAlias = "Sequence[tuple[Test, bool]]"


def _has_value(tests: _Tests) -> bool:
    """Tell whether any value passes all tests of one attribute; true where that is not clear."""
    low, high = _bounds(tests)
    if low is not None and high is not None and low > high:
        return False
    exact = [(test, holds) for test, holds in tests if test.operator in _LISTED and not test.ignore_case]
    candidates = _candidates(tests, exact)
    if candidates is None and low is not None and high is not None and low == high:
        candidates = {low.value}
    if candidates is None:
        return True
    for test, holds in exact:
        candidates = candidates & set(_values(test)) if holds else candidates - set(_values(test))
    others = [(test, holds) for test, holds in tests if test.operator not in _LISTED or test.ignore_case]
    return any(_passes(value, others) for value in candidates)


def _candidates(tests: _Tests, exact: _Tests) -> set[Scalar] | None:
    """Return values one of which the attribute must have; None where there are too many."""
    for test, holds in exact:
        if holds:
            return set(_values(test))
        if any(isinstance(value, bool) for value in _values(test)):
            return {True, False}
    if all(test.ignore_case for test, _ in tests):
        for test, holds in tests:
            if holds and test.operator in _LISTED:
                return {fold(str(value)) for value in _values(test)}
    return None


def _values(test: Test) -> tuple[Scalar, ...]:
    return test.value if isinstance(test.value, tuple) else (test.value,)


def _passes(value: Scalar, tests: _Tests) -> bool:
    return all(truth(test, {test.field: value}, "", {}) is holds for test, holds in tests)


@dataclass(frozen=True, slots=True)
class _Bound:
    """An end of what an attribute may be; of whole numbers and days always included."""

    value: Any
    is_open: bool

    def __gt__(self, other: _Bound) -> bool:
        is_open = self.is_open or other.is_open
        return bool(self.value > other.value or (is_open and self.value == other.value))


def _bounds(tests: _Tests) -> tuple[_Bound | None, _Bound | None]:
    lows, highs = [], []
    for test, holds in tests:
        operator = test.operator if holds else _OPPOSITES.get(test.operator)
        if operator in {Operator.GT, Operator.GTE}:
            lows.append(_closed(_Bound(test.value, operator is Operator.GT), 1))
        elif operator in {Operator.LT, Operator.LTE}:
            highs.append(_closed(_Bound(test.value, operator is Operator.LT), -1))
    low = max(lows, key=lambda bound: (bound.value, bound.is_open), default=None)
    high = min(highs, key=lambda bound: (bound.value, not bound.is_open), default=None)
    return low, high


def _closed(bound: _Bound, step: int) -> _Bound:
    """Return the first value within an open end, where values are whole numbers or days."""
    value = bound.value
    if not bound.is_open:
        return bound
    if isinstance(value, int):
        return _Bound(value + step, False)
    if isinstance(value, date) and not isinstance(value, datetime) and date.min < value < date.max:
        return _Bound(value + timedelta(days=step), False)
    return bound


# --- What is always true ----------------------------------------------------------------------------------------------


def _covers(literals: Sequence[_Literal], parts: _Parts) -> Iterator[Diagnostic]:
    everyone = next((one for one in literals if isinstance(one.leaf, Everyone) and one.holds), None)
    if everyone is not None and not parts.needs_all and (len(literals) > 1 or parts.groups):
        yield _always("`any` with `everyone` is true for everybody", "Write `everyone: true` alone.", everyone.leaf.at)
        return
    for alike in _by_subject(literals):
        found = _cover(alike)
        if found is not None:
            yield found


def _cover(literals: Sequence[_Literal]) -> Diagnostic | None:
    """Return a warning where one of the literals, all of one attribute or group, is always true."""
    subject = literals[0].leaf
    last = literals[-1].leaf.at
    words = " or ".join(literal.words() for literal in literals)
    if not isinstance(subject, Test):
        is_any = len({literal.holds for literal in literals}) == 2
        return _always(f"`{words}` is true for everybody", _EVERYONE, last) if is_any else None
    asks_null = [literal for literal in literals if _asks_null(literal)]
    others = [literal for literal in literals if not _is_null_test(literal)]
    nulls = {_asks_null(literal) for literal in literals if _is_null_test(literal)}
    covers_known = bool(others) and not _has_value(
        [(one.leaf, not one.holds) for one in others if isinstance(one.leaf, Test)]
    )
    covers_known = covers_known or _has_opposites(others)
    if len(nulls) == 2 or (covers_known and asks_null):
        return _always(f"`{words}` is true for everybody", _EVERYONE, last)
    if covers_known:
        field = subject.field
        hint = f"Write `{field}: {{is_null: false}}`, which says the same, or correct the values."
        return _always(f"`{words}` is true for everybody whose `{field}` is known", hint, last)
    return None


def _has_opposites(literals: Sequence[_Literal]) -> bool:
    asked = {_key(literal) for literal in literals}
    return any((*key, not holds) in asked for *key, holds in asked)


def _is_null_test(literal: _Literal) -> bool:
    return isinstance(literal.leaf, Test) and literal.leaf.operator is Operator.IS_NULL


def _asks_null(literal: _Literal) -> bool:
    return _is_null_test(literal) and isinstance(literal.leaf, Test) and literal.leaf.value is literal.holds


_EVERYONE: Final = "Write `everyone: true` if everybody is meant, or correct the values."


def _always(summary: str, hint: str, at: SourceRange) -> Diagnostic:
    return Diagnostic("GS224", Severity.WARNING, summary, "The tests leave nobody out.", hint, at)
