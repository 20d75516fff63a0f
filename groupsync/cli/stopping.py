"""What Ctrl-C does while changes are under way."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from groupsync.retry import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Turn the first Ctrl-C, or SIGTERM, into a wish to stop after what is in flight; a second one stops at once."""
    stop = Stop()

    def handle(_number: int, _frame: object) -> None:
        if stop():
            raise KeyboardInterrupt
        stop.wish()
        with suppress(OSError):  # past Python's own buffers, which may be in use where the signal came in
            os.write(2, b"Stopping after what is in progress; once more stops at once.\n")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
