"""SQLite as customers: it declares types and does not keep to them, so that each value is held to its column's.

A value of another storage class than its column's is null, and counted: SQLite takes every text for greater than every
number, and compares times as texts. Times are written in the one form in which texts are in their order.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from groupsync.source import Misfits
from groupsync.times import read_in
from groupsync_ibis.files import quoted_name

if TYPE_CHECKING:
    from collections.abc import Collection

INSTANT: Final = "groupsync_instant"
"""A function for SQLite: a text as an instant; null for what is none."""
_SAMPLE_LENGTH: Final = 100


class Loose:
    """One table or query of a SQLite database, seen through checks."""

    def __init__(self, engine: Any, relation: str, zone: tzinfo) -> None:
        """Find out what its columns are.

        Args:
            engine: the Ibis backend.
            relation: what stands in FROM.
            zone: that times without one are meant in.
        """
        self._connection = engine.con
        self._relation = relation
        self._zone = zone
        self._connection.create_function(INSTANT, 1, partial(_instant, zone=zone), deterministic=True)
        self.types = self._types(engine.compiler.type_mapper)

    def select(self, columns: Collection[str]) -> str:
        """Return the SELECT of the named columns, which have values of their types alone."""
        checked = {name: _checked(quoted_name(name), self.types[name], self._zone) for name in columns}
        parts = [f"{value} AS {quoted_name(name)}" for name, value in checked.items()]
        # The offset keeps SQLite from checking a value once for each condition.
        return f"SELECT {', '.join(parts)} FROM {self._relation} LIMIT -1 OFFSET 0"

    def misfits(self, columns: Collection[str]) -> tuple[Misfits, ...]:
        """Count values of another type, of the named columns."""
        unfit = {
            name: f"{quoted_name(name)} IS NOT NULL AND {_checked(quoted_name(name), dtype, self._zone)} IS NULL"
            for name, dtype in self.types.items()
            if name in columns and _checked(quoted_name(name), dtype, self._zone) != quoted_name(name)
        }
        if not unfit:
            return ()
        sums = ", ".join(f"total({each})" for each in unfit.values())
        counts = self._connection.execute(f"SELECT {sums} FROM {self._relation}").fetchone()
        found = zip(unfit, map(int, counts), strict=True)
        return tuple(Misfits(name, count, self._samples(name, unfit[name])) for name, count in found if count)

    def _samples(self, name: str, unfit: str) -> tuple[str, ...]:
        cell = f"substr(CAST({quoted_name(name)} AS TEXT), 1, {_SAMPLE_LENGTH})"
        found = self._connection.execute(
            f"SELECT min({cell}), max({cell}) FROM {self._relation} WHERE {unfit}"
        ).fetchone()
        return tuple(dict.fromkeys(map(str, found)))

    def _types(self, mapper: Any) -> dict[str, Any]:
        """Return the Ibis type of each column: as declared, or what all of its values are where nothing is."""
        import ibis.expr.datatypes as dt

        self._connection.execute("DROP VIEW IF EXISTS temp.groupsync_columns")
        self._connection.execute(f"CREATE TEMP VIEW groupsync_columns AS SELECT * FROM {self._relation}")
        rows = self._connection.execute("SELECT name, type FROM pragma_table_info('groupsync_columns')").fetchall()
        self._connection.execute("DROP VIEW temp.groupsync_columns")
        declared = {name: _wide(mapper.from_string(kind)) if kind else None for name, kind in rows}
        untold = [name for name, dtype in declared.items() if dtype is None]
        if not untold:
            return declared
        classes = ", ".join(f"group_concat(DISTINCT typeof({quoted_name(name)}))" for name in untold)
        found = self._connection.execute(f"SELECT {classes} FROM {self._relation}").fetchone()
        for name, listed in zip(untold, found, strict=True):
            kinds = set((listed or "").split(",")) - {"null", ""}
            is_number = bool(kinds) and kinds <= {"integer", "real"}
            declared[name] = (dt.int64 if kinds == {"integer"} else dt.float64) if is_number else dt.string
        return declared


def _wide(dtype: Any) -> Any:
    """Return a declared type as SQLite can hold it; None where nobody knows what it is."""
    import ibis.expr.datatypes as dt

    if dtype.is_integer():
        return dt.int64
    if dtype.is_floating():
        return dt.float64
    if dtype.is_timestamp():
        return dt.Timestamp(scale=6)
    return None if dtype.is_unknown() else dtype


def _checked(column: str, dtype: Any, zone: tzinfo) -> str:
    """Return a column's value where it is one of a type; null where it is not."""
    kind = f"typeof({column})"
    if dtype.is_timestamp():
        return instant_sql(column, zone)
    if dtype.is_string():
        return f"CASE {kind} WHEN 'text' THEN {column} WHEN 'integer' THEN CAST({column} AS TEXT) END"
    day = f"date({column}, '+0 days')"  # of 30 February, another one
    tests = (
        (dtype.is_integer(), f"{kind} = 'integer'"),
        (dtype.is_numeric(), f"{kind} IN ('integer', 'real')"),
        (dtype.is_boolean(), f"{kind} = 'integer' AND {column} IN (0, 1)"),
        (dtype.is_date(), f"{kind} = 'text' AND {day} = {column} AND {day} >= '0001'"),
    )
    test = next((test for fits, test in tests if fits), "")
    return f"CASE WHEN {test} THEN {column} END" if test else column


def instant_sql(column: str, zone: tzinfo = UTC) -> str:
    """Return the expression for a time as Ibis writes it, null for what is none: what `_instant` gives.

    SQLite itself tells those in usual forms, in less than half the time that calling Python takes; in another zone
    those alone that say that they are in UTC.
    """
    plain = f"datetime({column}, '+0 days')"  # of 30 February, another day
    forms = [f"{plain} || 'Z'", *([plain, f"{plain} || '.000000'"] if zone == UTC else [])]
    told = f"replace({column}, 'T', ' ') IN ({', '.join(forms)}) AND {plain} >= '0001'"
    return f"CASE WHEN typeof({column}) = 'text' THEN CASE WHEN {told} THEN {plain} ELSE {INSTANT}({column}) END END"


def _instant(value: object, zone: tzinfo = UTC) -> str | None:
    """Return a time in UTC as Ibis writes it; None for what is none in ISO 8601. One without a zone is in `zone`."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        known = (found.astimezone(UTC) if found.tzinfo else read_in(zone, found)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return known.isoformat(" ")
