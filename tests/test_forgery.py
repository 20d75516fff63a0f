"""A saved plan is checked, not believed: what was altered in it is refused or stale, however well its digests fit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groupsync import engine
from groupsync.belonging import check_expected
from groupsync.config import load_config
from groupsync.convert import change_record, read_change
from groupsync.convert_past import past_of_text
from groupsync.errors import ConfigError
from groupsync.facade import checked
from groupsync.guard_grants import parse_allow
from groupsync.journal import Journal, Purpose
from groupsync.journal_read import find_run
from groupsync.model import (
    NO_MEMBERS,
    Action,
    AttributeChange,
    Change,
    Group,
    Mark,
    Members,
    Outcome,
    RunKind,
    Verdict,
    digest_bytes,
    encode_members,
)
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.records import Fields
from groupsync.recovery import find_resumption
from groupsync.testing.target import mark_for
from groupsync.undoing import check_undo, plan_undo
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.test_unjudged import World as Shop

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, BOB, CY, DI, EVE, MALLORY = (f"{name}@example.com" for name in ("ada", "bob", "cy", "di", "eve", "mallory"))
CROWD = tuple(f"person-{number:03}@example.com" for number in range(1, 201))
BACKEND = checked(MemoryBackend, "groupsync", "0")
CONFIG = """\
version: 1
project: shop
definitions: [groups.yaml]
aliases: {old@example.com: new@example.com}
exclude: [blocked]
sources:
  customers:
    plugin: memory
    id: email
    rows: [{email: ada@example.com, age: 40}, {email: bob@example.com, age: 50}, {email: cy@example.com, age: 60},
      {email: di@example.com, age: 70}]
