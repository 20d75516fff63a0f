"""`groupsync offboard`."""

from __future__ import annotations

import pytest

from groupsync.errors import ExitCode


def test_somebody_leaves_every_file_at_once(segments):
    """Definitions and member files; all others stay, and nothing names them any more."""
    segments.write("members/beta.csv", segments.read("members/beta.csv") + "Zoe,zoe@example.com\n")
    before = {path: segments.read(path) for path in ("groups/lists.yaml", "groups/segments.yaml", "members/beta.csv")}
    lists = before["groups/lists.yaml"].replace(", zoe@example.com", "")
    done = segments("offboard", "Zoe@example.com", "--no-targets")

    # Beta is ruled out by a condition, so that its file keeps them.
    assert ExitCode.INCOMPLETE == done.code, done.err
    assert "groups/lists.yaml:19:44  zoe@example.com removed\ngroups/segments.yaml:9:11  zoe@" in done.out
    assert lists == segments.read("groups/lists.yaml")
    assert before["groups/segments.yaml"].replace("members: [zoe@example.com]", "members: []") == segments.read(
        "groups/segments.yaml"
    )
    assert before["members/beta.csv"] == segments.read("members/beta.csv")
    assert "kept in beta, which keeps people out of other groups" in done.err


def test_what_is_left_is_listed(segments):
    """Segments with what to do, lists that keep people out; the exit code tells."""
    di, cy = (segments("offboard", f"{name}@example.com", "--no-targets") for name in ("di", "cy"))

    assert ExitCode.INCOMPLETE == di.code == cy.code
    assert "computed into big from the source customers. Add them to a group that `exclude`" in di.err
    assert "kept in blocked" in cy.err
    assert "" == cy.out


def test_who_must_stay_in_a_group_stays_on_its_lists(project):
    """They leave all others, the policy is told of, and the plan that comes of it is not refused."""
    rule = "policies:\n  pinned:\n    - {group: beta-testers, members: [ADA@contoso.com, barbara@example.com]}\n"
    project.write("groupsync.yaml", project.read("groupsync.yaml") + rule)
    project.write("groups/press.yaml", "kind: known-user-group\nname: press\nmembers:\n  - ada@contoso.com\n")
    before = {path: project.read(path) for path in ("groups/beta-testers.yaml", "groups/members/beta.csv")}
    ada, barbara = (project("offboard", who, "--no-targets") for who in ("ada@contoso.com", "barbara@example.com"))

    assert ExitCode.INCOMPLETE == ada.code == barbara.code
    assert before == {path: project.read(path) for path in before}
    assert ("groups/press.yaml:4:5  ada@contoso.com removed\n", "") == (ada.out, barbara.out)
    line = project.read("groupsync.yaml")[: -len(rule)].count("\n") + 3
    told = "must stay in beta-testers, by `policies.pinned`. Take them out of it, and offboard again; until then a plan"
    for done, kept in ((ada, "groups/beta-testers.yaml:3:7"), (barbara, "groups/beta-testers.yaml:13:5")):
        assert f"{kept}: kept in beta-testers, where they must stay. Take them out of `policies.pinned`" in done.err
        assert f"groupsync.yaml:{line}:15: {told}" in done.err
    assert ExitCode.OK == project("plan").code


def test_who_must_stay_by_another_group_is_told(project):
    """No list of the pinned group has them: they go, and the plan without them would be refused."""
    rule = "policies: {pinned: [{group: early-access, members: [tim@contoso.com]}]}\n"
    project.write("groupsync.yaml", project.read("groupsync.yaml") + rule)
    done = project("offboard", "tim@contoso.com", "--no-targets")

    assert (ExitCode.INCOMPLETE, "groups/members/staff.txt:4:1  tim@contoso.com removed\n") == (done.code, done.out)
    assert "must stay in early-access, by `policies.pinned`" in done.err
    assert ExitCode.REFUSED == project("plan").code


def test_a_dry_run_shows_what_would_be_written(project):
    """As a unified diff, and nothing is."""
    before = project.read("groups/beta-testers.yaml")
    done = project("offboard", "ada@contoso.com", "--dry-run")

    assert ExitCode.OK == done.code, done.err
    assert "\n-  - ada@contoso.com\n" in done.out
    assert before == project.read("groups/beta-testers.yaml")
    assert ExitCode.OK == project("offboard", "ada@contoso.com").code
    assert before.replace("  - ada@contoso.com\n", "") == project.read("groups/beta-testers.yaml")
    assert "ada@contoso.com is named nowhere." in project("offboard", "ada@contoso.com").err


def test_groups_of_a_target_that_nobody_manages_are_listed(project):
    """No edit of ours reaches them."""
    assert ExitCode.OK == project("apply", "--yes").code
    project.write("state/groups/by-hand.txt", "tim@contoso.com\n")
    done = project("offboard", "tim@contoso.com")

    assert ExitCode.INCOMPLETE == done.code
    assert "groups/members/staff.txt:4:1  tim@contoso.com removed\n" == done.out
    assert "local: in by-hand, which nobody manages.\n" == done.err


@pytest.mark.parametrize("end", ["", "\n"])
def test_several_groups_of_one_file_are_told_with_their_places(project, end):
    """From where they stood before anything was taken out; owners are named, too."""
    one = "kind: known-user-group\nname: {}\nowners: [mel@contoso.com]\nmembers:\n  - mel@contoso.com\n"
    project.write("groups/two.yaml", (one.format("one") + "---\n" + one.format("two")).rstrip("\n") + end)
    done = project("offboard", "mel@contoso.com", "--no-targets")

    assert [5, 11] == [int(line.split(":")[1]) for line in done.out.splitlines()]
    assert project.read("groups/two.yaml").count("members: []") == 2
    assert "an owner of one" in done.err
