"""Conditions on PostgreSQL and Spark mean what `groupsync.truth` says, as they do on DuckDB."""

from __future__ import annotations

import operator
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from groupsync.binding import bind
from groupsync.bucket import within
from groupsync.errors import SourceError
from groupsync.model.criteria import BY_HOURS, FROM_NOW, All, AnyOf, Attribute, Everyone, InGroup, Not, Share, Top
from groupsync.model.members import encode_members
from groupsync.source import Question
from groupsync.times import read_in
from groupsync.truth import truth
from tests.conditions import AT, COLUMNS, HOSTILE, arrow_table, bound, conditions, tables
from tests.plugins.ibis.conftest import CSV_TYPES, csv_row

GROUPS = {"beta": {"p1@example.com", "p2@example.com", "x@example.com"}, "none": set()}
_COLUMNS = (
    "email text, name text, orders bigint, small smallint, score double precision, ratio real, spend numeric(10, 2), "
    "newsletter boolean, born date, seen timestamp, bought timestamptz"
)
TABLES, TREES = 20, 50
_SEVERAL = settings(max_examples=25, suppress_health_check=list(HealthCheck))


class Files:
    """The table as a Parquet file, which DuckDB reads."""

    def __init__(self, shop):
        self.shop = shop
        self.options = {}

    def write(self, customers):
        """Replace the file."""
        self.shop.write(customers)


class CSV:
    """The table as a CSV file, with the types of its columns."""

    def __init__(self, shop):
        self.shop = shop
        self.options = {"table": "customers.csv", "types": CSV_TYPES}

    def write(self, customers):
        """Replace the file."""
        self.shop.write_csv(customers, "customers.csv")