targets: {there: {plugin: memory}, elsewhere: {plugin: memory}}
"""
LIST, SEGMENT = {"kind": "known-user-group"}, {"kind": "segment", "source": "customers", "where": {"everyone": True}}
DEFINITIONS = {
    "blocked": {**LIST, "members": [EVE], "targets": ["elsewhere"]},
    "consented": {
        **LIST,
        "members": [ADA, BOB, CY, DI, EVE, "yan@example.com", "zoe@example.com"],
        "targets": ["elsewhere"],
    },
    "away": {**LIST, "members": [ADA], "targets": ["elsewhere"]},
    "gone": {**LIST, "lifecycle": {"state": "absent"}},
    "new-name": {**LIST, "members": [ADA], "previously": ["old-name"]},
    "crowd": {**LIST, "members_from": [{"path": "crowd.txt"}]},
    "made": {**LIST, "members": [ADA, BOB], "owners": ["lead@example.com"], "display_name": "Made"},
    "more": {**LIST, "members": [ADA, BOB], "lifecycle": {"mode": "additive"}},
    "moving": {**LIST, "members": ["new@example.com", ADA]},
    "open": {**LIST, "description": "Whoever is in it stays"},
    "staff": {**LIST, "members_from": [{"path": "staff.txt"}], "owners": ["lead@example.com"], "display_name": "Staff"},
    "trial": {**LIST, "members": [ADA, {"email": BOB, "until": "2026-11-01"}]},
    "buyers": {
        **SEGMENT,
        "members": ["zoe@example.com", {"email": "yan@example.com", "until": "2026-11-01"}],
        "restrict_to": ["consented"],
    },
    "derived": {**LIST, "include": ["buyers", "staff"]},
    "first": {**SEGMENT, "limit": {"count": 2, "order_by": {"age": "desc"}}},
    "half": {**SEGMENT, "sample": {"percent": 50, "seed": "a"}, "holdout": {"percent": 40, "seed": "b"}},
}
PRIOR = {
    "old-name": [BOB],
    "crowd": [*CROWD[:199], "leaver@example.com"],
    "gone": [ADA],
    "more": [CY],
    "moving": ["old@example.com", BOB],
    "open": [CY],
    "staff": [ADA, "leaver@example.com"],
    "trial": [ADA, BOB, CY],
    "buyers": [ADA, "leaver@example.com", "yan@example.com"],
    "derived": [ADA, "leaver@example.com"],
    "orphan": [CY],
    "away": [CY],
}


class World:
    """A project with a target in memory that holds what `PRIOR` says, all of it ours."""

    def __init__(self, root, config=CONFIG, definitions=None, prior=None):
        self.root = root
        self.store = MemoryStore()
        (root / "groupsync.yaml").write_text(config)
        (root / "staff.txt").write_text("ada@example.com\nbob@example.com\n")
        (root / "crowd.txt").write_text("".join(f"{each}\n" for each in CROWD))
        self.define(DEFINITIONS if definitions is None else definitions)
        for name, members in (PRIOR if prior is None else prior).items():
            held = Members.of(members)
            mark = Mark("shop", held.digest, held.count, "email/fold")
            self.store.put(Group(name, display_name="As it was", members=held, mark=mark))

    def define(self, definitions):
        texts = [json.dumps({"name": name, **definition}) for name, definition in definitions.items()]
        (self.root / "groups.yaml").write_text("\n---\n".join(texts))

    def project(self, now=NOW):
        return load_project(load_config(self.root / "groupsync.yaml"), now)

    def backends(self):
        return {"there": BACKEND(MemoryBackend(self.store))}

    def plan(self):
        self.planned = self.project()  # which keeps the members of segments that its plan has
        return engine.make_plan(self.planned, self.backends(), engine.Request(NOW))

    def saved(self, plan):
        """Give the plan the digest that it would have, save it and read it again."""
        path = self.root / "saved.plan"
        write_plan(sealed(plan), path)
        return read_plan(path)

    def apply(self, plan, now=NOW, grants=()):
        """Do as `groupsync apply PLAN` does, and return by name what became of each change, and why."""
        project, backends = self.project(now), self.backends()
        plan = engine.judge_again(project, self.saved(plan), backends=backends, grants=grants)
        report = engine.apply_plan(project, plan, backends)
        return {result.name: (result.outcome, result.error) for result in report.results}

    def members(self, name):
        return sorted(self.store.groups[name].members.load())


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def altered(plan, name, alter):
    """Alter one change of a plan."""
    changes = tuple(alter(each) if each.name == name else each for each in plan.changes)
    return replace(plan, changes=tuple(sorted(changes, key=lambda each: each.key)))


def with_members(change, add=(), remove=(), **more):
    """Let others come and go, with figures that add up; the mark stays that of the definition."""
    come, go = Members.of(add), Members.of(remove)
    mark = replace(change.mark, **more) if more else change.mark
    return replace(change, add=come, remove=go, prior_count=mark.count - come.count + go.count, mark=mark)


def adding(*names):
    """Let some more people come, and make the mark fit."""

    def alter(change):
        come = change.add.load() | set(names)
        count = change.mark.count + len(names)
        return replace(change, add=Members.of(come), mark=replace(change.mark, count=count, digest="f" * 64))

    return alter


def removing(*names):
    """Let some more people go, and make the figures add up."""

    def alter(change):
        go = change.remove.load() | set(names)
        return replace(change, remove=Members.of(go), prior_count=change.prior_count + len(names))

    return alter


def setting(**values):
    return lambda change: replace(change, **values)


def marking(**values):
    return lambda change: replace(change, mark=replace(change.mark, **values))


def attribute(name, after):
    """Write another value than the definition has."""

    def alter(change):
        others = tuple(each for each in change.attributes if each.name != name)
        return replace(change, attributes=(*others, AttributeChange(name, None, after)))

    return alter


def without(name):
    return lambda change: replace(change, attributes=tuple(each for each in change.attributes if each.name != name))


def deleting(change):
    return Change(
        "there",
        change.name,
        Action.DELETE,
        change.name,
        remove=Members.of([ADA]),
        prior_count=1,
        precondition=change.precondition,
        definition_digest=change.definition_digest,
    )


def no_forgery(change):
    return change


DIGEST_OF_TWO = digest_bytes(encode_members([ADA, MALLORY]))
FORGERIES = [
    # who comes and goes, where files alone say it
    ("staff", adding(MALLORY), "it would add `mallory@example.com`, whom the definition does not name"),
    ("crowd", adding(MALLORY), "it would add `mallory@example.com`, whom the definition does not name"),
    ("crowd", removing(CROWD[0]), "it would remove `person-001@example.com`, whom the definition names"),
    (
        "crowd",
        removing(*CROWD[:10]),
        "`person-001@example.com`, `person-002@example.com`, `person-003@example.com` and 7 more, whom the definition",
    ),
    ("made", adding(MALLORY), "it would add `mallory@example.com`"),
    ("made", setting(add=Members.of([ADA, MALLORY])), "it would add `mallory@example.com`"),
    ("made", lambda change: with_members(change, [ADA], count=1), "it leaves 1 member, and the definition has 2"),
    ("more", adding(MALLORY), "it would add `mallory@example.com`"),
    ("more", removing(CY), "it would remove members, and may only add some"),
    ("moving", adding(MALLORY), "it would add `mallory@example.com`"),
    ("open", removing(CY), "it would change who belongs, and its definition says nothing of that"),
    (
        "open",
        lambda change: replace(
            change, add=Members.of([MALLORY]), mark=replace(change.mark, count=change.mark.count + 1)
        ),
        "it would change who belongs, and its definition says nothing of that",
    ),
    # what guards go by
    ("crowd", setting(expired=1), "1 of those to remove is said to have expired, and 0 have"),
    ("trial", setting(expired=2), "2 of those to remove are said to have expired, and 1 has"),
    ("crowd", setting(prior_count=10**9), "its figures don't add up"),
    ("moving", setting(readdressed=()), "its changed addresses are not those of `aliases`"),
    ("staff", setting(readdressed=(("leaver@example.com", BOB),)), "its changed addresses are not those of `aliases`"),
    ("orphan", setting(prior_count=10**9), "and 1 would go with it"),
    ("gone", setting(prior_count=10**9), "and 1 would go with it"),
    ("orphan", setting(expired=1), "nothing may come with a group that goes"),
    ("orphan", setting(add=Members.of([MALLORY])), "nothing may come with a group that goes"),
    # the mark
    ("staff", marking(digest=DIGEST_OF_TWO), "its mark has the digest of other members"),
    ("staff", marking(count=7), "its figures don't add up"),
    ("staff", marking(project="other"), "its mark is not one of this project"),
    ("staff", marking(identity="id/preserve"), "its mark is not one of this project"),
    ("staff", marking(prevent_delete=True), "its mark has another protection"),
    ("staff", setting(mark=None), "it would have no mark"),
    # attributes and owners
    ("staff", attribute("display_name", "Ours"), "the `display_name` to write is not that of the definition"),
    ("staff", attribute("description", "Ours"), "the `description` to write is not that of the definition"),
    ("staff", attribute("labels", (("tier", "gold"),)), "the `labels` to write is not that of the definition"),
    ("staff", attribute("prevent_delete", True), "its protection is not that of the definition"),
    ("made", attribute("owners", (MALLORY,)), "the `owners` to write is not that of the definition"),
    ("made", without("display_name"), "the `display_name` of the definition is left out"),
    ("made", setting(owners=(MALLORY,)), "its owners are not those of the definition"),
    ("made", setting(owners=()), "its owners are not those of the definition"),
    ("staff", setting(owners=("lead@example.com", MALLORY)), "its owners are not those of the definition"),
    # what is done
    ("staff", deleting, "it would be deleted, and its definition wants it"),
    (
        "away",
        setting(action=Action.DELETE, remove=Members.of([CY])),
        "it would be deleted, and is defined, though not for there",
    ),
    ("orphan", setting(action=Action.FORGET, remove=NO_MEMBERS), "its mark would be taken off, and no definition"),
    ("away", setting(remove=Members.of([CY])), "a group that is given up keeps its members"),
    ("away", setting(attributes=(AttributeChange("display_name", "x", None),)), "keeps its attributes"),
    ("new-name", setting(prior_name="crowd"), "its definition has no `previously: [crowd]`"),
    ("staff", setting(prior_name="orphan"), "its definition calls it staff, and it is called orphan there"),
    ("made", setting(prior_name="orphan"), "it would be created, and had something before"),
    ("orphan", setting(prior_name="staff"), "it is called staff there"),
    (
        "orphan",
        lambda change: with_members(
            replace(change, action=Action.UPDATE, mark=Mark("shop", "f" * 64, 1, "email/fold")), [MALLORY]
        ),
        "no definition gives it to there",
    ),
    (
        "gone",
        lambda change: replace(change, action=Action.UPDATE, mark=Mark("shop", "f" * 64, 0, "email/fold")),
        "its definition has `state: absent`",
    ),
    # who comes and goes, where a source says it: bounds
    ("buyers", adding(EVE), "it would add `eve@example.com`, who can't belong to it"),  # excluded from every group
    ("buyers", adding(MALLORY), "it would add `mallory@example.com`, who can't belong to it"),  # not among `consented`
    ("buyers", removing("zoe@example.com"), "it would remove `zoe@example.com`, who belong to it"),
    ("buyers", setting(expired=2), "2 of those to remove are said to have expired, and 1 can have"),
    ("derived", adding(MALLORY), "it would add `mallory@example.com`, who can't belong to it"),
    ("derived", removing(BOB), "it would remove `bob@example.com`, who belong to it"),
    ("first", adding(MALLORY), "it leaves 3 members, and `limit` lets in 2 at most"),
    ("half", adding("person-001@example.com", "person-002@example.com"), "who can't belong to it"),
]


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (lambda change: replace(change, prior_count=10**6, mark=replace(change.mark, count=10**6)), "it has 3 members"),
        (setting(id="another"), "its id there is"),
        (
            lambda change: replace(change, attributes=(AttributeChange("kind", "segments", "segment"),)),
            "its `kind` there is not what it is said to be",
        ),
    ],
)
def test_what_a_plan_says_of_the_target_is_held_against_that(world, alter, reason):
    """Also of a segment, of whose size the definition says nothing: guards go by how many there were."""

    def made(change):
        # as many come as go, so that the figures add up
        return alter(replace(change, add=NO_MEMBERS, remove=NO_MEMBERS, expired=0, mark=replace(change.mark, count=3)))

    outcome, error = world.apply(altered(world.plan(), "buyers", made))["buyers"]
    assert (Outcome.REFUSED, True) == (outcome, reason in error), error


def test_a_protected_group_is_not_deleted_by_a_plan_that_leaves_its_refusal_out(world):
    """What refuses a change is no part of a plan's digest, so that it is asked of the target again."""
    held = world.store.groups["orphan"]
    world.store.put(replace(held, mark=replace(held.mark, prevent_delete=True)))
    plan = world.plan()
    assert "prevent_delete" == plan.verdict.refusals[0].rule
    outcome, error = world.apply(replace(plan, verdict=Verdict()))["orphan"]
    assert (Outcome.REFUSED, True) == (outcome, "protected from deletion" in error), error


