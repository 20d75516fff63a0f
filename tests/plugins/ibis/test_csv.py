"""Customers in CSV files: what a cell means never depends on other rows, and the config can say how it is written."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync.errors import SourceError
from groupsync.identity import Identity
from groupsync.model.criteria import Everyone, Operator, Type
from groupsync.schema_check import check
from groupsync.source import Misfits, Question
from groupsync.yaml.document import Document
from groupsync_ibis.csv_files import csv_sql
from groupsync_ibis.options import SCHEMA, IbisOptions
from tests.conditions import AT, bound
from tests.plugins.ibis.conftest import Shop

ID = Identity("id", "preserve")


def types(source):
    """Return what columns are, but for the identifier."""
    return {each.name: each.type for each in source.attributes() if each.name != "email"}


def write(shop, *cells, name="c.csv", encoding="utf-8"):
    """Write a table with one column `x` besides identifiers."""
    rows = [f'{chr(97 + number)}@example.com;"{cell}"' for number, cell in enumerate(cells)]
    (shop.root / name).write_text("\n".join(["email;x", *rows]) + "\n", encoding=encoding)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-20", "", "0"], Type.INTEGER),
        (["1", "2.5", "1e3", ".5", "0.30000000000000004"], Type.NUMBER),
        (["2026-11-20", "2000-02-29"], Type.DATE),
        (["2026-11-20T10:00:00Z", "2026-11-20 10:00", "2026-11-20 10:00:00.123456+02"], Type.INSTANT),
        (["true", "False"], Type.BOOLEAN),
        (["12/01/2026", "11/25/2026"], Type.TEXT),
        (["2026-11-20", "2026-11-20 10:00"], Type.TEXT),
        (["2026-02-30"], Type.TEXT),
        (["01067", "10115"], Type.TEXT),
        (["1.234,50"], Type.TEXT),
        (["1,5"], Type.TEXT),
        (["yes", "no"], Type.TEXT),
        (["9007199254740993", "0.5"], Type.TEXT),
        (["12345678901234567890"], Type.TEXT),
        (["1", "unknown"], Type.TEXT),
        (["", " "], Type.TEXT),
        ([" 1 ", "\u00a02"], Type.INTEGER),
    ],
)
def test_a_column_is_what_all_of_its_cells_are(shop, cells, kind):
    """ISO dates and times, numbers that lose nothing, true and false; all else is a text, whatever the order."""
    for order in (cells, cells[::-1]):
        write(shop, *order)
        assert {"x": kind} == types(shop.source(table="c.csv"))


def test_a_late_row_is_read_as_an_early_one(shop):
    """Far behind the first rows one cell still makes the column what it is, in any file."""
    write(shop, *["1"] * 5_000, name="c1.csv")
    write(shop, "1.5", name="c2.csv")
    source = shop.source(table="c*.csv")
    assert {"x": Type.NUMBER} == types(source)
    assert {"x": Type.INTEGER} == types(shop.source(table="c1.csv"))
    write(shop, "?", name="c3.csv")
    assert {"x": Type.TEXT} == types(source)


def test_a_row_of_another_customer_changes_no_date(shop):
    """A date is read as its format says; one more row changes nobody else, and what does not fit is counted."""
    where = bound("x", "gte", date(2026, 9, 1))
    for more in ([], ["11/25/2026"]):
        write(shop, "12/01/2026", "10/01/2026", *more)
        american = shop.source(table="c.csv", formats={"x": "%m/%d/%Y"})
        european = shop.source(table="c.csv", formats={"x": "%d/%m/%Y"})
        assert {"a@example.com", "b@example.com"} == shop.members(american, where) - {"c@example.com"}
        assert set() == shop.members(european, where)
    found = shop.evaluate(european, Question("q", where), Question("null", bound("x", "is_null", True)))
    assert (Misfits("x", 1, ("11/25/2026",)),) == found.census.misfits
    assert {"c@example.com"} == found.answers["null"].members.load()


@pytest.mark.parametrize(
    ("kind", "options", "cells", "values"),
    [
        ("integer", {}, ["007", "12.0", "12.5", "x"], [7, 12, None, None]),
        ("integer", {"decimal": ","}, ["1.234", "12,0", "1.23"], [1234, 12, None]),
        ("integer", {"decimal": "."}, ["1,234", "1,23"], [1234, None]),
        ("number", {"decimal": ","}, ["1.234,5", "0,25", "1.5"], [1234.5, 0.25, None]),
        ("decimal", {}, ["0.1", "-12.50", "1e3"], [Decimal("0.1"), Decimal("-12.5"), None]),
        ("boolean", {}, ["yes", "0", "TRUE", "maybe"], [True, False, True, None]),
        ("date", {}, ["2026-01-02", "2026-01-02 10:00", "1/2/2026"], [date(2026, 1, 2), None, None]),
        ("text", {}, ["1", "02"], ["1", "02"]),
        (
            "instant",
            {},
            ["2026-01-02T10:00:00+02:00", "2026-01-02 10:00:00 UTC", "2026-01-02"],
            [datetime(2026, 1, 2, hour, tzinfo=UTC) for hour in (8, 10, 0)],
        ),
        (
            "instant",
            {"formats": {"x": "%d.%m.%Y %H:%M"}},
            ["02.01.2026 10:00", "02.01.26 10:00"],
            [datetime(2026, 1, 2, 10, tzinfo=UTC), None],
        ),
        ("date", {"formats": {"x": "%d.%m.%y"}}, ["02.01.26", "32.01.26"], [date(2026, 1, 2), None]),
    ],
)
def test_a_column_is_what_the_config_says(shop, kind, options, cells, values):
    """A cell that is none of that type is unknown and counted, and changes no other."""
    write(shop, *cells)
    source = shop.source(table="c.csv", types={"x": kind}, **options)
    assert {"x": Type(kind)} == types(source)
    people = [f"{chr(97 + number)}@example.com" for number in range(len(cells))]
    rows = source.rows(people, ["x"])
    assert values == [rows[who]["x"] for who in people]
    census = shop.evaluate(source, Question("q", bound("x", Operator.IS_NULL, True))).census
    bad = [cell for cell, value in zip(cells, values, strict=True) if value is None]
    assert ((Misfits("x", len(bad), tuple(sorted(bad))),) if bad else ()) == census.misfits


def test_what_no_condition_asks_for_is_not_held_against_the_source(shop):
    """Only columns that are asked for are counted."""
    write(shop, "x")
    source = shop.source(table="c.csv", types={"x": "integer"})
    assert () == shop.evaluate(source, Question("all", Everyone(AT))).census.misfits


def test_marks_of_numbers_and_of_nothing_can_be_named(shop):
    """A decimal comma holds for the whole source, and so do the texts that mean no value."""
    write(shop, "1.234,5", "n/a", "2", "")
    source = shop.source(table="c.csv", decimal=",", nulls=["n/a", "NULL"])
    assert {"x": Type.NUMBER} == types(source)
    assert {"a@example.com"} == shop.members(source, bound("x", "gt", 1000.0))
    assert {"b@example.com", "d@example.com"} == shop.members(source, bound("x", "is_null", True))


@pytest.mark.parametrize(
    ("identifiers", "options", "expected"),
    [
        (["12345678901234567890", "22345678901234567891"], {}, {"12345678901234567890", "22345678901234567891"}),
        (["123.0", "007", "+49151", "1e3"], {}, {"123.0", "007", "+49151", "1e3"}),
        (["123.0", "124"], {"types": {"uid": "integer"}}, {"123", "124"}),
    ],
)
def test_identifiers_of_a_csv_file_are_what_stands_there(shop, identifiers, options, expected):
    """Letter for letter, whatever they look like; as digits only where that is written."""
    (shop.root / "c.csv").write_text("\n".join(["uid,n", *(f"{each},1" for each in identifiers)]))
    source = shop.source(ID, table="c.csv", id="uid", **options)
    assert expected == shop.members(source, Everyone(AT))


def test_identifiers_that_a_column_can_only_round_are_refused(shop):
    """A double as `id` is an error; read as whole numbers, what is none has no identifier and is counted."""
    shop.write(pa.table({"uid": [123.0, 124.0, None, 12.5, 2.0**53, float("nan")], "n": [1] * 6}))
    with pytest.raises(SourceError, match="can't tell customers apart by `uid`") as caught:
        shop.source(ID, id="uid").attributes()
    assert "id" == caught.value.option
    assert "types: {uid: integer}" in caught.value.hint
    source = shop.source(ID, id="uid", types={"uid": "integer"})
    found = shop.evaluate(source, Question("all", Everyone(AT)))
    assert {"123", "124"} == found.answers["all"].members.load()
    assert 4 == found.census.nulls
    assert (Misfits("uid", 2, ("12.5", "9007199254740992.0")),) == found.census.misfits


@pytest.mark.parametrize("column", [[True], [date(2026, 1, 1)], [Decimal("1.50")], [["a"]], [b"a"]])
def test_only_what_holds_identifiers_as_they_are_names_customers(shop, column):
    """Booleans, dates, fractions, lists and bytes are no identifiers."""
    shop.write(pa.table({"uid": column}))
    with pytest.raises(SourceError, match="can't tell customers apart"):
        shop.source(ID, id="uid").attributes()


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("delimiter", [None, ";"])
def test_encodings_are_read_as_the_config_says(shop, encoding, delimiter):
    """What spreadsheets write, with their marks; without a word only UTF-8."""
    write(shop, "Zoë €", encoding=encoding)
    given = {"delimiter": delimiter} if delimiter else {}
    source = shop.source(table="c.csv", encoding=encoding, **given)
    for _ in range(2):
        assert {"a@example.com"} == shop.members(source, bound("x", "eq", "Zoë €"))
    if not encoding.startswith("utf-8"):
        with pytest.raises(SourceError, match="can't read `c") as caught:
            shop.source(table="c.csv").attributes()
        assert "encoding" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"", "the file has no header"),
        (b"\n\n", "the file has no header"),
        (b"email,n,n\n", "its header has `n` more than once"),
        (b"email,n\na@example.com,1\nTotal: 2 rows\n", "line 3: it has 1 cell, and the header has 2: 'Total: 2 rows'"),
        (b"email,n\na@example.com,1,2\n", "line 2: it has 3 cells, and the header has 2: 'a@example.com,1,2'"),
        (
            b'email,n\n"a@example.com"x,1\n',
            "line 2: a quote that is never closed, or that more text follows: '\"a@example.com\"x,1'",
        ),
        (codecs.BOM_UTF16_LE + "email".encode("utf-16-le"), "it is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(shop, text, detail):
    """No other line is read as something else for it."""
    (shop.root / "c.csv").write_bytes(text)
    source = shop.source(table="c.csv")
    with pytest.raises(SourceError, match="can't read `c") as caught:
        source.attributes()
    assert detail == caught.value.detail


@pytest.mark.parametrize(
    "text", ["sep=;\nemail;n\na@example.com;1\n", "email\tn\na@example.com\t1\n", "n|email\n1|a@example.com"]
)
def test_the_header_tells_what_parts_its_columns(shop, text):
    """A comma, semicolon, tab or bar, or what a spreadsheet's own line says."""
    (shop.root / "c.csv").write_text(text)
    assert {"a@example.com"} == shop.members(shop.source(table="c.csv"), bound("n", "eq", 1))


