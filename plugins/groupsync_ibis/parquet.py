"""Customers in Parquet files: one relation for all of them, in which no value is changed by another file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from groupsync_ibis.files import listed, quoted_name
from groupsync_ibis.widening import Layout, cast_sql, common_types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_TITLE_LINES: Final = 2
_UNTOLD: Final = re.compile(r" field_id=-?[0-9]+|^ *(?:optional|required) ", re.MULTILINE)
"""What two files may differ in and still have the same columns."""
_WITHOUT_VALUES: Final = re.compile(r"^  (?:optional|required) \S+ (?:field_id=\S+ )?(.+) \(Null\);$", re.MULTILINE)


def parquet_sql(
    paths: Sequence[Path], root: Path, source: str, describe: Callable[[str], Any], *, by_name: bool
) -> str:
    """Return the SELECT for the rows of Parquet files.

    Args:
        paths: at least one, sorted.
        root: the project's folder, which names of files start from in messages.
        source: the source's name, for messages.
        describe: gives the Ibis schema of a relation of DuckDB.
        by_name: whether a file may lack a column, which is null there.

    Raises:
        SourceError: the files have different columns, or types that none holds the values of; names two files.
    """
    groups = _alike(paths)
    if len(groups) == 1:
        return f"SELECT * FROM {_read(paths)}"
    relations = {schema: _read(group) for schema, group in groups.items()}
    layouts = {
        schema: Layout(groups[schema][0].relative_to(root).as_posix(), _known_types(describe(relation), schema))
        for schema, relation in relations.items()
    }
    types = common_types(list(layouts.values()), source, by_name=by_name)
    return " UNION ALL ".join(_select(relations[schema], layout, types) for schema, layout in layouts.items())


def is_empty(path: Path) -> bool:
    """Tell whether a file says that it has no rows."""
    import pyarrow.parquet as pq

    return not pq.read_metadata(path).num_rows


def _alike(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files by what they say of their columns; one file is not looked into."""
    if len(paths) == 1:
        return {"": list(paths)}
    import pyarrow.parquet as pq

    found: dict[str, list[Path]] = {}
    for path in paths:
        text = str(pq.read_metadata(path).schema)
        found.setdefault("\n".join(text.split("\n")[_TITLE_LINES:]), []).append(path)
    return _merged(found)


def _merged(found: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """Take those together whose columns are the same."""
    alike: dict[str, str] = {}
    merged: dict[str, list[Path]] = {}
    for schema, paths in found.items():
        merged.setdefault(alike.setdefault(_UNTOLD.sub("", schema), schema), []).extend(paths)
    return {schema: sorted(paths) for schema, paths in merged.items()}


def _known_types(schema: Any, text: str) -> dict[str, Any]:
    empty = {match[1] for match in _WITHOUT_VALUES.finditer(text)}
    return {column: None if column in empty else dtype for column, dtype in schema.items()}


def _select(relation: str, layout: Layout, types: dict[str, Any]) -> str:
    columns = [
        f"{cast_sql(quoted_name(column), layout.types.get(column), dtype, layout.name)} AS {quoted_name(column)}"
        for column, dtype in types.items()
    ]
    return f"SELECT {', '.join(columns)} FROM {relation}"


def _read(paths: Sequence[Path]) -> str:
    return f"read_parquet([{listed(paths)}])"
