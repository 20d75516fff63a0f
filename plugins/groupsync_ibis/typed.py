"""A relation of texts as one of values: what type each column has, and how many cells do not fit it.

A column whose type the config does not say has the first type that all of its cells fit, in whatever file and order
they come; the cells of one that it does say are null where they don't fit, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError
from groupsync.model.criteria import Type
from groupsync.schema_words import closest
from groupsync.source import Misfits
from groupsync_ibis.cells import GUESSED, trimmed
from groupsync_ibis.convert import type_of
from groupsync_ibis.files import listed_names, quoted_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from groupsync_ibis.cells import Notation

_SAMPLE_ROWS: Final = 2_000
_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 100
_WHOLE_DOUBLES: Final = 2**53


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """One column that is read as a type.

    Attributes:
        name: of the column.
        cell: the DuckDB expression for what stands there; null for nothing.
        fits: the one for whether that is a value of the type.
        value: the one for the value, where it fits.
    """

    name: str
    cell: str
    fits: str
    value: str


def declared_columns(schema: Mapping[str, Any], notation: Notation, source: str) -> list[TypedColumn]:
    """Return the columns that the config says another type of than a relation has.

    Args:
        schema: Ibis types by name.
        notation: what the config says.
        source: the source's name, for messages.

    Raises:
        SourceError: there is no such column, or none of its type can be read so.
    """
    for option, named in (("types", notation.types), ("formats", notation.formats)):
        for name in named:
            if name not in schema:
                summary = f"source `{source}` has no column `{name}`, which `{option}` names"
                near = closest(name, schema) or "Correct the name, or take it out."
                raise SourceError(summary, f"it has {listed_names(schema)}", near, option=option, key=name)
    for name in notation.formats:
        if name in notation.types and notation.types[name] not in {Type.DATE, Type.INSTANT}:
            summary = f"source `{source}` has a format of a date or time for `{name}`, which is {notation.types[name]}"
            hint = "Take it out of one of `types` and `formats`."
            raise SourceError(summary, "`types` says so", hint, option="formats", key=name)
    found = []
    for name, dtype in schema.items():
        kind = notation.declared(name)
        if kind is not None and (kind is not type_of(dtype) or name in notation.formats):
            found.append(_declared(name, dtype, kind, notation, source))
    return found


def _declared(name: str, dtype: Any, kind: Type, notation: Notation, source: str) -> TypedColumn:
    column = quoted_name(name)
    if dtype.is_string():
        cell = trimmed(column)
        return TypedColumn(
            name, cell, notation.fits(name, cell, kind, strictly=False), notation.value(name, cell, kind)
        )
    if kind is Type.TEXT and (dtype.is_integer() or dtype.is_boolean() or dtype.is_uuid()):
        return TypedColumn(name, column, "TRUE", f"{column}::VARCHAR")
    if kind is Type.INTEGER and dtype.is_floating():
        fits = f"(abs({column}) < {_WHOLE_DOUBLES} AND {column} = trunc({column}))"
        return TypedColumn(name, f"CASE WHEN NOT isnan({column}) THEN {column} END", fits, f"{column}::BIGINT")
    option = "formats" if name in notation.formats else "types"
    raise SourceError(
        f"source `{source}` can't read `{name}` as {kind}",
        f"the column is {str(dtype.copy(nullable=True)).lower()} where it is kept",
        f"Take it out of `{option}`, or write a `query` that makes it what it should be.",
        option=option,
        key=name,
    )


def guessed_columns(local: Any, relation: str, names: Sequence[str], notation: Notation) -> list[TypedColumn]:
    """Return the columns of texts that are something else: the first type that all of their cells fit.

    A column that the config says the type of is among them where no cell is anything else, so that none has to be
    looked at again. Blanks are taken off only in columns that need it, which takes as long as all the rest.
    """
    found: dict[str, TypedColumn] = {}
    for cell, chosen in (
        (quoted_name, names),
        (lambda name: trimmed(quoted_name(name)), [name for name in names if notation.declared(name) is None]),
    ):
        cells = {name: cell(name) for name in chosen if name not in found}
        for name, kind in _fitting(local, relation, cells, notation).items():
            found[name] = TypedColumn(name, cells[name], "TRUE", notation.value(name, cells[name], kind))
    return list(found.values())


def _fitting(local: Any, relation: str, cells: Mapping[str, str], notation: Notation) -> dict[str, Type]:
    """Return the first type that all cells of a column fit, for columns that have one and any cell.

    The first rows tell which types can be; one pass over all rows tries the first of those for each column, and another
    one the next for columns that it does not fit.
    """
    sample = f"SELECT * FROM ({relation}) LIMIT {_SAMPLE_ROWS}"
    told = {name: notation.declared(name) for name in cells}
    kinds = [(name, kind) for name, known in told.items() for kind in ((known,) if known else GUESSED)]
    left = [
        pair
        for pair, fits in zip(kinds, _tried(local, sample, cells, kinds, notation), strict=True)
        if fits is not False
    ]
    found: dict[str, Type] = {}
    while left:
        first = list({name: (name, kind) for name, kind in reversed(left)}.values())
        for (name, kind), fits in zip(first, _tried(local, relation, cells, first, notation), strict=True):
            left = [pair for pair in left if pair[0] != name or (fits is False and pair[1] is not kind)]
            if fits:
                found[name] = kind
    return found


def _tried(
    local: Any, relation: str, cells: Mapping[str, str], kinds: Sequence[tuple[str, Type]], notation: Notation
) -> Sequence[bool | None]:
    """Return whether all cells of each column are values of a type; None where there is no cell."""
    if not kinds:
        return ()
    numbers = {name: f"c{number}" for number, name in enumerate(cells)}
    fitting = [
        (numbers[name], notation.fits(name, numbers[name], kind, strictly=notation.declared(name) is None))
        for name, kind in kinds
    ]
    # DuckDB plans hundreds of FILTERs in a time that grows with their square.
    tests = [f"bool_and(CASE WHEN {number} IS NOT NULL THEN {fits} END)" for number, fits in fitting]
    columns = ", ".join(f"{cells[name]} AS {number}" for name, number in numbers.items())
    found: Sequence[bool | None] = local.execute(
        f"SELECT {', '.join(tests)} FROM (SELECT {columns} FROM ({relation}))"
    ).fetchone()
    return found


def typed_sql(relation: str, names: Sequence[str], columns: Sequence[TypedColumn]) -> str:
    """Return the SELECT for a relation with columns read as what they are; null where a cell does not fit."""
    known = {column.name: column for column in columns}
    parts = []
    for name in names:
        column = known.get(name)
        if column is None:
            parts.append(quoted_name(name))
        elif column.fits == "TRUE":
            parts.append(f"{column.value} AS {quoted_name(name)}")
        else:
            parts.append(f"CASE WHEN {column.fits} THEN {column.value} END AS {quoted_name(name)}")
    return f"SELECT {', '.join(parts)} FROM ({relation})"


def misfits(local: Any, relation: str, columns: Sequence[TypedColumn], names: Collection[str]) -> tuple[Misfits, ...]:
    """Count the cells that do not fit, of those columns that are named; goes over the relation once."""
    asked = [column for column in columns if column.name in names and column.fits != "TRUE"]
    if not asked:
        return ()
    parts = []
    for column in asked:
        bad = f"CASE WHEN {column.cell} IS NOT NULL AND NOT coalesce({column.fits}, false) THEN"
        parts += [f"count({bad} 1 END)", f"min({bad} left({column.cell}::VARCHAR, {_SAMPLE_LENGTH}) END, {_SAMPLES})"]
    found = local.execute(f"SELECT {', '.join(parts)} FROM ({relation})").fetchone()
    return tuple(
        Misfits(column.name, found[2 * number], tuple(found[2 * number + 1] or ()))
        for number, column in enumerate(asked)
        if found[2 * number]
    )