@pytest.mark.parametrize(
    ("options", "option", "hint"),
    [
        ({"encoding": "klingon"}, "encoding", "Correct the name."),
        ({"encoding": "hex"}, "encoding", "Correct the name."),
        ({"types": {"X": "integer"}}, "types.X", "Did you mean `x`?"),
        ({"formats": {"y": "%Y%m%d"}}, "formats.y", "Correct the name, or take it out."),
        ({"formats": {"x": "%Y%m%d"}, "types": {"x": "integer"}}, "formats.x", "one of `types` and `formats`"),
        ({"delimiter": ","}, "delimiter", 'Write `delimiter: ";"`, or take it out.'),
        ({"table": "customers.parquet", "delimiter": ";"}, "delimiter", "Take it out, or name such files in `table`."),
        ({"table": "customers.parquet", "types": {"orders": "date"}}, "types.orders", "Take it out of `types`"),
        ({"table": "customers.parquet", "formats": {"orders": "%Y%m%d"}}, "formats.orders", "out of `formats`"),
        *(
            ({"table": "", "query": "SELECT * FROM 'c.csv'", **each}, next(iter(each)), "Take it out, or name")
            for each in ({"delimiter": ";"}, {"decimal": ","}, {"nulls": ["-"]}, {"encoding": "x"}, {"by_name": True})
        ),
        *(
            ({"url": "sqlite://shop.sqlite", "table": "customers", **each}, next(iter(each)), "Take it out, or")
            for each in ({"nulls": ["-"]}, {"by_name": True}, {"types": {"x": "text"}}, {"formats": {"x": "%Y%m%d"}})
        ),
        ({"id": "e_mail"}, "id", "Did you mean `email`?"),
        ({"table": "d.csv"}, "table", "Did you mean `c.csv`?"),
    ],
)  # fmt: skip
def test_an_option_that_can_not_be_is_named(shop, options, option, hint):
    """The error says which option of the config to correct, which key of it, and how."""
    write(shop, "1")
    shop.write([])
    with pytest.raises(SourceError) as caught:
        shop.source(**{"table": "c.csv", **options}).attributes()
    assert option == ".".join(filter(None, [caught.value.option, caught.value.key]))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("cells", "options", "hint"),
    [
        (["01/02/2026", "3/4/2026"], {}, "`01/02/2026` can be 1 February 2026 or 2 January 2026: say which in"),
        (["01/02/2026", "3/4/2026"], {}, 'source, `formats: {x: "%d/%m/%Y"}` or `formats: {x: "%m/%d/%Y"}`.'),
        (["01/02/2026", "11/25/2026"], {}, 'Say how it is written in the source, `formats: {x: "%m/%d/%Y"}`.'),
        (["11/11/2026", "1/2/2026"], {}, "`1/2/2026` can be 1 February 2026 or 2 January 2026"),
        (["02.01.26 9:15", "25.11.26 10:00"], {}, '`formats: {x: "%d.%m.%y %H:%M"}`'),
        (["1/20/2026 10:00 PM"], {}, '`formats: {x: "%m/%d/%Y %I:%M %p"}`'),
        (["2026/01/02"], {}, '`formats: {x: "%Y/%m/%d"}`'),
        (["2026-01-02", "2026-01-02 10:00"], {}, "With `types: {x: instant}` in the source it is an instant."),
        (["2026-01-02", "2026-01-03", "soon"], {}, "`soon` is not a date: with `types: {x: date}`"),
        (["1,234", "12"], {}, '`1,234` can be `1.234` or `1234`: say which in the source, `decimal: ","` or `deci'),
        (["1.234,5", "12"], {}, 'Say how its numbers are written in the source, `decimal: ","`'),
        (["7", "12", "unknown"], {}, "`unknown` is not a whole number: with `types: {x: integer}`"),
        (["7", "unknown"], {"nulls": ["-"]}, "`unknown` is not a whole number"),
        (["007", "12"], {}, "With `types: {x: integer}` in the source it is a whole number."),
        (["yes", "no"], {}, "With `types: {x: boolean}` in the source it is true or false."),
        (["soon", "later"], {}, ""),
        (["1", "2"], {}, "With `types: {x: text}` in the source it is a text."),
        (["1", "2"], {"types": {"x": "text"}}, "With `types: {x: integer}` in the source it is a whole number."),
        (["1", "2"], {"types": {"x": "number"}}, ""),
    ],
)  # fmt: skip
def test_how_a_column_could_be_of_another_type_is_told(shop, cells, options, hint):
    """By what it looks like: no value is read by it, and where it can be read in two ways both are named."""
    write(shop, *cells)
    found = {each.name: each.hint for each in shop.source(table="c.csv", **options).attributes()}
    assert hint in found["x"]
    assert bool(hint) is bool(found["x"])
    assert "" == found["email"]


