"""Guards on the command line: what is shown, what an exception takes, what a saved plan needs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from groupsync.errors import ExitCode
from groupsync.model import Allowance, Kind, Verdict
from groupsync.planfile import read_plan, write_plan

STATE = "state/groups/beta-testers.txt"
EMPTY = "kind: known-user-group\nname: beta-testers\nmembers: [zoe@example.com]\n"


@pytest.fixture
def shop(project):
    """The quickstart, applied, with a definition that takes six of six out."""
    project("apply", "--yes")
    project.write("groups/beta-testers.yaml", EMPTY)
    return project


def document(done):
    return json.loads(done.out)


def option(done):
    """Return what has to be allowed, as a refusal shows it."""
    (refusal,) = [each for each in document(done)["verdict"]["refusals"] if each["rule"] == "removed_members"]
    return refusal["hint"].rpartition("--allow ")[2].strip("'")


def test_a_refusal_shows_its_figures_its_line_and_the_way_out(shop):
    """What is past the limit, who set it, and what would allow just this."""
    config = "guards:\n  removed_members:\n    refuse: {percent: 10, floor: 3}\n"
    shop.write("groupsync.yaml", shop.read("groupsync.yaml") + config)
    line = shop.read("groupsync.yaml").splitlines().index("    refuse: {percent: 10, floor: 3}") + 1
    done = shop("plan", "--select", "beta-testers")
    assert ExitCode.REFUSED == done.code
    text, digest = " ".join(done.out.split()), done.out.rstrip()[-16:]
    figures = "6 of 6 members would go; the limit is 3 (10 %, at least 3)"
    assert f"refused by removed_members (groupsync.yaml:{line}): {figures}" in text
    assert f"Allow just this: --allow 'remove:beta-testers<=6@{digest}'" in text
    assert "--full prints it" in text
    assert max(map(len, done.out.splitlines())) <= 80
    full = shop("plan", "--select", "beta-testers", "--full").out
    assert "          group: beta-testers\n          kind: remove\n          ceiling: 6\n" in full


def test_what_is_refused_is_left_and_the_exception_lets_it_through(shop):
    """Without it nothing of the group is applied; with it, all; and both are told."""
    before = shop.read(STATE)
    refused = shop("apply", "--yes", "--select", "beta-testers")
    assert ExitCode.REFUSED == refused.code
    assert before == shop.read(STATE)
    allow = option(shop("plan", "--select", "beta-testers", "--format", "json"))
    done = shop("apply", "--yes", "--select", "beta-testers", "--allow", allow)
    assert ExitCode.OK == done.code, done.err
    assert "Allowed by exception: remove:beta-testers<=6, by --allow" in done.out
    assert "zoe@example.com\n" == shop.read(STATE)


def test_an_exception_for_another_plan_is_worth_nothing(shop):
    """The plan moves, the exception lapses, and that is said."""
    allow = option(shop("plan", "--select", "beta-testers", "--format", "json"))
    shop.write("groups/beta-testers.yaml", EMPTY.replace("zoe", "eve"))
    before = shop.read(STATE)
    done = shop("apply", "--yes", "--select", "beta-testers", "--allow", allow)
    assert ExitCode.REFUSED == done.code
    assert "GS810" in done.err
    assert before == shop.read(STATE)


def test_a_report_tells_what_was_allowed(shop):
    """Programs find exceptions in the plan and in the report."""
    typed = ["--select", "beta-testers", "--format", "json"]
    allow = option(shop("plan", *typed))
    expected = {"kind": "remove", "name": "beta-testers", "ceiling": 6, "source": "--allow", "reason": ""}
    assert [expected] == document(shop("plan", *typed, "--allow", allow))["verdict"]["allowances"]
    assert [expected] == document(shop("apply", "--yes", *typed, "--allow", allow))["allowances"]


def test_a_saved_plan_needs_its_exception_when_it_is_applied(shop):
    """What a plan file says was allowed counts for nothing, so that a forged one gets nothing through."""
    typed = ["--select", "beta-testers"]
    allow = option(shop("plan", *typed, "--format", "json"))
    saved = shop("plan", *typed, "--allow", allow, "--out", "monday.plan")
    assert ExitCode.OK == saved.code
    before = shop.read(STATE)
    assert ExitCode.REFUSED == shop("apply", "monday.plan", "--yes").code
    assert before == shop.read(STATE)
    assert ExitCode.OK == shop("apply", "monday.plan", "--yes", "--allow", allow).code
    assert "zoe@example.com\n" == shop.read(STATE)


def test_a_plan_file_without_its_refusals_is_refused_all_the_same(shop):
    """A file that somebody tidied is judged anew."""
    shop("plan", "--select", "beta-testers", "--out", "monday.plan")
    plan = read_plan(shop.folder / "monday.plan")
    forged = replace(plan, verdict=Verdict((), (Allowance(Kind.REMOVE, "beta-testers", 6, "--allow"),)))
    write_plan(forged, shop.folder / "forged.plan")
    before = shop.read(STATE)
    assert ExitCode.REFUSED == shop("apply", "forged.plan", "--yes").code
    assert before == shop.read(STATE)


def test_people_who_lose_every_group_are_counted_anew_for_a_saved_plan(project):
    """The target is read again to know who is in which group, whatever the file says."""
    everyone = "".join(f"p{number:03}@example.com\n" for number in range(600))
    config = "guards: {removed_in_run: {refuse: off}, removed_members: {refuse: {percent: 50}}}\n"
    project.write("groupsync.yaml", project.read("groupsync.yaml") + config)
    project.write("groups/many.yaml", "kind: known-user-group\nname: many\nmembers_from: [{path: many.txt}]\n")
    project.write("groups/many.txt", everyone)
    assert ExitCode.OK == project("apply", "--yes").code
    project.write("groups/many.txt", everyone[: 450 * len("p000@example.com\n")])
    assert ExitCode.REFUSED == project("plan", "--out", "monday.plan").code
    plan = read_plan(project.folder / "monday.plan")
    assert [("", "lost_every_group", 150)] == [(each.name, each.rule, each.count) for each in plan.verdict.refusals]
    write_plan(replace(plan, verdict=Verdict()), project.folder / "forged.plan")
    assert ExitCode.REFUSED == project("apply", "forged.plan", "--yes").code
    assert everyone == project.read("state/groups/many.txt")


def test_a_reviewed_file_approves_the_same(shop):
    """The document of `--full` or JSON, with a reason, in `approvals/`."""
    typed = ["--select", "beta-testers"]
    (refusal,) = document(shop("plan", *typed, "--format", "json"))["verdict"]["refusals"]
    shop.write("approvals/beta.yaml", refusal["approval"].replace('""', "the beta is over"))
    done = shop("apply", "--yes", *typed)
    assert ExitCode.OK == done.code, done.err
    assert "by approvals/beta.yaml:1: the beta is over" in " ".join(done.out.split())


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    "text", ["all", "remove:beta<=6", "force:beta<=6@3f9a1c2b4d5e6f70", "remove:beta<=6@3f9a1c2b4d5e6f7"]
)
def test_an_exception_in_another_form_is_wrong_usage(project, command, text):
    """There is no way to allow everything."""
    done = project(command, "--allow", text)
    assert ExitCode.USAGE == done.code
    assert "allows nothing" in done.err


def test_a_rename_without_previously_is_answered_with_the_line(shop):
    """Delete and create with the same members: both wait."""
    shop("apply", "--yes")
    shop.write("groups/staff.yaml", shop.read("groups/staff.yaml").replace("name: staff", "name: crew"))
    shop.write("groups/early-access.yaml", shop.read("groups/early-access.yaml").replace("staff", "crew"))
    done = shop("plan", "--select", "staff", "--select", "crew")
    assert ExitCode.REFUSED == done.code
    assert 2 == done.out.count("refused by recreated_group")
    assert "add `previously: [staff]` to groups/staff.yaml:3" in " ".join(done.out.split())
    definition = shop.read("groups/staff.yaml") + "previously: [staff]\n"
    shop.write("groups/staff.yaml", definition)
    assert "rename staff → crew" in shop("plan", "--select", "staff", "--select", "crew").out
