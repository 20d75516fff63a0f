"""Patience: how long it waits, what it gives up on, and that nobody waits in vain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.errors import BackendError, StalePlanError
from groupsync.retry import Retries, RetryPolicy, Stop, delay_seconds

POLICY = RetryPolicy()


class Sleeper:
    """Takes note of every wait and never waits."""

    def __init__(self, cut_short=False):
        self.slept = []
        self.cut_short = cut_short

    def __call__(self, seconds):
        self.slept.append(seconds)
        return self.cut_short


def busy(asked=None):
    return BackendError("busy", hint="Have a look.", retryable=True, retry_after_seconds=asked)


def failing(times, error):
    """Make a call that fails so many times and then gives `done`."""
    left = iter(range(times))

    def call():
        if next(left, None) is not None:
            raise error
        return "done"

    return call


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_drawn_from_nothing_up_to_a_bound_that_doubles_and_is_capped(attempt, chance):
    """Full jitter: uniform below min(cap, base · 2^(attempt - 1)), however often it failed."""
    bound = min(30.0, 0.5 * 2.0 ** min(attempt - 1, 20))

    assert chance * bound == delay_seconds(POLICY, attempt, None, chance)


@given(asked=st.floats(0, 300), chance=st.floats(0, 1, exclude_max=True), attempt=st.integers(1, 5))
def test_a_target_never_waits_for_less_than_it_asked(asked, chance, attempt):
    """Retry-After goes first, and is spread a little so that not everybody comes at the same moment."""
    assert asked <= delay_seconds(POLICY, attempt, asked, chance) <= asked + POLICY.base_seconds


@pytest.mark.parametrize("failures", range(5))
def test_what_fails_for_a_while_is_done_in_the_end(failures):
    """Up to four failures are waited out, each longer than the one before."""
    sleeper = Sleeper()
    found = Retries(sleep=sleeper, chance=lambda: 0.5).call(failing(failures, busy()))

    assert ("done", [0.25, 0.5, 1.0, 2.0][:failures]) == (found, sleeper.slept)


def test_after_five_attempts_it_fails_as_it_failed():
    """The last failure comes out as it is."""
    sleeper, error = Sleeper(), busy()
    with pytest.raises(BackendError) as caught:
        Retries(sleep=sleeper).call(failing(5, error))

    assert (error, "Have a look.", 4) == (caught.value, caught.value.hint, len(sleeper.slept))


@pytest.mark.parametrize("error", [BackendError("gone"), StalePlanError("moved")])
def test_what_would_fail_again_is_not_tried_again(error):
    """Only failures that say so are retried."""
    sleeper = Sleeper()
    with pytest.raises(BackendError):
        Retries(sleep=sleeper).call(failing(1, error))

    assert [] == sleeper.slept


def test_a_target_that_asks_for_hours_is_not_waited_for():
    """It says what the target asked for, and that this is the time to apply again."""
    sleeper = Sleeper()
    with pytest.raises(BackendError) as caught:
        Retries(sleep=sleeper).call(failing(1, busy(asked=7200)))

    assert [] == sleeper.slept
    assert "Have a look. The target asks to wait 7200 seconds; apply again after that." == caught.value.hint


@pytest.mark.parametrize(
    ("policy", "waited"),
    [(RetryPolicy(run_retries=3), [10.0] * 3), (RetryPolicy(run_seconds=25), [10.0] * 2)],
    ids=["retries", "seconds"],
)
def test_a_run_has_so_much_patience_and_no_more(policy, waited):
    """Number and sum of the waits are bounded over all that a run does, and the hint says that this is why."""
    sleeper = Sleeper()
    retries = Retries(policy, sleep=sleeper, chance=lambda: 0.0)
    hints = []
    for _ in range(4):
        try:
            retries.call(failing(1, busy(asked=10)))
        except BackendError as error:
            hints.append(error.hint)

    assert waited == sleeper.slept
    assert 4 - len(waited) == len(hints)
    assert all("this run's patience is at its end" in hint for hint in hints)


def test_an_interrupted_wait_gives_up_and_says_so():
    """Nothing is tried again once the wait was cut short."""
    sleeper = Sleeper(cut_short=True)
    with pytest.raises(BackendError) as caught:
        Retries(sleep=sleeper).call(failing(1, busy()))

    assert ("Have a look. Not tried again: interrupted.", 1) == (caught.value.hint, len(sleeper.slept))


def test_a_wish_to_stop_cuts_a_wait_short():
    """A wait looks at the wish all the time, and a wish made before is seen at once."""
    now = [0.0]

    def pass_time(seconds):
        now[0] += seconds
        if now[0] >= 100:
            stop.wish()

    stop = Stop(clock=lambda: now[0], pause=pass_time)
    assert not stop.sleep(50)
    assert 50 == pytest.approx(now[0])
    assert stop.sleep(1000)
    assert 100 == pytest.approx(now[0], abs=0.1)
    assert stop.sleep(1000)
    assert 100 == pytest.approx(now[0], abs=0.1)
    assert stop()