class PostgreSQL:
    """The table `customers` on PostgreSQL."""

    def __init__(self, database):
        self.database = database
        self.options = {"url": database.url, "table": "customers"}

    def write(self, customers):
        """Replace the table."""
        self.database.connection.execute("DROP TABLE IF EXISTS customers")
        self.database.connection.execute(f"CREATE TABLE customers ({_COLUMNS})")
        rows = [tuple(row.values()) for row in arrow_table(customers).to_pylist()]
        with self.database.connection.cursor() as cursor, cursor.copy("COPY customers FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


class Spark:
    """The view `customers` on Spark."""

    def __init__(self, session, shop):
        self.session, self.shop = session, shop
        self.options = {"url": "pyspark://", "table": "customers"}

    def write(self, customers):
        """Replace the view."""
        name = f"table{len(list(self.shop.root.iterdir()))}.parquet"
        self.shop.write(customers, name)
        self.session.read.parquet(str(self.shop.root / name)).createOrReplaceTempView("customers")


class SQLite:
    """The table `customers` in a file, as SQLite keeps such values."""

    def __init__(self, shop):
        self.path = shop.root / "shop.sqlite"
        self.options = {"url": "sqlite://shop.sqlite", "table": "customers"}

    def write(self, customers):
        """Replace the table."""
        rows = [tuple(map(self._kept, row.values())) for row in arrow_table(customers).to_pylist()]
        columns = _COLUMNS.replace("timestamptz", "timestamp")
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS customers")
            connection.execute(f"CREATE TABLE customers ({columns})")
            connection.executemany(f"INSERT INTO customers VALUES ({', '.join('?' * 11)})", rows)

    def _kept(self, value):
        if isinstance(value, datetime):
            return value.isoformat(" ")
        return str(value) if isinstance(value, date | Decimal) else value


@pytest.fixture(params=["postgresql", "spark", "sqlite"])
def engine(request, shop):
    """Give a table on each engine."""
    if request.param == "sqlite":
        return SQLite(shop)
    found = request.getfixturevalue(request.param)
    return PostgreSQL(found) if request.param == "postgresql" else Spark(found, shop)


def check(shop, engine, customers, wheres, kept=None):
    """Hold an engine against the law; returns how many memberships there are. `kept` is what it is given to keep."""
    engine.write(kept or customers)
    read = csv_row if isinstance(engine, CSV) else dict
    questions = [Question(f"q{number}", where) for number, where in enumerate(wheres)]
    source = shop.source(**engine.options)
    answers = shop.evaluate(source, *questions, groups=GROUPS).answers
    source.close()
    memberships = 0
    for question in questions:
        expected = {who for who, row in customers if truth(question.where, read(row), who, GROUPS)}
        assert expected == answers[question.name].members.load(), question.where
        memberships += len(expected)
    return memberships


def test_a_thousand_trees_have_the_same_members_everywhere(shop, postgresql, spark, tell):
    """Random conditions on random tables with nulls: each engine and kind of file gives whom Python gives."""
    engines = [CSV(shop), Files(shop), SQLite(shop), PostgreSQL(postgresql), Spark(spark, shop)]
    counted = Counter()

    @settings(_SEVERAL, max_examples=TABLES, phases=[Phase.generate, Phase.shrink])
    @given(tables(40, 20), st.lists(conditions(("beta", "none")), min_size=TREES, max_size=TREES))
    def agree(customers, wheres):
        for engine in engines:
            found = check(shop, engine, customers, wheres)
        counted.update(tables=1, trees=len(wheres), memberships=found, customers=len(customers))

    agree()
    assert 1_000 <= counted["trees"]
    figures = ", ".join(f"{count:,} {what}" for what, count in counted.items())
    tell(f"conditions on Parquet, CSV, SQLite, PostgreSQL, Spark and Python: the same members ({figures})")


@_SEVERAL
@given(tables(), st.lists(conditions(("beta", "none")), min_size=1, max_size=12))
def test_postgresql_agrees_with_the_law(shop, postgresql, customers, wheres):
    """Whatever the condition and the table, on every row."""
    check(shop, PostgreSQL(postgresql), customers, wheres)


@settings(_SEVERAL, max_examples=5)
@given(tables(60), st.lists(conditions(("beta", "none")), min_size=20, max_size=40))
def test_spark_agrees_with_the_law(shop, spark, customers, wheres):
    """The same, with fewer and larger tables, since each question takes Spark a second."""
    check(shop, Spark(spark, shop), customers, wheres)


@_SEVERAL
@given(tables(), st.lists(conditions(("beta", "none")), min_size=1, max_size=12))
def test_sqlite_agrees_with_the_law(shop, customers, wheres):
    """As PostgreSQL does."""
    check(shop, SQLite(shop), customers, wheres)


@_SEVERAL
@given(tables(), st.lists(conditions(("beta", "none")), min_size=1, max_size=12))
def test_csv_files_agree_with_the_law(shop, customers, wheres):
    """Of what they can hold: neither an empty text nor what is no number."""
    check(shop, CSV(shop), customers, wheres)


ZONES = [UTC, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))]
TURNS = [
    datetime(*parts, tzinfo=UTC)
    for parts in [
        (2026, 3, 29, 1),
        (2026, 10, 25, 1),
        (2026, 3, 8, 7),
        (2026, 11, 1, 6),
        (2026, 4, 4, 15),
        (2026, 10, 3, 15),
    ]
]
"""When clocks are changed somewhere in `ZONES`."""
HOURS = st.timedeltas(timedelta(hours=-30), timedelta(hours=30))


