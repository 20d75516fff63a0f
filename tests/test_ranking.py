"""Places of a `limit`: the first by rank, and who is in already stays within the margin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groupsync.model.criteria import Top
from groupsync.ranking import places
from tests.worlds import HERE

ranked = st.lists(st.text("abcdefghij", min_size=1, max_size=2), unique=True, max_size=30)
counts = st.integers(1, 12)


def limit(count, keep=None):
    return Top(count, "spend", True, keep, HERE)


@given(ranked, counts)
def test_without_a_margin_the_first_have_the_places(order, count):
    """Whoever is in already makes no difference."""
    assert frozenset(order[:count]) == places(limit(count), order, order[count:])


def test_who_is_in_stays_as_far_as_the_margin():
    """Rank 4 stays in a group of 3, rank 6 does not; the place that is left goes to the first of the others."""
    assert {"d", "a", "b"} == places(limit(3, keep=5), "abcdef", {"d", "f"})


@given(ranked, counts, counts, st.sets(st.text("abcdefghij", min_size=1, max_size=2)))
def test_what_came_of_it_comes_of_it_again(order, count, margin, prior):
    """A second plan finds nothing to do, and the group has as many members as it can have."""
    top = limit(count, keep=count + margin)
    found = places(top, order, prior)
    assert found == places(top, order, found)
    assert min(count, len(order)) == len(found)


@given(ranked, counts, counts, st.sets(st.text("abcdefghij", min_size=1, max_size=2)))
def test_nobody_past_the_margin_has_a_place_that_one_before_it_could_have(order, count, margin, prior):
    """Beyond `keep_until_rank` only ranks count."""
    found = places(limit(count, keep=count + margin), order, prior)
    assert found <= set(order[: count + margin])
