"""Hypothesis strategies for bound conditions and for tables of customers to test them on, and those tables as Arrow.

For differential tests: `groupsync.truth` says what a condition is for each row, and an engine has to agree. Values of
rows and conditions come from the same small pools, so that tests are true, false and unknown about equally often.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from groupsync.model import SourceRange
from groupsync.model.criteria import All, AnyOf, Condition, Everyone, InGroup, Not, Operator, Scalar, Test, Type
from groupsync.patterns import portable

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

AT = SourceRange("groups/a.yaml", 1, 1)

COLUMNS = {
    "name": Type.TEXT,
    "orders": Type.INTEGER,
    "small": Type.INTEGER,
    "score": Type.NUMBER,
    "ratio": Type.NUMBER,
    "spend": Type.DECIMAL,
    "newsletter": Type.BOOLEAN,
    "born": Type.DATE,
    "seen": Type.INSTANT,
    "bought": Type.INSTANT,
}
"""What a table has besides its identifiers: `small` is 16 bits wide, `ratio` a float of 32, `seen` has no zone."""

HOSTILE = (
    "", " ", "'", "''", '"', "\\", "\\'", "\\\\", "%", "_", "a%", "100%", "a_b", "a\nb", "a\r\nb", "\t", "$", "a$", "`",
    "${env:HOME}", "$$", "$1", "{{x}}", "{}", ":x", "?", "%s", "%(x)s", "O'Reilly", "x'; DROP TABLE customers; --",
    "') OR 1=1 --", "\\' OR 1=1 --", "/* */", "--", ";", "NULL", "null", "true", "\\u0041", "\\x41", "E'\\n'", "(?i)a",
    ".*", "^a", "[a]", "é", "É", "e\u0301", "ß", "SS", "İ", "ı", "Σ", "ς", "σ", "日本", "😀", "\u200d", "\x7f",
    "\u2028", "\x1f", "\x01", "ab", "AB", "Ab", "abc", "b", "A" * 300,
)  # fmt: skip
"""Texts that mean something to an engine, a driver or a template, and those that letters are compared with."""

_PATTERNS = (
    "a",
    "^a",
    "b$",
    "^ab$",
    "a.b",
    "A",
    r"\$",
    r"\\",
    "[^a]",
    "[a-c]+$",
    "(?:a|É)",
    r"\s",
    r"\d",
    "a?b",
    "[$%_]",
    "é",
    ".",
)
_INTEGERS = (0, 1, -1, 2, 32_767, -32_768, 2_147_483_647, 9_007_199_254_740_993, 2**63 - 1, -(2**63))
_TOO_LARGE = (2**63, -(2**63) - 1, 10**40)
_NUMBERS = (0.0, 0.1, 0.5, 1.0, -1.5, 0.30000000000000004, 1e308, -1e308, 5e-324, math.inf, -math.inf)
_RATIOS = (0.0, 0.5, 1.0, -1.5, 0.25)
_DECIMALS = tuple(map(Decimal, ("0.00", "0.01", "1.00", "-1.00", "10.50", "99999999.99", "-99999999.99")))
_UNFIT = tuple(map(Decimal, ("0.005", "1.001", "-1.001", "100000000", "-100000000", "1E+30", "1E-30", "1e2", "0")))
_DATES = (date(1970, 1, 1), date(2026, 2, 28), date(2026, 3, 1), date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31))
_INSTANTS = tuple(
    datetime(*parts, tzinfo=UTC)
    for parts in (
        (1970, 1, 1),
        (2026, 3, 29, 1, 30),
        (2026, 3, 29, 1, 30, 0, 1),
        (1900, 1, 1),
        (2200, 12, 31, 23, 59, 59),
    )
)
_POOLS: dict[str, tuple[Any, ...]] = {
    "name": HOSTILE,
    "orders": _INTEGERS,
    "small": _INTEGERS[:6],
    "score": (*_NUMBERS, math.nan),
    "ratio": (*_RATIOS, math.nan),
    "spend": _DECIMALS,
    "newsletter": (True, False),
    "born": _DATES,
    "seen": _INSTANTS,
    "bought": _INSTANTS,
}
_SOUGHT: dict[str, tuple[Any, ...]] = {
    **_POOLS,
    "orders": (*_INTEGERS, *_TOO_LARGE),
    "small": (*_INTEGERS, *_TOO_LARGE),
    "score": _NUMBERS,
    "ratio": (*_RATIOS, 0.1),
    "spend": (*_DECIMALS, *_UNFIT),
    "seen": tuple(each.astimezone(timezone(timedelta(hours=2))) for each in _INSTANTS) + _INSTANTS,
}
_ORDERED = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)
_SEARCHES = (Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH)

Row = dict[str, Scalar | None]


def bound(column: str, operator: Operator | str, value: Any, *, ignore_case: bool = False) -> Test:
    """Make a bound test."""
    return Test(column, Operator(operator), value, AT, ignore_case)


def rows() -> SearchStrategy[Row]:
    """What is known of one customer: any column may be null."""
    return st.fixed_dictionaries({column: st.sampled_from([None, *pool]) for column, pool in _POOLS.items()})


def tables(max_size: int = 12, min_size: int = 0) -> SearchStrategy[list[tuple[str, Row]]]:
    """Customers: canonical identifiers, each once, and what is known of them."""
    people = st.lists(st.sampled_from(range(100)), unique=True, min_size=min_size, max_size=max_size)
    return people.flatmap(
        lambda found: st.tuples(*(st.tuples(st.just(f"p{n}@example.com"), rows()) for n in found))
    ).map(list)


@st.composite
def bound_tests(draw: DrawFn) -> Test:
    """One bound test, of any column with any operator that it can have."""
    column = draw(st.sampled_from(sorted(COLUMNS)))
    values = st.sampled_from(_SOUGHT[column])
    operators = [Operator.EQ, Operator.IN, Operator.IS_NULL]
    if COLUMNS[column] is Type.TEXT:
        operators += [*_SEARCHES, Operator.MATCHES]
    elif COLUMNS[column] is not Type.BOOLEAN:
        operators += _ORDERED
    operator = draw(st.sampled_from(operators))
    folds = COLUMNS[column] is Type.TEXT and operator is not Operator.IS_NULL and draw(st.booleans())
    match operator:
        case Operator.IS_NULL:
            return bound(column, operator, draw(st.booleans()))
        case Operator.IN:
            found = draw(st.lists(values, min_size=1, max_size=4, unique=True))
            return bound(column, operator, tuple(found), ignore_case=folds)
        case Operator.MATCHES:
            pattern = portable(draw(st.sampled_from(_PATTERNS)), ignore_case=folds)
            return bound(column, operator, pattern, ignore_case=folds)
        case _:
            return bound(column, operator, draw(values), ignore_case=folds)


def conditions(groups: tuple[str, ...] = ()) -> SearchStrategy[Condition]:
    """Bound conditions of any shape; `in_group` for these groups."""
    leaves: list[SearchStrategy[Condition]] = [bound_tests(), bound_tests(), bound_tests(), st.just(Everyone(AT))]
    leaves += [st.builds(InGroup, st.just(group), st.just(AT)) for group in groups]
    return st.recursive(
        st.one_of(leaves),
        lambda inner: st.one_of(
            st.builds(lambda parts: All(tuple(parts), AT), st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: AnyOf(tuple(parts), AT), st.lists(inner, min_size=1, max_size=3)),
            st.builds(Not, inner, st.just(AT)),
        ),
        max_leaves=8,
    )


def arrow_table(customers: list[tuple[str | None, Row]]) -> Any:
    """Return customers as an Arrow table, with the identifiers in `email`."""
    import pyarrow as pa

    types = {
        "name": pa.string(),
        "orders": pa.int64(),
        "small": pa.int16(),
        "score": pa.float64(),
        "ratio": pa.float32(),
        "spend": pa.decimal128(10, 2),
        "newsletter": pa.bool_(),
        "born": pa.date32(),
        "seen": pa.timestamp("us"),
        "bought": pa.timestamp("us", tz="UTC"),
    }
    columns = {"email": pa.array([identifier for identifier, _ in customers], pa.string())}
    for column, kind in types.items():
        values = [row.get(column) for _, row in customers]
        if column == "seen":
            values = [value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in values]
        columns[column] = pa.array(values, kind, from_pandas=False)
    return pa.table(columns)
