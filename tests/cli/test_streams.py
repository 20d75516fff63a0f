"""Output that can't be written: one line, exit 1, and nothing that was done is kept back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from groupsync.errors import ExitCode

COMMANDS = ["plan", "drift", "show", "history", "plugins", "version", "--help", "--version", "schema group"]


def run(project, typed, redirected):
    """Run a command line in a shell that redirects its output."""
    line = f'exec "$0" -m groupsync {typed} {redirected}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable], cwd=project.folder, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("typed", COMMANDS)
def test_a_full_disk_ends_every_command_in_one_line(project, typed):
    """Whatever the command, the error names what can't be written, and why."""
    done = run(project, typed, "> /dev/full")
    assert ExitCode.ERROR == done.returncode
    assert "error: The output can't be written\n  stdout: No space left on device\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("typed", ["plan", "apply --yes"])
def test_a_closed_stdout_is_told_before_anything_is_done(project, typed):
    """Nobody could see the plan; nothing is applied, and no file gets the output."""
    done = run(project, typed, ">&-")
    assert (ExitCode.ERROR, True) == (done.returncode, "stdout: it is closed" in done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "state" / "groups").exists()


@pytest.mark.parametrize("redirected", ["> /dev/full", ">&-"])
def test_what_was_applied_is_told_on_stderr_where_stdout_fails(project, redirected):
    """A report that can't be written is talk then."""
    done = run(project, "apply --yes --format json", redirected)
    assert ExitCode.ERROR == done.returncode
    assert "Applied 4 changes in" in done.stderr
    assert "Traceback" not in done.stderr
    assert (project.folder / "state/groups/staff.txt").exists()


def test_a_closed_stderr_stops_nothing_that_is_under_way(project):
    """The payload is whole, and all is done; where talk was lost, the exit code says so."""
    done = run(project, "plan --out p.plan", "2>&-")
    assert (ExitCode.ERROR, True) == (done.returncode, "Plan digest:" in done.stdout)
    assert (project.folder / "p.plan").exists()
    done = run(project, "apply --yes", "2>&-")
    assert (ExitCode.OK, True) == (done.returncode, "Applied 4 changes in" in done.stdout)
    refused = run(project, "apply nothing.plan", "2>&-")
    assert (ExitCode.ERROR, "") == (refused.returncode, refused.stdout)


def test_a_closed_stdin_is_nobody_who_says_yes(project):
    """It is no terminal, and that is said."""
    done = run(project, "apply", "<&-")
    assert (ExitCode.ERROR, True) == (done.returncode, "Nobody is there to say yes" in done.stderr)
