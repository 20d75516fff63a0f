"""What is not believed is not built on: each way to build, each reason to refuse, on each place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal
from groupsync.model import Outcome, Verdict
from groupsync.planfile import read_plan, write_plan
from groupsync.project import load_project
from groupsync.recovery import find_resumption
from groupsync.report.html_data import plan_page
from groupsync.report.html_overlap import Overlap
from groupsync.report.markdown import render_plan_markdown
from groupsync.report.plan_text import render_plan
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PEOPLE = [f"person-{number:03}@example.com" for number in range(1, 61)]
WAYS = {
    "include": "members: [zoe@example.com], include: [base]",
    "include by pattern": 'members: [zoe@example.com], include: [{match: "bas*"}]',
    "exclude": "members_from: [{path: everybody.txt}], exclude: [base]",
    "restrict_to": "members_from: [{path: everybody.txt}], restrict_to: [base]",
    "the config's exclude": "members_from: [{path: everybody.txt}]",
    "over two groups": "members: [zoe@example.com], include: [middle]",
}
PLACES = {
    "same target": {"a": ["*"]},
    "two targets": {"a": ["*"], "b": ["*"]},
    "base elsewhere": {"a": ["derived", "middle"], "b": ["base"]},
}


@dataclass
class World:
    """A project of one base and what is built on it, and the targets that hold them."""

    root: Path
    way: str
    targets: dict[str, list[str]]
    policies: str = ""
    instant: datetime = NOW
    limit: str = "{refuse: off}"
    stores: dict[str, MemoryStore] = field(default_factory=dict)
    remembers: bool = True

    def write(self, base):
        """Write the project with so many people in the base."""
        selects = "".join(
            f"  {name}: {{plugin: memory, select: {{names: [{', '.join(repr(each) for each in names)}]}}}}\n"
            for name, names in self.targets.items()
        )
        exclude = "exclude: [base]\n" if self.way == "the config's exclude" else ""
        (self.root / "groupsync.yaml").write_text(
            f"version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n{exclude}targets:\n{selects}{self.policies}"
            f"guards: {{removed_in_run: {self.limit}, lost_every_group: {{warn: off, refuse: off}},"
            " added_members: {warn: off}}\n"
        )
        groups = self.root / "groups"
        groups.mkdir(exist_ok=True)
        (groups / "base.txt").write_text("".join(f"{name}\n" for name in PEOPLE[:base]))
        (groups / "everybody.txt").write_text("".join(f"{name}\n" for name in PEOPLE))
        (groups / "all.yaml").write_text(
            "{kind: known-user-group, name: base, members_from: [{path: base.txt}]}\n---\n"
            "{kind: known-user-group, name: middle, include: [base]}\n---\n"
            f"{{kind: known-user-group, name: derived, {WAYS[self.way]}}}\n"
        )

    def write_without_base(self):
        """Take the base out, and every line that names it; what it gave or took comes and goes."""
        self.write(base=30)
        (self.root / "groups" / "all.yaml").write_text(
            "{kind: known-user-group, name: middle, members: []}\n---\n"
            "{kind: known-user-group, name: derived, members_from: [{path: everybody.txt}]}\n"
        )

    def write_without_reference(self, base):
        """Take out every line that names the base, and leave it so many people."""
        self.write(base=base)
        path = self.root / "groups" / "all.yaml"
        text = path.read_text().replace("include: [base]", "members: []").replace(", exclude: [base]", "")
        path.write_text(text)

    def project(self):
        return load_project(load_config(self.root / "groupsync.yaml"), self.instant)

    def backends(self, only=()):
        return {
            name: checked(MemoryBackend, "groupsync", "0")(
                MemoryBackend(
                    store := self.stores.setdefault(name, MemoryStore()),
                    replace(MemoryBackend(store).capabilities, remembers=self.remembers),
                )
            )
            for name in self.targets
            if not only or name in only
        }

    def plan(self, only=(), **options):
        return engine.make_plan(self.project(), self.backends(only), engine.Request(self.instant, **options))

    def apply(self, plan, only=(), *, is_remembered=True):
        project = self.project()
        journal = Journal.of(project.config) if is_remembered else None
        return engine.apply_plan(project, plan, self.backends(only), journal=journal)

    def held(self):
        """Return who is in each group of each target."""
        return {
            (target, name): sorted(group.members.load())
            for target, store in self.stores.items()
            for name, group in store.groups.items()
        }


def world_of(root, way, place, policies="", **options):
    world = World(root, way, PLACES[place], policies)
    world.write(base=30)
    report = world.apply(world.plan(), **options)
    assert {Outcome.APPLIED} == {result.outcome for result in report.results}
    return world


def outcomes(report):
    return {(result.target, result.name): result.outcome for result in report.results}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_what_a_guard_refuses_is_not_built_on(way, place, tmp_path):
    """Nobody is moved by a refused base, on any target; allowing the base allows all that follows."""
    world = world_of(tmp_path, way, place)
    before = world.held()
    world.write(base=5)
    plan = world.plan()
    report = world.apply(plan)

    assert before == world.held()
    assert {Outcome.REFUSED} == {result.outcome for result in report.results}
    assert {"derived", "base"} <= {change.name for change in plan.changes}

    allowed = world.plan(grants=(parse_allow(f"remove:base<=25@{plan.digest}"),))
    assert () == allowed.verdict.refusals
    assert {Outcome.APPLIED} == set(outcomes(world.apply(allowed)).values())
    assert () == world.plan().changes


@pytest.mark.parametrize("saved", [False, True], ids=["at once", "a saved plan"])
@pytest.mark.parametrize("place", PLACES)
def test_allowing_a_base_allows_nothing_else(place, saved, tmp_path):
    """Whom the derived group loses besides is counted, refused and to be allowed on its own."""
    world = World(tmp_path, "include", PLACES[place])
    own = [f"own-{number:02}@example.com" for number in range(40)]

    def write(base, count):
        world.write(base=base)
        path = world.root / "groups" / "all.yaml"
        path.write_text(path.read_text().replace("members: [zoe@example.com]", f"members: [{', '.join(own[:count])}]"))

    write(30, 40)
    world.apply(world.plan())
    write(5, 10)
    plan = world.plan()
    grants = (parse_allow(f"remove:base<=25@{plan.digest}"),)
    if saved:
        write_plan(plan, tmp_path / "saved.plan")
        saved_plan = read_plan(tmp_path / "saved.plan")
        allowed = engine.judge_again(world.project(), saved_plan, backends=world.backends(), grants=grants)
    else:
        allowed = world.plan(grants=grants)
    found = {(each.name, each.rule): each for each in allowed.verdict.refusals}
    assert {("derived", "removed_members")} == found.keys()
    refusal = found["derived", "removed_members"]
    assert (30, 14) == (refusal.count, refusal.limit)
    assert refusal.summary.endswith("25 more follow from what is allowed for `base`")
    assert "'remove:derived<=30@" in refusal.hint
    both = (*grants, parse_allow(f"remove:derived<=30@{plan.digest}"))
    assert () == world.plan(grants=both).verdict.refusals


def test_what_follows_from_an_exception_is_told(tmp_path):
    """A limit that is passed because of it still warns, and says from what that follows."""
    world = world_of(tmp_path, "include", "same target")
    world.write(base=5)
    plan = world.plan(grants=(parse_allow(f"remove:base<=25@{world.plan().digest}"),))
    (found,) = [each for each in plan.diagnostics if each.code == "GS801" and "`derived`" in each.summary]
    assert "25 of 31 members would go" in found.summary
    assert "25 of them follow from what is allowed for `base`." == found.detail


def test_a_base_that_is_emptied_by_leave_may_empty_what_is_built_on_it(tmp_path):
    """Both limits are passed at once in both groups, and are allowed for the base alone."""
    world = World(tmp_path, "over two groups", PLACES["same target"])
    world.write(base=30)
    path = world.root / "groups" / "all.yaml"

    def write(base):
        world.write(base=base)
        path.write_text(path.read_text().replace("members: [zoe@example.com], ", ""))

    write(30)
    world.apply(world.plan())
    write(0)
    digest = world.plan().digest
    assert {"base", "middle", "derived"} == {each.name for each in world.plan().verdict.refusals}
    grants = tuple(parse_allow(f"{kind}:base<=30@{digest}") for kind in ("remove", "empty"))
    assert () == world.plan(grants=grants).verdict.refusals
    assert {"base", "middle", "derived"} == {each.name for each in world.plan(grants=grants[:1]).verdict.refusals}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_what_a_policy_refuses_is_not_built_on(way, place, tmp_path):
    """A list that breaks a policy over its members moves nobody anywhere."""
    policies = "policies: {size: [{groups: [base], min: 28}]}\n"
    world = world_of(tmp_path, way, place, policies)
    before = world.held()
    world.write(base=27)
    report = world.apply(world.plan())

    assert before == world.held()
    assert {Outcome.REFUSED} == {result.outcome for result in report.results}


@pytest.mark.parametrize("way", WAYS)
def test_a_policy_judges_a_base_that_goes_nowhere(way, tmp_path):
    """A list on no target is held to policies where a group is built on it."""
    world = World(tmp_path, way, {"a": ["derived"]}, "policies: {size: [{groups: [base], min: 28}]}\n")
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    world.write(base=27)
    plan = world.plan()
    report = world.apply(plan)

    assert before == world.held()
    assert {Outcome.REFUSED} == {result.outcome for result in report.results}
    assert ("", "base") in {(each.target, each.name) for each in plan.verdict.refusals}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_a_selection_judges_what_it_is_built_on(way, place, tmp_path):
    """Picking the derived group alone does not let it be built on a base that would be refused."""
    world = world_of(tmp_path, way, place)
    before = world.held()
    world.write(base=5)
    plan = world.plan(selection=Selection(("derived",)))
    report = world.apply(plan)

    assert before == world.held()
    assert {"derived"} == {change.name for change in plan.changes}
    assert {Outcome.REFUSED} == set(outcomes(report).values())
    assert "base" in {each.name for each in plan.verdict.refusals}


@pytest.mark.parametrize("saved", [False, True], ids=["at once", "a saved plan"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_a_selection_judges_dates_of_what_it_is_built_on(way, place, saved, tmp_path):
    """Who is to leave the base by a written date is judged where the derived group alone is picked."""
    world = world_of(tmp_path, way, place)
    before = world.held()
    world.write(base=30)
    path = world.root / "groups" / "all.yaml"
    dated = ", ".join(f"{{email: {name}, until: 2026-12-10}}" for name in PEOPLE[:25])
    base = f"members: [{dated}, {', '.join(PEOPLE[25:31])}]"
    path.write_text(path.read_text().replace("members_from: [{path: base.txt}]", base))
    plan = world.plan(selection=Selection(("derived",)))
    if saved:  # whoever wrote the file left out what speaks against it
        write_plan(replace(plan, verdict=Verdict()), tmp_path / "saved.plan")
        plan = engine.judge_again(world.project(), read_plan(tmp_path / "saved.plan"), backends=world.backends())
    report = world.apply(plan)

    assert before == world.held()
    assert {"derived"} == {change.name for change in plan.changes}
    assert {Outcome.REFUSED} == set(outcomes(report).values())
    (refusal, *_) = (each for each in plan.verdict.refusals if each.name == "base")
    assert "as it is written: 25 of 3" in refusal.summary
    grants = (parse_allow(f"remove:base<=25@{plan.digest}"),)
    assert () == world.plan(selection=Selection(("derived",)), grants=grants).verdict.refusals
    everything = world.plan()
    assert "derived" in {each.name for each in everything.verdict.refusals}
    grants = (parse_allow(f"remove:base<=25@{everything.digest}"),)
    assert () == world.plan(grants=grants).verdict.refusals


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"over two groups"}))
def test_a_saved_selection_is_still_refused_when_it_is_applied(way, tmp_path):
    """What refused the base when the plan was made holds when the file is applied, and an exception lets it through."""
    world = world_of(tmp_path, way, "same target")
    before = world.held()
    world.write(base=5)
    write_plan(world.plan(selection=Selection(("derived",))), tmp_path / "saved.plan")
    saved = read_plan(tmp_path / "saved.plan")
    again = engine.judge_again(world.project(), saved, backends=world.backends())
    world.apply(again)
    assert before == world.held()
    assert any(each.rule == "built_on" for each in again.verdict.refusals)

    grant = parse_allow(f"remove:base<=25@{saved.digest}")
    allowed = engine.judge_again(world.project(), saved, backends=world.backends(), grants=(grant,))
    assert "built_on" not in {each.rule for each in allowed.verdict.refusals}


# --- By memory --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_list_on_no_target_is_guarded_by_what_was_applied_last(way, tmp_path):
    """A list that goes nowhere is held against its size at the last run, as often as it is tried."""
    world = World(tmp_path, way, {"a": ["derived"]})
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    world.write(base=5)
    for _ in range(2):
        plan = world.plan()
        report = world.apply(plan)

        assert before == world.held()
        assert {Outcome.REFUSED} == {result.outcome for result in report.results}
        assert [("", "base", "removed_members")] == [
            (each.target, each.name, each.rule) for each in plan.verdict.refusals if each.name == "base"
        ]

    allowed = world.plan(grants=(parse_allow(f"remove:base<=25@{plan.digest}"),))
    assert "base" not in {each.because for each in allowed.verdict.refusals}


@pytest.mark.parametrize("way", ["include", "exclude", "restrict_to", "over two groups"])
def test_a_list_on_no_target_that_is_renamed_keeps_its_past(way, tmp_path):
    """Renaming it by `previously` in the edit that empties it is refused as without the rename, again and again."""
    world = World(tmp_path, way, {"a": ["derived"]})
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    world.write(base=5)
    path = tmp_path / "groups" / "all.yaml"
    text = path.read_text().replace("name: base,", "name: core, previously: [base],").replace("[base]}", "[core]}")
    path.write_text(text.replace("previously: [core]", "previously: [base]"))
    for _ in range(2):
        plan = world.plan()
        world.apply(plan)

        assert before == world.held()
        assert ("core", "removed_members") in {(each.name, each.rule) for each in plan.verdict.refusals}


@pytest.mark.parametrize("way", WAYS)
def test_a_base_on_a_target_that_is_not_opened_is_judged_by_memory(way, tmp_path):
    """With one target picked, a base on another one is held against its size at the last run."""
    world = world_of(tmp_path, way, "base elsewhere")
    before = world.held()
    world.write(base=5)
    plan = world.plan(only=["a"], targets=("a",))
    world.apply(plan, only=["a"])

    assert before == world.held()
    assert ("", "base") in {(each.target, each.name) for each in plan.verdict.refusals}


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"the config's exclude"}))
def test_what_was_built_on_a_group_when_it_was_applied_last_counts(way, tmp_path):
    """Deleting a list and the line that names it in one edit moves nobody while the deletion is refused."""
    world = world_of(tmp_path, way, "same target")
    before = world.held()
    world.write_without_base()
    for _ in range(2):
        plan = world.plan()
        report = world.apply(plan)

        assert before == world.held()
        assert {Outcome.REFUSED} == {result.outcome for result in report.results}
        assert {"base", "derived"} <= {result.name for result in report.results}


DROPPED = {
    "deleted": lambda world: world.write_without_base(),
    "cut": lambda world: world.write_without_reference(base=4),
}


@pytest.mark.parametrize("edit", DROPPED.values(), ids=DROPPED)
@pytest.mark.parametrize("run", ["selection", "another target", "no target"])
def test_what_was_built_on_a_list_counts_wherever_the_list_is(run, edit, tmp_path):
    """A line that is dropped as the list is cut lets nobody in, whatever is picked and wherever the list goes."""
    targets = {"selection": {"a": ["*"]}, "another target": PLACES["base elsewhere"], "no target": {"a": ["derived"]}}
    world = World(tmp_path, "exclude", targets[run])
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    edit(world)
    options = {
        "selection": {"selection": Selection(("derived",))},
        "another target": {"only": ["a"], "targets": ("a",)},
        "no target": {},
    }
    plan = world.plan(**options[run])
    report = world.apply(plan, only=options[run].get("only", ()))

    assert before == world.held()
    assert Outcome.REFUSED is outcomes(report)["a", "derived"]


def test_policies_judge_a_list_that_a_line_was_dropped_for(tmp_path):
    """A list on no target is held to policies, too, where a group was built on it when it was applied last."""
    world = World(tmp_path, "exclude", {"a": ["derived"]}, "policies: {size: [{groups: [base], min: 28}]}\n")
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    world.write_without_reference(base=27)
    world.apply(world.plan())

    assert before == world.held()


def test_a_target_that_agrees_proves_nothing_of_a_list_that_was_cut(tmp_path):
    """Somebody's edit on the target does not make a cut list believable: it is held against what was applied last."""
    world = world_of(tmp_path, "exclude", "same target")
    world.stores["a"].set_members("base", PEOPLE[:5])
    before = world.held()
    world.write(base=5)
    plan = world.plan()
    world.apply(plan)

    assert before == world.held()
    assert ("", "base", "removed_members") in {(each.target, each.name, each.rule) for each in plan.verdict.refusals}


