"""Conditions in words, and what they speak of. Pure; for conditions as written and as bound."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.model.criteria import BY_HOURS, FROM_NOW, All, AnyOf, Everyone, InGroup, Not, Operator, Test
from groupsync.wording import counted
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groupsync.model.criteria import Condition, Scalar

_SHOWN_VALUES: Final = 10
_SIGNS: Final = {
    Operator.EQ: "=", Operator.NE: "≠", Operator.IN: "in", Operator.NOT_IN: "not in", Operator.GT: ">",
    Operator.GTE: "≥", Operator.LT: "<", Operator.LTE: "≤", Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with", Operator.ENDS_WITH: "ends with", Operator.MATCHES: "matches",
    Operator.BEFORE: "before", Operator.AFTER: "after",
}  # fmt: skip
_PLAIN: Final = re.compile(r"[^\W\d][\w.@+-]*")
"""Texts that read well without quotes."""
_MISTAKABLE: Final = frozenset(["and", "or", "not", "in", "true", "false", "null"])


def attributes_of(condition: Condition) -> frozenset[str]:
    """Return the names of all attributes that a condition tests; of the columns, once it is bound."""
    return frozenset(part.field for part in _leaves(condition) if isinstance(part, Test))


def groups_of(condition: Condition) -> tuple[InGroup, ...]:
    """Return every mention of a group in a condition, in the order written; a group may come more than once."""
    return tuple(part for part in _leaves(condition) if isinstance(part, InGroup))


def groups_ruled_out(condition: Condition) -> tuple[InGroup, ...]:
    """Return the mentions of groups whose members a condition keeps out: those under an odd number of `not`."""
    return tuple(_ruled_out(condition, False))


def _ruled_out(condition: Condition, is_opposite: bool) -> Iterator[InGroup]:
    match condition:
        case All() | AnyOf():
            for part in condition.conditions:
                yield from _ruled_out(part, is_opposite)
        case Not():
            yield from _ruled_out(condition.condition, not is_opposite)
        case InGroup() if is_opposite:
            yield condition
        case _:
            pass


def renamed(condition: Condition, names: Mapping[str, str]) -> Condition:
    """Return a condition that calls attributes by other names, as far as there are any."""
    match condition:
        case All() | AnyOf():
            return replace(condition, conditions=tuple(renamed(part, names) for part in condition.conditions))
        case Not():
            return replace(condition, condition=renamed(condition.condition, names))
        case Test():
            return replace(condition, field=names.get(condition.field, condition.field))
        case InGroup() | Everyone():
            return condition
        case _:
            assert_never(condition)


def in_words(condition: Condition) -> str:
    """Return a condition as one line of English: `age ≥ 50 and (country in DE, AT or in group beta)`.

    Long lists are cut, and say how many values they leave out.
    """
    return _words(condition, is_part=False)


def _leaves(condition: Condition) -> Iterator[Test | InGroup | Everyone]:
    match condition:
        case All() | AnyOf():
            for part in condition.conditions:
                yield from _leaves(part)
        case Not():
            yield from _leaves(condition.condition)
        case Test() | InGroup() | Everyone():
            yield condition
        case _:
            assert_never(condition)


def _words(condition: Condition, *, is_part: bool) -> str:
    match condition:
        case All() | AnyOf():
            if len(condition.conditions) == 1:
                return _words(condition.conditions[0], is_part=is_part)
            word = " and " if isinstance(condition, All) else " or "
            joined = word.join(_words(part, is_part=True) for part in condition.conditions)
            return f"({joined})" if is_part else joined
        case Not():
            return f"not {_words(condition.condition, is_part=True)}"
        case InGroup():
            return f"in group {condition.group}"
        case Everyone():
            return "everyone"
        case Test():
            return _test_words(condition)
        case _:
            assert_never(condition)


def _test_words(test: Test) -> str:
    field = shown(test.field, 200)
    folded = " (ignoring case)" if test.ignore_case else ""
    match test.operator, test.value:
        case Operator.IS_NULL, value:
            return f"{field} is {'null' if value else 'not null'}"
        case Operator.BETWEEN, (low, high):
            return f"{field} between {value_words(low)} and {value_words(high)}"
        case operator, int(value) if operator in FROM_NOW:
            return f"{field} {_count_words(operator, value)}"
        case Operator.MATCHES, value:
            return f"{field} matches /{shown(value, 200)}/{folded}"
        case operator, tuple(values):
            return f"{field} {_SIGNS[operator]} {_several_words(values)}{folded}"
        case operator, value:
            return f"{field} {_SIGNS[operator]} {value_words(value)}{folded}"


def _count_words(operator: Operator, count: int) -> str:
    """Say what is counted from the plan's instant: `within the last 30 days`."""
    span = counted(count, "hour" if operator in BY_HOURS else "day")
    match operator:
        case Operator.WITHIN_DAYS | Operator.WITHIN_HOURS:
            return f"within the last {span}" if count else "today"
        case Operator.MORE_THAN_DAYS_AGO | Operator.MORE_THAN_HOURS_AGO:
            return f"more than {span} ago"
        case _:
            return f"within the next {span}"


def _several_words(values: tuple[Scalar, ...]) -> str:
    listed = ", ".join(map(value_words, values[:_SHOWN_VALUES]))
    more = len(values) - _SHOWN_VALUES
    return f"{listed} and {more:,} more" if more > 0 else listed


def value_words(value: Scalar | tuple[Scalar, ...]) -> str:
    """Return one value as people write it; texts in quotes where they could be mistaken for something else."""
    match value:
        case datetime():
            midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
            return f"{value:%Y-%m-%d}" if midnight else value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _MISTAKABLE:
            return shown(value)
        case str():
            return f'"{shown(value)}"'
        case tuple():
            return _several_words(value)
        case _:
            return shown(value)
