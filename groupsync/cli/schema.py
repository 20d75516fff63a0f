"""`groupsync schema`."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import click

from groupsync.cli import common

SCHEMAS: Final = ("config", "group", "approval", "plan", "report", "profile")
CONTRACTS: Final = ("group-service",)
"""OpenAPI documents: what a service offers that a target speaks with."""


@click.command()
@click.argument("which", type=click.Choice([*SCHEMAS, *CONTRACTS]), default="group")
def command(*, which: str) -> None:
    """Print a JSON Schema (2020-12), for editors and for programs. Without WHICH, the one of definitions.

    For group-service it is the OpenAPI document that a service of your own may implement.
    """
    name = f"{which}.v1.{'openapi' if which in CONTRACTS else 'schema'}.json"
    common.emit(files("groupsync.schemas").joinpath(name).read_text(encoding="utf-8"))
