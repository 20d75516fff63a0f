"""Pages: what they tell is what the plan says, and nothing of the data is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from groupsync.errors import GroupsyncError
from groupsync.model import Action, Change, Drift, Loss, Members, Outcome, Result, Verdict
from groupsync.report import html_rows
from groupsync.report.html import (
    STATIC_GROUPS,
    island,
    render_drift_html,
    render_plan_html,
    render_report_html,
)
from groupsync.report.html_data import drift_page, plan_page
from groupsync.report.html_outcome import report_page
from groupsync.report.html_overlap import overlap_of
from groupsync.report.markdown_escape import clip
from groupsync.report.totals import totals_of
from groupsync.wording import counted
from tests.plans import (
    CORPUS,
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

INVISIBLE = re.compile(
    r"[^\n\x20-\x7e\xa1-\uffff\U00010000-\U0010ffff]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


class Parsed(HTMLParser):
    """The tags of a page in their order, its attributes, its text, and what its data says."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.raw = [], [], "", ""
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._in = tag
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        self._in = ""

    def handle_data(self, data):
        if self._in == "script":
            self.raw = self.raw or data
        elif self._in != "style":
            self.text += data

    @property
    def data(self):
        return json.loads(self.raw)


def renders(text):
    """Give all pages that can be made of a hostile text."""
    plan = hostile_plan(text)
    return render_plan_html(plan), render_drift_html(plan), render_report_html(hostile_report(text), plan)


# --- Figures ----------------------------------------------------------------------------------------------------------


def value(shown):
    return int(shown.replace(",", ""))


@given(plans())
def test_figures_are_those_of_every_renderer(plan):
    """Whatever the plan, the page's numbers, its table and its groups come to the totals of the plan."""
    page, totals = plan_page(plan), totals_of(plan)
    changes, added, removed, refused, *_ = (value(figure.value) for figure in page.figures)
    assert totals.changes == changes == len(page.rows)
    assert totals.added == added == sum(row.added for row in page.rows)
    assert totals.removed == removed == sum(row.removed for row in page.rows)
    assert totals.refused == refused == sum(row.flag == "refused" for row in page.rows)
    assert ("changes" if changes == 1 else "change") == page.figures[0].label.split()[1]
    assert f"{counted(refused, 'change')} refused" == f"{page.figures[3].value} {page.figures[3].label}"
    table = {row[0]: [value(cell) for cell in row[1:]] for row in page.actions.rows}
    assert {action.value: count for action, count in totals.actions if count} == {
        name: row[0] for name, row in table.items()
    }
    whole = [sum(row[place] for row in table.values()) for place in range(1, 4)]
    assert [totals.added, totals.removed, totals.refused] == whole


@given(plans())
def test_names_are_those_of_the_changes(plan):
    """Every group has the names that its change has, as they can be seen."""
    page = plan_page(plan)
    found = sorted(
        (row.target, row.name, side.sign, page.names[place])
        for row in page.rows
        for side in row.sides
        for place in side.names
    )
    expected = sorted(
        (change.target, clip(change.name, 128), sign, clip(name, 254))
        for change in plan.changes
        for sign, members in (("+", change.coming), ("-", change.going))
        for name in members
    )
    assert expected == found
    assert page.has_all_names


@settings(max_examples=25)
@given(plans())
def test_any_plan_becomes_a_page_of_the_same_markup(plan):
    """Whatever the plan, the page's data can be read again, and no tag but ours is in it."""
    for render in (render_plan_html, render_drift_html):
        found = Parsed(render(plan))
        assert {"people", "groups", "sides", "kind"} == set(found.data)
        assert ["script", "script"] == [tag for tag in found.tags if tag == "script"]
        assert set() == {*found.tags} & {"img", "iframe", "link", "object", "base", "embed"}


