"""The source `ibis` on DuckDB: what it finds in files, what it refuses, and that it goes over them once."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from groupsync.bucket import within
from groupsync.errors import ConfigError, SourceError
from groupsync.identity import Identity
from groupsync.model import Members
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Share, Top, Type
from groupsync.model.members import encode_members
from groupsync.source import Question
from tests.conditions import AT, bound

ALL = Everyone(AT)


def people(count, **row):
    """Make so many customers, in no order."""
    return [(f"p{number * 7919 % count}@example.com", {"orders": number, **row}) for number in range(count)]


def test_attributes_have_their_types(shop):
    """Each column is given with what it is to conditions and what the engine calls it, sorted by name."""
    shop.write([])
    found = shop.source().attributes()
    assert sorted(each.name for each in found) == [each.name for each in found]
    types = {each.name: each.type for each in found}
    assert Type.TEXT is types["email"]
    assert [Type.INTEGER, Type.INTEGER] == [types["orders"], types["small"]]
    assert [Type.NUMBER, Type.NUMBER] == [types["score"], types["ratio"]]
    assert [Type.DECIMAL, Type.BOOLEAN, Type.DATE] == [types["spend"], types["newsletter"], types["born"]]
    assert [Type.INSTANT, Type.INSTANT] == [types["seen"], types["bought"]]
    assert {"decimal(10, 2)", "bigint"} <= {each.native for each in found}


def test_a_type_that_conditions_do_not_know_can_be_tested_for_null(shop):
    """A list is of type `other`: it is null or it is not."""
    import pyarrow as pa

    shop.write(pa.table({"email": ["a@example.com", "b@example.com"], "tags": [["x"], None]}))
    source = shop.source()
    assert {"email": Type.TEXT, "tags": Type.OTHER} == {each.name: each.type for each in source.attributes()}
    assert {"a@example.com"} == shop.members(source, bound("tags", "is_null", False))


def test_members_are_canonical_and_their_digest_vouches_for_them(shop):
    """Count, digest and bytes are those of the canonical text, whatever letters identifiers have."""
    written = [
        "Ada@Example.COM",
        "zoë@example.com",
        "é@example.com",
        "a.b@example.com",
        "a-b@example.com",
        "日本@example.jp",
    ]
    shop.write([(each, {}) for each in written])
    members = shop.evaluate(shop.source(), Question("all", ALL)).answers["all"].members
    expected = {Identity().canonical(each) for each in written}
    assert encode_members(expected) == members.raw()
    assert (len(expected), hashlib.sha256(encode_members(expected)).hexdigest()) == (
        members.known_count,
        members.known_digest,
    )
    assert expected == members.load()


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (Identity(case="preserve"), {"Ada.B@example.com", "ZOË@example.com"}),
        (Identity("id"), {"ada.b@example.com", "zoë@example.com", "nobody"}),
        (Identity("id", "preserve"), {"Ada.B@Example.com", "ZOË@Example.com", "Nobody"}),
    ],
)
def test_the_rule_for_identifiers_is_kept_to(shop, identity, expected):
    """Folding, keeping case, and identifiers that are no addresses."""
    shop.write([("Ada.B@Example.com", {}), ("ZOË@Example.com", {}), ("Nobody", {}), ("with space", {})])
    assert expected == shop.members(shop.source(identity), ALL)


def test_the_census_counts_what_has_no_identifier(shop):
    """Null, empty and invalid identifiers are in no segment and are counted, the invalid ones with samples."""
    shop.write([(each, {}) for each in (None, "", None, "nobody", "a@b", "a@example.com", "x" * 500)])
    found = shop.evaluate(shop.source(), Question("all", ALL))
    assert (7, 3, 3, 0) == (found.census.rows, found.census.nulls, found.census.invalid, found.census.duplicates)
    assert {"nobody", "a@b", "x" * 100} == set(found.census.invalid_samples)
    assert {"a@example.com"} == found.answers["all"].members.load()


def test_who_has_several_rows_is_a_member_once(shop):
    """Rows are tested one by one: who fulfils each half of a condition in another row does not fulfil it."""
    shop.write([
        ("Ada@example.com", {"orders": 1, "small": 0}),
        ("ada@example.com", {"orders": 0, "small": 1}),
        ("bob@example.com", {"orders": 1, "small": 1}),
        ("BOB@example.com", {"orders": 1, "small": 1}),
        ("cy@example.com", {"orders": 1}),
    ])  # fmt: skip
    both = All((bound("orders", "eq", 1), bound("small", "eq", 1)), AT)
    found = shop.evaluate(shop.source(), Question("one", bound("orders", "eq", 1)), Question("both", both))
    assert 2 == found.census.duplicates
    assert {"ada@example.com", "bob@example.com"} == set(found.census.duplicate_samples)
    assert (3, 3) == (found.answers["one"].members.count, found.answers["one"].matched)
    assert {"bob@example.com"} == found.answers["both"].members.load()
    assert b"bob@example.com\n" == found.answers["both"].members.raw()


def test_someone_with_more_rows_than_a_batch_is_a_member_once(shop):
    """A placeholder address in very many rows is counted once, wherever batches end."""
    import pyarrow as pa

    count = 300_000
    ids = ["nobody@example.com"] * count + ["a@example.com", "z@example.com", "z@example.com"]
    shop.write(pa.table({"email": ids, "orders": [*range(count), 0, 1, 2]}))
    late = Question("late", bound("orders", "gte", count - 1))
    found = shop.evaluate(shop.source(), Question("all", ALL), late)
    assert 2 == found.census.duplicates
    assert ("nobody@example.com", "z@example.com") == found.census.duplicate_samples
    assert b"a@example.com\nnobody@example.com\nz@example.com\n" == found.answers["all"].members.raw()
    assert {"nobody@example.com"} == found.answers["late"].members.load()
    assert 1 == found.answers["late"].matched


def test_holdout_and_sample_are_those_of_buckets(shop):
    """Who is held out or sampled is what `groupsync.bucket` says, counted apart."""
    shop.write(people(2_000))
    holdout, sample = Share(Decimal(10), "it's ${env:HOME} \\"), Share(Decimal("33.3"), "spring")
    where = bound("orders", "gte", 500)
    questions = [
        Question("both", where, holdout, sample),
        Question("holdout", where, holdout),
        Question("whole", where, Share(Decimal(0), "x"), Share(Decimal(100), "x")),
    ]
    found = shop.evaluate(shop.source(), *questions).answers
    matched = {who for who, row in people(2_000) if row["orders"] >= 500}
    kept = {who for who in matched if not within(holdout, who)}
    assert {who for who in kept if within(sample, who)} == found["both"].members.load()
    assert kept == found["holdout"].members.load()
    assert matched == found["whole"].members.load()
    assert (1_500, 1_500 - len(kept)) == (found["both"].matched, found["both"].held_out)
    assert (0, 0) == (found["whole"].held_out, found["whole"].matched - 1_500)


def test_groups_are_held_against_canonical_identifiers(shop):
    """Being in a group mixes with tests, is never unknown, and knows people by their canonical identifier."""
    shop.write([("Ada@example.com", {"orders": None}), ("BOB@example.com", {"orders": 1}), ("cy@example.com", {})])
    groups = {f"g{number}": {f"x{number}@example.com"} for number in range(70)}
    groups |= {"beta": {"ada@example.com", "bob@example.com"}, "empty": set()}
    unknown = bound("orders", "gt", 0)
    questions = [
        Question("in", InGroup("beta", AT)),
        Question("out", Not(InGroup("beta", AT), AT)),
        Question("mixed", Not(All((InGroup("beta", AT), unknown), AT), AT)),
        Question("none", AnyOf((InGroup("empty", AT), *(InGroup(f"g{number}", AT) for number in range(70))), AT)),
    ]
    found = shop.evaluate(shop.source(), *questions, groups=groups).answers
    assert {"ada@example.com", "bob@example.com"} == found["in"].members.load()
    assert {"cy@example.com"} == found["out"].members.load() == found["mixed"].members.load()
    assert set() == found["none"].members.load()
    assert b"" == found["none"].members.raw()


@pytest.mark.parametrize("descending", [True, False])
def test_the_order_has_nulls_last_and_ties_by_identifier(shop, descending):
    """Members by value, each once with the best of their rows; nobody is cut off."""
    orders = {"a": 3, "b": None, "c": 5, "d": 3, "e": 1}
    customers = [(f"{who}@example.com", {"orders": value, "small": 1}) for who, value in orders.items()]
    shop.write([*customers, ("d@example.com", {"orders": 4, "small": 1}), ("z@example.com", {"orders": 9, "small": 0})])
    question = Question("top", bound("small", "eq", 1), top=Top(2, "orders", descending, None, AT))
    found = shop.evaluate(shop.source(), question).answers["top"]
    expected = "cdaeb" if descending else "eadcb"
    assert [f"{who}@example.com" for who in expected] == list(found.order())
    assert set(found.order()) == found.members.load()


def test_the_order_is_of_members_alone(shop):
    """Who is held out or not sampled has no place in the order, and what is no number comes last."""
    shop.write([(f"p{n}@example.com", {"score": float("nan") if n % 3 else n / 10}) for n in range(300)])
    share = Share(Decimal(50), "half")
    question = Question("top", ALL, share, Share(Decimal(60), "s"), Top(1, "score", True, None, AT))
    found = shop.evaluate(shop.source(), question).answers["top"]
    order = list(found.order())
    assert len(order) == len(set(order))
    assert set(order) == found.members.load()
    numbers = [n for n in (int(who[1:].partition("@")[0]) for who in order) if n % 3 == 0]
    assert sorted(numbers, reverse=True) == numbers == [int(w[1:].partition("@")[0]) for w in order[: len(numbers)]]


def test_more_conditions_than_bits_of_a_number(shop):
    """Several hundred distinct conditions take several columns, and stay apart."""
    shop.write(people(300))
    questions = [
        Question(f"q{n}", All((bound("orders", "gte", n), bound("orders", "lt", n + 2)), AT)) for n in range(299)
    ]
    found = shop.evaluate(shop.source(), *questions).answers
    for number in (0, 61, 62, 63, 123, 124, 298):
        expected = {who for who, row in people(300) if number <= row["orders"] < number + 2}
        assert expected == found[f"q{number}"].members.load()


def test_many_customers_give_the_same_as_sets_do(shop):
    """Far more rows than fit into one batch, in no order, in several files."""
    customers = people(400_000)
    shop.write(customers[:250_000], "part-1.parquet")
    shop.write(customers[250_000:], "part-2.parquet")
    source = shop.source(table="part-*.parquet")
    where = bound("orders", "lt", 200_000)
    found = shop.evaluate(source, Question("some", where), Question("not", Not(where, AT)), Question("all", ALL))
    assert (400_000, 0) == (found.census.rows, found.census.duplicates)
    members = {name: answer.members for name, answer in found.answers.items()}
    assert encode_members(who for who, _ in customers[:200_000]) == members["some"].raw()
    assert encode_members(who for who, _ in customers[200_000:]) == members["not"].raw()
    assert Members.of(who for who, _ in customers).digest == members["all"].known_digest


def test_all_questions_are_answered_in_one_pass(shop, monkeypatch):
    """The customers are read by one statement, however many questions there are."""
    from groupsync_ibis import client

    statements = []

    class Watched:
        def __init__(self, connection):
            self._connection = connection

        def execute(self, statement, *args):
            statements.append(str(statement))
            return self._connection.execute(statement, *args)

        def __getattr__(self, name):
            return getattr(self._connection, name)

    shop.write(people(10))
    opened = client._duckdb
    monkeypatch.setattr(client, "_duckdb", lambda folder: Watched(opened(folder)))
    questions = [Question(f"q{number}", bound("orders", "gte", number)) for number in range(50)]
    shop.evaluate(shop.source(), *questions)
    passes = [each for each in statements if "customers.parquet" in each and each.startswith("SELECT")]
    assert 1 == len(passes)
    assert 50 == passes[0].count('"orders" >=')


def test_a_condition_that_segments_share_is_tested_once(shop):
    """The same test in many questions, written anywhere, is one bit; being null is one for each column."""
    from groupsync_ibis.bits import Registry

    registry = Registry()
    for number in range(10):
        registry.formula(
            All((bound("orders", "gt", 1), Not(bound("name", "eq", "x"), AT), bound("small", "eq", number)), AT)
        )
    registry.formula(Not(bound("name", "eq", "y"), AT))
    shared, of_small, of_name = 1, 10, 3  # x, y and null, which both negations need
    assert shared + of_small + of_name == len(registry.atoms)


def test_counts_are_of_people(shop):
    """`count` gives what `matched` would be, and knows eligible customers alone."""
    customers = [(f"p{number}@example.com", {"orders": number}) for number in range(100)]
    shop.write([*customers, ("P50@example.com", {"orders": 0}), (None, {"orders": 0})])
    source, wheres = shop.source(), [ALL, bound("orders", "lt", 10), InGroup("beta", AT)]
    groups = {"beta": Members.of(["p1@example.com", "x@example.com"])}
    assert (100, 11, 1) == source.count(wheres, groups)
    assert (50, 0, 0) == source.count(wheres, groups, bound("orders", "gte", 50))


def test_shares_count_people_by_value(shop):
    """All values, most first, null among them."""
    values = ["DE"] * 3 + ["AT"] * 2 + [None]
    shop.write([(f"p{number}@example.com", {"name": value, "orders": number}) for number, value in enumerate(values)])
    groups = {"beta": Members.of(["p0@example.com", "p3@example.com", "p5@example.com"])}
    source = shop.source()
    assert (("DE", 3), ("AT", 2), (None, 1)) == source.shares(ALL, "name", {})
    assert (("AT", 2), ("DE", 1), (None, 1)) == source.shares(bound("orders", "gte", 2), "name", {})
    assert (("AT", 1), ("DE", 1), (None, 1)) == source.shares(InGroup("beta", AT), "name", groups, ALL)


def test_rows_are_found_by_canonical_identifier(shop):
    """What is known of somebody, however the source spells them; values as conditions know them."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    row = {"name": "x", "orders": 2**53 + 1, "score": float("nan"), "spend": Decimal("1.50"), "newsletter": True}
    row |= {"born": date(2000, 1, 1), "seen": moment, "bought": moment}
    shop.write([("Ada@Example.com", row), ("ZOË@example.com", {"orders": 7}), ("bob@example.com", {})])
    ids = ["ada@example.com", "zoë@example.com", "nobody@example.com"]
    found = shop.source().rows(ids, [*row, "small"])
    assert {"ada@example.com", "zoë@example.com"} == set(found)
    assert {**row, "score": None, "small": None} == found["ada@example.com"]
    assert 7 == found["zoë@example.com"]["orders"]


