"""Who is asked for what, and how long it takes: told to whoever listens, which `--verbose` does.

Texts name plugins, addresses without their query, and commands; secrets are scrubbed where they are written.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listeners: list[Callable[[str], None]] = []


@contextmanager
def listening(hear: Callable[[str], None]) -> Iterator[None]:
    """Tell `hear` what is asked from now on, from any thread."""
    _listeners.append(hear)
    try:
        yield
    finally:
        _listeners.remove(hear)


@contextmanager
def traced(what: str) -> Iterator[None]:
    """Tell that something was asked, once it is over, and whether it failed."""
    if not _listeners:
        yield
        return
    started = time.perf_counter()
    end = "failed after "
    try:
        yield
        end = ""
    finally:
        said = f"{what}: {end}{time.perf_counter() - started:.3f} s"
        for hear in tuple(_listeners):
            hear(said)
