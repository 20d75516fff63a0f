"""Documents for programs: stable, described by their schemas, and readable back."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from groupsync.model import Action, Group, Mark, Outcome, Report, Result
from groupsync.records import RecordError
from groupsync.report.json import (
    plan_document,
    read_plan_document,
    render_diagnostics_json,
    render_plan_json,
    render_report_json,
    render_show_json,
    report_document,
)
from groupsync.report.show import Sides
from tests.plans import HOSTILE, findings, members, moved_plan, plans, sample_plan, sample_report


def schema(name: str) -> dict[str, object]:
    found = json.loads((files("groupsync.schemas") / f"{name}.v1.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)
    return found


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


PLAN = validator("plan")
REPORT = validator("report")


@given(plans())
def test_plan_survives_its_document(plan):
    """A plan read back from its JSON is the plan, members and all."""
    read = read_plan_document(json.loads(render_plan_json(plan)))
    assert plan == read
    assert [change.add.load() for change in plan.changes] == [change.add.load() for change in read.changes]


@given(plans())
def test_plan_document_fits_its_schema(plan):
    """Whatever the plan, its document is what the schema describes, and the text says the same."""
    document = plan_document(plan)
    assert [] == [error.message for error in PLAN.iter_errors(document)]
    assert document == json.loads(render_plan_json(plan))


@given(
    st.builds(
        Report,
        st.text(),
        st.lists(
            st.builds(
                Result,
                st.text(),
                st.text(),
                st.sampled_from(Action),
                st.sampled_from(Outcome),
                st.text(),
            ),
            max_size=3,
        ).map(tuple),
        st.floats(0, 1e6),
        st.booleans(),
        st.lists(findings, max_size=2).map(tuple),
    )
)
def test_report_document_fits_its_schema(report):
    """Whatever happened, the report's document is what the schema describes."""
    assert [] == [error.message for error in REPORT.iter_errors(json.loads(render_report_json(report)))]


@pytest.mark.parametrize("name", ["plan", "report"])
def test_every_property_is_explained(name):
    """Each property in a schema has a title, a description and examples that fit it."""
    whole = schema(name)
    seen = 0
    for explained in [whole, *whole["$defs"].values()]:
        for key, prop in _properties(explained):
            seen += 1
            assert {"title", "description", "examples"} <= prop.keys(), key
            inside = Draft202012Validator({"$defs": whole["$defs"], **prop})
            assert [] == [(key, e.message) for example in prop["examples"] for e in inside.iter_errors(example)]
    assert seen > 20


def _properties(node):
    for key, prop in node.get("properties", {}).items():
        yield key, prop
        yield from _properties(prop)


def test_summary_gives_the_figures_that_bots_ask_for():
    """The plan's summary counts actions, members, expiries and refusals."""
    expected = {
        "create": 1,
        "update": 2,
        "rename": 1,
        "delete": 1,
        "adopt": 1,
        "forget": 1,
        "members_added": 5,
        "members_removed": 1258,
        "members_expired": 4,
        "members_readdressed": 0,
        "refused": 1,
        "targets": 2,
    }
    assert expected == plan_document(sample_plan())["summary"]


def test_who_changed_address_is_neither_added_nor_removed():
    """Figures are about people; the lists of a change have all that is written."""
    document = plan_document(moved_plan())
    assert {"members_added": 1, "members_removed": 1, "members_readdressed": 15}.items() <= document["summary"].items()
    assert (
        [3, 13]
        == [each["add"]["count"] for each in document["changes"]]
        == [each["remove"]["count"] for each in document["changes"]]
    )
    assert [2, 13] == [len(each["readdressed"]) for each in document["changes"]]


def test_report_counts_every_outcome():
    """The report's summary has each outcome, those that did not happen too."""
    found = report_document(sample_report(sample_plan()))["summary"]
    assert {
        "applied": 2,
        "failed": 1,
        "refused": 1,
        "stale": 1,
        "not-tried": 1,
        "not-converged": 1,
        "changed-since": 0,
        "unchecked": 0,
    } == {key: found[key] for key in Outcome}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format_version=2), "format version 2"),
        (lambda d: d.pop("drift"), "'drift'"),
        (lambda d: d["changes"][0].update(prior_count="7"), "'prior_count'"),
        (lambda d: d["changes"][0].update(prior_count=True), "'prior_count'"),
        (lambda d: d["changes"][0]["remove"]["members"].append("eve@contoso.com"), "2 members were found"),
        (lambda d: d["changes"][0]["remove"].update(members=["eve@contoso.com"]), "1 member was found"),
        (lambda d: d["changes"][0]["remove"].update(members=["a", "a"]), "twice"),
        (lambda d: d.update(as_of="2026-12-01"), "'as_of'"),
    ],
)
def test_altered_document_is_refused(change, message):
    """A document with a wrong type, an unknown or missing key, or other members says what is wrong with it."""
    document = json.loads(render_plan_json(sample_plan()))
    change(document)
    with pytest.raises(RecordError, match=message):
        read_plan_document(document)


@given(st.lists(findings, max_size=4))
def test_findings_are_sorted_and_counted(found):
    """The diagnostics document has errors and warnings counted, and every finding."""
    document = json.loads(render_diagnostics_json(found))
    assert len(found) == document["errors"] + document["warnings"] == len(document["diagnostics"])
    assert [each.summary for each in sorted(found, key=lambda each: each.sort_key)] == [
        each["summary"] for each in document["diagnostics"]
    ]


@given(members, members)
def test_show_lists_both_sides_sorted(desired, prior):
    """The show document has desired members and prior members, each by code point."""
    mark = Mark("shop", prior.digest, prior.count, "email/fold")
    sides = Sides("local", "g", Group("g", members=desired), Group("g", members=prior, mark=mark))
    (group,) = json.loads(render_show_json([sides]))["groups"]
    assert (sorted(desired.load()), sorted(prior.load())) == (group["members"], group["prior_members"])
    assert ("same" if desired == prior else "differs") == group["status"]


def test_show_tells_nobody_from_not_there():
    """A side without the group, or without managed members, is null; an empty one is an empty list."""
    document = render_show_json([Sides("t", "a", Group("a", members=None), None), Sides("t", "b", None, Group("b"))])
    first, second = json.loads(document)["groups"]
    assert (None, None, "to-create") == (first["members"], first["prior_members"], first["status"])
    assert (None, [], "not-managed") == (second["members"], second["prior_members"], second["status"])


def test_json_is_inert_on_a_terminal():
    """No character of a hostile name reaches the output as itself."""
    text = render_show_json([Sides("t", HOSTILE, Group(HOSTILE, display_name=HOSTILE), None)])
    assert all(character == "\n" or " " <= character <= "~" for character in text)
    assert HOSTILE == json.loads(text)["groups"][0]["name"]
