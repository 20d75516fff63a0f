"""How often a target is asked for a group's members: once in a look at it, since each time may take requests.

The target here vouches for no digest, so that whoever wants to know who is in a group has to ask.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import engine
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.diff import Context, compare
from groupsync.identity import Identity
from groupsync.journal import Journal
from groupsync.journal_read import find_run
from groupsync.model import Group, Lifecycle, Mark, Members, Mode, Outcome, Snapshot, encode_members
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.recovery import undo_plan
from groupsync.report.json import render_show_json
from groupsync.report.show import render_show
from groupsync.resolve import resolve
from groupsync.retry import Retries
from groupsync.scope import Wanted, scope
from groupsync.sides import both_sides
from groupsync.verify import rests_of
from groupsync_memory.store import MemoryStore
from tests.plans import people
from tests.worlds import NOW, HeldFiles, definition

ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
PROJECT = "shop"
MANY = 1_200
"""More than a plan holds by name."""
NO_GUARDS = {
    "removed_members": {"warn": "off", "refuse": "off"},
    "emptied_group": "off",
    "lost_every_group": {"warn": "off", "refuse": "off"},
    "removed_in_run": {"refuse": "off"},
    "deleted_groups": {"refuse": "off"},
}
"""They look into groups of their own accord."""
TOUCHED = {
    "edited", "pending", "described", "additive", "unmanaged", "large", "old", "gone", "gone-large", "left", "adopted",
}  # fmt: skip


class World:
    """A project, and a target in memory with one group for everything that can become of one."""

    def __init__(self, root, revisions):
        self.root, self.store = root, MemoryStore.named(str(root))
        self.revisions = revisions
        for name, members, applied in [
            ("same", [ADA, BOB], [ADA, BOB]),
            ("edited", [ADA, CY], [ADA, BOB]),
            ("pending", [ADA], [ADA]),
            ("described", [ADA, BOB], [ADA, BOB]),
            ("additive", [ADA, CY], [ADA]),
            ("unmanaged", [ADA], [ADA]),
            ("large", people(MANY), people(MANY)),
            ("old", [ADA, BOB], [ADA, BOB]),
            ("gone", [ADA], [ADA]),
            ("gone-large", people(MANY), people(MANY)),
            ("left", [ADA], [ADA]),
            ("adopted", [ADA, BOB], None),
            ("strange", [ADA], None),
        ]:
            last = None if applied is None else Members.of(applied)
            mark = last and Mark(PROJECT, last.digest, last.count, "email/fold")
            self.store.put(Group(name, members=Members.of(members), mark=mark))
        self.define()

    def define(self):
        target = {"plugin": "memory", "store": str(self.root), "digests": False, "revisions": self.revisions}
        config = {"version": 1, "project": PROJECT, "definitions": ["groups.yaml"], "guards": NO_GUARDS}
        config["adopt"] = {"match": ["adopted"]}
        config["targets"] = {"there": target, "elsewhere": {"plugin": "memory", "store": f"{self.root} elsewhere"}}
        (self.root / "groupsync.yaml").write_text(json.dumps(config))
        groups = {
            "same": {"members": [ADA, BOB]},
            "edited": {"members": [ADA, BOB]},
            "pending": {"members": [ADA, BOB]},
            "described": {"members": [ADA, BOB], "display_name": "Beta"},
            "additive": {"members": [ADA], "lifecycle": {"mode": "additive"}, "display_name": "Beta"},
            "unmanaged": {"display_name": "Beta"},
            "large": {"members_from": [{"path": "large.txt"}], "until": "2026-01-01"},
            "new": {"members": [ADA, BOB], "previously": ["old"]},
            "left": {"members": [ADA], "targets": ["elsewhere"]},
            "adopted": {"members": [ADA, BOB], "lifecycle": {"adopt": True}},
        }
        (self.root / "large.txt").write_bytes(encode_members(people(MANY)))
        documents = [{"kind": "known-user-group", "name": name, **rest} for name, rest in groups.items()]
        (self.root / "groups.yaml").write_text("\n---\n".join(map(json.dumps, documents)))
        self.project = load_project(load_config(self.root / "groupsync.yaml"), NOW)

    def open(self):
        return open_targets(self.project.config, Plugins.discover(), ["there"], to_write=True)

    def plan(self, backends):
        return engine.make_plan(self.project, backends, engine.Request(NOW, retry=patience()))

    def asked(self):
        """Return by group how often its members were asked for since this was called last."""
        found = dict(self.store.asked)
        self.store.asked.clear()
        return found


def patience():
    return Retries(sleep=lambda seconds: False)


@pytest.fixture(params=[True, False], ids=["revisions", "no revisions"])
def world(request, tmp_path):
    yield World(tmp_path, request.param)
    MemoryStore.drop(str(tmp_path))
    MemoryStore.drop(f"{tmp_path} elsewhere")


def test_a_plan_asks_once_for_the_members_of_each_group(world):
    """An edited group too: what it differs in, how it stands to its mark and what it is changed on is one answer."""
    with world.open() as backends:
        plan = world.plan(backends)

    assert TOUCHED == {change.prior_name for change in plan.changes}
    # What is left to others keeps its members, so that they matter only where they stand in for a revision.
    left = {"left"} if world.revisions else set()
    assert dict.fromkeys((TOUCHED | {"same"}) - left, 1) == world.asked()


def test_an_apply_asks_once_before_and_once_after(world):
    """What is there is compared with the plan where there is no revision, and what came of it is looked at."""
    with world.open() as backends:
        plan = world.plan(backends)
        world.asked()
        report = engine.apply_plan(world.project, plan, backends, retry=patience())

    assert {Outcome.APPLIED} == {result.outcome for result in report.results}
    before = set() if world.revisions else TOUCHED
    after = {change.name for change in plan.changes if change.mark}
    # Of as many as go from `large` a plan holds no names: they are worked out again.
    assert Counter(before) + Counter(after) + Counter(["large"]) == world.asked()


def test_an_undo_asks_at_most_once_to_see_what_was_done_and_once_to_take_it_back(world):
    """What is held is not what was looked at: whoever changes a group between the two is found out."""
    with world.open() as backends:
        journal = Journal.of(world.project.config)
        engine.apply_plan(world.project, world.plan(backends), backends, journal=journal, retry=patience())
        world.asked()
        run = find_run(world.project.config.journal, world.project.config.id, "last")
        plan = undo_plan(world.project, backends, run, NOW, patience())

    assert () == plan.diagnostics
    assert 2 == max(world.asked().values())


def test_a_resume_asks_once_what_is_left(world):
    """Whether a change is done and what is left of it is one look."""
    with world.open() as backends:
        changes = [each for each in world.plan(backends).changes if each.name in ("edited", "described")]
        world.asked()
        rests = rests_of(changes, backends["there"], patience(), {change.key for change in changes})

    assert {change.key: change for change in changes} == {key: rest.change for key, rest in rests.items()}
    assert {"edited": 1, "described": 1} == world.asked()


@pytest.mark.parametrize("shown", [render_show, render_show_json], ids=["text", "json"])
@pytest.mark.parametrize("name", [None, "edited"])
def test_showing_asks_once_for_the_members_of_each_group(world, shown, name):
    """How many, who, and whether they are as defined is one answer."""
    with world.open() as backends:
        shown(both_sides(world.project, backends, engine.Request(NOW, retry=patience()), name))

    assert {1} == set(world.asked().values())


people_there = st.frozensets(st.sampled_from([ADA, BOB, CY]))


@given(
    there=people_there,
    wanted=st.none() | people_there,
    applied=st.none() | people_there,
    mode=st.sampled_from(Mode),
    defined=st.sampled_from(["g", "h", "nothing"]),
    known=st.tuples(st.booleans(), st.booleans()),
    can=st.fixed_dictionaries({name: st.booleans() for name in ("complete", "revisions", "marks")}),
)
def test_comparing_loads_what_is_there_once_at_the_most(there, wanted, applied, mode, defined, known, can):
    """Whatever a target tells of its groups and can do, and whatever is defined; nothing is held afterwards."""
    loads = []

    def load():
        loads.append(1)
        return there

    truth = Members.of(there)
    members = Members(load, count=len(there) if known[0] else None, digest=truth.digest if known[1] else None)
    last = None if applied is None else Members.of(applied)
    mark = last and Mark(PROJECT, last.digest, last.count, "email/fold")
    group = Group("g", members=members, mark=mark, revision="r" if can["revisions"] else None)
    plain, lifecycle = None if wanted is None else sorted(wanted), Lifecycle(mode=mode, adopt=True)
    defines = {
        "g": [definition("g", plain=plain, lifecycle=lifecycle)],
        "h": [definition("h", plain=plain, lifecycle=lifecycle, previously=("g",))],
        "nothing": [],
    }
    desired = resolve(defines[defined], HeldFiles(), NOW).groups
    context = Context("there", PROJECT, Identity(), **can)
    found = scope("there", PROJECT, Wanted(desired), Snapshot((group,), complete=can["complete"], reason="cut short"))
    for pair in found.pairs:
        compare(pair, context)

    count = len(loads)
    assert count <= 1
    assert there == members.load() == members.load()
    assert count + 2 == len(loads)
