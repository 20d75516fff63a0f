"""`groupsync why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@click.argument("person", metavar="EMAIL")
@click.argument("group", shell_complete=suggest.groups)
@click.option("--at", type=common.Instant(), help="Look at another time.")
@common.targets_option
@common.config_option
@common.full_option
@common.format_option
def command(
    *,
    person: str,
    group: str,
    at: datetime | None,
    targets: tuple[str, ...],
    config_path: Path | None,
    full: bool,
    format_: str,
) -> int:
    """Tell why EMAIL is in GROUP, or is not: each list, condition and group that decides it; and what targets have."""
    from groupsync.connect import open_targets
    from groupsync.evidence import explain_membership
    from groupsync.holding import held_on, undefined_on
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.report.why import render_why
    from groupsync.report.why_json import render_why_json
    from groupsync.segments import computed_project

    config = common.read_config(config_path)
    common.recall(config)
    who = common.person_of(config, person, group)
    request = common.request_of(at, targets)
    plugins = Plugins.discover()
    project = computed_project(load_project(config, request.as_of), plugins, request.as_of)
    if group not in {each.name for each in project.definitions}:
        with open_targets(config, plugins, request.targets) as backends:
            if undefined := undefined_on(project, backends, request, group, who):
                raise undefined
    why = explain_membership(project, plugins, who, group, request.as_of)
    with open_targets(config, plugins, request.targets) as backends:
        held = held_on(project, backends, request, group, who)
    common.show_diagnostics(project.findings)
    if format_ == "json":
        common.emit(render_why_json(who, request.as_of, why, held))
    else:
        common.emit(render_why(who, request.as_of, why, held, common.output_style(full=full)))
    return ExitCode.INCOMPLETE if any(each.is_unread for each in held) else ExitCode.OK
