"""A machine that edits, applies, crashes and meddles at random, beside a model of what must come of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from groupsync import engine
from groupsync.config import load_config
from groupsync.config_identity import ConfigId
from groupsync.errors import BackendError, InvalidDefinitions
from groupsync.facade import checked
from groupsync.journal import Journal, Purpose
from groupsync.journal_read import find_run, open_runs, read_runs
from groupsync.members.files import MemberFiles
from groupsync.model import (
    ATTRIBUTES,
    Action,
    Definition,
    Group,
    Lifecycle,
    Mark,
    Members,
    Mode,
    Outcome,
    Plan,
    RunKind,
    Severity,
)
from groupsync.project import Project
from groupsync.recovery import find_resumption, reminded, undo_plan
from groupsync.resolve import resolve
from groupsync.retry import Retries, RetryPolicy
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW, definition

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: memory}}
guards:
  removed_members: {warn: off, refuse: off}
  added_members: {warn: off}
  emptied_group: off
  lost_every_group: {warn: off, refuse: off}
  removed_in_run: {refuse: off}
  deleted_groups: {refuse: off}
"""
THERE = "there"
CONFIG_ID = ConfigId.of("shop/groupsync.yaml")
NAMES = [f"g{number}" for number in range(5)]
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee", "eve")]
BACKEND = checked(MemoryBackend, "groupsync", "0")
ONE_AT_A_TIME = replace(MemoryBackend(MemoryStore()).capabilities, concurrent=1)
FAULTS = {
    "none": None,
    "lost before the write": {"error": BackendError("connection reset", retryable=True)},
    "lost after the write": {"error": BackendError("connection reset", retryable=True), "after_write": True},
    "refused": {"error": BackendError("forbidden")},
    "crash before the write": {"error": KeyboardInterrupt()},
    "crash after the write": {"error": KeyboardInterrupt(), "after_write": True},
}

names = st.sampled_from(NAMES)
people = st.frozensets(st.sampled_from(PEOPLE))
faults = st.just("none") | st.sampled_from(list(FAULTS))
places = st.just(1) | st.integers(1, 4)


@pytest.fixture(scope="module", autouse=True)
def _without_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@dataclass(frozen=True)
class PastRun:
    """What the model knows of a run: its plan, the definitions of then, and what was there before it."""

    id: str
    plan: Plan
    wanted: dict[str, Definition]
    before: dict[str, Group]


def marked(project, members):
    made = Members.of(members)
    return Mark(project, made.digest, made.count, "email/fold")


def in_group(group):
    return group.members.load() if group else frozenset()


