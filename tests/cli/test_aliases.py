"""Changed addresses, as they are met on the command line."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from groupsync.errors import ExitCode
from groupsync.planfile import read_plan, write_plan

ALIASES = "aliases:\n  Ada@example.com: ada.l@example.com\n  di@example.com: di@work.example\n"
NOTE = "ada@example.com is now ada.l@example.com.\n"


@pytest.fixture
def moved(segments):
    """The project with segments after it was applied; then addresses changed. Somebody has each text of a condition."""
    conditions = segments.read("groups/segments.yaml")
    assert "[AT, CH]" in conditions
    segments.write("groups/segments.yaml", conditions.replace("[AT, CH]", "[AT]"))
    assert ExitCode.OK == segments("apply", "--yes").code
    segments.write("groupsync.yaml", segments.read("groupsync.yaml") + ALIASES)
    return segments


def test_a_changed_address_is_one_line_of_a_plan_there_and_back(moved):
    """Plan, apply, history and undo count nobody as added or removed, and a second plan is empty."""
    plan = moved("plan")
    assert "  ~ update beta  3 → 3 members\n      addresses changed · groups/lists.yaml:2\n" in plan.out
    assert "      ~ ada@example.com → ada.l@example.com\n" in plan.out
    assert "+ ada" not in plan.out
    applied = moved("apply", "--yes")
    assert ExitCode.OK == applied.code, applied.err
    assert "addresses changed.\n" in applied.out
    assert "No changes." in moved("plan").out
    assert "~ update  beta       1 address changed\n" in moved("history", "last").out
    assert "      ~ ada.l@example.com → ada@example.com\n" in moved("undo", "last", "--yes").out


def test_an_address_of_before_means_the_person(moved):
    """Whoever is asked for by it is shown by the one of now, which stderr says; targets are looked at for both."""
    who, why = moved("who", "ADA@example.com"), moved("why", "ada@example.com", "beta")
    assert NOTE == who.err == why.err
    assert "ada.l@example.com is in 4 groups" in who.out
    assert "    has them in beta, consented, everybody, top\n" in who.out
    assert "ada.l@example.com is in beta" in why.out
    assert "  local has them: by the address ada@example.com\n" in why.out
    now = moved("who", "ada.l@example.com")
    assert ("", who.out.split("\n")[2:]) == (now.err, now.out.split("\n")[2:])


def test_a_source_that_has_the_address_of_before_can_tell_why(moved):
    """Their row is found by it."""
    found = json.loads(moved("why", "di@work.example", "big", "--format", "json").out)
    assert "in" == found["state"]


def test_edits_are_about_the_person(moved):
    """Nobody is added twice; `remove` takes out the entry that there is, and a new one has the address of now."""
    assert "`ada.l@example.com` is listed in `beta` already" in moved("add", "ada@example.com", "beta").err
    removed = moved("remove", "ada.l@example.com", "beta")
    assert (ExitCode.OK, "groups/lists.yaml:4:5  ada.l@example.com removed from beta\n") == (removed.code, removed.out)
    assert ExitCode.OK == moved("add", "ada@example.com", "beta").code
    assert "\n  - ada.l@example.com\n" in moved.read("groups/lists.yaml")


def test_who_leaves_does_so_by_every_address(moved):
    """`offboard` takes out entries of before and of now, and warns an owner who is either."""
    lists = moved.read("groups/lists.yaml").replace("members: [ada@example.com,", "members: [ada.l@example.com,")
    moved.write("groups/lists.yaml", f"{lists}owners: [ada@example.com]\n".replace("[cy@", "[eve@"))
    moved.write("groups/segments.yaml", moved.read("groups/segments.yaml").replace("- not: {in_group: beta}", ""))
    done = moved("offboard", "ada@example.com", "--no-targets")
    assert "groups/lists.yaml:4:5  ada.l@example.com removed\n" in done.out
    assert "members: [di@example.com, zoe@example.com]" in moved.read("groups/lists.yaml")
    assert 1 == moved.read("groups/lists.yaml").count("ada")
    assert "an owner of consented" in done.err


def test_formatting_leaves_addresses_as_they_are_written(moved):
    """Which address a file has is for people to say."""
    before = moved.read("groups/lists.yaml")
    assert ExitCode.OK == moved("fmt").code
    assert before.count("ada@example.com") == moved.read("groups/lists.yaml").count("ada@example.com")
    assert "ada.l@" not in moved.read("groups/lists.yaml")


def test_what_comes_of_edits_is_about_people(moved):
    """`--compare` has nothing to split where only addresses changed."""
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@x", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=moved.folder, check=True)
    moved.write("members/beta.csv", moved.read("members/beta.csv") + "Jo,jo@example.com\n")
    found = moved("plan", "--compare", "HEAD").out
    assert "all of it comes of edits since HEAD" in found
    assert 1 == found.count("since HEAD")


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_who_should_approve_is_one_person_by_whatever_address(project, format_):
    """An owner whom the target knows by the address of before is the one of now, in every plan that is shown."""
    definition = "kind: known-user-group\nname: owned\nowners: [{}]\nmembers: [tim@contoso.com]\n"
    project.write("groups/owned.yaml", definition.format("zora@contoso.com"))
    assert ExitCode.OK == project("apply", "--yes").code
    project.write("groupsync.yaml", project.read("groupsync.yaml") + "aliases: {Zora@contoso.com: nora@contoso.com}\n")
    plan = project("plan", "--format", format_, "--out", "p.plan").out
    assert ("nora@contoso.com", "zora@contoso.com") == read_plan(project.folder / "p.plan").known_as[0][::-1]
    for text in (plan, project("report", "p.plan", "--format", format_).out):
        approve = text.partition("Should approve")[2][:200]
        assert "nora@contoso.com" in approve
        assert "zora@contoso.com" not in approve
    assert ["nora@contoso.com"] == [
        each["owner"] for each in json.loads(project("approvers", "p.plan", "--format", "json").out)["approvers"]
    ]
    redacted = project("report", "p.plan", "--format", "text", "--redact").out.partition("Should approve")[2]
    assert 1 == redacted.count("person-")


def test_a_saved_plan_does_not_say_whose_approval_counts(project):
    """Who wrote the file may say that an owner is somebody else; a check goes by the config alone."""
    project.write("groups/owned.yaml", "kind: known-user-group\nname: owned\nowners: [zora@contoso.com]\nmembers: []\n")
    assert ExitCode.OK == project("plan", "--select", "owned", "--out", "p.plan").code
    plan = replace(read_plan(project.folder / "p.plan"), known_as=(("zora@contoso.com", "mallory@contoso.com"),))
    write_plan(plan, project.folder / "p.plan")
    checked = project("approvers", "p.plan", "--check", "--approved", "mallory@contoso.com")
    assert ExitCode.REFUSED == checked.code
    assert "mallory@contoso.com approved, and owns no group that changes." in checked.err