def test_somebodys_edit_stops_no_legitimate_edit_elsewhere(tmp_path):
    """A list that many were added to by hand, and one by its definition, holds back nothing that is built on it."""
    world = world_of(tmp_path, "exclude", "same target")
    world.stores["a"].set_members("base", [*PEOPLE[:30], *(f"x{number}@example.com" for number in range(30))])
    world.write(base=31)
    plan = world.plan()

    assert {("base", "removed_members")} == {(each.name, each.rule) for each in plan.verdict.refusals}
    assert "derived" in {change.name for change in plan.changes}


def test_without_a_record_a_refused_deletion_holds_back_all_members(tmp_path):
    """Where nobody knows what was built on a list that goes, nobody is moved until its deletion is settled."""
    world = world_of(tmp_path, "exclude", "same target", is_remembered=False)
    before = world.held()
    world.write_without_base()
    plan = world.plan()
    world.apply(plan, is_remembered=False)

    assert before == world.held()
    summaries = {each.summary for each in plan.verdict.refusals if each.name == "derived"}
    assert "no record tells whether it was built on `base`, which is refused" in summaries


def test_once_applied_a_group_is_not_built_on_what_it_left(tmp_path):
    """A reference that was taken out and applied is forgotten, so that the group is held back no more."""
    world = world_of(tmp_path, "exclude", "same target")
    world.write(base=30)
    text = (tmp_path / "groups" / "all.yaml").read_text()
    (tmp_path / "groups" / "all.yaml").write_text(text.replace(", exclude: [base]", ", exclude: []"))
    world.apply(world.plan())
    world.write(base=5)
    (tmp_path / "groups" / "all.yaml").write_text(
        text.replace(", exclude: [base]", ", exclude: []").replace(
            "everybody.txt}]", "everybody.txt}, {path: more.txt}]"
        )
    )
    (tmp_path / "groups" / "more.txt").write_text("zoe@example.com\n")
    plan = world.plan()

    assert "base" in {each.name for each in plan.verdict.refusals}
    assert "derived" not in {each.name for each in plan.verdict.refusals}


