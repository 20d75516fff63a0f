"""`groupsync report`."""

from __future__ import annotations

from pathlib import Path

import click

from groupsync.cli import common, rendering
from groupsync.cli.redacting import redact_option
from groupsync.errors import ExitCode


@click.command()
@click.argument("saved", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@rendering.fail_on_option
@common.full_option
@common.summary_option
@rendering.by_person_option
@redact_option
@rendering.written
@rendering.annotated
def command(
    *,
    saved: Path,
    detailed_exitcode: bool,
    stops: tuple[str, ...],
    full: bool,
    summary: bool,
    by_person: bool,
    output: Path | None,
    format_: str,
) -> int:
    """Show a plan that `groupsync plan --out PLAN` saved, in any form. Reads nothing but that file."""
    from groupsync.cli.plan import exit_code_of
    from groupsync.planfile import read_plan

    rendering.check_by_person(format_, by_person=by_person)
    rendering.check_summary(format_, summary=summary, full=full, by_person=by_person)
    plan = read_plan(saved)
    common.show_diagnostics(plan.diagnostics)
    rendering.emit_plan(plan, format_, full=full, by_person=by_person, summary=summary, output=output)
    is_stopped = rendering.stops_at(plan.changes, stops)
    return ExitCode.REFUSED if is_stopped else exit_code_of(plan, detailed=detailed_exitcode)
