"""A text in a condition that no customer has is told, and what is there in its place where enough people have it."""

from __future__ import annotations

import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsync.codes import CODES
from groupsync.common_values import common_values
from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions
from groupsync.folding import fold
from groupsync.identity import Identity
from groupsync.model import SourceRange
from groupsync.model.criteria import Everyone, Not, Operator
from groupsync.model.criteria import Test as Held
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.redaction import redacted_findings
from groupsync.segments import check_segments, compute_segments
from groupsync.source import Question, SourceContext
from groupsync.truth import truth
from groupsync_ibis.source import IbisSource
from tests.worlds import NOW

AT = SourceRange("g.yaml", 1, 1)
RISKS = {"high": 12, "low": 11, "medium": 10, "vip": 9}
CONFIG = """\
version: 1
project: shop
definitions: [groups.yaml]
sources:
  customers:
    plugin: memory
    id: email
    types: {risk: text, name: text}
    rows:
"""
COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"


def rows_of(values, column="risk"):
    """Return the rows of a config: so many people for each value."""
    everyone = [value for value, count in values.items() for _ in range(count)]
    return "".join(
        f'      - {{email: p{number}@example.com, {column}: "{value}"}}\n' for number, value in enumerate(everyone)
    )


@pytest.fixture
def found(tmp_path):
    """Return a function that gives what there is to say of a condition on some customers."""

    def findings(where, rows, more=""):
        (tmp_path / "groupsync.yaml").write_text(CONFIG + (rows or "      []\n") + more, encoding="utf-8")
        text = f"kind: segment\nname: a\nsource: customers\nwhere: {where}\n"
        (tmp_path / "groups.yaml").write_text(text, encoding="utf-8")
        project = load_project(load_config(tmp_path / "groupsync.yaml"), NOW)
        compute_segments(project, Plugins.discover(), NOW)
        return project.findings

    return findings


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{risk: High}", [(15, "risk = High", "Did you mean `high`?")]),
        ("{risk: {ne: hihg}}", [(20, "risk = hihg", "Did you mean `high`?")]),
        ("{risk: [low, Low, lwo]}", [
            (21, "risk = Low", "Did you mean `low`?"), (26, "risk = lwo", "Did you mean `low`?"),
        ]),
        ("{not: {risk: {not_in: [lo w, low]}}}", [(31, 'risk = "lo w"', "Did you mean `low`?")]),
        ("{risk: {eq: HIHG, ignore_case: true}}", [(20, "risk = HIHG (ignoring case)", "Did you mean `high`?")]),
        ("{risk: {contains: HI}}", [(26, "risk contains HI", "Correct the text, or take it out.")]),
        ("{risk: {matches: '^x'}}", [(25, "risk matches /^x/", "Correct the text, or take it out.")]),
        ("{risk: unheard-of}", [(15, "risk = unheard-of", "Correct the text, or take it out.")]),
        ("{risk: VIP}", [(15, "risk = VIP", "Correct the text, or take it out.")]),
        ("{any: [{risk: [high, low, medium, vip]}, {risk: {starts_with: h}}]}", []),
        ("{risk: {eq: HIGH, ignore_case: true}}", []),
        (f"{{risk: [{', '.join(f'r{n}' for n in range(21))}]}}", []),
    ],
)  # fmt: skip
def test_a_text_that_nobody_has_is_told_at_its_place(found, where, expected):
    """Whatever the condition makes of it; a list of more than 20 is taken for one of what may come."""
    told = found(where, rows_of(RISKS))

    assert [
        (4, column, f"`{words}` is true for no customer of the source `customers`") for column, words, _ in expected
    ] == [(each.subject.line, each.subject.column, each.summary) for each in told]
    assert [hint for *_, hint in expected] == [each.hint for each in told]
    assert {"GS627"} >= {each.code for each in told}


def test_values_of_ten_people_or_more_are_named_and_no_others(found):
    """The most frequent first; a value that fewer have is never shown."""
    (told,) = found("{risk: High}", rows_of(RISKS))
    assert "Values of `risk` that 10 customers or more have: `high`, `low`, `medium`." == told.detail

    (told,) = found("{risk: VIP}", rows_of({"vip": 9}))
    assert "No value of `risk` is one that 10 customers or more have; others are not named." == told.detail
    assert "Correct the text, or take it out." == told.hint


