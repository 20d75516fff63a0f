"""`groupsync schema`."""

from __future__ import annotations

from importlib.resources import files

import click

from groupsync.cli import common


@click.command()
@click.argument("which", type=click.Choice(["config", "group", "approval", "plan", "report", "profile"]), default="group")
def command(*, which: str) -> None:
    """Print a JSON Schema (2020-12), for editors and for programs. Without WHICH, the one of definitions."""
    common.emit(files("groupsync.schemas").joinpath(f"{which}.v1.schema.json").read_text(encoding="utf-8"))
