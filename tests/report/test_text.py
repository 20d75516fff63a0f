"""What a person reads: exact texts, honest figures, and nothing hostile in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.catalog import Catalog, CatalogEntry, Standing
from groupsync.model import (
    Action,
    AttributeChange,
    Cause,
    Change,
    Comparison,
    Diagnostic,
    Drift,
    Group,
    Mark,
    Members,
    Outcome,
    Refusal,
    Report,
    Result,
    Severity,
    SourceRange,
    TargetState,
    Verdict,
)
from groupsync.report.catalog import iter_catalog, render_catalog_json
from groupsync.report.escape import cell_width
from groupsync.report.html import render_report_html
from groupsync.report.json import render_plan_json, render_report_json
from groupsync.report.markdown_outcome import render_report_markdown
from groupsync.report.plan_text import origin_words
from groupsync.report.style import Style
from groupsync.report.text import Sides, render_drift, render_plan, render_report, render_show
from groupsync.verify import with_members
from tests.plans import (
    AS_OF,
    CORPUS,
    HOSTILE,
    golden,
    hostile_plan,
    hostile_report,
    moved_plan,
    people,
    plan_of,
    plans,
    sample_plan,
    sample_report,
    sample_sides,
)

ANSI = re.compile(r"\x1b\[[0-9;]+m")
NARROW = Style(width=40)
FULL = Style(full=True)
NAME = HOSTILE.removesuffix("\ud800")  # members are digested as UTF-8, which has no surrogates
COLOR = Style(color=True)


def applied(plan):
    """Report that all of a plan was carried out."""
    done = (Result(each.target, each.name, each.action, Outcome.APPLIED) for each in plan.changes)
    results = (with_members(result, each) for result, each in zip(done, plan.changes, strict=True))
    return Report(plan.digest, tuple(results))


# --- Goldens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("plan", lambda: render_plan(sample_plan())),
        ("plan-narrow", lambda: render_plan(sample_plan(), NARROW)),
        ("plan-none", lambda: render_plan(plan_of())),
        ("plan-moved", lambda: render_plan(moved_plan())),
        ("drift", lambda: render_drift(sample_plan())),
        ("drift-moved", lambda: render_drift(moved_plan())),
        ("report", lambda: render_report(sample_report(sample_plan()), sample_plan())),
        ("report-moved", lambda: render_report(applied(moved_plan()), moved_plan())),
        ("show", lambda: render_show(sample_sides())),
        ("show-one", lambda: render_show(sample_sides()[-1:])),
    ],
)
def test_text_is_exactly(name, render):
    """At 80 columns, without colour, the text is what was approved."""
    found = render()
    assert golden(name, found) == found


@pytest.mark.parametrize("style", [Style(), NARROW, FULL])
def test_colour_only_adds_colour(style):
    """Without its colours, coloured text is the plain text."""
    colored = replace(style, color=True)
    plan = sample_plan()
    for render in (render_plan, render_drift):
        assert render(plan, style) == ANSI.sub("", render(plan, colored))
    report = sample_report(plan)
    assert render_report(report, plan, style) == ANSI.sub("", render_report(report, plan, colored))
    for sides in (sample_sides(), sample_sides()[-1:]):
        assert render_show(sides, style) == ANSI.sub("", render_show(sides, colored))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_keep_to_the_terminal(width):
    """No line of a representative plan is wider than the terminal."""
    style = Style(width=width)
    plan = sample_plan()
    text = render_plan(plan, style) + render_drift(plan, style)
    assert [] == [line for line in text.splitlines() if cell_width(line) > width and " " in line.strip()]


# --- Plans ------------------------------------------------------------------------------------------------------------


def update(count_add=0, count_remove=0, **rest):
    rest = {"prior_name": "g", "prior_count": 5000} | rest
    return Change("local", "g", Action.UPDATE, add=people(count_add), remove=people(count_remove, 5001), **rest)


@pytest.mark.parametrize(("count", "shown", "rest"), [(10, 10, ""), (11, 11, ""), (12, 10, "2"), (1244, 10, "1,234")])
def test_long_lists_are_cut_and_counted(count, shown, rest):
    """Ten names a side are shown and the others counted; a single one more is shown rather than counted."""
    text = render_plan(plan_of(update(count)))
    assert shown == len(re.findall(r"^      \+ person", text, re.MULTILINE))
    assert ([f"+ … and {rest} more (--full shows all)"] if rest else []) == re.findall(r"\+ … .*", text)


def test_cut_list_shows_the_first_names_in_order():
    """The names shown of a cut list are the first by code point."""
    text = render_plan(plan_of(update(500)))
    assert [f"person-{number:05}@contoso.com" for number in range(1, 11)] == re.findall(r"\+ (person\S+)", text)


def test_full_shows_every_name():
    """With `full`, each member is there and nothing is counted away."""
    text = render_plan(plan_of(update(30, 1000)), FULL)
    assert (30, 1000, 0) == (text.count("+ person"), text.count("- person"), text.count("more"))


def test_unshown_names_are_not_loaded():
    """A plan whose lists are empty or whose groups are unchanged loads nothing."""

    def load():
        raise AssertionError

    unread = Members(load, count=0, digest="0" * 64)
    assert "No changes" not in render_plan(plan_of(Change("local", "g", Action.FORGET, "g", add=unread, remove=unread)))


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ([update(1)], "Plan: 1 to update; 1 member added, none removed, in 1 group on 1 target."),
        ([update(0, 1)], "Plan: 1 to update; no members added, 1 removed, in 1 group on 1 target."),
        ([update(2, 3, expired=2)], "1 to update; 2 members added, 3 removed (2 expired), in 1 group on 1 target."),
        (
            [Change("local", name, Action.FORGET, name) for name in "ab"],
            "Plan: 2 to forget; no members added or removed, in 2 groups on 1 target.",
        ),
    ],
)
def test_summary_speaks_singular_and_plural(changes, summary):
    """The summary is a sentence, whatever the numbers."""
    assert summary in render_plan(plan_of(*changes)).replace("\n", " ")


@pytest.mark.parametrize(
    ("targets", "line"),
    [
        ((TargetState("a", "file", groups=1),), "No changes. 1 group on 1 target matches its definition."),
        (
            (TargetState("a", "file", groups=40), TargetState("b", "file", groups=2)),
            "No changes. 42 groups on 2 targets match their definitions.",
        ),
        (
            (TargetState("a", "file", groups=4, complete=False, reason="cut"),),
            "No changes in what could be read; a could not be read wholly.",
        ),
        (
            (TargetState("a", "file", groups=4, withheld=("g",)),),
            "No changes in what could be read; a could not be read wholly.",
        ),
    ],
)
def test_nothing_to_do_is_claimed_only_where_it_is_known(targets, line):
    """`No changes` counts the groups, and owns up to what could not be read."""
    assert line in render_plan(plan_of(targets=targets)).splitlines()


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["a"], "No changes in what is not refused; a is."),
        (["b", "a"], "No changes in what is not refused; a and b are."),
    ],
)
def test_nothing_to_do_is_not_claimed_of_what_is_refused(names, line):
    """Whether a refused group matches its definition is just what is not said."""
    refusals = tuple(Refusal("local", name, "policy", "no") for name in names)
    assert line in render_plan(plan_of(verdict=Verdict(refusals))).splitlines()


def test_nothing_to_do_is_said_with_what_guards_went_without():
    """A run that can't be read may be what a guard would have compared with."""
    found = Diagnostic("GS611", Severity.WARNING, "The journal of the run x is damaged")
    text = render_plan(plan_of(diagnostics=(found,))).replace("\n", " ")
    assert "match their definitions; guards were asked without a run that can't be read." in text


