"""Comments on pull requests: exact, within their budget, and nothing in them acts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from groupsync.model import (
    Action,
    Change,
    Diagnostic,
    Drift,
    Loss,
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
from groupsync.report.markdown import render_drift_markdown, render_plan_markdown
from groupsync.report.markdown_escape import code, marker, prose
from groupsync.report.markdown_fit import BUDGET
from groupsync.report.markdown_outcome import render_report_markdown
from tests.plans import (
    CORPUS,
    golden,
    hostile_plan,
    hostile_report,
    moved_plan,
    people,
    plan_of,
    plans,
    sample_plan,
    sample_report,
    texts,
)

OURS = re.compile(r"</?(?:details|summary|code|b|pre)>|<!-- groupsync: [A-Za-z0-9._%-]*(?: drift| apply)? -->")
ALIVE = re.compile(r"[@#!~&$%](?=\w)|:(?=[^\s\d\u200b])|www\.|gh-", re.IGNORECASE)
EVERY = (
    render_plan_markdown,
    render_drift_markdown,
    lambda plan: render_plan_markdown(plan, full=True, by_person=True),
    lambda plan: render_drift_markdown(plan, by_person=True),
)


def tokens(text):
    """Give every token of the text as CommonMark with tables has it, those inside lines too."""
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


def acts(text):
    """Return what in a comment is markup, a link or a mention that we did not write."""
    found = [each for each in re.findall("<[^>]*>?", OURS.sub("", text)) if each]
    for token in tokens(text):
        if token.type in {"link_open", "image", "s_open", "blockquote_open", "code_block", "em_open", "hr"}:
            found.append(token.type)
        if token.type == "text":
            found += ALIVE.findall(token.content)
    for tag in ("details", "summary", "code", "b", "pre"):
        if text.count(f"<{tag}>") != text.count(f"</{tag}>"):
            found.append(tag)
    return [
        *found,
        *re.findall(r"[^\n\x20-\x7e\xa1-\uffff\U00010000-\U0010ffff]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text),
    ]


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("plan-markdown", lambda: render_plan_markdown(sample_plan())),
        ("drift-markdown", lambda: render_drift_markdown(sample_plan())),
        ("report-markdown", lambda: render_report_markdown(sample_report(sample_plan()), sample_plan())),
        ("plan-moved-markdown", lambda: render_plan_markdown(moved_plan())),
        ("drift-moved-markdown", lambda: render_drift_markdown(moved_plan())),
        ("plan-none-markdown", lambda: render_plan_markdown(plan_of())),
    ],
)
def test_markdown_is_exactly(name, render):
    """The comment is what was approved."""
    found = render()
    assert golden(name, found) == found


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_inert(text):
    """Whatever stands in a name, a message or a path, no tag, link, mention or heading comes of it."""
    plan = hostile_plan(text)
    for found in (*(render(plan) for render in EVERY), render_report_markdown(hostile_report(text), plan)):
        assert [] == acts(found)
        assert BUDGET >= len(found)


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_change_no_structure(text):
    """A hostile plan has the very blocks that a harmless one has."""
    for render in EVERY:
        harmless, hostile = ([each.type for each in tokens(render(hostile_plan(name)))] for name in ("name", text))
        blocks = [
            [each for each in kinds if each.endswith(("_open", "block", "fence"))] for kinds in (harmless, hostile)
        ]
        assert blocks[0] == blocks[1]


@given(plans())
def test_any_plan_is_within_budget_and_inert(plan):
    """Whatever the plan, the comment fits, its blocks are closed, and nothing of the data acts."""
    for render in EVERY:
        found = render(plan)
        assert BUDGET >= len(found)
        assert [] == acts(found)


@given(texts)
def test_code_and_prose_keep_every_character(text):
    """What a reader sees of a short text is the text, escaped where it can't be seen."""
    from groupsync.report.escape import escape

    (inline,) = (each for each in MarkdownIt("commonmark").parse(f"- x {code(text)} x") if each.type == "inline")
    assert (
        escape(text).replace("<", "\\x3c").replace("|", "\\x7c") == inline.children[1].content.strip(" ") or " " in text
    )
    spoken = "".join(each.content for each in tokens(f"- x{prose(text)}x") if each.type in {"text", "text_special"})
    if "`" not in text:
        assert f"x{escape(text)}x" == spoken.replace("\u200b", "")


# --- Budget -----------------------------------------------------------------------------------------------------------


def update(number, members, reason="the definition changed"):
    name = f"group-{number:05}"
    return Change("local", name, Action.UPDATE, name, reason=reason, add=members, prior_count=3)


def unread(count=5):
    def load():
        raise AssertionError

    return Members(load, count=count, digest="0" * 64)


def test_names_go_first():
    """Where there is no room for all names, every group has its detail, the first have names, and the rest is told."""
    text = render_plan_markdown(plan_of(*(update(number, people(10)) for number in range(200))))
    named = text.count("```diff")
    assert 200 == text.count("<details>") == text.count("the definition changed")
    assert 0 < named < 200
    assert f"There is no room for the members of {200 - named} groups." in text


