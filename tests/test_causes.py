"""What caused a change: no definition is blamed that nobody touched."""

from __future__ import annotations

import json
import subprocess

import pytest

from groupsync.causes import nearest_first
from tests.cli.conftest import Project

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {there: {plugin: file, path: state/}}
"""
FILES = {
    "groupsync.yaml": CONFIG,
    "groups/lists.yaml": """\
kind: known-user-group
name: blocked
members: []
---
kind: known-user-group
name: pro
members_from: [{path: ../lists/pro.txt}]
---
kind: known-user-group
name: beta
members: [bea@example.com]
---
kind: known-user-group
name: dated
members: [di@example.com, {email: dot@example.com, until: 2020-01-01}]
""",
    "groups/paying.yaml": "kind: known-user-group\nname: paying\ninclude: [pro]\n",
    "groups/ring.yaml": "kind: known-user-group\nname: ring\nmembers: [rae@example.com]\ninclude: [paying, beta]\n",
    "lists/pro.txt": "ada@example.com\nbob@example.com\n",
}


@pytest.fixture
def shop(tmp_path):
    """A project in git, applied."""
    made = Project(tmp_path / "shop", None)
    for path, text in FILES.items():
        made.write(path, text)
    git(made, "init", "-q")
    git(made, "add", ".")
    git(made, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first")
    assert 0 == made("apply", "--yes").code
    return made


def git(project, *typed):
    subprocess.run(["git", *typed], cwd=project.folder, check=True)


def told(project, *typed):
    """Return by group what a plan says of it: its reason, and through what."""
    changes = json.loads(project("plan", "--format", "json", *typed).out)["changes"]
    return {each["name"]: (each["reason"], each["through"]) for each in changes}


def replace(project, path, old, new):
    assert old in project.read(path)
    project.write(path, project.read(path).replace(old, new))


def test_the_nearest_are_first():
    """Groups are told by steps and then by name, each once, whatever leads to it."""
    built_on = {"top": {"b", "a"}, "a": {"deep"}, "b": {"a", "deep"}, "deep": {"deeper"}}
    assert ["a", "b", "deep", "deeper"] == nearest_first("top", built_on)
    assert [] == nearest_first("deeper", built_on)


def test_a_list_is_told_through_each_group_that_is_built_on_it(shop):
    """A line taken out of a member file: every change says so, and none blames a definition."""
    shop.write("lists/pro.txt", "ada@example.com\n")
    assert {
        "pro": ("the definition or a member file changed", []),
        "paying": ("what it is built from changes", ["pro"]),
        "ring": ("what it is built from changes", ["paying", "pro"]),
    } == told(shop)
    assert {
        "pro": ("a member file changed", ["lists/pro.txt"]),
        "paying": ("what it is built from changed", ["pro (lists/pro.txt)"]),
        "ring": ("what it is built from changed", ["pro (lists/pro.txt)"]),
    } == told(shop, "--compare", "HEAD")


def test_several_edits_are_all_told(shop):
    """Of a group whose own definition was edited, too, both are said; of another only what it is built from."""
    shop.write("lists/pro.txt", "ada@example.com\n")
    replace(shop, "groups/lists.yaml", "bea@", "bert@")
    replace(shop, "groups/ring.yaml", "rae@", "rob@")
    assert ("what it is built from changes", ["beta", "paying", "pro"]) == told(shop)["ring"]
    found = told(shop, "--compare", "HEAD")
    assert ("the definition changed", []) == found["beta"]
    both = ["beta (groups/lists.yaml)", "pro (lists/pro.txt)"]
    assert ("the definition and what it is built from changed", both) == found["ring"]


def test_an_edit_of_the_group_itself_is_told_as_one(shop):
    """Where all of it can be told from the definition alone, or from a revision, the definition is named."""
    replace(shop, "groups/lists.yaml", "bea@", "bert@")
    replace(shop, "groups/ring.yaml", "include: [paying, beta]", "include: [paying]")
    assert "the definition changed" == told(shop)["beta"][0]
    replace(shop, "groups/lists.yaml", "bert@", "bea@")
    assert {"ring": ("the definition or what it is built from changed", [])} == told(shop)
    assert {"ring": ("the definition changed", [])} == told(shop, "--compare", "HEAD")


def test_the_exclude_of_the_config_is_a_cause(shop):
    """A group that everybody leaves out is what every group is built from."""
    shop.write("groupsync.yaml", f"{CONFIG}exclude: [blocked]\n")
    assert {} == told(shop)
    replace(shop, "groups/lists.yaml", "name: blocked\nmembers: []", "name: blocked\nmembers: [bea@example.com]")
    found = told(shop)
    assert ("what it is built from changes", ["blocked"]) == found["beta"]
    assert ("what it is built from changes", ["beta", "blocked"]) == found["ring"]


def test_a_date_is_not_an_edit(shop):
    """Where a definition has dates, one of them may have come; it is not said that somebody edited it."""
    replace(shop, "groups/lists.yaml", "di@", "don@")
    assert ("the definition changed, or a date in it came", []) == told(shop)["dated"]


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_every_format_says_through_what(shop, format_):
    """Text, Markdown, pages and JSON name the group and the file, and no definition that nobody touched."""
    shop.write("lists/pro.txt", "ada@example.com\n")
    for typed, words in ([], "through"), (["--compare", "HEAD"], "lists/pro.txt"):
        out = shop("plan", "--format", format_, *typed).out
        assert words in out
        assert "the definition changed" not in out


def test_a_saved_plan_keeps_what_it_says(shop):
    """A report of a saved plan names the same causes."""
    shop.write("lists/pro.txt", "ada@example.com\n")
    shop("plan", "--out", "monday.plan")
    assert "through paying and pro" in shop("report", "monday.plan").out
