"""A run that broke off is told by the mark of the group, on any machine, and nobody takes half of it for the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.convert import mark_record, read_mark
from groupsync.drifted import Past, find_drift
from groupsync.errors import BackendError
from groupsync.model import Action, Mark, Members, Outcome
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.report.text import render_drift
from groupsync.retry import Retries, RetryPolicy
from groupsync_memory.store import MemoryStore
from tests.plans import people

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ONCE = Retries(RetryPolicy(attempts=1), sleep=lambda seconds: False)
MARK = Mark("shop", people(3).digest, 3, "email/fold", name="staff")


class World:
    """A project with one group on a target that takes two members a write, and no journal."""

    def __init__(self, root):
        self.root = root
        (root / "groups").mkdir()
        (root / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n"
            f"targets:\n  there: {{plugin: memory, store: '{root}', bulk_limit: 2}}\n"
        )

    @property
    def store(self):
        return MemoryStore.named(str(self.root))

    def define(self, members):
        text = f"kind: known-user-group\nname: staff\nmembers: [{', '.join(sorted(members.load()))}]\n"
        (self.root / "groups" / "staff.yaml").write_text(text)

    def run(self, work):
        project = load_project(load_config(self.root / "groupsync.yaml"), NOW)
        with open_targets(project.config, Plugins.discover({}), to_write=True) as backends:
            return work(project, backends, engine.make_plan(project, backends, engine.Request(NOW)))

    def apply(self):
        return self.run(lambda project, backends, plan: engine.apply_plan(project, plan, backends, retry=ONCE))

    def looked_at(self):
        """Return the plan, what accept would offer, and what drift says."""

        def look(project, backends, plan):
            desired = {each.group.name: each for each in project.resolution.groups}
            return plan, find_drift(plan, desired, Past()), " ".join(render_drift(plan).split())

        return self.run(look)


@pytest.fixture
def world(tmp_path):
    yield World(tmp_path)
    MemoryStore.drop(str(tmp_path))


@pytest.mark.parametrize("before", [Members.of(()), people(5)], ids=["create", "update"])
@pytest.mark.parametrize("nth", [2, 3])
def test_a_run_that_broke_off_is_told_and_nothing_of_it_is_kept(world, before, nth):
    """Plan and drift say so, accept offers nothing, and the next apply goes on with it."""
    world.define(before)
    assert not before.count or [Outcome.APPLIED] == [each.outcome for each in world.apply().results]
    world.define(people(7, 3))
    world.store.fail("apply", nth, error=BackendError("no space left"))
    world.apply()
    plan, drifted, words = world.looked_at()
    [change] = plan.changes

    assert (Action.UPDATE, "a run broke off here, and this goes on with it") == (change.action, change.reason)
    assert ((), (("there", "staff"),)) == (drifted.items, drifted.broken)
    assert "No drift: none of 1 group" in words
    assert "In 1 group a run broke off: the next apply goes on with it." in words
    assert [] == [each.code for each in plan.diagnostics if each.code == "GS606"]
    assert [Outcome.APPLIED] == [each.outcome for each in world.apply().results]
    plan = world.looked_at()[0]
    assert (people(7, 3), (), ()) == (world.store.groups["staff"].members, plan.changes, plan.drift)


def test_a_group_that_lacks_nothing_but_its_mark_gets_it(world):
    """Where the last answer alone was lost, the mark is written, once."""
    world.define(people(3))
    world.apply()
    held = world.store.groups["staff"]
    world.store.put(replace(held, mark=held.mark.unfinished()))
    [change] = world.looked_at()[0].changes
    world.apply()

    assert (Action.UPDATE, False) == (change.action, change.touches_members)
    assert MARK == world.store.groups["staff"].mark
    assert () == world.looked_at()[0].changes


def test_a_mark_of_an_earlier_version_changes_nothing(world):
    """It has no name, and gets one when it is written for another reason."""
    world.define(people(3))
    world.apply()
    held = world.store.groups["staff"]
    world.store.put(replace(held, mark=replace(held.mark, name="")))

    assert () == world.looked_at()[0].changes
    world.define(people(4))
    world.apply()
    assert "staff" == world.store.groups["staff"].mark.name


def test_marks_are_read_as_they_were_written_by_any_version():
    """One without a name, an unfinished one, and one with what a later version added."""
    first = mark_record(replace(MARK, name=""))

    assert {"project", "digest", "count", "identity", "prevent_delete"} == first.keys()
    for mark in (MARK, replace(MARK, name=""), MARK.unfinished()):
        found = read_mark(mark_record(mark))
        assert (mark, mark.name, mark.is_finished) == (found, found.name, found.is_finished)
    assert MARK == read_mark({**mark_record(MARK), "census": 12})
