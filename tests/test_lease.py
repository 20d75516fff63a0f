"""Locks: for every target, its own or a file; renewed while they are needed; lost in the open."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groupsync.cli.stopping import stoppable
from groupsync.config import load_config
from groupsync.connect import lock_of, locked
from groupsync.errors import BackendError, LockHeldError
from groupsync.facade import checked
from groupsync.keeper import Keeper
from groupsync.lease import FileSlot, Lease
from groupsync.retry import Retries
from groupsync.target_identity import target_identity
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

CONFIG = "version: 1\nproject: shop\ndefinitions: [g/*.yaml]\ntargets: {there: {plugin: memory}}\n"
TTL = 900.0


@pytest.fixture
def config(tmp_path):
    (tmp_path / "groupsync.yaml").write_text(CONFIG)
    return load_config(tmp_path / "groupsync.yaml")


@pytest.fixture
def store():
    return MemoryStore()


def memory(store, kind=MemoryBackend, **can):
    made = kind(store)
    return checked(kind, "groupsync", "0")(kind(store, replace(made.capabilities, **can)))


def lockless(store):
    return memory(store, locks=False)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def lease_file(config):
    store = target_identity("memory", {}, MemoryBackend)
    return config.journal / f"locks/{store.replace(':', '-')}.lock"


def test_a_target_with_a_lock_is_locked_with_it(config, store):
    """The target's own lock keeps everybody out, wherever they are; no file is made."""
    backend = memory(store)
    with locked(config, {"there": backend}):
        held = store.lock
        with pytest.raises(LockHeldError), locked(config, {"there": memory(store)}):
            pass

    assert held is not None
    assert store.lock is None
    assert not lease_file(config).exists()


def test_a_target_without_a_lock_is_locked_with_a_file(config, store):
    """The file is in the journal's folder, which git leaves out, and goes when the run is over."""
    with locked(config, {"there": lockless(store)}):
        info = json.loads(lease_file(config).read_text())
        with pytest.raises(LockHeldError) as caught, locked(config, {"there": lockless(store)}):
            pass

    assert info["holder"] in str(caught.value)
    assert "groupsync lock break -t there" in caught.value.hint
    assert not lease_file(config).exists()
    assert "*" in (config.journal / ".gitignore").read_text().splitlines()


def test_targets_of_one_store_share_its_lock(config, store):
    """Two names for one store are locked once by a run, and keep out a run that has it by another name."""
    twice = replace(config, targets=(*config.targets, replace(config.targets[0], name="again")))
    with locked(twice, {"there": lockless(store), "again": lockless(store)}):
        with pytest.raises(LockHeldError), locked(twice, {"again": lockless(store)}):
            pass
        assert lease_file(config).exists()


def test_the_lock_of_any_target_can_be_looked_at_and_broken(config, store):
    """One function serves `lock status` and `lock break` for both kinds."""
    for backend in (memory(store), lockless(store)):
        lock = lock_of(config, "there", backend)
        assert lock.lock_status() is None
        held = lock.lock(TTL)

        assert held == lock_of(config, "there", backend).lock_status()
        assert held == lock_of(config, "there", backend).break_lock()
        assert lock.lock_status() is None


def test_locks_are_given_back_when_something_goes_wrong(config, store):
    """A run that fails locks nobody out."""
    with pytest.raises(ZeroDivisionError), locked(config, {"there": memory(store)}):
        raise ZeroDivisionError

    assert store.lock is None


def test_what_was_locked_before_a_lock_that_is_held_is_given_back(config, store):
    """All or none."""
    other = MemoryStore()
    MemoryBackend(other).lock(TTL)
    with pytest.raises(LockHeldError), locked(config, {"there": memory(store), "taken": memory(other)}):
        pass

    assert store.lock is None


def test_after_an_interrupt_the_lock_runs_out_by_itself(config, store):
    """What was in flight may still be writing, so nobody else is let in at once."""
    with pytest.raises(KeyboardInterrupt), locked(config, {"there": memory(store)}):
        raise KeyboardInterrupt

    assert store.lock is not None


def test_a_target_that_is_busy_is_locked_a_little_later(config, store):
    """Locking has the same patience as everything else."""
    store.fail("lock")
    with locked(config, {"there": memory(store)}, Retries(sleep=lambda seconds: False)):
        assert store.lock is not None


def test_a_lock_is_renewed_after_a_third_of_its_time(store):
    """Not at every change, and early enough that a renewal or two may fail."""
    clock = Clock()
    keeper = Keeper(TTL, clock)
    keeper.take("there", memory(store), in_thread=False)
    since = store.lock.since
    clock.now = TTL / 3 - 2
    assert "" == keeper.keep("there")
    assert since == store.lock.since
    clock.now = TTL / 3
    assert "" == keeper.keep("there")

    assert since < store.lock.since


