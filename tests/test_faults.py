"""Every fault at every operation of an apply over 200 groups; nobody is lost, and nobody gets in who should not.

What is proved is counted and printed. A membership is lost if it was there, should stay and is gone, or if it should be
there in the end and is not; it is unintended if it neither was there nor should be.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import pytest

from groupsync import engine
from groupsync.apply import execute, verify
from groupsync.config import Config, load_config
from groupsync.config_identity import ConfigId
from groupsync.errors import AuthenticationError, BackendError, GroupsyncError
from groupsync.facade import checked
from groupsync.journal import APPLYING, Journal, Purpose
from groupsync.journal_read import open_runs, read_runs
from groupsync.members.files import MemberFiles
from groupsync.model import Action, Group, Lifecycle, Mark, Members, Outcome, RunKind
from groupsync.ordering import Order
from groupsync.plan import sealed
from groupsync.project import Project
from groupsync.recovery import find_resumption
from groupsync.resolve import resolve
from groupsync.retry import Retries, RetryPolicy
from groupsync.scope import Selection
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW, definition

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: memory}, elsewhere: {plugin: memory}}
guards:
  removed_members: {warn: off, refuse: off}
  added_members: {warn: off}
  emptied_group: off
  lost_every_group: {warn: off, refuse: off}
  removed_in_run: {refuse: off}
  deleted_groups: {refuse: off}
adopt: {match: ["*"]}
"""
THERE = "there"
EVE = "eve@example.com"
COUNTS = {"update": 120, "create": 30, "delete": 20, "rename": 10, "adopt": 10, "forget": 10}
ONCE = RetryPolicy(attempts=1)
BACKEND = checked(MemoryBackend, "groupsync", "0")
MEMORY = MemoryBackend(MemoryStore())


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def patience(policy=ONCE):
    """Make retries that never wait."""
    return Retries(policy, sleep=lambda seconds: False, chance=lambda: 0.0)


def people(group, *numbers):
    return [f"p{number}.{group}@example.com" for number in numbers]


def held(name, *members, project="shop"):
    """Make a group as a target holds it, with the mark of `project` or none."""
    made = Members.of(members)
    return Group(name, members=made, mark=Mark(project, made.digest, made.count, "email/fold") if project else None)


def opened(store):
    """Open a store to one call at a time, so that the nth call is the same one each time."""
    return BACKEND(MemoryBackend(store, replace(MEMORY.capabilities, concurrent=1)))


def names_of(kind):
    return [f"{kind}-{number:03}" for number in range(COUNTS[kind])]


def prior_groups():
    """Give what is there before: groups of ours, of nobody and of another project."""
    for kind in ("update", "delete", "forget"):
        yield from (held(name, *people(name, 0, 1, 2, 3)) for name in names_of(kind))
    yield from (held(f"old-{name}", *people(name, 0, 1, 2)) for name in names_of("rename"))
    yield from (held(name, *people(name, 0, 1, 2), project=None) for name in names_of("adopt"))
    yield from (held(f"loose-{number}", *people("loose", number), project=None) for number in range(10))
    yield from (held(f"theirs-{number}", *people("theirs", number), project="other") for number in range(10))


def definitions():
    """Give what is wanted: 200 changes, of every kind; each update and rename adds one and removes one."""
    adopt = Lifecycle(adopt=True)
    for name in names_of("update"):
        yield definition(name, plain=people(name, 1, 2, 3, 4))
    for name in names_of("create"):
        yield definition(name, plain=people(name, 0, 1))
    for name in names_of("rename"):
        yield definition(name, plain=people(name, 1, 2, 3), previously=(f"old-{name}",))
    for name in names_of("adopt"):
        yield definition(name, plain=people(name, 1, 2, 3), lifecycle=adopt)
    for name in names_of("forget"):
        yield definition(name, plain=people(name, 9), targets=("elsewhere",))


def memberships(groups):
    """Return who is in which group, as pairs; a group that is to be renamed goes by its new name."""
    return {(name.removeprefix("old-"), member) for name, group in groups.items() for member in group.members.load()}


def content(groups):
    """Return what a target holds, without ids and revisions."""
    return {name: (group.members.digest, group.mark) for name, group in groups.items()}


