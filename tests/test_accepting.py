"""What somebody changed on a target is told from pending edits, and kept in the definitions item by item."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsync import engine
from groupsync.accepting import Acceptance, Terms
from groupsync.config import load_config
from groupsync.connect import open_targets
from groupsync.drifted import Moved, What, find_drift
from groupsync.edits.members import add_member
from groupsync.errors import ConfigError
from groupsync.journal import Journal
from groupsync.last_applied import read_past
from groupsync.planning import Request
from groupsync.plugins import Plugins
from groupsync.project import load_project
from groupsync.rewriting import write_edits
from tests.worlds import NOW

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets:
  local: {plugin: file, path: state/}
"""
PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "di", "eve", "flo")]
PLUGINS = Plugins.discover()
some = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=5)
texts = st.sampled_from(["Old", "New: one", "# no comment", "two\nlines\n", "", "'"])


class World:
    """A project on disk with a file target, without a process of its own."""

    def __init__(self, folder, files):
        self.folder = folder
        for path, text in {"groupsync.yaml": CONFIG, **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")

    def files(self):
        return {
            path.relative_to(self.folder).as_posix(): path.read_text(encoding="utf-8")
            for folder in ("groups", "members")
            for path in (self.folder / folder).glob("*")
        }

    def plan(self, *, applies=False):
        self.config = load_config(self.folder / "groupsync.yaml")
        self.project = load_project(self.config, NOW)
        with open_targets(self.config, PLUGINS, to_write=applies) as backends:
            plan = engine.make_plan(self.project, backends, Request(NOW), PLUGINS)
            if applies:
                engine.apply_plan(self.project, plan, backends, journal=Journal.of(self.config))
            for change in plan.changes:
                change.add.load(), change.remove.load()
        return plan

    def drifted(self, *, remembers=True):
        config = self.config if remembers else replace(self.config, journal=self.folder / "forgotten")
        past = read_past(config.journal, config.id, self.plan())
        with open_targets(config, PLUGINS) as backends:
            plan = engine.make_plan(replace(self.project, config=config), backends, Request(NOW), PLUGINS)
            return find_drift(plan, {each.group.name: each for each in self.project.resolution.groups}, past)

    def acceptance(self):
        return Acceptance(self.project, PLUGINS, NOW, Terms())

    def keep(self, kept):
        acceptance = self.acceptance()
        edits = acceptance.edits(kept)
        write_edits(self.config, edits, NOW, acceptance.check(kept, edits))

    def hand(self, group, *, members=None, **attributes):
        """Change the target as somebody would by hand."""
        if members is not None:
            text = "".join(f"{each}\n" for each in sorted(members))
            (self.folder / f"state/groups/{group}.txt").write_text(text, encoding="utf-8")
        index = self.folder / "state/index.jsonl"
        lines = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            if line.get("name") == group:
                line.update(attributes)
        index.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


@st.composite
def groups(draw, name):
    """Files of one group laid out by hand in one of several ways."""
    members, layout = draw(some), draw(st.sampled_from(["block", "flow", "file", "table", "both"]))
    text = f"# the group {name}\nkind: known-user-group\nname: {name} # its name\n"
    text += draw(st.sampled_from(["", "display_name: Old # seen by people\n", 'display_name: "Old"\n']))
    text += draw(st.sampled_from(["", "description: |\n  Some\n  words.\n", "# why\ndescription: Old\n"]))
    text += draw(st.sampled_from(["", "owners: [x, y]\n", "owners:\n  # first\n  - x # one\n  - y\n"]))
    text += draw(st.sampled_from(["", "labels: {tier: '1'}\n", "labels:\n  tier: '1' # best\n  # use\n  use: mail\n"]))
    files = {}
    inline = members if layout != "both" else members[:2]
    if layout in {"block", "both"} and inline:
        text += "members:\n  # by hand\n" + "".join(f"  - {each} # note\n" for each in inline)
    elif layout in {"flow", "block", "both"}:
        text += f"members: [{', '.join(inline)}]\n"
    if layout in {"file", "both"}:
        rest = members[2:] if layout == "both" else members
        files[f"members/{name}.txt"] = "# who\n" + "".join(f"{each}\n" for each in rest)
        text += f"members_from: [{{path: ../members/{name}.txt}}]\n"
    if layout == "table":
        files[f"members/{name}.csv"] = "email,city\n" + "".join(f"{each},Rome\n" for each in members)
        text += f"members_from: [{{path: ../members/{name}.csv, column: email}}]\n"
    text += draw(st.sampled_from(["", "# the end\n"]))
    return {f"groups/{name}.yaml": text, **files}


@st.composite
def changes(draw):
    """What somebody does to a group on the target."""
    return {
        "members": draw(some),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "display_name": texts,
                    "description": texts,
                    "owners": st.sampled_from([[], ["x"], ["x", "z"], ["y", "x"]]),
                    "labels": st.sampled_from([{}, {"tier": "2"}, {"tier": "1", "new": "yes"}]),
                },
            )
        ),
    }


