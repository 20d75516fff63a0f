"""What is computed from a source that its guards refuse is shown, and neither applied nor built on nor remembered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal
from groupsync.memory import past_rows, remembered_links
from groupsync.model import Outcome
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan
from groupsync.project import load_project
from groupsync.recovery import find_resumption
from groupsync.report.html_data import plan_page
from groupsync.report.json import plan_document
from groupsync.report.markdown import render_plan_markdown
from groupsync.report.notes import notes_of_plan
from groupsync.report.plan_text import render_plan
from groupsync.report.sarif import render_sarif
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FRESH, OLD = "2026-11-23T01:00:00Z", "2026-11-21T00:00:00Z"
WAYS = {
    "include": "{kind: known-user-group, name: derived, members: [zoe@example.com], include: [older]}",
    "exclude": "{kind: known-user-group, name: derived, members_from: [{path: everybody.txt}], exclude: [older]}",
    "restrict_to": "{kind: known-user-group, name: derived, members_from: [{path: everybody.txt}],"
    " restrict_to: [older]}",
    "in_group": "{kind: segment, name: derived, source: others, where: {in_group: older}}",
    "the config's exclude": "{kind: known-user-group, name: derived, members_from: [{path: everybody.txt}]}",
    "over two groups": "{kind: known-user-group, name: derived, include: [middle]}\n---\n"
    "{kind: known-user-group, name: middle, members: [zoe@example.com], include: [older]}",
}
PLACES = {
    "same target": {"a": ["*"]},
    "base elsewhere": {"a": ["derived", "middle"], "b": ["older"]},
    "base nowhere": {"a": ["derived", "middle"]},
}


def person(number):
    return f"person-{number:03}@example.com"


def rows(count, *, odd=0, seen=FRESH):
    """So many customers, and rows that name nobody."""
    found = [{"email": person(number), "seen": seen} for number in range(1, count + 1)]
    return [*found, *({"email": "", "seen": seen} for _ in range(odd))]


GUARDS = {
    "min_rows": ("min_rows: 30", rows(40), rows(20), 10),
    "max_shrink": ("max_shrink: {percent: 10}", rows(40), rows(20), 20),
    "max_age": ("max_age: 26h", rows(40), rows(20, seen=OLD), 0),
    "max_null_ids": ("max_null_ids: {count: 2}", rows(40), rows(20, odd=3), 3),
}
"""By rule: how it is written, customers whom it lets pass and whom it does not, and what would have to be allowed."""


@dataclass
class World:
    """A shop with a segment, `older`, of all customers, and a group, `derived`, that is built on it."""

    root: Path
    guard: str = GUARDS["max_shrink"][0]
    way: str = "exclude"
    targets: dict[str, list[str]] = field(default_factory=lambda: PLACES["same target"])
    of_group: str = "{warn: off, refuse: off}"
    of_run: str = "{refuse: off}"
    stores: dict[str, MemoryStore] = field(default_factory=dict)

    def write(self, customers, groups=""):
        """Write the project with some customers."""
        options = {"id": "email", "updated_at": "seen", "types": {"seen": "instant"}}
        source = {**options, "plugin": "memory", "rows": customers}
        others = {**options, "plugin": "memory", "rows": rows(45)}
        targets = {name: {"plugin": "memory", "select": {"names": names}} for name, names in self.targets.items()}
        exclude = "exclude: [older]\n" if self.way == "the config's exclude" else ""
        (self.root / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups.yaml]\n"
            f"{exclude}targets: {json.dumps(targets)}\n"
            f"sources: {{customers: {{{self.guard}, {json.dumps(source)[1:-1]}}}, others: {json.dumps(others)}}}\n"
            "guards: {lost_every_group: {warn: off, refuse: off}, added_members: {warn: off},"
            f" removed_in_run: {self.of_run}, removed_members: {self.of_group}}}\n"
        )
        (self.root / "everybody.txt").write_text("".join(f"{person(number)}\n" for number in range(1, 61)))
        older = "{kind: segment, name: older, source: customers, where: {everyone: true}}"
        (self.root / "groups.yaml").write_text(f"{groups or WAYS[self.way]}\n---\n{older}\n")

    def project(self):
        return load_project(load_config(self.root / "groupsync.yaml"), NOW)

    def backends(self):
        return {
            name: checked(MemoryBackend, "groupsync", "0")(MemoryBackend(self.stores.setdefault(name, MemoryStore())))
            for name in self.targets
        }

    def plan(self, *grants, **options):
        self.planned = self.project()  # which keeps the members of segments that its plan has
        request = engine.Request(NOW, grants=tuple(map(parse_allow, grants)), **options)
        return engine.make_plan(self.planned, self.backends(), request)

    def saved(self, plan):
        """Save a plan and read it again."""
        write_plan(plan, self.root / "saved.plan")
        return read_plan(self.root / "saved.plan")

    def again(self, plan, *grants):
        """Judge a plan that was saved, as `groupsync apply PLAN` does."""
        grants = tuple(map(parse_allow, grants))
        return engine.judge_again(self.project(), self.saved(plan), backends=self.backends(), grants=grants)

    def apply(self, plan):
        project = self.project()
        report = engine.apply_plan(project, plan, self.backends(), journal=Journal.of(project.config))
        return {(result.target, result.name): result.outcome for result in report.results}

    def held(self):
        """Return who is in each group of each target."""
        return {
            (target, name): sorted(group.members.load())
            for target, store in self.stores.items()
            for name, group in store.groups.items()
        }

    def remembered(self):
        """Return how many customers the journal knows, and how many members `older` had when it was believed."""
        config = self.project().config
        links = remembered_links(config.journal, config.id)
        counts = links.counts if links else {}
        return past_rows(config.journal, config.id, {"customers": ""}).get("customers"), counts.get("older")


def begun(root, rule="max_shrink", **options):
    """Return a world whose customers were believed once, and of whom some are refused now."""
    guard, before, after, _ = GUARDS[rule]
    world = World(root, guard, **options)
    world.write(before)
    assert {Outcome.APPLIED} == set(world.apply(world.plan()).values())
    world.write(after)
    return world


def rules(plan):
    return {(each.target, each.name, each.rule) for each in plan.verdict.refusals}


def option(rule, plan):
    return f"{rule}:customers<={GUARDS[rule][3]}@{plan.digest[:16]}"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_computed_from_a_refused_source_is_not_built_on(way, place, tmp_path):
    """It is in the plan and refused, on every target and by every way to build on it; an exception lets it all by."""
    world = begun(tmp_path, way=way, targets=PLACES[place])
    held, remembered = world.held(), world.remembered()
    for _ in range(2):
        plan = world.plan()
        assert {("", "customers", "max_shrink"), ("a", "derived", "built_on")} <= rules(plan)
        assert {Outcome.REFUSED} == set(world.apply(plan).values())
        assert (held, remembered) == (world.held(), world.remembered())
        assert [True] == [each.refused for each in plan.sources if each.name == "customers"]

    allowed = world.plan(option("max_shrink", plan))
    assert set() == rules(allowed)
    assert {Outcome.APPLIED} == set(world.apply(allowed).values())
    assert 20 == world.remembered()[0]
    assert () == world.plan().changes


@pytest.mark.parametrize("rule", GUARDS)
def test_each_guard_of_a_source_shows_what_it_refuses(rule, tmp_path):
    """Counts and names are there to be looked at; what is allowed is what was shown, and no more than that."""
    world = begun(tmp_path, rule)
    plan = world.plan()
    changes = {change.name: change for change in plan.changes}
    gone = {person(number) for number in range(21, 41)}
    assert (gone, gone) == (changes["older"].remove.load(), changes["derived"].add.load())
    assert {("", "customers", rule), ("a", "older", "held"), ("a", "derived", "built_on")} == rules(plan)
    (refusal,) = (each for each in plan.verdict.refusals if each.is_about_source)
    assert f"--allow '{option(rule, plan)}'" in refusal.hint
    assert "is shown, and not applied" in refusal.hint

    if ceiling := GUARDS[rule][3]:
        short = world.plan(option(rule, plan).replace(f"<={ceiling}", f"<={ceiling - 1}"))
        assert rules(plan) == rules(short)
        assert ["GS810"] == [each.code for each in short.diagnostics if each.code == "GS810"]
    assert {Outcome.APPLIED} == set(world.apply(world.plan(option(rule, plan))).values())


@pytest.mark.parametrize("rule", GUARDS)
def test_a_saved_plan_waits_for_the_exception_and_then_does_what_was_shown(rule, tmp_path):
    """The file has who comes and goes; the source is judged by what the file says of it."""
    world = begun(tmp_path, rule)
    plan, held = world.plan(), world.held()
    again = world.again(plan)
    assert rules(plan) == rules(again)
    world.apply(again)
    assert held == world.held()

    allowed = world.again(plan, option(rule, plan))
    assert (set(), [False]) == (rules(allowed), [each.refused for each in allowed.sources if each.name == "customers"])
    assert {Outcome.APPLIED} == set(world.apply(allowed).values())
    assert (sorted(map(person, range(1, 21))), 20) == (world.held()["a", "older"], world.remembered()[1])


def test_allowing_the_source_allows_nothing_else(tmp_path):
    """Guards of groups judge what comes of it, and a limit of the run what is left."""
    world = begun(tmp_path, of_group="{refuse: {count: 5}}")
    plan = world.plan()
    assert {("a", "older", "removed_members"), ("a", "older", "held")} <= rules(plan)
    allowed = world.plan(option("max_shrink", plan))
    assert {("a", "older", "removed_members"), ("a", "derived", "built_on")} == rules(allowed)
    assert {Outcome.REFUSED} == set(world.apply(allowed).values())


def test_a_limit_of_the_run_judges_what_the_source_leaves(tmp_path):
    """Those who would go from a refused segment are none of those who go at once."""
    world = begun(tmp_path, of_run="{refuse: {count: 5}}")
    plan = world.plan()
    assert "removed_in_run" not in {each.rule for each in plan.verdict.refusals}
    assert ("a", "", "removed_in_run") in rules(world.plan(option("max_shrink", plan)))


def test_a_line_that_is_dropped_while_the_source_is_refused_lets_nobody_in(tmp_path):
    """By what was applied last the list is built on the segment."""
    world = begun(tmp_path)
    held = world.held()
    world.write(rows(20), WAYS["exclude"].replace(", exclude: [older]", ""))
    plan = world.plan()
    assert ("a", "derived", "built_on") in rules(plan)
    world.apply(plan)
    assert held == world.held()


def test_a_selection_is_judged_with_the_sources_that_it_is_built_on(tmp_path):
    """Picking the derived group alone does not let it be built on what is not believed."""
    world = begun(tmp_path)
    held, plan = world.held(), world.plan(selection=Selection(("derived",)))
    assert {("", "customers", "max_shrink"), ("a", "derived", "built_on")} == rules(plan)
    world.apply(plan)
    assert held == world.held()


def test_doubled_identifiers_stop_computing(tmp_path):
    """Nobody can say who belongs then: nothing is shown, and nothing can allow it."""
    world = begun(tmp_path)
    world.write([*rows(40), {"email": person(1).upper(), "seen": FRESH}])
    plan, held = world.plan(), world.held()
    assert ((), {("", "customers", "duplicate_ids")}) == (plan.changes, rules(plan))
    assert "--allow" not in plan.verdict.refusals[0].hint
    assert "No changes in what is not computed from a refused source." in render_plan(plan)
    with pytest.raises(ValueError, match="`duplicate_ids` is none of"):
        parse_allow(f"duplicate_ids:customers<=1@{plan.digest}")
    world.apply(plan)
    assert held == world.held()


def test_a_group_that_goes_by_its_own_definition_does_not_wait_for_its_source(tmp_path):
    """`state: absent` needs no customers."""
    world = begun(tmp_path)
    path = tmp_path / "groups.yaml"
    lists = "{kind: known-user-group, name: derived, members_from: [{path: everybody.txt}]}"
    world.write(rows(20), lists)
    path.write_text(path.read_text().replace("name: older,", "name: older, lifecycle: {state: absent},"))
    assert ("a", "older", "held") not in rules(world.plan())


def test_a_refused_source_that_changes_nobody_is_told(tmp_path):
    """There is nothing to apply, and what was found is not remembered."""
    world = begun(tmp_path)
    world.guard = "min_rows: 50"
    world.write(rows(40))
    plan = world.plan()
    assert ((), {("", "customers", "min_rows")}) == (plan.changes, rules(plan))
    assert "No changes, though the source customers is refused." in render_plan(plan)


def test_every_format_says_why(tmp_path):
    """Text, Markdown, HTML, JSON and SARIF have the source, each change with the reason, and what would allow it."""
    plan = begun(tmp_path).plan()
    why, allow = "its source `customers` is refused", f"max_shrink:customers<=20@{plan.digest[:16]}"
    text = " ".join(render_plan(plan).split())
    for part in (
        "! refused by max_shrink (groupsync.yaml:5): 20 of 40 customers are gone since the last run, and 4 may be",
        allow,
        f"! refused by held: {why}",
        "! refused by built_on: built on `older`, whose source `customers` is refused",
        "2 changes follow from the source `customers`, which is refused, and wait until that is settled.",
        "Or approve it in a reviewed file; --full prints it.",
    ):
        assert part in text
    markdown = render_plan_markdown(plan)
    assert "2 changes follow from the source `customers`" in markdown
    assert "20 customers, 1 segment, newest from 2026-11-23 01:00:00 UTC; **refused**" in markdown
    assert {"max_shrink", "held", "built_on"} == {each.tag for each in plan_page(plan).notices[0].items}
    document = plan_document(plan)
    assert {"max_shrink", "held", "built_on"} == {each["rule"] for each in document["verdict"]["refusals"]}
    assert ["max_shrink"] == document["sources"][0]["doubted_by"]
    assert "refused/held" in render_sarif(notes_of_plan(plan), "1")


# --- Altered plans ----------------------------------------------------------------------------------------------------


def with_source(plan, **values):
    sources = (replace(each, **values) if each.name == "customers" else each for each in plan.sources)
    return replace(plan, sources=tuple(sources))


def without_refusals(plan):
    return replace(plan, verdict=replace(plan.verdict, refusals=()))


FORGERIES = {
    "its refusals": (without_refusals, "max_shrink"),
    "its refusals, and that it is refused": (
        lambda plan: with_source(without_refusals(plan), refused=False),
        "max_shrink",
    ),
    "what it is": (lambda plan: without_refusals(replace(plan, sources=())), "saved_source"),
    "what its guards said": (lambda plan: with_source(without_refusals(plan), doubted_by=()), "max_shrink"),
    "how large it is": (lambda plan: with_source(without_refusals(plan), rows=40, refused=False), "max_shrink"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_plan_that_keeps_quiet_of_its_source_is_refused(forgery, tmp_path):
    """Guards judge what a file says of a source, and what it does not say is no good."""
    alter, rule = FORGERIES[forgery]
    world = begun(tmp_path)
    held, plan = world.held(), world.plan()
    again = world.again(sealed(alter(plan)))
    assert ("", "customers", rule) in rules(again)
    assert {Outcome.REFUSED} == set(world.apply(again).values())
    assert held == world.held()


def test_what_guards_said_of_a_source_is_part_of_what_was_reviewed(tmp_path):
    """Who takes it out of a file makes it another plan: its digest is not the one that was expected."""
    plan = begun(tmp_path).plan()
    forged = sealed(with_source(without_refusals(plan), rows=40, refused=False, doubted_by=()))
    assert plan.digest != forged.digest
    with pytest.raises(ConfigError, match="digest"):
        World(tmp_path).saved(replace(forged, digest=plan.digest))
    assert plan.digest == sealed(with_source(plan, rows=19)).digest


def test_a_guard_that_was_tightened_since_judges_a_saved_plan(tmp_path):
    """The file says how many customers there were."""
    world = World(tmp_path, "min_rows: 10")
    world.write(rows(40))
    plan = world.saved(world.plan())
    assert set() == rules(plan)
    world.guard = "min_rows: 50"
    world.write(rows(40))
    assert {("", "customers", "min_rows"), ("a", "older", "held"), ("a", "derived", "built_on")} == rules(
        world.again(plan)
    )


def test_a_plan_that_is_applied_late_is_not_told_that_customers_are_gone(tmp_path):
    """More of them were believed since: what the file has is older, and not smaller."""
    world = World(tmp_path)
    world.write(rows(20))
    old = world.saved(world.plan())
    world.write(rows(40))
    later = replace(world.plan(), as_of=NOW.replace(hour=13))
    world.apply(later)
    world.write(rows(20))
    assert ("", "customers", "max_shrink") not in rules(world.again(old))


# --- Approvals --------------------------------------------------------------------------------------------------------


def approve(world, plan, **values):
    """Write the approval that a plan offers."""
    (refusal,) = (each for each in plan.verdict.refusals if each.is_about_source)
    text = refusal.approval.replace('reason: ""', "reason: the shop in the north is sold")
    for key, value in values.items():
        text = "".join(f"{key}: {value}\n" if line.startswith(key) else f"{line}\n" for line in text.splitlines())
    (world.root / "approvals").mkdir(exist_ok=True)
    (world.root / "approvals" / "customers.yaml").write_text(text)


@pytest.mark.parametrize("rule", GUARDS)
def test_an_approval_lets_a_source_pass_once(rule, tmp_path):
    """It is about the source, bound to its segments and to what was seen, and used up by the run that used it."""
    world = begun(tmp_path, rule)
    plan = world.plan()
    approve(world, plan)
    approved = world.plan()
    assert set() == rules(approved)
    assert [f"{rule}:customers<={GUARDS[rule][3]}"] == [str(each) for each in approved.verdict.allowances]
    assert {Outcome.APPLIED} == set(world.apply(approved).values())


def test_a_run_that_an_approval_let_through_is_gone_on_with(tmp_path):
    """What it began to apply is believed by then, so that nothing speaks against the rest."""
    world = begun(tmp_path)
    approve(world, world.plan())
    plan, project, stops = world.plan(), world.project(), iter([False, True])
    report = engine.apply_plan(
        project, plan, world.backends(), stopped=lambda: next(stops, True), journal=Journal.of(project.config)
    )
    assert {Outcome.APPLIED, Outcome.NOT_TRIED} == {each.outcome for each in report.results}
    project, backends = world.project(), world.backends()
    found = find_resumption(project, backends)
    rest = engine.judge_again(project, found.plan, backends=backends, resumption=found)
    assert set() == rules(rest)
    done = engine.apply_plan(project, rest, backends, settled=found.settled)
    assert {Outcome.APPLIED} == {each.outcome for each in done.results}


def test_an_approval_is_worth_nothing_for_another_past_or_definition(tmp_path):
    """What is compared with was seen, and so was whom the condition takes."""
    world = begun(tmp_path)
    approve(world, world.plan())
    path = tmp_path / "groups.yaml"
    path.write_text(path.read_text().replace("{everyone: true}", "{not: {email: zoe@example.com}}"))
    plan = world.plan()
    assert ("", "customers", "max_shrink") in rules(plan)
    assert "GS811" in {each.code for each in plan.diagnostics}


def test_an_approval_of_a_source_names_the_source(tmp_path):
    """A group or target in its place is an error that says what it is about; an unknown source is worth nothing."""
    world = begun(tmp_path)
    approve(world, world.plan())
    path = tmp_path / "approvals" / "customers.yaml"
    text = path.read_text()
    path.write_text(text.replace("source: customers", "group: older"))
    with pytest.raises(InvalidDefinitions) as caught:
        world.project()
    assert ["An approval of the kind `max_shrink` is about a source"] == [e.summary for e in caught.value.diagnostics]
    path.write_text(text.replace("source: customers", "source: crm"))
    assert "GS814" in {each.code for each in world.project().findings}