def test_a_group_that_is_not_ours_is_not_taken_over_by_a_plan_that_calls_it_an_update(world):
    """To adopt a group takes consent, and to change one takes that it is ours."""
    held = world.store.groups["staff"]
    world.store.put(replace(held, mark=None))
    forged = altered(replace(world.plan(), verdict=Verdict()), "staff", setting(action=Action.UPDATE))
    outcome, error = world.apply(forged)["staff"]
    assert (Outcome.REFUSED, True) == (outcome, "the group there is not ours" in error), error


@pytest.mark.parametrize("header", [{"project": "other"}, {"config": "shop/other.yaml"}, {"redacted": True}])
def test_a_plan_of_another_config_is_refused(world, header):
    """Nothing of it is applied."""
    plan = replace(world.plan(), **header)
    with pytest.raises(ConfigError):
        world.apply(plan)


def test_a_plan_for_another_store_is_refused(world):
    """Where a target is another one by now, nothing is done on it."""
    plan = world.plan()
    targets = tuple(replace(each, identity="memory {}") for each in plan.targets)
    if targets == plan.targets:
        targets = tuple(replace(each, identity="file {}") for each in plan.targets)
    with pytest.raises(ConfigError, match="is another store"):
        world.apply(replace(plan, targets=targets))


@pytest.mark.parametrize(("name", "alter", "reason"), FORGERIES, ids=[f"{each[0]}: {each[2]}" for each in FORGERIES])
def test_a_change_that_is_not_what_the_definition_makes_is_refused(world, name, alter, reason):
    """It is left alone with the reason, though every digest fits; the other changes are not stopped by it."""
    plan = world.plan()
    assert name in {change.name for change in plan.changes}
    before = dict(world.store.groups)
    forged = altered(plan, name, alter)
    assert forged != plan
    off = [f"{kind}:there<=99@{world.saved(forged).digest}" for kind in ("run", "lost", "delete")]
    found = world.apply(forged, grants=[parse_allow(each) for each in off])
    outcome, error = found.pop(name)
    assert (Outcome.REFUSED, True) == (outcome, reason in error), error
    assert before.get(name) == world.store.groups.get(name)
    assert Outcome.APPLIED in {each for each, _ in found.values()}


