"""`groupsync expiring`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path


@click.command()
@click.option("--within", type=common.Span(), default="14d", show_default=True, help="How far to look: 30d, 2w.")
@click.option("--at", type=common.Instant(), help="Look from another time.")
@common.config_option
@common.format_option
def command(*, within: timedelta, at: datetime | None, config_path: Path | None, format_: str) -> int:
    """List members, references and groups whose `until` comes soon, by date, each with its place."""
    from groupsync.expiring import expiring
    from groupsync.project import load_project
    from groupsync.report.expiring import render_expiring, render_expiring_json

    config, as_of = common.read_config(config_path), common.instant_of(at)
    project = load_project(config, as_of)
    found = expiring(project.definitions, as_of, as_of + within)
    common.show_diagnostics(project.findings)
    if format_ == "json":
        common.emit(render_expiring_json(found, as_of, as_of + within))
    else:
        common.emit(render_expiring(found, as_of + within, common.output_style()))
    return ExitCode.OK