@pytest.mark.parametrize(
    ("drifted", "pending", "standing"),
    [
        (True, True, "changed here, and changed on the target since the last apply"),
        (True, False, "changed on the target since the last apply"),
        (False, True, "changed here since the last apply"),
    ],
)
def test_drift_is_told_from_edits(drifted, pending, standing):
    """Each group that drifted says on which side it moved since the last apply; an edit alone is for the plan."""
    plan = plan_of(update(1), drift=(Drift("local", "g", drifted, pending),))
    assert (f"      {standing}\n" in render_drift(plan)) is drifted


def test_refused_change_is_marked_with_rule_and_way_out():
    """A refused change has a mark in the margin, the rule, where that is set, and what would allow it."""
    refusal = Refusal("local", "g", "removed_members", "3 of 4 go", "Allow it.", SourceRange("groupsync.yaml", 9))
    text = render_plan(plan_of(update(0, 3), verdict=Verdict((refusal,))))
    assert "! ~ update g" in text
    assert "! refused by removed_members (groupsync.yaml:9): 3 of 4 go\n        Allow it.\n" in text
    assert "1 change is refused, marked with !, and will not be applied." in text


def test_refused_run_marks_every_change_of_its_target():
    """A refusal of the whole run is told once, at the target, and marks all of its changes."""
    changes = [Change("local", name, Action.FORGET, name) for name in "ab"]
    text = render_plan(plan_of(*changes, verdict=Verdict((Refusal("local", "", "deleted_groups", "too many"),))))
    assert (1, 1, 1) == tuple(map(text.count, ("refused by deleted_groups", "! x forget a", "! x forget b")))
    assert "2 changes are refused" in text


