"""Going on with a run that was cut short, and taking one back: on every kind of target, for every kind of change."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groupsync import engine
from groupsync.config import load_config
from groupsync.config_identity import ConfigId
from groupsync.errors import BackendError, ConfigError
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal, Purpose
from groupsync.journal_read import find_run, open_runs, read_runs
from groupsync.model import ATTRIBUTES, Action, Group, Members, Outcome, RunKind
from groupsync.planfile import read_plan, write_plan
from groupsync.project import load_project
from groupsync.recovery import find_resumption, reminded, undo_plan
from groupsync.retry import Retries, RetryPolicy
from groupsync.sides import both_sides
from groupsync.verify import FOUND_DONE
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, BOB, CY, EVE = (f"{name}@example.com" for name in ("ada", "bob", "cy", "eve"))
GUARDS_OFF = (
    "guards: {removed_members: {refuse: off}, emptied_group: off, lost_every_group: {refuse: off}, "
    "removed_in_run: {refuse: off}, deleted_groups: {refuse: off}}\nadopt: {match: ['*']}\n"
)
LEDGER = ", owns: {ledger: ledgers/there.jsonl}"
BACKEND = checked(MemoryBackend, "groupsync", "0")
EVERYTHING = MemoryBackend(MemoryStore()).capabilities
TARGETS = {
    "marks and revisions": {},
    "marks without revisions": {"revisions": False},
    "a ledger": {"ownership": False},
    "a ledger without revisions": {"ownership": False, "revisions": False},
    "digests of another spelling": {"spells": True},
    "digests of another spelling, without revisions": {"spells": True, "revisions": False},
}


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class World:
    """A project with one target in memory, and a journal."""

    def __init__(self, root, can):
        self.root = root
        self.store = MemoryStore(spells=can.get("spells", False))
        self.can = replace(EVERYTHING, concurrent=1, **{key: can[key] for key in can if key != "spells"})
        self.guards = GUARDS_OFF
        self.groups = {}

    def group(self, name, *members):
        """Put a group on the target by hand."""
        return self.store.put(Group(name, members=Members.of(members)))

    def define(self, name, *members, **more):
        self.groups[name] = {"kind": "known-user-group", "name": name, "members": members, **more}

    def project(self):
        owns = "" if self.can.ownership else LEDGER
        (self.root / "groupsync.yaml").write_text(
            f"version: 1\nproject: shop\ndefinitions: [groups.yaml]\n{self.guards}"
            f"targets: {{there: {{plugin: memory{owns}}}, elsewhere: {{plugin: memory}}}}\n"
        )
        keep = {"kind": "known-user-group", "name": "keep", "targets": ["elsewhere"]}
        (self.root / "groups.yaml").write_text("\n---\n".join(map(json.dumps, [keep, *self.groups.values()])))
        return load_project(load_config(self.root / "groupsync.yaml"), NOW)

    def at_target(self, work):
        """Do something with the project and its opened target."""
        try:
            return work(self.project(), {"there": BACKEND(MemoryBackend(self.store, self.can))})
        finally:
            self.store.lock = None  # `groupsync lock break`: after an end of the process it is kept on purpose

    def plan(self):
        return self.at_target(lambda project, backends: engine.make_plan(project, backends, engine.Request(NOW)))

    def carry_out(self, plan, purpose, settled=()):
        def work(project, backends):
            how = {"journal": Journal.of(project.config), "purpose": purpose, "settled": dict(settled)}
            return engine.apply_plan(project, plan, backends, retry=patience(), **how)

        return self.at_target(work)

    def apply(self):
        plan = self.plan()
        return plan, self.carry_out(plan, Purpose())

    def undo_plan(self, run="last", grants=()):
        def work(project, backends):
            found = find_run(project.config.journal, ConfigId.of("shop/groupsync.yaml"), run)
            plan = undo_plan(project, backends, found, NOW, patience())
            return engine.judge_again(project, plan, backends=backends, grants=grants)

        return self.at_target(work)

    def undo(self, run="last"):
        plan = self.undo_plan(run)
        return plan, self.carry_out(plan, Purpose(RunKind.UNDO, plan.undoes))

    def resumption(self):
        return self.at_target(lambda project, backends: find_resumption(project, backends, patience()))

    def resume(self):
        found = self.resumption()
        return found, self.carry_out(found.plan, Purpose(RunKind.RESUME, found.run.id), found.settled)

    def cut(self, plan, purpose=None, nth=1, *, after_write):
        """Carry out a plan, and let the process end at its nth write."""
        self.store.fail("apply", nth, after_write=after_write, error=KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            self.carry_out(plan, purpose or Purpose())

    def reminded(self):
        """Return the codes that a plan of now is warned with, because of the journal."""
        plan = reminded(self.project(), self.plan())
        return [found for found in plan.diagnostics if found.code.startswith("GS61")]

    def held(self):
        """Return what there is: by name members, attributes, and whether it is ours and protected."""
        state = {}
        request = engine.Request(NOW)
        for sides in self.at_target(lambda project, backends: both_sides(project, backends, request)):
            group = sides.prior
            if group:
                attributes = [group.attribute(name) for name in ATTRIBUTES]
                mark = group.mark
                state[group.name] = (sorted(group.members.load()), attributes, mark and mark.prevent_delete)
                assert mark is None or mark.digest == group.members.digest
        return state


def patience():
    return Retries(RetryPolicy(attempts=1), sleep=lambda seconds: False)


def wanted(plan):
    return {each.name: (each.action, each.prior_name, each.add, each.remove, each.mark) for each in plan.changes}


def outcomes(report):
    return {result.name: result.outcome for result in report.results}


@pytest.fixture(params=TARGETS)
def world(tmp_path, request):
    return World(tmp_path, TARGETS[request.param])


@pytest.fixture
def plain(tmp_path):
    return World(tmp_path, TARGETS["marks and revisions"])


@pytest.fixture
def unmarked(tmp_path):
    return World(tmp_path, TARGETS["a ledger"])


# --- Taking back ------------------------------------------------------------------------------------------------------

ALL = {"display_name": "All", "description": "What it is for", "owners": ["boss@example.com"], "labels": {"a": "b"}}
PROTECTED = {"prevent_delete": True}


def create(world):
    world.define("g", ADA, BOB, **ALL)
    return Action.CREATE


def update(world):
    world.define("g", ADA, BOB, lifecycle=PROTECTED, **ALL)
    world.apply()
    world.define("g", ADA, CY, **{**ALL, "display_name": "Other", "owners": []})
    return Action.UPDATE


def protect(world):
    world.define("g", ADA)
    world.apply()
    world.define("g", ADA, lifecycle=PROTECTED)
    return Action.UPDATE


def rename(world):
    world.define("old", ADA, BOB, lifecycle=PROTECTED, **ALL)
    world.apply()
    del world.groups["old"]
    world.define("g", BOB, CY, previously=["old"])
    return Action.RENAME


def delete(world):
    world.define("g", ADA, BOB, **ALL)
    world.apply()
    del world.groups["g"]
    return Action.DELETE


def delete_an_empty_one(world):
    world.define("g")
    world.apply()
    del world.groups["g"]
    return Action.DELETE


def adopt(world):
    world.group("g", ADA, BOB)
    world.define("g", ADA, BOB, lifecycle={"adopt": True})
    return Action.ADOPT


def adopt_and_change(world):
    world.group("g", ADA, BOB)
    world.define("g", BOB, CY, lifecycle={"adopt": True, **PROTECTED}, display_name="Ours")
    return Action.ADOPT


def forget(world):
    world.define("g", ADA, lifecycle=PROTECTED)
    world.apply()
    world.define("g", ADA, targets=["elsewhere"])
    return Action.FORGET


KINDS = [create, update, protect, rename, delete, delete_an_empty_one, adopt, adopt_and_change, forget]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_is_taken_back(world, kind):
    """The target holds what it held before, protection included; the next plan wants the same again."""
    action = kind(world)
    before = world.held()
    plan, report = world.apply()
    assert [action] == [change.action for change in plan.changes]
    assert {"g": Outcome.APPLIED} == outcomes(report)

    back, report = world.undo()
    assert {Outcome.APPLIED} == set(outcomes(report).values())
    assert [] == [found for found in back.diagnostics if found.code == "GS612"]
    assert before == world.held()
    assert wanted(plan) == wanted(world.plan())


def test_a_large_group_whose_digest_is_of_another_spelling_is_deleted_and_brought_back(tmp_path):
    """Its names are not kept with the plan: they are loaded again, and are those that were planned."""
    world = World(tmp_path, TARGETS["digests of another spelling"])
    world.define("g", *(f"person-{number:04}@example.com" for number in range(1_001)))
    world.apply()
    before = world.held()
    del world.groups["g"]
    world.apply()
    assert {} == world.held()
    world.undo()
    assert before == world.held()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_taken_back_can_be_brought_back(world, kind):
    """The undo of an undo leaves what the run left, and nothing to do."""
    kind(world)
    world.apply()
    after = world.held()
    world.undo()
    back, report = world.undo()
    assert {Outcome.APPLIED} == set(outcomes(report).values())
    assert 1 == len(back.changes)
    assert after == world.held()
    assert () == world.plan().changes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after_write", [False, True])
def test_an_undo_that_was_cut_short_is_gone_on_with(world, kind, after_write):
    """A resume finishes it or proves it; what it proves was really written."""
    kind(world)
    before = world.held()
    world.apply()
    plan = world.undo_plan()
    writes, purpose = world.store._writes, Purpose(RunKind.UNDO, plan.undoes)
    try:
        world.cut(plan, purpose, after_write=after_write)
    except pytest.fail.Exception:  # what stands in for a mark is not written to the target
        world.store._failures.clear()
        assert (writes, before) == (world.store._writes, world.held())
        return
    found, report = world.resume()
    nothing_to_write = kind is protect and not world.can.ownership
    assert (1 if after_write or nothing_to_write else 0) == len(found.proven)
    assert {Outcome.APPLIED} == set(outcomes(report).values())
    assert before == world.held()
    assert world.resumption() is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_that_moved_is_left_alone_and_listed(world, kind):
    """Somebody changed, deleted or made it anew since: it stays as they left it."""
    action = kind(world)
    world.apply()
    before = world.store.groups.get("g") or world.group("g", EVE)
    if action is not Action.DELETE:
        world.store.put(replace(before, members=Members.of({*before.members.load(), EVE})))
    theirs = dict(world.store.groups)
    plan = world.undo_plan()
    if action is Action.FORGET:  # nothing but the mark was the run's doing
        assert [Action.ADOPT] == [change.action for change in plan.changes]
        return
    assert () == plan.changes
    (found,) = plan.diagnostics
    assert ("GS612", "`g` on there is not taken back") == (found.code, found.summary)
    assert theirs == world.store.groups


@pytest.mark.parametrize("kind", [create, update, rename, adopt, adopt_and_change, forget])
def test_a_group_that_is_gone_is_not_taken_back(world, kind):
    """There is nothing to take back of it, and nobody brings it back unasked."""
    kind(world)
    world.apply()
    world.store.remove("g")
    plan = world.undo_plan()
    assert () == plan.changes
    assert ["`g` on there is not taken back"] == [each.summary for each in plan.diagnostics if each.code == "GS612"]


def test_what_was_given_up_and_is_gone_can_not_be_given_up_less(plain):
    """The undo of the undo of an adoption meets a group that is gone by now: it is listed, too."""
    adopt(plain)
    plain.apply()
    plain.undo()
    plain.store.remove("g")
    plan = plain.undo_plan()
    assert ((), ["GS612"]) == (plan.changes, [found.code for found in plan.diagnostics])


def test_a_run_that_was_cut_short_is_taken_back_as_far_as_it_came(world):
    """What was written is taken back, doubtful or not; what it never came to stays, and needs no word."""
    world.define("b", ADA)
    world.apply()
    before = world.held()
    for name in ("a", "b", "c", "d"):
        world.define(name, ADA, BOB)
    world.cut(world.plan(), nth=2, after_write=True)  # a, c and d are created, then b is changed
    assert {"a", "b", "c"} == world.store.groups.keys()
    plan, _ = world.undo()

    assert {"a": Action.DELETE, "c": Action.DELETE} == {each.name: each.action for each in plan.changes}
    assert [] == [found for found in plan.diagnostics if found.code == "GS612"]
    assert before == world.held()
    assert world.resumption() is None


def test_what_failed_is_not_taken_back(plain):
    """A change that failed has left its group alone: there is nothing to do, and nothing to say."""
    plain.define("a", ADA)
    plain.define("b", ADA)
    plain.store.fail("apply", 2, error=BackendError("403"))
    _, report = plain.apply()
    assert {"a": Outcome.APPLIED, "b": Outcome.FAILED} == outcomes(report)
    plan, _ = plain.undo()
    assert (["a"], ()) == ([each.name for each in plan.changes], plan.diagnostics)
    assert {} == plain.held()


def test_what_somebody_else_did_before_a_run_is_not_told_as_done_by_the_run(plain):
    """Changed by hand and back, and no answer to the write: it is as planned, and nobody can tell by whom."""
    plain.define("g")
    plain.apply()
    plain.store.set_members("g", {ADA})
    plan = plain.plan()
    plain.store.set_members("g", frozenset())
    plain.store.fail("apply", 1, error=BackendError("connection reset", retryable=True))
    (result,) = plain.carry_out(plan, Purpose()).results
    assert (Outcome.APPLIED, FOUND_DONE) == (result.outcome, result.hint)

    (change,) = plain.undo_plan().changes
    assert "the run changed it, or somebody else did the same" == change.reason
    assert [ADA] == sorted(change.add.load())


def test_who_did_what_a_lost_answer_was_about_is_told_where_it_is_known(plain):
    """An answer that came, at once or at a later attempt, leaves no doubt."""
    plain.define("g", ADA)
    plain.store.fail("apply", 1, error=BackendError("connection reset", retryable=True))
    plan = plain.plan()
    (result,) = plain.at_target(
        lambda project, backends: engine.apply_plan(
            project, plan, backends, journal=Journal.of(project.config), retry=Retries(sleep=lambda seconds: False)
        )
    ).results
    assert (Outcome.APPLIED, "", 2) == (result.outcome, result.hint, result.attempts)
    assert ["the run created it"] == [change.reason for change in plain.undo_plan().changes]


def test_what_is_protected_by_now_is_not_deleted(plain):
    """A group that the run created under protection stays; the undo says how to lift it."""
    plain.define("g", ADA, lifecycle=PROTECTED)
    plain.apply()
    plan, report = plain.undo()
    assert {"g": Outcome.REFUSED} == outcomes(report)
    (refusal,) = plan.verdict.refusals
    assert ("prevent_delete", True) == (refusal.rule, "prevent_delete: false" in refusal.hint)
    assert {"g"} == plain.held().keys()


def test_guards_judge_what_is_taken_back(plain):
    """An undo that takes too many people away is refused like any other plan, and allowed in the same way."""
    plain.guards = ""
    many = [f"p{number}@example.com" for number in range(60)]
    plain.define("g", *many[:30])
    plain.apply()
    before = plain.held()
    plain.define("g", *many)
    plain.apply()
    plan, report = plain.undo()
    assert {"g": Outcome.REFUSED} == outcomes(report)
    assert ["removed_members"] == [refusal.rule for refusal in plan.verdict.refusals]

    run = applies(plain)[0]
    plan = plain.undo_plan(run, [parse_allow(f"remove:g<=30@{plan.digest}")])
    assert () == plan.verdict.refusals
    plain.carry_out(plan, Purpose(RunKind.UNDO, run))
    assert before == plain.held()


def applies(world):
    """Return the ids of the applies, newest first."""
    return [run.id for run in read_runs(world.project().config.journal, "shop") if run.kind is RunKind.APPLY]


def test_a_saved_undo_does_what_was_reviewed(world):
    """It is applied from its file like any other plan, and remembers what it takes back."""
    update(world)
    before = world.held()
    plan, _ = world.apply()
    write_plan(world.undo_plan(), world.root / "undo.plan")
    saved = read_plan(world.root / "undo.plan")
    report = world.carry_out(saved, Purpose(RunKind.UNDO, saved.undoes))
    assert {"g": Outcome.APPLIED} == outcomes(report)
    assert before == world.held()
    assert wanted(plan) == wanted(world.plan())


def test_a_saved_undo_is_refused_where_the_group_moved(world):
    """The group stays as somebody left it since the review."""
    update(world)
    world.apply()
    write_plan(world.undo_plan(), world.root / "undo.plan")
    world.store.set_members("g", [EVE])
    saved = read_plan(world.root / "undo.plan")
    report = world.carry_out(saved, Purpose(RunKind.UNDO, saved.undoes))
    assert {"g": Outcome.STALE} == outcomes(report)
    assert [EVE] == sorted(world.store.groups["g"].members.load())


def test_a_change_of_a_later_run_is_not_taken_back_with_an_earlier_one(plain):
    """The earlier run says that a later one changed the group."""
    plain.define("g", ADA)
    plain.apply()
    plain.define("g", ADA, BOB)
    plain.apply()
    plan = plain.undo_plan(applies(plain)[-1])
    (found,) = plan.diagnostics
    assert ((), "GS612", "It was changed by a later run.") == (plan.changes, found.code, found.detail)


# --- Going on ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_warned_of_a_run_that_was_cut_short(plain):
    """Only where it is to do some of the same; and no longer once that run was gone on with."""
    plain.define("a", ADA)
    plain.cut(plain.plan(), after_write=False)
    (found,) = plain.reminded()
    run, _ = next(open_runs(plain.project().config.journal, ConfigId.of("shop/groupsync.yaml")))
    assert ("GS610", f"The run {run.id} was cut short, or is still going on") == (found.code, found.summary)
    assert "Of its changes 1 may be done or not; 1 of those is in this plan, too." == found.detail

    plain.define("b", ADA)
    other = plain.groups.pop("a")
    assert [] == plain.reminded()
    plain.groups = {"a": other}
    plain.resume()
    plain.define("a", ADA, BOB)
    assert [] == plain.reminded()


def test_a_run_that_ended_with_failures_is_not_called_cut_short(plain):
    """What is left of it failed or was not tried, and is still to be done."""
    for name in "abc":
        plain.define(name, ADA)
    plan = plain.plan()
    for nth, error in ((1, "403"), (3, "404")):
        plain.store.fail("apply", nth, error=BackendError(error))
    plain.carry_out(plan, Purpose())
    (found,) = plain.reminded()
    run, _ = next(open_runs(plain.project().config.journal, ConfigId.of("shop/groupsync.yaml")))

    assert f"The run {run.id} left something to do" == found.summary
    assert "Of its changes 2 failed; 2 of those are in this plan, too." == found.detail


def test_a_damaged_journal_is_told_and_stops_only_the_resume(plain):
    """A plan goes on with a warning that names the line; a resume can't know what to do."""
    plain.define("a", ADA)
    plain.cut(plain.plan(), after_write=False)
    (path,) = (plain.root / ".groupsync/runs").glob("*.jsonl")
    path.write_text(path.read_text() + "nonsense\n")
    (found,) = plain.reminded()
    assert ("GS611", True) == (found.code, f"{path}:3" in found.detail)
    with pytest.raises(ConfigError, match="is damaged"):
        plain.resumption()


