"""A selection on the command line: what it names must be there."""

from __future__ import annotations

import json

import pytest

from groupsync.errors import ExitCode

COMMANDS = (["plan"], ["apply", "--yes"], ["drift"], ["show"], ["import"])
TWO_TARGETS = """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
targets:
  local: {plugin: file, path: state/}
  crm: {plugin: file, path: crm/, select: {names: ["beta-*"]}}
"""


@pytest.fixture
def applied(project):
    """The quickstart, applied."""
    done = project("apply", "--yes")
    assert ExitCode.OK == done.code, done.err
    return project


@pytest.mark.parametrize(
    ("selection", "found", "meant"),
    [
        (["--select", "nope-*"], "No group matches `nope-*`", "There are: `beta-testers`, "),
        (["--select", "stafff"], "No group matches `stafff`", "Did you mean `staff`?"),
        (["--select", "betta-*"], "No group matches `betta-*`", "Did you mean `beta-testers`?"),
        (["--select", "staff", "--select", "sorce"], "No group matches `sorce`", "There are: `beta-testers`, "),
        (["--select", "x1", "--select", "x2"], "No group matches `x1`, `x2`", "There are: `beta-testers`, "),
        (["--label", "product=fieldnote"], "No group has the label `product=fieldnote`", "`product=fieldnotes`?"),
        (["--select", "staff", "--label", "product=fieldnotes"], "The selection picks no group", "no group has all"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_selection_that_matches_nothing_is_an_error(project, selection, found, meant):
    """Each pattern and label by itself has to match a group, and all together one; otherwise 1, and a guess."""
    done = project("plan", *selection)
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert found in done.err
    assert meant in " ".join(done.err.split())
    assert "--allow-empty-selection" in " ".join(done.err.split())


@pytest.mark.parametrize("typed", COMMANDS, ids=lambda typed: typed[0])
def test_every_command_that_selects_knows_its_groups(applied, typed):
    """A script may consent to a selection that matches nothing; the run goes on with what is left of it."""
    done = applied(*typed, "--select", "nope-*")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "No group matches `nope-*`" in done.err
    done = applied(*typed, "--select", "nope-*", "--allow-empty-selection")
    assert ExitCode.OK == done.code, done.err


def test_accept_knows_its_groups(applied):
    """A pattern of `accept` that matches nothing is an error like a name; with consent nothing is to be done."""
    done = applied("accept", "nope-*")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "No group matches `nope-*`" in done.err
    for name in ("nope-*", "nope"):
        assert ExitCode.OK == applied("accept", name, "--allow-empty-selection").code


@pytest.mark.parametrize("typed", [["plan"], ["drift"], ["show"], ["apply", "--yes"]], ids=lambda typed: typed[0])
def test_what_is_on_the_target_alone_can_be_selected(applied, typed):
    """A group without a definition is there, too: one of ours whose definition is gone, or a stranger's."""
    (applied.folder / "groups/early-access.yaml").unlink()
    applied.write("state/groups/theirs.txt", "zoe@example.com\n")
    for name in ("early-access", "theirs"):
        done = applied(*typed, "--select", name)
        assert "matches" not in done.err
        assert ExitCode.ERROR != done.code


def test_a_group_that_goes_elsewhere_is_told(project):
    """Of a narrowed run that can't reach a group it is said that the group is defined, and for which targets not."""
    project.write("groupsync.yaml", TWO_TARGETS)
    done = project("plan", "--target", "crm", "--select", "staff")
    assert ExitCode.ERROR == done.code
    assert "`staff` is defined, but not for crm." in " ".join(done.err.split())
    assert ExitCode.OK == project("plan", "--target", "crm", "--select", "beta-*").code
    assert ExitCode.OK == project("plan", "--select", "staff").code


@pytest.mark.parametrize("typed", [["plan"], ["apply", "--yes"], ["drift"], ["show"], ["import"], ["who", "a@b.com"]])
def test_an_unknown_target_is_answered_with_the_nearest(project, typed):
    """`--target` is checked likewise."""
    project.write("groupsync.yaml", TWO_TARGETS)
    done = project(*typed, "--target", "locall")
    assert (ExitCode.ERROR, "") == (done.code, done.out)
    assert "Unknown target `locall`" in done.err
    assert "groupsync.yaml has: local, crm." in done.err
    assert "Did you mean `local`?" in done.err


@pytest.mark.parametrize("command", ["plan", "drift", "import"])
def test_a_group_without_an_option_is_told_the_option(project, command):
    """Who names groups as arguments is shown how to pick them, and what is shown works."""
    done = project(command, "staff", "beta-*")
    assert (ExitCode.USAGE, "") == (done.code, done.out)
    assert f"`groupsync {command} --select staff --select 'beta-*'`" in " ".join(done.err.split())
    if command != "import":
        assert ExitCode.OK == project(command, "--select", "staff", "--select", "beta-*").code


def test_apply_tells_a_group_from_a_plan_file(project):
    """`apply staff` asks for a plan file of that name; where there is none it shows how to pick the group."""
    done = project("apply", "staff", "--yes")
    assert ExitCode.ERROR == done.code
    assert "There is no plan file staff" in done.err
    assert "`groupsync apply --select staff`" in done.err
    assert "Can't read the plan file monday.plan" in project("apply", "monday.plan").err
    assert ExitCode.USAGE == project("apply", "monday.plan", "--allow-empty-selection").code


def test_a_selection_never_deletes_what_another_name_takes_over(applied):
    """A rename is picked by either name, and where neither is picked nothing becomes of it."""
    text = applied.read("groups/staff.yaml")
    applied.write("groups/staff.yaml", text.replace("name: staff", "name: crew\npreviously: [staff]"))
    early = applied.read("groups/early-access.yaml")
    applied.write("groups/early-access.yaml", early.replace(", staff]", ", crew]"))

    def actions(*typed):
        return [
            (each["action"], each["name"])
            for each in json.loads(applied("plan", "--format", "json", *typed).out)["changes"]
        ]

    assert [("rename", "crew")] == actions("--select", "staff")
    assert [("rename", "crew")] == actions("--select", "crew")
    assert [] == actions("--select", "beta-*")


def test_what_is_built_on_the_selection_stays_behind_and_is_told(applied):
    """Plan and apply name the groups that wait for a narrowed run, in every format, until they are applied."""
    said = "`early-access` is built on `staff` and is not in this run"
    with (applied.folder / "groups/members/staff.txt").open("a") as file:
        file.write("zoe@example.com\n")
    assert said in applied("plan", "--select", "staff").err
    assert said in applied("apply", "--select", "staff", "--yes").err
    plan = json.loads(applied("plan", "--select", "staff", "--format", "json").out)
    assert ["GS619"] == [each["code"] for each in plan["diagnostics"]]
    assert "early-access" in applied("plan", "--select", "staff", "--format", "markdown").out
    assert ExitCode.OK == applied("apply", "--select", "staff", "--select", "early-access", "--yes").code
    assert "" == applied("plan", "--select", "staff").err
