"""Redaction: what is shown names nobody, and says as much as before of everything else."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import redaction
from groupsync.config import load_config
from groupsync.engine import apply_plan
from groupsync.errors import ConfigError
from groupsync.model import (
    ALWAYS,
    Action,
    Allowance,
    AttributeChange,
    Cause,
    Change,
    Comparison,
    Diagnostic,
    Drift,
    Edit,
    EntryNote,
    First,
    Kind,
    Later,
    Loss,
    Mark,
    Members,
    Outcome,
    Period,
    Plan,
    QuietEdit,
    Refusal,
    Report,
    Result,
    Severity,
    SourceRange,
    SourceState,
    TargetState,
    Verdict,
)
from groupsync.planfile import write_plan
from groupsync.project import load_project
from groupsync.redaction import PLAIN_RULES, TOLD, Pseudonyms, redacted_plan, redacted_report
from groupsync.report.github import render_github
from groupsync.report.html import render_drift_html, render_plan_html, render_report_html
from groupsync.report.json import read_plan_document, render_plan_json, render_report_json
from groupsync.report.markdown import render_drift_markdown, render_plan_markdown
from groupsync.report.markdown_outcome import render_report_markdown
from groupsync.report.notes import notes_of_plan, notes_of_report
from groupsync.report.sarif import render_sarif
from groupsync.report.style import Style
from groupsync.report.text import render_drift, render_plan, render_report
from groupsync.report.totals import totals_of
from tests.plans import AS_OF, plan_of, plans

QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart" / "groupsync.yaml"
KEY = b"a key of sixteen bytes or more"
PSEUDONYMS = Pseudonyms(KEY)

KEPT = {
    Plan: "project config as_of looking digest drift sources redacted format_version undoes links firsts",
    Change: "target name action prior_name prior_count expired at",
    TargetState: "name plugin identity groups memberships complete withheld records",
    SourceState: "name plugin rows newest segments refused nulls invalid doubted_by",
    AttributeChange: "name",
    EntryNote: "role period",
    Period: "start until",
    Mark: "project count identity prevent_delete name",
    Drift: "target name drifted pending gone broken",
    Refusal: "target name rule at count limit doubts_members because",
    Verdict: "",
    Allowance: "kind name ceiling",
    Diagnostic: "code severity subject related plugin",
    Comparison: "commit causes",
    Cause: "target name added removed",
    QuietEdit: "name edit at",
    First: "what name",
    Loss: "target count",
    Later: "target name at entering leaving members ending is_new is_forecast",
    Report: "plan_digest duration_seconds interrupted run is_resumable",
    Result: "target name action outcome attempts duration_seconds added removed readdressed unseen_added "
    "unseen_removed",
}
"""By type, the fields that are shown as they are: they name groups, targets, sources, files, plugins, or count."""
TREATED = {
    Plan: "targets changes diagnostics verdict compared lost later known_as",
    Change: "id reason attributes add remove precondition mark definition_digest owners criteria readdressed "
    "consenting through entries",
    EntryNote: "name reason",
    Period: "",
    TargetState: "revision reason owns",
    SourceState: "",
    AttributeChange: "before after",
    Mark: "digest past",
    Drift: "applied",
    Refusal: "summary hint approval",
    Verdict: "refusals allowances uses",
    Allowance: "source reason",
    Diagnostic: "summary detail hint",
    Comparison: "revision quiet",
    Cause: "",
    QuietEdit: "owners owners_before",
    First: "",
    Loss: "some",
    Later: "digest owners",
    Report: "results diagnostics allowances",
    Result: "error hint revision",
}
"""By type, the fields that are not."""


@pytest.mark.parametrize("type_", KEPT, ids=lambda type_: type_.__name__)
def test_of_every_field_it_is_decided_whether_it_may_be_shown(type_):
    """A new field of a plan or report has to be put on one of the two sides before it can go out."""
    kept, treated = KEPT[type_].split(), TREATED[type_].split()
    assert sorted([*kept, *treated]) == sorted(field.name for field in fields(type_))


def every_value(value):
    """Give all dataclasses within a value, itself included."""
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from every_value(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from every_value(each)


@given(plans())
def test_no_type_is_missing_in_that_decision(plan):
    """Whatever a plan is made of is among the types that were looked at, or is a place in a file."""
    assert {type(each) for each in every_value(plan)} - {SourceRange} <= KEPT.keys()


# --- Nothing is left of people ----------------------------------------------------------------------------------------


class Secrets:
    """Makes texts to be found again, each of them once."""

    def __init__(self):
        self.made = []
        self.numbers = itertools.count(1)

    def name(self):
        """Return an address."""
        self.made.append(f"secret{next(self.numbers):04}z")
        return f"{self.made[-1]}@contoso.com"

    def text(self):
        """Return what somebody wrote, with a name in it that nothing tells from other words."""
        self.made.append(f"secret{next(self.numbers):04}z")
        return f"asked by {self.made[-1]} in May"

    def digest(self):
        self.made.append(f"{next(self.numbers):04}" + "5ec2e7" * 10)
        return self.made[-1]


@st.composite
def secret_plans(draw):
    """Make plans in which every field that may tell of people has something that is nowhere else, with these texts."""
    secrets = Secrets()
    names = st.integers(0, 13).map(lambda count: tuple(sorted(secrets.name() for _ in range(count))))
    changes = []
    for number, action in enumerate(draw(st.lists(st.sampled_from(Action), min_size=1, max_size=3))):
        add, remove = draw(names), draw(names)
        readdressed = ((remove[0], add[0]),) if add and remove else ()
        attributes = (
            AttributeChange("display_name", secrets.name(), f"Friends of {secrets.name()}"),
            AttributeChange("description", None, f"Call {secrets.name()} or +49 731 5550101"),
            AttributeChange("owners", (secrets.name(),), (secrets.name(), secrets.name())),
            AttributeChange("labels", (("ask", secrets.name()),), (("ask", secrets.name()),)),
        )
        changes.append(
            Change(
                "local",
                f"group-{number}",
                action,
                None if action is Action.CREATE else f"group-{number}",
                id=secrets.name(),
                reason=f"for {secrets.name()}",
                attributes=attributes,
                add=Members.of(add),
                remove=Members.of(remove),
                precondition=secrets.digest(),
                prior_count=20,
                mark=Mark("shop", secrets.digest(), 3, "email/fold"),
                definition_digest=secrets.digest(),
                at=SourceRange("groups/a.yaml", 3, 1),
                owners=(secrets.name(),),
                criteria=f"email = {secrets.name()} and phone = 0731 555 0102",
                readdressed=readdressed,
                through=(f"lists of {secrets.name()}",),
                entries=(
                    EntryNote("members", secrets.name(), ALWAYS, secrets.text()),
                    EntryNote("include", f"group-{number}", ALWAYS, secrets.text()),
                ),
            )
        )
    findings = tuple(
        Diagnostic(code, Severity.WARNING, secrets.text(), secrets.text(), secrets.text(), SourceRange("a.yaml", 1))
        for code in draw(st.lists(st.sampled_from(["GS307", "GS851", "GS705", "XX1"]), max_size=3))
    )
    refusals = (
        Refusal("local", "group-0", "policy:GS854", secrets.text(), secrets.text(), approval=secrets.text()),
        Refusal("local", "", "removed_in_run", "12 of 20 memberships would go", "Allow", approval=secrets.text()),
        Refusal("", "customers", "max_null_ids", secrets.text(), secrets.text()),
    )
    allowances = (Allowance(Kind.REMOVE, "group-0", 9, f"approvals/{secrets.name()}.yaml:1", secrets.text()),)
    target = TargetState("local", "file", secrets.digest(), 3, 60, complete=False, reason=secrets.text())
    plan = plan_of(
        *changes,
        targets=(target,),
        diagnostics=findings,
        verdict=Verdict(draw(st.sampled_from([(), refusals])), allowances),
        drift=(Drift("local", "group-0", drifted=True, pending=False, applied=secrets.digest()),),
        lost=(Loss("local", 1, (secrets.name(),)),),
        compared=Comparison(
            f"{secrets.name()}/fix",
            "c" * 40,
            (Cause("local", "group-0", 1, 0),),
            (QuietEdit("group-9", Edit.EDITED, SourceRange("a.yaml", 1), (secrets.name(),), (secrets.name(),)),),
        ),
    )
    return plan, tuple(secrets.made)


def report_of(plan):
    """Make a report in which everything failed with a text."""
    results = [
        Result(
            change.target, change.name, change.action, Outcome.FAILED, "secret8888z: no such user", "Ask secret8889z"
        )
        for change in plan.changes
    ]
    return Report(plan.digest, tuple(results), diagnostics=plan.diagnostics, allowances=plan.verdict.allowances)


def renderings(plan, report):
    """Give every form of a plan, its drift and a report."""
    for full in (False, True):
        style = Style(full=full, by_person=True)
        yield from (render_plan(plan, style), render_drift(plan, style), render_report(report, plan, style))
        yield from (render(plan, full=full, by_person=True) for render in (render_plan_markdown, render_drift_markdown))
    yield from (render_report_markdown(report, plan), render_plan_json(plan), render_report_json(report))
    yield from (render_plan_html(plan), render_drift_html(plan), render_report_html(report, plan))
    for notes in (list(notes_of_plan(plan)), list(notes_of_report(report, plan))):
        yield from (render_github(notes), render_sarif(notes, "1"))


@given(secret_plans())
def test_no_form_of_the_output_has_anything_of_a_person(made):
    """Members, owners, addresses in texts, free texts, digests and revisions are in no form of a plan or report."""
    plan, secrets = made
    shown = redacted_plan(plan, PSEUDONYMS)
    texts = list(renderings(shown, redacted_report(report_of(plan), PSEUDONYMS)))
    for text in texts:
        assert [] == [secret for secret in (*secrets, "secret888", "5550101", "555 0102") if secret in text]


@given(secret_plans())
def test_full_output_has_them(made):
    """Without redaction the same forms show people, so that looking for them is no idle test."""
    plan, _ = made
    for text in (render_plan(plan, Style(full=True)), render_plan_markdown(plan, full=True), render_plan_json(plan)):
        assert "secret" in text


@given(plans())
def test_counts_stay_true(plan):
    """Figures are those of the plan, by total and by change, and as many pseudonyms come as names."""
    shown = redacted_plan(plan, PSEUDONYMS)
    assert totals_of(plan) == totals_of(shown)
    for change, seen in zip(plan.changes, shown.changes, strict=True):
        assert (change.add.count, change.remove.count) == (seen.add.count, seen.remove.count)
        assert len(change.add.load()) == len(seen.add.load())
        assert (change.key, change.action, change.prior_count, change.at) == (
            *(seen.key, seen.action),
            *(seen.prior_count, seen.at),
        )
    assert plan.digest == shown.digest


@given(plans())
def test_a_redacted_document_is_still_one(plan):
    """A program reads the JSON of a redacted plan like any other, and sees that it is redacted."""
    shown = redacted_plan(plan, PSEUDONYMS)
    read = read_plan_document(json.loads(render_plan_json(shown)))
    assert read.redacted
    assert shown == read


# --- Pseudonyms -------------------------------------------------------------------------------------------------------


@given(st.text(), st.text(), st.binary(min_size=16), st.binary(min_size=16))
def test_a_person_has_one_pseudonym_a_key(one, other, key, other_key):
    """The same name gives the same pseudonym, another name or another key another one."""
    assert Pseudonyms(key).of(one) == Pseudonyms(key).of(one)
    assert (one == other) == (Pseudonyms(key).of(one) == Pseudonyms(key).of(other))
    assert (key.ljust(64, b"\0") == other_key.ljust(64, b"\0")) == (
        Pseudonyms(key).of(one) == Pseudonyms(other_key).of(one)
    )


def test_somebody_who_moves_is_seen_to_move():
    """Who goes from one group and comes to another has one pseudonym in both, and so has an address in a text."""
    ada = Members.of(["ada@contoso.com"])
    plan = plan_of(
        Change("local", "alpha", Action.UPDATE, "alpha", remove=ada, prior_count=1),
        Change("local", "beta", Action.UPDATE, "beta", add=ada, reason="asked by Ada@contoso.com."),
    )
    alpha, beta = redacted_plan(plan, PSEUDONYMS).changes
    (name,) = alpha.remove.load()
    assert {name} == beta.add.load()
    assert f"asked by {name}." == beta.reason


def test_members_are_not_loaded_before_they_are_shown():
    """Redacting a plan of many reads nobody."""

    def load():
        message = "nobody asked"
        raise AssertionError(message)

    plan = plan_of(Change("local", "alpha", Action.UPDATE, "alpha", add=Members(load, count=10**6, digest="d" * 64)))
    assert 10**6 == redacted_plan(plan, PSEUDONYMS).changes[0].add.count


def test_digests_can_not_be_tried():
    """The digest over one member is not there: anybody could try addresses against it."""
    ada = Members.of(["ada@contoso.com"])
    change = Change("local", "alpha", Action.CREATE, add=ada, mark=Mark("shop", ada.digest, 1, "email/fold"))
    text = render_plan_json(redacted_plan(plan_of(change), PSEUDONYMS))
    assert ada.digest not in text


# --- What is known to name nobody -------------------------------------------------------------------------------------


def test_guards_say_their_figures():
    """A refusal by a guard, with what would allow it, and a warning of one stay as they are."""
    refusal = Refusal("local", "a", "removed_members", "9 of 9 members would go", "--allow 'remove:a<=9@3f'", count=9)
    warning = Diagnostic("GS802", Severity.WARNING, "`a` on local: 60 members would come to 40", "More.", "See.")
    plan = plan_of(diagnostics=(warning,), verdict=Verdict((refusal,)))
    shown = redacted_plan(plan, PSEUDONYMS)
    assert ("9 of 9 members would go", "--allow 'remove:a<=9@3f'") == (
        shown.verdict.refusals[0].summary,
        shown.verdict.refusals[0].hint,
    )
    assert (warning.summary, "", "") == (
        *(shown.diagnostics[0].summary, shown.diagnostics[0].detail),
        shown.diagnostics[0].hint,
    )
    assert "removed_members" in PLAIN_RULES
    assert "GS802" in TOLD


def test_a_redacted_plan_is_neither_saved_nor_applied(tmp_path):
    """What has pseudonyms for members must never get to a target."""
    project = load_project(load_config(QUICKSTART), AS_OF)
    plan = redacted_plan(replace(plan_of(), project=project.config.project), PSEUDONYMS)
    with pytest.raises(ConfigError) as saving:
        write_plan(plan, tmp_path / "a.plan")
    with pytest.raises(ConfigError) as applying:
        apply_plan(project, plan, {})
    assert ["people have pseudonyms in it", "People have pseudonyms in it."] == [
        saving.value.detail,
        applying.value.detail,
    ]
    assert [] == list(tmp_path.iterdir())


@given(st.text(alphabet="a.@ ,-1"))
def test_whatever_looks_like_an_address_is_found(text):
    """Wherever it stands, as a pattern does that looks from each letter anew."""
    letter = r"[^\s\"'`<>()\[\]{},;:=|]"
    slow = re.compile(rf"{letter}+@{letter}*[^\s\"'`<>()\[\]{{}},;:=|.]")
    assert [each.span() for each in slow.finditer(text)] == [each.span() for each in redaction._ADDRESS.finditer(text)]


def test_a_long_text_is_redacted_in_one_look():
    """Letters, dots and digits without an end; a pattern that looks from each of them anew takes an hour."""
    pseudonyms = Pseudonyms(b"k" * 32)
    for run in ("a", "a.", "@.", "1", "1 ", "a@", "."):
        text = run * 500_000
        assert pseudonyms.prose(f"ada@example.com {text}").startswith("person-")
