"""Every exit code of design §8, from a real process."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from groupsync.errors import ExitCode

STATE = "state/groups/staff.txt"


def test_done_and_nothing_to_do_are_0(project):
    """A plan, an apply and a plan with nothing in it end with 0."""
    codes = [project(*typed).code for typed in (["plan"], ["apply", "--yes"], ["plan"], ["apply", "--yes"], ["drift"])]
    assert [ExitCode.OK] * 5 == codes


def test_changes_are_2_only_when_asked(project):
    """`--detailed-exitcode` tells changes, and drift, by 2; without it they are 0."""
    assert ExitCode.CHANGES == project("plan", "--detailed-exitcode").code
    project("apply", "--yes")
    assert ExitCode.OK == project("plan", "--detailed-exitcode").code
    project.write(STATE, project.read(STATE) + "zoe@example.com\n")
    assert ExitCode.OK == project("drift").code
    assert ExitCode.CHANGES == project("drift", "--detailed-exitcode").code


def test_an_edit_that_is_pending_is_not_drift(project):
    """`drift --detailed-exitcode` is 0 where only the definitions changed."""
    project("apply", "--yes")
    project.write("groups/members/staff.txt", "zoe@example.com\n")
    assert ExitCode.CHANGES == project("plan", "--detailed-exitcode").code
    assert ExitCode.OK == project("drift", "--detailed-exitcode").code


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("groups/staff.yaml", "kind: known-user-group\nname: staff\nmembers: ["),
        ("groupsync.yaml", "version: 2\n"),
        ("groups/members/staff.txt", "nobody\n"),
        ("state/index.jsonl", "no index\n"),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["drift"]])
def test_what_is_out_of_order_is_1(project, path, text, command):
    """Bad definitions, config, member files and a broken target end with 1, and nothing is applied."""
    project("apply", "--yes")
    before = project.read(STATE)
    project.write(path, text)
    done = project(*command)
    assert ExitCode.ERROR == done.code
    assert path.rpartition("/")[2] in done.err
    assert before == project.read(STATE)


def test_without_a_terminal_apply_needs_yes(project):
    """Nobody there to ask: 1, with the way out, and nothing applied."""
    done = project("apply")
    assert ExitCode.ERROR == done.code
    assert "--yes" in done.err
    assert not (project.folder / "state").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", ExitCode.OK), ("n\n", ExitCode.ERROR), ("\n", ExitCode.ERROR)])
def test_apply_asks_on_a_terminal(project, answer, code):
    """Only a yes applies; a no is 1."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "groupsync", "apply"], cwd=project.folder, stdin=theirs, capture_output=True, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert code == done.returncode, done.stderr
    assert (code == ExitCode.OK) == (project.folder / STATE).exists()


@pytest.mark.parametrize(
    "typed",
    [
        ["plon"],
        ["plan", "--detailed"],
        ["plan", "--at", "tomorrow"],
        ["plan", "--label", "x"],
        ["apply", "x.plan", "--label", "a=b"],
        ["apply", "--resume", "--select", "a"],
        ["apply", "--expect", "abc"],
        ["show", "--members"],
        ["schema", "x"],
    ],
)
def test_wrong_usage_is_64(project, typed):
    """Click's own 2 must not read as changes pending."""
    assert ExitCode.USAGE == project(*typed).code


def test_a_refusal_is_3_and_the_rest_is_applied(project):
    """A group that may not be taken over is left as it is; the others are done."""
    project.write(STATE, "zoe@example.com\n")
    assert ExitCode.REFUSED == project("plan").code
    done = project("apply", "--yes", "--format", "json")
    outcomes = {each["name"]: each["outcome"] for each in json.loads(done.out)["results"]}
    assert ExitCode.REFUSED == done.code
    assert {"applied", "refused"} == set(outcomes.values())
    assert "refused" == outcomes["staff"]
    assert "zoe@example.com\n" == project.read(STATE)


def test_a_group_that_moved_since_the_plan_is_4_and_the_rest_is_applied(project):
    """A saved plan leaves alone what moved on the target or in the definitions, and does the rest."""
    project("apply", "--yes")
    for name in ("staff", "opted-out"):
        project.write(f"groups/{name}.yaml", f"kind: known-user-group\nname: {name}\nmembers: [zoe@example.com]\n")
    project("plan", "--out", "monday.plan")
    project.write(STATE, "mallory@example.com\n")
    done = project("apply", "monday.plan", "--yes", "--format", "json")
    outcomes = {each["name"]: each["outcome"] for each in json.loads(done.out)["results"]}
    assert ExitCode.INCOMPLETE == done.code
    assert "stale" == outcomes["staff"]
    assert "applied" == outcomes["opted-out"]
    assert "mallory@example.com\n" == project.read(STATE)


def test_a_definition_that_moved_since_the_plan_is_4(project):
    """The plan that was reviewed is not applied to a group whose definition has changed meanwhile."""
    project("plan", "--out", "monday.plan")
    project.write("groups/members/staff.txt", "zoe@example.com\n")
    done = project("apply", "monday.plan", "--yes", "--format", "json")
    outcomes = {each["name"]: each["outcome"] for each in json.loads(done.out)["results"]}
    assert ExitCode.INCOMPLETE == done.code
    assert {"beta-testers": "applied", "early-access": "stale", "opted-out": "applied", "staff": "stale"} == outcomes


def test_a_missing_member_file_of_the_target_is_4_and_never_an_empty_group(project):
    """Damage in the target takes its group out of the plan; nobody is added or removed by it."""
    project("apply", "--yes")
    (project.folder / STATE).unlink()
    done = project("plan", "--format", "json")
    assert ExitCode.INCOMPLETE == done.code
    assert [] == json.loads(done.out)["changes"]
    assert "GS605" in done.err
    assert "staff" in done.err


def test_an_interrupt_is_130(project, tmp_path):
    """Ctrl-C ends with 130 and leaves a state that the next apply completes."""
    names = [f"g{number}" for number in range(400)]
    project.write(
        "groups/many.yaml",
        "\n---\n".join(f"{{kind: known-user-group, name: {name}, members: [ada@example.com]}}" for name in names),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "groupsync", "apply", "--yes"],
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not (project.folder / STATE).parent.exists():
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert "Traceback" not in said
    assert process.returncode == ExitCode.INTERRUPTED
    assert ExitCode.OK == project("apply", "--yes").code
    assert ExitCode.OK == project("plan", "--detailed-exitcode").code


def test_a_held_lock_is_1(project):
    """While somebody else applies, nobody else does; the lock can be seen and broken."""
    project("apply", "--yes")
    project.write("groups/members/staff.txt", "zoe@example.com\n")
    code = (
        "import sys, pathlib; from groupsync.backend import BackendContext; from groupsync.identity import Identity;"
        "from groupsync_file.backend import FileBackend;"
        "context = BackendContext(pathlib.Path('.').resolve(), 'quickstart', 'local', Identity().canonical);"
        "FileBackend.from_options({'path': 'state/'}, context).lock(60); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=project.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert "held\n" == other.stdout.readline()
        done = project("apply", "--yes")
        assert ExitCode.ERROR == done.code
        assert "lock" in done.err
        assert "held by" in project("lock", "status").out
        assert ExitCode.OK == project("lock", "break", "--yes").code
        assert ExitCode.OK == project("apply", "--yes").code
        assert "local: not locked\n" == project("lock", "status").out
    finally:
        other.communicate()