def test_what_was_given_up_without_marks_is_not_taken_for_done(unmarked):
    """Where no mark can tell it, the members do: an undo that was cut short before its write is finished."""
    unmarked.group("g", ADA, BOB)
    unmarked.define("g", BOB, CY, lifecycle={"adopt": True})
    before = unmarked.held()
    unmarked.apply()
    plan = unmarked.undo_plan()
    unmarked.cut(plan, Purpose(RunKind.UNDO, plan.undoes), after_write=False)
    found, report = unmarked.resume()
    assert ({}, {"g": Outcome.APPLIED}) == (dict(found.proven), outcomes(report))
    assert before == unmarked.held()


@pytest.mark.parametrize("members", [(ADA, BOB, EVE), (BOB, EVE), (ADA, CY)])
def test_an_adoption_that_was_taken_back_is_not_brought_back_over_others(plain, members):
    """Nobody's mark tells what was in the group then; who came or went since is noticed all the same."""
    plain.group("g", ADA, BOB)
    plain.define("g", BOB, CY, lifecycle={"adopt": True})
    plain.apply()
    plain.undo()
    assert [ADA, BOB] == sorted(plain.store.groups["g"].members.load())
    plain.store.set_members("g", members)
    plan = plain.undo_plan()
    assert ((), ["GS612"]) == (plan.changes, [found.code for found in plan.diagnostics])


