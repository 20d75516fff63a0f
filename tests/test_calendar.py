"""The days on which tests that ask the clock run, and how they are found."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.clock.dates import dates_from, share

ROOT = Path(__file__).parents[1]
TESTS = """\
import subprocess
import sys

import pytest

from groupsync.clock import now


@pytest.fixture(scope="module")
def moment():
    return now()


def test_one_asks_itself(): now()
def test_one_lets_a_child_ask():
    subprocess.run([sys.executable, "-c", "from groupsync.clock import now; now()"], check=True)
@pytest.mark.parametrize("each", ["a@b", "ü"])
def test_two_share_who_asked(moment, each): pass
@pytest.mark.xdist_group("one")
def test_one_asks_in_a_group(): now()
def test_one_does_not_ask(): pass
"""
DAYS = {
    datetime(2026, 11, 30, 9, 30, tzinfo=UTC): [
        "2028-02-29 12:00", "2026-12-31 23:59", "2026-12-01 09:30", "2026-12-31 09:30", "2028-01-04 09:30",
        "2027-02-28 12:00", "2028-02-28 12:00",
    ],
    datetime(2028, 2, 28, 12, tzinfo=UTC): [
        "2028-02-29 12:00", "2028-12-31 23:59", "2028-02-29 12:00", "2028-03-30 12:00", "2029-04-03 12:00",
        "2029-02-28 12:00", "2028-02-28 12:00",
    ],
    datetime(2096, 2, 29, tzinfo=UTC): [
        "2104-02-29 12:00", "2096-12-31 23:59", "2096-03-01 00:00", "2096-03-31 00:00", "2097-04-04 00:00",
        "2097-02-28 12:00", "2104-02-28 12:00",
    ],
}  # fmt: skip


@pytest.mark.parametrize("today", DAYS)
def test_the_days_are_counted_from_any_day(today):
    """A day, a month, 400 days ahead, the ends of February and of the year; the century has no leap day."""
    assert DAYS[today] == [f"{instant:%Y-%m-%d %H:%M}" for instant, _ in dates_from(today)]


def test_every_test_is_in_one_share():
    """They are shared by their names."""
    names = [f"tests/test_a.py::test_{number}" for number in range(100)]
    shares = [share(names, part, 6) for part in range(6)]
    assert all(shares)
    assert sorted(names) == sorted(name for each in shares for name in each)


def run_tests(folder, *arguments):
    (folder / "test_asking.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    typed = [sys.executable, "-m", "pytest", "-p", "tests.clock.asking", "-p", "no:randomly", "--quiet"]
    typed += ["--rootdir", folder, "-c", folder / "pytest.ini", *arguments, folder]
    done = subprocess.run(typed, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout
    return done.stdout


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["--numprocesses=2", "--dist=loadgroup"]])
def test_tests_that_ask_the_clock_are_noted_and_run_alone(tmp_path, workers):
    """Whoever asks in the test's own process, in a child, or in a fixture for several; the others are left out."""
    noted = tmp_path / "noted.txt"
    run_tests(tmp_path, f"--note-asking={noted}", *workers)
    names = sorted(line.partition("::")[2] for line in noted.read_text("utf-8").splitlines())
    assert [
        "test_one_asks_in_a_group",
        "test_one_asks_itself",
        "test_one_lets_a_child_ask",
        "test_two_share_who_asked[\\xfc]",
        "test_two_share_who_asked[a@b]",
    ] == names
    assert "5 passed" in run_tests(tmp_path, f"--only-asking={noted}", *workers)
