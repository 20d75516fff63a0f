"""A project of one's own, and a way to type commands in it."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from groupsync import cli

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"

SEGMENTS = {
    "groupsync.yaml": """\
version: 1
project: shop
definitions: [groups/**/*.yaml]
sources:
  customers:
    plugin: memory
    id: email
    rows:
      - {email: Ada@example.com, age: 36, country: DE, spend: 120.5, seen_on: 2026-11-01}
      - {email: bob@example.com, age: 17, country: DE, spend: 3}
      - {email: cy@example.com, age: 52, country: AT, spend: 80, seen_on: 2026-10-01}
      - {email: di@example.com, age: 70, spend: 80}
      - {email: eve@example.com, country: DE, spend: 10}
      - {email: flo@example.com, age: 44, country: "D\\e[31mE", spend: 0}
    types: {seen_on: date, spend: number}
    eligible: {age: {gte: 18}}
    attributes:
      years: {column: age, description: Age in full years, category: Demographic, unit: years}
      country: {description: "Where they live\\e[0m", category: Demographic}
      seen_on: {description: Last seen, category: Usage, look_back: 90d}
exclude: [blocked]
targets:
  local: {plugin: file, path: state/}
""",
    "groups/lists.yaml": """\
kind: known-user-group
name: beta
members:
  - ada@example.com
  - {email: gus@example.com, until: 2026-06-01, reason: intern}
members_from: [{path: ../members/beta.csv}]
---
kind: known-user-group
name: blocked
members: [cy@example.com]
---
kind: known-user-group
name: everybody
include: [big, {group: beta, from: 2026-01-01}]
restrict_to: [{match: "consent*"}]
---
kind: known-user-group
name: consented
members: [ada@example.com, di@example.com, zoe@example.com]
""",
    "groups/segments.yaml": """\
kind: segment
name: big
source: customers
where:
  all:
    - years: {gte: 40}
    - any: [{country: [AT, CH]}, {spend: {gt: 50}}]
    - not: {in_group: beta}
members: [zoe@example.com]
---
kind: segment
name: top
source: customers
where: {everyone: true}
limit: {count: 2, order_by: {spend: desc}}
holdout: {percent: 50, seed: global}
---
kind: segment
name: tiny
source: customers
where: {years: {gt: 60}}
min_size: {count: 5}
""",
    "members/beta.csv": "name,email\nHal,hal@example.com\nIda,Ida@Example.com\n",
}
"""Files of a project with segments."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


class Project:
    """A copy of the quickstart, or of another example; an empty folder where there is none."""

    def __init__(self, folder, example=QUICKSTART):
        self.folder = folder
        shutil.copytree(example, folder) if example else folder.mkdir()

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


class Quick(Project):
    """The same within this process, where what is tested is neither a process nor its streams."""

    def __call__(self, *arguments, stdin=""):
        """Run groupsync as `main` does, but for the streams."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        ):
            code = cli.run(arguments)
        return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def quick(tmp_path):
    return Quick(tmp_path / "shop")


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "shop")


@pytest.fixture
def segments(tmp_path):
    """A project whose segments are computed from customers in its config."""
    made = Project(tmp_path / "segments", None)
    for path, text in SEGMENTS.items():
        made.write(path, text)
    return made
