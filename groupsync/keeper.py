"""Keep the locks of a run from running out while it goes on. An edge: it has a thread.

A lock is renewed after a third of its time to live, so that one or two renewals may fail. A lock that is not ours any
more ends the run on its target: nothing new is begun there.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.errors import BackendError, GroupsyncError, LockHeldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.backend import LockInfo, SupportsLock


@dataclass(slots=True)
class _Held:
    """One lock; times are those of the keeper's clock, in seconds."""

    locking: SupportsLock
    lock: LockInfo
    renewed_at: float
    in_thread: bool
    lost: str = ""


class Keeper:
    """The locks of a run; safe to use from several threads."""

    def __init__(self, ttl_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any.

        Args:
            ttl_seconds: how long a lock holds without being renewed.
            clock: tells a time that never goes back, in seconds.
        """
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._mutex = threading.Lock()
        self._over = threading.Event()

    def take(self, target: str, locking: SupportsLock, *, in_thread: bool) -> None:
        """Lock a target.

        Args:
            target: its name.
            locking: its lock.
            in_thread: whether the lock may be renewed by a thread of its own, while calls of the backend are under way;
                otherwise only `keep` renews it.

        Raises:
            LockHeldError: somebody else holds it.
            BackendError: it could not be locked.
        """
        asked_at = self._clock()
        self._held[target] = _Held(locking, locking.lock(self._ttl_seconds), asked_at, in_thread)

    def keep(self, target: str) -> str:
        """Renew a target's lock if it is time; return why it is lost, empty as long as it is ours."""
        with self._mutex:
            held = self._held.get(target)
            return self._renewed(held) if held else ""

    def keep_in_thread(self) -> None:
        """Renew those that are due among the locks that a thread may renew."""
        with self._mutex:
            for held in self._held.values():
                if held.in_thread:
                    self._renewed(held)

    def start(self) -> None:
        """Start the thread that renews, where there is something for it to do."""
        if any(held.in_thread for held in self._held.values()):
            threading.Thread(target=self._watch, name="groupsync-locks", daemon=True).start()

    def release(self) -> None:
        """Give all locks back. One that can't be given back runs out by itself."""
        self.leave()
        with self._mutex:
            for held in reversed(self._held.values()):
                if not held.lost:
                    with suppress(BackendError):
                        held.locking.unlock(held.lock)

    def leave(self) -> None:
        """Renew nothing any more, and leave the locks to run out."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._ttl_seconds / 3):
            self.keep_in_thread()

    def _renewed(self, held: _Held) -> str:
        now = self._clock()
        if held.lost or self._over.is_set() or now - held.renewed_at < self._ttl_seconds / 3 - 1:
            return held.lost
        try:
            lock = held.locking.lock(self._ttl_seconds)
        except LockHeldError as error:
            held.lost = f"the lock was lost: {error}"
        except GroupsyncError as error:
            if now - held.renewed_at > self._ttl_seconds:
                held.lost = f"the lock ran out, and could not be renewed: {error}"
        else:
            if lock.token == held.lock.token:
                held.lock, held.renewed_at = lock, now
            else:
                held.lost = "the lock was broken by somebody else"
                with suppress(BackendError):
                    held.locking.unlock(lock)
        return held.lost