@dataclass
class Ledger:
    """What is counted over all trials of a test."""

    trials: int = 0
    lost: set = field(default_factory=set)
    unintended: set = field(default_factory=set)
    results: dict = field(default_factory=dict)

    def went_on(self, found, results):
        """Count what a resume proved, and what it did."""
        applied = sum(each.outcome is Outcome.APPLIED for each in results)
        for word, number in (("proved", len(found.proven)), ("done by the resume", applied - len(found.proven))):
            self.results[word] = self.results.get(word, 0) + number

    def report(self, tell, what):
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.results.items()))
        tell(
            f"{what}: {self.trials:,} faults, each at another place of 200 changes ({told}): "
            f"{len(self.lost)} memberships lost, {len(self.unintended)} unintended"
        )


class World:
    """What is there before and what is wanted; each trial has a copy of its own of the former."""

    def __init__(self, folder):
        (folder / "groupsync.yaml").write_text(CONFIG)
        self.config: Config = load_config(folder / "groupsync.yaml")
        wanted = tuple(definitions())
        files = MemberFiles(folder, self.config.identity, print)
        self.project = Project(self.config, wanted, resolve(wanted, files, NOW), files, NOW)
        base = MemoryStore()
        for group in prior_groups():
            base.put(group)
        self.base = base
        self.before = memberships(base.groups)
        self.plan = self.planned(base)
        self.order = Order(self.plan.changes, self.plan.links).sorted()
        after = self.copy()
        execute(self.plan, {THERE: opened(after)}, {})
        self.wanted = memberships(after.groups)
        self.final = content(after.groups)
        assert () == self.planned(after).changes
        self.reached = list(self.every_step())
        self.left = [self.from_step(number) for number in range(1, len(self.order) + 1)]
        self.foreign = {name: group for name, group in base.groups.items() if name.startswith(("loose", "theirs"))}

    def copy(self):
        """Copy the target; groups are values, so that this is cheap."""
        return MemoryStore(groups=dict(self.base.groups), _writes=1_000, _created=1_000)

    def every_step(self):
        """Give what is there after no change, after the first one, after the first two, and so on."""
        store = self.copy()
        for change in self.order:
            yield dict(store.groups), store._writes
            opened(store).apply(change)

    def at_step(self, number):
        """Return the target right before the nth change, and the plan of what is left then.

        What goes before is the same in all trials, so that it is done once for all of them.
        """
        groups, writes = self.reached[number - 1]
        return MemoryStore(groups=dict(groups), _writes=writes, _created=writes), self.left[number - 1]

    def from_step(self, number):
        """Return the plan from the nth change on."""
        left = tuple(sorted(self.order[number - 1 :], key=lambda change: change.key))
        return sealed(replace(self.plan, changes=left))

    def planned(self, store, only="", **options):
        """Plan for all groups, or for one alone: under its new name and its old."""
        if only:
            options |= {"selection": Selection(names=(only, f"old-{only}")), "may_be_empty": True}
        project = replace(self.project, findings=[])
        return engine.make_plan(project, {THERE: opened(store)}, engine.Request(NOW, retry=patience(), **options))

    def apply(self, store, plan, policy=ONCE):
        """Carry out a plan and read it again."""
        backends, retry = {THERE: opened(store)}, patience(policy)
        refused = {refusal.name for refusal in plan.verdict.refusals}
        assert not refused
        return verify(plan, backends, execute(plan, backends, {}, retry=retry), retry)

    def at_home(self, folder):
        """Return the project with a folder, and with that a journal, of its own."""
        return replace(self.project, config=replace(self.config, root=folder, journal=folder / ".groupsync"))

    def run(self, folder, store, plan, purpose=APPLYING, settled=()):
        """Carry out a plan as `groupsync apply` does, and write the run down."""
        project = self.at_home(folder)
        journal, backends = Journal.of(project.config), {THERE: opened(store)}
        try:
            return engine.apply_plan(
                project, plan, backends, journal=journal, purpose=purpose, settled=dict(settled), retry=patience()
            )
        finally:
            store.lock = None  # `groupsync lock break`: after an end of the process it is kept on purpose

    def resumption(self, folder, store):
        """Return what `groupsync apply --resume` finds to go on with."""
        return find_resumption(self.at_home(folder), {THERE: opened(store)}, patience())

    def resume(self, folder, store, found):
        """Go on as `groupsync apply --resume` does; what it reports is true, written down, and the last of it."""
        report = self.run(folder, store, found.plan, Purpose(RunKind.RESUME, found.run.id), found.settled)
        check_results(self, store, found.plan, report.results)
        proven = {(each.target, each.name) for each in report.results if not each.attempts}
        assert found.proven.keys() == proven
        newest, cut = read_runs(self.at_home(folder).config.journal, "shop")
        assert (RunKind.RESUME, cut.id, False) == (newest.kind, newest.of, newest.is_unfinished)
        told = {(each.target, each.name): each.outcome for each in report.results}
        assert told == {each.key: each.outcome for each in newest.entries}
        self.check_nothing_is_left(folder, store)
        return report.results

    def check_nothing_is_left(self, folder, store):
        """Another resume finds nothing to do."""
        assert [] == list(open_runs(self.at_home(folder).config.journal, ConfigId.of("shop/groupsync.yaml")))
        assert self.resumption(folder, store) is None

    def check_between(self, store, ledger, extra=frozenset()):
        """After a fault, before it is mended: who should stay is there, and nobody is there who should not."""
        now = memberships(store.groups)
        ledger.lost |= (self.before & self.wanted) - now
        ledger.unintended |= now - self.before - self.wanted - extra
        assert self.foreign == {name: store.groups.get(name) for name in self.foreign}

    def check_in_the_end(self, store, ledger):
        """Once it is mended: everything is as it is wanted, down to the marks, so that there is nothing left to do."""
        now = memberships(store.groups)
        ledger.lost |= self.wanted - now
        ledger.unintended |= now - self.wanted
        assert self.final == content(store.groups)

    def check_one(self, store, name, ledger):
        """The same for one group, where all the others were left out of the plan."""
        now = memberships(store.groups)
        ledger.lost |= {pair for pair in self.wanted - now if pair[0] == name}
        ledger.unintended |= {pair for pair in now - self.wanted if pair[0] == name}
        untouched = {key: group for key, group in self.base.groups.items() if key.removeprefix("old-") != name}
        assert untouched == {key: store.groups.get(key) for key in untouched}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("shop"))


