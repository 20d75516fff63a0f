"""`groupsync schema`."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import click

from groupsync.cli import common

SCHEMAS: Final = ("config", "group", "approval", "plan", "report", "profile")


@click.command()
@click.argument("which", type=click.Choice(SCHEMAS), default="group")
def command(*, which: str) -> None:
    """Print a JSON Schema (2020-12), for editors and for programs. Without WHICH, the one of definitions."""
    common.emit(files("groupsync.schemas").joinpath(f"{which}.v1.schema.json").read_text(encoding="utf-8"))
