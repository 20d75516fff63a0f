"""The engines that other tests query: they are real, empty for each test, and agree on who is in which bucket."""

from __future__ import annotations

import hashlib
import os
import random
from decimal import Decimal
from itertools import pairwise
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


PERCENTS = [Decimal(each) for each in ("0", "0.01", "10", "20", "33.3333", "50", "99.99", "100")]
SEEDS = ["global-2027", "frühling ☂"]
LETTERS = "abcxyzABC019.+-_@ äßıİéΩжجあ漢🙂́'\\%"
"""Of one to four bytes each; among them a combining accent, and what engines treat as special in texts."""


def ids(count):
    """Return ids, the same in every run."""
    chance = random.Random(2027)
    plain = {f"p{number}@example.com" for number in range(count // 2)}
    while len(plain) < count:
        plain.add("".join(chance.choices(LETTERS, k=chance.randint(1, 30))))
    return sorted(plain)


def bound(percent):
    """Return what the first eight hex digits of a member in the bucket are below; None for everybody."""
    return None if percent == 100 else f"{int(percent * 2**32 / 100):08x}"


def bucket(seed, percent, members):
    """Return who is in a bucket, as groupsync documents it."""
    most = bound(percent)
    digits = {each: hashlib.md5(f"{seed}:{each}".encode()).hexdigest()[:8] for each in members}
    return {each for each in members if most is None or digits[each] < most}


@every_engine
def test_every_engine_puts_the_same_people_into_a_bucket(name, request):
    """Of 20,000 ids in many scripts, the query selects just those that Python selects."""
    members = ids(20_000)
    engine = Engine(name, request, members)
    for seed in SEEDS:
        for percent in PERCENTS:
            most = bound(percent)
            where = "true" if most is None else f"substr(md5('{seed}:' || id), 1, 8) < '{most}'"
            found = [each for (each,) in engine.rows(f"SELECT id FROM people WHERE {where}")]
            expected = bucket(seed, percent, members)
            assert (seed, percent, len(expected)) == (seed, percent, len(found))
            assert set() == expected ^ set(found)


def test_buckets_grow_with_their_percentage():
    """A smaller bucket is part of a larger one, and each is about as large as it says."""
    members = ids(20_000)
    for seed in SEEDS:
        found = [bucket(seed, percent, members) for percent in PERCENTS]
        assert all(less <= more for less, more in pairwise(found))
        assert set() == found[0]
        assert set(members) == found[-1]
        for percent, each in zip(PERCENTS, found, strict=True):
            assert abs(len(each) / len(members) - float(percent) / 100) < 0.02
