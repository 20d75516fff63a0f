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
