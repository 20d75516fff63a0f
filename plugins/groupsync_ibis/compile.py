"""Bound conditions as Ibis expressions, which have the three values that conditions have. Pure.

Comparisons are written so that no engine has to convert a column's type to a literal's: it would round, or overflow.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from groupsync.backtracking import why_slow
from groupsync.errors import SourceError
from groupsync.folding import CAPITALS, SMALL, fold
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Operator, Test, Type
from groupsync.patterns import with_end
from groupsync_ibis.bits import BITS
from groupsync_ibis.convert import type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groupsync.model.criteria import Condition, Scalar

_Limits: TypeAlias = "tuple[int | Decimal, int | Decimal] | None"


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what engines differ that Ibis does not know.

    Attributes:
        end: how its regular expressions write the very end of a text.
        has_nan: whether it can tell what is not a number.
        splits: whether it can take a text apart into rows.
        is_postgres: whether it has numbers (`numeric`) that are none, and choices (`enum`) that Ibis takes for texts.
        goes_back: whether it takes patterns by trying one way after the other, which may take exponential time.
        zone: that casts read times without one in, and times are given in.
        reads_dates: the function that reads a date as an instant there, where a cast does not.
        has_wildcards: whether it may take `%` and `_` for wildcards where a text is to begin or end with something.
    """

    end: str = "$"
    has_nan: bool = True
    splits: bool = True
    is_postgres: bool = False
    has_wildcards: bool = False
    zone: tzinfo = UTC
    reads_dates: str = ""
    goes_back: bool = False


_COMPARISONS: Final[dict[Operator, Callable[[Any, Any], Any]]] = {
    Operator.EQ: operator.eq,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}
_WRITTEN_OUT: Final = 100
"""As many values stand in the statement one by one; more are sent as one text, which is a hundred times faster."""
_SEPARATORS: Final = "\x1f\x1e\x1d\x1c\x01\x02\x03\x04"
_EXACT: Final = Context(prec=10_000, rounding=ROUND_FLOOR)


def compile_condition(condition: Condition, table: Any, in_group: Callable[[str], Any], dialect: Dialect) -> Any:
    """Return a condition as an Ibis expression over a table.

    Args:
        condition: bound.
        table: has the columns that it names.
        in_group: gives the expression for being in a group; never null.
        dialect: of the engine.
    """
    match condition:
        case Everyone():
            import ibis

            return ibis.literal(value=True)
        case Not():
            return ~compile_condition(condition.condition, table, in_group, dialect)
        case All() | AnyOf():
            join = operator.and_ if isinstance(condition, All) else operator.or_
            return balanced([compile_condition(each, table, in_group, dialect) for each in condition.conditions], join)
        case InGroup():
            return in_group(condition.group)
        case Test():
            return compile_test(condition, table[condition.field], dialect)
        case _:
            assert_never(condition)


def never(name: str) -> Any:
    """Stand for being in a group where no condition asks for it."""
    raise ValueError(f"`{name}` is asked of the engine")


def compile_bits(tests: Sequence[Test], table: Any, dialect: Dialect) -> list[Any]:
    """Return the columns that hold a bit for each test, `BITS` in each."""
    import ibis

    columns = []
    for start in range(0, len(tests), BITS):
        bits = []
        for number, test in enumerate(tests[start : start + BITS]):
            found = compile_test(test, table[test.field], dialect)
            value, nothing = ibis.literal(1 << number, type="int64"), ibis.literal(0, type="int64")
            bits.append(ibis.ifelse(found, value, nothing))
        columns.append(balanced(bits, operator.or_))
    return columns


def balanced(parts: Sequence[Any], join: Callable[[Any, Any], Any]) -> Any:
    """Join one or more expressions pairwise, so that a thousand are ten deep."""
    found = list(parts)
    while len(found) > 1:
        pairs = [join(*found[at : at + 2]) for at in range(0, len(found) - 1, 2)]
        found = [*pairs, *found[len(pairs) * 2 :]]
    return found[0]


