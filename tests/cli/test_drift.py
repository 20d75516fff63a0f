"""`groupsync drift`: what it finds, and that no exit code goes unexplained."""

from __future__ import annotations

import json
import shutil

import pytest

from groupsync.errors import ExitCode
from tests.cli.conftest import Project

CONFIG = """\
version: 1
project: {project}
definitions: [groups/*.yaml]
targets: {{local: {{plugin: file, path: state/}}}}
"""


@pytest.fixture
def applied(tmp_path):
    """Return a project that has applied the groups `one` and `two`."""
    made = Project(tmp_path / "shop", None)
    made.write("groupsync.yaml", CONFIG.format(project="shop"))
    define(made, "one", "ada@example.com", "bob@example.com")
    define(made, "two", "ada@example.com")
    assert ExitCode.OK == made("apply", "--yes").code
    return made


def define(project, name, *members, more=""):
    project.write(
        f"groups/{name}.yaml", f"kind: known-user-group\nname: {name}\nmembers: [{', '.join(members)}]\n{more}"
    )


def take_away(project, name):
    """Delete a group by hand, all of it."""
    (project.folder / f"state/groups/{name}.txt").unlink()
    lines = project.read("state/index.jsonl").splitlines(keepends=True)
    project.write("state/index.jsonl", "".join(line for line in lines if f'"name": "{name}"' not in line))


def drift_of(project):
    found = json.loads(project("drift", "--format", "json").out)["drift"]
    return {each["name"]: [side for side in ("drifted", "pending", "gone") if each[side]] for each in found}


def reason_of(project, name):
    changes = json.loads(project("plan", "--format", "json").out)["changes"]
    return {each["name"]: each["reason"] for each in changes}.get(name)


def words(text):
    return " ".join(text.split())


def test_a_group_that_is_gone_is_drift(applied):
    """It has drift's exit code, and plan, drift and accept say the same of it."""
    take_away(applied, "two")
    done = applied("drift", "--detailed-exitcode")

    assert ExitCode.CHANGES == done.code
    assert "! two\n      was applied, and is gone from the target\n" in done.out
    assert "Drift: 1 of 2 groups on 1 target changed on the target since the last apply. 1 group is gone from" in words(
        done.out
    )
    assert {"two": ["drifted", "gone"]} == drift_of(applied)
    assert "was applied, and is gone from the target" == reason_of(applied, "two")
    assert "two is gone from local" in applied("accept", "--dry-run").err
    assert "is gone from the target" in applied("drift", "--format", "markdown").out


def test_a_renamed_group_is_gone_under_either_name(applied):
    """Also where it got another name since it was applied."""
    take_away(applied, "two")
    (applied.folder / "groups/two.yaml").unlink()
    define(applied, "deux", "ada@example.com", more="previously: [two]\n")

    assert {"deux": ["drifted", "gone"]} == drift_of(applied)


def test_a_group_that_we_deleted_is_not_gone(applied):
    """One that comes back after a run of ours deleted it is new."""
    (applied.folder / "groups/two.yaml").unlink()
    assert ExitCode.OK == applied("apply", "--yes").code
    define(applied, "two", "ada@example.com")

    assert ("defined, and not on the target", {}) == (reason_of(applied, "two"), drift_of(applied))


def test_where_nobody_can_know_whether_a_group_was_there_it_is_said(applied):
    """Without journal and ledger a group that is gone looks like a new one."""
    take_away(applied, "two")
    shutil.rmtree(applied.folder / ".groupsync")
    done = applied("drift", "--detailed-exitcode")

    assert ExitCode.OK == done.code
    assert "1 group is not on the target, and as far as records here tell never applied." in words(done.out)
    assert "defined, and not on the target" == reason_of(applied, "two")


def test_edits_that_are_pending_are_counted_and_not_listed(applied):
    """They are for the plan to show, with the plan's signs."""
    define(applied, "one", "ada@example.com", "cy@example.com")
    out = applied("drift").out

    assert "@example.com" not in out
    assert words(out).endswith(
        "No drift: none of 2 groups on 1 target changed on the target since the last apply. "
        "1 group has edits pending: see `groupsync plan`."
    )
    assert "@example.com" not in applied("drift", "--format", "markdown").out
    assert {"one": ["pending"]} == drift_of(applied)


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_a_refusal_is_told_where_it_decides_the_exit_code(applied, format_):
    """An adoption that an apply would refuse, or a guard: drift ends with 3, and says by what."""
    applied.write("state/groups/three.txt", "ada@example.com\n")
    define(applied, "three", "ada@example.com")
    done = applied("drift", "--format", format_)

    assert ExitCode.REFUSED == done.code
    assert "An apply would be refused in part, by adopt" in words(done.out)


def test_what_is_left_out_is_told_where_it_decides_the_exit_code(applied):
    """A group that can't be read ends drift with 4, and the last line has the target."""
    (applied.folder / "state/groups/two.txt").unlink()
    done = applied("drift")

    assert ExitCode.INCOMPLETE == done.code
    assert words(done.out).endswith("On local something is left out.")