def check_results(world, store, plan, results):
    """Hold what is reported against what is there."""
    for change, result in zip(plan.changes, results, strict=True):
        group = store.groups.get(change.name)
        match result.outcome:
            case Outcome.APPLIED if change.action is Action.DELETE:
                assert group is None
            case Outcome.APPLIED:
                assert change.mark == group.mark, change
                assert change.mark is None or group.members.digest == change.mark.digest
            case Outcome.FAILED | Outcome.NOT_TRIED:
                prior = change.prior_name or change.name
                assert world.base.groups.get(prior) == store.groups.get(prior), change
            case Outcome.STALE:
                assert group is None or group.members.digest != getattr(change.mark, "digest", None)


def count(ledger, results):
    for result in results:
        if result.outcome is not Outcome.APPLIED:
            ledger.results[result.outcome.value] = ledger.results.get(result.outcome.value, 0) + 1


def unexplained(changes):
    """Return changes without what they say for people."""
    return [replace(change, reason="") for change in changes]


def made(folder):
    folder.mkdir()
    return folder


def test_the_world_has_200_changes_of_every_kind(world):
    """The enumeration below goes through what it says."""
    found = {action: sum(change.action.value == action for change in world.plan.changes) for action in COUNTS}
    assert COUNTS == found
    assert 200 == len(world.plan.changes)


# --- Faults of writing ------------------------------------------------------------------------------------------------


def unreachable():
    return BackendError("connection reset by peer", retryable=True)