def test_what_a_written_until_takes_from_a_list_on_no_target_is_no_shrinking(tmp_path):
    """People of such a list whose time has passed are counted as expired there, too."""
    world = World(tmp_path, "exclude", {"a": ["derived"]})
    world.write(base=30)
    dated = [f"{{email: {name}, until: 2026-11-01}}" for name in PEOPLE[:25]]
    listed = [*dated, *PEOPLE[25:30]]
    path = tmp_path / "groups" / "all.yaml"
    path.write_text(path.read_text().replace("members_from: [{path: base.txt}]", f"members: [{', '.join(listed)}]", 1))
    world.instant = datetime(2026, 10, 1, tzinfo=UTC)
    world.apply(world.plan())
    world.instant = NOW
    plan = world.plan()

    assert {"derived"} == {change.name for change in plan.changes}
    assert () == plan.verdict.refusals


def test_a_run_that_is_gone_on_with_keeps_what_was_refused(tmp_path):
    """A run that was cut short before it wrote anything down lets nothing through when it is gone on with."""
    world = world_of(tmp_path, "exclude", "same target")
    before = world.held()
    world.write(base=5)
    project = world.project()
    with Journal.of(project.config).run(world.plan(selection=Selection(("derived",)))):
        pass
    resumption = find_resumption(project, world.backends())
    again = engine.judge_again(project, resumption.plan, backends=world.backends())

    assert {"built_on"} == {each.rule for each in resumption.plan.verdict.refusals if each.name == "derived"}
    assert {"built_on"} == {each.rule for each in again.verdict.refusals if each.name == "derived"}
    assert {Outcome.REFUSED} == set(outcomes(world.apply(again)).values())
    assert before == world.held()


