"""Targets that can't hold ownership marks, or have no revisions: what is ours there, and what is never touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import engine
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.content import content_revision
from groupsync.errors import BackendError, ConfigError, InvalidDefinitions, StalePlanError
from groupsync.journal import Journal, Purpose
from groupsync.journal_read import find_run
from groupsync.makeshift import apply_change
from groupsync.model import Action, Change, Group, Mark, Members, Outcome, RunKind
from groupsync.ownership import Ownership, Owns, OwnsRule
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.recovery import undo_plan
from groupsync.report.text import render_drift, render_plan
from groupsync.retry import Retries
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
LEDGER = "{ledger: ledgers/there.jsonl}"


class World:
    """A project with one target in memory, which can't hold marks."""

    def __init__(self, root):
        self.root = root
        self.store = MemoryStore.named(str(root))
        self.owns = None
        self.options = "ownership: false"
        self.groups = {}
        self.remembers = True
        self.more = ""

    def group(self, name, *members):
        """Put a group on the target by hand."""
        return self.store.put(Group(name, members=Members.of(members)))

    def define(self, name, *members, lifecycle="{}", **more):
        rest = "".join(f", {key}: {value}" for key, value in more.items())
        self.groups[name] = (
            f"{{kind: known-user-group, name: {name}, members: [{', '.join(members)}], lifecycle: {lifecycle}{rest}}}"
        )
        if lifecycle == "{}":
            self.groups[name] = self.groups[name].replace(", lifecycle: {}", "")

    def project(self):
        owns = f", owns: {self.owns}" if self.owns else ""
        (self.root / "groupsync.yaml").write_text(
            "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\n"
            f"targets:\n  there: {{plugin: memory, store: '{self.root}', {self.options}{owns}}}\n"
            f"  elsewhere: {{plugin: memory}}\n{self.more}"
        )
        (self.root / "groups").mkdir(exist_ok=True)
        for path in (self.root / "groups").iterdir():
            path.unlink()
        (self.root / "groups/keep.yaml").write_text("{kind: known-user-group, name: keep, targets: [elsewhere]}\n")
        for name, text in self.groups.items():
            (self.root / f"groups/{name}.yaml").write_text(text + "\n")
        return load_project(load_config(self.root / "groupsync.yaml"), NOW)

    def plan(self, *, adopt=False):
        project = self.project()
        with open_targets(project.config, Plugins.discover(), ["there"]) as backends:
            return engine.make_plan(project, backends, engine.Request(NOW, adopt=adopt, retry=patient()))

    def apply(self, *, adopt=False, before_apply=lambda: None):
        project = self.project()
        with open_targets(project.config, Plugins.discover(), ["there"], to_write=True) as backends:
            plan = engine.make_plan(project, backends, engine.Request(NOW, adopt=adopt, retry=patient()))
            before_apply()
            journal = Journal.of(project.config) if self.remembers else None
            return plan, engine.apply_plan(project, plan, backends, retry=patient(), journal=journal)

    def undo(self):
        project = self.project()
        with open_targets(project.config, Plugins.discover(), ["there"], to_write=True) as backends:
            run = find_run(project.config.journal, project.config.id, "last")
            plan = undo_plan(project, backends, run, NOW)
            purpose = Purpose(RunKind.UNDO, run.id)
            return engine.apply_plan(
                project, plan, backends, retry=patient(), journal=Journal.of(project.config), purpose=purpose
            )

    def members(self):
        return {name: sorted(group.members.load()) for name, group in self.store.groups.items()}

    def ledger(self):
        return [json.loads(line) for line in (self.root / "ledgers/there.jsonl").read_text().splitlines()]


def patient():
    return Retries(sleep=lambda seconds: False)


def actions(plan):
    return {change.name: change.action.value for change in plan.changes}


def rules(plan):
    return {refusal.name: refusal.rule for refusal in plan.verdict.refusals}


def outcomes(report):
    return {result.name: result.outcome for result in report.results}


