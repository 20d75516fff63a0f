"""Guards that compare with earlier runs, where no run is known: what is new, and what nobody can judge."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groupsync import engine
from groupsync.approvals import load_approvals
from groupsync.approvers import approvers_of
from groupsync.config import load_config
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.guard_unjudged import Unjudged, silence_words
from groupsync.journal import Journal
from groupsync.journal_read import find_run
from groupsync.model import Allowance, First, FirstOf, Kind, Outcome, SourceRange, Stance, Verdict
from groupsync.model.guards import Level
from groupsync.planfile import read_plan, write_plan
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.recovery import find_resumption, undo_plan
from groupsync.redaction import Pseudonyms, redacted_plan
from groupsync.report.github import render_github
from groupsync.report.html import render_plan_html
from groupsync.report.json import render_plan_json
from groupsync.report.markdown import render_plan_markdown
from groupsync.report.notes import notes_of_plan
from groupsync.report.plan_text import render_plan
from groupsync.report.sarif import render_sarif
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OFF = "{warn: off, refuse: off}"
QUIET = f"removed_members: {OFF}, removed_in_run: {{refuse: off}}, lost_every_group: {OFF}"
SEGMENT = "{kind: segment, name: everybody, source: customers, where: {everyone: true}}"


class World:
    """A project of segments and lists, and the targets that hold them."""

    def __init__(self, root):
        self.root = root
        self.stores = {}
        self.targets = {"a": "", "b": ""}
        self.groups = [SEGMENT]
        self.customers = 100
        self.shrink = "max_shrink: {percent: 10}"
        self.guards = QUIET
        self.source = "customers"
        self.remembers = False
        self.days = 0
        self.kept = []  # what a project computed is there as long as the project

    @property
    def instant(self):
        return NOW + timedelta(days=self.days)

    def project(self):
        rows = ", ".join(f"{{email: person-{number:03}@example.com}}" for number in range(self.customers))
        targets = "".join(f"  {name}: {{plugin: memory{more}}}\n" for name, more in self.targets.items())
        (self.root / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups.yaml]\n"
            f"sources:\n  {self.source}: {{plugin: memory, id: email, rows: [{rows}], {self.shrink}}}\n"
            f"targets:\n{targets}guards: {{{self.guards}}}\n"
        )
        (self.root / "groups.yaml").write_text("\n---\n".join(self.groups) + "\n")
        self.kept.append(load_project(load_config(self.root / "groupsync.yaml"), self.instant))
        return self.kept[-1]

    def backend(self, name):
        store = self.stores.setdefault(name, MemoryStore())
        can = replace(MemoryBackend(store).capabilities, remembers=self.remembers)
        return checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store, can))

    def backends(self, only=()):
        return {name: self.backend(name) for name in self.targets if not only or name in only}

    def plan(self, only=(), **options):
        request = engine.Request(self.instant, **options)
        return engine.make_plan(self.project(), self.backends(only), request, Plugins.discover())

    def apply(self, plan, only=(), **options):
        project = self.project()
        return engine.apply_plan(project, plan, self.backends(only), journal=Journal.of(project.config), **options)

    def night(self, only=(), **options):
        """Plan and apply, a day later."""
        self.days += 1
        plan = self.plan(only, **options)
        return plan, self.apply(plan, only)

    def forget(self):
        shutil.rmtree(self.root / ".groupsync")

    def count(self, name="everybody", target="a"):
        return self.stores[target].groups[name].members.count


def rules(plan):
    return {(each.target, each.name): each.rule for each in plan.verdict.refusals}


def codes(plan):
    return [each.code for each in plan.diagnostics]


def grants(plan):
    """Return what the plan says would allow all that is not judged."""
    hints = [each.hint.partition("--allow ")[2].strip("'") for each in plan.verdict.refusals if each.unjudged]
    return tuple(map(parse_allow, hints))


@pytest.fixture
def world(tmp_path):
    """A segment of a hundred customers on two targets, applied once."""
    world = World(tmp_path)
    plan, report = world.night()
    assert (First(FirstOf.SOURCE, "customers"),) == plan.firsts
    assert ({}, []) == (rules(plan), codes(plan))
    assert {Outcome.APPLIED} == {each.outcome for each in report.results}
    return world


def test_a_source_that_was_there_is_refused_wherever_its_segments_go(world):
    """On each target the segment is held back; the rest of the plan goes on."""
    world.forget()
    world.customers = 95
    world.groups.append("{kind: known-user-group, name: staff, members: [sue@example.com]}")
    plan, report = world.night()

    expected = {("", "customers"): "unjudged:max_shrink", ("a", "everybody"): "held", ("b", "everybody"): "held"}
    assert (expected, ["GS818"]) == (rules(plan), codes(plan))
    assert ([True], ()) == ([source.refused for source in plan.sources], plan.firsts)
    assert (100, 1) == (world.count(), world.count("staff"))
    assert {"everybody": Outcome.REFUSED, "staff": Outcome.APPLIED} == {
        each.name: each.outcome for each in report.results
    }


def test_what_is_allowed_is_remembered_and_judged_from_then_on(world):
    """The count of an exception is that of all who come and go with the source."""
    world.forget()
    world.customers = 80
    refused = world.plan()
    (grant,) = grants(refused)
    assert ("max_shrink:customers", 40) == (grant.name, grant.ceiling)
    plan = world.plan(grants=(grant,))
    assert ({}, [Allowance(Kind.UNJUDGED, "max_shrink:customers", 40, "--allow")]) == (
        rules(plan),
        list(plan.verdict.allowances),
    )
    world.apply(plan)
    world.customers = 70

    assert (80, "max_shrink") == (world.count(), rules(world.plan())["", "customers"])
    world.customers = 75
    assert {} == rules(world.plan())


def test_whatever_refused_a_source_it_is_not_new_the_next_time(world):
    """A run that refused it by another guard does not make the next one the first."""
    world.forget()
    world.shrink = "max_shrink: {percent: 10}, min_rows: 90"
    world.customers = 60
    world.groups.append("{kind: known-user-group, name: staff, members: [sue@example.com]}")
    world.night(grants=grants(world.plan()))
    world.customers = 95

    assert "unjudged:max_shrink" == rules(world.plan())["", "customers"]


def test_a_source_of_another_name_is_new_where_runs_are_known(world):
    """No run names it, though its segment is there."""
    world.source, world.groups, world.customers = "buyers", [SEGMENT.replace("customers", "buyers")], 90
    plan = world.plan()
    assert (((First(FirstOf.SOURCE, "buyers")),), {}) == (plan.firsts, rules(plan))
    world.forget()
    assert "unjudged:max_shrink" == rules(world.plan())["", "buyers"]


def test_a_run_on_one_target_is_no_past_of_another(world):
    """Sizes on the other one are not known, and its groups were there."""
    world.guards = f"{QUIET}, size_deviation: {{refuse: {{percent: 50}}}}"
    world.forget()
    world.customers = 99
    world.night(only=("a",), grants=grants(world.plan(only=("a",))))
    first = world.plan()
    plan = world.plan(grants=tuple(each for each in grants(first) if "max_shrink" in each.name))

    assert {("b", "everybody"): "unjudged:size_deviation"} == {
        key: rule for key, rule in rules(plan).items() if "un" in rule
    }


def test_a_refused_size_is_judged_by_what_was_left_once_a_run_is_known(world):
    """The run that refused it is known then, and left the group as it is."""
    world.guards = f"{QUIET}, size_deviation: {{refuse: {{percent: 10}}}}"
    world.shrink = "max_shrink: off"
    world.forget()
    world.customers = 95
    plan, _ = world.night()
    assert {"unjudged:size_deviation"} == set(rules(plan).values())
    assert {} == rules(world.plan())
    world.customers = 80
    (refusal, *_) = world.plan().verdict.refusals
    assert ("size_deviation", "20 fewer than the mean of 100 after the last run; the limit is 10 (10 %)") == (
        refusal.rule,
        refusal.summary,
    )


def test_a_list_that_was_refused_is_not_new_the_next_time(tmp_path):
    """A list on no target is as unknown on the second night as on the first."""
    world = World(tmp_path)
    world.guards = "removed_members: {refuse: {percent: 20}}"
    world.targets = {"a": ", select: {names: [rest]}", "b": ", select: {names: [staff]}"}
    world.groups = [
        "{kind: known-user-group, name: out, members: [ada@example.com, bob@example.com]}",
        "{kind: known-user-group, name: rest, members: [ada@example.com, cy@example.com], exclude: [out]}",
        "{kind: known-user-group, name: staff, members: [sue@example.com]}",
    ]
    world.night()
    world.forget()
    world.groups[0] = "{kind: known-user-group, name: out, members: [bob@example.com]}"
    world.groups[2] = "{kind: known-user-group, name: staff, members: [sue@example.com, tom@example.com]}"
    for _ in range(2):
        plan, _ = world.night()
        assert {("", "out"): "unjudged:removed_members", ("a", "rest"): "built_on"} == rules(plan)
        assert (1, 2) == (world.count("rest"), world.count("staff", "b"))
    world.night(grants=grants(plan))
    assert 2 == world.count("rest")


def test_a_new_list_beside_known_runs_is_new(world):
    """It is named as such, and what is built on it goes on."""
    world.guards = "removed_members: {refuse: {percent: 20}}, lost_every_group: {warn: off}"
    world.targets = {"a": ", select: {names: [everybody]}"}
    world.groups = [
        "{kind: known-user-group, name: out, members: [person-001@example.com]}",
        SEGMENT.replace("}}", "}, exclude: [out]}"),
    ]
    plan = world.plan()
    assert ((First(FirstOf.LIST, "out"),), {}) == (plan.firsts, rules(plan))
    assert "New, so that guards have nothing to compare with yet: the list `out`." in render_plan(plan)


def test_a_deletion_is_judged_by_what_went_of_late(world):
    """A group that goes is as many removals, except where its own definition has it go."""
    world.guards = f"{QUIET}, deleted_groups: {{refuse: off}}, removed_over: {{refuse: {{percent: 50}}}}"
    world.groups.append("{kind: known-user-group, name: staff, members: [sue@example.com]}")
    world.night()
    world.forget()
    world.groups[1] = "{kind: known-user-group, name: staff, lifecycle: {state: absent}}"
    assert {} == rules(world.plan())
    world.groups.pop()
    assert {("a", "staff"), ("b", "staff")} == set(rules(world.plan()))


def test_a_selection_is_judged_by_what_it_is_built_on(world):
    """A group that is left out is not judged for itself, and one that others are built on is."""
    world.guards = f"{QUIET}, size_deviation: {{refuse: {{percent: 50}}}}"
    world.shrink = "max_shrink: off"
    world.groups.append("{kind: known-user-group, name: staff, members: [sue@example.com], include: [everybody]}")
    world.groups.append("{kind: known-user-group, name: other, members: [sue@example.com]}")
    world.night()
    world.forget()
    world.customers = 99
    world.groups[2] = "{kind: known-user-group, name: other, members: [sue@example.com, tom@example.com]}"
    staff = world.plan(selection=Selection(("staff",)), only=("a",))
    assert {"everybody", "staff"} == {name for _, name in rules(staff)}
    assert {("a", "other"): "unjudged:size_deviation"} == rules(
        world.plan(selection=Selection(("other",)), only=("a",))
    )


def test_a_saved_plan_is_judged_again_with_its_own_exceptions(world, tmp_path):
    """What was refused stays so, what was judged has to be judged here, and one exception is good for both."""
    world.customers = 95
    saved = tmp_path / "monday.plan"
    write_plan(world.plan(), saved)
    world.forget()
    plan = read_plan(saved)
    project, backends = world.project(), world.backends()
    again = engine.judge_again(project, plan, Plugins.discover(), backends=backends)
    assert "unjudged:max_shrink" == rules(again)["", "customers"]
    assert [True] == [source.refused for source in again.sources]
    allowed = engine.judge_again(project, plan, Plugins.discover(), backends=backends, grants=grants(again))
    assert ({}, [False]) == (rules(allowed), [source.refused for source in allowed.sources])
    write_plan(again, saved)
    kept = engine.judge_again(project, read_plan(saved), Plugins.discover(), backends=backends)
    assert rules(again) == rules(kept)


def test_a_run_is_taken_back_by_its_own_plan(world):
    """An undo has its past in the run that it takes back."""
    world.customers = 95
    world.night()
    project, backends = world.project(), world.backends()
    run = find_run(project.config.journal, project.config.id, "last")
    plan = engine.judge_again(project, undo_plan(project, backends, run, world.instant), backends=backends)
    assert {} == rules(plan)


def test_a_run_that_was_cut_short_is_gone_on_with(tmp_path):
    """The first run of all breaks off: what is left of it is not refused for want of a run before it."""
    world = World(tmp_path)
    world.groups.append("{kind: segment, name: more, source: customers, where: {everyone: true}}")
    world.targets = {"a": ""}
    plan = world.plan()
    asked = iter([False, True, True, True])
    world.apply(plan, stopped=lambda: next(asked, True))
    project, backends = world.project(), world.backends()
    (path,) = (tmp_path / ".groupsync" / "runs").glob("*.jsonl")
    path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if '"record":"end"' not in line))
    resumption = find_resumption(project, backends)
    rest = engine.judge_again(project, resumption.plan, backends=backends, resumption=resumption)
    assert {} == rules(rest)


FORMS = {
    "text": render_plan,
    "json": render_plan_json,
    "markdown": render_plan_markdown,
    "html": render_plan_html,
    "github": lambda plan: render_github(notes_of_plan(plan)),
    "sarif": lambda plan: render_sarif(notes_of_plan(plan), "0"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_could_not_be_judged(world, form):
    """A refusal of the source; warnings of a plan stand beside its text."""
    world.forget()
    world.customers = 95
    world.guards = f"unjudged: refuse, {QUIET}"
    plan = world.plan()
    assert "unjudged:max_shrink" in FORMS[form](plan).replace("%3A", ":").replace("&#58;", ":")
    world.guards = f"unjudged: warn, {QUIET}"
    plan = world.plan()
    assert (["GS818", "GS819"], {}) == (sorted(codes(plan)), rules(plan))
    assert form == "text" or {"GS818", "GS819"} <= {code for code in ("GS818", "GS819") if code in FORMS[form](plan)}


def test_every_plan_says_that_it_is_softened(world):
    """With a journal, and where nothing changes, too."""
    world.guards = f"unjudged: warn, {QUIET}"
    plan = world.plan()
    assert (["GS819"], ()) == (codes(plan), plan.changes)
    assert "groupsync.yaml" == plan.diagnostics[0].subject.path


def test_a_plan_without_people_says_the_same(world):
    """Guards, sources and groups are named where people are not."""
    world.forget()
    world.customers = 95
    plan = redacted_plan(world.plan(), Pseudonyms(b"x" * 32))
    assert ["how many customers it had before is not known"] == [
        each.summary for each in plan.verdict.refusals if each.unjudged
    ]


def test_one_line_names_the_first_and_counts_the_rest():
    """A plan of many groups says it once."""
    at = SourceRange("groupsync.yaml", 7, 3)
    found = [Unjudged("size_deviation", "a", f"g{number}", "x", refuses=True, at=at) for number in range(9)]
    told = silence_words(
        [*found, Unjudged("removed_over", "a", "", "x")], ["which dates were shown before"], Stance(Level.REFUSE)
    )
    assert "`size_deviation` (groupsync.yaml:7) of `g0` on a," in told.detail
    assert told.detail.endswith("of `g4` on a, 6 more.")
    assert "a refusal names what allows just this" in told.hint
    assert "a refusal names" not in silence_words(found, [], Stance(Level.WARN)).hint
    assert None is silence_words([], [], Stance(Level.REFUSE))


def test_an_exception_for_a_group_is_shown_to_its_owners(world):
    """One for a source or a target is not that of a group of the same name."""
    world.customers = 95
    plan = world.plan()
    names = ("size_deviation:everybody", "max_shrink:everybody", "removed_over_target:everybody")
    told = replace(
        plan, verdict=Verdict(allowances=tuple(Allowance(Kind.UNJUDGED, each, 1, "--allow") for each in names))
    )
    assert [("unjudged:size_deviation:everybody<=1",)] * 2 == [each.exceptions for each in approvers_of(told).groups]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("guard: max_shrink\n", "", "An approval of the kind `unjudged` names the guard that can't judge"),
        (
            "guard: max_shrink",
            "guard: removed_over",
            "An approval of the kind `unjudged:removed_over` is about a group",
        ),
        ("kind: unjudged", "kind: remove", "An approval of the kind `remove` names no guard"),
        ("source: customers", "group: staff", "An approval of the kind `unjudged:max_shrink` is about a source"),
        ("source: customers", "source: other", "The approval names the source `other`, which the config does not have"),
        ("x", "x", None),
    ],
)
def test_an_approval_names_the_guard_and_what_that_is_about(tmp_path, before, after, said):
    """What does not go together is told at its place."""
    document = (
        "source: customers\nkind: unjudged\nguard: max_shrink\nceiling: 27\n"
        f'definition: "{"a" * 32}"\nuntil: 2026-11-25\nreason: a spring clean\n'
    )
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals" / "spring.yaml").write_text(document.replace(before, after))
    known = {"group": ["staff"], "target": ["there"], "source": ["customers"]}
    made, found = load_approvals(tmp_path, "approvals", NOW, known, lambda: NOW)
    assert ([said] if said else []) == [each.summary for each in found]
    if not said:
        assert [("unjudged:max_shrink:customers<=27")] == [str(each.allowance) for each in made]
