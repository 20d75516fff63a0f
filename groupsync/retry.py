"""Try again what may succeed later, with patience that ends. An edge: it waits.

Waits grow exponentially and are drawn at random from nothing up to that ("full jitter", AWS Architecture Blog,
"Exponential Backoff And Jitter", 2015), so that many clients don't come back at once. What a target asks for goes
first (RFC 9110, 10.2.3, Retry-After). A run as a whole waits only so long: a target that is down ends it soon, and says
so.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from groupsync.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_STEP_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient to be.

    Attributes:
        attempts: calls for one thing, the first one included.
        base_seconds: upper bound of the wait after the first failure; it doubles with each further one.
        cap_seconds: upper bound of any wait that the target did not ask for.
        longest_asked_seconds: a target that asks for more than this is not waited for.
        run_seconds: sum of all waits of a run.
        run_retries: sum of all retries of a run.
    """

    attempts: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    longest_asked_seconds: float = 300.0
    run_seconds: float = 600.0
    run_retries: int = 100


USUAL: Final = RetryPolicy()


def delay_seconds(policy: RetryPolicy, attempt: int, asked_seconds: float | None, chance: float) -> float:
    """Return how long to wait after a failure; pure.

    Args:
        policy: how patient to be.
        attempt: the how many-th call failed, from 1.
        asked_seconds: what the target asked for, None where it did not say.
        chance: at random from [0, 1).
    """
    backoff = chance * min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(attempt - 1, 60))
    return backoff if asked_seconds is None else max(asked_seconds, 0.0) + chance * policy.base_seconds


class Stop:
    """A wish to stop, from Ctrl-C or SIGTERM; true once it was made.

    A plain flag that waits look at, and not a `threading.Event`: setting one takes a lock, and a signal that arrives
    while the main thread waits for it would find that lock taken for ever.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._wished = False

    def wish(self) -> None:
        """Let nothing new begin. May be called from a signal handler."""
        self._wished = True

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self._wished

    def sleep(self, seconds: float) -> bool:
        """Wait, at most until the wish is made; tell whether it cut the wait short."""
        until = self._clock() + seconds
        while not self._wished and (left := until - self._clock()) > 0:
            self._pause(min(left, _STEP_SECONDS))
        return self._wished


class Retries:
    """The patience of one run; safe to use from several threads."""

    def __init__(
        self,
        policy: RetryPolicy = USUAL,
        *,
        sleep: Callable[[float], bool] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Begin a run.

        Args:
            policy: how patient to be.
            sleep: waits so many seconds, and tells whether it was cut short; see `Stop.sleep`.
            chance: draws from [0, 1).
        """
        self.policy = policy
        self._sleep = sleep or Stop().sleep
        self._chance = chance
        self._mutex = threading.Lock()
        self._left_seconds = policy.run_seconds
        self._left_retries = policy.run_retries

    def wait(self, error: BackendError, attempt: int) -> str | None:
        """Wait before another attempt.

        Args:
            error: how the last one failed.
            attempt: the how many-th that was, from 1.

        Returns:
            None when it is time to try again; otherwise why there is nothing more to try, empty where that is plain.
        """
        if not error.retryable or attempt >= self.policy.attempts:
            return ""
        asked = error.retry_after_seconds
        if asked is not None and asked > self.policy.longest_asked_seconds:
            return f"The target asks to wait {asked:g} seconds; apply again after that."
        delay = delay_seconds(self.policy, attempt, asked, self._chance())
        with self._mutex:
            if self._left_retries < 1 or delay > self._left_seconds:
                most = f"{self.policy.run_retries} retries, {self.policy.run_seconds:g} seconds of waiting"
                return f"Not tried again: this run's patience is at its end ({most}). See to the target, then go on."
            self._left_retries -= 1
            self._left_seconds -= delay
        return "Not tried again: interrupted." if self._sleep(delay) else None

    def pause(self, seconds: float) -> bool:
        """Wait so long, whatever patience is left; tell whether that was cut short."""
        return self._sleep(seconds)

    def call(self, work: Callable[[], T]) -> T:
        """Do something that may be done twice, again while that may help.

        Raises:
            BackendError: the last failure; for another reason than `work` itself gives, its hint says so.
        """
        attempt = 1
        while True:
            try:
                return work()
            except BackendError as error:
                why = self.wait(error, attempt)
                if why is not None:
                    error.hint = joined_hints(error.hint, why)
                    raise
            attempt += 1


def joined_hints(*hints: str) -> str:
    """Return hints as one text, each once, without the empty ones."""
    return " ".join(dict.fromkeys(hint for hint in hints if hint))