def known(column: Any, dialect: Dialect) -> Any:
    """Return a column in which what is not a number (NaN) is null, in a width that all engines compare alike.

    Not by comparing with NaN: DuckDB leaves that out where a Parquet file's statistics, which skip NaN, rule it out.
    """
    import ibis

    if column.type().is_decimal() and dialect.is_postgres:
        return ibis.ifelse(column == _literal(Decimal("NaN"), column.type()), ibis.null(column.type()), column)
    if not column.type().is_floating():
        return column
    wide = column.cast("float64")
    if not dialect.has_nan:
        return wide
    return ibis.ifelse(wide.isnan(), ibis.null("float64"), wide)


def readable(column: Any, dialect: Dialect) -> Any:
    """Return a column whose values Python can hold.

    `infinity` of a time is the last moment that there is; what conditions know no type for is text.
    """
    import ibis

    dtype = column.type()
    if dtype.is_timestamp() or dtype.is_date():
        column = column.cast(dtype.copy(scale=6)) if dtype.is_timestamp() and dtype.scale not in {None, 6} else column
        first, last = (_literal(each, column.type()) for each in _ends(dtype, dialect.zone))
        return ibis.ifelse(column < first, first, ibis.ifelse(column > last, last, column))
    return column.cast("string") if type_of(dtype) is Type.OTHER else known(column, dialect)


def moment(column: Any, dialect: Dialect) -> Any:
    """Return a column that tells when something was; null where it is `infinity`."""
    dtype = column.type()
    wanted = "timestamp" if dialect.zone == UTC else "timestamp('UTC')"
    if not (dtype.is_timestamp() or dtype.is_date()):
        return column.cast(wanted)
    found = readable(column, dialect)
    found = found.nullif(_literal(_ends(dtype, dialect.zone)[1], found.type()))
    if dtype.is_date() and dialect.reads_dates:
        return _function(dialect.reads_dates, found)
    return found if dtype.is_timestamp() and dtype.timezone else found.cast(wanted)


def _function(name: str, column: Any) -> Any:
    """Call a function of the engine that gives a time for a text."""
    import ibis

    def called(text: str) -> Any:
        raise NotImplementedError  # the engine's own is called

    made: Any = ibis.udf.scalar.builtin(called, name=name, signature=(("string",), "timestamp(6)"))
    return made(column.cast("string"))


def _ends(dtype: Any, zone: tzinfo) -> tuple[Scalar, Scalar]:
    """Return the first and the last time of a type that Python knows, in UTC and in a zone."""
    if dtype.is_date():
        return date.min, date.max
    ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    local = (_in_utc(each.replace(tzinfo=zone)) for each in ends)
    first, last = (there or here for there, here in zip(local, ends, strict=True))
    return first, last


def _in_utc(instant: datetime) -> datetime | None:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return None


def compile_test(test: Test, column: Any, dialect: Dialect) -> Any:
    """Return one test of a column: null where the column is, but for `is_null`."""
    dtype = column.type()
    column = known(column, dialect)
    if test.operator is Operator.IS_NULL:
        return column.isnull() if test.value else column.notnull()
    if dtype.is_string():
        return _text_test(test, column, dialect)
    if isinstance(_single(test), float):
        column = column.cast("float64")
    elif dtype.is_decimal():
        return _exact_test(test, column, (dtype.scale, _decimal_limits(dtype)), dialect)
    elif dtype.is_integer():
        return _exact_test(test, column, (0, (dtype.bounds.lower, dtype.bounds.upper)), dialect)
    if dtype.is_timestamp() and dtype.scale not in {None, 6}:
        column = column.cast(dtype.copy(scale=6))
    if test.operator is Operator.IN:
        return _is_in(column, _values(test), dialect)
    return _COMPARISONS[test.operator](column, _literal(_single(test), column.type()))


def _text_test(test: Test, column: Any, dialect: Dialect) -> Any:
    values: list[Scalar] = [fold(str(each)) if test.ignore_case else str(each) for each in _values(test)]
    if dialect.is_postgres:
        from ibis.expr import datatypes, operations

        column = operations.Cast(column, datatypes.string).to_expr()  # `cast` would leave it out
    if test.ignore_case:
        column = column.translate(CAPITALS, SMALL)
    match test.operator:
        case Operator.IN:
            return _is_in(column, values, dialect)
        case Operator.CONTAINS:
            return column.contains(values[0])
        case Operator.STARTS_WITH | Operator.ENDS_WITH:
            return _at_edge(column, str(values[0]), dialect, is_start=test.operator is Operator.STARTS_WITH)
        case Operator.MATCHES:
            if dialect.goes_back and (why := why_slow(str(test.value))):
                summary = f"a pattern for `{test.field}` could take this engine longer than anybody waits"
                detail = f"{why}, at {test.at.path}:{test.at.line}"
                hint = "Write it without, or with `starts_with`, `ends_with` or `contains`; DuckDB takes any pattern."
                raise SourceError(summary, detail, hint)
            return column.re_search(with_end(str(test.value), dialect.end))
        case _:
            return _COMPARISONS[test.operator](column, _literal(values[0], column.type()))