def test_refusal_without_a_change_is_shown():
    """What is refused before it becomes a change of the plan is told at its target."""
    text = render_plan(plan_of(verdict=Verdict((Refusal("local", "g", "adopt", "`g` is somebody else's"),))))
    assert "  ! refused by adopt: `g` is somebody else's\n" in text


def test_looking_plan_says_that_it_cannot_be_applied():
    """A plan made with --at says so, and every plan prints its instant."""
    text = render_plan(plan_of(looking=True))
    assert "as of 2026-12-01 00:00:00 UTC" in text
    assert "can't be applied" in text


def test_last_line_identifies_the_plan():
    """The last line gives the first eight digits of the digest, with `full` all of them."""
    plan = sample_plan()
    assert f"Plan digest: {plan.digest[:16]}" == render_plan(plan).splitlines()[-1]
    assert f"Plan digest: {plan.digest}" == render_plan(plan, FULL).splitlines()[-1]


@given(st.text(max_size=300), st.text(max_size=300).filter(bool))
def test_texts_that_differ_are_shown_to_differ(before, after):
    """However long two texts are, what is shown of them differs when they do."""
    change = update(attributes=(AttributeChange("description", before, after),))
    text = render_plan(plan_of(change))
    found = re.search(r"description  (.*) → (.*)|description  - (.*)\n +\+ (.*)", text)
    one, other = [group for group in found.groups() if group is not None]
    assert (before != after) == (one != other)


# --- Drift, reports, groups -------------------------------------------------------------------------------------------


def test_no_drift_is_said_with_pending_edits():
    """Without drift the text says so, and counts the edits that wait."""
    plan = plan_of(update(1), drift=(Drift("local", "g", drifted=False, pending=True),))
    text = render_drift(plan).replace("\n", " ")
    assert "No drift: none of 42 groups on 1 target changed on the target since the last apply. 1 group has" in text


@pytest.mark.parametrize("outcome", Outcome)
def test_report_never_claims_more_than_was_done(outcome):
    """Every outcome is counted under its own name, and only what was applied is called that."""
    result = Result("local", "g", Action.UPDATE, outcome, added=2)
    text = render_report(Report("d" * 64, (result,)), plan_of(update(2)))
    done = outcome is Outcome.APPLIED
    assert done == ("Applied 1 change in" in text)
    assert done != ("Applied 0 of 1 change in" in text)
    assert done != ("Plan again" in text)


def test_report_of_nothing_is_short():
    """Applying an empty plan says so in one line."""
    assert "Nothing to apply.\n" == render_report(Report("d" * 64, ()), plan_of())


def test_report_tells_of_interruption_and_attempts():
    """An interrupted run says so, and a failure says how often it was tried."""
    result = Result("local", "g", Action.UPDATE, Outcome.FAILED, "HTTP 503", attempts=3)
    text = render_report(Report("d" * 64, (result,), interrupted=True), plan_of(update(2)))
    assert "HTTP 503 (after 3 attempts)" in text
    assert "Interrupted" in text


def test_what_was_done_already_is_not_told_as_done_by_this_run():
    """A run that goes on with another counts apart what it found done, members included, in every format."""
    done = Result("local", "a", Action.UPDATE, Outcome.APPLIED, attempts=1, added=2)
    already = Result("local", "b", Action.UPDATE, Outcome.APPLIED, hint="Done already.", added=3)
    report, plan = Report("d" * 64, (done, already)), plan_of(update(2))
    words = "Applied 1 of 2 changes in less than 0.1 s: 2 members added, none removed. 1 change was done already."
    texts = [render_report(report, plan), render_report_markdown(report, plan), render_report_html(report, plan)]
    for text in texts:
        assert words in " ".join(text.split()), text
        assert "done already" in text.replace(words, "")
    assert "| applied | 1 | 2 | 0 |\n| done already | 1 | 3 | 0 |" in texts[1]


@pytest.mark.parametrize(
    ("is_resumable", "undoes", "command"),
    [(True, "", "groupsync apply --resume"), (False, "", "groupsync apply"), (False, "a", "groupsync undo a")],
)
def test_what_goes_on_with_a_run_is_a_command_that_can(is_resumable, undoes, command):
    """Where the journal's store keeps no names, a new plan does what is left: `--resume` could not."""
    result = Result("local", "g", Action.UPDATE, Outcome.FAILED, "HTTP 503", attempts=3)
    report = Report("d" * 64, (result,), run="20261123T120000Z-00000000", is_resumable=is_resumable)
    assert f"left: {command}\n" in render_report(report, replace(plan_of(update(2)), undoes=undoes))


def test_show_one_group_on_several_targets():
    """One group is shown wholly for each of its targets."""
    sides = [Sides(target, "g", Group("g", members=people(2)), None) for target in ("crm", "local")]
    text = render_show(sides)
    assert (True, True, 4) == ("g on crm" in text, "g on local" in text, text.count("+ person"))