def test_of_many_values_none_is_named_but_another_form_of_the_text(found):
    """Where it differs in case or Unicode form alone, and 10 customers or more have it."""
    names = {f"n{number}": 10 for number in range(20)} | {"Ada": 10, DECOMPOSED: 11, "Cy": 9}
    told = found(f"{{name: [ADA, n0, N, cy, {COMPOSED}]}}", rows_of(names, "name"))

    assert {"`name` has more than 20 values that 10 customers or more have."} == {each.detail for each in told}
    assert {
        "name = ADA": "Did you mean `Ada`?",
        "name = N": "Correct the text, or take it out.",
        "name = cy": "Correct the text, or take it out.",
        f"name = {COMPOSED}": r'It is there in another Unicode form, which is written `"Jose\u0301"`.',
    } == {each.summary.split("`")[1]: each.hint for each in told}


def test_another_unicode_form_is_told_how_it_is_written(found):
    """Among few values as well; what the hint says is then found."""
    rows = rows_of({DECOMPOSED: 10}, "name")
    (told,) = found(f"{{name: {COMPOSED}}}", rows)

    assert r'It is there in another Unicode form, which is written `"Jose\u0301"`.' == told.hint
    assert [] == found(r'{name: "Jose\u0301"}', rows)
    (told,) = found("{name: {eq: JOS\u00c9, ignore_case: true}}", rows)
    assert r'Did you mean `"Jose\u0301"`?' == told.hint


def test_what_eligible_asks_for_is_looked_for_and_what_it_keeps_out_is_not(found):
    """At its place in the config, once for all segments; who is not eligible is no customer."""
    told = found("{risk: [high, low]}", rows_of(RISKS), "    eligible: {risk: [high, Low]}\n")
    assert {("groupsync.yaml", "risk = Low"), ("groups.yaml", "risk = low")} == {
        (each.subject.path, each.summary.split("`")[1]) for each in told
    }
    assert [] == found("{risk: [high, low]}", rows_of(RISKS), "    eligible: {risk: {ne: vip}}\n")


def test_a_source_without_customers_is_told_once(found):
    """No text is: nobody has anything."""
    (told,) = found("{risk: [high, low]}", rows_of(RISKS), "    eligible: {risk: nothing}\n")

    assert ("GS628", "The source `customers` has no customers") == (told.code, told.summary)


def test_nothing_of_it_is_shown_where_people_are_taken_out(found):
    """Neither the text nor a value that is there."""
    (told,) = redacted_findings(found("{risk: High}", rows_of(RISKS)))

    assert (CODES["GS627"], "", "") == (told.summary, told.detail, told.hint)


@given(
    st.lists(
        st.tuples(st.none() | st.text(max_size=3), st.integers(1, 30)), unique_by=lambda each: each[0], max_size=40
    )
)
def test_no_value_of_fewer_than_ten_is_ever_named(counts):
    """Nor any where more than 20 could be; each that is not named is counted."""
    shares = sorted(counts, key=lambda each: -each[1])
    common = common_values(shares)
    enough = [pair for pair in shares if pair[0] is not None and pair[1] >= 10]

    assert (() if len(enough) > 20 else tuple(enough)) == common.values
    assert len([value for value, _ in counts if value is not None]) == len(common.values) + common.others
    assert dict(counts).get(None, 0) == common.unknown


TEXTS = st.sampled_from(["high", "High", "low", "", "a'b", COMPOSED, DECOMPOSED, "%"])
OPERATORS = st.sampled_from([Operator.EQ, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH])


def write_csv(folder, values):
    lines = [f"p{number}@example.com,{value or ''}" for number, value in enumerate(values)]
    (folder / "c.csv").write_text("\n".join(["email,value", *lines, ""]), encoding="utf-8")
    return {"table": "c.csv", "types": {"value": "text"}}


def write_parquet(folder, values):
    ids = [f"p{number}@example.com" for number in range(len(values))]
    table = pa.table({"email": pa.array(ids, pa.string()), "value": pa.array(values, pa.string())})
    pq.write_table(table, folder / "c.parquet")
    return {"table": "c.parquet"}


def write_sqlite(folder, values):
    (folder / "c.sqlite").unlink(missing_ok=True)
    with sqlite3.connect(folder / "c.sqlite") as connection:
        connection.execute("CREATE TABLE c (email TEXT, value TEXT)")
        rows = [(f"p{number}@example.com", value) for number, value in enumerate(values)]
        connection.executemany("INSERT INTO c VALUES (?, ?)", rows)
    connection.close()
    return {"url": "sqlite://c.sqlite", "table": "c"}


