"""`groupsync drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from groupsync.cli import common, rendering
from groupsync.cli.redacting import redact_option
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=common.Selecting)
@common.selection_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where drift is found.")
@rendering.fail_on_option
@common.full_option
@rendering.by_person_option
@redact_option
@rendering.written
@rendering.annotated
def command(
    *,
    config_path: Path | None,
    detailed_exitcode: bool,
    stops: tuple[str, ...],
    full: bool,
    by_person: bool,
    output: Path | None,
    format_: str,
    **picked: Any,
) -> int:
    """Show what somebody else changed on the targets since the last apply, told from edits that are still pending."""
    from groupsync import engine
    from groupsync.cli.plan import exit_code_of
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.tripwire import drifted_changes

    rendering.check_by_person(format_, by_person=by_person)
    config = common.read_config(config_path)
    common.recall(config)
    request = common.request_of(**picked)
    project = load_project(config, request.as_of)
    plugins = Plugins.discover()
    with open_targets(config, plugins, request.targets) as backends:
        plan = engine.make_plan(project, backends, request, plugins)
        common.show_diagnostics(plan.diagnostics)
        rendering.emit_drift(plan, format_, full=full, by_person=by_person, output=output)
    if rendering.stops_at(drifted_changes(plan), stops):
        return ExitCode.REFUSED
    found = any(each.drifted for each in plan.drift)
    code = exit_code_of(plan, detailed=False)
    return ExitCode.CHANGES if code is ExitCode.OK and detailed_exitcode and found else code