def rest(world):
    """Return what the plan still wants to change, by group and name."""
    found = set()
    for change in world.plan().changes:
        found |= {(change.name, each.name) for each in change.attributes}
        found |= {(change.name, each) for each in (*change.add.load(), *change.remove.load())}
    return found


@settings(deadline=None, max_examples=30)
@given(
    first=groups("a"),
    second=groups("b"),
    includes=st.sampled_from(["", "include: [a]\n", "exclude: [a]\n"]),
    by_hand=st.fixed_dictionaries({"a": changes(), "b": changes()}),
    pending=st.sampled_from([None, *PEOPLE]),
    data=st.data(),
)
def test_just_what_is_kept_ceases_to_be_a_difference(first, second, includes, by_hand, pending, data):
    """A kept item is gone from the next plan, any other is still there, and comments on lines of their own stay."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), {**first, **second, "groups/b.yaml": second["groups/b.yaml"] + includes})
        world.plan(applies=True)
        path = world.folder / "groups/a.yaml"
        known = {each.group.name: each.group.members.load() for each in world.project.resolution.groups}
        if pending and pending not in known["a"]:
            path.write_bytes(add_member(path.read_bytes(), "groups/a.yaml", "a", pending, world.config.identity).data)
        for name, change in by_hand.items():
            world.hand(name, **change)
        before, wanted = world.files(), rest(world)
        items = world.acceptance().judged(world.drifted().items)
        open_ = [each for each in items if not each.obstacle]
        kept = data.draw(st.lists(st.sampled_from(open_), unique=True)) if open_ else []
        try:
            world.keep(kept)
        except ConfigError:
            assert "exclude" in includes or "include" in includes
            assert before == world.files()
            return

        left, done = rest(world), {(each.group, each.name) for each in kept}
        changed_elsewhere = {(other, name) for group, name in done for other in ("b",) if includes and group == "a"}
        assert not done & left
        assert (wanted - done) - changed_elsewhere == left - changed_elsewhere
        for file, text in before.items():
            comments = [line for line in text.splitlines() if line.strip().startswith("#")]
            assert comments == [line for line in world.files()[file].splitlines() if line.strip().startswith("#")]
        if not kept:
            assert before == world.files()


def one_group(text, *, folder):
    """A world with one group that was applied."""
    world = World(folder, {"groups/a.yaml": f"kind: known-user-group\nname: a\n{text}"})
    world.plan(applies=True)
    return world


ADA, BOB, CY, DI, EVE, FLO = PEOPLE


@pytest.mark.parametrize("remembers", [True, False])
def test_drift_is_told_from_edits_that_are_pending(tmp_path, remembers):
    """By the digest alone, too: who was added or taken out in the definition meanwhile is no drift."""
    world = one_group(f"members: [{ADA}, {BOB}, {CY}]\n", folder=tmp_path)
    world.hand("a", members=[ADA, CY, EVE])
    world.folder.joinpath("groups/a.yaml").write_text(
        f"kind: known-user-group\nname: a\nmembers: [{ADA}, {BOB}, {DI}]\n", encoding="utf-8"
    )
    found = world.drifted(remembers=remembers).items

    assert [(What.REMOVED, BOB, Moved.TARGET), (What.ADDED, EVE, Moved.TARGET)] == [
        (each.what, each.name, each.moved) for each in found
    ]


def test_where_nobody_can_say_which_side_changed_that_is_told(tmp_path):
    """With too much to try and no run that remembers, all of it is shown."""
    old, new = ([f"{letter}{number}@example.com" for number in range(30)] for letter in "pq")
    world = one_group(f"members: [{', '.join([ADA, *old])}]\n", folder=tmp_path)
    world.hand("a", members=[ADA, *new])
    text = f"kind: known-user-group\nname: a\nmembers: [{', '.join([ADA, BOB, *old])}]\n"
    world.folder.joinpath("groups/a.yaml").write_text(text, encoding="utf-8")
    forgotten, remembered = world.drifted(remembers=False).items, world.drifted().items

    assert {(Moved.UNKNOWN, name) for name in (BOB, *old, *new)} == {(each.moved, each.name) for each in forgotten}
    assert {(Moved.TARGET, name) for name in (*old, *new)} == {(each.moved, each.name) for each in remembered}


def test_of_attributes_the_journal_tells_which_side_changed(tmp_path):
    """An edit that is pending is no drift; where both changed that is told; without a journal nobody can say."""
    world = one_group("display_name: One\ndescription: Two\nowners: [three]\nmembers: []\n", folder=tmp_path)
    world.hand("a", description="By hand", owners=["by hand"])
    text = "display_name: New\ndescription: Two\nowners: [new]\nmembers: []\n"
    world.folder.joinpath("groups/a.yaml").write_text(f"kind: known-user-group\nname: a\n{text}", encoding="utf-8")

    assert {"description": Moved.TARGET, "owners": Moved.BOTH} == {
        each.name: each.moved for each in world.drifted().items
    }
    assert {"display_name", "description", "owners"} == {each.name for each in world.drifted(remembers=False).items}
    assert {Moved.UNKNOWN} == {each.moved for each in world.drifted(remembers=False).items}


def test_what_an_edit_of_the_group_can_not_keep_says_why(tmp_path):
    """Another group lets in or keeps out, an entry has a time, a file is that of others, too."""
    head = "kind: known-user-group\nname: "
    shared = "members_from: [{path: ../members/s.txt}]\n"
    world = World(
        tmp_path,
        {
            "members/s.txt": f"{EVE}\n",
            "groups/a.yaml": f"{head}a\n{shared}members:\n  - {{email: {FLO}, until: 2020-01-01}}\n"
            f"include: [b]\nexclude: [c]\n---\n{head}b\n{shared}members: [{ADA}]\n---\n{head}c\nmembers: [{CY}]\n",
        },
    )
    world.plan(applies=True)
    world.hand("a", members=[BOB, CY, FLO])
    world.hand("b", members=[ADA])
    found = world.acceptance().judged(world.drifted().items)
    told = {(each.group, each.name): each.obstacle for each in found}

    assert "" == told["a", BOB]
    assert "in by `include: b` (groups/a.yaml:6:11): remove them there" == told["a", ADA]
    assert "`exclude: c` keeps them out (groups/a.yaml:7:11)" == told["a", CY]
    assert "an entry with a time names them, change it there (groups/a.yaml:5:5)" == told["a", FLO]
    assert "`members/s.txt` is read for `a` (groups/a.yaml:3:16), too" == told["b", EVE]


def test_a_group_that_was_deleted_by_hand_is_told_and_nothing_is_offered(tmp_path):
    """As far as a run remembers that it was there; a new definition is no such group."""
    world = one_group("members: []\n", folder=tmp_path)
    world.folder.joinpath("state/groups/a.txt").unlink()
    index = world.folder / "state/index.jsonl"
    index.write_text(index.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    world.folder.joinpath("groups/n.yaml").write_text("kind: known-user-group\nname: n\n", encoding="utf-8")

    assert (("local", "a"),) == world.drifted().gone
    assert () == world.drifted(remembers=False).gone


def test_edits_that_undo_each_other_leave_every_file_as_it_was(tmp_path):
    """Who is kept in a group that another excludes can't be kept in that one, too."""
    text = "kind: known-user-group\nname: "
    world = World(tmp_path, {"groups/a.yaml": f"{text}a\nmembers: []\n---\n{text}b\nmembers: []\nexclude: [a]\n"})
    world.plan(applies=True)
    world.hand("a", members=[ADA])
    world.hand("b", members=[ADA])
    before = world.files()

    with pytest.raises(ConfigError, match="`b` can't be edited so"):
        world.keep(world.acceptance().judged(world.drifted().items))
    assert before == world.files()
