"""Fixtures of real database engines, started once a run and worker; `tests/servers/fixtures.py` has those of services.

A test that asks for one is marked `servers` by that alone. All that ask for Spark go to one worker, so that a run has
one Spark, which is slow to start and large.
"""

from __future__ import annotations

import gc
import warnings

import pytest

from tests.servers.fixtures import asked_for
from tests.servers.postgresql import postgresql as start_postgresql
from tests.servers.spark import spark as start_spark

ENGINES = {"postgresql", "postgresql_server", "spark", "spark_session"}
DUCKDB_WARNING = "ignore:fetch_record_batch:DeprecationWarning"
"""For `pytest.mark.filterwarnings`, where a test reads DuckDB in batches: Ibis 12 calls it as DuckDB 1.4 was called."""


@pytest.fixture(scope="session")
def postgresql_server():
    """Give the PostgreSQL that `postgresql` makes databases on."""
    with start_postgresql() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server):
    """Give an empty database on PostgreSQL; see `Database`."""
    with postgresql_server.database() as database:
        yield database


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory):
    """Give the one Spark of a run."""
    with start_spark(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture
def spark(spark_session):
    """Give the one Spark of a run, without tables or views.

    PySpark leaves its connections to the garbage collector, which warns of each; nobody else is to be blamed for them.
    """
    warnings.filterwarnings("ignore", r"unclosed <socket.*raddr=\('127\.0\.0\.1'", ResourceWarning)
    yield spark_session
    for table in spark_session.catalog.listTables():
        kind = "VIEW" if table.isTemporary or table.tableType == "VIEW" else "TABLE"
        spark_session.sql(f"DROP {kind} IF EXISTS `{table.name}`")
    gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what asks for an engine."""
    for item in items:
        names = asked_for(item)
        if names & ENGINES:
            item.add_marker(pytest.mark.servers)
        if names & {"spark", "spark_session"}:
            item.add_marker(pytest.mark.xdist_group("spark"))