def test_who_has_another_address_neither_comes_nor_goes():
    """Figures and names leave them out, and the addresses before and after are there, on drift as well."""
    plan = moved_plan()
    beta = next(row for row in plan_page(plan).rows if row.name == "beta-testers")
    pairs = (("ada@contoso.com", "ada.lovelace@contoso.com"), ("linus@contoso.com", "linus@fabrikam.com"))
    assert (1, 1, 11, pairs) == (beta.added, beta.removed, beta.kept, beta.pairs)
    for page in (plan_page(plan), drift_page(plan)):
        assert {"hedy@contoso.com", "grace@contoso.com"} == set(page.names)
        assert 13 == max(len(row.pairs) for row in page.rows)


def test_what_a_reviewer_has_to_know_comes_first():
    """That names are pseudonyms, who should approve, and who loses every group."""
    lost = Loss("local", 12, ("ada@contoso.com", "zoe@contoso.com"))
    page = plan_page(replace(sample_plan(), redacted=True, lost=(lost,)))
    assert any("pseudonyms" in sentence for sentence in page.said)
    assert any(sentence.startswith("Should approve: ") for sentence in page.said)
    told = next(notices for notices in page.notices if notices.title == "Lose every group").items
    assert [("12 people on local", "ada@contoso.com, zoe@contoso.com and 10 more")] == [
        (each.what, each.text) for each in told
    ]
    assert any("pseudonyms" in sentence for sentence in drift_page(replace(sample_plan(), redacted=True)).said)


def test_an_apply_is_told_by_what_became_of_it():
    """Each change is there with its outcome, those that failed first, and names only of what was applied."""
    plan = sample_plan()
    report = sample_report(plan)
    page = report_page(report, plan)
    applied = [row for row in page.rows if row.badge == "applied"]
    assert len(report.results) == len(page.rows)
    assert report.count(Outcome.APPLIED) == len(applied)
    assert page.rows[-len(applied) :] == tuple(applied)
    assert {"ada@contoso.com", "grace@contoso.com", "linus@contoso.com"} == set(page.names)


def test_a_changed_address_is_nobody_who_comes_or_goes():
    """It is a pair of its own in a plan, in drift and in what an apply did, and counts in none of the figures."""
    old, new = Members.of(["ada@example.com", "zoe@contoso.com"]), Members.of(["ada@contoso.com"])
    pair = (("ada@example.com", "ada@contoso.com"),)
    change = Change("local", "a", Action.UPDATE, "a", add=new, remove=old, readdressed=pair, prior_count=3)
    plan = replace(plan_of(change), drift=(Drift("local", "a", drifted=True, pending=False),))
    result = Result("local", "a", Action.UPDATE, Outcome.APPLIED, added=1, removed=2, readdressed=1)
    report = replace(sample_report(sample_plan()), results=(result,))
    for page in (plan_page(plan), drift_page(plan), report_page(report, plan)):
        (row,) = page.rows
        assert (pair, 0, 1, 2) == (row.pairs, row.added, row.removed, row.kept)
        assert ("zoe@contoso.com",) == page.names
        assert [1] == [side.count for side in row.sides]


def test_drift_tells_both_directions():
    """Who is defined and missing on the target, and who is there and not defined."""
    page = drift_page(sample_plan())
    staff = next(row for row in page.rows if row.name == "staff")
    assert (("drifted", 2, 1246), (("−", "missing"), ("+", "too many"))) == (
        (staff.badge, staff.added, staff.removed),
        page.sides,
    )


# --- What somebody wrote ----------------------------------------------------------------------------------------------


def shape(page):
    """Return the tags of a page and the attributes that could act; `code` does nothing, and stands for backticks."""
    parsed = Parsed(page)
    acting = [
        each for each in parsed.attributes if each[0] in {"href", "src", "style", "id"} or each[0].startswith("on")
    ]
    return [tag for tag in parsed.tags if tag != "code"], acting


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_change_no_markup(text):
    """A hostile plan has the very tags that a harmless one has, and everything in it can be seen."""
    for harmless, hostile in zip(renders("name"), renders(text), strict=True):
        assert shape(harmless) == shape(hostile)
        assert [] == INVISIBLE.findall(hostile)
        assert len(hostile) < 35_000 * len(Outcome)


