"""Changes that take several writes: whatever stops them halfway, the rest is done, and nobody else's work is lost."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.apply import execute, verify
from groupsync.backend import member_chunks
from groupsync.config import load_config
from groupsync.engine import apply_plan
from groupsync.errors import BackendError
from groupsync.facade import checked
from groupsync.journal import Journal
from groupsync.journal_read import find_run, open_runs
from groupsync.model import Action, AttributeChange, Change, Group, Mark, Members, Outcome
from groupsync.project import load_project
from groupsync.recovery import find_resumption, undo_plan
from groupsync.retry import Retries, RetryPolicy
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.plans import people, plan_of
from tests.worlds import NOW

THERE = "local"
LIMIT = 3
CHECKED = checked(MemoryBackend, "groupsync", "0")
ONCE = RetryPolicy(attempts=1)


def opened(store, **options):
    """Return the target: three members a write."""
    backend = MemoryBackend(store)
    return CHECKED(MemoryBackend(store, replace(backend.capabilities, bulk_limit=LIMIT, **options)))


def patience(policy=None):
    return Retries(policy or RetryPolicy(), sleep=lambda seconds: False, chance=lambda: 0.0)


def mark_of(members, project="contoso-store"):
    return Mark(project, members.digest, members.count, "email/fold")


BEFORE, AFTER = people(7), Members.of({*people(7, 100), *list(people(7))[5:]})
ADD, REMOVE = people(7, 100), Members.of(list(people(7))[:5])
WRITES = 4  # of three members each, to add and remove twelve; three to create seven
ATTRIBUTES = (AttributeChange("display_name", None, "Beta"),)


def changes(store, *, marks=True):
    """Put a group on the target and return each change of it that takes several writes, by name."""
    mark = mark_of(BEFORE) if marks else None
    held = store.put(Group("g", members=BEFORE, mark=mark))
    bare = replace(held, mark=None)
    basis = Change(
        THERE, "g", Action.UPDATE, "g", held.id, attributes=ATTRIBUTES, add=ADD, remove=REMOVE,
        precondition=held.revision, prior_count=7, mark=mark_of(AFTER),
    )  # fmt: skip
    create = Change(THERE, "new", Action.CREATE, attributes=ATTRIBUTES, add=BEFORE, mark=mark_of(BEFORE))
    return {
        "update": (held, basis),
        "rename": (held, replace(basis, action=Action.RENAME, name="h")),
        "adopt": (bare, replace(basis, action=Action.ADOPT)),
        "create": (None, create),
    }


@dataclass
class World:
    """A target with one group, and one change."""

    store: MemoryStore
    change: Change

    def apply(self, policy=None, **options):
        plan, backends = plan_of(self.change), {THERE: opened(self.store, **options)}
        results = execute(plan, backends, {}, retry=patience(policy))
        return verify(plan, backends, results, patience(policy))[0]

    def held(self):
        return self.store.groups.get(self.change.name)

    def is_done(self):
        held = self.held()
        wanted = BEFORE if self.change.action is Action.CREATE else AFTER
        return held and (held.members, held.mark, held.display_name) == (wanted, self.change.mark, "Beta")


@pytest.fixture(params=["update", "rename", "adopt", "create"])
def world(request):
    store = MemoryStore()
    held, change = changes(store)[request.param]
    store.groups.clear()
    if held:
        held = store.put(held)
        change = replace(change, precondition=held.revision)
    return World(store, change)


def writes_of(change):
    return len(list(member_chunks(change, LIMIT)))


@given(st.integers(0, 30), st.integers(0, 30), st.none() | st.integers(1, 12))
def test_chunks_are_the_change_in_lots(added, removed, limit):
    """Together they are all of it, each within the limit, nobody removed before everybody is added."""
    change = Change(THERE, "g", Action.UPDATE, "g", add=people(added, 100), remove=people(removed))
    lots = list(member_chunks(change, limit))

    assert (sorted(change.add), sorted(change.remove)) == (
        [name for add, _ in lots for name in add],
        [name for _, remove in lots for name in remove],
    )
    assert all(1 <= len(add) + len(remove) <= (limit or 99) for add, remove in lots)
    assert not any(remove and later for (_, remove), (later, _) in pairwise(lots))


@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("nth", range(1, WRITES + 1))
def test_a_passing_fault_at_any_write_is_mended_in_the_same_run(world, nth, after_write):
    """The next attempt does the rest, and the group is as planned."""
    world.store.fail("apply", nth, after_write=after_write)
    result = world.apply()

    assert (Outcome.APPLIED, world.change.add.count) == (result.outcome, result.added), result
    assert world.is_done()
    assert (nth <= writes_of(world.change)) == (result.attempts > 1)


@pytest.mark.parametrize("nth", [2, 3])
def test_without_patience_the_report_tells_how_far_it_came(world, nth):
    """A change that failed halfway says how many of its members were written."""
    world.store.fail("apply", nth, error=BackendError("no space left"))
    result = world.apply(ONCE)

    assert Outcome.FAILED == result.outcome
    assert (nth - 1) * LIMIT == result.added + result.removed


@pytest.mark.parametrize("nth", [2, 3])
def test_somebody_else_between_two_writes_is_never_overwritten(world, nth):
    """Who came in between stays, the change is stale, and what was done of it is told."""

    def meddle():
        held = world.held()
        world.store.put(replace(held, members=Members.of({*held.members.load(), "eve@example.com"})))

    world.store.meanwhile(meddle, nth=nth)
    result = world.apply()

    assert (Outcome.STALE, (nth - 1) * LIMIT) == (result.outcome, result.added + result.removed)
    assert "eve@example.com" in world.held().members.load()


def test_a_group_of_the_same_name_that_somebody_made_is_not_taken_for_ours():
    """A create that fails before anything is written leaves alone what appears meanwhile."""
    store = MemoryStore()
    change = changes(store)["create"][1]
    store.fail("apply")
    store.meanwhile(lambda: store.put(Group("new", members=Members.of([]))), nth=2)
    result = World(store, change).apply()

    assert (Outcome.STALE, None) == (result.outcome, store.groups["new"].mark)


# --- Go on after a crash ----------------------------------------------------------------------------------------------

CONFIG = """\
version: 1
project: contoso-store
definitions: [groups.yaml]
targets: {local: {plugin: memory}}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "groupsync.yaml").write_text(CONFIG)
    (tmp_path / "groups.yaml").write_text("{kind: known-user-group, name: another}\n")
    return load_project(load_config(tmp_path / "groupsync.yaml"), NOW)


