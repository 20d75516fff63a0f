"""What `docs/sources.md` shows is what groupsync does with those very files."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from groupsync.errors import ExitCode
from tests.cli.conftest import Project

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```console\n\$ groupsync ([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_comes_of_its_files(tmp_path):
    """Counts and sums of events at an instant: an order that came later counts for nothing."""
    text = PAGE.read_text("utf-8")
    project = Project(tmp_path / "shop", None)
    for name, body in FILE.findall(text):
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(body, "utf-8")

    def shown(found):
        done = project(*shlex.split(found[1]))
        assert (ExitCode.OK, "") == (done.code, done.err)
        return f"```console\n$ groupsync {found[1]}\n{done.out}```"

    told, count = COMMAND.subn(shown, text)
    assert 1 == count
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(told, "utf-8")
    assert told == PAGE.read_text("utf-8")
