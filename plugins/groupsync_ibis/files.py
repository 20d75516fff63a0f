"""Customers in files of the project: which files an option names, and that they lie inside the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.errors import SourceError
from groupsync.schema_words import closest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LISTED: Final = 8
_READERS: Final = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}

_JSON: Final = (".json", ".jsonl", ".ndjson")


def reader_of(table: str) -> str | None:
    """Return which DuckDB function reads what an option names; None where it is no file."""
    name = table.lower().removesuffix(".gz")
    return next((reader for suffix, reader in _READERS.items() if name.endswith(suffix)), None)


def is_file_name(text: str) -> bool:
    """Tell whether a text in a query names a file that DuckDB reads, of JSON lines too."""
    return text.lower().removesuffix(".gz").endswith((*_READERS, *_JSON))


def listed(paths: Iterable[object]) -> str:
    """Return paths as DuckDB has them in a list."""
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)


def quoted_name(name: str) -> str:
    """Return the name of a column or table as DuckDB has it, whatever letters it has."""
    return '"' + name.replace('"', '""') + '"'


def listed_names(names: Iterable[str]) -> str:
    """Return names of columns or tables for people: the first few, sorted."""
    shown = [f"`{name}`" for name in sorted(names)]
    more = f" and {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    return (", ".join(shown[:_LISTED]) + more) if shown else "none"


def files_of(root: Path, table: str, source: str) -> list[Path]:
    """Return the files that an option names, sorted.

    Args:
        root: the project's folder.
        table: a path from there; `*`, `?`, `[…]` and `**` as in shells.
        source: the source's name, for messages.

    Raises:
        SourceError: there is none, or one lies outside of the project.
    """
    real = root.resolve()
    hint = "Give a path relative to the project's folder, such as `data/customers.parquet`."
    outside = f"the table of source `{source}` must lie inside the project"
    if table.startswith(("/", "~")) or "\\" in table or ".." in table.split("/"):
        raise SourceError(outside, f"found `{table}`", hint, option="table")
    exact = real / table
    found = [exact] if exact.is_file() else sorted(path for path in real.glob(table) if path.is_file())
    if not found:
        names = [path.relative_to(real).as_posix() for path in _neighbours(exact)]
        near = closest(table, names)
        there = ", ".join(f"`{name}`" for name in sorted(names)[:5]) or "no such files"
        raise SourceError(
            f"source `{source}` has no file `{table}`", f"its folder has {there}", near or hint, option="table"
        )
    for path in found:
        if not path.resolve().is_relative_to(real):
            raise SourceError(outside, f"`{path.relative_to(real)}` leads to {path.resolve()}", hint, option="table")
    return found


def _neighbours(path: Path) -> list[Path]:
    if not path.parent.is_dir():
        return []
    return [each for each in path.parent.iterdir() if each.is_file() and reader_of(each.name)]
