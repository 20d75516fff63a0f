"""Approvals: files that let one thing through, for one definition and a few days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from groupsync import engine
from groupsync.approvals import approval_schema, load_approvals
from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions
from groupsync.facade import checked
from groupsync.guard_grants import APPROVAL_DAYS
from groupsync.model import Group, Kind, Mark, Members
from groupsync.project import load_project
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.worlds import NOW

KNOWN = {"group": {"beta"}, "target": {"there"}}
DIGITS = "0123456789abcdef" * 2
GOOD = f'group: beta\nkind: remove\nceiling: 6\ndefinition: "{DIGITS}"\nuntil: 2026-11-25\nreason: spring cleaning\n'
CONFIG = "version: 1\nproject: shop\ndefinitions: [groups/*.yaml]\ntargets: {there: {plugin: memory}}\n"


@pytest.fixture
def load(tmp_path):
    """Write approvals, and load them."""

    def loaded(*texts, folder="approvals"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (tmp_path / folder / f"{number}.yaml").write_text(text)
        grants, found = load_approvals(tmp_path, folder, NOW, KNOWN, lambda: NOW)
        return grants, [(each.code, str(each.subject)) for each in found]

    return loaded


def test_an_approval_is_read_with_its_place_and_reason(load):
    """What is needed to judge it, and to write it down."""
    (grant,), found = load(GOOD)
    assert [] == found
    assert (Kind.REMOVE, "beta", 6, DIGITS) == (
        grant.kind,
        grant.name,
        grant.ceiling,
        grant.digest,
    )
    assert ("approvals/0.yaml:1", "spring cleaning") == (grant.source, grant.reason)
    assert not grant.is_option


def test_an_approval_with_the_digits_of_before_says_how_to_get_a_new_one(tmp_path):
    """Twelve digits were enough once: it is an error that names the command, not only a pattern."""
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals/old.yaml").write_text(GOOD.replace(DIGITS, DIGITS[:12]))
    grants, (found,) = load_approvals(tmp_path, "approvals", NOW, KNOWN, lambda: NOW)

    assert ((), "GS206", "approvals/old.yaml:4:13") == (grants, found.code, str(found.subject))
    assert "at least the first 32 digits" in found.summary
    assert "It has 12 digits" in found.detail
    assert "`groupsync plan --full`" in found.hint


def test_no_folder_is_no_approvals(tmp_path):
    """Neither a missing folder nor an empty one is odd."""
    assert ((), []) == load_approvals(tmp_path, "approvals", NOW, KNOWN)
    (tmp_path / "approvals").mkdir()
    assert ((), []) == load_approvals(tmp_path, "approvals", NOW, KNOWN)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD.replace("beta", "betta"), [("GS814", "approvals/0.yaml:1:8")]),
        (GOOD.replace("2026-11-25", "2026-11-23T12:00:00Z"), [("GS812", "approvals/0.yaml:5:8")]),
        (GOOD.replace("2026-11-25", "2026-12-01"), [("GS813", "approvals/0.yaml:5:8")]),
        (GOOD.replace("2026-11-25", "2026-11-31"), [("GS211", "approvals/0.yaml:5:8")]),
        (GOOD.replace("remove", "all"), [("GS205", "approvals/0.yaml:2:7")]),
        (GOOD.replace("group: beta", "target: there"), [("GS208", "approvals/0.yaml:1:1")]),
        (GOOD.replace(DIGITS, "0123456789a"), [("GS206", "approvals/0.yaml:4:13")]),
        (GOOD.replace(f'"{DIGITS}"', "123456789012"), [("GS203", "approvals/0.yaml:4:13")]),
        (GOOD.replace("spring cleaning", '""'), [("GS206", "approvals/0.yaml:6:9")]),
        (GOOD.replace("reason: spring cleaning\n", ""), [("GS202", "approvals/0.yaml:1:1")]),
        (GOOD + "force: true\n", [("GS201", "approvals/0.yaml:7:1")]),
        (GOOD + "target: there\n", [("GS208", "approvals/0.yaml:1:1")]),
        ("group: [", [("GS101", "approvals/0.yaml:2:1")]),
    ],
)
def test_what_is_wrong_with_an_approval_is_told_with_its_place(load, text, found):
    """Typing errors, other days, and what it can't be about."""
    assert found == load(text)[1]


def test_the_last_day_is_a_week_ahead(load):
    """Up to then it holds, from then on it doesn't."""
    text = GOOD.replace("2026-11-25", f"{NOW + timedelta(days=APPROVAL_DAYS):%Y-%m-%dT%H:%M:%SZ}")
    assert [] == load(text)[1]
    text = GOOD.replace("2026-11-25", f"{NOW + timedelta(days=APPROVAL_DAYS, seconds=1):%Y-%m-%dT%H:%M:%SZ}")
    assert ["GS813"] == [code for code, _ in load(text)[1]]


