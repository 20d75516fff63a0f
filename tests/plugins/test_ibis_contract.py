"""The source `ibis` on DuckDB: it keeps the contract."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupsync.model.criteria import Type
from groupsync.source_facade import checked_source
from groupsync.testing import SourceContract
from groupsync_ibis.source import IbisSource

CHECKED = checked_source(IbisSource, "groupsync", "0")
ARROW = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.DECIMAL: pa.decimal128(12, 2),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.INSTANT: pa.timestamp("us", "UTC"),
}


class TestContract(SourceContract):
    """DuckDB on a Parquet file keeps the contract."""

    @pytest.fixture
    def make_source(self, context):
        numbers = itertools.count()

        def make(rows, types):
            name = f"customers-{next(numbers)}.parquet"
            schema = pa.schema([(column, ARROW[kind]) for column, kind in types.items()])
            pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), context.root / name)
            return CHECKED.from_options({"table": name, "id": "email"}, context)

        return make