def test_a_limit_of_a_run_on_one_target_holds_the_same_groups_elsewhere(tmp_path):
    """What one target's limit stops is not done on the other, which is below its own."""
    world = World(tmp_path, "include", {"a": ["*"], "b": ["base"]}, limit="{refuse: {count: 7}}")
    world.write(base=30)
    world.apply(world.plan())
    before = world.held()
    world.write(base=26)
    plan = world.plan()
    world.apply(plan)

    assert before == world.held()
    assert [("a", "", "removed_in_run"), ("b", "base", "held")] == [
        (each.target, each.name, each.rule) for each in plan.verdict.refusals if each.rule != "built_on"
    ]


def test_what_is_told_says_what_follows_from_what(tmp_path):
    """The last lines of a plan name the cause, and each group the way to it."""
    world = world_of(tmp_path, "over two groups", "same target", "policies: {size: [{groups: [base], min: 28}]}\n")
    world.write(base=27)
    plan = world.plan(selection=Selection(("middle", "derived")))
    text = render_plan(plan)

    assert "built on `middle`, and that on `base`, which is refused" in " ".join(text.split())
    assert "2 changes follow from `base`, which is refused" in " ".join(text.split())
    assert "2 changes follow from `base`, which is refused" in render_plan_markdown(plan)
    assert "base" not in {change.name for change in plan.changes}


def test_nobody_moves_on_a_page_from_a_group_that_is_refused(tmp_path):
    """A page counts nobody as moved who comes or goes in changes that are refused."""
    world = world_of(tmp_path, "exclude", "same target")
    world.write(base=5)
    plan = world.plan()

    assert plan.changes
    assert Overlap() == plan_page(plan).overlap


def test_what_nobody_can_judge_is_said(tmp_path):
    """A list that goes nowhere is not guarded where no run is known: a warning says so, but not on the first run."""
    world = World(tmp_path, "include", {"a": ["derived"]})
    world.remembers = False
    world.write(base=30)
    first = world.plan()
    world.apply(first, is_remembered=False)
    world.write(base=5)
    forgotten = [each for each in world.plan().diagnostics if each.code == "GS818"]
    world.write(base=30)
    world.apply(world.plan())

    assert "GS818" not in {each.code for each in first.diagnostics}
    (said,) = [each.detail for each in forgotten]
    assert said.startswith("Not judged: `removed_members` of `base`, which no opened target has")
    assert "GS818" not in {each.code for each in world.plan().diagnostics}