@st.composite
def counted(draw):
    """Draw an instant in a zone, tests that count from it, and customers on the borders of these, and what is kept.

    Times without a zone (`seen`) are drawn as a clock in the zone shows them, twice or never among them.
    """
    zone = draw(st.sampled_from(ZONES))
    anywhen = st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
    now = draw(st.one_of(anywhen, st.builds(operator.add, st.sampled_from(TURNS), HOURS))).astimezone(zone)
    words = draw(st.lists(st.tuples(st.sampled_from(sorted(FROM_NOW)), st.integers(1, 400)), min_size=3, max_size=6))
    fields = [(word, count, field) for word, count in words for field in ("born", "seen", "bought")]
    tests = [bound(field, word, count) for word, count, field in fields if field != "born" or word not in BY_HOURS]
    ticks = [number * timedelta(microseconds=1) for number in (-1, 0, 1)]
    days = [timedelta(days=way * count) for word, count in words if word not in BY_HOURS for way in (-1, 1)]
    hours = [timedelta(hours=way * count) for word, count in words if word in BY_HOURS for way in (-1, 1)]
    ends = [now.astimezone(UTC), *(now.astimezone(UTC) + each for each in hours)]
    ends += [(now + each).astimezone(UTC) for each in days]
    instants = st.builds(operator.add, st.sampled_from([*ends, *TURNS]), st.sampled_from(ticks) | HOURS)
    near = [timedelta(days=number) for number in (-1, 0, 1)]
    dates = st.builds(
        operator.add, st.sampled_from([(now + each).date() for each in [*days, *near]]), st.sampled_from(near)
    )
    walls = st.builds(lambda each: each.astimezone(zone).replace(tzinfo=None, fold=0), instants)
    walls |= st.builds(operator.add, walls, HOURS)
    values = st.fixed_dictionaries(
        {"born": st.none() | dates, "seen": st.none() | walls, "bought": st.none() | instants}
    )
    kept = [
        (f"p{number}@example.com", row) for number, row in enumerate(draw(st.lists(values, min_size=10, max_size=30)))
    ]
    return now, tests, kept


def check_counted(shop, engines, drawn):
    """Hold engines against the law for tests that count from an instant, and their opposites."""
    now, tests, kept = drawn
    customers = [(who, {**row, "seen": row["seen"] and read_in(now.tzinfo, row["seen"])}) for who, row in kept]
    named = {column: Attribute(column, kind) for column, kind in COLUMNS.items()}
    found = [bind(test, named, now, "customers")[0] for test in tests]
    shop.as_of = now
    for engine in engines:
        check(shop, engine, customers, [*found, *(Not(each, AT) for each in found)], kept)


@settings(_SEVERAL)
@given(drawn=counted())
def test_words_that_count_from_now_mean_the_same_in_files(shop, drawn):
    """On every border, in every zone: Parquet, CSV and SQLite give whom Python gives, null for none."""
    check_counted(shop, [Files(shop), CSV(shop), SQLite(shop)], drawn)


@_SEVERAL
@given(drawn=counted())
def test_words_that_count_from_now_mean_the_same_on_postgresql(shop, postgresql, drawn):
    """On PostgreSQL as well, whatever zone the server has."""
    check_counted(shop, [PostgreSQL(postgresql)], drawn)


@settings(_SEVERAL, max_examples=8)
@given(drawn=counted())
def test_words_that_count_from_now_mean_the_same_on_spark(shop, spark, drawn):
    """On Spark as well; but of a time that came twice it takes the first, as the page says."""
    now, tests, kept = drawn
    once = [(who, row) for who, row in kept if not (row["seen"] and _comes_twice(row["seen"], now.tzinfo))]
    check_counted(shop, [Spark(spark, shop)], (now, tests, once))


def _comes_twice(wall, zone):
    return read_in(zone, wall) != wall.replace(tzinfo=zone).astimezone(UTC)


def test_a_pattern_that_an_engine_could_take_for_ever_over_is_refused(shop):
    """On SQLite `(a+)+$` would not end; DuckDB takes it, in time that is in proportion to the text."""
    customers = [(f"p{number}@example.com", {"name": "a" * 60 + "!"}) for number in range(20)]
    where = bound("name", "matches", "(?:a+)+$")
    engine = SQLite(shop)
    engine.write(customers)
    source = shop.source(**engine.options)
    with pytest.raises(SourceError, match="longer than anybody waits: it repeats what itself repeats"):
        shop.evaluate(source, Question("q", where), groups=GROUPS)
    source.close()
    check(shop, Files(shop), customers, [where])


def test_a_statement_does_not_go_on_for_ever_on_postgresql(shop, postgresql):
    """Half an hour, unless the server has a limit of its own."""
    with postgresql.connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW settings AS SELECT 'ada@example.com' AS email, current_setting('statement_timeout') AS name"
        )
    source = shop.source(url=postgresql.url, table="settings")
    asked = shop.evaluate(source, Question("q", bound("name", "eq", "30min")))
    assert {"ada@example.com"} == asked.answers["q"].members.load()