@pytest.mark.parametrize("write", [write_csv, write_parquet, write_sqlite])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.none() | TEXTS, max_size=6),
    st.lists(st.tuples(TEXTS, OPERATORS, st.booleans()), max_size=8),
    st.booleans(),
)
def test_a_text_is_told_exactly_if_no_row_has_it(tmp_path, write, values, texts, is_negative):
    """On every engine; what is looked for never changes who belongs."""
    if write is write_csv:
        values = [value or None for value in values]
    options = {"id": "email", **write(tmp_path, values)}
    sought = [
        Held("value", operator, fold(text) if folds else text, AT, folds)
        for text, operator, folds in texts
        if text or operator is Operator.EQ
    ]
    listed = tuple(
        dict.fromkeys(each.value for each in sought if each.operator is Operator.EQ and not each.ignore_case)
    )
    asked = [Everyone(AT), *sought[:1], *([Held("value", Operator.IN, listed, AT)] if listed else [])]
    where = [Not(each, AT) if is_negative else each for each in asked]
    source = IbisSource.from_options(options, SourceContext(tmp_path, "customers", Identity(), NOW))
    for name in ("plain", "sought"):
        (tmp_path / name).mkdir(exist_ok=True)
        for old in (tmp_path / name).iterdir():
            old.unlink()
    plain, found = (
        source.evaluate(
            [Question(f"{number}", each, sought=texts) for number, each in enumerate(where)], {}, tmp_path / name
        ).answers
        for name, texts in (("plain", ()), ("sought", tuple(sought)))
    )
    source.close()
    expected = tuple(each for each in sought if not any(truth(each, {"value": value}, "", {}) for value in values))
    members = [
        {
            f"p{number}@example.com"
            for number, value in enumerate(values)
            if truth(each, {"value": value}, "", {}) is True
        }
        for each in where
    ]

    assert {expected} == {each.unmet for each in found.values()}
    assert (
        members == [each.members.load() for each in plain.values()] == [each.members.load() for each in found.values()]
    )


def findings_of(folder, lines, where):
    """Return what is wrong with a condition on a CSV file."""
    (folder / "c.csv").write_text("\n".join(["email,value", *lines, ""]), encoding="utf-8")
    (folder / "groupsync.yaml").write_text(
        "version: 1\nproject: shop\ndefinitions: [groups.yaml]\n"
        "sources: {customers: {plugin: ibis, table: c.csv, id: email}}\n",
        encoding="utf-8",
    )
    (folder / "groups.yaml").write_text(f"{{kind: segment, name: a, source: customers, where: {where}}}\n")
    project = load_project(load_config(folder / "groupsync.yaml"), NOW)
    try:
        check_segments(project, Plugins.discover(), NOW)
    except InvalidDefinitions as error:
        return list(error.diagnostics)
    return project.findings


def test_the_hint_for_a_truth_where_there_are_texts_names_those_texts(tmp_path):
    """`true` in quotes would be true for nobody; a text that few have is not named."""
    words = ["yes"] * 12 + ["no"] * 11 + ["unknown"] * 10 + ["hidden"]
    lines = [f"p{number}@example.com,{word}" for number, word in enumerate(words)]
    (told,) = findings_of(tmp_path, lines, "{value: true}")
    assert told.hint.startswith("Write one of its texts: `yes`, `no`, `unknown`.")
    assert "hidden" not in f"{told}"
    (told,) = findings_of(tmp_path, lines[-3:], "{value: true}")
    assert "`groupsync attributes customers --values` shows what many customers have." in told.hint


def test_a_text_for_a_column_of_whole_numbers_is_told_both_ways(tmp_path):
    """As a number, or with the option of the source that keeps the column a text; either works."""
    (told,) = findings_of(tmp_path, ["a@example.com,10115", "b@example.com,10117"], '{value: "10115"}')
    assert "Write it without quotes. With `types: {value: text}` in the source it is a text." == told.hint
    assert [] == findings_of(tmp_path, ["a@example.com,10115"], "{value: 10115}")
    text = (tmp_path / "groupsync.yaml").read_text()
    (tmp_path / "groupsync.yaml").write_text(text.replace("id: email", "id: email, types: {value: text}"))
    (tmp_path / "groups.yaml").write_text('{kind: segment, name: a, source: customers, where: {value: "10115"}}\n')
    check_segments(load_project(load_config(tmp_path / "groupsync.yaml"), NOW), Plugins.discover(), NOW)
