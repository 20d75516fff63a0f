"""`groupsync apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groupsync.cli import common
from groupsync.errors import ConfigError, ExitCode
from groupsync.model import Outcome

if TYPE_CHECKING:
    from groupsync.guard_grants import Grant
    from groupsync.model import Plan, Report


@click.command()
@click.argument("saved", required=False, type=click.Path(path_type=Path), metavar="[PLAN]")
@common.selection_options
@click.option("--adopt", is_flag=True, help="Consent to take over groups that exist without an ownership mark.")
@common.allow_option
@click.option("--yes", "-y", is_flag=True, help="Don't ask. Needed where there is no terminal.")
@click.option("--expect", metavar="DIGEST", help="Apply only if the plan has this digest (its first 8 or more digits).")
@common.full_option
@common.format_option
def command(
    *,
    saved: Path | None,
    config_path: Path | None,
    adopt: bool,
    grants: tuple[Grant, ...],
    yes: bool,
    expect: str | None,
    full: bool,
    format_: str,
    **picked: Any,
) -> int:
    """Make the targets agree with the definitions.

    Without PLAN it plans, shows the plan and asks. With PLAN, saved by `groupsync plan --out`, it does what was
    reviewed: a group whose target or definition moved since is left alone and listed, the others go on.
    """
    from groupsync import engine
    from groupsync.cli.stopping import stoppable
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.retry import Retries

    request = common.request_of(**picked, adopt=adopt, grants=grants)
    if saved is not None and (request.looking or request.selection.names or request.selection.labels or adopt):
        raise click.UsageError(
            "A saved plan is applied as it is: --at, --select, --label and --adopt don't go with it."
        )
    config = common.read_config(config_path)
    project = load_project(config, request.as_of)
    plugins = Plugins.discover()
    with open_targets(config, plugins, request.targets) as backends:
        if saved is not None:
            from groupsync.planfile import read_plan

            reviewed = read_plan(saved)
            plan = engine.judge_again(project, reviewed, plugins, backends=backends, grants=grants)
            common.show_diagnostics(found for found in plan.diagnostics if found not in reviewed.diagnostics)
        else:
            plan = engine.make_plan(project, backends, request, plugins)
            common.show_diagnostics(plan.diagnostics)
        _check_expected(plan, expect)
        if format_ == "text":
            common.emit_plan(plan, format_, full=full)
        if plan.changes and not _consents(plan, yes=yes):
            return ExitCode.ERROR
        with stoppable() as stop:
            patience = Retries(sleep=stop.sleep)
            report = engine.apply_plan(project, plan, backends, stopped=stop, track=common.track, retry=patience)
        common.emit_report(report, plan, format_)
    return exit_code_of(report, plan)


def exit_code_of(report: Report, plan: Plan) -> ExitCode:
    """Return what an apply says by its exit code: interrupted, then refused, then not wholly done."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if report.count(Outcome.REFUSED) or plan.verdict.refusals:
        return ExitCode.REFUSED
    incomplete = any(not target.complete or target.withheld for target in plan.targets)
    if incomplete or any(result.outcome is not Outcome.APPLIED for result in report.results):
        return ExitCode.INCOMPLETE
    return ExitCode.OK


def _check_expected(plan: Plan, expect: str | None) -> None:
    if expect is None:
        return
    if len(expect) < 8:
        raise click.UsageError("--expect needs at least the first 8 digits of the plan's digest.")
    if not plan.digest.startswith(expect.lower()):
        raise ConfigError(
            "This is not the plan that was expected",
            f"Its digest is {plan.digest[:16]}…, not {expect}: something moved since the review.",
            "Review the plan again; nothing was changed.",
        )


def _consents(plan: Plan, *, yes: bool) -> bool:
    """Ask whether to go on; with `--yes`, or where nothing can be applied anyway, nobody is asked."""
    if yes or all(plan.verdict.refusal_of(change) for change in plan.changes):
        return True
    if not sys.stdin.isatty():
        raise ConfigError(
            "Nobody is there to say yes",
            "`apply` asks before it changes anything, and stdin is no terminal.",
            "Add `--yes` (and better still `--expect DIGEST`) where nobody watches.",
        )
    if click.confirm("Apply these changes?", err=True):
        return True
    common.say("Nothing was changed.")
    return False
