"""Bind conditions to the attributes that a source has: real types, few operators, no surprises. Pure."""

from __future__ import annotations

import difflib
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.comparisons import FOLDABLE, TEXT_OPERATORS
from groupsync.condition_words import value_words
from groupsync.contradictions import contradictions
from groupsync.folding import fold
from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import (
    BY_DAYS,
    BY_HOURS,
    FROM_NOW,
    All,
    AnyOf,
    Everyone,
    InGroup,
    Not,
    Operator,
    Test,
    Type,
)
from groupsync.patterns import portable
from groupsync.typed_values import TYPE_WORDS, UnfitValue, typed
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groupsync.model import SourceRange
    from groupsync.model.criteria import Attribute, Condition, Scalar

_SHOWN_NAMES: Final = 20
_NUMBERS: Final = frozenset([Type.INTEGER, Type.NUMBER, Type.DECIMAL])
_TIMES: Final = frozenset([Type.DATE, Type.INSTANT])
_EQUALITY: Final = frozenset([Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN])
_TIME_OPERATORS: Final = frozenset([Operator.BEFORE, Operator.AFTER]) | BY_DAYS
_ORDER: Final = frozenset([Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN])
_CONNECTIVES: Final = {"and": "all", "or": "any", "none": "not", "group": "in_group", "everybody": "everyone"}

_SAME: Final = {Operator.BEFORE: Operator.LT, Operator.AFTER: Operator.GT}


def bind(
    condition: Condition,
    attributes: Mapping[str, Attribute],
    as_of: datetime,
    source: str,
    *,
    what: str = "The source",
    texts_of: Callable[[Attribute], Sequence[str]] | None = None,
) -> tuple[Condition, list[Diagnostic]]:
    """Check a condition against a source's attributes, and write it with their types and columns.

    Args:
        condition: as written, from `groupsync.criteria.read_condition`.
        attributes: what the source knows of each customer, by name.
        as_of: the instant of the run, which `within_days` and its like count from; in the zone that days are of.
        source: its name, for messages.
        what: it is, for messages.
        texts_of: gives texts that an attribute has and that may be named, for hints; asked only where there is an
            error. None where there is nothing to ask.

    Returns:
        The bound condition, which has only operators of `BOUND_OPERATORS`; and everything found. Where there is an
        error among that, the condition is the one that was given, and no use.
    """
    binder = _Binder(attributes, as_of, source, what, texts_of)
    named = binder.bound(condition)
    found = binder.found or list(contradictions(named))
    if any(one.severity is Severity.ERROR for one in found):
        return condition, found
    return _with_columns(named, attributes), found


def bind_order(
    field: str, attributes: Mapping[str, Attribute], as_of: datetime, source: str, at: SourceRange
) -> list[Diagnostic]:
    """Return what is wrong with an attribute that a `limit` orders by: it must be there, and have an order."""
    binder = _Binder(attributes, as_of, source)
    attribute = attributes.get(field)
    if attribute is None:
        binder.unknown(field, at)
    elif attribute.type not in _NUMBERS | _TIMES:
        summary = f"`order_by` can't order by `{field}`, which is {_type_words(attribute)}"
        detail = "Only numbers, dates and instants have an order that all engines agree on."
        binder.found.append(
            Diagnostic("GS221", Severity.ERROR, summary, detail, attribute.hint or "Order by another attribute.", at)
        )
    return binder.found


def _with_columns(condition: Condition, attributes: Mapping[str, Attribute]) -> Condition:
    match condition:
        case All() | AnyOf():
            return replace(
                condition, conditions=tuple(_with_columns(part, attributes) for part in condition.conditions)
            )
        case Not():
            return replace(condition, condition=_with_columns(condition.condition, attributes))
        case Test():
            return replace(condition, field=attributes[condition.field].column or condition.field)
        case InGroup() | Everyone():
            return condition
        case _:
            assert_never(condition)


