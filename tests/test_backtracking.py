"""Patterns that may take an engine which goes back longer than anybody waits are told from those that don't."""

from __future__ import annotations

import re

import pytest

from groupsync.backtracking import why_slow
from groupsync.patterns import portable

SLOW = [
    "(a+)+$",
    "(a|b)*",
    "(a|ab)+c",
    "(ba?){2,}",
    "((a+)b)+",
    "(x(a|b)y){3}",
    ".*.*.*.*x",
    "([ab]{1,5}){20}",
    "(?:a{2,})+",
]
FINE = [
    "^[A-Z]{2}-[0-9]+$",
    "(foo|bar)",
    "(foo|bar)?",
    "(abc)+",
    "a+b+c+",
    "[(+)*]+",
    r"\(a+\)+",
    "(a{3})+",
    "a|b+|c*",
    "(a+)",
]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_may_take_long_is_told(pattern):
    """A repetition of what itself repeats or alternates, or many open ones."""
    assert why_slow(portable(pattern))


@pytest.mark.parametrize("pattern", FINE)
def test_a_pattern_that_takes_no_long_time_is_taken(pattern):
    """What is repeated is always the same, or is there at most once; signs in classes are no repetitions."""
    assert "" == why_slow(portable(pattern))
    re.search(portable(pattern), "ab-" * 500 + "!")  # ends
