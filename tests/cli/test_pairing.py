"""Plan, show, who and why agree on which group of a target a definition meets."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Project

GOLD = """\
kind: known-user-group
name: gold
previously: [vip]
members: [ada@example.com]
"""
CONFIG = """\
version: 1
project: {project}
definitions: [{folder}/*.yaml]
targets: {{local: {{plugin: file, path: state/}}}}
"""


@pytest.fixture
def renamed(tmp_path):
    """Return a project with a group `gold` that was called `vip`, and another project on its target."""
    made = Project(tmp_path / "shop", None)
    made.write("groupsync.yaml", CONFIG.format(project="mine", folder="groups"))
    made.write("other.yaml", CONFIG.format(project="other", folder="others"))
    made.write("groups/gold.yaml", GOLD)
    return made


def hold(project, name, whose):
    """Put a group of somebody's on the target, with ada and zed in it."""
    if whose is None:
        project.write(f"state/groups/{name}.txt", "ada@example.com\nzed@example.com\n")
        return
    kept = project.read("groups/gold.yaml")
    folder, config = ("groups", "groupsync.yaml") if whose == "mine" else ("others", "other.yaml")
    project.write("groups/gold.yaml", "")
    project.write(
        f"{folder}/x.yaml", f"kind: known-user-group\nname: {name}\nmembers: [ada@example.com, zed@example.com]"
    )
    assert 0 == project("apply", "--yes", "--config", config).code
    (project.folder / folder / "x.yaml").unlink()
    project.write("groups/gold.yaml", kept)


def planned(project, *typed):
    return {
        each["name"]: (each["action"], each["reason"])
        for each in json.loads(project("plan", "--format", "json", *typed).out)["changes"]
    }


def shown(project, *typed):
    groups = json.loads(project("show", *typed, "--format", "json").out)["groups"]
    return {each["name"]: (each["status"], each["managed_by"]) for each in groups}


@pytest.mark.parametrize(
    ("whose", "status", "words"),
    [(None, "not-managed", "not managed"), ("other", "another-projects", "another project's: other")],
)
def test_a_group_that_is_not_ours_is_not_what_a_definition_was_called_before(renamed, whose, status, words):
    """The definition's group is to be made; the other is shown as what it is, and found by its name."""
    hold(renamed, "vip", whose)
    who = json.loads(renamed("who", "zed@example.com", "--format", "json").out)["targets"][0]
    kind = "others" if whose else "unmanaged"

    assert {"gold": ("create", "defined, and not on the target")} == planned(renamed)
    assert {"gold": ("to-create", None), "vip": (status, whose)} == shown(renamed)
    assert {"vip": (status, whose)} == shown(renamed, "vip")
    assert f"vip on local: {words}\n" in renamed("show", "vip").out
    assert ([], ["vip"]) == (who["managed"], who[kind])
    assert "local does not have them: it does not have the group yet" in renamed("why", "zed@example.com", "gold").out


def test_a_group_of_ours_is_renamed_and_shown_under_both_names(renamed):
    """It is one group on both sides, whichever name is typed."""
    hold(renamed, "vip", "mine")
    who = json.loads(renamed("who", "zed@example.com", "--format", "json").out)["targets"][0]

    assert {"gold": ("rename", "`previously: vip`")} == planned(renamed)
    assert {"gold": ("differs", "mine")} == shown(renamed) == shown(renamed, "vip") == shown(renamed, "gold")
    assert "called vip there: the next apply renames it" in renamed("show", "gold").out
    assert (["gold"], ["gold"]) == (who["managed"], who["surplus"])
    assert "local has them" in renamed("why", "zed@example.com", "gold").out


def test_where_both_names_are_there_the_earlier_one_is_a_group_of_its_own(renamed):
    """It is deleted, with the true reason, and shown so."""
    hold(renamed, "vip", "mine")
    renamed.write("groups/gold.yaml", GOLD.replace("previously: [vip]\n", ""))
    renamed.write("groups/vip.yaml", "kind: known-user-group\nname: vip\nmembers: [ada@example.com, zed@example.com]")
    assert 0 == renamed("apply", "--yes").code
    (renamed.folder / "groups/vip.yaml").unlink()
    renamed.write("groups/gold.yaml", GOLD)

    assert {"vip": ("delete", "`gold` was called so before, and is on local, too")} == planned(renamed)
    assert {"gold": ("same", "mine"), "vip": ("to-delete", "mine")} == shown(renamed)


def test_an_earlier_group_stays_as_long_as_its_new_name_is_taken(renamed):
    """Where the new name belongs to nobody and is not taken over, deleting the earlier one is refused, too."""
    hold(renamed, "vip", "mine")
    hold(renamed, "gold", None)
    done = renamed("plan", "--format", "json")
    refusals = {each["name"]: each["rule"] for each in json.loads(done.out)["verdict"]["refusals"]}

    assert 3 == done.code
    assert {"gold": "adopt", "vip": "adopt"} == refusals
    assert {"gold": ("not-managed", None), "vip": ("to-delete", "mine")} == shown(renamed)


def test_a_selection_of_the_earlier_name_deletes_nothing(renamed):
    """Whichever of its names is picked, the group is renamed."""
    hold(renamed, "vip", "mine")

    assert {"gold": "rename"} == {name: action for name, (action, _) in planned(renamed, "--select", "vip").items()}
    assert {"gold": "rename"} == {name: action for name, (action, _) in planned(renamed, "--select", "gold").items()}


def test_a_renamed_group_that_goes_elsewhere_now_is_left_on_its_target(renamed):
    """A group that got another name and other targets in one edit is forgotten here, as one that kept its name is."""
    hold(renamed, "vip", "mine")
    config = CONFIG.format(project="mine", folder="groups").replace("}}", "}, crm: {plugin: memory}}")
    renamed.write("groupsync.yaml", config)
    renamed.write("groups/gold.yaml", GOLD + "targets: [crm]\n")

    assert ("forget", "its definition no longer goes to local") == planned(renamed, "--target", "local")["vip"]
    assert {"vip": ("to-forget", "mine")} == shown(renamed, "--target", "local")


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        (None, "managed by nobody"),
        ("other", "managed by the project `other`"),
        ("mine", "managed by the project `mine`"),
    ],
)
def test_why_of_a_group_that_no_definition_defines_says_whose_it_is(renamed, whose, words):
    """A target has it, so that it is not said to be nowhere; who manages it can tell why."""
    hold(renamed, "alone", whose)
    for person, has in (("zed@example.com", "is in it"), ("ada.l@example.com", "is not in it")):
        asked = renamed("why", person, "alone")
        said = " ".join(asked.err.split())
        assert 1 == asked.code
        assert "error: No definition defines `alone`, so that nothing here tells why" in said
        assert f"local has one, {words}: {person} {has}. hint: `groupsync show alone` shows it." in said
    assert "There is no group `nowhere`" in renamed("why", "zed@example.com", "nowhere").err
