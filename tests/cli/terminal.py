"""A shell at a terminal, where keys are pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

from tests import clock

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "ready>"
START_OF_LINE, END_OF_LINE = "\x01", "\x05"
SETUP = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'bind "set bell-style none"; eval "$(groupsync completion bash)"',
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'bindkey -e; setopt no_beep; autoload -U compinit; compinit -u -D; eval "$(groupsync completion zsh)"',
    ),
}
PATIENCE_SECONDS = 120


class Terminal:
    """An interactive bash or zsh with our completion. Close it by `with`."""

    def __init__(self, shell: str, folder: Path, programs: Path) -> None:
        command, setup = SETUP[shell]
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
        environment = {
            **clock.inherited(),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TERM": "xterm",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
        }
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._heard = ""
        self._line(setup)
        self._line("PS1=rea''dy\\> PROMPT=$PS1; unset zle_bracketed_paste")
        self._until(PROMPT)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def completed(self, typed: str) -> str:
        """Type the beginning of a command, press Tab, and return what the command line is then."""
        self._heard = ""
        os.write(self._master, f"{typed}\t{START_OF_LINE}printf 'got<%s>\\n' '{END_OF_LINE}'\r".encode())
        return self._until(r"[\r\n]got<(.*?)>\r?\n")[1]

    def _line(self, text: str) -> None:
        os.write(self._master, f"{text}\r".encode())

    def _until(self, pattern: str) -> re.Match[str]:
        while not (found := re.search(pattern, self._heard)):
            ready, _, _ = select.select([self._master], [], [], PATIENCE_SECONDS)
            assert ready, f"nothing came any more: {self._heard!r}"
            self._heard += os.read(self._master, 65_536).decode("utf-8", "replace")
        return found
