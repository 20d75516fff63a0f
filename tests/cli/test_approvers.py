"""`groupsync approvers`."""

from __future__ import annotations

import json
from dataclasses import replace

from groupsync.errors import ExitCode
from groupsync.model import Verdict
from groupsync.planfile import read_plan, write_plan

APPROVED = [word for owner in ("growth", "release", "people") for word in ("--approved", f"{owner}@contoso.com")]


def saved(project):
    assert ExitCode.OK == project("plan", "--out", "a.plan").code
    return "a.plan"


def test_owners_of_what_changes_are_listed_with_their_groups(project):
    """Also of a group that changes because another one does, whose file is the only one that was edited."""
    project("apply", "--yes")
    project.write("groups/members/staff.txt", project.read("groups/members/staff.txt") + "radia@contoso.com\n")
    done = project("approvers", saved(project))
    assert ExitCode.OK == done.code
    assert "people@contoso.com  1 group; 1 member added, none removed\n  ~ update staff\n" in done.out
    assert "release@contoso.com  1 group; 1 member added, none removed\n  ~ update early-access\n" in done.out
    assert "growth@contoso.com" not in done.out


def test_what_somebody_did_on_the_target_is_approved_like_an_edit(project):
    """To take it back is a change of the group."""
    project("apply", "--yes")
    project.write("state/groups/staff.txt", project.read("state/groups/staff.txt") + "zoe@example.com\n")
    assert "people@contoso.com  1 group" in project("approvers", saved(project)).out


def test_an_undo_asks_those_whom_the_run_asked(project):
    """Whoever answers for a group answers for taking its change back."""
    project("apply", "--yes")
    assert ExitCode.REFUSED == project("undo", "last", "--out", "undo.plan").code
    out = project("approvers", "undo.plan").out
    assert "people@contoso.com  1 group, 1 of them refused; no members added, 4 removed\n  - delete staff" in out


def test_a_check_ends_with_3_until_every_group_is_approved(project):
    """Nobody's approval is none; a group without owner needs the fallback. The digest is that of the plan."""
    plan = saved(project)
    nobody = project("approvers", plan, "--check")
    assert (ExitCode.REFUSED, True) == (nobody.code, "4 groups still need approval:" in nobody.out)
    some = project("approvers", plan, "--check", *APPROVED, "--format", "json")
    found = json.loads(some.out)
    assert (ExitCode.REFUSED, ["opted-out"]) == (some.code, [each["name"] for each in found["missing"]])
    assert json.loads(project("plan", "--format", "json").out)["digest"] == found["plan_digest"]
    fallback = ["--fallback", "it@contoso.com", "--approved", "IT@contoso.com"]
    done = project("approvers", plan, "--check", *APPROVED, *fallback)
    assert (ExitCode.OK, True) == (done.code, "Every group is approved." in done.out)


def test_whoever_defines_a_group_of_others_is_not_the_only_one_asked(project):
    """Taking it over is refused, and who would have it does not approve that alone, with consent neither."""
    project("apply", "--yes")
    project.write("state/groups/administrators.txt", "ada@example.com\nbob@example.com\n")
    project.write(
        "groups/administrators.yaml",
        "kind: known-user-group\nname: administrators\nowners: [mallory@example.com]\n"
        "lifecycle: {mode: additive, adopt: true}\nmembers: [mallory@example.com]\n",
    )
    done = project("plan", "--out", "a.plan")
    words = " ".join(done.out.split())
    assert ExitCode.REFUSED == done.code
    assert "exists there with 2 members; nobody's mark is on it" in words
    assert "nobody to ask about taking over: administrators" in words
    mallory = ["--check", "--approved", "mallory@example.com"]
    assert ExitCode.REFUSED == project("approvers", "a.plan", *mallory).code
    assert ExitCode.OK == project("plan", "--adopt", "--out", "b.plan").code
    assert ExitCode.REFUSED == project("approvers", "b.plan", *mallory).code
    assert ExitCode.REFUSED == project("apply", "b.plan", "--yes").code

    config = "adopt: {match: [administrators], approvers: [it@contoso.com]}\n"
    project.write("groupsync.yaml", project.read("groupsync.yaml") + config)
    assert ExitCode.OK == project("plan", "--out", "c.plan").code
    assert ExitCode.REFUSED == project("approvers", "c.plan", *mallory).code
    assert ExitCode.OK == project("approvers", "c.plan", *mallory, "--approved", "it@contoso.com").code
    assert ExitCode.OK == project("apply", "c.plan", "--yes").code
    assert "mallory@example.com" in project.read("state/groups/administrators.txt")


