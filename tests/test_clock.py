"""Tests set the clock that groupsync asks, for themselves and for the processes that they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from groupsync.clock import now
from tests import clock
from tests.cli.conftest import Project

LEAP_DAY = datetime(2028, 2, 29, 12, tzinfo=UTC)


def test_the_clock_goes_on_from_where_a_test_sets_it(monkeypatch):
    """It is not stopped, so that runs follow one another."""
    clock.set_to(LEAP_DAY, monkeypatch)
    first, second = now(), now()
    assert LEAP_DAY < first < second < LEAP_DAY + timedelta(minutes=10)
    assert UTC == first.tzinfo


def test_a_process_that_a_test_starts_has_its_clock(tmp_path, monkeypatch):
    """What groupsync shows in a process of its own is shown as of that time."""
    clock.set_to(LEAP_DAY, monkeypatch)
    shown = json.loads(Project(tmp_path / "shop")("catalog", "--format", "json").out)
    assert "2028-02-29T12" == shown["as_of"][:13]


def test_a_process_with_an_environment_of_its_own_has_the_clock_by_what_it_inherits(monkeypatch):
    """Three variables are all that a child needs."""
    clock.set_to(LEAP_DAY, monkeypatch)
    code = "from groupsync.clock import now; print(now().date())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=clock.inherited(), capture_output=True, text=True, check=True
    )
    assert ("2028-02-29\n", "") == (done.stdout, done.stderr)


def test_a_process_without_groupsync_goes_on(monkeypatch):
    """A server of another environment starts as ever, whatever the clock of the tests is."""
    clock.set_to(LEAP_DAY, monkeypatch)
    code = "import sitecustomize; print(sitecustomize.AHEAD)"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env={**os.environ}, cwd="/", capture_output=True, text=True, check=True)
    assert (f"{clock.AHEAD}\n", "") == (done.stdout, done.stderr)
