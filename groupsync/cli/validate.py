"""`groupsync validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, forms, rendering
from groupsync.cli.redacting import redact_option
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from groupsync.model import Diagnostic
    from groupsync.project import Project


@click.command()
@common.config_option
@click.option("--at", type=common.Instant(), help="Judge `from` and `until` at another time.")
@click.option("--no-sources", is_flag=True, help="Don't hold conditions against the columns of their sources.")
@redact_option
@forms.written(
    "text", "json", *rendering.ANNOTATIONS, told="Form of the findings: `github` and `sarif` are annotations"
)
@rendering.annotated
def command(
    *, config_path: Path | None, at: datetime | None, no_sources: bool, output: Path | None, format_: str
) -> int:
    """Check config, definitions and member files, and show everything that is wrong with them at once.

    Conditions of segments are held against the columns of their sources. Reads no target. With `--format` other than
    text the findings go to stdout, or to FILE.
    """
    from groupsync.model import Severity

    findings, groups = check_project(config_path, at, asks_sources=not no_sources)
    failed = any(found.severity is Severity.ERROR for found in findings)
    rendering.emit_findings(findings, format_, output)
    if format_ == "text" and not failed:
        common.inform(f"{groups} group{'s' if groups != 1 else ''} in order.")
    return ExitCode.ERROR if failed else ExitCode.OK


def check_project(
    config_path: Path | None, at: datetime | None = None, *, asks_sources: bool = True
) -> tuple[tuple[Diagnostic, ...], int]:
    """Return what there is to say of a project's files, sorted, and how many groups are defined.

    Args:
        config_path: the config; None for the one here or in a folder above.
        at: judge `from` and `until` at this time; None for now.
        asks_sources: hold conditions against the columns of their sources.

    Raises:
        GroupsyncError: the config can't be read, or a source can't be asked.
    """
    from groupsync.errors import InvalidDefinitions
    from groupsync.project import load_project

    try:
        config = common.read_config(config_path)
        as_of = common.instant_of(at)
        project = load_project(config, as_of, reads_files=True, track=common.track)
        if asks_sources:
            _check_segments(project, as_of)
    except InvalidDefinitions as error:
        return error.diagnostics, 0
    return tuple(project.findings), len(project.definitions)


def _check_segments(project: Project, as_of: datetime) -> None:
    if any(definition.where is not None for definition in project.definitions):
        from groupsync.plugins import Plugins
        from groupsync.segments import check_segments

        check_segments(project, Plugins.discover(), as_of)
