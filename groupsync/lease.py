"""The lock of a target: who applies to it, since when, and for how long at the most. An edge: it does I/O.

It lies in a slot, which is replaced only as it was read, so that two can't both take a lock that ran out. A file keeps
out whoever sees the same folder: processes of one machine, and others that mount it.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from groupsync import clock, disk
from groupsync.backend import LockInfo
from groupsync.errors import BackendError, LockHeldError
from groupsync.records import Fields, RecordError, format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_TO_BREAK: Final = "Wait for it; or, if it is gone for good, `groupsync lock break -t {target}`."


class Slot(Protocol):
    """Where a lock lies.

    Attributes:
        name: for messages.
        is_public: others than those who may run groupsync can read it, so that it must not tell user or host.
    """

    name: str
    is_public: bool

    def read(self) -> bytes | None:
        """Return what lies there."""
        ...

    def change(self, decide: Callable[[bytes | None], bytes | None]) -> None:
        """Put there what `decide` makes of what lies there, or take it away; nobody gets in between.

        `decide` may be called several times; what it raises is raised, and nothing is changed.
        """
        ...

    def clear(self) -> None:
        """Take away what lies there, whatever it is, also what `read` can't make out."""
        ...


class FileSlot:
    """A file; satisfies `Slot`. Its folder is guarded."""

    is_public = False

    def __init__(self, path: Path, *, make_folder: Callable[[Path], object] = disk.make_folder) -> None:
        """Prepare; reads and writes nothing.

        Args:
            path: the file.
            make_folder: makes the folder, where it is missing, before a lock is taken.
        """
        self.name = f"the lock file {path.name}"
        self._path = path
        self._make_folder = make_folder

    def read(self) -> bytes | None:
        """Read the file; see `Slot.read`."""
        try:
            return disk.read_file(self._path)
        except FileNotFoundError:
            return None

    def change(self, decide: Callable[[bytes | None], bytes | None]) -> None:
        """Replace or remove the file; see `Slot.change`."""
        if not self._path.parent.is_dir() and decide(None) is None:
            return
        self._make_folder(self._path.parent)
        with disk.guard(self._path.parent, exclusive=True):
            before = self.read()
            after = decide(before)
            if after is None:
                disk.remove(self._path)
            elif after != before:
                disk.write_atomically(self._path, after)

    def clear(self) -> None:
        """Remove the file; see `Slot.clear`."""
        if self._path.parent.is_dir():
            with disk.guard(self._path.parent, exclusive=True):
                disk.remove(self._path)


class Lease:
    """A lock in a slot; satisfies `SupportsLock`."""

    def __init__(self, slot: Slot, target: str, now: Callable[[], datetime] = clock.now) -> None:
        """Prepare; reads and writes nothing.

        Args:
            slot: where the lock lies.
            target: what is locked, in the words of the config.
            now: tells the time, in UTC.
        """
        self._slot = slot
        self._target = target
        self._now = now
        self._token = ""

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take the lock, or renew it where it is ours. One that ran out, or whose process died, is taken over.

        Raises:
            LockHeldError: somebody else holds it.
            BackendError: what lies there is damaged, or the system does not allow it.
        """
        taken: list[_Held] = []

        def take(data: bytes | None) -> bytes:
            taken.append(self._taken(self._parsed(data), ttl_seconds))
            return _text(taken[-1])

        with _explained("can't be locked"):
            self._slot.change(take)
        self._token = taken[-1].info.token
        return taken[-1].info

    def unlock(self, lock: LockInfo) -> None:
        """Take the lock away if it still is this one."""

        def give_back(data: bytes | None) -> bytes | None:
            held = self._parsed(data)
            return None if held and held.info.token == lock.token else data

        with _explained("can't be unlocked"):
            self._slot.change(give_back)

    def lock_status(self) -> LockInfo | None:
        """Return who holds the lock, whether it ran out or not; None if nobody does."""
        with _explained("can't be looked at"):
            held = self._parsed(self._slot.read())
            return replace(held.info, is_gone=held.owner.is_gone()) if held else None

    def break_lock(self) -> LockInfo | None:
        """Take the lock away, whoever's it is and even if it is damaged, and return what it said."""
        held = None
        with _explained("can't be unlocked"):
            with suppress(BackendError):
                held = self._parsed(self._slot.read())
            self._slot.clear()
        return held.info if held else None

    def _taken(self, held: _Held | None, ttl_seconds: float) -> _Held:
        is_ours = held is not None and held.info.token == self._token
        if held and not is_ours and not held.info.is_expired(self._now()) and not held.owner.is_gone():
            since = f"since {held.info.since:%Y-%m-%d %H:%M:%S} UTC, for {held.info.ttl_seconds:g} seconds"
            hint = _TO_BREAK.format(target=self._target)
            raise LockHeldError(f"`{self._target}` is locked", f"by {held.info.holder}, {since}", hint)
        token = self._token if is_ours else os.urandom(16).hex()
        holder = "another run" if self._slot.is_public else _holder()
        owner = _Owner(0, "", "") if self._slot.is_public else _Owner.of_this_process()
        return _Held(LockInfo(holder, self._now().astimezone(UTC), ttl_seconds, token), owner)

    def _parsed(self, data: bytes | None) -> _Held | None:
        try:
            return None if data is None else _parse(data)
        except ValueError as error:
            hint = _TO_BREAK.format(target=self._target)
            raise BackendError(f"{self._slot.name} is damaged", str(error), hint) from error


@dataclass(frozen=True, slots=True)
class _Owner:
    """The process that took a lock, so that its death can be told on the machine where it ran.

    Attributes:
        pid: the process.
        place: names the boot of the machine and the process namespace in which `pid` means something; empty where the
            system doesn't tell.
        started: when the process began, in the kernel's clock ticks, since numbers of processes come again.
    """

    pid: int
    place: str
    started: str

    @classmethod
    def of_this_process(cls) -> _Owner:
        pid = os.getpid()
        return cls(pid, _place(), _started(pid) or "")

    def is_gone(self) -> bool:
        """Tell whether the process ended for certain; False where that can't be known from here."""
        return bool(self.place) and self.place == _place() and self.started != _started(self.pid)


@dataclass(frozen=True, slots=True)
class _Held:
    info: LockInfo
    owner: _Owner


def _text(held: _Held) -> bytes:
    info, owner = held.info, held.owner
    values = {
        "holder": info.holder,
        "since": format_instant(info.since),
        "ttl_seconds": info.ttl_seconds,
        "token": info.token,
        "pid": owner.pid,
        "place": owner.place,
        "started": owner.started,
    }
    return json.dumps(values, indent=2).encode() + b"\n"


def _parse(data: bytes) -> _Held:
    fields = Fields(json.loads(data), "the lock")
    holder, since = fields.text("holder"), fields.instant("since")
    ttl_seconds = fields.take("ttl_seconds")
    if not isinstance(ttl_seconds, (int, float)):
        raise RecordError("'ttl_seconds' is no number")
    info = LockInfo(holder, since, ttl_seconds, fields.text("token"))
    owner = _Owner(fields.count("pid"), fields.text("place"), fields.text("started"))
    fields.end()
    return _Held(info, owner)


def _holder() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}, process {os.getpid()}"


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - not a path, but `pid:[…]`
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return when a process began, None if there is none or only what its parent has not taken note of yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()  # proc(5): the 3rd field on; the 22nd is the start time
    return None if state in "ZX" else rest[18]


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        summary = f"{error.filename or 'the lock file'} {what}"
        raise BackendError(summary, error.strerror or str(error), "See to the file, and run again.") from error