class _Binder:
    """Binds one condition, and collects what is wrong with it."""

    def __init__(
        self,
        attributes: Mapping[str, Attribute],
        as_of: datetime,
        source: str,
        what: str = "The source",
        texts_of: Callable[[Attribute], Sequence[str]] | None = None,
    ) -> None:
        self.texts_of = texts_of
        self.what = what
        self.attributes = attributes
        self.as_of = as_of
        self.source = source
        self.found: list[Diagnostic] = []

    def bound(self, condition: Condition) -> Condition:
        match condition:
            case All() | AnyOf():
                return replace(condition, conditions=tuple(map(self.bound, condition.conditions)))
            case Not():
                return replace(condition, condition=self.bound(condition.condition))
            case Test():
                return self._test(condition)
            case InGroup() | Everyone():
                return condition
            case _:
                assert_never(condition)

    def _test(self, test: Test) -> Condition:
        attribute = self.attributes.get(test.field)
        if attribute is None:
            self.unknown(test.field, test.field_at or test.at)
            return test
        if not _goes_with(test, attribute.type):
            self._unfit_operator(test, attribute)
            return test
        if test.operator is Operator.IS_NULL:
            return test
        try:
            if test.operator in FROM_NOW:
                return _counted(test, attribute.type, self.as_of)
            return _rewritten(test, self._values(test, attribute))
        except UnfitValue as unfit:
            self._unfit_value(test, unfit, attribute)
            return test

    def _values(self, test: Test, attribute: Attribute) -> tuple[Scalar, ...]:
        """Return the values as the attribute's type has them.

        Raises:
            UnfitValue: it can't have one of them.
        """
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        if test.operator is Operator.MATCHES:
            try:
                return tuple(portable(str(value), ignore_case=test.ignore_case) for value in values)
            except ValueError as reason:
                raise UnfitValue(f"The pattern is not portable: {reason}.", "") from reason
        found = [typed(value, attribute.type, self.as_of.tzinfo or UTC) for value in values]
        if attribute.type is Type.INTEGER and test.operator in _EQUALITY:
            _no_fractions(found)
        elif attribute.type is Type.INTEGER:
            found = [_whole(test.operator, value, index == 0) for index, value in enumerate(found)]
        folds = test.ignore_case and test.operator in FOLDABLE
        return tuple(fold(str(value)) for value in found) if folds else tuple(found)

    def unknown(self, field: str, at: SourceRange) -> None:
        """Add that there is no such attribute."""
        names = sorted(self.attributes)
        word = _CONNECTIVES.get(field.lower(), "")
        known = {name.lower(): name for name in (*_CONNECTIVES.values(), *names)}
        near = difflib.get_close_matches(field.lower(), known, n=1)
        meant = word or (known[near[0]] if near else "")
        more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
        detail = f"`{self.source}` has: {', '.join(map(shown, names[:_SHOWN_NAMES]))}{more}." if names else ""
        hint = f"Did you mean `{meant}`?" if meant else "Write the name of one of its attributes."
        summary = f"{self.what} `{self.source}` has no attribute `{shown(field)}`"
        self.found.append(Diagnostic("GS220", Severity.ERROR, summary, detail, hint, at))

    def _unfit_operator(self, test: Test, attribute: Attribute) -> None:
        what = "`ignore_case`" if test.ignore_case and test.operator in _EQUALITY else f"`{test.operator}`"
        summary = f"{what} does not go with `{shown(test.field)}`, which is {_type_words(attribute)}"
        known = [f"`{operator}`" for operator in Operator if operator in operators_of(attribute.type)]
        detail = f"It can be tested by {', '.join(known)}."
        if attribute.type is Type.TEXT and test.operator in _ORDER:
            detail = f"Engines order texts differently. {detail}"
        self.found.append(
            Diagnostic("GS221", Severity.ERROR, summary, detail, _operator_hint(test, attribute), test.at)
        )

    def _unfit_value(self, test: Test, unfit: UnfitValue, attribute: Attribute) -> None:
        detail, *hint = map(str, unfit.args)
        if attribute.type is Type.TEXT and not isinstance(test.value, str):
            hint = [self._text_hint(test, attribute)]
        told = " ".join(filter(None, [*hint, attribute.hint]))
        summary = f"`{shown(test.field)}` can't be tested by this value of `{test.operator}`"
        self.found.append(Diagnostic("GS222", Severity.ERROR, summary, detail, told, test.at))

    def _text_hint(self, test: Test, attribute: Attribute) -> str:
        """Say which text to write in place of a number or a truth."""
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        odd = next((shown(value) for value in values if not isinstance(value, str)), "")
        if self.texts_of is None:
            return f'Put quotes around it, if that is the text: "{odd}".'
        known = self.texts_of(attribute)
        if odd in known:
            return f'Put quotes around it: "{odd}".'
        if known:
            return f"Write one of its texts: {', '.join(f'`{value_words(each)}`' for each in known)}."
        return (
            f'Put quotes around it, if that is the text: "{odd}". '
            f"`groupsync attributes {shown(self.source)} --values` shows what many customers have."
        )


def _type_words(attribute: Attribute) -> str:
    words = TYPE_WORDS[attribute.type]
    return f"{words} ({attribute.native})" if attribute.native else words


