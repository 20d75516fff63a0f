"""What a written date will do is in the plan that introduces it, and guards judge it then."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from groupsync import engine
from groupsync.approvers import approvers_of
from groupsync.config import load_config
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal
from groupsync.model import Outcome, Verdict
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan
from groupsync.project import load_project
from groupsync.report.html_data import plan_page
from groupsync.report.markdown import render_plan_markdown
from groupsync.report.plan_text import render_plan
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = datetime(2026, 12, 1, tzinfo=UTC)
AFTER = DAY + timedelta(hours=1)
CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: memory}}
guards: {removed_in_run: {refuse: off}, lost_every_group: {warn: off, refuse: off}}
"""
PEOPLE = [f"person-{number:03}@example.com" for number in range(1, 101)]


@dataclass
class World:
    """A project whose definitions are written anew as time goes by."""

    root: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    now: datetime = NOW

    def write(self, *definitions):
        (self.root / "groups").mkdir(exist_ok=True)
        (self.root / "groupsync.yaml").write_text(CONFIG)
        (self.root / "groups" / "customers.txt").write_text("".join(f"{name}\n" for name in PEOPLE))
        (self.root / "groups" / "all.yaml").write_text("\n---\n".join(definitions) + "\n")

    def project(self):
        return load_project(load_config(self.root / "groupsync.yaml"), self.now)

    def backends(self):
        return {"there": checked(MemoryBackend, "groupsync", "0")(MemoryBackend(self.store))}

    def plan(self, **options):
        return engine.make_plan(self.project(), self.backends(), engine.Request(self.now, **options))

    def apply(self, plan, *, is_remembered=True):
        project = self.project()
        journal = Journal.of(project.config) if is_remembered else None
        return engine.apply_plan(project, plan, self.backends(), journal=journal)

    def count(self, name):
        return self.store.groups[name].members.count


def customers(more=""):
    return (
        "{kind: known-user-group, name: customers, owners: [growth@contoso.com],"
        f" members_from: [{{path: customers.txt}}]{more}}}"
    )


def listed(name, people, ending=0):
    entries = [f"{{email: {each}, until: 2026-12-01}}" for each in people[:ending]] + people[ending:]
    return f"{{kind: known-user-group, name: {name}, members: [{', '.join(entries)}]}}"


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.write(customers())
    made.apply(made.plan())
    return made


def test_a_date_that_ends_a_group_is_shown_judged_and_asked_about_when_it_is_written(world):
    """One line with an `until` for everybody is no empty plan: it is refused as the removal that it will be."""
    world.write(customers(", until: 2026-12-01"))
    plan = world.plan()
    text = " ".join(render_plan(plan).split())

    assert () == plan.changes
    assert [(DAY, 0, 100, 100, True)] == [
        (each.at, each.entering, each.leaving, each.ending, each.is_new) for each in plan.later
    ]
    assert "Later, by what is written: 2026-12-01 00:00:00 UTC customers: 100 members leave (new or changed)" in text
    assert "by 2026-12-01 00:00:00 UTC, as it is written: 100 of 100 members would go" in text
    assert {"removed_members", "emptied_group"} == {each.rule for each in plan.verdict.refusals}
    assert ["growth@contoso.com"] == [each.owner for each in approvers_of(plan).approvers]
    assert "`customers`: 100 members leave (new or changed)" in render_plan_markdown(plan)
    assert "customers: 100 members leave (new or changed)" in str(plan_page(plan).notices)


def test_a_date_that_was_refused_is_refused_again_when_it_comes(world):
    """Who ignores the refusal gains nothing: on the day the removal is judged as any other."""
    world.write(customers(", until: 2026-12-01"))
    world.apply(world.plan())
    world.now = AFTER
    plan = world.plan()
    world.apply(plan)

    assert 100 == world.count("customers")
    (refusal,) = [each for each in plan.verdict.refusals if each.rule == "removed_members"]
    assert "100 of them have expired, and no applied plan had shown that date" in refusal.summary


