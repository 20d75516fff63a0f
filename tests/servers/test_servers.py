"""The servers that other tests run against: they start, do what a hand asks of them, and are gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests.servers.environments import ROOT
from tests.servers.fixtures import STARTS
from tests.servers.process import KEEP, ServerFailedError, running

PEOPLE = [f"p{number}@example.com" for number in range(5)]


@pytest.mark.parametrize("server", STARTS, indirect=True)
def test_a_server_does_what_a_hand_asks_of_it(server):
    """What somebody else does on a server is what is told of it."""
    hand = server.hand
    hand.clear()
    hand.add_people(PEOPLE)
    hand.add_people(PEOPLE)
    hand.create("staff", PEOPLE[:3])
    hand.create("others", PEOPLE[:1])
    hand.add("staff", PEOPLE[3])
    hand.remove("staff", PEOPLE[0])
    assert {"staff": set(PEOPLE[1:4]), "others": set(PEOPLE[:1])} == hand.memberships()
    hand.delete("others")
    assert {"staff"} == hand.memberships().keys()
    hand.clear()
    assert {} == hand.memberships()


# --- Processes --------------------------------------------------------------------------------------------------------

STUBBORN = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("pids", "w") as stream:
    stream.write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # where there is none, nobody leaves the dead lying about
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def pids_in(folder):
    until = time.monotonic() + 60
    while not (found := (folder / "pids").read_text().split() if (folder / "pids").exists() else []):
        assert time.monotonic() < until
        time.sleep(0.05)
    return [int(each) for each in found]


def ended(pids):
    """Tell whether processes end soon."""
    until = time.monotonic() + 60
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_alive, pids))


def test_a_server_takes_what_it_started_with_it(tmp_path):
    """Once a server is not needed any more, neither it nor a process of its making is left."""
    with running([sys.executable, "-c", STUBBORN], tmp_path, (tmp_path / "pids").exists):
        pids = pids_in(tmp_path)
        assert all(map(is_alive, pids))
    assert ended(pids)


def test_a_server_ends_with_tests_that_are_killed(tmp_path):
    """Tests that are killed have no time to tidy up; their servers end all the same."""
    start = "import subprocess, time, sys\nsubprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\ntime.sleep(600)"
    tests = subprocess.Popen([sys.executable, "-c", start, sys.executable, KEEP, sys.executable, "-c", STUBBORN],
                             cwd=tmp_path)  # fmt: skip
    pids = pids_in(tmp_path)
    tests.kill()
    tests.wait()
    assert ended(pids)


def test_a_server_that_does_not_start_says_why(tmp_path):
    """What it wrote last is in the error."""
    broken = [sys.executable, "-c", "raise SystemExit('no such database')"]
    with (
        pytest.raises(ServerFailedError, match=r"it ended with 1:\nno such database"),
        running(broken, tmp_path, lambda: False),
    ):
        pass


# --- Servers that are not there ---------------------------------------------------------------------------------------

ASKING = """\
from pathlib import Path
from tests.servers import environments, postgresql as engine

environments.ROOT = Path(__file__).parent
engine.postgresql_programs = lambda: None


def test_one(scim2_server): pass
def test_two(own_server): own_server("scim2_server")
def test_three(jupyterhub): pass
def test_four(tell): tell("two requests\\nand no more")
def test_five(postgresql): pass
def test_six(spark): pass
"""


def run_without_servers(folder, *arguments, ci):
    """Run tests that ask for servers where none is installed."""
    (folder / "test_asking.py").write_text(ASKING)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = servers\n")
    environment = {**os.environ, "CI": "true"} if ci else {k: v for k, v in os.environ.items() if k != "CI"}
    typed = [sys.executable, "-m", "pytest", "-p", "tests.servers.fixtures", "-p", "tests.servers.engines"]
    typed += ["-p", "no:randomly", "--quiet"]
    typed += ["--rootdir", folder, "-c", folder / "pytest.ini", *arguments, folder]
    return subprocess.run(typed, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_on_a_laptop_a_missing_server_leaves_tests_out_and_says_so(tmp_path):
    """Five of six tests are skipped, and the last lines say which servers are missing and how to get them."""
    done = run_without_servers(tmp_path, "-n0", ci=False)
    told = dedent("""\
        1 tests were left out: jupyterhub is not installed: run `make servers`
        1 tests were left out: postgresql is not installed: run `make servers`
        2 tests were left out: scim2-server is not installed: run `make servers`
        1 tests were left out: spark is not installed: run `make servers`
        1 passed, 5 skipped""")
    assert told in done.stdout
    assert 0 == done.returncode


def test_the_lines_are_there_with_several_workers_too(tmp_path):
    """What workers leave out is told by the one that they work for."""
    done = run_without_servers(tmp_path, "-n2", "--dist=loadgroup", ci=False)
    assert "2 tests were left out: scim2-server is not installed: run `make servers`" in done.stdout


def test_what_a_test_tells_is_printed_whichever_worker_it_ran_on(tmp_path):
    """Figures that a test proves are in the last lines, as it told them."""
    for workers in ("-n0", "-n2"):
        done = run_without_servers(tmp_path, workers, "-k", "four", ci=False)
        assert "\ntwo requests\nand no more\n" in done.stdout


def test_in_ci_a_missing_server_is_a_failure(tmp_path):
    """Nobody notices a skip in CI."""
    done = run_without_servers(tmp_path, "-n0", ci=True)
    assert "scim2-server is not installed: run `make servers`" in done.stdout
    assert "1 passed, 4 errors" in done.stdout.replace("1 failed, ", "")
    assert 1 == done.returncode


def test_servers_can_be_left_out_by_their_mark(tmp_path):
    """A test that asks for a server is marked by that alone."""
    done = run_without_servers(tmp_path, "-n0", "-m", "not servers", ci=True)
    assert "1 passed, 5 deselected" in done.stdout


# --- Workers ----------------------------------------------------------------------------------------------------------

GROUPED = """\
import os

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(20))
def test_one(number):
    with open("workers", "a") as stream:
        stream.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_tests_of_one_group_go_to_one_worker(tmp_path):
    """With two workers there is still one server a run; a pytest that pytest-xdist does not fit would start two."""
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    typed = [sys.executable, "-m", "pytest", "-n2", "--dist=loadgroup", "--quiet"]
    done = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    workers = (tmp_path / "workers").read_text().split()
    assert 20 == len(workers)
    assert 1 == len(set(workers))
