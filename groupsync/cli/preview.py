"""`groupsync preview`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@click.argument("segment", shell_complete=suggest.segments)
@click.option("--by", default="", metavar="ATTRIBUTE", help="Count who matches by the values of an attribute.")
@click.option("--explain", is_flag=True, help="Show what the source's engine is asked.")
@click.option("--at", type=common.Instant(), help="Look at another time.")
@common.config_option
@common.full_option
@common.format_option
def command(
    *,
    segment: str,
    by: str,
    explain: bool,
    at: datetime | None,
    config_path: Path | None,
    full: bool,
    format_: str,
) -> int:
    """Show whom SEGMENT would have: its size, what each condition does, overlaps. Reads no target, writes nothing."""
    from groupsync.plugins import Plugins
    from groupsync.preview import Wish, preview_segment
    from groupsync.project import load_project
    from groupsync.report.preview import render_preview, render_preview_json

    config = common.read_config(config_path)
    common.recall(config)
    as_of = common.instant_of(at)
    project = load_project(config, as_of)
    preview = preview_segment(project, Plugins.discover(), segment, as_of, Wish(by, explain))
    common.show_diagnostics(project.findings)
    if format_ == "json":
        common.emit(render_preview_json(preview))
    else:
        common.emit(render_preview(preview, common.output_style(full=full)))
    return ExitCode.OK
