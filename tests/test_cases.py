"""Plays every case of `tests/cases/`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from groupsync.facade import checked
from groupsync.load import parse_yaml
from groupsync.testing.cases import expected, matches_after, run_case
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

CASES = [
    pytest.param(document.value, id=f"{path.stem}: {document.value['name']}")
    for path in sorted(Path(__file__).with_name("cases").glob("*.yml"))
    for document in parse_yaml(path.read_bytes(), path.name)[0]
]


@pytest.mark.parametrize("case", CASES)
def test_case(case, tmp_path):
    """What a case says comes true, a second plan is empty, and each change can be undone from itself.

    What is there before was there before groupsync remembered anything: marks remember only where a case says so.
    """
    store = MemoryStore()
    can = replace(MemoryBackend(store).capabilities, remembers=case.get("remembers", False))
    backend = checked(MemoryBackend, "groupsync", "0")(MemoryBackend(store, can))
    found = run_case(case, tmp_path, backend, store)
    wanted = expected(case)

    assert wanted.plan == found.plan
    assert wanted.refused == found.refused
    assert wanted.allowed == found.allowed
    assert wanted.drift == found.drift
    assert wanted.findings == found.findings
    assert wanted.outcomes == found.outcomes
    assert "after" not in case or matches_after(found.after, wanted.after), found.after


def test_there_are_cases():
    """The folder is not empty and its files can be read, so that what is not there does not pass for success."""
    found = [parse_yaml(path.read_bytes(), path.name)[1] for path in Path(__file__).with_name("cases").glob("*.yml")]
    assert [] == [each for findings in found for each in findings]
    assert len(CASES) >= 20
