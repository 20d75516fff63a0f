"""`groupsync lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync import clock
from groupsync.cli import common
from groupsync.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from groupsync.backend import LockInfo, SupportsLock


@click.group()
def command() -> None:
    """See who holds a target's lock, or break it."""


@command.command()
@common.targets_option
@common.config_option
def status(*, targets: tuple[str, ...], config_path: Path | None) -> None:
    """Show who holds the lock of each target, and how long it lasts."""
    for name, locking in _locks(targets, config_path):
        lock = locking.lock_status()
        common.emit(f"{name}: {_describe(lock)}\n" if lock else f"{name}: not locked\n")


@command.command("break")
@common.targets_option
@common.config_option
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
def break_(*, targets: tuple[str, ...], config_path: Path | None, yes: bool) -> None:
    """Take the lock away from whoever holds it. Only where you know that their apply is over."""
    for name, locking in _locks(targets, config_path, to_write=True):
        found = _found(locking)
        if not found:
            common.emit(f"{name}: not locked\n")
        elif yes or click.confirm(f"{name}: {found}. Break it?", err=True):
            locking.break_lock()
            common.emit(f"{name}: broken; it was {found}\n")


def _locks(
    targets: tuple[str, ...], config_path: Path | None, *, to_write: bool = False
) -> Iterator[tuple[str, SupportsLock]]:
    from groupsync.connect import lock_of, open_targets
    from groupsync.plugins import Plugins

    config = common.read_config(config_path)
    with open_targets(config, Plugins.discover(), targets, to_write=to_write) as backends:
        for name, backend in backends.items():
            yield name, lock_of(config, name, backend)


def _found(locking: SupportsLock) -> str:
    """Describe a lock that is to be broken, also one that can't be read; empty where there is none."""
    try:
        lock = locking.lock_status()
    except BackendError as error:
        return f"a lock that can't be read ({error.detail})"
    return _describe(lock) if lock else ""


def _describe(lock: LockInfo) -> str:
    now = clock.now()
    age = int((now - lock.since).total_seconds())
    left = int(lock.ttl_seconds - age)
    if lock.is_gone:
        return f"held by {lock.holder}, which has ended since: the next apply takes it over"
    state = f"expires in {left} s" if left > 0 else "expired: the next apply takes it over"
    return f"held by {lock.holder} for {age} s, {state}"