def test_a_plan_that_nobody_altered_is_believed(world):
    """What is refused of it is only what guards refuse."""
    plan = world.plan()
    project = world.project()
    again = engine.judge_again(project, world.saved(plan), backends=world.backends())
    assert plan.verdict == again.verdict
    kinds = {change.action for change in plan.changes}
    assert {Action.CREATE, Action.UPDATE, Action.RENAME, Action.DELETE, Action.FORGET} == kinds


def test_members_that_go_are_not_believed_to_have_expired(tmp_path):
    """A guard that lets expired members go counts those who have expired, and not those who are said to have."""
    people = [f"person-{number:05}@example.com" for number in range(10_000)]
    world = World(
        tmp_path,
        "version: 1\nproject: shop\ndefinitions: [groups.yaml]\ntargets: {there: {plugin: memory}}\n",
        {"customers": {**LIST, "members_from": [{"path": "crowd.txt"}]}},
        {"customers": people},
    )
    (tmp_path / "crowd.txt").write_text("".join(f"{each}\n" for each in [*people, "person-10000@example.com"]))
    plan = altered(
        world.plan(),
        "customers",
        lambda change: replace(
            with_members(change, (), people[1:], count=1, digest=digest_bytes(encode_members(people[:1]))),
            expired=9_999,
        ),
    )
    outcome, error = world.apply(plan)["customers"]
    assert (Outcome.REFUSED, 10_000) == (outcome, len(world.members("customers")))
    assert "and 6 more, whom the definition names" in error or "more, whom the definition names" in error


