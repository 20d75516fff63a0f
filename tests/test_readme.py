"""Commands of README and of pages with scenes are typed one by one, and their output is what is printed there.

They are typed a minute apart. `UPDATE_GOLDEN=1 pytest tests/test_readme.py` writes what is printed into the page.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import clock

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs/environments.md", ROOT / "docs/journal.md")
BLOCK = re.compile(r"<!-- scene: (?P<scene>[\w-]+) -->\n```console\n(?P<body>.*?)```", re.DOTALL)
SCENE_BEGINS = datetime(2026, 11, 25, 20, tzinfo=UTC)
SECONDS = re.compile(r"(?<=\d\d:\d\d:)\d\d(?= UTC)")
DURATION = re.compile(r"\bin (?:less than )?\d+\.\d+ s\b")
RUN = re.compile(r"(?<=\b\d{8}T\d{4})\d\dZ-[0-9a-f]{8}\b")
WHO = re.compile(r"(?<=  )(?:BY|\S+@\S+) +(?=CHANGES|\d)")


@dataclass(frozen=True)
class Step:
    """One command and what the page says it prints; a line of `…` stands for any lines."""

    page: Path
    line: int
    command: str
    expected: str


def scenes():
    """Read the console blocks of all pages; those of one scene share a folder and go one after the other."""
    found: dict[str, list[Step]] = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in BLOCK.finditer(text):
            first = text[: block.start("body")].count("\n") + 1
            steps = found.setdefault(block["scene"], [])
            for number, line in enumerate(block["body"].splitlines(), first):
                if line.startswith("$ "):
                    steps.append(Step(page, number, line[2:], ""))
                elif line.startswith("> ") and not steps[-1].expected:
                    steps[-1] = replace(steps[-1], command=f"{steps[-1].command}\n{line[2:]}")
                else:
                    steps[-1] = replace(steps[-1], expected=f"{steps[-1].expected}{line}\n")
    return found


def normal(text):
    """Leave out what differs from run to run and from machine to machine: how long it takes, and who is at it."""
    return WHO.sub("", RUN.sub("00Z-00000000", DURATION.sub("in 0.0 s", SECONDS.sub("00", text))))


def pattern(expected):
    """Make the expression that the output must match."""
    return "".join("(?:.*\n)*" if line == "…" else re.escape(line) + "\n" for line in expected.splitlines())


@pytest.mark.parametrize("scene", scenes())
def test_what_a_page_shows_is_what_is_printed(scene, tmp_path):
    """Every command of a scene, in the page's order, prints what the page says."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"NO_COLOR": "1", "COLUMNS": "80", "GROUPSYNC_JOURNAL_KEY": "one for all commands: each has a shell"}
    folder = tmp_path
    for minutes, step in enumerate(scenes()[scene]):
        done = subprocess.run(
            ["bash", "-c", f"{step.command}\necho; echo folder: $PWD"],
            cwd=folder,
            env={**environment, **clock.at(SCENE_BEGINS + timedelta(minutes=minutes))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        printed, _, ended = done.stdout.rpartition("\nfolder: ")
        folder = Path(ended.strip())
        wanted = re.compile(pattern(normal(step.expected)))
        if os.environ.get("UPDATE_GOLDEN") and not wanted.fullmatch(normal(printed)):
            shown = f"$ {step.command}\n".replace("\n", "\n> ", step.command.count("\n"))
            text = step.page.read_text("utf-8")
            at = text.index(shown + step.expected, text.index(f"<!-- scene: {scene} -->"))
            step.page.write_text(f"{text[:at]}{shown}{printed}{text[at + len(shown + step.expected) :]}", "utf-8")
            continue
        assert wanted.fullmatch(normal(printed)), f"{step.page.name}:{step.line}: $ {step.command}\nprints\n{printed}"


def test_readme_has_scenes():
    """The blocks are found, so that a changed mark-up does not pass for success."""
    assert len(scenes()) >= 3
    assert sum(len(steps) for steps in scenes().values()) >= 15
