"""What the target said it did, and another look did not find so: no format counts it as done."""

from __future__ import annotations

import json

import pytest

from groupsync.model import Action, Outcome, Report, Result
from groupsync.report.github import render_github
from groupsync.report.html import render_report_html
from groupsync.report.json import render_report_json
from groupsync.report.markdown_outcome import render_report_markdown
from groupsync.report.notes import notes_of_report
from groupsync.report.outcome_text import render_report
from tests.plans import plan_of


def report_of(outcome, *counts, error="why"):
    """Make a report of three creates of one outcome: of each how many are there, and how many were sent besides."""
    results = (
        Result("crm", f"g{n}", Action.CREATE, outcome, error, attempts=1, added=seen, unseen_added=unseen)
        for n, (seen, unseen) in enumerate(counts)
    )
    return Report("d" * 64, tuple(results), 1.0)


def github(report, plan):
    return render_github(notes_of_report(report, plan))


FORMATS = [render_report, render_report_markdown, render_report_html, github]
DIFFERS = "3 changes were written and still differ: sent 60 members to add, 2 are there."
UNKNOWN = "3 changes were written and could not be checked: sent 60 members to add."
MOVED = "3 changes were written, and the groups changed since: sent 60 members to add, 2 are there."


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [(Outcome.NOT_CONVERGED, DIFFERS), (Outcome.UNCHECKED, UNKNOWN), (Outcome.CHANGED_SINCE, MOVED)],
)
@pytest.mark.parametrize("render", FORMATS[:3])
def test_what_was_sent_and_what_is_there_are_told_apart(render, outcome, sentence):
    """The sum says how many members were sent and how many are there, or that nobody could look."""
    found = render(report_of(outcome, (2, 18), (0, 20), (0, 20)), plan_of()).replace("\n", " ")
    assert sentence in found
    if render is not render_report_html:
        assert "Applied 0 of 3 changes in 1.0 s: 2 members added, none removed." in found


@pytest.mark.parametrize("render", FORMATS)
def test_each_change_says_what_of_it_is_there(render):
    """In each format, beside the reason why it is not as planned."""
    assert "sent 20 members to add, 1 is there" in render(report_of(Outcome.NOT_CONVERGED, (1, 19)), plan_of())


@pytest.mark.parametrize("render", FORMATS)
def test_what_was_written_is_not_called_not_applied(render):
    """A target that can't be read again may have done all of it."""
    found = render(report_of(Outcome.UNCHECKED, (0, 2)), plan_of())
    heading = {render_report_markdown: "#### Not applied", render_report_html: ">Not applied <", github: "not applied"}
    assert heading.get(render, "was not") not in found


def test_programs_are_told_both_counts():
    """`members_added` is what is known to be there; what was sent besides has a count of its own."""
    summary = json.loads(render_report_json(report_of(Outcome.NOT_CONVERGED, (2, 18), (0, 20))))["summary"]
    expected = {"applied": 0, "not-converged": 2, "members_added": 2, "members_unseen_added": 38}
    assert expected == {key: summary[key] for key in expected}