@pytest.fixture
def world(tmp_path):
    yield World(tmp_path)
    MemoryStore.drop(str(tmp_path))


# By definition, the default


def test_without_marks_what_has_a_definition_is_ours(world):
    """It is created and changed as written; what has none is left alone, and a second plan is empty."""
    world.group("staff", BOB)
    world.group("other", CY)
    world.define("staff", ADA)
    world.define("new", ADA)
    plan, report = world.apply(adopt=True)

    assert {"staff": "adopt", "new": "create"} == actions(plan)
    assert {"staff": Outcome.APPLIED, "new": Outcome.APPLIED} == outcomes(report)
    assert {"staff": [ADA], "new": [ADA], "other": [CY]} == world.members()
    assert {} == actions(world.plan())
    assert all(group.mark is None for group in world.store.groups.values())


def test_without_marks_a_group_that_no_run_made_is_taken_over_only_with_consent(world):
    """Nothing else tells it from somebody else's group of that name; how many are in it is said."""
    world.group("administrators", ADA, BOB)
    world.define("administrators", CY, lifecycle="{mode: additive, adopt: true}", owners="[mallory@example.com]")
    plan, report = world.apply()
    (refusal,) = plan.verdict.refusals

    assert {"administrators": "adopt"} == actions(plan) == rules(plan)
    assert "exists there with 2 members; no run of this project is known to have made it" == plan.changes[0].reason
    summary = "`administrators` exists on there with 2 members, and is not known to be this project's"
    assert summary == refusal.summary
    assert all(
        way in refusal.hint for way in ("`--adopt`", "an approval of the kind `adopt`", "match: [administrators]")
    )
    assert {"administrators": Outcome.REFUSED} == outcomes(report)
    assert {"administrators": [ADA, BOB]} == world.members()

    world.more = "adopt: {match: [admin*]}\n"
    plan, _ = world.apply()
    assert ({"administrators": "adopt"}, {}) == (actions(plan), rules(plan))
    assert {"administrators": [ADA, BOB, CY]} == world.members()
    world.define("administrators", CY, BOB)
    assert ({"administrators": "update"}, {}) == (actions(world.plan()), rules(world.plan()))


@pytest.mark.parametrize("owns", ["all", "{match: 'admin*'}"])
def test_where_the_config_says_what_is_ours_it_consents(world, owns):
    """`owns` is written by those who answer for the target."""
    world.owns = owns
    world.group("administrators", ADA, BOB)
    world.define("administrators", CY)

    assert ({"administrators": "update"}, []) == (
        actions(world.plan()),
        [rule for rule in rules(world.plan()).values() if rule == "adopt"],
    )


def test_without_marks_a_group_that_is_as_defined_needs_no_consent(world):
    """Nothing is written, and nothing could be recorded."""
    world.group("staff", ADA)
    world.define("staff", ADA)

    assert ({}, {}) == (actions(world.plan()), rules(world.plan()))


def test_without_marks_and_memory_every_write_to_a_group_that_exists_wants_consent(world):
    """A runner that remembers nothing can't tell what it made: changing, renaming and deleting are refused alike."""
    world.remembers = False
    for name in ("changed", "old", "gone"):
        world.define(name, ADA)
    world.apply()
    world.groups.clear()
    world.define("changed", BOB)
    world.define("new", ADA, previously="[old]")
    world.define("gone", lifecycle="{state: absent}")
    plan, report = world.apply()

    assert {"changed": "adopt", "new": "rename", "gone": "delete"} == actions(plan)
    assert {"changed": "adopt", "new": "adopt", "gone": "adopt"} == rules(plan)
    assert {"changed": [ADA], "old": [ADA], "gone": [ADA]} == world.members()

    _, report = world.apply(adopt=True)
    assert {Outcome.APPLIED} == set(outcomes(report).values())
    assert {"changed": [BOB], "new": [ADA]} == world.members()


