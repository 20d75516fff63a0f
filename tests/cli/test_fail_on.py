"""`--fail-on`: changes that somebody does not want at all."""

from __future__ import annotations

import json
import re

import pytest

from groupsync.errors import ExitCode

STATE = "state/groups/staff.txt"
STAFF = "groups/members/staff.txt"


def adding(project):
    project.write(STAFF, project.read(STAFF) + "radia@contoso.com\n")


def removing(project):
    project.write(STAFF, project.read(STAFF).replace("alan@contoso.com\n", ""))


def deleting(project):
    project.write(
        "groups/beta-testers.yaml", "kind: known-user-group\nname: beta-testers\nlifecycle: {state: absent}\n"
    )
    project.write("groups/early-access.yaml", project.read("groups/early-access.yaml").replace("beta-testers", "staff"))


def unreadable(project):
    (project.folder / "state/groups/opted-out.txt").unlink()
    removing(project)


def refused(project):
    project.write("groups/beta-testers.yaml", "kind: known-user-group\nname: beta-testers\nmembers: []\n")


def nothing(project):
    pass


@pytest.mark.parametrize(
    ("edit", "typed", "code"),
    [
        (nothing, "--fail-on any --detailed-exitcode", ExitCode.OK),
        (adding, "--fail-on remove", ExitCode.OK),
        (adding, "--fail-on remove --fail-on delete --detailed-exitcode", ExitCode.CHANGES),
        (adding, "--fail-on any --detailed-exitcode", ExitCode.REFUSED),
        (removing, "--fail-on delete --detailed-exitcode", ExitCode.CHANGES),
        (removing, "--fail-on remove --detailed-exitcode", ExitCode.REFUSED),
        (removing, "--fail-on delete --fail-on remove", ExitCode.REFUSED),
        (deleting, "--fail-on delete", ExitCode.REFUSED),
        (unreadable, "--fail-on delete --detailed-exitcode", ExitCode.INCOMPLETE),
        (unreadable, "--fail-on remove --detailed-exitcode", ExitCode.REFUSED),
        (refused, "--fail-on delete", ExitCode.REFUSED),
        (removing, "--fail-on nothing", ExitCode.USAGE),
    ],
)
def test_what_must_not_be_there_is_3_before_2_and_4(project, edit, typed, code):
    """`plan` and, for the saved plan, `report` end alike; what was not asked about leaves the code as it is."""
    project("apply", "--yes")
    edit(project)
    project("plan", "--out", "a.plan")
    assert (code, code) == (project("plan", *typed.split()).code, project("report", "a.plan", *typed.split()).code)


def test_what_tripped_is_said_on_stderr(project):
    """With how many and in which groups; the payload is as ever, and the plan is saved."""
    project("apply", "--yes")
    removing(project)
    plain = project("plan", "--format", "json")
    done = project("plan", "--format", "json", "--fail-on", "remove", "--out", "a.plan")
    assert json.loads(plain.out)["digest"] == json.loads(done.out)["digest"]
    assert done.err.startswith("--fail-on remove: 1 member would go from 1 group: staff (1).\n") or (
        "\n--fail-on remove: 1 member would go from 1 group: staff (1).\n" in done.err
    )
    assert (project.folder / "a.plan").exists()


def test_drift_stops_only_at_what_was_changed_on_the_target(project):
    """An edit that is pending is not drift; what a target has too many would be removed."""
    project("apply", "--yes")
    removing(project)
    assert ExitCode.OK == project("drift", "--fail-on", "any").code
    project.write(STATE, project.read(STATE) + "zoe@example.com\n")
    assert ExitCode.REFUSED == project("drift", "--fail-on", "remove", "--detailed-exitcode").code
    done = project("drift", "--fail-on", "delete", "--detailed-exitcode")
    assert (ExitCode.CHANGES, False) == (done.code, "--fail-on" in done.err)


@pytest.mark.parametrize("saved", [False, True])
def test_apply_writes_nothing(project, saved):
    """It is refused before anything is applied, asked or journalled, with what there is and how to go on."""
    project("apply", "--yes")
    before = project.read(STATE), sorted((project.folder / ".groupsync").rglob("*"))
    removing(project)
    adding(project)
    if saved:
        project("plan", "--out", "a.plan")
    plan = ["a.plan"] if saved else []
    done = project("apply", *plan, "--fail-on", "remove", "--fail-on", "delete")
    assert ExitCode.REFUSED == done.code
    assert before == (project.read(STATE), sorted((project.folder / ".groupsync").rglob("*")))
    assert "Nothing was applied: the plan has what `--fail-on remove` stops at" in done.err
    assert "1 member would go from 1 group: staff (1)." in done.err
    assert "apply it without" in done.err
    assert re.search(f"Review the plan {re.search('Plan digest: ([0-9a-f]{8})', done.out)[1]}", done.err)
    assert ExitCode.OK == project("apply", *plan, "--yes", "--fail-on", "delete").code
    assert "alan@contoso.com" not in project.read(STATE)


def test_what_stops_an_apply_is_told_of_redacted_output_too(project):
    """Names of groups are no secret there, and nobody else is named."""
    project("apply", "--yes")
    removing(project)
    done = project("apply", "--yes", "--redact", "--fail-on", "remove")
    assert ExitCode.REFUSED == done.code
    assert "`--fail-on remove` stops at. 1 member would go from 1 group: staff (1).\n" in done.err
    assert "contoso.com" not in done.out + done.err


def test_a_group_that_is_refused_stops_an_apply_too(project):
    """What a guard would leave out alone is still something that must not be in the plan."""
    project("apply", "--yes")
    refused(project)
    project.write("groups/opted-out.yaml", project.read("groups/opted-out.yaml") + "  - zoe@example.com\n")
    before = project.read("state/groups/opted-out.txt")
    assert ExitCode.REFUSED == project("apply", "--yes", "--fail-on", "remove").code
    assert before == project.read("state/groups/opted-out.txt")
