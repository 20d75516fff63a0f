"""A project of one's own, and a way to type commands in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


class Project:
    """A copy of the quickstart."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(QUICKSTART, folder)

    def __call__(self, *arguments, stdin=""):
        """Run groupsync in a process of its own, so that exit codes are those of a real one."""
        done = subprocess.run(
            [sys.executable, "-m", "groupsync", *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def read(self, path):
        return (self.folder / path).read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "shop")
