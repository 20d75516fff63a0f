"""Customers in several files: one type for a column over all of them, and no value that another file changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync.errors import SourceError
from groupsync.model.criteria import All, Not, Type
from groupsync.source import Question
from groupsync.truth import truth
from tests.conditions import AT, arrow_table, bound, conditions, tables
from tests.plugins.ibis.conftest import CSV_TYPES, Shop, csv_row

PARTS = "part-*.parquet"


def found(shop, **wheres):
    """Ask a source of several files for segments; returns their members by name."""
    questions = [Question(name, where) for name, where in wheres.items()]
    answers = shop.evaluate(shop.source(table=PARTS), *questions).answers
    return {name: answer.members.load() for name, answer in answers.items()}


def written(shop, order, *parts):
    """Write files with a column `x` each, named in the order given; the people are a, b, c … over all of them."""
    people = iter("abcdefgh")
    for number, part in zip(order, parts, strict=True):
        emails = [f"{next(people)}@example.com" for _ in part]
        shop.write(pa.table({"email": emails, "x": part}), f"part-{number}.parquet")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_cents_of_another_file_are_not_rounded(shop, order):
    """Whole amounts in one file and cents in the next are one column of numbers, whichever is named first."""
    written(shop, order, pa.array([100, 20]), pa.array([100.4, 99.5]))
    assert {
        "over": {"c@example.com"},
        "from": {"a@example.com", "c@example.com"},
        "other": {"b@example.com", "d@example.com"},
    } == found(
        shop,
        over=bound("x", "gt", 100.0),
        **{"from": bound("x", "gte", 100.0), "other": Not(bound("x", "gte", 100.0), AT)},
    )
    assert 100.4 == shop.source(table=PARTS).rows(["c@example.com"], ["x"])["c@example.com"]["x"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize(
    ("one", "other", "kind", "value"),
    [
        (pa.array([1], pa.int8()), pa.array([2**40], pa.int64()), Type.INTEGER, 2**40),
        (pa.array([-1], pa.int64()), pa.array([2**64 - 1], pa.uint64()), Type.DECIMAL, 2**64 - 1),
        (pa.array([2**63 - 1]), pa.array([Decimal("0.01")], pa.decimal128(4, 2)), Type.DECIMAL, Decimal("0.01")),
        (pa.array([Decimal(7)], pa.decimal128(9, 0)), pa.array([Decimal("0.001")]), Type.DECIMAL, Decimal("0.001")),
        (pa.array([0.5], pa.float32()), pa.array([0.1]), Type.NUMBER, 0.1),
        (pa.nulls(1), pa.array(["x"]), Type.TEXT, "x"),
        (pa.nulls(1), pa.array([date(2026, 1, 2)]), Type.DATE, date(2026, 1, 2)),
        (
            pa.array([datetime(2026, 1, 1)], pa.timestamp("ms")),
            pa.array([datetime(2026, 1, 1, 0, 0, 0, 1, UTC)], pa.timestamp("us", "Europe/Berlin")),
            Type.INSTANT,
            datetime(2026, 1, 1, 0, 0, 0, 1, UTC),
        ),
    ],
)
def test_a_column_has_the_narrowest_type_that_loses_nothing(shop, order, one, other, kind, value):
    """Widths of numbers, scales, units of time and columns without a value come together without loss."""
    written(shop, order, one, other)
    source = shop.source(table=PARTS)
    assert kind is {each.name: each.type for each in source.attributes()}["x"]
    assert value == source.rows(["b@example.com"], ["x"])["b@example.com"]["x"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize(
    ("one", "other", "types"),
    [
        (pa.array([1]), pa.array(["1"]), ("bigint", "text")),
        (pa.array([1]), pa.nulls(1, pa.string()), ("bigint", "text")),  # a type is one without a value, too
        (pa.array([True]), pa.array([1]), ("boolean", "bigint")),
        (pa.array([0.5]), pa.array([Decimal("0.5")]), ("double", "decimal(1, 1)")),
        (pa.array([date(2026, 1, 1)]), pa.array([1], pa.timestamp("us")), ("date", "timestamp(6)")),
        (pa.array([1], pa.decimal128(38)), pa.array([1], pa.decimal128(38, 4)), ("decimal(38, 0)", "decimal(38, 4)")),
    ],
)  # fmt: skip
def test_types_that_none_holds_are_refused_with_both_files(shop, order, one, other, types):
    """What no type holds without loss is an error, which names the column, both files and their types."""
    written(shop, order, one, other)
    with pytest.raises(SourceError, match="different types for `x`") as caught:
        shop.source(table=PARTS).attributes()
    for number, kind in zip(order, types, strict=True):
        assert f"{kind} in `part-{number}.parquet`" in caught.value.detail


def test_a_whole_number_that_a_double_would_round_is_refused(shop):
    """Where another file has fractions, 2⁵³ + 1 is an error that names the file and the number."""
    written(shop, (1, 2), pa.array([2**53 + 1]), pa.array([0.5]))
    with pytest.raises(SourceError) as caught:
        found(shop, all=bound("x", "gt", 0.0))
    assert "`part-1.parquet` has the whole number 9007199254740993" in caught.value.detail


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_column_that_a_file_lacks_is_told(shop, order):
    """Whichever file comes first: the one that has it and the one that does not are named."""
    shop.write(pa.table({"email": ["a@example.com"], "x": [1], "y": [1]}), f"part-{order[0]}.parquet")
    shop.write(pa.table({"email": ["b@example.com"], "x": [1]}), f"part-{order[1]}.parquet")
    with pytest.raises(SourceError, match="different columns") as caught:
        shop.source(table=PARTS).attributes()
    assert f"`part-{order[0]}.parquet` has `y`, and `part-{order[1]}.parquet` does not" == caught.value.detail


def test_by_name_a_column_that_a_file_lacks_is_unknown_there(shop):
    """`by_name: true` takes files that have got a column with time, of either kind."""
    shop.write(pa.table({"email": ["a@example.com"], "x": [1]}), "part-1.parquet")
    shop.write(pa.table({"email": ["b@example.com"]}), "part-2.parquet")
    (shop.root / "part-1.csv").write_text("email\nb@example.com\n")
    (shop.root / "part-2.csv").write_text("email,x\na@example.com,1\n")
    for table in (PARTS, "part-*.csv"):
        source = shop.source(table=table, by_name=True)
        assert {"a@example.com"} == shop.members(source, bound("x", "eq", 1))
        assert {"b@example.com"} == shop.members(source, bound("x", "is_null", True))


def test_columns_in_another_order_and_of_another_writer_are_the_same(shop):
    """A column is known by its name; who wrote the file and whether it may be null does not matter."""
    shop.write(pa.table({"email": ["a@example.com"], "x": [1], 'o"d d': [1]}), "part-1.parquet")
    schema = pa.schema([('o"d d', pa.int32()), ("x", pa.int64()), pa.field("email", pa.string(), nullable=False)])
    shop.write(pa.table({'o"d d': [2], "x": [1], "email": ["b@example.com"]}, schema=schema), "part-2.parquet")
    assert {"x": {"b@example.com"}} == found(shop, x=All((bound("x", "eq", 1), bound('o"d d', "eq", 2)), AT))


@settings(max_examples=40, deadline=None)
@given(
    tables(12, 1),
    st.lists(conditions(("beta",)), min_size=1, max_size=6),
    st.lists(st.sampled_from(range(4)), min_size=12, max_size=12),
)
def test_members_do_not_depend_on_how_rows_are_spread_over_files(customers, wheres, places):
    """However rows are spread over files, and whatever is narrow in one of them, the members are the same."""
    groups = {"beta": {"p1@example.com"}}
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for place in set(places):
            rows = [each for each, at in zip(customers, places, strict=False) if at == place]
            shop.write(_narrowed(arrow_table(rows), arrow_table(customers)), f"part-{place}.parquet")
        questions = [Question(f"q{number}", where) for number, where in enumerate(wheres)]
        answers = shop.evaluate(shop.source(table=PARTS), *questions, groups=groups).answers
        for question in questions:
            expected = {who for who, row in customers if truth(question.where, row, who, groups)}
            assert expected == answers[question.name].members.load(), question.where


@settings(max_examples=25, deadline=None)
@given(
    tables(12, 1),
    st.lists(conditions(("beta",)), min_size=1, max_size=6),
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.lists(st.tuples(st.sampled_from(",;\t|"), st.integers(0, 10)), min_size=4, max_size=4),
)
def test_members_do_not_depend_on_how_rows_are_spread_over_csv_files(customers, wheres, places, ways):
    """However rows are spread over files, whatever parts the cells of each, and in whichever order its columns are."""
    groups = {"beta": {"p1@example.com"}}
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for place in set(places):
            rows = [each for each, at in zip(customers, places, strict=False) if at == place]
            shop.write_csv(rows, f"part-{place}.csv", *ways[place])
        questions = [Question(f"q{number}", where) for number, where in enumerate(wheres)]
        source = shop.source(table="part-*.csv", types=CSV_TYPES)
        answers = shop.evaluate(source, *questions, groups=groups).answers
        for question in questions:
            expected = {who for who, row in customers if truth(question.where, csv_row(row), who, groups)}
            assert expected == answers[question.name].members.load(), question.where


def _narrowed(table, whole):
    """Write columns as narrow as their values allow: as a type is guessed that knows these rows alone."""
    for number, field in enumerate(table.schema):
        column = table.column(number)
        if column.null_count == len(column) and whole.column(number).null_count < len(whole):
            table = table.set_column(number, field.name, pa.nulls(len(column)))
        elif field.name == "orders" and all(each is None or -128 <= each < 128 for each in column.to_pylist()):
            table = table.set_column(number, field.name, column.cast(pa.int8()))
        elif field.name == "spend" and all(each is None or each == int(each) for each in column.to_pylist()):
            table = table.set_column(number, field.name, column.cast(pa.decimal128(8, 0)))
    return table