def test_the_statement_reads_as_a_person_would_write_it(shop):
    """One SELECT with the condition, the groups as tables, and the buckets."""
    shop.write([])
    where = All((bound("orders", "gt", 3), Not(InGroup("beta-testers", AT), AT)), AT)
    question = Question("x", where, Share(Decimal(10), "s"), None, Top(5, "score", True, None, AT))
    found = shop.source().statement(question, bound("newsletter", "eq", True))
    for part in (
        '"orders" > 3',
        '"beta-testers"',
        "'19999999'",
        '"newsletter" = TRUE',
        "ORDER BY",
        "customers.parquet",
    ):
        assert part in found


def test_how_new_the_source_is(shop):
    """The latest `updated_at` of eligible customers, else the time of the newest file."""
    days = [datetime(2026, 1, day, 5, tzinfo=UTC) for day in (1, 3, 2)]
    shop.write([(f"p{n}@example.com", {"seen": day, "bought": day, "orders": n}) for n, day in enumerate(days)])
    os.utime(shop.root / "customers.parquet", (1_000_000_000, 1_000_000_000))
    assert datetime.fromtimestamp(1_000_000_000, UTC) == shop.evaluate(shop.source()).census.newest
    for column in ("seen", "bought"):
        assert days[1] == shop.evaluate(shop.source(updated_at=column)).census.newest
    older = shop.evaluate(shop.source(updated_at="seen"), eligible=bound("orders", "gt", 1)).census.newest
    assert days[1] - timedelta(days=1) == older