def unreadable(world):
    """Let the group be there and its members fail to come."""
    world.store.short = {"g": 9}  # read one by one then, and not told by their digest
    world.store.fail("members", error=BackendError("503"))


def incomplete(world):
    world.store.incomplete = "page 2 of 2 did not come"


def down(world):
    world.store.fail("read", error=BackendError("connection refused"))


@pytest.mark.parametrize(
    ("cannot", "after_write"),
    [(unreadable, True), (incomplete, True), (incomplete, False), (down, True), (down, False)],
)
def test_what_can_not_be_looked_at_stays_to_be_gone_on_with(plain, cannot, after_write):
    """Nobody can tell then whether it was done: it is not tried, called neither done nor stale, and left for later."""
    plain.define("g", ADA, BOB)
    plain.cut(plain.plan(), after_write=after_write)
    cannot(plain)
    found, report = plain.resume()
    assert ({}, {"g": Outcome.NOT_TRIED}) == (dict(found.proven), outcomes(report))
    assert "could not be read" in report.results[0].error
    assert (1 if after_write else 0) == plain.store._writes

    plain.store.incomplete = ""
    found, report = plain.resume()
    assert after_write == bool(found.proven)
    assert {"g": Outcome.APPLIED} == outcomes(report)
    assert () == plain.plan().changes
    assert plain.resumption() is None
