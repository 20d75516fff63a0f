"""Put counts by value into few lines: the most frequent values, or ranges of numbers and days. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from groupsync.condition_words import value_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model.criteria import Scalar

MAX_LINES: Final = 12
_NULL: Final = "null"
_DAYS_BY_MONTH: Final = 366


@dataclass(frozen=True, slots=True)
class Slice:
    """Some values, and how many people have one of them.

    Attributes:
        label: the value, or a range of values.
        count: how many people.
        values: how many different values that are; null is one.
    """

    label: str
    count: int
    values: int = 1


def slices_of(shares: Sequence[tuple[Scalar | None, int]]) -> tuple[Slice, ...]:
    """Return at most twelve lines, and one for what is left.

    Up to twelve different values come one by one, as do texts, the most frequent first. More numbers come in ranges of
    one round width, days and instants in months or, over more than a year, in years; ranges come in order, null last.

    Args:
        shares: by value, each once.
    """
    known = [(value, count) for value, count in shares if value is not None]
    if len(shares) <= MAX_LINES or not known:
        return _most_frequent(shares)
    values = [value for value, _ in known]
    if all(isinstance(value, date) for value in values):
        found = _periods(known)
    elif all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values):
        found = _ranges([(float(value), count) for value, count in known if not isinstance(value, str | bool | date)])
    else:
        return _most_frequent(shares)
    nulls = sum(count for value, count in shares if value is None)
    return (*_bounded(found), *([Slice(_NULL, nulls)] if nulls else []))


def _most_frequent(shares: Sequence[tuple[Scalar | None, int]]) -> tuple[Slice, ...]:
    ordered = sorted(shares, key=lambda pair: (-pair[1], pair[0] is None, str(pair[0])))
    return _bounded([Slice(_words(value), count) for value, count in ordered])


def _words(value: Scalar | None) -> str:
    if value is None:
        return _NULL
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else value_words(value)


def _bounded(found: list[Slice]) -> tuple[Slice, ...]:
    """Keep twelve, the most frequent ones in their order, and put the others together."""
    if len(found) <= MAX_LINES:
        return tuple(found)
    kept = set(sorted(range(len(found)), key=lambda index: (-found[index].count, index))[:MAX_LINES])
    rest = [each for index, each in enumerate(found) if index not in kept]
    others = Slice("others", sum(each.count for each in rest), sum(each.values for each in rest))
    return (*(each for index, each in enumerate(found) if index in kept), others)


def _ranges(known: Sequence[tuple[float, int]]) -> list[Slice]:
    values = [value for value, _ in known if math.isfinite(value)]
    width = _round_width((max(values) - min(values)) / 10) if values else 1.0
    is_whole = all(value == int(value) for value in values) and width >= 1
    counts: Counter[float] = Counter()
    distinct: Counter[float] = Counter()
    for value, count in known:
        start = math.floor(value / width) if math.isfinite(value) else value
        counts[start] += count
        distinct[start] += 1
    return [
        Slice(_range_words(start, width, is_whole=is_whole), counts[start], distinct[start]) for start in sorted(counts)
    ]


def _round_width(width: float) -> float:
    """Return the next number of 1, 2 and 5 times a power of ten."""
    if width <= 0 or not math.isfinite(width):
        return 1.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width)


def _range_words(start: float, width: float, *, is_whole: bool) -> str:
    if not math.isfinite(start):
        return f"{start}"
    low, high = start * width, (start + 1) * width
    if is_whole:
        return f"{int(low)}" if width == 1 else f"{int(low)} to {int(high) - 1}"
    return f"{low:.10g} to < {high:.10g}"


def _periods(known: Iterable[tuple[Scalar, int]]) -> list[Slice]:
    days = [(value.date() if isinstance(value, datetime) else value, count) for value, count in known]
    dates = [(day, count) for day, count in days if isinstance(day, date)]
    first, last = (pick(day for day, _ in dates) for pick in (min, max))
    form = "%Y-%m" if (last - first).days <= _DAYS_BY_MONTH else "%Y"
    counts: Counter[str] = Counter()
    distinct: Counter[str] = Counter()
    for day, count in dates:
        counts[day.strftime(form)] += count
        distinct[day.strftime(form)] += 1
    return [Slice(label, counts[label], distinct[label]) for label in sorted(counts)]
