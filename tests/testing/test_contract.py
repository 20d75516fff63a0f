"""The shipped contract fails who breaks it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing import broken_sources
from tests.testing.broken_backends import BREAKS

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def failures():
    """The names of the tests that failed, by broken backend."""
    return failures_of("broken_backends.py")


@pytest.fixture(scope="module")
def failures_of_sources():
    """The same by broken source."""
    return failures_of("broken_sources.py")


def failures_of(file):
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run([*command, HERE / file], capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    found: dict[str, set[str]] = {}
    for backend, test in re.findall(r"^(?:FAILED|ERROR) \S*::Test(\w+)::(\w+)", done.stdout, re.MULTILINE):
        found.setdefault(backend, set()).add(test)
    return found


@pytest.mark.parametrize(("backend", "test"), [(cls.__name__, test) for cls, test in BREAKS.items()])
def test_who_breaks_the_contract_is_told_where(failures, backend, test):
    """Each way to break it makes the test fail that is named for it."""
    assert test in failures.get(backend, set())


def test_a_broken_promise_is_not_held_against_the_rest(failures):
    """One fault fails few tests, so that its author sees which promise it is."""
    far_reaching = {"LosesMarks", "MiscountsOnePage", "RemembersForItselfAlone", "ForgetsWhenClosed", "RepeatsMembers"}
    widths = {backend: len(tests) for backend, tests in failures.items() if backend not in far_reaching}

    assert max(widths.values()) < 25, widths


@pytest.mark.parametrize(("source", "test"), [(cls.__name__, test) for cls, test in broken_sources.BREAKS.items()])
def test_a_source_that_breaks_the_contract_is_told_where(failures_of_sources, source, test):
    """The same for sources."""
    assert test in failures_of_sources.get(source, set())


def test_most_sources_break_one_promise(failures_of_sources):
    """One fault of a source fails few tests."""
    far_reaching = {"TakesUnknownForFalse", "WritesItsOwnDigest"}
    widths = {source: len(tests) for source, tests in failures_of_sources.items() if source not in far_reaching}

    assert max(widths.values()) < 6, widths
