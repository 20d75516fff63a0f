"""The environments that real servers live in: one each, made by `make servers`, never that of groupsync itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
NAMES = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))
LEFT_OUT = "is not installed: run `make servers`"
"""What the reason ends with when a test is left out; the last lines of a run gather these."""


def program(name: str, command: str) -> Path:
    """Return the path of a program in a server's environment.

    Where that is missing, or not what its requirements ask for, the test is left out, or fails in CI.
    """
    home = ROOT / ".venv-servers" / name
    stamp, wanted = home / "installed", REQUIREMENTS / f"{name}.txt"
    if not stamp.is_file() or stamp.read_bytes() != wanted.read_bytes():
        left_out(name)
    return home / "bin" / command


def left_out(name: str) -> None:
    """Leave out a test whose server is not there; in CI that is a failure."""
    reason = f"{name} {LEFT_OUT}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