def test_without_customers_everything_is_empty(shop):
    """An empty table is no error of the source; guards judge it."""
    shop.write([])
    found = shop.evaluate(shop.source(), Question("all", ALL, top=Top(1, "orders", True, None, AT)))
    assert 0 == found.census.rows
    assert (0, b"", []) == (
        found.answers["all"].members.count,
        found.answers["all"].members.raw(),
        found.answers["all"].order(),
    )


def test_csv_files_are_read_with_the_types_they_have(shop):
    """Numbers and dates of a CSV file are no texts."""
    (shop.root / "c.csv").write_text("email,orders,born\na@example.com,3,2000-01-01\nb@example.com,,\n")
    source = shop.source(table="c.csv")
    assert {Type.TEXT, Type.INTEGER, Type.DATE} == {each.type for each in source.attributes()}
    assert {"a@example.com"} == shop.members(source, bound("orders", "gt", 2))


def test_a_query_takes_the_place_of_a_table(shop):
    """A SELECT over files of the project."""
    shop.write(people(10))
    for place in ("'customers.parquet'", "read_parquet('*.parquet')", "read_parquet(['customers.parquet'])"):
        source = shop.source(query=f"SELECT email, orders * 2 AS twice FROM {place};")
        assert {who for who, row in people(10) if row["orders"] == 4} == shop.members(source, bound("twice", "eq", 8))