def test_without_marks_the_journal_tells_what_is_ours_through_renames_and_crashes(world):
    """What a run made, changed or began is known, under its present name; what it deleted is not."""

    class Crash(BaseException):
        pass

    for name in ("a", "b"):
        world.define(name, ADA)
    world.apply()
    world.groups.clear()
    world.define("a-2", ADA, previously="[a]")
    world.define("b", lifecycle="{state: absent}")
    world.apply()
    world.groups.clear()
    world.define("begun", ADA)
    world.store.fail("apply", after_write=True, error=Crash())
    with pytest.raises(Crash):
        world.apply()
    world.group("b", CY)
    for name in ("a-2", "b", "begun"):
        world.define(name, BOB)
    plan = world.plan()

    assert {"a-2": "update", "b": "adopt", "begun": "update"} == actions(plan)
    assert {"b": "adopt"} == {name: rule for name, rule in rules(plan).items() if rule == "adopt"}


def test_without_marks_a_takeover_that_was_undone_gives_the_group_back(world):
    """It wants consent again."""
    world.group("staff", BOB)
    world.define("staff", ADA)
    world.apply(adopt=True)
    world.undo()

    assert {"staff": [BOB]} == world.members()
    assert {"staff": "adopt"} == rules(world.plan())


def test_without_marks_removing_a_definition_deletes_nothing(world):
    """Only written consent deletes there."""
    world.define("staff", ADA)
    world.apply()
    world.groups.clear()
    assert {} == actions(world.plan())

    world.define("staff", lifecycle="{state: absent}")
    plan, report = world.apply()

    assert {"staff": "delete"} == actions(plan)
    assert {"staff": Outcome.APPLIED} == outcomes(report)
    assert {} == world.members()


def test_without_marks_a_group_is_renamed_as_written(world):
    """`previously` counts as a definition of the old name."""
    identifier = world.group("old", ADA).id
    world.define("new", ADA, previously="[old]")
    plan, _ = world.apply(adopt=True)

    assert {"new": "rename"} == actions(plan)
    assert {"new": identifier} == {name: group.id for name, group in world.store.groups.items()}


def test_without_a_record_protection_is_that_of_the_definition(world):
    """It is not planned again and again, and still protects."""
    world.define("staff", ADA, lifecycle="{prevent_delete: true}")
    world.apply()
    assert {} == actions(world.plan())
    world.define("staff", lifecycle="{state: absent, prevent_delete: true}")

    assert {"staff": "prevent_delete"} == rules(world.plan())


def test_the_plan_says_that_the_target_holds_no_marks(world):
    """Nobody is to wonder why a removed definition deletes nothing, or where drift has gone."""
    world.define("staff", ADA)
    world.apply()
    world.store.set_members("staff", [BOB])
    plan = world.plan()

    assert "can't hold ownership marks: ours is what has a definition; only `state:" in render_plan(plan)
    assert (False, ()) == (plan.targets[0].records, plan.drift)
    assert "On there drift can't be told from edits" in " ".join(render_drift(plan).split())
    assert "members differ" in render_plan(plan)


# All, or by name


@pytest.mark.parametrize("owns", ["all", "{match: 'gs-*'}"])
def test_groups_of_ours_without_definition_are_named_and_left_alone(world, owns):
    """One warning for all of them says what deletes one."""
    world.owns = owns
    world.group("gs-old", ADA)
    world.group("gs-older", ADA)
    plan, _ = world.apply()
    warning = next(found for found in plan.diagnostics if found.code == "GS607")

    assert {} == actions(plan)
    assert ("2 groups on there are ours by `owns`, without a definition for it", "`gs-old`, `gs-older`") == (
        warning.summary,
        warning.detail,
    )
    assert {"gs-old": [ADA], "gs-older": [ADA]} == world.members()


def test_a_definition_outside_of_what_is_ours_is_refused(world):
    """Whether the group is there or not; what is inside goes on."""
    world.owns = "{match: 'gs-*'}"
    world.group("theirs", BOB)
    for name in ("theirs", "new", "gs-mine"):
        world.define(name, ADA)
    plan, report = world.apply(adopt=True)

    assert {"theirs": "owns", "new": "owns"} == rules(plan)
    assert {"theirs": Outcome.REFUSED, "new": Outcome.REFUSED, "gs-mine": Outcome.APPLIED} == outcomes(report)
    assert {"theirs": [BOB], "gs-mine": [ADA]} == world.members()


