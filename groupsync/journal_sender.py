"""Send what a run writes down to the store of the journal while the run goes on. An edge: it has a thread.

What a run is about to do is in the store before it begins. From then on records are sent a few seconds after they were
written, many at a time, since a store that is far takes a second for each call; what was written and not sent is in the
folder. Where the store fails it is asked again, for as long as a lock holds; then nothing new begins.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.retry import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupsync.journal_mirror import Mirror

_PAUSES_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


class Sender:
    """Sends the records of one run. Safe to use from several threads."""

    def __init__(
        self,
        mirror: Mirror,
        patience_seconds: float,
        *,
        interval_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to send, in a thread of its own.

        Args:
            mirror: sends.
            patience_seconds: how long a store may fail before nothing new begins.
            interval_seconds: how long records wait for others to go with them.
            clock: tells a time that never goes back, in seconds.
        """
        self._mirror = mirror
        self._patience_seconds = patience_seconds
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._mutex = threading.Lock()
        self._news, self._over = threading.Event(), threading.Event()
        self._failing_since: float | None = None
        self._error: ConfigError | None = None
        self._thread = threading.Thread(target=self._watch, name="groupsync-journal", daemon=True)
        self._thread.start()

    def note(self) -> None:
        """Say that something was written down."""
        self._news.set()

    def problem(self) -> ConfigError | None:
        """Return why nothing new may begin; None as long as the store takes what is written down, or may again."""
        with self._mutex:
            is_over = self._failing_since is not None and self._failed_seconds() > self._patience_seconds
            return self._error if is_over else None

    def close(self, forgotten: Iterable[str] = (), pause: Callable[[float], bool] | None = None) -> ConfigError | None:
        """Send the rest, again for about two minutes where that fails; return why, None where the store has all of it.

        Args:
            forgotten: ids of runs that go from the store.
            pause: waits for seconds, and tells whether to wait no more; None for a plain wait.
        """
        self.leave()
        gone, wait = tuple(forgotten), pause or Stop().sleep
        for seconds in (*_PAUSES_SECONDS, None):
            if self._send(gone) or seconds is None or wait(seconds):
                break
        return self._error

    def leave(self) -> None:
        """Send nothing any more by the thread, and wait until it does not."""
        self._over.set()
        self._news.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self._news.wait()
            if self._over.wait(self._interval_seconds):
                return
            self._news.clear()
            if not self._send():
                self._news.set()

    def _send(self, forgotten: Iterable[str] = ()) -> bool:
        try:
            self._mirror.send(forgotten=forgotten)
        except ConfigError as error:
            with self._mutex:
                self._error = error
                self._failing_since = self._clock() if self._failing_since is None else self._failing_since
            return False
        with self._mutex:
            self._error, self._failing_since = None, None
        return True

    def _failed_seconds(self) -> float:
        return self._clock() - (self._failing_since or 0.0)
