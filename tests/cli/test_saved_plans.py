"""Saved plans on the command line: held against the definitions, as of their instant and as of now."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groupsync.errors import ExitCode
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan

STATE = "state/groups/staff.txt"
MEMBERS = "groups/members/staff.txt"


@pytest.fixture
def shop(project):
    """The quickstart, applied."""
    assert ExitCode.OK == project("apply", "--yes").code
    return project


def answered(project, meanwhile, *arguments):
    """Say yes on a real terminal, once something was done while the question stood there; return the code."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(project.folder)
        os.environ |= {"NO_COLOR": "1", "TERM": "dumb"}
        os.execv(sys.executable, [sys.executable, "-m", "groupsync", *arguments])
    shown, asked = "", False
    while True:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:
            break
        if not asked and "[y/N]: " in shown:
            meanwhile()
            os.write(terminal, b"y\n")
            asked = True
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert asked, shown
    return os.waitstatus_to_exitcode(status), " ".join(shown.split())


def test_a_plan_whose_dates_have_passed_gives_no_access(shop):
    """Somebody whose `until` came between the plan and its apply is not let in: the change is stale, exit 4."""
    before = shop.read(STATE)
    shop.write(
        "groups/trial.yaml",
        "kind: known-user-group\nname: trial\nmembers:\n"
        "  - ada@example.com\n  - {email: contractor@example.com, until: 2020-01-02}\n",
    )
    shop.write(MEMBERS, shop.read(MEMBERS) + "radia@contoso.com\n")
    assert ExitCode.OK == shop("plan", "--at", "2020-01-01", "--out", "old.plan").code
    path = shop.folder / "old.plan"
    plan = read_plan(path)
    assert datetime(2020, 1, 1, tzinfo=UTC) == plan.as_of
    write_plan(replace(plan, looking=False), path)

    done = shop("apply", "old.plan", "--yes")
    assert ExitCode.INCOMPLETE == done.code, done.err
    assert "a written `from` or `until` has passed since the plan" in " ".join(done.out.split())
    assert not (shop.folder / "state/groups/trial.txt").exists()
    assert before != shop.read(STATE)  # the other groups go on


@pytest.mark.parametrize("saved", [True, False], ids=["a saved plan", "a new plan"])
def test_an_edit_while_the_question_stands_there_is_noticed(shop, saved):
    """Whoever says yes has seen another plan than the files would make by now: the change is left alone."""
    before = shop.read(STATE)
    shop.write(MEMBERS, shop.read(MEMBERS) + "radia@contoso.com\n")
    if saved:
        assert ExitCode.OK == shop("plan", "--out", "p.plan").code
    code, shown = answered(
        shop, lambda: shop.write(MEMBERS, before + "hedy@contoso.com\n"), "apply", *(["p.plan"] if saved else [])
    )
    assert ExitCode.INCOMPLETE == code, shown
    assert "its definition, or something it is built from, changed since the plan" in shown
    assert before == shop.read(STATE)


def cut(project):
    """Leave of the newest run only that it began and was about to try its first change, as a kill would."""
    newest = max((project.folder / ".groupsync/runs").glob("*.jsonl"))
    newest.write_text("".join(newest.read_text().splitlines(keepends=True)[:2]))


def exceptions(said):
    """Return the options that a refusal shows."""
    return re.findall(r"--allow '?([a-z]+:[^ ']+)", said)


@pytest.mark.parametrize("way", ["an approval", "an option"])
def test_a_run_that_had_an_exception_is_gone_on_with_by_the_same(shop, way):
    """Guards judge what is left of a run: an approval still holds for it, and `--allow` is given again."""
    people = [f"person-{number:02}@example.com" for number in range(40)]
    shop.write("groups/crowd.yaml", "kind: known-user-group\nname: crowd\nmembers_from: [{path: members/crowd.txt}]\n")
    shop.write("groups/members/crowd.txt", "".join(f"{each}\n" for each in people))
    assert ExitCode.OK == shop("apply", "--yes").code
    before = (shop.folder / "state").rename(shop.folder / "before")
    shutil.copytree(before, shop.folder / "state")
    shop.write("groups/members/crowd.txt", "".join(f"{each}\n" for each in people[:20]))

    refusals = json.loads(shop("plan", "--format", "json").out)["verdict"]["refusals"]
    allowed = []
    if way == "an approval":
        for refusal in refusals:
            shop.write(
                f"approvals/{refusal['rule'].replace('_', '-')}.yaml",
                refusal["approval"].replace('reason: ""', "reason: they left"),
            )
    else:
        allowed = [f"--allow={each}" for refusal in refusals for each in exceptions(refusal["hint"])]
    done = shop("apply", "--yes", *allowed)
    assert ExitCode.OK == done.code, done.out + done.err
    cut(shop)
    shutil.rmtree(shop.folder / "state")
    before.rename(shop.folder / "state")

    if allowed:
        refused = shop("apply", "--resume", "--yes")
        assert (ExitCode.REFUSED, 40) == (refused.code, len(shop.read("state/groups/crowd.txt").splitlines()))
        allowed = [f"--allow={each}" for each in exceptions(" ".join(refused.out.split()))]
        assert allowed
    done = shop("apply", "--resume", "--yes", *allowed)
    assert (ExitCode.OK, 20) == (done.code, len(shop.read("state/groups/crowd.txt").splitlines())), done.out + done.err


