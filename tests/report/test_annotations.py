"""Annotations for GitHub and SARIF: complete, bounded, and nothing in them acts."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given

from groupsync.model import Severity, SourceRange
from groupsync.report.github import MAX_SHOWN, render_github
from groupsync.report.notes import Note, notes_of_plan, notes_of_report
from groupsync.report.sarif import render_sarif
from tests.plans import CORPUS, hostile_plan, hostile_report, plans, sample_plan, sample_report

COMMAND = re.compile(r"::(error|warning) (?:file=[^:,\n\r]*,)?(?:line=\d+,)?(?:col=\d+,)?title=[^:,\n\r]*::[^\n\r]*")


def note(number, severity=Severity.ERROR):
    return Note("GS101", "m", severity, f"n{number}", SourceRange("a.yaml", number))


def test_annotations_have_place_rule_and_message():
    """A refusal points to the definition of its group or to its rule, a finding to its own place."""
    lines = render_github(notes_of_plan(sample_plan())).splitlines()
    assert [
        (
            "::error file=groupsync.yaml,line=12,col=5,title=refused/prevent_delete::`legacy` on local is refused: "
            "`legacy` is protected from deletion%0AApply its definition with `prevent_delete: false` first, "
            "then delete it."
        ),
        (
            "::error title=refused/removed_members::`legacy` on local is refused: 11 of 11 members would go; "
            "the limit is 5 (20 %25, at least 5, at most 500)%0AAllow just this: --allow 'remove:legacy<=11@3f9a1c2b'"
        ),
        (
            "::warning title=GS604::3 removals from `vip` are held back: crm was not read "
            "wholly%0Apage 3 of 5: HTTP 503"
            "%0APlan again once the target can be read."
        ),
    ] == lines


@pytest.mark.parametrize(("count", "lines"), [(10, 10), (11, 10), (500, 10)])
def test_no_more_annotations_than_are_shown(count, lines):
    """Ten of each severity; the last one counts the others where there are more."""
    both = [*(note(n) for n in range(count)), *(note(n, Severity.WARNING) for n in range(count))]
    found = render_github(both).splitlines()
    assert 2 * lines == len(found)
    more = [] if count == MAX_SHOWN else [f"{count - 9} more errors", f"{count - 9} more warnings"]
    assert more == [each for line in found for each in re.findall(r"\d+ more \w+", line)]


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_inert(text):
    """Every line is one command of ours, and SARIF is ASCII without links."""
    plan = hostile_plan(text)
    for notes in (list(notes_of_plan(plan)), list(notes_of_report(hostile_report(text), plan))):
        lines = render_github(notes).split("\n")[:-1]
        assert [] == [line for line in lines if not COMMAND.fullmatch(line) or not line.isprintable()]
        document = render_sarif(notes, "1.0")
        assert document.isascii()
        messages = [each["message"]["text"] for each in json.loads(document)["runs"][0]["results"]]
        assert [] == [each for each in messages if re.search(r"(?<!\\)(?:\\\\)*[\[\]]", each)]


@given(plans())
def test_sarif_has_what_the_standard_asks_for(plan):
    """Every result names a rule that is there, by its number too, with a message, a level and a relative place."""
    notes = list(notes_of_plan(plan))
    document = json.loads(render_sarif(notes, "1.0"))
    assert ("2.1.0", 1) == (document["version"], len(document["runs"]))
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(notes) == len(run["results"])
    for result in run["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"] is not None
        for place in result.get("locations", ()):
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]*", place["physicalLocation"]["artifactLocation"]["uri"])
            assert 1 <= place["physicalLocation"].get("region", {}).get("startLine", 1)


def test_what_was_not_applied_is_annotated_at_its_definition():
    """A failed change is an error at the definition of its group; what was applied is not told."""
    plan = sample_plan()
    found = list(notes_of_report(sample_report(plan), plan))
    assert 6 == len(found)
    (failed,) = (each for each in found if each.rule == "apply/failed")
    assert SourceRange("groups/staff.yaml", 2, 7) == failed.at
