"""What a new user sees: each command typed at a terminal of 80 columns, and an answer to each prompt.

`tests/golden/first-steps.txt` has all of it, without its colours; `UPDATE_GOLDEN=1` writes it anew.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests import clock
from tests.test_readme import normal

GOLDEN = Path(__file__).parents[1] / "golden" / "first-steps.txt"
BEGIN = datetime(2026, 11, 25, 20, tzinfo=UTC)
COLUMNS = 80
STEPS = [
    ("groupsync", ""),
    ("groupsync diff", ""),
    ("groupsync init shop", ""),
    ("cd shop", ""),
    ("groupsync validate", ""),
    ("groupsync plan", ""),
    ("groupsync aply", ""),
    ("groupsync apply", "n"),
    ("groupsync apply", "y"),
    ("groupsync plan", ""),
    ("groupsync show", ""),
    ("groupsync who ada@example.com", ""),
    ("groupsync why edsger@example.com beta-testers", ""),
    ("groupsync add zoe@example.com beta-testers --reason 'asked at the fair'", ""),
    ("sed -i 's/known-user-group/known-user-grup/' groups/beta-testers.yaml", ""),
    ("groupsync plan", ""),
    ("sed -i 's/known-user-grup/known-user-group/' groups/beta-testers.yaml", ""),
    ("groupsync apply", "y"),
    ("groupsync drift", ""),
    ("cp groups/opted-out.yaml ..; sed -i '/^  - /d; s/^members:.*/members: []/' groups/opted-out.yaml", ""),
    ("groupsync plan", ""),
    ("mv ../opted-out.yaml groups/", ""),
    (": > groups/members/beta-testers.txt", ""),
    ("groupsync plan --summary", ""),
    ("git init --quiet; groupsync history", ""),
    ("groupsync undo last", "y"),
    ("groupsync remove katherine@example.com beta-testers", ""),
    ("groupsync offboard grace@example.com", ""),
    ("groupsync expiring", ""),
    ("groupsync catalog", ""),
    ("groupsync help drift", ""),
]
PROMPT = re.compile(rb"\[y/N\]: \Z")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PROGRESS = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h(?:\r?\x1b\[\d?[A-K])*", re.DOTALL)
DIGEST = re.compile(r"(?<=^Plan digest: )[0-9a-f]{16}$", re.MULTILINE)
PLACE = re.compile(r"\nfolder: (.*)\n\Z")


def typed(command, answer, folder, environment):
    """Type a command at a terminal, and an answer to its prompt; return what is seen, and the folder we are in then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    line = f"{command}\nprintf '\\nfolder: %s\\n' \"$PWD\""
    process = subprocess.Popen(
        ["bash", "-c", line], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True
    )
    os.close(slave)
    heard = b""
    try:
        while data := os.read(master, 65_536):
            heard += data
            if answer and PROMPT.search(heard):
                os.write(master, f"{answer}\n".encode())
                answer = ""
    except OSError:
        pass  # EIO: the last who had the other side has closed it
    process.wait()
    os.close(master)
    seen = heard.decode().replace("\r\n", "\n")
    place = PLACE.search(seen)
    assert place, seen
    assert not answer, f"{command} asked nothing:\n{seen}"
    return PROGRESS.sub("", seen[: place.start()]), Path(place[1])


def plain(command, seen):
    """Leave out colours, and what is another each time: that of an undo covers the name of its run."""
    text = normal(COLOUR.sub("", seen))
    return DIGEST.sub("0" * 16, text) if command.startswith("groupsync undo") else text


def test_a_new_user_sees_at_a_terminal_what_is_written_down(tmp_path):
    """Nothing is wider than the terminal, nothing is a traceback, and colours are used."""
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI", "COLUMNS"}}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PAGER": "cat"}
    folder, screens = tmp_path, []
    for minutes, (command, answer) in enumerate(STEPS):
        moment = clock.at(BEGIN + timedelta(minutes=minutes))
        seen, folder = typed(command, answer, folder, environment | moment)
        screens.append((command, seen))
    assert any(COLOUR.search(seen) for _, seen in screens)
    written = "\n".join(f"$ {command}\n{plain(command, seen)}" for command, seen in screens)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(written, "utf-8")
    assert "\x1b" not in written
    assert "Traceback" not in written
    wide = [line for line in written.splitlines() if len(line) > COLUMNS and not line.startswith("$ ")]
    assert all("--allow" in line for line in wide), wide  # a command is copied, so it stays on one line
    assert GOLDEN.read_text("utf-8") == written