@given(texts)
def test_data_ends_no_script_and_comes_back(text):
    """JSON in the page can't leave its element, and reads as what was written."""
    found = island([text, {text: "</script><!--"}])
    assert set() == set("<>&\u2028\u2029") & set(found)
    assert [text, {text: "</script><!--"}] == json.loads(found)


def test_only_our_own_style_and_script_run():
    """The policy names the digests of what is in the page, and allows nothing else."""
    page = render_plan_html(sample_plan())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style, script = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    assert (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    ) == policy.replace("&#39;", "'")


# --- Without a script -------------------------------------------------------------------------------------------------


def test_a_small_plan_is_told_whole_without_the_script():
    """Groups, reasons, refusals with their hints, owners, criteria and names are in the page itself."""
    change = Change(
        "local",
        "over-50",
        Action.UPDATE,
        "over-50",
        reason="members differ",
        add=Members.of(["ada@contoso.com"]),
        remove=Members.of(["ada@example.com"]),
        prior_count=4,
        owners=("growth@contoso.com",),
        criteria="age at least 50",
        readdressed=(("ada@example.com", "ada@contoso.com"),),
    )
    sample = sample_plan()
    plan = replace(plan_of(change, targets=sample.targets), verdict=sample.verdict, diagnostics=sample.diagnostics)
    text = Parsed(render_plan_html(plan)).text
    told = ["over-50", "members differ", "ada@contoso.com", "growth@contoso.com", "age at least 50", "ada@example.com"]
    told += [refusal.summary for refusal in plan.verdict.refusals] + [refusal.hint for refusal in plan.verdict.refusals]
    told += ["GS604", "approvals/staff.yaml:1", "the branch in Ulm is closed", "page 3 of 5: HTTP 503", plan.digest]
    assert [] == [each for each in told if each.replace("`", "") not in text]


def test_a_large_plan_says_how_many_groups_the_script_shows():
    """Beyond some hundred groups the page has the first, and counts the others."""
    many = plan_of(*(Change("local", f"g{number:04}", Action.CREATE) for number in range(STATIC_GROUPS + 1_234)))
    page = render_plan_html(many)
    assert f"… and {1_234:,} more groups" in page
    assert STATIC_GROUPS == page.count("<details class=")


# --- Bounds -----------------------------------------------------------------------------------------------------------


def test_millions_of_names_are_cut_and_counted(monkeypatch):
    """A group shows so many names and no more, a page neither, and what is left out is counted."""
    monkeypatch.setattr(html_rows, "NAMES_A_SIDE", 10)
    monkeypatch.setattr(html_rows, "NAMES", 25)
    changes = [Change("local", f"g{n}", Action.CREATE, add=people(100, 1 + 100 * n)) for n in range(4)]
    page = plan_page(plan_of(*changes))
    assert [10, 10, 5, 0] == [sum(len(side.names) for side in row.sides) for row in page.rows]
    assert [100] * 4 == [side.count for row in page.rows for side in row.sides]
    assert not page.has_all_names
    text = Parsed(render_plan_html(plan_of(*changes))).text
    assert "There are too many names for one page" in text
    assert (2, 1, 1) == tuple(text.count(f"… and {rest} more, who") for rest in (90, 95, 100))


