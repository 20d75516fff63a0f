"""Counts in sentences."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from groupsync.wording import counted, few

ROOT = Path(__file__).parent.parent
NOUNS = (
    "addresses|changes|clauses|customers|days|definitions|documents|entries|files|groups|identifiers|items|members|"
    "memberships|people|places|removals|rows|runs|steps|targets|times|users|values|warnings"
)
FIXED = re.compile(rf" (?:(?:earlier|last|more|new|of the|other) )?(?:{NOUNS})\b")


@pytest.mark.parametrize(
    ("value", "words", "expected"),
    [
        (0, ("group",), "0 groups"),
        (1, ("group",), "1 group"),
        (1234, ("group",), "1,234 groups"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry is", "entries are"), "2 entries are"),
    ],
)
def test_a_number_and_its_noun_agree(value, words, expected):
    """One is singular, anything else is not."""
    assert expected == counted(value, *words)


@pytest.mark.parametrize(("value", "expected"), [(1, "run"), (2, "2 runs"), (0, "0 runs")])
def test_a_one_may_go_without_its_number(value, expected):
    """The last run, the last 2 runs."""
    assert expected == few(value, "run")


def fixed_plurals(path):
    """Return where a file writes a number that may be one in front of a plural."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else ()
        for number, text in pairwise(parts):
            is_fixed = isinstance(text, ast.Constant) and FIXED.match(text.value)
            if isinstance(number, ast.FormattedValue) and is_fixed and not ast.unparse(number.value).isupper():
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(number.value)}{text.value}")
    return found


def test_no_sentence_has_a_plural_whatever_the_number_is():
    """Where a number may be one, `counted` writes it; a constant of ours is more than one."""
    sources = [path for folder in ("groupsync", "plugins", "action") for path in (ROOT / folder).rglob("*.py")]
    assert [] == [each for path in sources for each in fixed_plurals(path)]
