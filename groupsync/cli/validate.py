"""`groupsync validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from groupsync.project import Project


@click.command()
@common.config_option
@click.option("--at", type=common.Instant(), help="Judge `from` and `until` at another time.")
@click.option("--no-sources", is_flag=True, help="Don't hold conditions against the columns of their sources.")
@common.format_option
def command(*, config_path: Path | None, at: datetime | None, no_sources: bool, format_: str) -> int:
    """Check config, definitions and member files, and show everything that is wrong with them at once.

    Conditions of segments are held against the columns of their sources. Reads no target. With `--format json` the
    findings go to stdout as one JSON document.
    """
    from groupsync.errors import InvalidDefinitions
    from groupsync.model import Severity
    from groupsync.project import load_project

    groups = 0
    try:
        config = common.read_config(config_path)
        as_of = common.instant_of(at)
        project = load_project(config, as_of, reads_files=True, track=common.track)
        if not no_sources:
            _check_segments(project, as_of)
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


def _check_segments(project: Project, as_of: datetime) -> None:
    if any(definition.where is not None for definition in project.definitions):
        from groupsync.plugins import Plugins
        from groupsync.segments import check_segments

        check_segments(project, Plugins.discover(), as_of)