@pytest.mark.parametrize(("bound", "value", "shown"), [("GROUPS", 3, 3), ("TEXT", 1, 1)])
def test_groups_beyond_what_a_browser_bears_are_counted(monkeypatch, bound, value, shown):
    """By number or by length of their texts; figures are of all of them, and those left out load no names."""

    def load():
        raise AssertionError

    monkeypatch.setattr(html_rows, bound, value)
    large = Members(load, count=10**7, digest="0" * 64)
    changes = [Change("local", f"g{n}", Action.UPDATE, remove=people(9 - n), prior_count=9) for n in range(3)]
    plan = plan_of(*changes, *(Change("local", f"z{n}", Action.UPDATE, add=large) for n in range(5)))
    plan = replace(plan, drift=tuple(Drift("local", each.name, drifted=True, pending=False) for each in plan.changes))
    for page in (plan_page(plan), drift_page(plan)):
        assert ([f"g{n}" for n in range(shown)], 8 - shown) == ([row.name for row in page.rows], page.left_out)
        assert not page.has_all_names
        assert {"24", "50,000,000"} <= {figure.value for figure in page.figures}
    for rendered in (render_plan_html(plan), render_drift_html(plan)):
        assert f"{8 - shown} more are counted above" in Parsed(rendered).text


def test_what_could_not_be_loaded_whole_is_not_compared():
    """Groups with more changes than can be held are left out of the comparison, which says so."""

    def load():
        raise AssertionError

    large = Change("local", "large", Action.UPDATE, remove=Members(load, count=10**7, digest="0" * 64))
    small = [Change("local", name, Action.UPDATE, add=people(3)) for name in ("a", "b")]
    found = overlap_of([large, *small])
    assert (("a", "b"), ((), ((3, 5),))) == (
        found.labels,
        tuple(tuple((cell.count, cell.shade) for cell in row) for row in found.rows),
    )
    assert "Of 3 groups with members that come or go, 2 of the most changed are compared." == found.note


# --- Who moved --------------------------------------------------------------------------------------------------------


def test_who_moves_is_told_apart_from_who_comes_to_both():
    """Removed here and added there is a move; a changed address is neither."""
    old, new = Members.of(["m@x", "n@x", "old@x"]), Members.of(["m@x", "n@x", "both@x", "new@x"])
    one = Change("local", "one", Action.UPDATE, remove=old, add=Members.of(["both@x", "new@x"]))
    two = Change("local", "two", Action.UPDATE, add=new, remove=Members.of(["old@x"]))
    one, two = (replace(each, readdressed=(("old@x", "new@x"),)) for each in (one, two))
    found = overlap_of([one, two])
    assert ("2 people move from one to two; 1 person is added to both one and two",) == found.told
    assert 3 == found.rows[1][0].count


@pytest.mark.parametrize(
    ("plan", "verdict"),
    [
        (plan_of(), ("good", "Nothing to apply")),
        (plan_of(Change("local", "a", Action.CREATE)), ("good", "Can be applied: nothing is refused")),
        (plan_of(Change("local", "a", Action.CREATE), looking=True), ("bad", "Can't be applied")),
        (sample_plan(), ("warn", "6 of 7 changes can be applied")),
        (replace(sample_plan(), verdict=Verdict()), ("warn", "Can be applied, with something left out")),
    ],
)
def test_the_first_answer_is_whether_it_can_be_applied(plan, verdict):
    """And whether anything is left out or refused."""
    page = plan_page(plan)
    assert verdict == (page.tone, page.verdict)


def test_without_jinja2_it_says_what_to_install(monkeypatch):
    """Rather than failing with a traceback."""
    from groupsync.report.html import page_environment

    page_environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(GroupsyncError, match="needs Jinja2") as caught:
        render_plan_html(plan_of())
    assert "pip install 'groupsync[report]'" in caught.value.hint


def test_an_edit_that_is_pending_is_no_drift():
    """It stands among the changes; the table has what moved on the target alone."""
    change = Change("local", "a", Action.UPDATE, prior_name="a", add=Members.of({"ada@contoso.com"}))
    plan = replace(plan_of(change), drift=(Drift("local", "a", drifted=False, pending=True),))
    titles = [each.title for each in plan_page(plan).facts if each.rows]
    assert "Drift" not in titles
    plan = replace(plan, drift=(Drift("local", "a", drifted=True, pending=True),))
    assert "Drift" in [each.title for each in plan_page(plan).facts if each.rows]
