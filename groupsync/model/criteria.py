"""What makes somebody belong to a segment: conditions, and the attributes of customers that they speak of.

A condition is written in YAML (`groupsync.criteria` reads it) and then *bound* to the real types of a source. A bound
condition holds only operators of `BOUND_OPERATORS`, and values of the attribute's own type.

Conditions are three-valued, as in SQL: a test of an attribute that is null is unknown, and who is unknown is out. `Not`
of unknown is unknown; `All` is false where one is false, else unknown where one is; `AnyOf` the other way round. Only
`is_null`, `InGroup` and `Everyone` are never unknown. A number that is not a number (NaN) counts as null.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from groupsync.model.findings import SourceRange


class Type(enum.StrEnum):
    """What an attribute's values are, whatever the source calls it. One without a zone is meant in the source's."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    OTHER = "other"
    """Nothing that a condition can test but for `is_null`."""


Scalar: TypeAlias = str | int | float | bool | Decimal | date | datetime
"""One value. An instant is a `datetime` in UTC."""


class Operator(enum.StrEnum):
    """How a value is tested."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"
    IS_NULL = "is_null"
    BEFORE = "before"
    AFTER = "after"
    WITHIN_DAYS = "within_days"
    MORE_THAN_DAYS_AGO = "more_than_days_ago"
    WITHIN_NEXT_DAYS = "within_next_days"
    WITHIN_HOURS = "within_hours"
    MORE_THAN_HOURS_AGO = "more_than_hours_ago"
    WITHIN_NEXT_HOURS = "within_next_hours"


BY_DAYS: Final = frozenset([Operator.WITHIN_DAYS, Operator.MORE_THAN_DAYS_AGO, Operator.WITHIN_NEXT_DAYS])
BY_HOURS: Final = frozenset([Operator.WITHIN_HOURS, Operator.MORE_THAN_HOURS_AGO, Operator.WITHIN_NEXT_HOURS])
FROM_NOW: Final = BY_DAYS | BY_HOURS
"""Operators that count from the plan's instant, so that what they find changes by itself. Those of days, and those of
hours, part all of time: longer ago, up to the instant, and after it."""

BOUND_OPERATORS: Final = frozenset(
    [
        Operator.EQ,
        Operator.IN,
        Operator.GT,
        Operator.GTE,
        Operator.LT,
        Operator.LTE,
        Operator.CONTAINS,
        Operator.STARTS_WITH,
        Operator.ENDS_WITH,
        Operator.MATCHES,
        Operator.IS_NULL,
    ]
)
"""What binding leaves: the others are written with these, `Not` and `All`."""


@dataclass(frozen=True, slots=True)
class Test:
    """One attribute held against a value.

    Attributes:
        field: name of the attribute as written; once bound, of the source's column.
        operator: which test.
        value: one value, or several for `in`, `not_in` (distinct once bound) and `between` (low and high). As written:
            texts, numbers and flags; once bound: of the attribute's type, except for `is_null`, whose value is a bool.
            `matches` has a pattern that means the same on all engines (`groupsync.patterns`), found anywhere.
        at: where the value is written.
        ignore_case: fold letters first, as `groupsync.folding` does; for text alone.
        field_at: where the attribute's name is written; None where that is not known.
        values_at: where each value of a short list is written, in their order; empty for others, and once bound.
    """

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]
    at: SourceRange
    ignore_case: bool = False
    field_at: SourceRange | None = None
    values_at: tuple[SourceRange, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """True where each is; at least one.

    Attributes:
        conditions: the parts.
        at: where it is written.
        counted: once bound, the test as written whose ends the parts are, where it counts from the plan's instant.
    """

    conditions: tuple[Condition, ...]
    at: SourceRange
    counted: Test | None = field(default=None, metadata={"said": "where it is there"})


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where one is; at least one."""

    conditions: tuple[Condition, ...]
    at: SourceRange


@dataclass(frozen=True, slots=True)
class Not:
    """True where the condition is false; unknown stays unknown."""

    condition: Condition
    at: SourceRange


@dataclass(frozen=True, slots=True)
class InGroup:
    """True for the final members of another group, false for everybody else."""

    group: str
    at: SourceRange


@dataclass(frozen=True, slots=True)
class Everyone:
    """True for each customer of the source."""

    at: SourceRange


Condition: TypeAlias = All | AnyOf | Not | InGroup | Everyone | Test


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that a source knows of each customer.

    Attributes:
        name: as conditions write it.
        type: of its values.
        native: the source's own word for the type, such as `varchar`.
        column: the source's name for it.
        description, category, unit: for people; empty where the config does not say.
        look_back: how far back it goes, such as `90d`; empty for all of history.
        values: the texts that it can be; empty where the config does not say.
        hint: for who needs it to be of another type: how the source could be told so; empty where nothing is known.
    """

    name: str
    type: Type
    native: str = ""
    column: str = ""
    description: str = ""
    category: str = ""
    unit: str = ""
    look_back: str = ""
    values: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A stable part of all people: those whose bucket under `seed` lies below `percent`; see `groupsync.bucket`."""

    percent: Decimal
    seed: str


@dataclass(frozen=True, slots=True)
class Top:
    """`limit`: only the first by an attribute.

    Attributes:
        count: how many; at least 1.
        field: name of the attribute; once bound, of the column. Nulls come last, ties by identifier.
        descending: the largest first.
        keep_until_rank: who is in already stays as far as this rank, in place of somebody new; None for no such margin.
        at: where it is written.
    """

    count: int
    field: str
    descending: bool
    keep_until_rank: int | None
    at: SourceRange


@dataclass(frozen=True, slots=True)
class Floor:
    """`min_size`: a smaller segment is inactive, and what becomes of the members it has.

    Attributes:
        count: the smallest size that is active.
        empties: whether an inactive segment's group is emptied; otherwise it is left as it is.
    """

    count: int
    empties: bool = False