def operators_of(of: Type) -> frozenset[Operator]:
    """Return the operators that attributes of a type can be tested by."""
    if of is Type.OTHER:
        return frozenset([Operator.IS_NULL])
    found = _EQUALITY | {Operator.IS_NULL}
    if of is Type.TEXT:
        found |= TEXT_OPERATORS
    if of in _NUMBERS | _TIMES:
        found |= _ORDER
    if of in _TIMES:
        found |= _TIME_OPERATORS
    if of is Type.INSTANT:
        found |= BY_HOURS
    return frozenset(found)


def _goes_with(test: Test, of: Type) -> bool:
    folds = test.ignore_case and test.operator in FOLDABLE
    return test.operator in operators_of(of) and (of is Type.TEXT or not folds)


def _operator_hint(test: Test, attribute: Attribute) -> str:
    if test.operator in BY_HOURS and attribute.type is Type.DATE:
        return f"A date has no hours; write `{test.operator.replace('hours', 'days')}`."
    if test.operator in {Operator.BEFORE, Operator.AFTER} and attribute.type in _NUMBERS:
        return f"Write `{'lt' if test.operator is Operator.BEFORE else 'gt'}` for numbers."
    if test.operator in TEXT_OPERATORS and attribute.type is not Type.OTHER:
        return f"Write `eq` or `in` with whole values. {attribute.hint}".rstrip()
    return attribute.hint or "Use another operator, or test another attribute."


def _rewritten(test: Test, values: tuple[Scalar, ...]) -> Condition:
    """Write a test with operators of `BOUND_OPERATORS`."""
    value = values[0]
    match test.operator:
        case Operator.NE:
            return Not(replace(test, operator=Operator.EQ, value=value), test.at)
        case Operator.IN:
            return replace(test, value=tuple(dict.fromkeys(values)))
        case Operator.NOT_IN:
            return Not(replace(test, operator=Operator.IN, value=tuple(dict.fromkeys(values))), test.at)
        case Operator.BETWEEN:
            return _range(test, value, values[1])
        case operator:
            return replace(test, operator=_SAME.get(operator, operator), value=value)


def _counted(test: Test, of: Type, now: datetime) -> Condition:
    """Write a test that counts from the plan's instant with the ends that it means.

    Raises:
        UnfitValue: no instant can be within 0 days.
    """
    count = test.value if isinstance(test.value, int) else 0
    if of is Type.INSTANT and test.operator is Operator.WITHIN_DAYS and not count:
        hint = "0 days is today, for dates alone. Write how many hours or days back: `within_hours: 24`."
        raise UnfitValue("The attribute is an instant, and within 0 days is no time.", hint)
    is_ahead = test.operator in {Operator.WITHIN_NEXT_DAYS, Operator.WITHIN_NEXT_HOURS}
    far = _moved(now, count if is_ahead else -count, by_hours=test.operator in BY_HOURS)
    end, here = (far.date(), now.date()) if of is Type.DATE else (far.astimezone(UTC), now.astimezone(UTC))
    if test.operator in {Operator.WITHIN_DAYS, Operator.WITHIN_HOURS}:
        ends = [(Operator.GTE, end), (Operator.LTE, here)]
    elif is_ahead:
        ends = [(Operator.GT, here), (Operator.LTE, end)]
    else:
        ends = [(Operator.LT, end)]
    parts = tuple(replace(test, operator=operator, value=value) for operator, value in ends)
    return All(parts, test.at, counted=test)


def _moved(now: datetime, count: int, *, by_hours: bool) -> datetime:
    """Return the same time of day so many days on, in the zone of `now`, or so many hours; the end of time at most."""
    if not count:
        return now  # a sum would take the first of two times of the same name
    try:
        if by_hours:
            return now.astimezone(UTC) + timedelta(hours=count)
        return now + timedelta(days=count)
    except OverflowError:
        return (datetime.max if count > 0 else datetime.min).replace(tzinfo=UTC)


def _range(test: Test, low: Scalar, high: Scalar) -> Condition:
    """Return the tests of both ends, which are included."""
    ends = replace(test, operator=Operator.GTE, value=low), replace(test, operator=Operator.LTE, value=high)
    return All(ends, test.at)


def _no_fractions(values: Sequence[Scalar]) -> None:
    for value in values:
        if isinstance(value, float):
            raise UnfitValue(
                f"`{shown(value)}` has a fraction, so no whole number is equal to it.", "Correct the value."
            )


def _whole(operator: Operator, value: Scalar, is_first: bool) -> Scalar:
    """Return the whole number that says the same of whole numbers as one with a fraction does: `> 10.5` is `> 10`."""
    if not isinstance(value, float):
        return value
    is_upper = operator in {Operator.GTE, Operator.LT} or (operator is Operator.BETWEEN and is_first)
    return math.ceil(value) if is_upper else math.floor(value)
