"""What each action means, as the functions that backends share say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.backend import LockInfo, carry_out, check_precondition
from groupsync.errors import StalePlanError
from groupsync.model import Action, AttributeChange, Change, Group, Mark, Members
from groupsync.testing.strategies import groups, member_sets

MARK = Mark("shop", "0" * 64, 0, "email/fold")
PRIOR = Group("a", id="1", display_name="A", members=Members.of(["x@example.com"]), mark=MARK, revision="r1")


@pytest.mark.parametrize(
    ("change", "prior", "taken", "words"),
    [
        (Change("t", "a", Action.CREATE), PRIOR, True, "it exists by now"),
        (Change("t", "a", Action.UPDATE, prior_name="a"), None, False, "it is not there any more"),
        (Change("t", "a", Action.DELETE, prior_name="a"), None, False, "it is not there any more"),
        (Change("t", "a", Action.UPDATE, prior_name="a", precondition="r0"), PRIOR, True, "changed it since"),
        (Change("t", "b", Action.RENAME, prior_name="a", precondition="r1"), PRIOR, True, "a group called `b`"),
    ],
)
def test_a_change_that_was_planned_against_something_else_is_refused(change, prior, taken, words):
    """The error names the group, the target and what is different."""
    with pytest.raises(StalePlanError, match="on t is not as planned") as caught:
        check_precondition(change, prior, name_is_taken=taken)

    assert words in caught.value.detail
    assert change.name == caught.value.name


@pytest.mark.parametrize(
    ("change", "prior"),
    [
        (Change("t", "a", Action.CREATE), None),
        (Change("t", "a", Action.UPDATE, prior_name="a", precondition="r1"), PRIOR),
        (Change("t", "a", Action.UPDATE, prior_name="a"), PRIOR),
        (Change("t", "b", Action.RENAME, prior_name="a", precondition="r1"), PRIOR),
    ],
)
def test_a_change_that_fits_passes(change, prior):
    """A revision that holds, or none, is no reason to refuse."""
    check_precondition(change, prior)


def test_forget_takes_nothing_but_the_mark():
    """Members, attributes and id stay."""
    after = carry_out(Change("t", "a", Action.FORGET, prior_name="a", add=Members.of(["y@example.com"])), PRIOR)

    assert after == Group("a", id="1", display_name="A", members=PRIOR.members, revision="r1")


def test_delete_leaves_nothing():
    """Whatever the group held."""
    assert carry_out(Change("t", "a", Action.DELETE, prior_name="a"), PRIOR) is None


def test_members_that_do_not_change_are_not_loaded():
    """A change of attributes alone costs no read of the members."""
    prior = Group("a", members=Members.unread(count=5))
    change = Change("t", "a", Action.UPDATE, prior_name="a", attributes=(AttributeChange("kind", "x", "y"),))

    after = carry_out(change, prior)

    assert after.kind == "y"
    assert after.members is prior.members


@given(groups(), member_sets(), member_sets())
def test_after_a_change_everyone_added_is_in_and_everyone_removed_is_out(prior, add, remove):
    """Doing it again changes nothing, and id and name stay."""
    change = Change("t", prior.name, Action.UPDATE, add=Members.of(add - remove), remove=Members.of(remove), mark=MARK)
    after = carry_out(change, prior)

    assert ((prior.members.load() | add) - remove, MARK) == (after.members.load(), after.mark)
    assert after == carry_out(change, after)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_lock_runs_out_after_its_time(ttl_seconds, age_seconds):
    """Not at the last second, but after it."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    lock = LockInfo("me", since, ttl_seconds, "token")

    assert (age_seconds > ttl_seconds) == lock.is_expired(since + timedelta(seconds=age_seconds))
