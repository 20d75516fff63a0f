"""One type for a column that several files have: the narrowest that loses no value of any. Pure.

Which type comes of it does not depend on the order of the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WHOLE_DOUBLES: Final = 2**53
"""A double holds every whole number up to here."""
_WIDEST_DECIMAL: Final = 38


@dataclass(frozen=True, slots=True)
class Layout:
    """Files that have the same columns.

    Attributes:
        name: of one of them, for messages: the first by name.
        types: the Ibis type of each column; None where it has no value in any of the files.
    """

    name: str
    types: Mapping[str, Any]


def common_types(layouts: Sequence[Layout], source: str, *, by_name: bool) -> dict[str, Any]:
    """Return the columns of all files, in the order of the first, each with the type that holds all of its values.

    Args:
        layouts: at least one, sorted by name.
        source: the source's name, for messages.
        by_name: whether a file may lack a column, which is null there.

    Raises:
        SourceError: a file lacks a column, or no type holds the values of two files; names both files.
    """
    columns = list(dict.fromkeys(column for layout in layouts for column in layout.types))
    _check_capitals(layouts, source)
    if not by_name:
        _check_columns(layouts, columns, source)
    return {column: _common_type(layouts, column, source) for column in columns}


def cast_sql(column: str, has: Any, wanted: Any, name: str) -> str:
    """Return a DuckDB expression for a column of one layout in the type that all have.

    Args:
        column: quoted.
        has: its Ibis type there; None where it has no value.
        wanted: an Ibis type that `common_types` gave.
        name: of the file, for messages.
    """
    native = "TIMESTAMPTZ" if wanted.is_timestamp() and wanted.timezone else _native(wanted)
    if has is None:
        return f"NULL::{native}"
    if _same(has, wanted):
        return column
    if wanted.is_floating() and has.is_integer() and not _is_exact_as_double(has):
        told = f"`{name}` has the whole number ".replace("'", "''")
        wide = f"{column} NOT BETWEEN -{_WHOLE_DOUBLES} AND {_WHOLE_DOUBLES}"
        lost = f"error('{told}' || {column} || ', which a double of another file would round')"
        return f"CASE WHEN {wide} THEN {lost}::{native} ELSE {column}::{native} END"
    return f"{column}::{native}"


def widest(one: Any, other: Any) -> Any:
    """Return the narrowest Ibis type that holds every value of two; None where there is none.

    Doubles hold whole numbers up to 2⁵³, and what is larger is found when it is read (`cast_sql`). Times are as exact
    as conditions compare them, to the microsecond.
    """
    import ibis.expr.datatypes as dt

    if one is None or other is None:
        return one if other is None else other
    if _same(one, other):
        return one
    kinds = {_kind(one), _kind(other)}
    if kinds == {"integer"}:
        low = min(one.bounds.lower, other.bounds.lower)
        high = max(one.bounds.upper, other.bounds.upper)
        known = (dt.uint8, dt.uint16, dt.uint32, dt.uint64, dt.int8, dt.int16, dt.int32, dt.int64)
        fits = (each for each in known if each.bounds.lower <= low and high <= each.bounds.upper)
        return next(fits, dt.Decimal(len(str(high)), 0))
    if kinds <= {"integer", "decimal"}:
        whole = max(map(_whole_digits, (one, other)))
        scale = max(each.scale if each.is_decimal() else 0 for each in (one, other))
        return dt.Decimal(whole + scale, scale) if whole + scale <= _WIDEST_DECIMAL else None
    if kinds <= {"integer", "floating"}:
        return dt.float64
    # Times without a zone are read in that of the session, where others have one.
    zone = "UTC" if kinds == {"timestamp"} and (one.timezone or other.timezone) else None
    return dt.Timestamp(zone, scale=6) if kinds == {"timestamp"} else None


def _check_capitals(layouts: Sequence[Layout], source: str) -> None:
    """Refuse names that differ in capital letters alone, which DuckDB takes for one."""
    known: dict[str, tuple[str, str]] = {}
    for layout in layouts:
        for column in layout.types:
            before, name = known.setdefault(column.lower(), (column, layout.name))
            if before != column:
                raise SourceError(
                    f"files of source `{source}` write the name of a column in different ways",
                    f"`{name}` has `{before}`, and `{layout.name}` has `{column}`",
                    "Write it in one way in all files.",
                )


def _check_columns(layouts: Sequence[Layout], columns: Sequence[str], source: str) -> None:
    for column in columns:
        having = [layout.name for layout in layouts if column in layout.types]
        lacking = [layout.name for layout in layouts if column not in layout.types]
        if lacking:
            raise SourceError(
                f"files of source `{source}` have different columns",
                f"`{having[0]}` has `{column}`, and `{lacking[0]}` does not",
                "Correct the files, or write `by_name: true` where a column that a file lacks is to be unknown there.",
            )


def _common_type(layouts: Sequence[Layout], column: str, source: str) -> Any:
    import ibis.expr.datatypes as dt

    having = [layout for layout in layouts if layout.types.get(column) is not None]
    for number, one in enumerate(having):
        for other in having[number + 1 :]:
            if widest(one.types[column], other.types[column]) is None:
                types = [f"{_native(each.types[column]).lower()} in `{each.name}`" for each in (one, other)]
                raise SourceError(
                    f"files of source `{source}` have different types for `{column}`",
                    f"it is {' and '.join(types)}, and no type holds the values of both",
                    "Write all files with one type.",
                )
    found = None
    for layout in having:
        found = widest(found, layout.types[column])
    return dt.string if found is None else found


def _kind(dtype: Any) -> str:
    kinds = ("integer", "decimal", "floating", "timestamp")
    return next((kind for kind in kinds if getattr(dtype, f"is_{kind}")()), "other")


def _whole_digits(dtype: Any) -> int:
    return dtype.precision - dtype.scale if dtype.is_decimal() else len(str(dtype.bounds.upper))


def _is_exact_as_double(dtype: Any) -> bool:
    return bool(max(-dtype.bounds.lower, dtype.bounds.upper) <= _WHOLE_DOUBLES)


def _same(one: Any, other: Any) -> bool:
    return bool(one.copy(nullable=True) == other.copy(nullable=True))


def _native(dtype: Any) -> str:
    from ibis.backends.sql.datatypes import DuckDBType

    return str(DuckDBType.to_string(dtype))
