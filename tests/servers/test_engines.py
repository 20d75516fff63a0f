"""The engines that other tests query: they are real, empty for each test, and readable by Ibis."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from tests.servers.engines import DUCKDB_WARNING
from tests.servers.postgresql import postgresql as start_postgresql

PEOPLE = [(1, "ada@example.com"), (2, "Åsa@example.com"), (3, "O'Reilly\\")]


def test_a_database_of_postgresql_keeps_what_is_written(postgresql):
    """PostgreSQL 15 or later reads back a table, over the URL that a test is given."""
    assert postgresql.connection.info.server_version >= 150000
    postgresql.connection.execute("CREATE TABLE people (number int, id text)")
    with postgresql.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO people VALUES (%s, %s)", PEOPLE)
    with psycopg.connect(postgresql.url) as other:
        assert PEOPLE == other.execute("SELECT * FROM people ORDER BY number").fetchall()


def test_postgresql_sorts_by_code_point(postgresql):
    """As Python does, whatever the machine's language is."""
    words = ["b", "B", "a", "é", "z", "_", "1"]
    found = postgresql.connection.execute("SELECT unnest(%s::text[]) AS word ORDER BY word", [words]).fetchall()
    assert sorted(words) == [word for (word,) in found]


def test_postgresql_wants_the_password(postgresql):
    """A wrong one is refused, so that a test can prove that groupsync hands over the right one."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgresql.url.replace(":secret@", ":guess@"))


def test_a_database_is_gone_after_its_test(postgresql, postgresql_server):
    """Even where somebody forgot to disconnect."""
    with postgresql_server.database() as database:
        name = database.connection.info.dbname
        forgotten = psycopg.connect(database.url)
    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    forgotten.close()
    left = postgresql.connection.execute("SELECT datname FROM pg_database").fetchall()
    assert (postgresql.connection.info.dbname,) in left
    assert (name,) not in left


def test_postgresql_is_dead_once_it_is_stopped(postgresql_server):
    """Neither its process nor its folder is left, and nobody listens."""
    with start_postgresql() as own, psycopg.connect(f"{own.url}/postgres", autocommit=True) as connection:
        assert own.pid != postgresql_server.pid
        os.kill(own.pid, 0)
        (folder,) = connection.execute("SHOW data_directory").fetchone()
        assert Path(folder).is_dir()
    with pytest.raises(ProcessLookupError):
        os.kill(own.pid, 0)
    assert not Path(folder).parent.exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(f"{own.url}/postgres")


@pytest.mark.parametrize("time", ["first", "second"])
def test_spark_keeps_what_is_written_until_the_test_ends(spark, time):
    """Whichever test is first, the other one finds neither its table nor its view."""
    assert [] == spark.catalog.listTables()
    assert int(spark.version.split(".")[0]) >= 4
    spark.createDataFrame(PEOPLE, "number int, id string").write.saveAsTable("people")
    spark.table("people").filter("number < 3").createOrReplaceTempView("some")
    assert PEOPLE == [tuple(row) for row in spark.sql("SELECT * FROM people ORDER BY number").collect()]
    assert 2 == spark.table("some").count()


def test_spark_leaves_the_texts_of_a_query_alone(spark):
    """By default it would put a variable's value into the literal."""
    assert [("${env:HOME}",)] == [tuple(row) for row in spark.sql("SELECT '${env:HOME}'").collect()]


# --- The same on every engine -----------------------------------------------------------------------------------------


class Engine:
    """One of the engines with a table of people's ids, and what asks it: by SQL, and by Ibis."""

    def __init__(self, name, request, ids):
        getattr(self, f"_{name}")(request, ids)

    def _duckdb(self, request, ids):
        import duckdb
        import ibis

        connection = duckdb.connect()
        request.addfinalizer(connection.close)
        connection.register("given", pa.table({"id": ids}))
        connection.execute("CREATE TABLE people AS SELECT * FROM given")
        self.rows = lambda query: connection.execute(query).fetchall()
        self.ibis = lambda: ibis.duckdb.from_connection(connection)

    def _postgresql(self, request, ids):
        import ibis

        database = request.getfixturevalue("postgresql")
        database.connection.execute("CREATE TABLE people (id text)")
        with database.connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
            for each in ids:
                copy.write_row([each])
        self.rows = lambda query: database.connection.execute(query).fetchall()
        self.ibis = lambda: ibis.postgres.from_connection(database.connection)

    def _spark(self, request, ids):
        import ibis

        session = request.getfixturevalue("spark")
        session.createDataFrame(pa.table({"id": ids})).createOrReplaceTempView("people")
        self.rows = lambda query: [tuple(row) for row in session.sql(query).collect()]
        self.ibis = lambda: ibis.pyspark.connect(session)


every_engine = pytest.mark.parametrize("name", ["duckdb", "postgresql", "spark"])


@every_engine
@pytest.mark.filterwarnings(DUCKDB_WARNING)
def test_ibis_reads_every_engine(name, request):
    """A condition on a table has the same answer, in batches, on all of them."""
    people = Engine(name, request, [each for _, each in PEOPLE]).ibis().table("people")
    batches = people.filter(people.id != "ada@example.com").order_by("id").to_pyarrow_batches(chunk_size=1)
    assert ["O'Reilly\\", "Åsa@example.com"] == [each for batch in batches for each in batch["id"].to_pylist()]
