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
@click.option("--values", is_flag=True, help="Count how many customers have each value, where that tells of nobody.")
@common.config_option
@common.full_option
@common.format_option
def command(*, source: str | None, values: bool, config_path: Path | None, full: bool, format_: str) -> int:
    """List what can be asked of customers: the attributes of SOURCE, or of all sources, with what they mean.

    With `--values` the customers are read. Texts and truths are shown that 10 customers or more have, where there are
    no more than 20 of them.
    """
    from groupsync.asking import known_attributes, with_values
    from groupsync.lookup import source_names
    from groupsync.plugins import Plugins
    from groupsync.report.attributes import render_attributes, render_attributes_json
    from groupsync.segments import open_sources

    config = common.read_config(config_path)
    names = source_names(config, source)
    with open_sources(config, Plugins.discover(), common.instant_of(None), names) as opened:
        known = [known_attributes(each) for each in opened.values()]
        if values:
            known = [with_values(each, asked, common.track) for each, asked in zip(known, opened.values(), strict=True)]
    if format_ == "json":
        common.emit(render_attributes_json(known))
    else:
        common.emit(render_attributes(known, common.output_style(full=full)))
    return ExitCode.OK