def test_a_lock_is_renewed_by_a_thread_only_where_the_backend_may_be_called_by_one(store):
    """A backend for one call at a time is left alone."""
    other = MemoryStore()
    clock = Clock()
    keeper = Keeper(TTL, clock)
    keeper.take("many", memory(store), in_thread=True)
    keeper.take("one", memory(other), in_thread=False)
    since, other_since = store.lock.since, other.lock.since
    clock.now = TTL / 2
    keeper.keep_in_thread()

    assert since < store.lock.since
    assert other_since == other.lock.since


def test_a_thread_renews_while_a_change_takes_its_time(config, store):
    """Without anybody calling `keep`, a lock with a very short life is renewed again and again."""
    renewed = threading.Semaphore(0)

    class Telling(MemoryBackend):
        def lock(self, ttl_seconds):
            renewed.release()
            return super().lock(ttl_seconds)

    with locked(config, {"there": memory(store, Telling)}, ttl_seconds=3.03):
        for _ in range(2):
            assert renewed.acquire(timeout=30)

    assert store.lock is None


@pytest.mark.parametrize("breaker", ["nobody", "somebody"])
def test_a_lock_that_was_broken_is_lost(store, breaker):
    """Whether somebody else took it or not: who broke it wants it to end, and what came after is not given back."""
    clock = Clock()
    keeper = Keeper(TTL, clock)
    keeper.take("there", memory(store), in_thread=False)
    stranger = MemoryBackend(store)
    stranger.break_lock()
    if breaker == "somebody":
        stranger.lock(TTL)
    theirs = store.lock
    clock.now = TTL / 2

    assert "lock was" in keeper.keep("there")
    assert "lock was" in keeper.keep("there")
    keeper.release()
    assert theirs == store.lock


def test_a_lock_that_can_not_be_renewed_is_lost_when_it_runs_out(store):
    """A failed renewal is tried again until then."""
    clock = Clock()
    keeper = Keeper(TTL, clock)
    keeper.take("there", memory(store), in_thread=False)
    for nth in (1, 2):
        store.fail("lock", nth, error=BackendError("connection lost"))
    clock.now = TTL / 2
    assert "" == keeper.keep("there")
    clock.now = TTL + 1

    assert "the lock ran out, and could not be renewed: connection lost" == keeper.keep("there")


def test_a_target_that_is_not_locked_is_never_lost():
    """Nothing to keep is no trouble."""
    assert "" == Keeper(TTL).keep("there")


# The file


@pytest.fixture
def clock():
    class Time:
        now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    return Time()


def test_renewing_a_lease_keeps_its_token_and_moves_its_time(tmp_path, clock):
    """A long apply keeps its lock."""
    lease = Lease(FileSlot(tmp_path / "l"), "there", lambda: clock.now)
    first = lease.lock(60)
    clock.now += timedelta(seconds=50)
    second = lease.lock(60)

    assert (first.token, timedelta(seconds=50)) == (second.token, second.since - first.since)


def test_a_folder_that_can_not_be_made_is_told(tmp_path):
    """What the system says, and what to do."""
    (tmp_path / "f").write_text("")
    with pytest.raises(BackendError) as caught:
        Lease(FileSlot(tmp_path / "f/l"), "there").lock(60)

    assert caught.value.hint


_RACER = """
import sys
from pathlib import Path
from groupsync.errors import LockHeldError
from groupsync.lease import FileSlot, Lease
sys.stdin.readline()
try:
    print(Lease(FileSlot(Path(sys.argv[1])), "there").lock(600).token, flush=True)
except LockHeldError:
    print("held", flush=True)
sys.stdin.readline()
"""


def test_one_process_of_many_takes_over_a_lock_that_ran_out(tmp_path):
    """Six processes at once: one gets it, the others are told that it is held."""
    path = tmp_path / "l"
    Lease(FileSlot(path), "there", lambda: datetime(2020, 1, 1, tzinfo=UTC)).lock(1)
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.stdout.readline().strip() for racer in racers]
    for racer in racers:
        racer.communicate("over\n")

    assert 5 == answers.count("held")
    assert json.loads(path.read_text())["token"] in answers


# Ctrl-C


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_wish_and_the_second_an_interrupt(number, capfd):
    """Ctrl-C and SIGTERM alike; afterwards signals mean what they meant before."""
    before = signal.getsignal(number)
    with stoppable() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        assert stop.sleep(3600)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)

    assert before is signal.getsignal(number)
    assert "once more stops at once" in capfd.readouterr().err
