"""Targets that can't keep every attribute, and display names that only repeat the name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.model import Action, Group, Outcome
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.report.show import Status
from groupsync.sides import both_sides
from groupsync_memory.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GROUP = """\
kind: known-user-group
name: staff
display_name: Staff
description: Everybody who works here
labels: {tier: "1"}
members: [ada@example.com]
"""


@pytest.fixture
def world(tmp_path):
    """Return a project with one target that keeps display names alone, and a way to plan and apply."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "staff.yaml").write_text(GROUP)
    (tmp_path / "groupsync.yaml").write_text(
        "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n"
        f"targets:\n  there: {{plugin: memory, store: '{tmp_path}', attributes: [display_name]}}\n"
    )
    yield World(tmp_path)
    MemoryStore.drop(str(tmp_path))


class World:
    def __init__(self, root):
        self.root = root
        self.request = engine.Request(NOW)

    def run(self, work):
        project = load_project(load_config(self.root / "groupsync.yaml"), NOW)
        with open_targets(project.config, Plugins.discover({}), to_write=True) as backends:
            return work(project, backends)

    def plan(self):
        return self.run(lambda project, backends: engine.make_plan(project, backends, self.request))

    def apply(self):
        def plan_and_apply(project, backends):
            plan = engine.make_plan(project, backends, self.request)
            return engine.apply_plan(project, plan, backends)

        return self.run(plan_and_apply)

    def held(self):
        return MemoryStore.named(str(self.root)).groups["staff"]


def test_what_a_target_can_not_keep_is_not_planned_and_warned_of(world):
    """A create has the attributes that are kept; each of the others is one warning that names the target."""
    plan = world.plan()
    [change] = plan.changes

    assert ["display_name"] == [each.name for each in change.attributes]
    assert ["`description` of a group is not kept on there", "`labels` of a group is not kept on there"] == [
        each.summary for each in plan.diagnostics if each.code == "GS609"
    ]


def test_a_target_that_can_not_keep_an_attribute_converges(world):
    """After the apply nothing is left to do, and the two sides are the same."""
    report = world.apply()
    sides = world.run(lambda project, backends: [each.status for each in both_sides(project, backends, world.request)])

    assert [Outcome.APPLIED] == [result.outcome for result in report.results]
    assert ("Staff", None) == (world.held().display_name, world.held().description)
    assert () == world.plan().changes
    assert [Status.SAME] == sides


def test_a_display_name_that_repeats_the_name_says_nothing(world):
    """Where a target must have a display name, and has the name there, neither side differs from the other."""
    (world.root / "groups" / "staff.yaml").write_text(GROUP.replace("Staff", "staff"))
    world.apply()
    store = MemoryStore.named(str(world.root))
    store.put(replace(world.held(), display_name=None))

    assert () == world.plan().changes


def test_a_display_name_is_given_back_to_its_name(world):
    """A display name that becomes the name is a change like any other."""
    world.apply()
    (world.root / "groups" / "staff.yaml").write_text(GROUP.replace("Staff", "staff"))
    [change] = world.plan().changes

    assert (Action.UPDATE, ["display_name"]) == (change.action, [each.name for each in change.attributes])


@pytest.mark.parametrize(
    ("attribute", "value", "other", "same"),
    [
        ("display_name", None, "a", True),
        ("display_name", "a", "", True),
        ("display_name", "A", "a", False),
        ("description", None, "", True),
        ("description", None, "a", False),
        ("owners", (), None, True),
        ("labels", (("x", "1"),), (("x", "2"),), False),
    ],
)
def test_what_an_attribute_says(attribute, value, other, same):
    """Not set and empty say the same, and so does a display name that is the name."""
    assert same is Group("a", **{attribute: value}).says(attribute, other)