class Trust(RuleBasedStateMachine):
    """Definitions on one side, a target on the other, and everything that happens to both.

    The model is small: what the definitions say (`wanted`), which groups are nobody's or another project's
    (`foreign`), who was ever put into a group by anybody (`known`), and what was there before each run (`past`).
    """

    plans = Bundle("plans")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "groupsync.yaml").write_text(CONFIG)
        self.config = load_config(self.folder / "groupsync.yaml")
        self.store = MemoryStore()
        self.wanted = {}
        self.foreign = {}
        self.known = {}
        self.before = {}
        self.past = []

    def teardown(self):
        shutil.rmtree(self.folder)

    @initialize(loose=people, theirs=people, ours=st.dictionaries(names, people, min_size=2))
    def begin(self, loose, theirs, ours):
        """There are groups of nobody, of another project, and ours."""
        self.settle(Group("loose", members=Members.of(loose)))
        self.settle(Group("theirs", members=Members.of(theirs), mark=marked("other", theirs)))
        for name, members in ours.items():
            self.define(name, members, Mode.AUTHORITATIVE, protect=False)
        self.apply("none", 1, adopt=False)

    def settle(self, group):
        """Put a group on the target that is not ours."""
        self.foreign[group.name] = self.store.put(group)
        self.known.setdefault(group.name, set()).update(group.members.load())

    # --- The definitions ----------------------------------------------------------------------------------------------

    @rule(name=names, members=people, mode=st.sampled_from(Mode), protect=st.booleans())
    def define(self, name, members, mode, protect):
        """Write a definition, or another one in its place."""
        lifecycle = Lifecycle(mode=mode, prevent_delete=protect)
        self.wanted[name] = definition(name, plain=sorted(members), lifecycle=lifecycle)
        self.known.setdefault(name, set()).update(members)
        for other, found in self.wanted.items():
            if name in found.previously:
                self.wanted[other] = replace(found, previously=())

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def forget_definition(self, data):
        """Take a definition out."""
        del self.wanted[data.draw(st.sampled_from(sorted(self.wanted)))]

    @precondition(lambda self: self.wanted)
    @rule(data=st.data(), new=names)
    def rename(self, data, new):
        """Give a group another name, and say so."""
        old = data.draw(st.sampled_from(sorted(self.wanted)))
        if new not in self.wanted and not any(new in found.previously for found in self.wanted.values()):
            found = self.wanted.pop(old)
            members = found.members.plain_members()
            self.wanted[new] = definition(new, plain=members, previously=(old,), lifecycle=found.lifecycle)
            self.known.setdefault(new, set()).update(self.known[old])

    # --- What others do on the target ---------------------------------------------------------------------------------

    @rule(name=names, members=people)
    def meddle(self, name, members):
        """Somebody changes a group by hand, whoever it belongs to."""
        if name in self.store.groups:
            self.store.set_members(name, members)
            self.known.setdefault(name, set()).update(members)
            if name in self.foreign:
                self.foreign[name] = self.store.groups[name]

    @rule(name=names, theirs=people, ours=people)
    def meet(self, name, theirs, ours):
        """Somebody has a group of their own where a definition wants one of ours."""
        self.vanish(name)
        self.occupy(name, theirs, None)
        self.define(name, ours, Mode.AUTHORITATIVE, protect=False)

    @rule(name=names)
    def vanish(self, name):
        """Somebody deletes a group by hand."""
        self.store.remove(name)
        self.foreign.pop(name, None)

    @rule(name=names, members=people, project=st.sampled_from([None, "other"]))
    def occupy(self, name, members, project):
        """Somebody makes a group of their own, under a name that is free."""
        if name not in self.store.groups:
            self.settle(Group(name, members=Members.of(members), mark=marked(project, members) if project else None))

    # --- What we do ---------------------------------------------------------------------------------------------------

    def project(self):
        found = tuple(self.wanted.values())
        files = MemberFiles(self.folder, self.config.identity, print)
        resolution = resolve(found, files, NOW)
        assert not resolution.diagnostics
        return Project(self.config, found, resolution, files, NOW)

    def backends(self):
        """Open the target, to one call at a time, so that the same steps come to the same end each time."""
        return {THERE: BACKEND(MemoryBackend(self.store, ONE_AT_A_TIME))}

    def planned(self, project, **options):
        """Plan; None where a group of another project is in the way, which must be for that reason alone."""
        try:
            return engine.make_plan(project, self.backends(), engine.Request(NOW, retry=patience(), **options))
        except InvalidDefinitions as error:
            errors = {found.code for found in error.diagnostics if found.severity is Severity.ERROR}
        assert errors == {"GS602"}
        in_the_way = [name for name in self.wanted.keys() & self.foreign.keys() if self.foreign[name].mark]
        assert in_the_way
        for name in in_the_way:
            self.vanish(name)  # or else nothing would ever be applied again
        return None

    def run(self, project, plan, **how):
        """Apply, written down in the journal; the run is remembered, cut short or not."""
        self.before = dict(self.store.groups)
        journal = Journal.of(self.config)
        try:
            return engine.apply_plan(project, plan, self.backends(), journal=journal, retry=patience(), **how)
        finally:
            self.store.lock = None  # `groupsync lock break`: after a crash it is kept on purpose
            self.store._failures.clear()
            self.store._deeds.clear()
            newest = next(read_runs(self.config.journal, "shop"), None)
            if newest and newest.plan_digest == plan.digest and newest.id not in {each.id for each in self.past}:
                self.past.append(PastRun(newest.id, plan, dict(self.wanted), self.before))
            for change in plan.changes:
                if change.prior_name:
                    self.known.setdefault(change.name, set()).update(self.known.get(change.prior_name, ()))

    def carry_out(self, project, plan, **how):
        """Apply, and hold report, journal and target against each other and the model; None after a crash."""
        try:
            report = self.run(project, plan, **how)
        except KeyboardInterrupt:
            self.adopted(plan, {change.name for change in plan.changes})
            self.nobody_lost(plan)
            self.is_noted(plan, None)
            return None
        self.adopted(plan, {each.name for each in report.results if each.outcome is Outcome.APPLIED})
        self.nobody_lost(plan)
        for change, result in zip(plan.changes, report.results, strict=True):
            self.is_true(change, result)
        self.is_noted(plan, report)
        return report

    def is_noted(self, plan, report):
        """The journal tells of this run what the report tells, or what is the case where it was cut short."""
        if not plan.changes:
            return
        run = find_run(self.config.journal, CONFIG_ID, "last")
        assert (plan.digest, report is None) == (run.plan_digest, run.finished_at is None)
        if report:
            expected = {each.name: each.outcome for each in report.results}
            assert expected == {each.name: each.outcome for each in run.entries}
            return
        changes = {change.name: change for change in plan.changes}
        for entry in run.entries:
            if entry.outcome is Outcome.APPLIED:
                assert self.is_made(changes[entry.name]), entry

    def adopted(self, plan, applied):
        """What was adopted, with consent, is ours from now on; what was given up again is not."""
        for change in plan.changes:
            group = self.store.groups.get(change.name)
            if change.action is Action.ADOPT and change.name in applied and group and group.mark:
                self.foreign.pop(change.name, None)
            if is_given_up(change) and change.name in applied and group and not group.mark:
                self.foreign[change.name] = group

    def nobody_lost(self, plan):
        """Who was there and whom no change of the plan removes is there still."""
        removed = {change.prior_name or change.name: in_change(change) for change in plan.changes}
        names_now = {change.prior_name: change.name for change in plan.changes if change.prior_name}
        for name, group in self.before.items():
            now = self.store.groups.get(name) or self.store.groups.get(names_now.get(name, name))
            assert in_group(group) - removed.get(name, frozenset()) <= in_group(now), name
            assert now or not (group.mark and group.mark.prevent_delete), name
            found = self.wanted.get(name) if not plan.undoes else None
            if found and found.lifecycle.mode is Mode.ADDITIVE:
                assert in_group(group) <= in_group(now)

    def is_true(self, change, result):
        """A result says what is the case."""
        prior = change.prior_name or change.name
        if result.outcome is Outcome.APPLIED:
            assert self.is_made(change), (change, result)
        else:
            assert result.outcome in {Outcome.FAILED, Outcome.REFUSED, Outcome.STALE, Outcome.NOT_TRIED}
            assert self.before.get(prior) == self.store.groups.get(prior), (change, result)
            assert result.error

    def is_made(self, change):
        """Tell whether a group is what a change makes of it."""
        group = self.store.groups.get(change.name)
        if change.action is Action.DELETE or group is None:
            return group is None and change.action is Action.DELETE
        unmoved = change.action is Action.RENAME and change.prior_name in self.store.groups
        if change.mark:
            return not unmoved and group.mark == change.mark and group.members.digest == change.mark.digest
        added, removed = change.add.load(), change.remove.load()
        count = change.prior_count + len(added) - len(removed)
        is_so = not change.touches_members or (count == group.members.count and added <= in_group(group) - removed)
        return group.mark is None and is_so and not (removed & in_group(group))

    @rule(fault=faults, nth=places, adopt=st.booleans())
    def apply(self, fault, nth, adopt):
        """Plan and apply; without a fault everything is as it is wanted, and there is nothing left to do."""
        project = self.project()
        plan = self.planned(project, adopt=adopt)
        if plan is None:
            return
        if FAULTS[fault]:
            self.store.fail("apply", nth, **FAULTS[fault])
        self.reminds(project, plan)
        report = self.carry_out(project, plan)
        if fault == "none":
            assert report is not None
            self.is_as_wanted(plan)
            left = self.planned(self.project(), adopt=adopt)
            assert {change.key for change in left.changes} <= {
                (each.target, each.name) for each in plan.verdict.refusals
            }

    def is_as_wanted(self, plan):
        """Every group of ours is what its definition says, and there are no others of ours but those refused."""
        refused = {each.name for each in plan.verdict.refusals}
        ours = {name for name, group in self.store.groups.items() if group.mark and group.mark.project == "shop"}
        assert self.wanted.keys() - refused <= ours
        withheld = set(plan.targets[0].withheld)  # what reads as suddenly empty is not deleted
        assert ours - refused - withheld <= self.wanted.keys()
        for name, found in self.wanted.items():
            if name not in refused:
                held, members = in_group(self.store.groups[name]), frozenset(found.members.plain_members())
                additive = found.lifecycle.mode is Mode.ADDITIVE
                assert members <= held if additive else members == held
                assert found.lifecycle.prevent_delete == self.store.groups[name].mark.prevent_delete

    @rule(target=plans, adopt=st.booleans())
    def save_plan(self, adopt):
        """Make a plan for later."""
        return self.planned(self.project(), adopt=adopt), dict(self.wanted)

    @rule(saved=plans, fault=faults, nth=places)
    def apply_saved(self, saved, fault, nth):
        """Apply a plan of an earlier state: what has moved since, here or there, is left alone."""
        plan, wanted = saved
        if plan is None:
            return
        if FAULTS[fault]:
            self.store.fail("apply", nth, **FAULTS[fault])
        project = self.project()
        report = self.carry_out(project, plan)
        for change, result in zip(plan.changes, report.results if report else (), strict=False):
            prior = self.before.get(change.prior_name or change.name)
            involved = {change.name, change.prior_name or change.name}
            written = any(self.before.get(name) != self.store.groups.get(name) for name in involved)
            if result.outcome is Outcome.APPLIED and written:
                assert change.precondition == (prior.revision if prior else None)
                assert wanted.get(change.name) == self.wanted.get(change.name)

    @rule(deed=st.sampled_from(["members", "delete", "create"]), nth=places, name=names, members=people)
    def apply_while_others_act(self, deed, nth, name, members):
        """Somebody changes a group between our plan and our write; their work is not overwritten unseen."""
        project = self.project()
        plan = self.planned(project)
        if plan is None:
            return
        acts = {
            "members": lambda: self.meddle(name, members),
            "delete": lambda: self.vanish(name),
            "create": lambda: self.occupy(name, members, None),
        }
        seen = {}

        def act():
            acts[deed]()
            seen.update(self.store.groups)

        self.store.meanwhile(act, nth=nth)
        report = self.run(project, plan)
        self.is_noted(plan, report)
        applied = {each.name for each in report.results if each.outcome is Outcome.APPLIED}
        if seen and name not in applied and not self.takes_over(plan, name, applied):
            assert seen.get(name) == self.store.groups.get(name)

    # --- What is gone on with and taken back --------------------------------------------------------------------------

    def reminds(self, project, plan):
        """A plan is warned of just where the newest run that was cut short was to change some of the same groups."""
        mine = {change.key for change in plan.changes}
        left = [keys for _, keys in open_runs(self.config.journal, CONFIG_ID) if keys & mine]
        found = [each for each in reminded(project, plan).diagnostics if each.code in {"GS610", "GS611"}]
        assert (["GS610"] if left else []) == [each.code for each in found]

    @rule(fault=faults, nth=places)
    def resume(self, fault, nth):
        """Go on with a run that was cut short: what it proves is true, and without a fault that run is over."""
        project = self.project()
        found = find_resumption(project, self.backends(), patience())
        open_ids = [run.id for run, _ in open_runs(self.config.journal, CONFIG_ID)]
        assert open_ids[:1] == ([found.run.id] if found else [])
        if found is None:
            return
        changes = {change.key: change for change in found.plan.changes}
        for key in found.proven:
            assert self.is_made(changes[key]), changes[key]
        if FAULTS[fault]:
            self.store.fail("apply", nth, **FAULTS[fault])
        purpose = Purpose(RunKind.RESUME, found.run.id)
        report = self.carry_out(project, found.plan, purpose=purpose, settled=found.settled)
        if fault == "none":
            for change, result in zip(found.plan.changes, report.results, strict=True):
                assert result.outcome in {Outcome.APPLIED, Outcome.STALE, Outcome.REFUSED}
                assert (change.key in found.proven) <= (result.outcome is Outcome.APPLIED)
            assert open_ids[1:] >= [run.id for run, _ in open_runs(self.config.journal, CONFIG_ID)]

    @precondition(lambda self: self.past)
    @rule(back=st.just(0) | st.integers(0, 20), fault=faults, nth=places)
    def undo(self, back, fault, nth):
        """Take a run back: what is still as it left it becomes what it was; the rest is left alone, and listed."""
        past = self.past[::-1][back % len(self.past)]
        project, run = self.project(), find_run(self.config.journal, CONFIG_ID, past.id)
        plan = undo_plan(project, self.backends(), run, NOW, patience())
        plan = engine.judge_again(project, plan, backends=self.backends())
        taken = self.taken_back(past, run, plan)
        if FAULTS[fault]:
            self.store.fail("apply", nth, **FAULTS[fault])
        report = self.carry_out(project, plan, purpose=Purpose(RunKind.UNDO, run.id))
        if fault == "none":
            refused = {each.name for each in plan.verdict.refusals}
            results = {each.name: each.outcome for each in report.results}
            assert {name: Outcome.REFUSED if name in refused else Outcome.APPLIED for name in results} == results
            back = [change for change in taken if (change.prior_name or change.name) not in refused]
            for change in back:
                prior = past.before.get(change.prior_name or change.name)
                if change.precondition == (prior.revision if prior else None):  # else others did it before the run
                    self.is_restored(change, prior)
            self.is_wanted_again(past, back)

    def taken_back(self, past, run, plan):
        """Return the applied changes that a plan takes back, after holding all of it against the model."""
        outcomes = {entry.name: entry.outcome for entry in run.entries}
        tried = {entry.name for entry in run.entries if entry.attempts}
        listed = {found.summary.split("`")[1] for found in plan.diagnostics if found.code == "GS612"}
        inverse = {change.name for change in plan.changes}
        taken, left = [], set()
        for change in past.plan.changes:
            outcome = outcomes.get(change.name, Outcome.NOT_TRIED)
            if outcome in {Outcome.REFUSED, Outcome.STALE, Outcome.NOT_TRIED}:
                continue
            now = change.prior_name or change.name if change.action is Action.RENAME else change.name
            if self.is_made(change):
                inverse.remove(now)
                if outcome is Outcome.APPLIED and change.name in tried:  # a resume proves what was done before it
                    taken.append(change)
            elif outcome is not Outcome.FAILED:
                left.add(change.name)
        assert set() == inverse
        assert left == listed
        return taken

    def is_restored(self, change, prior):
        """A group is what it was before a change that was taken back, with a mark that says that this is wanted."""
        group = self.store.groups.get(change.prior_name or change.name)
        if prior is None:
            assert group is None
            return
        if is_given_up(change):  # nobody knows who else came and went since
            assert change.remove.load() <= in_group(group) - change.add.load()
        else:
            assert in_group(prior) == in_group(group)
        assert [prior.attribute(name) for name in ATTRIBUTES] == [group.attribute(name) for name in ATTRIBUTES]
        if prior.mark is None:
            assert group.mark is None
        else:
            made = marked("shop", in_group(group))
            assert replace(made, prevent_delete=prior.mark.prevent_delete) == group.mark

    def is_wanted_again(self, past, back):
        """The definitions were not touched, so that the next plan is to do the same again."""
        plan = self.planned(self.project()) if past.wanted == self.wanted and not past.plan.undoes else None
        if plan is None:
            return
        again = {change.name: change for change in plan.changes}
        for change in back:
            found = again[change.name]
            assert (change.action, change.prior_name) == (found.action, found.prior_name)
            assert (change.add, change.remove, change.mark) == (found.add, found.remove, found.mark)

    def takes_over(self, plan, name, applied):
        """Tell whether a change that was applied gives the name of a group to another, or takes it away."""
        return any(name in (change.name, change.prior_name) and change.name in applied for change in plan.changes)

    # --- What holds all the time --------------------------------------------------------------------------------------

    @invariant()
    def what_is_not_ours_is_untouched(self):
        """Groups of nobody and of other projects are to the last bit what their owners left."""
        for name, group in self.foreign.items():
            assert group == self.store.groups.get(name), name
            assert group.revision == self.store.groups[name].revision

    @invariant()
    def nobody_is_anywhere_by_accident(self):
        """Whoever is in a group was put there by a definition or by hand."""
        for name, group in self.store.groups.items():
            assert in_group(group) <= self.known.get(name, set()), name


def is_given_up(change):
    return change.action is Action.FORGET or (change.mark is None and change.action is Action.UPDATE)


def in_change(change):
    return change.remove.load()


def patience():
    """Make retries that don't try again, so that a fault sticks."""
    return Retries(RetryPolicy(attempts=1), sleep=lambda seconds: False, chance=lambda: 0.0)


TestTrust = Trust.TestCase
TestTrust.settings = settings(max_examples=150, stateful_step_count=30, report_multiple_bugs=False)
