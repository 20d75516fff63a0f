"""The clock of the tests: set for a test and its children, and noted which tests ask it. See `sitecustomize.py`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.clock.sitecustomize import AHEAD, ASKED, set_clock

FOLDER: Final = str(Path(__file__).parent)


def install():
    """Let this process and those that it starts ask the clock of the tests."""
    set_clock()
    os.environ["PYTHONPATH"] = python_path(os.environ.get("PYTHONPATH", ""))


def python_path(*folders):
    """Return what PYTHONPATH must be, with more folders, where a test sets one of its own."""
    return os.pathsep.join(filter(None, dict.fromkeys([FOLDER, *folders])))


def inherited():
    """Return the variables that a child needs to have the same clock, where it gets no others of ours."""
    return {name: os.environ[name] for name in ("PYTHONPATH", AHEAD, ASKED) if name in os.environ}


def at(instant):
    """Return the variables that set the clock to an instant in UTC, from which it goes on."""
    return {AHEAD: str((instant - datetime.now(UTC)).total_seconds())}  # noqa: TID251 -- how far it is from the real one


def set_to(instant, monkeypatch):
    """Set the clock to an instant for the rest of a test."""
    for name, value in at(instant).items():
        monkeypatch.setenv(name, value)