def test_looking_back_does_not_make_an_approval_too_long(tmp_path):
    """Seven days are counted from now where the plan is of an earlier time."""
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals/a.yaml").write_text(GOOD)
    grants, found = load_approvals(tmp_path, "approvals", NOW - timedelta(days=300), KNOWN, lambda: NOW)
    assert (1, []) == (len(grants), found)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    """A link that leads out of the project is not followed."""
    (tmp_path / "shop/approvals").mkdir(parents=True)
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "shop/approvals/a.yaml").symlink_to(tmp_path / "a.yaml")
    grants, found = load_approvals(tmp_path / "shop", "approvals", NOW, KNOWN)
    assert ((), ["GS111"]) == (grants, [each.code for each in found])


def test_the_schema_is_valid_and_so_are_its_examples():
    """Editors can rely on it."""
    Draft202012Validator.check_schema(approval_schema())
    for example in approval_schema()["examples"]:
        Draft202012Validator(approval_schema()).validate(example)


# --- In a project -----------------------------------------------------------------------------------------------------


class World:
    """A project whose group `beta` would lose six of six, and its target."""

    def __init__(self, folder, config=CONFIG):
        self.folder = folder
        (folder / "groups").mkdir()
        (folder / "groupsync.yaml").write_text(config)
        self.define("[zoe@example.com]")
        self.store = MemoryStore()
        members = Members.of(f"p{number}@example.com" for number in range(6))
        self.store.put(Group("beta", members=members, mark=Mark("shop", members.digest, 6, "email/fold")))
        self.backends = {"there": checked(MemoryBackend, "groupsync", "0")(MemoryBackend(self.store))}

    def define(self, members):
        text = f"kind: known-user-group\nname: beta\nmembers: {members}\n"
        (self.folder / "groups/beta.yaml").write_text(text)

    def plan(self):
        project = load_project(load_config(self.folder / "groupsync.yaml"), NOW)
        return engine.make_plan(project, self.backends, engine.Request(NOW))

    def approve(self, refusal, folder="approvals"):
        (self.folder / folder).mkdir(exist_ok=True)
        text = refusal.approval.replace('reason: ""', "reason: spring cleaning")
        (self.folder / folder / f"{refusal.rule}.yaml").write_text(text)


@pytest.mark.parametrize(("config", "folder"), [(CONFIG, "approvals"), (CONFIG + "approvals: ok/by\n", "ok/by")])
def test_the_document_that_a_refusal_prints_approves_it(tmp_path, config, folder):
    """Pasted, and given a reason, it lets just this through; another definition needs another approval."""
    world = World(tmp_path, config)
    (refusal,) = world.plan().verdict.refusals
    (tmp_path / folder).mkdir(parents=True)
    world.approve(refusal, folder)
    plan = world.plan()
    assert () == plan.verdict.refusals
    source = f"{folder}/removed_members.yaml:1"
    assert [("remove:beta<=6", source, "spring cleaning")] == [
        (str(each), each.source, each.reason) for each in plan.verdict.allowances
    ]
    world.define("[zoe@example.com, mallory@example.com]")
    plan = world.plan()
    assert ["removed_members"] == [each.rule for each in plan.verdict.refusals]
    assert ["GS811"] == [each.code for each in plan.diagnostics]


def test_an_approval_is_taken_back_by_deleting_it(tmp_path):
    """A saved plan is judged by the approvals that are there when it is applied."""
    world = World(tmp_path)
    world.approve(world.plan().verdict.refusals[0])
    plan = world.plan()
    project = load_project(load_config(tmp_path / "groupsync.yaml"), NOW)
    assert () == engine.judge_again(project, plan).verdict.refusals
    (tmp_path / "approvals/removed_members.yaml").unlink()
    project = load_project(load_config(tmp_path / "groupsync.yaml"), NOW)
    again = engine.judge_again(project, plan)
    assert (1, ()) == (len(again.verdict.refusals), again.verdict.allowances)


def test_wrong_approvals_stop_every_command(tmp_path):
    """An approval that nobody can read must not look like none."""
    world = World(tmp_path)
    world.approve(world.plan().verdict.refusals[0])
    (tmp_path / "approvals/removed_members.yaml").write_text("group: beta\n")
    with pytest.raises(InvalidDefinitions):
        world.plan()


@pytest.mark.parametrize("folder", ["/tmp/x", "../x", "a/../../x", "~/x", "a\\b", ""])
def test_the_folder_lies_inside_the_project(tmp_path, folder):
    """No path leads out."""
    (tmp_path / "groupsync.yaml").write_text(CONFIG + f"approvals: '{folder}'\n")
    with pytest.raises(InvalidDefinitions) as caught:
        load_config(tmp_path / "groupsync.yaml")
    assert {"GS206"} == {each.code for each in caught.value.diagnostics}
