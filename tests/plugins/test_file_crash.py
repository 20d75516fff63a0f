"""`kill -9` at every write of the file backend: enumerated, not sampled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from groupsync.model import Action, Scope
from groupsync.testing.target import Target, contents, creation
from tests.plugins.crash_child import ADA, BOB, CY, SCENARIOS, apply_all, change_something_else, connect

CHILD = Path(__file__).parent / "crash_child.py"
PATHS = ["state/", "state.yaml", "state.json"]


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def state_of(root, path):
    backend = connect(root, path)
    snapshot = backend.read(Scope())
    assert snapshot.complete
    return {group.name: (contents(group), group.id) for group in snapshot.groups}


def start_at(root, path):
    """Three managed groups and one that somebody else made, none of it tidy where that is possible."""
    root.mkdir()
    target = Target(lambda: connect(root, path))
    for name, members in (("a", [ADA, BOB, CY]), ("b", [BOB]), ("c", [ADA, CY])):
        target.backend.apply(creation(name, members, display_name="Before"))
    if path == "state/":
        (root / "state/groups/u.txt").write_text("Bob@Example.com\n\nada@example.com\nADA@example.com\n")
        (root / "state/groups/a.txt").write_text("cy@example.com\nBOB@example.com\nada@example.com\n")
    else:
        target.create_unmanaged("u", [ADA, BOB])
    target.close()


def crash_everywhere(path, scenario, starts):
    """Return for each step from each start its folder, how many changes were over, and whether the child was killed."""
    command = [sys.executable, CHILD, path, scenario, json.dumps([(str(start), first) for start, first in starts])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(Path(root), over, killed) for root, over, killed in map(json.loads, done.stdout.splitlines())]


def states_on_the_way(tmp_path, start, path, scenario):
    """Return the state before the first change and after each."""
    reference = tmp_path / "reference"
    subprocess.run(["cp", "-r", start, reference], check=True)
    states = [state_of(reference, path)]
    for change in SCENARIOS[scenario]:
        apply_all(reference, path, [change])
        states.append(state_of(reference, path))
    return states


def files_of(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", PATHS)
def test_each_group_is_wholly_before_or_wholly_after(tmp_path, path):
    """After a kill at any step, what can be read is the state before or after the change that was under way.

    A change of another group leaves that state as it is, and going on from there ends in the very state, and the very
    files, that an undisturbed run leaves.
    """
    start = tmp_path / "start"
    start_at(start, path)
    states = states_on_the_way(tmp_path, start, path, "line")
    runs = crash_everywhere(path, "line", [(start, 0)])

    assert len(runs) > 5 * len(SCENARIOS["line"])
    for root, over, _ in runs:
        found = state_of(root, path)
        assert found in states[over : over + 2], f"{root.name}: after {over} changes"
        change_something_else(root, path, action="create")
        assert found == {name: group for name, group in state_of(root, path).items() if name != "z"}, root.name
        apply_all(root, path, SCENARIOS["line"][states.index(found, over) :])
        change_something_else(root, path, action=Action.DELETE)
        assert states[-1] == state_of(root, path), root.name
        assert files_of(tmp_path / "reference") == files_of(root), root.name


@pytest.mark.parametrize("scenario", ["rename", "delete", "create", "update"])
def test_a_second_crash_while_going_on_does_no_harm(tmp_path, scenario):
    """Killed at any step, tried again and killed at any step of that: still wholly before or wholly after."""
    start = tmp_path / "start"
    start_at(start, "state/")
    states = states_on_the_way(tmp_path, start, "state/", scenario)
    once = crash_everywhere("state/", scenario, [(start, 0)])
    starts = [(root, states.index(state_of(root, "state/"))) for root, _, _ in once]
    for again, over, _ in crash_everywhere("state/", scenario, starts):
        found = state_of(again, "state/")
        assert found in states[over:], again.name
        apply_all(again, "state/", SCENARIOS[scenario][states.index(found) :])

        assert states[-1] == state_of(again, "state/"), again.name


def test_the_name_of_a_rename_that_never_came_about_can_be_taken(tmp_path):
    """A crash in a rename, and then at any step of a create under the new name, costs neither group anything."""
    start = tmp_path / "start"
    start_at(start, "state/")
    before = state_of(start, "state/")
    crashed = [root for root, _, _ in crash_everywhere("state/", "rename", [(start, 0)])]
    undone = [(root, 0) for root in crashed if before == state_of(root, "state/")]

    assert undone
    for again, over, _ in crash_everywhere("state/", "take", undone):
        found = state_of(again, "state/")
        assert before == {name: group for name, group in found.items() if name != "e"}, again.name
        assert "e" in found or not over, again.name