@pytest.mark.parametrize(
    "cells", [["01/25/2026", "11/2/2026"], ["02.01.26 9:15"], ["1/20/2026 10:00:07 PM"], ["7", "x", "12"],
    ["yes", "no"], ["1.234,5"], ["2026-01-02", "2026-01-02 10:00"], ["1"]],
)  # fmt: skip
def test_a_hint_works_when_it_is_followed(shop, cells):
    """What it says to write makes the column what it says, with a value for each cell that looks like one."""
    write(shop, *cells)
    (hint,) = (each.hint for each in shop.source(table="c.csv").attributes() if each.name == "x")
    options = yaml.safe_load(re.search("`((?:formats|types|decimal): .*?)`", hint)[1])
    source = shop.source(table="c.csv", **options)
    assert {"x": Type.TEXT} != types(source) or "text" in hint
    people = [f"{chr(97 + number)}@example.com" for number in range(len(cells))]
    rows = source.rows(people, ["x"])
    assert [cell for cell, who in zip(cells, people, strict=True) if rows[who]["x"] is None] == ["x"] * ("x" in cells)


def test_the_page_on_sources_shows_options_that_work(shop):
    """All of them at once, on files that are as it says."""
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text("utf-8")
    block = next(each for each in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "windows-1252" in each)
    options = yaml.safe_load(block)["sources"]["customers"]
    assert [] == check(
        Document("page", options, None), {**SCHEMA, "properties": {**SCHEMA["properties"], "plugin": {}}}
    )
    (shop.root / "data").mkdir()
    head = "uid;spend;orders;zip;newsletter;renews;seen"
    (shop.root / "data/1.csv").write_bytes(
        f"{head};name\n007;1.234,50; NULL ;01067;no;31.01.2027;01.02.2027 10:00;Zoë €\n".encode("windows-1252")
    )
    (shop.root / "data/2.csv").write_bytes(f"{head}\n8;n/a;12,0;10115;1;;\n".encode("windows-1252"))
    source = shop.source(ID, **{key: value for key, value in options.items() if key != "plugin"})
    assert types(source) | {"uid": Type.TEXT} == {
        "uid": Type.TEXT, "spend": Type.NUMBER, "orders": Type.INTEGER, "zip": Type.TEXT, "newsletter": Type.BOOLEAN,
        "renews": Type.DATE, "seen": Type.INSTANT, "name": Type.TEXT,
    }  # fmt: skip
    columns = ["spend", "orders", "zip", "newsletter", "renews", "seen", "name"]
    rows = source.rows(["007", "8"], columns)
    seen = datetime(2027, 2, 1, 10, tzinfo=UTC)
    assert [1234.5, None, "01067", False, date(2027, 1, 31), seen, "Zoë €"] == [rows["007"][each] for each in columns]
    assert [None, 12, "10115", True, None, None, None] == [rows["8"][each] for each in columns]