def test_a_query_reads_json_lines(shop):
    """By a path from the project's folder, wherever the command runs, with the types that the query says."""
    (shop.root / "c.ndjson").write_text('{"email": "a@example.com", "orders": 5}\n{"email": "b@example.com"}\n')
    source = shop.source(query="SELECT * FROM read_json('c.ndjson', columns = {email: 'VARCHAR', orders: 'BIGINT'})")
    assert {"a@example.com"} == shop.members(source, bound("orders", "eq", 5))
    assert {"b@example.com"} == shop.members(source, bound("orders", "is_null", True))


def test_a_duckdb_file_is_read_and_never_written(shop):
    """Tables and views of a database file, also with a schema; it stays as it was."""
    import duckdb

    with duckdb.connect(str(shop.root / "shop.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marketing")
        connection.execute("CREATE TABLE marketing.people AS SELECT 'a@example.com' AS email, 5 AS orders")
        connection.execute("CREATE VIEW customers AS SELECT * FROM marketing.people")
    before = (shop.root / "shop.duckdb").read_bytes()
    for table in ("marketing.people", "customers"):
        source = shop.source(url="duckdb://shop.duckdb", table=table)
        assert {"a@example.com"} == shop.members(source, bound("orders", "eq", 5))
    assert before == (shop.root / "shop.duckdb").read_bytes()


def test_options_need_a_table_or_a_query(shop):
    """Neither and both are refused before anything is connected to."""
    for options in ({"query": "SELECT 1", "table": "x"}, {"query": ""}):
        with pytest.raises(ConfigError, match="either `table` or `query`"):
            shop.source(**options)


@pytest.mark.parametrize(
    ("options", "summary", "rest"),
    [
        ({"table": "costumers.parquet"}, "has no file `costumers.parquet`", "Did you mean `customers.parquet`?"),
        ({"table": "../other.parquet"}, "must lie inside the project", "found `../other.parquet`"),
        ({"table": "/etc/x.parquet"}, "must lie inside the project", "found `/etc/x.parquet`"),
        ({"table": "link.parquet"}, "must lie inside the project", "leads to"),
        ({"table": "broken.parquet"}, "did not answer", ""),
        ({"id": "e_mail"}, "has no column `e_mail`, which `id` names", "Did you mean `email`?"),
        ({"updated_at": "sen"}, "has no column `sen`, which `updated_at` names", "Did you mean `seen`?"),
        ({"table": "people"}, "has no table `people`", "it has none"),
        ({"url": "duckdb://none.duckdb", "table": "x"}, "has no database", "there is no such file"),
        ({"url": "duckdb://../x.duckdb", "table": "x"}, "lies outside of the project", "it leads to"),
        ({"query": "DROP TABLE x"}, "must be one SELECT", "no SELECT (drop)"),
        ({"query": "SELECT 1; SELECT 2"}, "must be one SELECT", "found 2 statements"),
        ({"query": "SELECT FROM WHERE"}, "can't be read", ""),
        ({"query": "SELECT * FROM '/etc/passwd'"}, "did not answer", ""),
        ({"query": "COPY (SELECT 1) TO 'x.csv'"}, "must be one SELECT", "no SELECT"),
        ({"url": "nosuchengine://x", "table": "x"}, "did not answer", ""),
    ],
)
def test_what_is_wrong_is_told_with_what_is_there(shop, tmp_path_factory, options, summary, rest):
    """Every mistake is a `SourceError` in one line, with what was found and what to do."""
    shop.write([])
    (shop.root / "broken.parquet").write_bytes(b"PAR1 no parquet PAR1")
    other = tmp_path_factory.mktemp("other") / "x.parquet"
    other.write_bytes(b"")
    (shop.root / "link.parquet").symlink_to(other)
    source = shop.source(**options)
    with pytest.raises(SourceError) as caught:
        source.attributes()
    error = caught.value
    assert summary in error.summary
    assert "\n" not in error.summary + error.detail
    assert rest in error.detail + error.hint
    with pytest.raises(SourceError):
        shop.evaluate(source, Question("all", ALL))
    source.close()
    source.close()


def test_a_source_that_breaks_half_way_gives_nothing(shop):
    """A row that can't be read is an error, not the end of the rows."""
    lines = [f"p{number}@example.com,{number}" for number in range(50_000)]
    (shop.root / "c.csv").write_text("\n".join(["email,orders", *lines, "x@example.com,1,2"]) + "\n")
    with pytest.raises(SourceError, match="can't read `c") as caught:
        shop.evaluate(shop.source(table="c.csv"), Question("all", bound("orders", "gt", 1)))
    assert "line 50002: it has 3 cells, and the header has 2: 'x@example.com,1,2'" == caught.value.detail


def test_importing_the_plugin_imports_no_engine():
    """What offers the source costs nothing at start-up."""
    import subprocess
    import sys

    code = (
        "import sys, groupsync_ibis.source; sys.exit(bool({'ibis', 'duckdb', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