def test_a_date_that_was_allowed_and_applied_comes_without_a_refusal(world):
    """An exception for the date is remembered with it, so that guards only warn on the day."""
    world.write(customers(", until: 2026-12-01"))
    digest = world.plan().digest
    grants = tuple(parse_allow(f"{kind}:customers<=100@{digest}") for kind in ("remove", "empty"))
    plan = world.plan(grants=grants)
    assert () == plan.verdict.refusals
    world.apply(plan)
    assert [False] == [each.is_new for each in world.plan().later]
    assert () == approvers_of(world.plan()).groups

    world.now = AFTER
    on_the_day = world.plan()
    assert () == on_the_day.verdict.refusals
    assert {Outcome.APPLIED} == {each.outcome for each in world.apply(on_the_day).results}
    assert 0 == world.count("customers")


def test_without_a_memory_no_date_is_new_and_none_was_announced(world):
    """Where no run is known a date ahead can't be told from an old one; an expiry is a removal."""
    shutil.rmtree(world.root / ".groupsync")
    world.write(customers(", until: 2026-12-01"))
    plan = world.plan()
    assert ([False], ()) == ([each.is_new for each in plan.later], plan.verdict.refusals)
    assert () == approvers_of(plan).groups
    assert ["GS818"] == [each.code for each in plan.diagnostics]

    world.now = AFTER
    assert {"removed_members", "emptied_group"} == {each.rule for each in world.plan().verdict.refusals}


def test_an_end_in_small_steps_is_an_end(world):
    """Whoever gives an `until` to a few at a time is refused where all of them together would be."""
    few = PEOPLE[:10]
    world.write(customers(), listed("trial", few))
    world.apply(world.plan())
    world.write(customers(), listed("trial", few, ending=5))
    first = world.plan()
    assert () == first.verdict.refusals
    world.apply(first)
    world.write(customers(), listed("trial", few, ending=10))

    assert {"removed_members", "emptied_group"} == {each.rule for each in world.plan().verdict.refusals}


def test_what_a_date_takes_away_by_a_reference_is_exempt_on_the_day_too(world):
    """People who leave because a list that the group is restricted to has a date were shown, and may go."""
    few = PEOPLE[:20]
    both = "{kind: known-user-group, name: both, members_from: [{path: customers.txt}], restrict_to: [trial]}"
    world.write(customers(), listed("trial", few), both)
    world.apply(world.plan())
    world.write(customers(), listed("trial", few, ending=9), both)
    digest = world.plan().digest
    grants = tuple(parse_allow(f"remove:{name}<=9@{digest}") for name in ("trial", "both"))
    world.apply(world.plan(grants=grants))
    world.now = AFTER

    assert ({"both", "trial"}, ()) == ({each.name for each in world.plan().changes}, world.plan().verdict.refusals)


def test_a_date_that_was_shown_stays_known_by_a_new_name(world):
    """A rename before the day makes nothing new of it."""
    few = PEOPLE[:20]
    world.write(customers(), listed("trial", few, ending=5))
    world.apply(world.plan())
    world.write(
        customers(), listed("testers", few, ending=5).replace("name: testers", "name: testers, previously: [trial]")
    )
    plan = world.plan()

    assert ["testers"] == [change.name for change in plan.changes]
    assert [False] == [each.is_new for each in plan.later]


def test_people_who_enter_later_are_shown(world):
    """Somebody with a `from` ahead is in the plan of today, and their owner is asked."""
    world.write(customers(", members: [{email: mallory@example.com, from: 2026-12-01}]"))
    plan = world.plan()

    assert [(DAY, 1, 0)] == [(each.at, each.entering, each.leaving) for each in plan.later]
    assert "customers: 1 member enters (new or changed)" in render_plan(plan)
    assert ["growth@contoso.com"] == [each.owner for each in approvers_of(plan).approvers]


def test_dates_of_a_list_are_shown_for_what_is_built_on_it(world):
    """Who leaves a list on a date enters what excludes it: that, too, is in the plan."""
    listed = "[{email: person-001@example.com, until: 2026-12-01}]"
    world.write(f"{{kind: known-user-group, name: blocked, members: {listed}}}", customers(", exclude: [blocked]"))
    assert [("blocked", 0, 1), ("customers", 1, 0)] == [
        (each.name, each.entering, each.leaving) for each in world.plan().later
    ]


def test_a_new_group_that_is_born_with_an_end_is_not_emptied(world):
    """Only memberships that exist and get an end are judged."""
    world.write(customers(), customers(", until: 2026-12-01").replace("customers,", "trial,", 1))
    plan = world.plan()

    assert () == plan.verdict.refusals
    assert [("trial", 100, 100)] == [(each.name, each.leaving, each.ending + 100) for each in plan.later]