def test_consent_is_given_where_a_saved_plan_is_applied(project):
    """By the option, or by the reviewed file that a refusal prints; what a plan file says of it counts for nothing."""
    project("apply", "--yes")
    project.write("state/groups/insiders.txt", "ada@example.com\nbob@example.com\n")
    project.write("groups/insiders.yaml", "kind: known-user-group\nname: insiders\nmembers: [ada@example.com]\n")
    project("plan", "--out", "a.plan")
    plan = read_plan(project.folder / "a.plan")
    (refusal,) = plan.verdict.refusals
    write_plan(replace(plan, verdict=Verdict()), project.folder / "forged.plan")
    assert ExitCode.REFUSED == project("apply", "forged.plan", "--yes").code
    project.write("approvals/insiders.yaml", refusal.approval.replace('""', "ours by now"))
    assert ("adopt", 2) == (refusal.rule, refusal.count)
    done = project("apply", "a.plan", "--yes")
    assert (ExitCode.OK, "ada@example.com\n") == (done.code, project.read("state/groups/insiders.txt"))
    assert "by approvals/insiders.yaml:1: ours by now" in " ".join(done.out.split())


def test_consent_by_the_command_line_goes_with_a_saved_plan(project):
    """As `--allow` does."""
    project("apply", "--yes")
    project.write("state/groups/insiders.txt", "ada@example.com\n")
    project.write("groups/insiders.yaml", "kind: known-user-group\nname: insiders\nmembers: []\n")
    project("plan", "--out", "a.plan")
    assert ExitCode.OK == project("apply", "a.plan", "--yes", "--adopt").code
    assert "" == project.read("state/groups/insiders.txt")


def test_a_plan_without_changes_needs_nobody(project):
    """The check of an empty plan passes."""
    project("apply", "--yes")
    done = project("approvers", saved(project), "--check")
    assert (ExitCode.OK, True) == (done.code, "Nobody has to approve" in done.out)


def test_approvals_without_a_check_are_wrong_usage(project):
    """A list of approvals that happens to be empty must not pass for consent."""
    assert ExitCode.USAGE == project("approvers", saved(project), *APPROVED).code


def test_who_owns_nothing_of_it_is_told(project):
    """An approval that counts for nothing is probably misspelt."""
    done = project("approvers", saved(project), "--check", "--approved", "gowth@contoso.com", "-o", "out.txt")
    assert "gowth@contoso.com approved, and owns no group that changes.\n" == done.err
    assert ("", True) == (done.out, "still need approval" in project.read("out.txt"))
    assert ExitCode.REFUSED == done.code


def test_what_is_no_plan_is_1(project):
    """A file that is missing or something else is an error like that of `report`."""
    assert ExitCode.ERROR == project("approvers", "groupsync.yaml").code == project("approvers", "no.plan").code


def test_an_owner_is_known_by_each_of_their_addresses(project):
    """`approvers` reads the aliases of the config beside it; elsewhere the plan alone has to tell."""
    project.write(
        "groupsync.yaml", project.read("groupsync.yaml") + "aliases: {growth@contoso.com: head@contoso.com}\n"
    )
    assert ExitCode.OK == project("plan", "--select", "beta-testers", "--out", "a.plan").code
    approved = ("approvers", "a.plan", "--check", "--approved")

    assert [ExitCode.OK] * 2 == [project(*approved, each).code for each in ("head@contoso.com", "Growth@contoso.com")]
    assert ExitCode.REFUSED == project(*approved, "people@contoso.com").code