FAULTS = {
    "connection lost before the write": {"error": unreachable},
    "connection lost after the write": {"error": unreachable, "after_write": True},
    "timeout": {"error": lambda: BackendError("no answer in 30 seconds", retryable=True), "after_write": True},
    "refused": {"error": lambda: AuthenticationError("403 Forbidden", hint="Renew the token.")},
    "too many requests": {"error": lambda: BackendError("429", retryable=True, retry_after_seconds=7.0)},
    "the end of the process before the write": {"error": KeyboardInterrupt},
    "the end of the process after the write": {"error": KeyboardInterrupt, "after_write": True},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_write_loses_nobody(world, fault, tell):
    """A write fails, for good as far as this run is concerned: the rest is done, and applying again mends it."""
    ledger, how = Ledger(), FAULTS[fault]
    ends = how["error"] is KeyboardInterrupt
    for number in range(1, len(world.order) + 1):
        store, plan = world.at_step(number)
        store.fail("apply", error=how["error"](), after_write=how.get("after_write", False))
        if ends:
            with pytest.raises(KeyboardInterrupt):
                world.apply(store, plan)
        else:
            results = world.apply(store, plan)
            check_results(world, store, plan, results)
            count(ledger, results)
            failed = [each.name for each in results if each.outcome is not Outcome.APPLIED]
            assert ([] if how.get("after_write") else [world.order[number - 1].name]) == failed
        world.check_between(store, ledger)
        world.apply(store, world.planned(store, only="" if ends else world.order[number - 1].name))
        world.check_in_the_end(store, ledger)
        ledger.trials += 1
    ledger.report(tell, fault)
    assert (200, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_resume_goes_on_after_a_fault_at_any_write(world, fault, tell, tmp_path):
    """It does what was not done, and proves what was; a run that could tell itself that all is done leaves nothing."""
    ledger, how = Ledger(), FAULTS[fault]
    ends, written = how["error"] is KeyboardInterrupt, how.get("after_write", False)
    for number, change in enumerate(world.order, 1):
        folder, (store, plan) = made(tmp_path / str(number)), world.at_step(number)
        store.fail("apply", error=how["error"](), after_write=written)
        if ends:
            with pytest.raises(KeyboardInterrupt):
                world.run(folder, store, plan)
        else:
            count(ledger, world.run(folder, store, plan).results)
        world.check_between(store, ledger)
        found = world.resumption(folder, store)
        if written and not ends:
            assert found is None
            world.check_nothing_is_left(folder, store)
        else:
            assert ({change.key} if written else set()) == found.proven.keys()
            assert unexplained(plan.changes if ends else [change]) == unexplained(found.plan.changes)
            assert (1 if ends else 0) == sum(entry.outcome is None for entry in found.run.entries)
            assert (len(plan.changes) if ends else 0) == found.run.doubtful  # it may have come to all the others
            results = world.resume(folder, store, found)
            assert {Outcome.APPLIED} == {each.outcome for each in results}
            ledger.went_on(found, results)
        world.check_in_the_end(store, ledger)
        ledger.trials += 1
    ledger.report(tell, f"{fault}, then resume")
    assert (200, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


@pytest.mark.parametrize("fault", ["connection lost before the write", "connection lost after the write",
                                   "too many requests"])  # fmt: skip
def test_a_run_mends_a_passing_fault_by_itself(world, fault, tell):
    """With the usual patience one run is enough, whatever write the fault hits."""
    ledger, how = Ledger(), FAULTS[fault]
    for number in range(1, len(world.order) + 1):
        store, plan = world.at_step(number)
        store.fail("apply", error=how["error"](), after_write=how.get("after_write", False))
        results = world.apply(store, plan, RetryPolicy())
        assert {Outcome.APPLIED} == {each.outcome for each in results}
        assert 2 == max(each.attempts for each in results)
        now = memberships(store.groups)
        ledger.lost |= world.wanted - now
        ledger.unintended |= now - world.wanted
        ledger.trials += 1
    ledger.report(tell, f"{fault}, and patience")
    assert (200, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


def meddle(store, name):
    """Let somebody else put Eve into a group, made by hand if need be."""
    group = store.groups.get(name) or held(name, project=None)
    store.put(replace(group, members=Members.of({*group.members.load(), EVE})))


def test_somebody_else_at_any_write_is_never_overwritten(world, tell):
    """A group that moves right before its write is left as it is and told as stale; the next run goes on from there."""
    ledger = Ledger()
    for number, change in enumerate(world.order, 1):
        store, plan = world.at_step(number)
        prior = change.prior_name or change.name
        store.meanwhile(lambda store=store, prior=prior: meddle(store, prior))
        results = world.apply(store, plan)
        [stale] = [each for each in results if each.outcome is not Outcome.APPLIED]
        assert (change.name, Outcome.STALE) == (stale.name, stale.outcome)
        assert EVE in store.groups[prior].members.load()
        count(ledger, results)
        world.check_between(store, ledger, {(change.name, EVE)})

        world.apply(store, world.planned(store, change.name, adopt=True))
        kept = {(change.name, EVE)} if change.action is Action.FORGET else set()
        now = memberships(store.groups)
        ledger.lost |= (world.wanted | kept) - now
        ledger.unintended |= now - world.wanted - kept
        assert () == world.planned(store, change.name).changes
        ledger.trials += 1
    ledger.report(tell, "changed underneath")
    assert (200, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


@pytest.mark.parametrize("written", [False, True], ids=["before the write", "after the write"])
def test_a_resume_leaves_alone_what_moved_since_the_end(world, written, tell, tmp_path):
    """Somebody changes the group at which the process ended: it stays as they left it, stale, and the rest is done."""
    ledger = Ledger()
    for number, change in enumerate(world.order, 1):
        folder, (store, plan) = made(tmp_path / str(number)), world.at_step(number)
        store.fail("apply", error=KeyboardInterrupt(), after_write=written)
        with pytest.raises(KeyboardInterrupt):
            world.run(folder, store, plan)
        name = change.name if written else change.prior_name or change.name
        meddle(store, name)
        theirs = store.groups[name]

        found = world.resumption(folder, store)
        results = world.resume(folder, store, found)
        # A group that was given up is not looked into: that it carries no mark any more is all that was wanted.
        given_up = written and change.action is Action.FORGET
        assert ({change.key} if given_up else set()) == found.proven.keys()
        stale = {each.name for each in results if each.outcome is Outcome.STALE}
        assert (set() if given_up else {change.name}) == stale
        assert len(results) - len(stale) == sum(each.outcome is Outcome.APPLIED for each in results)
        assert theirs == store.groups[name]
        assert theirs.revision == store.groups[name].revision
        count(ledger, results)
        ledger.went_on(found, results)
        world.check_between(store, ledger, {(change.name, EVE)})

        world.apply(store, world.planned(store, change.name, adopt=True))
        is_theirs = change.action is Action.FORGET or (written and change.action is Action.DELETE)
        kept = {(change.name, EVE)} if is_theirs else set()
        now = memberships(store.groups)
        ledger.lost |= (world.wanted | kept) - now
        ledger.unintended |= now - world.wanted - kept
        assert () == world.planned(store, change.name).changes
        ledger.trials += 1
    ledger.report(tell, f"changed underneath after an end {'after' if written else 'before'} the write, then resume")
    assert (200, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


# --- Faults of reading ------------------------------------------------------------------------------------------------


def hide(store, name, reason=""):
    """Leave a group out of the listing, with or without saying so."""
    store.hidden, store.incomplete = frozenset({name}), reason


READ_FAULTS = {
    "duplicated page": lambda store, name: setattr(store, "repeated", frozenset({name})),
    "missing page of members": lambda store, name: store.truncated.update({name: 1}),
    "short list of members": lambda store, name: store.short.update({name: 1}),
    "suddenly empty list of members": lambda store, name: store.short.update({name: 0}),
    "missing page of groups": lambda store, name: hide(store, name, "page 2 of 3 did not come"),
    "short list of groups": hide,
}


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_a_fault_of_reading_any_group_loses_nobody(world, fault, tell):
    """Whatever a read leaves out or repeats, nothing is removed because of it; a good read later does the rest."""
    ledger = Ledger()
    for number, name in enumerate(sorted(world.base.groups.keys() - world.foreign.keys()), 1):
        store = world.copy()
        READ_FAULTS[fault](store, name)
        whole = store.hidden or number == 1
        try:
            plan = world.planned(store, only="" if whole else name.removeprefix("old-"))
        except GroupsyncError:
            ledger.results["refused as a whole"] = ledger.results.get("refused as a whole", 0) + 1
        else:
            count(ledger, world.apply(store, plan))
        world.check_between(store, ledger)
        healed = MemoryStore(groups=store.groups, _writes=5_000, _created=5_000)
        world.apply(healed, world.planned(healed, only="" if whole else name.removeprefix("old-")))
        if whole:
            world.check_in_the_end(healed, ledger)
        else:
            world.check_one(healed, name.removeprefix("old-"), ledger)
        ledger.trials += 1
    ledger.report(tell, fault)
    assert (170, set(), set()) == (ledger.trials, ledger.lost, ledger.unintended)


def test_a_target_that_reads_as_empty_loses_nobody(world, tell):
    """All groups left out of a listing that claims to be whole: what is created again is refused by who is there."""
    ledger = Ledger()
    store = world.copy()
    store.hidden = frozenset(store.groups)
    results = world.apply(store, world.planned(store))
    count(ledger, results)
    world.check_between(store, ledger)
    assert world.base.groups.keys() <= store.groups.keys()

    store.hidden = frozenset()
    world.apply(store, world.planned(store))
    world.check_in_the_end(store, ledger)
    ledger.trials += 1
    ledger.report(tell, "the whole listing empty")
    assert (set(), set()) == (ledger.lost, ledger.unintended)


def test_the_counting_can_fail(world):
    """A membership that is taken away, and one that is slipped in, are both found."""
    ledger, store = Ledger(), world.copy()
    group = store.groups["update-007"]
    store.put(replace(group, members=Members.of({*people("update-007", 0, 2, 3), EVE})))
    world.check_between(store, ledger)
    assert {("update-007", people("update-007", 1)[0])} == ledger.lost
    assert {("update-007", EVE)} == ledger.unintended
