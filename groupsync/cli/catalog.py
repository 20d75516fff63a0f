"""`groupsync catalog`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from groupsync.cli import common, forms
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
_FORMS: Final = ("text", "json", "html")


@click.command()
@click.option("--at", type=common.Instant(), help="Look at another time.")
@common.config_option
@click.option("--html", "is_html", is_flag=True, help="The same as `--format html`.")
@forms.options(*_FORMS, told="Form of the output: `html` is a page with filters and search")
def command(
    *, at: datetime | None, config_path: Path | None, output: Path | None, is_html: bool, format_: str | None
) -> int:
    """List all groups: what each is and is built from, its size and state, who answers for it, where it goes.

    It is what the definitions say; sources of segments are asked, targets are not. Members are counted, not named.
    """
    from groupsync.catalog import catalog_of
    from groupsync.plugins import Plugins
    from groupsync.project import load_project, wanted_on
    from groupsync.segments import computed_project

    form = forms.form_of(_FORMS, "html" if is_html else format_, output)
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
    match form:
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
