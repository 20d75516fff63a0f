"""Patterns are matched as Python matches them, and in time that no pattern can stretch."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from groupsync.matching import automaton
from groupsync.model import SourceRange
from groupsync.model.criteria import Operator
from groupsync.model.criteria import Test as Comparison
from groupsync.patterns import portable, with_end
from groupsync.truth import truth
from tests.test_patterns import CHARS, patterns


@given(patterns, st.text(CHARS, max_size=12))
def test_it_finds_what_python_finds(pattern, text):
    """Anchors, classes, alternatives and repetitions."""
    try:
        written = portable(pattern)
    except ValueError:
        assume(False)  # such as a repetition of what can be empty
    assert automaton(written).finds(text) is (re.search(with_end(written, r"\Z"), text) is not None)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("(a+)+$", "a" * 60 + "!", False),
        ("(a+)+$", "!" + "a" * 60, True),
        ("(a|ab|b)+c", "ab" * 40, False),
        ("([a-z]+,)+x", "abc," * 30 + "x", True),
        ("^.*.*.*.*.*=$", "a" * 200, False),
        ("(a{1,20}){1,20}b", "a" * 100, False),
    ],
)
def test_what_python_would_try_for_ever_comes_to_an_end(pattern, text, is_found):
    """By the law of conditions, too, which validate, why and lists go by."""
    test = Comparison("name", Operator.MATCHES, portable(pattern), SourceRange("g.yaml", 1))
    assert truth(test, {"name": text}, "", {}) is is_found
