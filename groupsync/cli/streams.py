"""Where output goes, and what becomes of it where it can't go there.

The payload that can't be written ends the command with one line on stderr. Talk that can't be written is lost: it stops
nothing that is under way, and the command ends with 1 where it would have ended with 0.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO, TypeVar, cast

from groupsync.errors import ExitCode, OutputError
from groupsync.secrets import ScrubbedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Written = TypeVar("Written")

_STDOUT: Final = 1


class Payload(ScrubbedStream):
    """stdout; what can't be written is one of our errors."""

    def write(self, text: str) -> int:
        """Write `text` without secrets, or raise OutputError; BrokenPipeError where the reader has left."""
        return _written(lambda: ScrubbedStream.write(self, text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines` likewise."""
        _written(lambda: ScrubbedStream.writelines(self, lines))

    def flush(self) -> None:
        """Write what was held back, likewise."""
        _written(self._stream.flush)


class Talk(ScrubbedStream):
    """stderr; `is_lost` tells whether anything could not be written."""

    is_lost = False

    def write(self, text: str) -> int:
        """Write `text` without secrets, if that can be done."""
        try:
            return super().write(text)
        except OSError:
            self.is_lost = True
            return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines` likewise."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what was held back, if that can be done."""
        try:
            self._stream.flush()
        except OSError:
            self.is_lost = True


class _Closed(io.TextIOBase):
    """Stands for a stream that was closed before the command began."""

    def write(self, text: str) -> int:  # noqa: ARG002 -- nothing is written
        raise OSError(errno.EBADF, "it is closed")


def _written(write: Callable[[], Written]) -> Written:
    try:
        return write()
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = "Make room, or write elsewhere: `> FILE`, or `-o FILE` where there is that option."
        raise OutputError("The output can't be written", f"stdout: {error.strerror or error}", hint) from error


def open_streams() -> None:
    """Put what stands for them in the place of stdin, stdout and stderr.

    A file that is opened later never gets the number of one that was closed: it would get the output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 shows what it can't as escapes
    sys.stdin = sys.stdin or cast(TextIO, io.StringIO())
    sys.stdout = cast(TextIO, Payload(sys.stdout or cast(TextIO, _Closed())))
    sys.stderr = cast(TextIO, Talk(sys.stderr or cast(TextIO, _Closed())))


def close_streams(code: int) -> int:
    """Write what was held back, and return the exit code that tells of it, too."""
    try:
        sys.stdout.flush()
    except (OutputError, BrokenPipeError):
        silence()
        code = code or ExitCode.ERROR
    sys.stderr.flush()
    return code or (ExitCode.ERROR if getattr(sys.stderr, "is_lost", False) else ExitCode.OK)


def silence() -> None:
    """Let nothing more go to stdout: what is held back is flushed when Python ends, and must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