def two_targets(project):
    """Let a project have a second target; return the folders of both."""
    config = project.read("groupsync.yaml")
    line = next(line for line in config.splitlines() if "plugin: file" in line)
    project.write("groupsync.yaml", f"{config.rstrip()}\n  other: {{plugin: file, path: other/}}\n")
    return line.partition("path: ")[2].partition("}")[0], "other/"


def test_a_part_of_a_saved_plan_is_not_applied(project):
    """With `-t` for one of the targets that a plan changes it is wrong usage, says why, and nothing is changed."""
    first, second = two_targets(project)
    assert ExitCode.OK == project("plan", "--out", "both.plan").code
    done = project("apply", "both.plan", "--yes", "-t", "other")
    assert ExitCode.USAGE == done.code
    said = " ".join(done.err.split())
    assert "this one changes groups on `local`, too" in said
    assert "Leave -t out, or plan anew: `groupsync plan -t other --out FILE`." in said
    assert [] == [each for each in (first, second) if (project.folder / each / "groups").exists()]
    assert ExitCode.OK == project("plan", "-t", "other", "--out", "other.plan").code
    assert ExitCode.OK == project("apply", "other.plan", "--yes", "-t", "other").code
    assert (project.folder / second / "groups").exists()


def test_a_saved_plan_may_be_applied_with_the_targets_that_it_changes(project):
    """`-t` then opens no other: a job that has the secrets of one target alone can apply what was planned for it."""
    two_targets(project)
    assert ExitCode.OK == project("plan", "-t", "local", "--out", "local.plan").code
    config = project.read("groupsync.yaml")
    project.write("groupsync.yaml", config.replace("path: other/", 'path: "${env:NOT_THERE}"'))
    assert ExitCode.ERROR == project("apply", "local.plan", "--yes").code
    assert ExitCode.OK == project("apply", "local.plan", "--yes", "-t", "local").code


def test_a_plan_that_was_written_again_in_the_first_format_version_wants_its_reviewed_digest(shop):
    """It names no config, so that another would apply it; its digest is not the one that was reviewed."""
    shop.write("production.yaml", shop.read("groupsync.yaml").replace("state/", "prod-state/"))
    shop.write(MEMBERS, shop.read(MEMBERS) + "zoe@example.com\n")
    assert ExitCode.OK == shop("plan", "--out", "a.plan").code
    plan = read_plan(shop.folder / "a.plan")
    targets = tuple(replace(target, identity="") for target in plan.targets)
    changes = tuple(replace(change, precondition=None) for change in plan.changes)
    forged = replace(plan, format_version=1, config="", targets=targets, changes=changes, later=())
    forged = sealed(forged)
    write_plan(forged, shop.folder / "b.plan")

    done = shop("apply", "b.plan", "--yes", "-c", "production.yaml")
    said, digest = " ".join(done.err.split()), forged.digest[:16]
    assert (ExitCode.ERROR, False) == (done.code, (shop.folder / "prod-state").exists())
    assert f"groupsync apply b.plan -c production.yaml --expect {digest}" in said
    done = shop("apply", "b.plan", "--yes", "-c", "production.yaml", "--expect", plan.digest[:16])
    assert (ExitCode.ERROR, True) == (done.code, "not the plan that was expected" in done.err)
    assert not (shop.folder / "prod-state").exists()


def test_a_plan_of_the_first_format_version_is_applied_where_its_digest_is_expected(shop):
    """The command that the hint gives does it."""
    shop.write(MEMBERS, shop.read(MEMBERS) + "zoe@example.com\n")
    assert ExitCode.OK == shop("plan", "--out", "a.plan").code
    plan = read_plan(shop.folder / "a.plan")
    targets = tuple(replace(target, identity="") for target in plan.targets)
    old = sealed(replace(plan, format_version=1, config="", targets=targets, later=()))
    write_plan(old, shop.folder / "a.plan")

    said = " ".join(shop("apply", "a.plan", "--yes").err.split())
    command = re.search(r"for this config: groupsync (.*)$", said)[1]
    assert ExitCode.OK == shop(*command.split(), "--yes").code
    assert "zoe@example.com" in shop.read(STATE)
