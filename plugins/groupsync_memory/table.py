"""The rows of a memory source: options become typed values, or say all that is wrong with them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import ConfigError, SourceError
from groupsync.model.criteria import Type
from groupsync.schema_words import closest
from groupsync.times import parse_instant, read_in
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from groupsync.model.criteria import Scalar

_SHOWN_PROBLEMS: Final = 10
TYPES: Final = tuple(kind.value for kind in Type if kind is not Type.OTHER)


@dataclass(frozen=True, slots=True)
class Table:
    """Customers, a row each.

    Attributes:
        types: of each column, sorted by name.
        rows: with a value, or None, for each column.
    """

    types: Mapping[str, Type]
    rows: tuple[Mapping[str, Scalar | None], ...]

    def check_column(self, name: str, source: str) -> None:
        """Do nothing where there is such a column.

        Raises:
            SourceError: there is none; names those there are.
        """
        if name not in self.types:
            found = f"it has {', '.join(f'`{each}`' for each in self.types)}" if self.types else "it has no columns"
            hint = closest(name, tuple(self.types)) or "Correct the name, or give the rows such a column."
            raise SourceError(f"source `{source}` has no column `{shown(name)}`", found, hint)


def table_of(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str], source: str, zone: tzinfo = UTC) -> Table:
    """Return the rows with each value of its column's type.

    Args:
        rows: as written; a key that is missing is null.
        types: of some columns, by name; the others' are inferred from all of their values.
        source: the source's name, for messages.
        zone: that times without one are meant in.

    Raises:
        ConfigError: values that are not of their column's type, or columns with values of several.
    """
    names = sorted({*types, *(name for row in rows for name in row)})
    problems: list[str] = []
    kinds = {
        name: Type(types[name]) if name in types else _inferred(name, (row.get(name) for row in rows), problems)
        for name in names
    }
    made: list[dict[str, Scalar | None]] = []
    for number, row in enumerate(rows, 1):
        typed: dict[str, Scalar | None] = {}
        for name in names:
            try:
                typed[name] = None if row.get(name) is None else _read(row[name], kinds[name], zone)
            except ValueError as reason:
                problems.append(f"row {number}, `{shown(name)}`: {shown(row[name])} {reason}")
        made.append(typed)
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        listed = [*problems[:_SHOWN_PROBLEMS], *([f"and {more:,} more"] if more > 0 else [])]
        hint = "Correct the values, or say in `types` what the columns are."
        raise ConfigError(f"the rows of source `{source}` don't fit their types", "\n".join(listed), hint)
    return Table(kinds, tuple(made))


def _read(value: Any, kind: Type, zone: tzinfo) -> Scalar:
    return _instant(value, zone) if kind is Type.INSTANT else _READERS[kind](value)


def _inferred(name: str, values: Iterable[object], problems: list[str]) -> Type:
    found = {type(value) for value in values if value is not None}
    for kind, fitting in _FITTING.items():
        if found <= fitting:
            return kind
    words = " and ".join(sorted({_WORDS.get(each, each.__name__) for each in found}))
    problems.append(f"`{shown(name)}` has {words}, so it has no type")
    return Type.TEXT if str in found else Type.NUMBER


_FITTING: Final[Mapping[Type, set[type]]] = {
    Type.TEXT: {str},
    Type.BOOLEAN: {bool},
    Type.INTEGER: {int},
    Type.NUMBER: {int, float},
    Type.DECIMAL: {int, Decimal},
    Type.DATE: {date},
    Type.INSTANT: {datetime},
}
_WORDS: Final = {str: "texts", bool: "flags", int: "numbers", float: "numbers", Decimal: "numbers", date: "dates"}


def _must(fits: bool, otherwise: str) -> None:
    if not fits:
        raise ValueError(otherwise)


def _text(value: Any) -> str:
    _must(isinstance(value, str), "is no text; put it in quotes")
    return str(value)


def _integer(value: Any) -> int:
    _must(isinstance(value, int) and not isinstance(value, bool), "is no whole number")
    return int(value)


def _number(value: Any) -> float:
    _must(isinstance(value, int | float) and not isinstance(value, bool), "is no number")
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        found = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("is no decimal number") from error
    _must(math.isfinite(found), "is no decimal number")
    return found


def _boolean(value: Any) -> bool:
    _must(isinstance(value, bool), "is neither true nor false")
    return bool(value)


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError("is no date such as 2027-01-31") from error


def _instant(value: Any, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return read_in(zone, value) if value.tzinfo is None else value.astimezone(UTC)
    try:
        return parse_instant(str(value), zone)
    except ValueError as error:
        raise ValueError(f"is no time: {error}") from error


_READERS: Final[Mapping[Type, Callable[[Any], Scalar]]] = {
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.NUMBER: _number,
    Type.DECIMAL: _decimal,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
}