def test_detail_goes_before_groups():
    """Where there is no room for all detail, no names are loaded and every group has its line."""
    text = render_plan_markdown(plan_of(*(update(number, unread(), "r" * 200) for number in range(300))))
    detailed = text.count("<details>")
    assert {f"group-{number:05}" for number in range(300)} == set(re.findall(r"group-\d{5}", text))
    assert 0 < detailed < 300
    assert f"There is no room for the detail of {300 - detailed} groups." in text


def test_groups_that_do_not_fit_are_counted():
    """Ten thousand groups with a hundred thousand changes: figures by action, the first groups, and how many more."""
    text = render_plan_markdown(plan_of(*(update(number, unread(10)) for number in range(10_000))))
    shown = len(set(re.findall(r"group-\d{5}", text)))
    assert "| update | 10,000 | 100,000 | 0 | 0 |" in text
    assert f"… and {10_000 - shown:,} more groups, counted above." in text
    assert BUDGET - 2_000 < len(text) <= BUDGET


def test_facts_stay():
    """Refusals with rule and hint, warnings, sources, targets and digest are there however many groups there are."""
    sample = sample_plan()
    many = plan_of(
        *sample.changes, *(update(number, unread(10), "r" * 400) for number in range(9_000)), targets=sample.targets
    )
    text = render_plan_markdown(replace(many, verdict=sample.verdict, diagnostics=sample.diagnostics))
    for refusal in sample.verdict.refusals:
        assert code(refusal.rule) in text
        assert refusal.hint.replace("<", "&lt;").replace("'", "&#39;") in text
    for fact in ("`GS604`", "`crm` (`rest`)", "not read wholly", many.digest, "by `approvals/staff.yaml:1`"):
        assert fact in text


def test_facts_that_are_too_many_are_counted():
    """Thousands of refusals, warnings and targets leave a comment that fits and says how many there are."""
    refusals = tuple(Refusal("local", f"g{number}", "added_members", "too many", "allow it") for number in range(5_000))
    found = Diagnostic("GS801", Severity.WARNING, "many would go", "d" * 900, "h" * 900, SourceRange("a.yaml", 1))
    targets = tuple(TargetState(f"t{number}", "file", reason="x" * 900, complete=False) for number in range(3_000))
    plan = plan_of(targets=targets, verdict=Verdict(refusals), diagnostics=(found,) * 4_000)
    text = render_plan_markdown(plan)
    assert BUDGET >= len(text)
    for one, whole in (("refusal", 5_000), ("warning", 4_000), ("target", 3_000)):
        (more,) = re.findall(rf"and ([\d,]+) more {one}s", text)
        assert 0 < int(more.replace(",", "")) < whole


def test_a_report_of_any_size_fits():
    """An apply in which thousands of changes failed is a comment that fits."""
    results = tuple(
        Result("local", f"g{number}", Action.UPDATE, outcome, "e" * 900, "h" * 900)
        for number in range(4_000)
        for outcome in Outcome
    )
    text = render_report_markdown(Report("0" * 64, results), plan_of())
    assert BUDGET >= len(text)
    assert "| failed | 4,000 | 0 | 0 |" in text


# --- What is said -----------------------------------------------------------------------------------------------------


def test_full_shows_every_name():
    """`full` shows all names of a group where they fit."""
    plan = plan_of(update(1, people(300)))
    assert (10, 300) == tuple(render_plan_markdown(plan, full=full).count("+ person-") for full in (False, True))


def test_drift_shows_no_more_than_moved():
    """A group that only has a change is not among those that drifted, and refusals of changes are not told."""
    sample = sample_plan()
    text = render_drift_markdown(replace(sample, drift=(Drift("local", "staff", drifted=True, pending=False),)))
    assert (1, 0, 0) == (text.count("<details>"), text.count("beta-testers"), text.count("removed_members"))


@pytest.mark.parametrize(
    ("project", "line"),
    [
        ("contoso-store", "<!-- groupsync: contoso-store -->"),
        ("a--b-", "<!-- groupsync: a%2D-b%2D -->"),
        ("->x", "<!-- groupsync: %2D%3Ex -->"),
        ("--><script>", "<!-- groupsync: %2D-%3E%3Cscript%3E -->"),
        ("é", "<!-- groupsync: %C3%A9 -->"),
    ],
)
def test_marker_is_one_comment_whatever_the_project(project, line):
    """The hidden line names the project in a form that can't end the comment, first of all."""
    assert line == marker(project) == render_plan_markdown(plan_of(project=project)).partition("\n")[0]


def test_people_who_lose_every_group_are_told_first():
    """With the first names and how many more, target by target, above the table."""
    some = Loss("local", 5, ("ada@contoso.com", "bob@contoso.com", "cy@contoso.com", "di@contoso.com"))
    text = render_plan_markdown(plan_of(update(1, people(2)), lost=(some, Loss("crm", 1, ("ada@contoso.com",)))))
    first = (
        "**5 people lose every group** on `local`: `ada@contoso.com`, `bob@contoso.com`, `cy@contoso.com` and 2 more."
    )
    assert first in text.partition("| action |")[0]
    assert "**1 person loses every group** on `crm`: `ada@contoso.com`." in text
    many = render_plan_markdown(plan_of(lost=tuple(Loss(f"t{number}", 9, ("x" * 500,) * 9) for number in range(99))))
    assert (3, True) == (many.count("lose every group"), "… and people on 96 more targets." in many)
    assert "every group" not in render_plan_markdown(plan_of(update(1, people(2))))