# --- Taking back ------------------------------------------------------------------------------------------------------


UNDOING = """\
version: 1
project: shop
definitions: [groups.yaml]
guards: {removed_members: {refuse: off}, emptied_group: off, lost_every_group: {refuse: off}}
targets: {there: {plugin: memory}}
"""


class Applied(World):
    """A world with two runs behind it: the second let somebody come to each group, and somebody go."""

    def __init__(self, root):
        groups = {name: {**LIST, "members": [ADA, BOB]} for name in ("one", "two")}
        super().__init__(root, UNDOING, groups, {})
        self.run()
        self.define({name: {**LIST, "members": [ADA, CY]} for name in ("one", "two")})
        self.run()

    def run(self):
        project, backends = self.project(), self.backends()
        plan = engine.make_plan(project, backends, engine.Request(NOW))
        return engine.apply_plan(project, plan, backends, journal=Journal.of(project.config))

    def undone(self, run="last", **how):
        project = self.project()
        found = find_run(project.config.journal, project.config.id, run)
        return plan_undo(project, self.backends(), found, NOW, **how)

    def judged(self, plan):
        """Judge a saved plan as `groupsync apply PLAN` does."""
        project, backends = self.project(), self.backends()
        plan = check_undo(self.saved(plan), project, backends)
        return engine.judge_again(project, plan, backends=backends)

    def apply(self, plan):
        plan = self.judged(plan)
        report = engine.apply_plan(self.project(), plan, self.backends())
        return {result.name: (result.outcome, result.error) for result in report.results}


@pytest.fixture
def applied(tmp_path):
    return Applied(tmp_path)


