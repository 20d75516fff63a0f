"""`groupsync plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groupsync.cli import common, forms, rendering
from groupsync.cli.redacting import redact_option
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from groupsync.comparison import Earlier
    from groupsync.guard_grants import Grant
    from groupsync.model import Plan
    from groupsync.project import Project


@click.command(cls=common.Selecting)
@common.selection_options
@click.option("--adopt", is_flag=True, help="Consent to take over groups that are not known to be this project's.")
@common.allow_option
@click.option(
    "--out",
    "saved",
    type=click.Path(path_type=Path),
    callback=forms.check_saved,
    help="Save the plan, for `groupsync apply FILE`.",
)
@redact_option
@click.option("--compare", "revision", metavar="REV", help="Tell what comes of edits since a revision in git.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@rendering.fail_on_option
@common.full_option
@common.summary_option
@rendering.by_person_option
@rendering.written
@rendering.annotated
def command(
    *,
    config_path: Path | None,
    adopt: bool,
    grants: tuple[Grant, ...],
    saved: Path | None,
    output: Path | None,
    revision: str | None,
    detailed_exitcode: bool,
    stops: tuple[str, ...],
    full: bool,
    summary: bool,
    by_person: bool,
    format_: str,
    **picked: Any,
) -> int:
    """Show what `apply` would do: who would be added to and removed from what, and why. Writes nothing."""
    from groupsync import engine
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.recovery import reminded

    rendering.check_by_person(format_, by_person=by_person)
    rendering.check_summary(format_, summary=summary, full=full, by_person=by_person)
    config = common.read_config(config_path)
    common.recall(config)
    request = common.request_of(**picked, adopt=adopt, grants=grants)
    project = load_project(config, request.as_of)
    plugins = Plugins.discover()
    earlier = _earlier(project, revision)
    request = replace(request, then=earlier.links()) if earlier else request
    with open_targets(config, plugins, request.targets) as backends:
        plan = reminded(project, engine.make_plan(project, backends, request, plugins))
        if earlier:
            from groupsync.comparison import compared

            plan = compared(plan, project, earlier, plugins, request.selection)
        # Long member lists are read again while they are shown and saved, so the targets stay open.
        common.show_diagnostics(plan.diagnostics)
        rendering.emit_plan(plan, format_, full=full, by_person=by_person, summary=summary, output=output)
        if saved is not None:
            from groupsync.cli.saving import saved_words
            from groupsync.planfile import write_plan

            write_plan(plan, saved)
            common.say(saved_words(plan, saved, adopt=adopt))
    is_stopped = rendering.stops_at(plan.changes, stops)
    return ExitCode.REFUSED if is_stopped else exit_code_of(plan, detailed=detailed_exitcode)


def _earlier(project: Project, revision: str | None) -> Earlier | None:
    """Return the project at the revision that it is to be compared with; None where there is none."""
    if revision is None:
        return None
    from groupsync.comparison import project_at

    return project_at(project, revision)


def exit_code_of(plan: Plan, *, detailed: bool) -> ExitCode:
    """Return what a plan says by its exit code; refusals go before incomplete reads, and these before changes."""
    if plan.verdict.refusals or any(found.code == "GS613" for found in plan.diagnostics):
        return ExitCode.REFUSED
    if any(not target.complete or target.withheld for target in plan.targets):
        return ExitCode.INCOMPLETE
    return ExitCode.CHANGES if detailed and plan.changes else ExitCode.OK