# The ledger


def test_a_ledger_tells_what_is_ours_as_marks_do(world):
    """Creating, changing and deleting follow the definitions, and every apply leaves the ledger in order."""
    world.owns = LEDGER
    for name in ("b", "a"):
        world.define(name, ADA)
    world.apply()
    expected = {"digest": Members.of([ADA]).digest, "count": 1, "identity": "email/fold", "prevent_delete": False}

    assert [{"name": "a", **expected}, {"name": "b", **expected}] == world.ledger()
    del world.groups["b"]
    world.define("a", ADA, BOB)
    plan, report = world.apply()
    assert {"a": "update", "b": "delete"} == actions(plan)
    assert {"a": Outcome.APPLIED, "b": Outcome.APPLIED} == outcomes(report)
    assert [("a", 2)] == [(line["name"], line["count"]) for line in world.ledger()]
    assert {} == actions(world.plan())


def test_a_ledger_tells_drift_from_an_edit(world):
    """The digest last applied is in it."""
    world.owns = LEDGER
    for name in ("drifted", "pending"):
        world.define(name, ADA)
    world.apply()
    world.store.set_members("drifted", [ADA, CY])
    world.define("pending", ADA, BOB)

    assert {"drifted": (True, False), "pending": (False, True)} == {
        drift.name: (drift.drifted, drift.pending) for drift in world.plan().drift
    }


def test_what_the_ledger_does_not_list_is_taken_over_only_with_consent(world):
    """Taking over without a change writes to the ledger alone."""
    world.owns = LEDGER
    world.group("staff", ADA)
    world.group("other", BOB)
    world.define("staff", ADA)
    revision = world.store.groups["staff"].revision
    plan, report = world.apply()
    assert ({"staff": "adopt"}, {"staff": Outcome.REFUSED}) == (rules(plan), outcomes(report))

    plan, report = world.apply(adopt=True)
    assert ({"staff": "adopt"}, {"staff": Outcome.APPLIED}) == (actions(plan), outcomes(report))
    assert revision == world.store.groups["staff"].revision
    assert ["staff"] == [line["name"] for line in world.ledger()]
    assert {} == actions(world.plan())


def test_taking_over_with_a_change_writes_both(world):
    """The target sees an update, because it knows of no adoption."""
    world.owns = LEDGER
    world.group("staff", ADA)
    world.define("staff", BOB)
    _, report = world.apply(adopt=True)

    assert {"staff": Outcome.APPLIED} == outcomes(report)
    assert {"staff": [BOB]} == world.members()
    assert [("staff", 1)] == [(line["name"], line["count"]) for line in world.ledger()]


def test_a_group_that_leaves_the_selection_is_forgotten_by_the_ledger(world):
    """The group stays as it is."""
    world.owns = LEDGER
    world.define("staff", ADA)
    world.apply()
    world.define("staff", ADA, targets="[elsewhere]")
    plan, report = world.apply()

    assert ({"staff": "forget"}, {"staff": Outcome.APPLIED}) == (actions(plan), outcomes(report))
    assert ([], {"staff": [ADA]}) == (world.ledger(), world.members())


def test_protection_in_the_ledger_outlives_the_definition(world):
    """As in a mark."""
    world.owns = LEDGER
    world.define("staff", ADA, lifecycle="{prevent_delete: true}")
    world.apply()
    assert {} == actions(world.plan())
    world.groups.clear()

    assert {"staff": "prevent_delete"} == rules(world.plan())


def test_a_rename_moves_the_line_in_the_ledger(world):
    """The old name is gone from it."""
    world.owns = LEDGER
    world.define("old", ADA)
    world.apply()
    world.groups.clear()
    world.define("new", ADA, previously="[old]")
    plan, _ = world.apply()

    assert {"new": "rename"} == actions(plan)
    assert ["new"] == [line["name"] for line in world.ledger()]