def test_hostile_values_stay_values(shop, engine):
    """No value ends its literal, stands for a wildcard or is looked up."""
    customers = [(f"p{number}@example.com", {"name": text}) for number, text in enumerate(HOSTILE)]
    wheres = [bound("name", operator, text) for text in HOSTILE for operator in ("eq", "contains", "ends_with")]
    check(shop, engine, customers, [*wheres, *(bound("name", "starts_with", text) for text in HOSTILE)])


def test_a_long_list_is_the_same_as_a_short_one(shop, engine):
    """More values than are written out one by one."""
    customers = [(f"p{number}@example.com", {"name": text, "orders": number}) for number, text in enumerate(HOSTILE)]
    names = (*HOSTILE[1:], *(f"name {number}" for number in range(500)))
    wheres = [
        bound("name", "in", names),
        Not(bound("name", "in", names), AT),
        bound("orders", "in", tuple(range(5, 900))),
    ]
    check(shop, engine, [*customers, ("null@example.com", {"name": None, "orders": None})], wheres)


def test_the_engine_gives_what_files_give(shop, engine):
    """Holdout, sample, order, census, counts, shares and rows are those of the same customers in a file."""
    customers = [(f"P{n * 7 % 500}@Example.com", {"orders": n % 50 or None, "small": n % 3}) for n in range(520)]
    customers += [(None, {}), ("nobody", {}), ("Zoë@example.com", {"orders": 4})]
    engine.write(customers)
    shop.write(customers)
    share = Share(Decimal(20), "it's \\ ${env:HOME}")
    question = Question("q", bound("small", "gte", 1), share, Share(Decimal(50), "x"), Top(9, "orders", True, None, AT))
    eligible, other = All((InGroup("many", AT), bound("small", "lte", 1)), AT), Everyone(AT)
    groups = {"many": {f"p{number}@example.com" for number in range(300)}}
    found = []
    for source in (shop.source(**engine.options), shop.source()):
        answers = shop.evaluate(source, question, groups=groups, eligible=eligible)
        answer = answers.answers["q"]
        whole = shop.evaluate(source).census
        found.append((
            answer.members.raw(), list(answer.order()), answer.held_out, answer.matched, answers.census.rows,
            (whole.rows, whole.nulls, whole.invalid, whole.duplicates, whole.invalid_samples, whole.duplicate_samples),
            source.count([other, question.where], {}, bound("orders", "gt", 3)),
            source.shares(other, "orders", {}, bound("small", "eq", 1)),
            source.rows(["p1@example.com", "zoë@example.com", "p999@example.com"], ["orders", "small"]).keys(),
            [(each.name, each.type) for each in source.attributes() if each.name in {"email", "small"}],
        ))  # fmt: skip
        source.close()
    assert found[1] == found[0]
    assert 0 < len(found[0][1])
    assert encode_members(found[0][1]) == found[0][0]
    assert not [who for who in found[0][1] if within(share, who)]


def test_what_is_wrong_with_an_engine_is_told(shop, engine):
    """A table that is not there is told with those that are."""
    engine.write([])
    with pytest.raises(SourceError) as caught:
        shop.source(**{**engine.options, "table": "costumers"}).attributes()
    assert "has no table `costumers`" in caught.value.summary
    assert "Did you mean `customers`?" == caught.value.hint


def test_no_message_has_the_password(shop, postgresql):
    """Neither that of a wrong password nor that of a server that is not there."""
    right = postgresql.url
    secret = "pa$$:w%C3%B6rd"
    for url in (right.replace(":secret@", f":{secret.replace('%', '%25')}@"), "postgresql://gs:hunter22@127.0.0.1:1/x"):
        with pytest.raises(SourceError) as caught:
            shop.source(url=url, table="customers").attributes()
        said = f"{caught.value.summary} {caught.value.detail} {caught.value.hint}"
        assert "did not answer" in said
        assert not [each for each in ("hunter22", secret, url) if each in said]