def defined(root, change):
    """Return a project whose definition makes the change, and the change as it is planned from it."""
    is_new = change.action is Action.CREATE
    definition = {"kind": "known-user-group", "name": change.name, "display_name": "Beta"}
    definition |= {"members": [*(BEFORE if is_new else AFTER)]}
    definition |= {"previously": ["g"]} if change.action is Action.RENAME else {}
    (root / "groups.yaml").write_text(json.dumps(definition))
    project = load_project(load_config(root / "groupsync.yaml"), NOW)
    (desired,) = project.resolution.groups
    kind = (AttributeChange("kind", None, "known-user-group"),) if is_new else ()
    return project, replace(change, attributes=(*kind, *ATTRIBUTES), definition_digest=desired.digest())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BackendError("gone")])
@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("nth", range(1, WRITES + 1))
@pytest.mark.parametrize("kind", ["update", "rename", "adopt", "create"])
def test_a_run_that_stops_at_any_write_is_finished_by_resume(project, kind, nth, after_write, error):
    """What is left is planned on the group as it is, and done; then nothing is open any more."""
    store = MemoryStore()
    held, change = changes(store)[kind]
    store.groups.clear()
    change = replace(change, precondition=store.put(held).revision) if held else change
    if nth > writes_of(change):
        return
    project, change = defined(project.config.root, change)
    world = World(store, change)
    store.fail("apply", nth, after_write=after_write, error=error)
    backends, journal = {THERE: opened(store)}, Journal.of(project.config)
    with suppress(KeyboardInterrupt):
        apply_plan(project, plan_of(change), backends, journal=journal, retry=patience(ONCE))
    store.lock = None
    found = find_resumption(project, backends, patience())
    if found is not None:
        report = apply_plan(project, found.plan, backends, journal=journal, settled=found.proven)
        assert [Outcome.APPLIED] == [each.outcome for each in report.results], report.results

    assert world.is_done()
    assert [] == list(open_runs(project.config.journal, project.config.id))


def test_a_run_that_got_through_a_part_is_not_taken_back_in_silence(project):
    """GS612 names the group that is neither what it was nor what it should be."""
    store = MemoryStore()
    change = changes(store)["update"][1]
    store.fail("apply", 2, error=BackendError("gone"))
    backends, journal = {THERE: opened(store)}, Journal.of(project.config)
    apply_plan(project, plan_of(change), backends, journal=journal, retry=patience(ONCE))
    run = find_run(project.config.journal, project.config.id, "last")
    plan = undo_plan(project, backends, run, NOW, patience())

    assert (1, LIMIT, Outcome.FAILED) == (run.entries[0].steps, run.entries[0].added, run.entries[0].outcome)
    assert ((), ["GS612"]) == (plan.changes, [found.code for found in plan.diagnostics])
    assert "The run got through a part of it" in plan.diagnostics[0].detail


def claims_nobody_who_is_missing(group):
    """Tell whether a group's mark, if it is finished, stands for the members that are there."""
    mark = group.mark if group else None
    return mark is None or not mark.is_finished or mark.digest == group.members.digest


@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("nth", range(2, WRITES + 1))
def test_no_finished_mark_is_left_by_a_change_that_broke_off(world, nth, after_write):
    """Whichever write fails, no mark claims members that are not there, and what is there is known for ours."""
    world.store.fail("apply", nth, error=BackendError("no space left"), after_write=after_write)
    result = world.apply(ONCE)
    held = world.held() or world.store.groups.get("g")

    assert claims_nobody_who_is_missing(held)
    assert "contoso-store" == held.mark.project
    if Outcome.FAILED == result.outcome:
        assert (not held.mark.is_finished) or after_write