@pytest.mark.parametrize(
    "alter",
    [
        adding(MALLORY),
        removing(ADA),
        setting(add=NO_MEMBERS),
        marking(count=9),
        deleting,
        marking(prevent_delete=True),
        setting(owners=(MALLORY,)),
        setting(expired=9),
        setting(prior_count=99),
        attribute("display_name", "Ours"),
    ],
)
def test_a_saved_undo_that_was_altered_is_refused(applied, alter):
    """Each change has to be what taking the run back makes now; the others are taken back."""
    plan = applied.undone()
    reason = f"the saved plan is not what `groupsync undo {plan.undoes}` makes now"
    found = applied.apply(altered(plan, "one", alter))
    assert {"one": (Outcome.REFUSED, reason), "two": (Outcome.APPLIED, "")} == found
    assert ([ADA, CY], [ADA, BOB]) == (applied.members("one"), applied.members("two"))


@pytest.mark.parametrize("undoes", ["anything-at-all", "last", "2026", "-"])
def test_a_plan_that_takes_back_no_run_of_the_journal_is_refused(applied, undoes):
    """To say that it takes something back opens nothing, nor does a part of an id."""
    with pytest.raises(ConfigError, match=r"There is no run|a run that the journal does not have|may be any of"):
        applied.judged(replace(applied.undone(), undoes=undoes))


def test_a_plan_that_is_said_to_take_back_a_run_may_do_only_that(applied):
    """A plan of another kind, with the id of a run that there is, is refused change by change."""
    applied.define({name: {**LIST, "members": [ADA, CY, DI]} for name in ("one", "two")})
    plan = replace(engine.make_plan(applied.project(), applied.backends(), engine.Request(NOW)))
    plan = replace(plan, undoes=applied.undone().undoes)
    assert {Outcome.REFUSED} == {outcome for outcome, _ in applied.apply(plan).values()}
    assert [ADA, CY] == applied.members("one")


def test_a_saved_undo_that_nobody_altered_is_carried_out(applied):
    """It is what taking the run back makes now."""
    assert {Outcome.APPLIED} == {outcome for outcome, _ in applied.apply(applied.undone()).values()}
    assert ([ADA, BOB], [ADA, BOB]) == (applied.members("one"), applied.members("two"))


