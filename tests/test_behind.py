"""What a narrowed run leaves behind is said, as far as it can be told."""

from __future__ import annotations

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.facade import checked
from groupsync.model import Group, Mark, Members
from groupsync.project import load_project
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW

ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: memory}}
"""
BASE = f"{{kind: known-user-group, name: base, members: [{ADA}, {BOB}]}}"
WAYS = {
    "include": "include: [base]",
    "exclude": f"members: [{ADA}, {CY}], exclude: [base]",
    "restrict_to": f"members: [{ADA}, {CY}], restrict_to: [base]",
    "pattern": "include: [{match: 'b*'}]",
}


class World:
    """A project with one target in memory, on which `base` is as it was last applied: without Bob."""

    def __init__(self, folder):
        self.folder = folder
        self.store = MemoryStore()
        self.definitions = [BASE]
        self.hold("base", ADA)

    def hold(self, name, *members, project="shop"):
        """Put a group on the target, as it was applied last."""
        applied = Members.of(members)
        marked = Mark(project, applied.digest, applied.count, "email/fold") if project else None
        self.store.put(Group(name, members=Members.of(members), mark=marked))

    def define(self, name, keys):
        self.definitions.append(f"{{kind: known-user-group, name: {name}, {keys}}}")

    def told(self, *names, labels=()):
        """Return what a plan for some groups says of others, without the code."""
        (self.folder / "groups").mkdir(exist_ok=True)
        (self.folder / "groups" / "a.yaml").write_text("\n---\n".join(self.definitions))
        (self.folder / "groupsync.yaml").write_text(CONFIG)
        project = load_project(load_config(self.folder / "groupsync.yaml"), NOW)
        request = engine.Request(NOW, selection=Selection(names, labels))
        plan = engine.make_plan(
            project, {"there": checked(MemoryBackend, "groupsync-memory", "1")(MemoryBackend(self.store))}, request
        )
        return [each for each in plan.diagnostics if each.code == "GS619"]

    def summaries(self, *names):
        return [each.summary for each in self.told(*names)]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_built_on_the_selection_is_told(world, way):
    """By whatever key a group is built on a selected one, it is named where it would change."""
    world.define("top", WAYS[way])
    world.hold("top", "old@example.com")
    assert ["`top` is built on `base` and is not in this run"] == world.summaries("base")


def test_only_what_would_change_is_told(world):
    """A group that has what its definition says is left out, and so is a run of everything."""
    world.define("top", f"include: [base], members: [{BOB}]")
    world.hold("top", ADA, BOB)
    assert [] == world.summaries("base")
    world.define("other", "include: [base]")
    world.hold("other", ADA)
    assert ["`other` is built on `base` and is not in this run"] == world.summaries("base")
    assert [] == world.summaries()
    assert [] == world.summaries("base", "other")


def test_it_is_told_after_the_base_was_applied(world):
    """What the mark says was applied last decides, so that a second run does not read as if all were done."""
    world.hold("base", ADA, BOB)
    world.define("top", "include: [base]")
    world.hold("top", ADA)
    assert ["`top` is built on `base` and is not in this run"] == world.summaries("base")


def test_it_is_told_over_several_steps(world):
    """A group that is built on one that is built on the selection waits for it, too; all are in one finding."""
    world.define("middle", "include: [base]")
    world.define("top", f"include: [middle], members: [{CY}]")
    for name in ("middle", "top"):
        world.hold(name, ADA)
    [found] = world.told("base")
    assert "2 groups that are built on the selection are not in this run" == found.summary
    assert "By the definitions they would change on there: `middle` (built on `base`), `top` (built on `base`)." == (
        found.detail
    )
    assert "To take them along: `--select middle --select top`." == found.hint
    assert [] == world.told("base", "middle", "top")


def test_a_group_that_is_not_there_yet_waits(world):
    """A group that is still to be created is named; one that nobody's mark is on is not ours to speak of."""
    world.define("top", "include: [base]")
    assert ["`top` is built on `base` and is not in this run"] == world.summaries("base")
    world.hold("top", CY, project=None)
    assert [] == world.summaries("base")


@pytest.mark.parametrize("lifecycle", ["authoritative", "additive"])
def test_without_a_record_only_what_the_run_changes_tells(world, lifecycle):
    """Where no mark tells what was applied, a group waits if what it is built on changes here, and not otherwise."""
    world.define("top", f"include: [base], lifecycle: {{mode: {lifecycle}}}")
    world.hold("top", ADA)
    if lifecycle == "authoritative":
        world.store.put(Group("top", members=Members.of([ADA]), mark=Mark("shop", "", 0, "email/fold")))
    assert ["`top` is built on `base` and is not in this run"] == world.summaries("base")
    world.hold("base", ADA, BOB)
    assert [] == world.summaries("base")


def test_a_broken_file_of_another_group_does_not_stop_the_run(world):
    """What is wrong with the members of a group that is not selected stays with that group."""
    world.define("top", "include: [base], members_from: [{path: ../nowhere.txt}]")
    world.hold("top", ADA)
    assert ["`top` is built on `base` and is not in this run"] == world.summaries("base")


def test_a_selection_by_labels_hints_at_the_whole_run(world):
    """Another `--select` would narrow such a selection and not widen it."""
    world.definitions = [BASE.replace("name: base", "name: base, labels: {a: b}")]
    world.define("top", "include: [base]")
    [found] = world.told(labels=(("a", "b"),))
    assert "Plan without a selection." == found.hint