def _at_edge(column: Any, value: str, dialect: Dialect, *, is_start: bool) -> Any:
    if not value:
        return _always(column, value=True)
    if dialect.has_wildcards:
        return (column.left(len(value)) if is_start else column.right(len(value))) == value
    return column.startswith(value) if is_start else column.endswith(value)


def _exact_test(test: Test, column: Any, room: tuple[int | None, _Limits], dialect: Dialect) -> Any:
    """Compare with a value that a column of this scale may not be able to hold, by the next one below that it can."""
    scale, limits = room
    if test.operator is Operator.IN:
        fitting = [each for each in map(_number, _values(test)) if _fits(each, scale, limits)]
        return _is_in(column, fitting, dialect)
    value = _number(_single(test))
    if limits is not None and not limits[0] <= value <= limits[1]:
        is_below = value < limits[0]
        return _always(column, value=test.operator in ({_GT, _GTE} if is_below else {_LT, _LTE}))
    if _fits(value, scale, limits):
        return _COMPARISONS[test.operator](column, _literal(value, column.type()))
    if test.operator is Operator.EQ:
        return _always(column, value=False)
    below = _literal(value.quantize(Decimal(1).scaleb(-(scale or 0)), context=_EXACT), column.type())
    return column > below if test.operator in {_GT, _GTE} else column <= below


_GT, _GTE, _LT, _LTE = Operator.GT, Operator.GTE, Operator.LT, Operator.LTE


def _fits(value: Decimal, scale: int | None, limits: _Limits) -> bool:
    if limits is not None and not limits[0] <= value <= limits[1]:
        return False
    return scale is None or value == value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def _decimal_limits(dtype: Any) -> _Limits:
    if dtype.precision is None or dtype.scale is None:
        return None
    highest = (Decimal(10**dtype.precision) - 1).scaleb(-dtype.scale, context=_EXACT)
    return -highest, highest


def _always(column: Any, *, value: bool) -> Any:
    import ibis

    return ibis.ifelse(column.isnull(), ibis.null("boolean"), ibis.literal(value))


def _is_in(column: Any, values: Sequence[Scalar], dialect: Dialect) -> Any:
    if not values:
        return _always(column, value=False)
    texts = [_written(each, column.type()) for each in values]
    separator = next((each for each in _SEPARATORS if not any(each in text for text in texts)), None)
    if len(values) <= _WRITTEN_OUT or separator is None or not dialect.splits:
        return column.isin([_literal(each, column.type()) for each in values])
    import ibis

    listed = ibis.literal(separator.join(texts)).split(separator).unnest().name("value").as_table()
    return column.isin(listed.value.cast(column.type()))


def _literal(value: Scalar, dtype: Any) -> Any:
    import ibis

    if isinstance(value, Decimal):
        return (
            ibis.literal(int(value), type=dtype)
            if dtype.is_integer()
            else ibis.literal(_written(value, dtype)).cast(dtype)
        )
    if isinstance(value, datetime):
        instant = value.astimezone(UTC)
        return ibis.literal(instant if dtype.timezone else instant.replace(tzinfo=None), type=dtype)
    return ibis.literal(value, type=dtype)


def _written(value: Scalar, dtype: Any) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            instant = value.astimezone(UTC)
            return (instant if dtype.timezone else instant.replace(tzinfo=None)).isoformat(" ")
        case date():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(value)


def _number(value: Scalar) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _values(test: Test) -> tuple[Scalar, ...]:
    return test.value if isinstance(test.value, tuple) else (test.value,)


def _single(test: Test) -> Scalar:
    return _values(test)[0]
