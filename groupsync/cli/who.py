"""`groupsync who`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@click.argument("person", metavar="EMAIL")
@click.option("--at", type=common.Instant(), help="Look at another time.")
@common.targets_option
@common.config_option
@common.format_option
def command(
    *, person: str, at: datetime | None, targets: tuple[str, ...], config_path: Path | None, format_: str
) -> int:
    """List the groups that EMAIL is in: by which entry or other group, for how long; and what targets have."""
    from groupsync.connect import open_targets
    from groupsync.evidence import explain_memberships
    from groupsync.holding import memberships_on
    from groupsync.memberships import memberships
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.report.who import render_who, render_who_json
    from groupsync.segments import computed_project

    config = common.read_config(config_path)
    common.recall(config)
    who = common.person_of(config, person)
    request = common.request_of(at, targets)
    plugins = Plugins.discover()
    project = computed_project(load_project(config, request.as_of), plugins, request.as_of)
    found = memberships(explain_memberships(project, plugins, who, request.as_of))
    with open_targets(config, plugins, request.targets) as backends:
        held = memberships_on(project, backends, request, who)
    common.show_diagnostics(project.findings)
    if format_ == "json":
        common.emit(render_who_json(who, request.as_of, found, held))
    else:
        common.emit(render_who(who, request.as_of, found, held, common.output_style()))
    return ExitCode.INCOMPLETE if any(each.note for each in held) else ExitCode.OK
