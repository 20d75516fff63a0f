"""A machine that edits, applies, crashes and meddles at random, beside a model of what must come of it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from groupsync import engine
from groupsync.config import load_config
from groupsync.errors import BackendError, InvalidDefinitions
from groupsync.facade import checked
from groupsync.members.files import MemberFiles
from groupsync.model import Action, Group, Lifecycle, Mark, Members, Mode, Outcome, Severity
from groupsync.project import Project
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
NAMES = [f"g{number}" for number in range(5)]
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee", "eve")]
BACKEND = checked(MemoryBackend, "groupsync", "0")
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
places = st.integers(1, 4)


def marked(project, members):
    made = Members.of(members)
    return Mark(project, made.digest, made.count, "email/fold")


def in_group(group):
    return group.members.load() if group else frozenset()


class Trust(RuleBasedStateMachine):
    """Definitions on one side, a target on the other, and everything that happens to both.

    The model is small: what the definitions say (`wanted`), which groups are nobody's or another project's
    (`foreign`), and who was ever put into a group by anybody (`known`).
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
        return Project(self.config, found, resolution, files)

    def backends(self):
        return {THERE: BACKEND(MemoryBackend(self.store))}

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

    def carry_out(self, project, plan):
        """Apply, and hold report and target against each other and the model; False after a crash."""
        self.before = dict(self.store.groups)
        try:
            report = engine.apply_plan(project, plan, self.backends(), retry=patience())
        except KeyboardInterrupt:
            self.store.lock = None  # `groupsync lock break`: it is kept on purpose
            self.adopted(plan, {change.name for change in plan.changes})
            self.nobody_lost(plan)
            return None
        self.adopted(plan, {each.name for each in report.results if each.outcome is Outcome.APPLIED})
        self.nobody_lost(plan)
        for change, result in zip(plan.changes, report.results, strict=True):
            self.is_true(change, result)
        return report

    def adopted(self, plan, applied):
        """What was adopted, with consent, is ours from now on."""
        for change in plan.changes:
            group = self.store.groups.get(change.name)
            if change.action is Action.ADOPT and change.name in applied and group.mark:
                self.foreign.pop(change.name, None)

    def nobody_lost(self, plan):
        """Who was there and whom no change of the plan removes is there still."""
        removed = {change.prior_name or change.name: in_change(change) for change in plan.changes}
        names_now = {change.prior_name: change.name for change in plan.changes if change.prior_name}
        for name, group in self.before.items():
            now = self.store.groups.get(name) or self.store.groups.get(names_now.get(name, name))
            assert in_group(group) - removed.get(name, frozenset()) <= in_group(now), name
            assert now or not (group.mark and group.mark.prevent_delete), name
            found = self.wanted.get(name)
            if found and found.lifecycle.mode is Mode.ADDITIVE:
                assert in_group(group) <= in_group(now)

    def is_true(self, change, result):
        """A result says what is the case."""
        group, prior = self.store.groups.get(change.name), change.prior_name or change.name
        if result.outcome is Outcome.APPLIED:
            assert (group is None) == (change.action is Action.DELETE)
            assert group is None or group.mark == change.mark
            assert group is None or group.members.digest == change.mark.digest
        else:
            assert result.outcome in {Outcome.FAILED, Outcome.REFUSED, Outcome.STALE, Outcome.NOT_TRIED}
            assert self.before.get(prior) == self.store.groups.get(prior), (change, result)
            assert result.error

    @rule(fault=faults, nth=places, adopt=st.booleans())
    def apply(self, fault, nth, adopt):
        """Plan and apply; without a fault everything is as it is wanted, and there is nothing left to do."""
        project = self.project()
        plan = self.planned(project, adopt=adopt)
        if plan is None:
            return
        if FAULTS[fault]:
            self.store.fail("apply", nth, **FAULTS[fault])
        report = self.carry_out(project, plan)
        self.store._failures.clear()
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
        self.store._failures.clear()
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
        report = engine.apply_plan(project, plan, self.backends(), retry=patience())
        self.store._deeds.clear()
        applied = {each.name for each in report.results if each.outcome is Outcome.APPLIED}
        if seen and name not in applied and not self.takes_over(plan, name, applied):
            assert seen.get(name) == self.store.groups.get(name)

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


def in_change(change):
    return change.remove.load()


def patience():
    """Make retries that don't try again, so that a fault sticks."""
    return Retries(RetryPolicy(attempts=1), sleep=lambda seconds: False, chance=lambda: 0.0)


TestTrust = Trust.TestCase
TestTrust.settings = settings(max_examples=150, stateful_step_count=30, report_multiple_bugs=False)