def test_postgresql_is_safe_from_backslashes_whatever_it_was_set_to(shop, postgresql):
    """Where a backslash in a literal would escape, a value can't end its literal; and nothing can be written."""
    name = postgresql.connection.info.dbname
    for setting in ("standard_conforming_strings = off", "backslash_quote = on"):
        postgresql.connection.execute(f'ALTER DATABASE "{name}" SET {setting}')
    check(shop, PostgreSQL(postgresql), [("p1@example.com", {"name": "a"})], [bound("name", "eq", "\\' OR 1=1 --")])
    postgresql.connection.execute("CREATE SEQUENCE IF NOT EXISTS visits")
    for query, what in (
        ("SELECT nextval('visits')::text AS email", "cannot execute nextval() in a read-only"),
        ("WITH gone AS (DELETE FROM customers RETURNING email) SELECT email FROM gone", "a data-modifying statement"),
    ):
        source = shop.source(url=postgresql.url, query=query)
        with pytest.raises(SourceError, match="did not answer") as caught:
            shop.evaluate(source, Question("all", Everyone(AT)))
        assert what in str(caught.value)
        source.close()


def test_spark_looks_nothing_up(shop, spark):
    """Spark would replace `${…}` even inside texts; that is off once a source was connected to."""
    spark.conf.set("spark.sql.variable.substitute", "true")
    check(shop, Spark(spark, shop), [("p1@example.com", {"name": "${env:HOME}"})], [bound("name", "eq", "${env:HOME}")])


@pytest.mark.parametrize("asked", [{"table": "customers"}, {"query": "SELECT * FROM customers -- all"}])
def test_types_of_postgresql_that_ibis_does_not_tell_apart(shop, postgresql, asked):
    """Choices are texts, a number that is none is null, padding is no text, and what is infinite can be read."""
    for statement in (
        "DROP TABLE IF EXISTS customers",
        "DROP TYPE IF EXISTS level",
        "CREATE TYPE level AS ENUM ('low', 'high')",
        (
            "CREATE TABLE customers (email varchar(80), level level, code char(5), exact numeric, "
            "rounded numeric(5, 1), key uuid, tags int[], extra jsonb, seen timestamptz, born date)"
        ),
        (
            "INSERT INTO customers VALUES ('a@example.com', 'high', 'ab', 1.25, 12.5, "
            "'00000000-0000-0000-0000-000000000001', '{1,2}', '{}', '2026-01-02', '2000-01-01'), "
            "('b@example.com', NULL, NULL, 'NaN', 'NaN', NULL, NULL, NULL, 'infinity', '-infinity')"
        ),
    ):
        postgresql.connection.execute(statement)
    source = shop.source(url=postgresql.url, updated_at="seen", **asked)
    found = shop.evaluate(
        source,
        Question("a", AnyOf((bound("level", "eq", "HIGH", ignore_case=True), bound("level", "eq", "none")), AT)),
        Question("b", All((bound("exact", "is_null", True), bound("rounded", "is_null", True)), AT)),
        Question("c", All((bound("code", "ends_with", "b"), bound("exact", "gt", Decimal("1.24999"))), AT)),
        Question("d", Not(All((bound("rounded", "gt", Decimal("12.49")), bound("code", "in", ("ab",))), AT), AT)),
        Question("e", bound("seen", "gt", datetime(9000, 1, 1, tzinfo=UTC))),
    )
    members = {name: "".join(sorted(who[0] for who in answer.members.load())) for name, answer in found.answers.items()}
    assert {"a": "a", "b": "b", "c": "a", "d": "", "e": "b"} == members
    assert datetime(2026, 1, 2, tzinfo=UTC) == found.census.newest
    rows = source.rows(["a@example.com", "b@example.com"], ["exact", "key", "tags", "extra", "seen", "born"])
    assert ("00000000-0000-0000-0000-000000000001", "{1,2}", "{}") == tuple(
        rows["a@example.com"][column] for column in ("key", "tags", "extra")
    )
    assert {"exact": None, "key": None, "tags": None, "extra": None} == {
        column: rows["b@example.com"][column] for column in ("exact", "key", "tags", "extra")
    }
    assert (9999, date(1, 1, 1)) == (rows["b@example.com"]["seen"].year, rows["b@example.com"]["born"])
