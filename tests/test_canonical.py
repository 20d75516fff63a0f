"""Comparing canonical texts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.canonical import text_difference
from groupsync.model import encode_members

SHORT = st.text("ab\x00\té\u2028\U0001f600", min_size=1, max_size=3)
SMALL_SETS = st.frozensets(SHORT, max_size=12)


def wide_sets() -> st.SearchStrategy[frozenset[str]]:
    """Give sets of up to some thousand addresses, long enough to leap over."""
    return st.tuples(st.integers(0, 3000), st.integers(0, 9)).map(
        lambda drawn: frozenset(f"member{n:06d}@example.com" for n in range(drawn[1], drawn[0] + drawn[1]))
    )


@given(prior=SMALL_SETS, desired=SMALL_SETS)
def test_agrees_with_sets_on_small_texts(prior, desired):
    """Between canonical texts the difference is that of the sets, each side sorted."""
    expected = (sorted(desired - prior), sorted(prior - desired))
    assert expected == text_difference(encode_members(prior), encode_members(desired))


@given(prior=wide_sets(), added=SMALL_SETS, picked=st.randoms(use_true_random=False), percent=st.integers(0, 100))
def test_agrees_with_sets_on_long_texts(prior, added, picked, percent):
    """However many lines differ and wherever they are, the difference is that of the sets."""
    removed = {member for member in sorted(prior) if picked.random() * 100 < percent}
    desired = (prior - removed) | added
    expected = (sorted(desired - prior), sorted(prior - desired))
    assert expected == text_difference(encode_members(prior), encode_members(desired))


def is_canonical(text: bytes) -> bool:
    """Tell by the plain definition whether `text` is in canonical form."""
    try:
        return (
            b"\r" not in text and encode_members(text.decode().split("\n")[:-1]) == text and b"\n\n" not in b"\n" + text
        )
    except UnicodeDecodeError:
        return False


@given(prior=SMALL_SETS, desired=st.binary(max_size=30) | st.text("ab\n\ré", max_size=16).map(str.encode))
def test_none_exactly_where_the_text_is_not_canonical(prior, desired):
    """Text that is not sorted, has doubles, empty lines, CR or no final newline is left to others."""
    found = text_difference(encode_members(prior), desired)
    assert is_canonical(desired) == (found is not None)


@given(lines=st.lists(SHORT, max_size=6), prior=wide_sets(), at=st.integers(0, 3000))
def test_disorder_in_the_middle_is_noticed(lines, prior, at):
    """A line out of place is found wherever it is, between equal stretches too."""
    ordered = sorted(prior)
    desired = "".join(f"{line}\n" for line in [*ordered[:at], *lines, *ordered[at:]]).encode()
    found = text_difference(encode_members(prior), desired)
    assert is_canonical(desired) == (found is not None)


@pytest.mark.parametrize("differing", [0, 1, 20, 500, 5000])
def test_equal_stretches_are_not_split(differing):
    """Ten thousand lines with few differences give exactly those, in order."""
    members = [f"user{n:05d}@example.com" for n in range(10_000)]
    removed = set(random.Random(differing).sample(members, differing))
    desired = [f"x{member}" if member in removed else member for member in members]
    expected = (sorted(f"x{member}" for member in removed), sorted(removed))
    assert expected == text_difference(encode_members(members), encode_members(desired))
