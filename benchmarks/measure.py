"""Run a command as a whole process and tell what it took."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Figures:
    """One run, or the medians of several: wall seconds, peak memory of the largest process in megabytes."""

    seconds: float
    megabytes: float


def run(command: list[str] | str, folder: Path, *, runs: int = 3, expect: int = 0) -> Figures:
    """Run `command` (a string goes to bash) `runs` times after one that isn't counted, and return the medians.

    Raises:
        RuntimeError: it exited with another code than `expect`.
    """
    arguments = ["bash", "-c", command] if isinstance(command, str) else command
    return median([_once(arguments, folder, expect) for _ in range(runs + 1)][1:])


def turns(commands: Mapping[str, list[str]], folder: Path, *, runs: int = 3) -> dict[str, list[Figures]]:
    """Run several commands in turns, and return the figures of each run, by the command's key.

    For commands that take so long that the machine is another one by the time the last begins: runs of one turn can be
    held against each other.

    Raises:
        RuntimeError: one exited with another code than 0.
    """
    found: dict[str, list[Figures]] = {key: [] for key in commands}
    for _ in range(runs):
        for key, command in commands.items():
            found[key].append(_once(command, folder, 0))
    return found


def median(found: list[Figures]) -> Figures:
    """Return the median time and the most memory of several runs."""
    return Figures(statistics.median(each.seconds for each in found), max(each.megabytes for each in found))


def _once(arguments: list[str], folder: Path, expect: int) -> Figures:
    started = time.perf_counter()
    # Bytecode is kept, as in every installation; without it each start would compile all modules anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        arguments, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expect:
        message = f"{' '.join(arguments)} exited with {process.returncode}: {said.decode()[-2000:]}"
        raise RuntimeError(message)
    scale = 1 if sys.platform == "darwin" else 1024
    return Figures(seconds, usage.ru_maxrss * scale / 1e6)


def tool(name: str) -> str:
    """Return the path of a command that is installed beside this Python."""
    return str(Path(sys.executable).with_name(name))
