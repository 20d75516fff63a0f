"""`groupsync validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@common.config_option
@click.option("--at", type=common.Instant(), help="Judge `from` and `until` at another time.")
@common.format_option
def command(*, config_path: Path | None, at: datetime | None, format_: str) -> int:
    """Check config, definitions and member files, and show everything that is wrong with them at once.

    Reads no target. With `--format json` the findings go to stdout as one JSON document.
    """
    from groupsync.errors import InvalidDefinitions
    from groupsync.model import Severity
    from groupsync.project import load_project

    groups = 0
    try:
        config = common.read_config(config_path)
        project = load_project(config, common.instant_of(at), reads_files=True, track=common.track)
        findings = tuple(project.findings)
        groups = len(project.definitions)
    except InvalidDefinitions as error:
        findings = error.diagnostics
    failed = any(found.severity is Severity.ERROR for found in findings)
    if format_ == "json":
        from groupsync.report.json import render_diagnostics_json

        common.emit(render_diagnostics_json(findings))
    else:
        common.show_diagnostics(findings)
        if not failed:
            common.say(f"{groups} group{'s' if groups != 1 else ''} in order.")
    return ExitCode.ERROR if failed else ExitCode.OK