@pytest.mark.parametrize("alter", [no_forgery, adding(MALLORY), removing(ADA), deleting, setting(add=Members.of([DI]))])
def test_an_undo_that_was_cut_is_gone_on_with_only_as_an_undo(applied, alter):
    """The file of a run that took another back, and was cut short, is held against that other one."""
    plan = altered(applied.undone(), "one", alter)
    project, backends = applied.project(), applied.backends()
    applied.store.fail("apply", 1, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        engine.apply_plan(
            project,
            applied.saved(plan),
            backends,
            journal=Journal.of(project.config),
            purpose=Purpose(RunKind.UNDO, plan.undoes),
        )
    applied.store.lock = None
    found = find_resumption(project, backends)
    refused = {refusal.name for refusal in found.plan.verdict.refusals}
    assert (set() if alter is no_forgery else {"one"}) == refused


DOMAINS = "policies: {allowed_domains: [example.com]}\n"


def test_an_undo_leaves_out_whom_a_policy_forbids_and_restores_the_rest(tmp_path):
    """Policies judge what is left on the target: who must not come is named, everybody else comes back."""
    evil = "x@evil.example.net"
    world = Applied.__new__(Applied)
    World.__init__(world, tmp_path, UNDOING, {"one": {**LIST, "members": [ADA, BOB, evil]}}, {})
    world.run()
    world.define({"one": {**LIST, "members": [ADA]}, "two": {**LIST, "members": [evil]}})
    world.run()
    (tmp_path / "groupsync.yaml").write_text(UNDOING + DOMAINS)
    plan = world.undone(plugins=Plugins.discover())
    (found,) = [each for each in plan.diagnostics if each.code == "GS613"]
    assert ("GS851" in found.summary, f"Left as they are now: {evil}." in found.detail) == (True, True)
    assert {"one": ([BOB], []), "two": ([], [evil])} == {
        each.name: (sorted(each.add.load()), sorted(each.remove.load())) for each in plan.changes
    }
    judged = engine.judge_again(world.project(), plan, Plugins.discover(), backends=world.backends())
    assert () == judged.verdict.refusals
    report = engine.apply_plan(world.project(), judged, world.backends())
    assert {Outcome.APPLIED} == {each.outcome for each in report.results}, report.results
    assert [ADA, BOB] == world.members("one")


@pytest.mark.parametrize(
    ("policies", "one", "left"),
    [
        ("policies: {pinned: [{group: one, members: [cy@example.com]}]}", [ADA, BOB, CY], True),
        ("policies: {no_overlap: [[one, other]]}", [ADA], True),
        ("policies: {size: [{groups: [one], min: 3}]}", [ADA, CY], False),
        ("policies: {owners_required: true}", [ADA, CY], False),
    ],
)
def test_every_policy_judges_what_an_undo_leaves(tmp_path, policies, one, left):
    """Who must stay stays, who must not be in both is not; where nobody is to blame the group is refused."""
    world = Applied.__new__(Applied)
    owned = {"owners": ["lead@example.com"]}
    other = {"other": {**LIST, **owned, "members": [BOB]}}
    World.__init__(world, tmp_path, UNDOING, {"one": {**LIST, "members": [ADA, BOB]}, **other}, {})
    world.run()
    world.define({"one": {**LIST, **owned, "members": [ADA, CY]}, **other})
    world.run()
    (tmp_path / "groupsync.yaml").write_text(UNDOING + policies)
    plugins = Plugins.discover()
    plan = engine.judge_again(world.project(), world.undone(plugins=plugins), plugins, backends=world.backends())
    engine.apply_plan(world.project(), plan, world.backends())
    assert one == world.members("one")
    assert left == any(found.code == "GS613" for found in plan.diagnostics)


def test_policies_judge_whom_a_saved_plan_adds_to_a_segment(tmp_path):
    """The source is not asked again, so that what a policy is told is who would be in the group after the plan."""
    world = World(tmp_path, CONFIG + DOMAINS, {**DEFINITIONS, "everybody": SEGMENT}, {"everybody": [ADA]})
    forged = altered(world.plan(), "everybody", adding("mallory@evil.example.net"))
    outcome, error = world.apply(forged)["everybody"]
    assert (Outcome.REFUSED, True) == (outcome, "in domains that are not allowed" in error), error


# --- Time -------------------------------------------------------------------------------------------------------------


def dated(**period):
    return {"email": BOB, **period}


SOON, LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
TURNING = {
    "an `until` of somebody who comes": ({"g": {**LIST, "members": [ADA, dated(until=SOON.isoformat())]}}, [ADA]),
    "an `until` of somebody who is in": (
        {"g": {**LIST, "members": [ADA, CY, dated(until=SOON.isoformat())]}},
        [ADA, BOB],
    ),
    "a `from`": ({"g": {**LIST, "members": [ADA, CY, dated(**{"from": SOON.isoformat()})]}}, [ADA]),
    "a group that is included": (
        {"g": {**LIST, "include": ["h"]}, "h": {**LIST, "members": [ADA, dated(until=SOON.isoformat())]}},
        [ADA],
    ),
    "the reference": (
        {"g": {**LIST, "include": [{"group": "h", "until": SOON.isoformat()}]}, "h": {**LIST, "members": [ADA, BOB]}},
        [ADA],
    ),
    "a group that is excluded": (
        {
            "g": {**LIST, "members": [ADA, BOB], "exclude": ["h"]},
            "h": {**LIST, "members": [dated(until=SOON.isoformat())]},
        },
        [CY],
    ),
    "the definition": ({"g": {**LIST, "members": [ADA, BOB], "until": SOON.isoformat()}}, [ADA]),
    "a segment's overlay": ({"g": {**SEGMENT, "members": [dated(until=SOON.isoformat())]}}, [ADA]),
}


@pytest.mark.parametrize("case", TURNING, ids=str)
def test_a_change_whose_members_are_others_by_now_is_stale(tmp_path, case):
    """Whatever written time is the cause; before it has come the plan is applied as it is."""
    definitions, held = TURNING[case]
    config = CONFIG.replace("exclude: [blocked]\n", "guards: {removed_members: {refuse: off}, emptied_group: off}\n")
    for folder, now in (("late", LATER), ("in-time", NOW + timedelta(hours=23))):
        (tmp_path / folder).mkdir()
        world = World(tmp_path / folder, config, definitions, {"g": held})
        outcome, error = world.apply(world.plan(), now)["g"]
        if now == LATER:
            assert (Outcome.STALE, True) == (outcome, error.startswith("a written `from` or `until` has passed")), error
            assert sorted(held) == world.members("g")
        else:
            assert Outcome.APPLIED is outcome


def test_a_date_that_changes_nobody_leaves_the_plan_as_it_is(tmp_path):
    """Somebody who is in the group by two entries stays when one of them ends."""
    definitions = {"g": {**LIST, "members": [ADA, BOB, dated(until=SOON.isoformat())]}}
    world = World(tmp_path, CONFIG.replace("exclude: [blocked]\n", ""), definitions, {"g": [ADA]})
    assert Outcome.APPLIED is world.apply(world.plan(), LATER)["g"][0]


@pytest.mark.parametrize(
    "forge",
    [
        lambda plan: replace(plan, config=""),
        lambda plan: replace(plan, targets=tuple(replace(each, identity="") for each in plan.targets)),
    ],
)
def test_a_plan_that_does_not_say_whose_it_is_is_refused(tmp_path, forge):
    """Emptied identities don't get a plan past the question which config and store it was made for."""
    world = World(tmp_path)
    with pytest.raises(ConfigError, match="does not say which config and stores"):
        world.apply(forge(world.plan()))


def test_a_plan_that_can_not_say_whose_it_is_wants_the_digest_that_was_reviewed(tmp_path):
    """Written again in format version 1, with a digest that fits, it has another than the plan that was reviewed."""
    world = World(tmp_path)
    plan = world.plan()
    nowhere = tuple(replace(each, identity="") for each in plan.targets)
    forged = world.saved(replace(plan, format_version=1, config="", targets=nowhere, later=()))
    check_expected(plan, None, "groupsync apply saved.plan")
    with pytest.raises(ConfigError, match="does not say which config and stores") as caught:
        check_expected(forged, None, "groupsync apply saved.plan")
    assert f"groupsync apply saved.plan --expect {forged.digest[:16]}" in caught.value.hint
    assert plan.digest != forged.digest


# --- What marks remember ----------------------------------------------------------------------------------------------


def test_what_a_saved_plan_says_of_the_past_is_not_believed():
    """A mark remembers what is found when it is written, whatever a file has."""
    change = Change("a", "a", Action.UPDATE, mark=mark_for([ADA]))
    record = change_record(change, {}, {})
    record["mark"]["past"] = {"at": "2099-01-01T00:00:00Z", "rows": [["0" * 16, "1" * 16, 1]], "counts": []}
    del record["add"], record["remove"]

    assert read_change(Fields(record, "a change"), NO_MEMBERS, NO_MEMBERS).mark.past is None


LATER = datetime(2099, 1, 1, tzinfo=UTC)
PAST_FORGERIES = {
    "more customers": (lambda past: with_rows(past, 900), "max_shrink"),
    "fewer customers": (lambda past: with_rows(past, 1), None),
    "a later instant": (lambda past: replace(past, at=LATER), "max_shrink"),
    "taken out": (lambda _: None, None),
    "without the source": (lambda past: replace(past, rows=()), None),
    "unreadable": (lambda _: past_of_text("{"), "unjudged:max_shrink"),
}


def with_rows(past, count):
    return replace(past, rows=tuple((*keys, count) for *keys, _ in past.rows))


@pytest.mark.parametrize(("forge", "rule"), PAST_FORGERIES.values(), ids=PAST_FORGERIES)
def test_who_writes_to_a_target_can_do_no_more_with_a_mark_than_is_said(tmp_path, forge, rule):
    """As SECURITY.md has it: alone it counts, beside a journal that knows the source it does not; other limits hold."""
    shop = Shop(tmp_path)
    shop.remembers = True
    shop.night()
    for store in shop.stores.values():
        for name, group in store.groups.items():
            store.groups[name] = replace(group, mark=replace(group.mark, past=forge(group.mark.past)))
    shop.customers = 60

    def found():
        return {each.name: each.rule for each in shop.plan().verdict.refusals}

    assert "max_shrink" == found()["customers"]
    shop.forget()
    assert rule == found().get("customers")
    shop.guards = "removed_members: {refuse: {percent: 20}}"
    assert {"removed_members", "held"} & {found()["everybody"]}