def test_a_crash_leaves_in_the_ledger_what_was_applied(world):
    """Lines are added while a run lasts; half a line at the end counts for nothing."""

    class Crash(BaseException):
        pass

    world.owns = LEDGER
    world.options += ", concurrent: 1"
    for name in ("a", "b", "c"):
        world.define(name, ADA)
    world.store.fail("apply", 3, error=Crash())
    with pytest.raises(Crash):
        world.apply()
    with (world.root / "ledgers/there.jsonl").open("a") as file:
        file.write('{"name": "c", "dig')
    plan, report = world.apply()

    assert ({"c": "create"}, {"c": Outcome.APPLIED}) == (actions(plan), outcomes(report))
    assert ["a", "b", "c"] == [line["name"] for line in world.ledger()]


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", '{"name": "a"}', '{"name": "a", "digest": 5}', '{"name": "a", "digest": "d", "count": "1"}'],
)
def test_a_damaged_ledger_stops_the_run(world, line):
    """It is never guessed what is ours; the message names the line."""
    world.owns = LEDGER
    (world.root / "ledgers").mkdir()
    (world.root / "ledgers/there.jsonl").write_text('{"name": "b", "digest": null}\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"Line 2 of the ledger `ledgers/there.jsonl` is damaged"):
        world.plan()


def test_a_ledger_outside_the_project_is_refused(world):
    """Nothing outside of it is read or written."""
    world.owns = LEDGER
    (world.root / "ledgers").symlink_to(world.root.parent)
    with pytest.raises(ConfigError, match="leads out of the project"):
        world.plan()


@pytest.mark.parametrize("link", [".git/hooks", ".github"])
def test_a_ledger_is_not_written_into_a_hidden_folder_by_a_link(world, link):
    """What lies there may be run by others."""
    world.owns = LEDGER
    (world.root / link).mkdir(parents=True)
    (world.root / "ledgers").symlink_to(link)
    with pytest.raises(ConfigError, match="can't lie there"):
        world.plan()


def test_where_nothing_can_be_recorded_nothing_is_changed(world):
    """A ledger that can't be written stops every change on its target before the first one."""
    world.owns = LEDGER
    world.options += ", concurrent: 1"
    for name in ("a", "b"):
        world.define(name, ADA)
    (world.root / "ledgers").mkdir()

    _, report = world.apply(before_apply=(world.root / "ledgers/there.jsonl").mkdir)

    assert {"a": Outcome.NOT_TRIED, "b": Outcome.NOT_TRIED} == outcomes(report)
    assert [] == list(world.members())


def test_what_can_not_be_recorded_any_more_ends_the_run_and_is_told(world):
    """After the first line that can't be written nothing more is tried on that target."""
    world.owns = LEDGER
    world.options += ", concurrent: 1"
    for name in ("a", "b"):
        world.define(name, ADA)
    (world.root / "ledgers").mkdir()
    ledger = world.root / "ledgers/there.jsonl"

    def spoil():
        ledger.unlink()
        ledger.mkdir()

    world.store.meanwhile(spoil)
    _, report = world.apply()

    assert {"a": Outcome.APPLIED, "b": Outcome.NOT_TRIED} == outcomes(report)
    assert ["GS608"] == [found.code for found in report.diagnostics]
    assert ["a"] == list(world.members())


def test_a_group_that_was_begun_is_ours(world):
    """A create that broke off between two writes leaves a line: the next run, on any machine, goes on with it."""
    world.owns = LEDGER
    world.options += ", bulk_limit: 1"
    world.define("a", ADA, BOB, CY)
    world.store.fail("apply", 3, error=BackendError("no space left"))
    _, report = world.apply()
    assert {"a": Outcome.FAILED} == outcomes(report)
    assert [("a", "", 0)] == [(line["name"], line["digest"], line["count"]) for line in world.ledger()]
    plan, report = world.apply()

    assert ({"a": "update"}, {}, {"a": Outcome.APPLIED}) == (actions(plan), rules(plan), outcomes(report))
    assert ["a run broke off here, and this goes on with it"] == [change.reason for change in plan.changes]
    assert [("a", 3)] == [(line["name"], line["count"]) for line in world.ledger()]


def test_a_ledger_that_is_not_there_is_named(world):
    """Where it may have listed groups; before anything was applied there is nothing to say."""
    world.owns = LEDGER
    world.define("a", ADA)
    assert "GS616" not in {found.code for found in world.plan().diagnostics}
    world.apply()
    (world.root / "ledgers/there.jsonl").unlink()
    [found] = [found for found in world.plan().diagnostics if found.code == "GS616"]

    assert "The ledger `ledgers/there.jsonl` of there is not there" == found.summary
    assert "`a` is on the target" in found.detail


def test_a_group_that_the_ledger_lists_and_the_target_lacks_is_gone(world):
    """It was applied, whatever the journal knows."""
    world.owns = LEDGER
    world.define("a", ADA)
    world.apply()
    world.store.groups.clear()
    plan = world.plan()

    assert ["was applied, and is gone from the target"] == [change.reason for change in plan.changes]
    assert [("a", True)] == [(drift.name, drift.gone) for drift in plan.drift]


def test_owns_does_not_go_with_a_target_that_holds_marks(world):
    """There the marks tell."""
    world.options = "ownership: true"
    world.owns = "all"
    with pytest.raises(ConfigError, match="`owns` does not go with the target `there`"):
        world.plan()


ELSEWHERE = (
    *("here/", "here", "a.json", ".jsonl", "../there.jsonl", "a/../../b.jsonl", "/etc/a.jsonl/x"),
    *(".git/hooks/post-checkout", ".git/a.jsonl", "a/.b/c.jsonl", ".github/workflows/a.yml", "a\\\\.git\\\\b.jsonl"),
)


@pytest.mark.parametrize(
    "owns",
    ["some", "{}", "{match: 'A b'}", "{match: a, ledger: b.jsonl}", "null", *(f'{{ledger: "{x}"}}' for x in ELSEWHERE)],
)
def test_an_owns_that_means_nothing_is_an_error(world, owns):
    """The config is checked as a whole."""
    world.owns = owns
    with pytest.raises(InvalidDefinitions):
        world.plan()


names = st.text("abgs-", min_size=1, max_size=4)


@given(names=st.sets(names), defined=st.frozensets(names), pattern=st.sampled_from(["gs-*", "a*", "?", "*"]))
def test_only_what_is_ours_gets_a_mark(names, defined, pattern):
    """Whatever rule holds, a group is claimed exactly when the rule says so, and nothing else about it changes."""
    groups = tuple(Group(name) for name in sorted(names))
    recorded = {name: Mark("shop", "d", 1, "email/fold") for name in defined}
    for rule in OwnsRule:
        ownership = Ownership(Owns(rule, pattern, "ledger"), "shop", defined, recorded)
        claimed = ownership.claim(groups)
        assert groups == tuple(replace(group, mark=None) for group in claimed)
        ours = {group.name for group in claimed if group.mark}
        match rule:
            case OwnsRule.ALL:
                assert names == ours
            case OwnsRule.MATCH:
                assert {name for name in names if ownership.allows(name)} == ours
            case _:
                assert names & defined == ours


# Without revisions


def test_without_revisions_a_group_that_moved_is_still_left_alone(world):
    """The content that was planned on is compared right before the write."""
    world.options = "revisions: false"
    for name in ("moved", "still"):
        world.define(name, ADA)
    world.apply()
    for name in ("moved", "still"):
        world.define(name, ADA, BOB)
    _, report = world.apply(before_apply=lambda: world.store.set_members("moved", [CY]))

    assert {"moved": Outcome.STALE, "still": Outcome.APPLIED} == outcomes(report)
    assert {"moved": [CY], "still": [ADA, BOB]} == world.members()


@pytest.mark.parametrize("options", ["revisions: false", "revisions: false, ownership: false"])
def test_without_revisions_a_lost_answer_is_recognised(world, options):
    """The own write is told from a stranger's by what it made."""
    world.options = options
    world.define("staff", ADA)
    world.apply()
    world.define("staff", BOB)
    world.store.fail("apply", after_write=True)
    _, report = world.apply()

    assert [(Outcome.APPLIED, 2)] == [(result.outcome, result.attempts) for result in report.results]
    assert {"staff": [BOB]} == world.members()


def test_without_revisions_a_group_that_is_gone_is_stale(world):
    """Nothing is made anew by an update."""
    group = Group("g", members=Members.of([ADA]))
    change = Change(
        "there", "g", Action.UPDATE, "g", add=Members.of([BOB]), precondition=content_revision(group, holds_marks=True)
    )
    with pytest.raises(StalePlanError, match="it is not there any more"):
        apply_change(change, MemoryBackend(world.store), print)


@given(data=st.data())
def test_a_content_revision_moves_with_all_that_could_be_overwritten(data):
    """Members, attributes, mark and id count; the target's own revision does not."""
    fields = {
        "id": st.none() | st.sampled_from(["1", "2"]),
        "display_name": st.none() | st.sampled_from(["", "a"]),
        "owners": st.none() | st.sampled_from([(), ("a",)]),
        "labels": st.none() | st.sampled_from([(), (("a", "b"),)]),
        "members": st.none() | st.sampled_from([Members.of([]), Members.of([ADA])]),
        "mark": st.none() | st.sampled_from([Mark("shop", "d", 1, "e"), Mark("other", "d", 1, "e")]),
    }
    one, two = (Group("g", **{key: data.draw(value) for key, value in fields.items()}) for _ in range(2))

    same = content_revision(one, holds_marks=True) == content_revision(two, holds_marks=True)
    assert (replace(one, revision=None) == replace(two, revision=None)) == same
    bare = replace(one, mark=None, revision="r9")
    assert content_revision(bare, holds_marks=False) == content_revision(one, holds_marks=False)


# Suddenly empty


def test_a_group_that_is_suddenly_empty_is_filled_again_and_told(world):
    """Exit code and report say that something is odd there."""
    world.options = "ownership: true"
    world.define("staff", ADA, BOB)
    world.apply()
    world.store.set_members("staff", [])
    plan, report = world.apply()

    assert ["GS606"] == [found.code for found in plan.diagnostics]
    assert (("staff",), {"staff": "update"}) == (plan.targets[0].withheld, actions(plan))
    assert (0, {"staff": [ADA, BOB]}) == (report.results[0].removed, world.members())
    assert () == world.plan().diagnostics


def test_a_group_that_is_suddenly_empty_is_deleted_only_with_written_consent(world):
    """A target that shows nobody must not make a deletion look harmless."""
    world.options = "ownership: true"
    world.define("staff", ADA, BOB)
    world.apply()
    world.store.set_members("staff", [])
    world.groups.clear()
    plan = world.plan()
    assert (["GS606"], {}, ("staff",)) == (
        [found.code for found in plan.diagnostics],
        actions(plan),
        plan.targets[0].withheld,
    )

    world.define("staff", lifecycle="{state: absent}")
    assert {"staff": "delete"} == actions(world.plan())


@pytest.mark.parametrize(("owns", "rule"), [("all", "unjudged:size_deviation"), (LEDGER, "size_deviation")])
def test_without_room_for_marks_a_group_that_is_there_was_there_before(world, owns, rule):
    """Where neither a run nor a ledger tells, a guard that compares with one can't judge it, and judges what is new."""
    world.owns, world.more = owns, "guards: {size_deviation: {refuse: {percent: 10}}}\n"
    world.remembers = False
    world.define("admins", ADA)
    assert {} == rules(world.plan())
    world.apply()
    world.define("admins", ADA, BOB)
    world.define("new", ADA)

    assert {"admins": rule} == rules(world.plan())
