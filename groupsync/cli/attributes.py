"""`groupsync attributes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("source", required=False, shell_complete=suggest.sources)
@common.config_option
@common.full_option
@common.format_option
def command(*, source: str | None, config_path: Path | None, full: bool, format_: str) -> int:
    """List what can be asked of customers: the attributes of SOURCE, or of all sources, with what they mean."""
    from groupsync.asking import known_attributes
    from groupsync.lookup import source_names
    from groupsync.plugins import Plugins
    from groupsync.report.attributes import render_attributes, render_attributes_json
    from groupsync.segments import open_sources

    config = common.read_config(config_path)
    names = source_names(config, source)
    with open_sources(config, Plugins.discover(), common.instant_of(None), names) as opened:
        known = [known_attributes(each) for each in opened.values()]
    if format_ == "json":
        common.emit(render_attributes_json(known))
    else:
        common.emit(render_attributes(known, common.output_style(full=full)))
    return ExitCode.OK
