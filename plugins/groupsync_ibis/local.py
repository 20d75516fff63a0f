"""What is done to the engine's rows in the embedded DuckDB: canonical identifiers, bits of groups and shares, sorting.

Each row of the engine has `raw` (the identifier as it is), columns of bits `b0`, `b1` …, and what else is asked for.
What comes out of `sorted_batches` has in place of `raw`:

    id      the canonical identifier and a line break, in the order of UTF-8 bytes, which is that of code points;
            null for rows that have none, which come last
    odd     the identifier of those rows as it is, empty where it is null or blank; null for all others
    g0, s0  bits of groups and of shares

so that members that are filtered from a batch are the very bytes of a member file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from groupsync_ibis.bits import BITS, column_of, columns_of
from groupsync_ibis.cells import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.identity import Identity
    from groupsync.model import Members
    from groupsync_ibis.bits import Registry
    from groupsync_ibis.client import Session

BATCH_ROWS: Final = 131_072
_ATOM: Final = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
PLAIN_ADDRESS: Final = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
"""What `groupsync.identity` takes for an address without asking a library, in RE2's words."""
_PLAIN_LENGTH: Final = 64
PLAIN_ID: Final = "[!-~]{1,256}"


class Local:
    """The embedded DuckDB of one session, ready for the rows of one statement."""

    def __init__(self, session: Session, identity: Identity, registry: Registry, groups: Mapping[str, Members]) -> None:
        """Load groups and what makes identifiers canonical.

        Args:
            session: that the rows come from.
            identity: makes identifiers canonical.
            registry: what bits there are.
            groups: members of the groups that it names, at least.
        """
        self._connection = session.local
        self._identity = identity
        self._registry = registry
        self._connection.create_function(
            "canonical", self._canonical, ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special"
        )
        if registry.groups:
            self._load_groups(groups)

    def sorted_batches(self, relation: str, extra: Sequence[str], condition: str) -> Iterator[Any]:
        """Stream all rows of a relation as Arrow batches, sorted by identifier; see the module.

        Args:
            relation: what stands in FROM: rows with `raw`, the columns of bits, and `extra`.
            extra: more columns, which are given as they are.
            condition: which rows, as a DuckDB expression over bits.
        """
        bits = self._bit_columns()
        columns = ", ".join(["id", "odd", *bits, *extra])
        # What is not sorted by is carried along at twice the cost, so that everything is sorted by.
        statement = f"SELECT {columns} FROM ({self.rows_sql(relation, extra)}) WHERE {condition}"
        ordered = f"{statement} ORDER BY ALL NULLS LAST"
        yield from self._connection.execute(ordered, self._parameters()).to_arrow_reader(BATCH_ROWS)

    def shares(self, relation: str, condition: str, most: int | None) -> list[tuple[Any, int]]:
        """Count distinct people by the column `value`, where a DuckDB expression over bits is true.

        The most frequent values come first; `most` is how many of them, None for all.
        """
        rows = self.rows_sql(relation, ["value"])
        statement = (
            f"SELECT value, count(DISTINCT id) FROM ({rows}) WHERE id IS NOT NULL AND {condition} "
            f"GROUP BY value ORDER BY 2 DESC, 1 NULLS LAST{'' if most is None else f' LIMIT {most:d}'}"
        )
        found: list[tuple[Any, int]] = self._connection.execute(statement, self._parameters()).fetchall()
        return found

    def rows_sql(self, relation: str, extra: Sequence[str]) -> str:
        """Return a SELECT of the rows of a relation, not sorted."""
        bits = columns_of("b", len(self._registry.atoms))
        given = ", ".join(["", *bits, *extra])
        taken = ", ".join(["raw", *(f"{column}::BIGINT AS {column}" for column in bits), *extra])
        named = f"SELECT {self._canonical_sql()} AS name, {taken} FROM {relation}"
        shares = "".join(f", {sql} AS {column}" for column, sql in self._share_columns())
        groups = "".join(f", coalesce({each}, 0) AS {each}" for each in columns_of("g", len(self._registry.groups)))
        join = " LEFT JOIN in_groups ON name || chr(10) = in_groups.id" if groups else ""
        return (
            "SELECT name || chr(10) AS id, "
            f"CASE WHEN name IS NULL THEN CASE WHEN trim(raw, '{BLANKS}') <> '' THEN raw ELSE '' END END AS odd"
            f"{given}{groups}{shares} FROM ({named}){join}"
        )

    def _bit_columns(self) -> list[str]:
        known = self._registry
        counts = {"b": len(known.atoms), "g": len(known.groups), "s": len(known.shares)}
        return [column for prefix, bits in counts.items() for column in columns_of(prefix, bits)]

    def _canonical_sql(self) -> str:
        """Return the expression for `raw` made canonical: in SQL where it is plain, in Python where it is not."""
        folds = self._identity.case == "fold"
        if self._identity.type == "id":
            plain, canonical = f"regexp_full_match(raw, '{PLAIN_ID}')", "lower(raw)" if folds else "raw"
        else:
            pattern = PLAIN_ADDRESS.replace("'", "''")
            plain = f"strlen(raw) <= {_PLAIN_LENGTH} AND regexp_full_match(raw, '{pattern}')"
            kept = "split_part(raw, '@', 1) || '@' || lower(split_part(raw, '@', 2))"
            canonical = "lower(raw)" if folds else kept
        return f"CASE WHEN {plain} THEN {canonical} WHEN raw <> '' THEN canonical(raw) END"

    def _canonical(self, values: Any) -> Any:
        """Make identifiers canonical that SQL can't; null where they are none.

        Called by DuckDB with Arrow arrays, which may have more than what is needed, nulls too: all of a dictionary.
        """
        import pyarrow as pa

        return pa.array([self._canonical_or_none(value) for value in values.to_pylist()], pa.string())

    def _canonical_or_none(self, value: str | None) -> str | None:
        try:
            written = value.strip() if value else ""
            return self._identity.canonical(written) if written else None
        except ValueError:
            return None

    def _share_columns(self) -> Iterator[tuple[str, str]]:
        bits = []
        for number in range(len(self._registry.shares)):
            bucket = f"substr(md5($seed{number} || ':' || name), 1, 8)"
            _, value = column_of("s", number)
            bits.append(f"CASE WHEN {bucket} < $limit{number} THEN {value}::BIGINT ELSE 0::BIGINT END")
        for number, column in enumerate(columns_of("s", len(bits))):
            yield column, " | ".join(_part(bits, number))

    def _parameters(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, (seed, limit) in enumerate(self._registry.shares):
            found |= {f"seed{number}": seed, f"limit{number}": limit}
        return found

    def _load_groups(self, groups: Mapping[str, Members]) -> None:
        """Fill the table `in_groups`: each member of any group once, with the bits of all groups that hold it."""
        local = self._connection
        local.execute("CREATE TEMP TABLE member (id VARCHAR, number INTEGER)")
        for number, name in enumerate(self._registry.groups):
            local.register("group_members", _lines(groups[name].text()))
            local.execute("INSERT INTO member SELECT id, $number FROM group_members", {"number": number})
            local.unregister("group_members")
        bits = [
            f"CASE WHEN number = {number} THEN {column_of('g', number)[1]}::BIGINT ELSE 0::BIGINT END"
            for number in range(len(self._registry.groups))
        ]
        columns = "".join(
            f", bit_or({' | '.join(_part(bits, number))}) AS {column}"
            for number, column in enumerate(columns_of("g", len(bits)))
        )
        local.execute(f"CREATE TEMP TABLE in_groups AS SELECT id{columns} FROM member GROUP BY id")
        local.execute("DROP TABLE member")


def _part(bits: Sequence[str], number: int) -> Sequence[str]:
    return bits[number * BITS : (number + 1) * BITS]


def _lines(text: bytes) -> Any:
    """Return an Arrow table of the lines of a member file, each with its line break; no copy is made of them."""
    import numpy as np
    import pyarrow as pa

    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    array = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
    return pa.table({"id": array})
