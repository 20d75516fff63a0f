"""Files written so that a crash at any moment leaves the one before or the one after, never half of either.

Every step that changes the disk is a call of `os` in this module, in the order in which it must reach the disk.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

Signature: TypeAlias = tuple[int, int, int]
"""Inode, size and time of the last change: differs after any write by another process."""


def read_file(path: Path) -> bytes:
    """Return the bytes of a regular file; a symbolic link is not followed.

    Raises:
        OSError: it is not there, not a regular file, or can't be read.
    """
    with _opened(path) as descriptor:
        parts = []
        while part := os.read(descriptor, _CHUNK_BYTES):
            parts.append(part)
        return b"".join(parts)


def digest_file(path: Path) -> str | None:
    """Return the SHA-256 of a regular file's bytes, in hexadecimal; None where there is no such file.

    Raises:
        OSError: it is there and is not a regular file or can't be read.
    """
    digest = hashlib.sha256()
    try:
        with _opened(path) as descriptor:
            while part := os.read(descriptor, _CHUNK_BYTES):
                digest.update(part)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def signature_of(path: Path) -> Signature | None:
    """Return what tells this state of a file from any other; None where there is no such file."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, and see that they last."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by one with `data`; whoever reads meanwhile gets all of one or all of the other.

    The temporary file has a fixed name that starts with a dot, so that a crash leaves one at the most: callers hold
    the `guard` of the folder.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, _CREATE | os.O_TRUNC, 0o666)
    try:
        mode = _mode_of(path)
        if mode is not None:
            os.fchmod(descriptor, mode)
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)  # noqa: PTH105 - one call of `os` a step, see above
    sync_folder(path.parent)


def append(path: Path, data: bytes, valid_bytes: int) -> None:
    """Add `data` to the end of a file, which is made if it is not there, and see that it lasts.

    Args:
        path: the file.
        data: what to add.
        valid_bytes: how much of the file is to be kept; what a crash left after it is cut off first.
    """
    is_new = not path.exists()
    descriptor = os.open(path, _CREATE | os.O_APPEND, 0o666)
    try:
        if os.fstat(descriptor).st_size > valid_bytes:
            os.ftruncate(descriptor, valid_bytes)
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file if it is there, and see that it lasts."""
    try:
        os.unlink(path)  # noqa: PTH108 - one call of `os` a step, see above
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """See that the names in a folder last."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def guard(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the operating system's lock on a folder: readers together, a writer alone. It ends with the process.

    It is on the folder itself and leaves no file behind. Not to be nested. Does nothing on Windows.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, _READ)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            message = "not a regular file"
            raise OSError(0, message, str(path))
        yield descriptor
    finally:
        os.close(descriptor)


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return None


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
