"""The source contract as tests: what passes can be trusted with who belongs to a segment.

class TestMine(SourceContract):
    @pytest.fixture
    def make_source(self, context, tmp_path):
        def make(rows, types):
            write_table(tmp_path / "customers.db", rows, types)
            return MySource.from_options({"path": "customers.db", "id": "email"}, context)

        return make
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from groupsync.identity import Identity
from groupsync.source import SourceContext
from groupsync.testing.answers import Answering, Identifying, Looking
from groupsync.testing.conditions import Conditions
from groupsync.testing.customers import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from groupsync.testing.customers import MakeSource


class SourceContract(Conditions, Identifying, Answering, Looking):
    """Every source must pass this: inherit it in a test module of your plugin, and override the fixture `make_source`.

    Attributes:
        types: those of `groupsync.model.criteria.Type` that the engine's columns can have; leave out what it has not.
    """

    @pytest.fixture
    def context(self, tmp_path: Path) -> SourceContext:
        """What the source may know of its run: an empty project folder, addresses in lower case."""
        return SourceContext(tmp_path, "contract", Identity(), datetime(2026, 11, 25, tzinfo=UTC))

    @pytest.fixture
    def make_source(self, context: SourceContext) -> MakeSource:
        """Return a function that makes a source from rows and the types of their columns, each on a table of its own.

        `types` names all columns; rows have a value of its type, or None, for each. The source must be told that the
        identifier is in the column `email`, which one test leaves out.
        """
        raise NotImplementedError(context)

    @pytest.fixture
    def asked(self, make_source: MakeSource, tmp_path: Path) -> Iterator[Asked]:
        """Asks the source under test."""
        asked = Asked(make_source, tmp_path / "answers")
        yield asked
        asked.close()
