"""Definitions that were edited without effect today: listed in every format, and their owners asked."""

from __future__ import annotations

import json
import subprocess

import pytest

from groupsync.errors import ExitCode
from groupsync.planfile import read_plan

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
sources:
  customers: {plugin: memory, id: email, rows: [{email: ada@example.com, age: 61}, {email: bob@example.com, age: 20}]}
targets:
  local: {plugin: file, path: state/, select: {names: [a-*]}}
  other: {plugin: file, path: other/, select: {names: [b-*]}}
"""
DEFINITIONS = {
    "a-list": "{kind: known-user-group, name: a-list, owners: [lists@example.com], members: [ada@example.com]}",
    "a-file": "{kind: known-user-group, name: a-file, owners: [files@example.com], members_from: [{path: a.txt}]}",
    "a-segment": "{kind: segment, name: a-segment, owners: [segments@example.com], source: customers,"
    " where: {age: {gte: 50}}}",
    "a-derived": "{kind: known-user-group, name: a-derived, owners: [derived@example.com], include: [c-base]}",
    "b-list": "{kind: known-user-group, name: b-list, owners: [other@example.com], members: [ada@example.com]}",
    "c-base": "{kind: known-user-group, name: c-base, owners: [base@example.com], members: [ada@example.com]}",
    "c-spare": "{kind: known-user-group, name: c-spare, owners: [spare@example.com], members: [ada@example.com]}",
}
LATER = "[ada@example.com, {email: eve@example.com, from: 2099-01-01}]"


@pytest.fixture
def shop(project):
    """A project in git, applied."""
    for path in (project.folder / "groups").glob("*.yaml"):
        path.unlink()
    project.write("groupsync.yaml", CONFIG)
    project.write("groups/a.txt", "ada@example.com\n")
    for name, text in DEFINITIONS.items():
        project.write(f"groups/{name}.yaml", f"{text}\n")
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "groupsync.yaml", "groups")
    git(project, "commit", "--quiet", "--message=as it was")
    assert ExitCode.OK == project("apply", "--yes").code
    return project


def git(project, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=project.folder, check=True, capture_output=True)


def edit(project, name, old, new):
    path = f"groups/{name}.yaml"
    text = project.read(path)
    assert old in text
    project.write(path, text.replace(old, new))


def quiet(project, *options):
    """Return what was edited without effect, by name, as a plan's document has it."""
    document = json.loads(project("plan", "--compare", "main", "--format", "json", *options).out)
    return {each["name"]: each["edit"] for each in document["compared"]["quiet"]}


def test_whatever_was_edited_without_effect_is_listed(shop):
    """A date, a condition that matches the same people, a file in other bytes, a definition that goes nowhere."""
    assert {} == quiet(shop)
    edit(shop, "a-list", "[ada@example.com]", LATER)
    edit(shop, "a-segment", "50", "49")
    edit(shop, "c-base", "[ada@example.com]", LATER)
    shop.write("groups/a.txt", "ada@example.com\nAda@example.com\n")
    (shop.folder / "groups" / "c-spare.yaml").unlink()
    shop.write("groups/c-new.yaml", "{kind: known-user-group, name: c-new, members: []}\n")
    found = {"a-list": "edited", "a-segment": "edited", "a-file": "edited", "c-base": "edited"}
    assert found | {"c-spare": "gone", "c-new": "new"} == quiet(shop)


def test_what_says_the_same_is_not_listed(shop):
    """Comments and the order of lines are no edit, and what changes a group is in the plan anyway."""
    edit(shop, "a-list", "{kind", "# a comment\n{kind")
    edit(
        shop,
        "a-segment",
        "a-segment, owners: [segments@example.com], source: customers",
        "a-segment, source: customers, owners: [segments@example.com]",
    )
    edit(shop, "a-file", "members_from", "members: [zoe@example.com], members_from")
    edit(shop, "c-base", "[ada@example.com]", "[ada@example.com, bob@example.com]")
    assert {} == quiet(shop)


def test_a_base_whose_date_is_still_to_come_is_listed_though_others_change(shop):
    """The group that is built on it changes because of something else."""
    edit(shop, "c-base", "[ada@example.com]", LATER)
    edit(shop, "a-derived", "include", "members: [zoe@example.com], include")
    assert {"c-base": "edited"} == quiet(shop)


def test_of_what_was_not_looked_at_nothing_is_said(shop):
    """What a selection leaves out, or goes to a target that is not opened, may change there."""
    edit(shop, "a-list", "[ada@example.com]", LATER)
    edit(shop, "b-list", "[ada@example.com]", LATER)
    edit(shop, "c-base", "[ada@example.com]", LATER)
    assert {"a-list": "edited"} == quiet(shop, "--select", "a-*")
    assert {"a-list": "edited", "c-base": "edited"} == quiet(shop, "-t", "local")


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json", "github", "sarif"])
def test_every_format_lists_it(form, shop):
    """The name, what was done, and where."""
    edit(shop, "a-list", "[ada@example.com]", LATER)
    shop("plan", "--compare", "main", "--out", "a.plan")
    for arguments in (("plan", "--compare", "main"), ("report", "a.plan")):
        if arguments[0] == "report" and form == "json":
            continue
        done = shop(*arguments, "--format", form)
        assert "without effect today" in done.out or form == "json"
        assert "a-list" in done.out
        assert "groups/a-list.yaml" in done.out
    if form == "text":
        assert "Changed without effect today, since main:\n  a-list was edited · groups/a-list.yaml:1\n" in done.out


def test_owners_are_asked_for_what_has_no_effect_yet(shop):
    """Those of now, and those of then where it changes hands; once, where a date is in the plan as well."""
    edit(shop, "a-segment", "50", "49")
    edit(shop, "c-base", "base@example.com", "eve@example.com")
    (shop.folder / "groups" / "c-spare.yaml").unlink()
    shop("plan", "--compare", "main", "--out", "a.plan")
    assert 3 == len(read_plan(shop.folder / "a.plan").compared.quiet)
    found = json.loads(shop("approvers", "a.plan", "--format", "json").out)
    asked = {each["name"]: each["one_of_each"] for each in found["groups"] if each["quiet"]}
    assert {
        "a-segment": [["segments@example.com"]],
        "c-base": [["base@example.com"], ["eve@example.com"]],
        "c-spare": [["spare@example.com"]],
    } == asked
    text = shop("approvers", "a.plan", "--check", "--approved", "eve@example.com").out
    assert "update a-segment · without effect today" in text
    assert "update c-base: base@example.com" in text


def test_a_quiet_edit_that_nobody_owns_is_told(shop):
    """As with any group that changes: nobody can approve it alone."""
    shop.write("groups/c-new.yaml", "{kind: known-user-group, name: c-new, members: []}\n")
    shop("plan", "--compare", "main", "--out", "a.plan")
    done = shop("approvers", "a.plan", "--check")
    assert (ExitCode.REFUSED, True) == (done.code, "update c-new: nobody owns it" in done.out)
    assert (
        ExitCode.OK
        == shop("approvers", "a.plan", "--check", "--fallback", "x@example.com", "--approved", "x@example.com").code
    )
