"""`groupsync version`."""

from __future__ import annotations

import click

from groupsync.cli import common


@click.command()
def command() -> None:
    """Show the versions of groupsync and Python, and which YAML parser runs."""
    import platform
    from importlib.metadata import version

    from groupsync.load import parser_name

    common.emit(f"groupsync {version('groupsync')}\nPython {platform.python_version()}\nYAML parser: {parser_name()}\n")