@pytest.mark.parametrize(
    ("form", "is_one"),
    [
        ("%d.%m.%Y", True), ("%m/%d/%y", True), ("%d. %B %Y", True), ("%d.%m.%Y %H:%M:%S.%f", True),
        ("%m/%d/%Y %I:%M %p", True), ("%p %I:%M %d.%m.%Y", True), ("%d.%m.%Y %H:%M %z", True),
        ("%d.%m", False), ("dd.mm.yyyy", False), ("%Y-%j", False), ("%d.%m.%Y %", False), ("%d.%m.%Y %M", False),
        ("%d.%m.%Y %I:%M", False), ("%d.%m.%Y %H:%M %p", False), ("", False),
    ],
)  # fmt: skip
def test_a_format_tells_the_day_and_the_half_of_it(form, is_one):
    """Year, month and day have to be there, an hour with minutes, and morning or afternoon with hours up to 12."""
    pattern = SCHEMA["properties"]["formats"]["additionalProperties"]["pattern"]
    assert is_one is bool(re.search(pattern, form))


_PIECES = st.sampled_from(
    [
        "a",
        "b",
        ",",
        ",",
        '"',
        '""',
        "\n",
        "\n",
        "\r\n",
        ";",
        "é",
        "\t",
        "'",
        "\\",
        "#",
        "\0",
        "\r",
        '","',
        '"\n',
        ',"',
        "a,b\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_a_file_is_read_as_python_reads_it_or_refused(body):
    """No row is left out and no cell is another, whatever quotes and ends of lines there are.

    Left aside: blanks around quotes, which DuckDB takes off, and empty cells behind the last column, which are none.
    """
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "c.csv"
        path.write_text(f"email,x\n{body}", encoding="utf-8", newline="")
        try:
            relation, *_ = csv_sql([path], "customers", IbisOptions("duckdb://", "email", "c.csv"))
            found = connection.execute(relation).fetchall()
        except (SourceError, duckdb.Error):
            return
    _, *rows = csv.reader(io.StringIO(f"email,x\n{body}", newline=""), strict=True)
    assert Counter(tuple(cell or None for cell in row[:2]) for row in rows if row) == Counter(found)
    assert not [cell for row in rows for cell in row[2:] if cell.strip("\0")]


CELLS = [
    "",
    "1",
    "-3",
    "2.5",
    "1000",
    "007",
    "x",
    "2026-01-02",
    "2026-03-01",
    "1/2/2026",
    "true",
    "yes",
    "9" * 19,
    " 1 ",
]
WHERES = [
    *(bound("x", operator, 1) for operator in ("gt", "lte", "eq")),
    *(bound("x", operator, 1.5) for operator in ("gt", "lte", "eq")),
    *(bound("x", operator, date(2026, 1, 15)) for operator in ("gt", "lte", "eq")),
    bound("x", "eq", "1"), bound("x", "starts_with", "1"), bound("x", "eq", True), bound("x", "is_null", True),
]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(CELLS), min_size=1, max_size=12),
    st.lists(st.integers(0, 2), min_size=12, max_size=12),
    st.sampled_from(CELLS),
)
def test_members_depend_on_no_other_row_and_on_no_file(cells, places, more):
    """Spread over files in any way, rows have the same members; a customer more changes nobody else's truth.

    Where one more row makes the column something else, a condition of before is none of its type any more, and refused.
    """
    rows = [(f"p{number}@example.com", cell) for number, cell in enumerate(cells)]
    alone = asked([rows])
    assert alone == asked([[row for row, at in zip(rows, places, strict=False) if at == file] for file in range(3)])
    after = asked([[("more@example.com", more), *rows]])
    for where in alone.keys() & after.keys():
        assert alone[where] == after[where] - {"more@example.com"}, where


def asked(files):
    """Return the members by each condition that goes with what the column `x` of files turns out to be."""
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for number, rows in enumerate(files):
            lines = [f'{who},"{cell}"' for who, cell in rows]
            (shop.root / f"c{number}.csv").write_text("\n".join(["email,x", *lines]) + "\n")
        source = shop.source(table="c*.csv")
        kind = types(source)["x"]
        fitting = [where for where in WHERES if where.operator is Operator.IS_NULL or _kind(where.value) is kind]
        questions = [Question(repr(where), where) for where in fitting]
        answers = shop.evaluate(source, *questions).answers
        return {name: answer.members.load() for name, answer in answers.items()}


def _kind(value):
    kinds = {bool: Type.BOOLEAN, int: Type.INTEGER, float: Type.NUMBER, date: Type.DATE, str: Type.TEXT}
    return kinds[type(value)]
