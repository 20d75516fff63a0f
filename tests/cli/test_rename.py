"""`groupsync rename`: a group gets another name wherever it is named, and nothing else changes."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode
from tests.cli.conftest import SEGMENTS, Quick

EVERYWHERE = """\
# Who is named here in every way there is.
kind: known-user-group
name: friends
include:
  - beta # a comment of its own
  - {group: "beta", until: 2099-01-01}
exclude: [{match: beta}]
restrict_to: ['consented', {group: beta}]
---
kind: segment
name: others
source: customers
where:
  all: [{years: {gte: 20}}, {not_in_group: beta}, {not: {any: [{in_group: beta}]}}]
"""


@pytest.fixture
def shop(tmp_path):
    """A project in which `beta` is named in references, conditions and the config."""
    made = Quick(tmp_path / "segments", None)
    for path, text in SEGMENTS.items():
        made.write(path, text)
    made.write("groups/everywhere.yaml", EVERYWHERE)
    config = made.read("groupsync.yaml").replace("exclude: [blocked]", "exclude: [blocked, {group: beta}]")
    config = config.replace("path: state/}", "path: state/, select: {names: [beta, '*']}}")
    policies = "policies: {size: [{groups: [beta], max: 99}], no_overlap: [[blocked, beta]]}\n"
    made.write("groupsync.yaml", config + policies + "adopt: {match: [beta]}\n")
    return made


def members(project):
    """Return who is in each group, by the catalogue's counts and `show`."""
    found = json.loads(project("show", "--format", "json").out)["groups"]
    return {each["name"]: each["members"] for each in found}


def test_every_mention_follows_and_nothing_else(shop):
    """References, conditions, exclusions, selections and policies; comments stay, and so do all members."""
    before = members(shop)
    paths = ("groups/everywhere.yaml", "groups/lists.yaml", "groups/segments.yaml", "groupsync.yaml")
    texts = {path: shop.read(path) for path in paths}
    done = shop("rename", "beta", "pilots")
    assert ExitCode.OK == done.code, done.err
    assert {*paths} == {*done.out.split()}
    for path, text in texts.items():
        expected = text.replace('"beta"', "beta").replace("beta", "pilots").replace("members/pilots", "members/beta")
        assert expected == shop.read(path).replace("previously: [beta]\n", "")
    assert {("pilots" if name == "beta" else name): each for name, each in before.items()} == members(shop)
    assert "previously: [beta]" in shop.read("groups/lists.yaml")


def test_targets_rename_the_group_and_keep_its_members(quick):
    """The next plan is a rename and nothing else, and what was canonical still is."""
    quick("apply", "--yes")
    assert ExitCode.OK == quick("rename", "staff", "employees").code
    document = json.loads(quick("plan", "--format", "json").out)
    assert [("rename", "employees", 0, 0)] == [
        (each["action"], each["name"], each["add"]["count"], each["remove"]["count"]) for each in document["changes"]
    ]
    assert ExitCode.OK == quick("fmt", "--check").code
    assert ExitCode.OK == quick("apply", "--yes").code
    assert ExitCode.OK == quick("plan", "--detailed-exitcode").code


def test_the_file_follows_where_it_is_named_after_the_group(quick):
    """Unless another file is there, or it defines other groups, too."""
    assert "groups/staff.yaml → groups/employees.yaml" in quick("rename", "staff", "employees").out
    assert not (quick.folder / "groups/staff.yaml").exists()
    quick.write("groups/crew.yaml", "kind: known-user-group\nname: others\nmembers: []\n")
    assert "→" not in quick("rename", "employees", "crew").out
    assert "name: crew" in quick.read("groups/employees.yaml")
    assert ["staff", "employees"] == [
        each.strip()
        for each in quick.read("groups/employees.yaml").partition("previously: [")[2].split("]")[0].split(",")
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("previously: [older]\n", "previously: [older, staff]\n"),
        ("previously:\n  - older # long ago\n", "previously:\n  - older # long ago\n  - staff\n"),
        ("previously: [older, employees]\n", "previously: [older, staff]\n"),
    ],
)
def test_earlier_names_stay(quick, written, expected):
    """But for one that the group gets back."""
    quick.write("groups/staff.yaml", quick.read("groups/staff.yaml") + written)
    done = quick("rename", "staff", "employees")
    assert ExitCode.OK == done.code, done.err
    assert quick.read("groups/employees.yaml").endswith(expected)


def test_a_dry_run_writes_nothing(quick):
    """It shows a diff of every file, and where one goes."""
    before = {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
    shown = quick("rename", "staff", "employees", "--dry-run").out
    assert before == {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
    assert "-name: staff\n+name: employees\n" in shown
    assert "-include: [beta-testers, staff]\n+include: [beta-testers, employees]\n" in shown
    assert "groups/staff.yaml → groups/employees.yaml" in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("stuff", "crew"), "Did you mean `staff`?"),
        (("staff", "Große Crew"), "Did you mean `grosse-crew`?"),
        (("staff", "opted-out"), "There is a group `opted-out` already"),
        (("staff", "staff"), "There is a group `staff` already"),
        (("beta-testers", "pilots"), "groups/all.yaml:3:19: `beta-*`"),
    ],
)
def test_what_can_not_be_done_is_told_and_nothing_is_written(quick, typed, said):
    """A pattern that would lose the group is named with its place."""
    quick.write("groups/all.yaml", 'kind: known-user-group\nname: all\ninclude: [{match: "beta-*"}]\n')
    before = {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
    done = quick("rename", *typed)
    assert ExitCode.ERROR == done.code
    assert said in " ".join(done.err.split())
    assert before == {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}


def test_what_does_not_load_is_put_back(quick):
    """Another group that had the name before stops it; the file is where it was."""
    quick.write("groups/old.yaml", "kind: known-user-group\nname: old\nmembers: []\npreviously: [employees]\n")
    before = {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
    done = quick("rename", "staff", "employees")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "GS405" in done.err
    assert before == {path: path.read_bytes() for path in quick.folder.rglob("*.*") if path.is_file()}