def test_show_names_the_target_where_there_are_several():
    """The table has a column for the target only where it tells anything."""
    sides = [Sides(target, name, Group(name), None) for name in "ab" for target in ("crm", "local")]
    assert "TARGET" in render_show(sides)
    assert "TARGET" not in render_show(sides[::2])


def test_show_puts_what_differs_first():
    """In a cut list the members that differ are shown before those that do not."""
    prior = Group("g", members=people(5000), mark=Mark("shop", "d" * 64, 5000, "email/fold"))
    desired = Group("g", members=people(4999, 2))
    text = render_show([Sides("local", "g", desired, prior)])
    assert ["- person-00001@contoso.com"] == re.findall(r"[-+] person\S+", text)
    assert "… and 4,980 more (--full shows all)" in text


@given(st.text(), st.text())
def test_show_agrees_with_equality(wanted, held):
    """The status is `same` exactly when nothing that is managed differs."""
    mark = Mark("shop", people(1).digest, 1, "email/fold")
    prior = Group("g", description=held, members=people(1), mark=mark)
    sides = Sides("t", "g", Group("g", description=wanted, members=people(1)), prior)
    assert ("same" if wanted == held else "differs") == sides.status


# --- Hostile names ---------------------------------------------------------------------------------------------------


@given(plans())
def test_hostile_plans_are_inert(plan):
    """Whatever is in a plan, its text has lines of printable characters only, in every style but colour."""
    for text in (render_plan(plan, FULL), render_plan(plan), render_drift(plan)):
        assert text.replace("\n", "").replace("\u3000", "").isprintable()
    for text in (render_plan(plan, COLOR), render_drift(plan, COLOR)):
        assert ANSI.sub("", text).replace("\n", "").replace("\u3000", "").isprintable()


def test_hostile_names_cannot_forge_a_line():
    """Names with line breaks, escape sequences and overrides stay on their line and show what they are."""
    change = Change(
        HOSTILE,
        HOSTILE,
        Action.RENAME,
        HOSTILE,
        reason=HOSTILE,
        attributes=(AttributeChange("display_name", HOSTILE, HOSTILE + "!"),),
        add=Members.of([NAME]),
        at=SourceRange(HOSTILE, 1),
    )
    targets = (TargetState(HOSTILE, HOSTILE, complete=False, reason=HOSTILE, withheld=(HOSTILE,)),)
    refusal = Refusal(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, SourceRange(HOSTILE))
    plan = plan_of(change, targets=targets, project=HOSTILE, verdict=Verdict((refusal,)))
    result = Result(HOSTILE, HOSTILE, Action.RENAME, Outcome.FAILED, HOSTILE, HOSTILE)
    group = Group(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE, HOSTILE),), Members.of([NAME]))
    sides = Sides(HOSTILE, HOSTILE, group, None)
    texts = [
        render_plan(plan),
        render_drift(plan),
        render_report(Report("d" * 64, (result,)), plan),
        render_show([sides]),
        render_show([sides, replace(sides, name="b")], FULL),
    ]
    for text in texts:
        assert text.replace("\n", "").isprintable()
        assert not re.search(r"^Plan: 0 to delete", text, re.MULTILINE)
        assert "\\x1b[2J" in text


def test_each_change_is_told_what_of_it_comes_of_edits():
    """Whatever stands before and after it; one of which nobody can say is told so."""
    changes = [replace(update(2, 1), name=name) for name in ("a", "b", "c", "d")]
    causes = (Cause("local", "a", 2, 1), Cause("local", "b", 1, 0), Cause("local", "d", 0, 0))
    plan = plan_of(*changes, compared=Comparison("main", "c0ffee", causes))
    assert [
        "all of it comes of edits since main",
        "of edits since main: 1 of 2 added, none of 1 removed; the rest would change anyway",
        "what of it comes of edits since main can't be told",
        "of edits since main: none of 2 added, none of 1 removed; the rest would change anyway",
    ] == [origin_words(change, plan) for change in plan.changes]


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_inert(text):
    """Whatever somebody wrote, lines are made of characters that can be seen, and JSON of ASCII."""
    plan, report, style = hostile_plan(text), hostile_report(text), Style(full=True, by_person=True)
    entry = CatalogEntry(text, text, SourceRange(text, 1), Standing.BLOCKED, text, text, text, (text,), ((text, text),))
    catalog = Catalog(text, AS_OF, (entry,), (text,), (text,))
    for shown in (
        *(render_plan(plan, style), render_drift(plan, style), render_report(report, plan, style)),
        "".join(iter_catalog(catalog, style)),
    ):
        assert set() == {each for each in set(shown) if not each.isprintable()} - {"\n"}
    for document in (render_plan_json(plan), render_report_json(report), render_catalog_json(catalog)):
        assert document.isascii()
        assert json.loads(document)