def test_a_saved_plan_holds_what_dates_will_do(world, tmp_path):
    """Dates are in the file and in its digest, and are judged again when it is applied."""
    world.write(customers(", until: 2026-12-01"))
    plan = world.plan()
    write_plan(plan, tmp_path / "saved.plan")
    saved = read_plan(tmp_path / "saved.plan")
    again = engine.judge_again(world.project(), saved, backends=world.backends())

    assert plan.later == saved.later
    assert {"removed_members", "emptied_group"} == {each.rule for each in again.verdict.refusals}
    world.write(customers())
    assert plan.digest != world.plan().digest


def test_dates_beyond_ninety_days_are_counted_and_judged(world):
    """The horizon is for showing: what happens after it is refused all the same."""
    world.write(customers(", until: 2028-02-29"))
    plan = world.plan()

    text = " ".join(render_plan(plan).split())
    assert (
        "After 90 days: 1 date in 1 group, the last on 2028-02-29 00:00:00 UTC; 1 of these is new or changed." in text
    )
    assert {"removed_members", "emptied_group"} == {each.rule for each in plan.verdict.refusals}


FORGED = {
    "announced": lambda later: replace(later, is_new=False),
    "nobody there": lambda later: replace(later, members=0, ending=0),
    "fewer": lambda later: replace(later, leaving=1),
    "another day": lambda later: replace(later, at=later.at + timedelta(days=1)),
    "other people": lambda later: replace(later, digest="0" * 16),
    "other owners": lambda later: replace(later, owners=("mallory@example.com",)),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_a_file_says_of_dates_is_not_believed(forge, world, tmp_path):
    """A date that was made harmless in the file is judged by what is written, or the file is found out."""
    world.write(customers(", until: 2026-12-01"))
    plan = world.plan()
    write_plan(sealed(replace(plan, later=tuple(map(forge, plan.later)))), tmp_path / "saved.plan")
    saved = read_plan(tmp_path / "saved.plan")
    saved = replace(saved, verdict=Verdict())
    again = engine.judge_again(world.project(), saved, backends=world.backends())
    world.apply(again)

    assert {"removed_members", "saved_plan"} & {each.rule for each in again.verdict.refusals}
    world.now = AFTER
    assert "removed_members" in {each.rule for each in world.plan().verdict.refusals}


def test_what_a_file_says_of_links_is_not_remembered(tmp_path):
    """How large a list is that others are built on is worked out again before it becomes the past."""
    world = World(tmp_path)
    listed = "{kind: known-user-group, name: blocked, members_from: [{path: customers.txt}]}"
    world.write(listed, "{kind: known-user-group, name: open, members: [zoe@example.com], exclude: [blocked]}")
    plan = world.plan()
    forged = tuple(replace(each, count=1) if each.name == "blocked" else each for each in plan.links)
    write_plan(sealed(replace(plan, links=forged)), tmp_path / "saved.plan")
    again = engine.judge_again(world.project(), read_plan(tmp_path / "saved.plan"), backends=world.backends())

    assert {"blocked": 100} == {each.name: each.count for each in again.links if each.count is not None}


def test_a_date_that_was_shown_is_not_judged_anew_when_other_people_come_and_go(world):
    """A group with an end of its own changes every day: its date stays known, and so it does when it is put off."""
    born = customers(", until: 2027-01-15").replace("customers,", "trial,", 1)
    world.write(customers(), born)
    world.apply(world.plan())
    world.write(customers(), born.replace("}]", "}], members: [zoe@example.com]"))
    plan = world.plan()
    assert (["trial"], ()) == ([change.name for change in plan.changes], plan.verdict.refusals)
    assert [("trial", 101, 0, False)] == [(each.name, each.leaving, each.ending, each.is_new) for each in plan.later]
    world.apply(plan)

    world.write(customers(), born.replace("2027-01-15", "2027-06-15"))
    assert [0] == [each.ending for each in world.plan().later]
    assert () == world.plan().verdict.refusals
    world.write(customers(), born.replace("2027-01-15", "2026-12-15"))
    assert {"removed_members"} == {each.rule for each in world.plan().verdict.refusals}
