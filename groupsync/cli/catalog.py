"""`groupsync catalog`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, rendering
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@click.option("--at", type=common.Instant(), help="Look at another time.")
@common.config_option
@rendering.output_option
@click.option("--html", "is_html", is_flag=True, help="The same as `--format html`.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Form of the output: `html` is a page with filters and search.",
)
def command(*, at: datetime | None, config_path: Path | None, output: Path | None, is_html: bool, format_: str) -> int:
    """List all groups: what each is and is built from, its size and state, who answers for it, where it goes.

    It is what the definitions say; sources of segments are asked, targets are not. Members are counted, not named.
    """
    from groupsync.catalog import catalog_of
    from groupsync.plugins import Plugins
    from groupsync.project import load_project, wanted_on
    from groupsync.segments import computed_project

    config, as_of = common.read_config(config_path), common.instant_of(at)
    if config.sources:
        common.recall(config)
    project = computed_project(load_project(config, as_of), Plugins.discover(), as_of)
    targets = {
        target.name: frozenset(each.group.name for each in wanted_on(project, target).here) for target in config.targets
    }
    eligible = {each.name: each.eligible for each in config.sources if each.eligible is not None}
    catalog = catalog_of(
        config.project,
        project.resolution.groups,
        targets,
        [each.target for each in config.exclude],
        as_of,
        eligible=eligible,
    )
    common.show_diagnostics(project.findings)
    match "html" if is_html else format_:
        case "json":
            from groupsync.report.catalog import render_catalog_json

            common.emit(render_catalog_json(catalog), output)
        case "html":
            from groupsync.report.catalog_html import render_catalog_html

            common.emit(render_catalog_html(catalog), output)
        case _:
            from groupsync.report.catalog import iter_catalog

            common.emit(iter_catalog(catalog, common.output_style(output=output)), output)
    return ExitCode.OK
