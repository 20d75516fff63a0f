"""Start a server's process, wait until it answers, and end it with all that it started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

KEEP = Path(__file__).with_name("keep.py")
READY_SECONDS = 120
"""On a machine that does nothing else the slowest is ready within six seconds."""
STOP_SECONDS = 30


class ServerFailedError(Exception):
    """A server ended, or did not answer in time; says what it wrote last."""


def free_port() -> int:
    """Return a port on the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(
    command: Sequence[str | Path],
    folder: Path,
    is_ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a server in a folder of its own for the length of a `with`.

    Args:
        command: what to run; must stay in the foreground.
        folder: where it runs; its output goes to `server.log` in there.
        is_ready: tells whether it answers; may raise OSError as long as it doesn't.
        environment: variables besides those of the tests.

    Raises:
        ServerFailedError: it ended before it was ready, or was not ready in time.
    """
    log = folder / "server.log"
    with log.open("ab") as stream:
        keeper = subprocess.Popen(
            [sys.executable, "-S", KEEP, *command],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(keeper, is_ready, log)
        yield
    finally:
        keeper.stdin.close()
        keeper.wait(STOP_SECONDS)


def _wait(keeper: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if keeper.poll() is not None:
            raise ServerFailedError(f"it ended with {keeper.returncode}:\n{_tail(log)}")
        try:
            if is_ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise ServerFailedError(f"no answer in {READY_SECONDS} seconds:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])
