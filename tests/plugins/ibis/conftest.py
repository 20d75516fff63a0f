"""Customers in a Parquet file, and the source that reads them."""

from __future__ import annotations

import csv
import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from groupsync.identity import Identity
from groupsync.model import Members
from groupsync.source import Question, SourceAnswers, SourceContext
from groupsync_ibis.source import IbisSource
from tests.conditions import COLUMNS, arrow_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from groupsync.model.criteria import Condition
    from tests.conditions import Row


CSV_TYPES = {name: str(kind) for name, kind in COLUMNS.items()}
"""What `types` has to say, so that a column is what it is with any rows."""


def csv_row(row: Row) -> Row:
    """Return what a CSV file can hold of a row: an empty text is nothing there, and so is what is no number."""
    return {
        name: None if value == "" or (isinstance(value, float) and not math.isfinite(value)) else value
        for name, value in row.items()
    }


class Shop:
    """A project with customers in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.as_of = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
        self._calls = 0
        self._sources: list[IbisSource] = []

    def write(self, customers: Any, name: str = "customers.parquet") -> None:
        """Write a Parquet file: an Arrow table, or identifiers each with what is known of them."""
        import pyarrow.parquet as pq

        table = arrow_table([*customers]) if isinstance(customers, list) else customers
        pq.write_table(table, self.root / name)

    def write_csv(self, customers: Any, name: str, delimiter: str = ",", shift: int = 0) -> None:
        """Write a CSV file of identifiers and what is known of them, with its columns turned by so many places."""
        table = arrow_table([(who, csv_row(row)) for who, row in customers])
        names = [*table.schema.names[shift:], *table.schema.names[:shift]]
        with (self.root / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=delimiter)
            writer.writerow(names)
            for row in table.to_pylist():
                cells = (row[each] for each in names)
                writer.writerow([cell.isoformat() if isinstance(cell, date) else cell for cell in cells])

    def source(self, identity: Identity | None = None, **options: Any) -> IbisSource:
        """Make a source; of the Parquet file, where nothing else is said."""
        where = {} if {"table", "query"} & set(options) else {"table": "customers.parquet"}
        context = SourceContext(self.root, "customers", identity or Identity(), self.as_of)
        source = IbisSource.from_options({**where, "id": "email", **options}, context)
        self._sources.append(source)
        return source

    def close(self) -> None:
        """Close all sources."""
        for source in self._sources:
            source.close()

    def folder(self) -> Path:
        """Make a folder for one call."""
        self._calls += 1
        found = self.root / f"call{self._calls}"
        found.mkdir()
        return found

    def evaluate(
        self,
        source: IbisSource,
        *questions: Question,
        groups: dict[str, set[str]] | None = None,
        eligible: Condition | None = None,
    ) -> SourceAnswers:
        """Ask a source."""
        members = {name: Members.of(frozenset(each)) for name, each in (groups or {}).items()}
        return source.evaluate(questions, members, self.folder(), eligible)

    def members(self, source: IbisSource, where: Condition, **given: Any) -> set[str]:
        """Ask for one segment's members."""
        return set(self.evaluate(source, Question("asked", where), **given).answers["asked"].members.load())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty project."""
    found = Shop(tmp_path)
    yield found
    found.close()
