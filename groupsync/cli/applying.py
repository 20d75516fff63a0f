"""What `apply` and `undo` share: show a plan, ask, carry it out, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from groupsync.cli import common, rendering
from groupsync.errors import ConfigError, ExitCode, PlanStopped
from groupsync.model import PLAN_DIGITS, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from groupsync.backend import Backend
    from groupsync.journal import Journal
    from groupsync.model import Plan, Report, Result
    from groupsync.project import Project
    from groupsync.recovery import Resumption

    Key: TypeAlias = tuple[str, str]


yes_option = click.option("--yes", "-y", is_flag=True, help="Don't ask. Needed where there is no terminal.")
_MOST_JUDGED: Final = 20
"""How often a plan is judged again because others were first; each time one of them got through."""
expect_option = click.option(
    "--expect", metavar="DIGEST", help="Apply only if the plan has this digest (its first 16 or more digits)."
)


def carry_out(
    project: Project,
    plan: Plan,
    backends: Mapping[str, Backend],
    journal: Journal,
    judge: Callable[[Project, Plan], Plan],
    *,
    asks_again: Callable[[Plan, Project, Container[Key]], dict[Key, Result]] | None = None,
    resumption: Resumption | None = None,
    expect: str | None,
    stops: Sequence[str] = (),
    yes: bool,
    full: bool,
    format_: str,
    output: Path | None = None,
) -> int:
    """Show a plan, ask, apply it, report, and return the exit code; the report alone goes to `output`.

    Where others applied something since the journal was fetched, the plan is judged again, as a saved one is.
    `asks_again` is called when it is to be applied, and tells which of its changes are to other members by now.

    Raises:
        ConfigError: it is not the plan that was expected, nobody is there to say yes, or the journal can't be written.
        PlanStopped: it has changes of a kind that `stops` names; nothing was changed.
    """
    from groupsync.cli.stopping import stoppable
    from groupsync.journal import Purpose
    from groupsync.model import RunKind
    from groupsync.project import load_project
    from groupsync.retry import Retries

    _check_expected(plan, expect)
    if format_ == "text":
        rendering.emit_plan(plan, format_, full=full)
    _check_stops(plan, stops)
    settled = resumption.settled if resumption else {}
    if plan.changes and not _consents(plan, settled, yes=yes):
        return ExitCode.ERROR
    if not yes:  # an answer may take its time: what follows from files is looked at again
        project = load_project(project.config, common.instant_of(None))
    if asks_again is not None:
        settled = asks_again(plan, project, settled) | settled
    purpose = Purpose(RunKind.UNDO, plan.undoes) if plan.undoes else Purpose()
    with stoppable() as stop:
        report, plan = _applied(
            project,
            plan,
            backends,
            judge,
            stopped=stop,
            track=common.track,
            journal=journal,
            purpose=Purpose(RunKind.RESUME, resumption.run.id) if resumption else purpose,
            settled=settled,
            retry=Retries(sleep=stop.sleep),
        )
    common.show_diagnostics(found for found in report.diagnostics if found not in plan.diagnostics)
    rendering.emit_report(report, plan, format_, output)
    if plan.undoes and report.count(Outcome.APPLIED):
        common.say("The definitions were not touched: until they are edited, the next plan wants what they say.")
    return exit_code_of(report, plan)


def _applied(
    project: Project,
    plan: Plan,
    backends: Mapping[str, Backend],
    judge: Callable[[Project, Plan], Plan],
    *,
    journal: Journal,
    **how: Any,
) -> tuple[Report, Plan]:
    """Apply a plan, judged again as often as others are first; return the report, and the plan as judged last.

    Raises:
        RunsSinceError: others were first too often.
    """
    from groupsync import engine
    from groupsync.journal import RunsSinceError

    for _ in range(_MOST_JUDGED):
        try:
            return engine.apply_plan(project, plan, backends, journal=journal, **how), plan
        except RunsSinceError as error:
            common.say(f"{error.summary}, so the plan is judged again: {', '.join(error.runs)}.")
        common.show_diagnostics(journal.fetch())
        again = judge(project, plan)
        common.show_diagnostics(found for found in again.diagnostics if found not in plan.diagnostics)
        plan = again
    return engine.apply_plan(project, plan, backends, journal=journal, **how), plan


def exit_code_of(report: Report, plan: Plan) -> ExitCode:
    """Return what an apply says by its exit code: interrupted, then refused, then not wholly done."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if report.count(Outcome.REFUSED) or plan.verdict.refusals or any(f.code == "GS613" for f in plan.diagnostics):
        return ExitCode.REFUSED
    incomplete = any(not target.complete or target.withheld for target in plan.targets)
    left_out = any(found.code == "GS612" for found in plan.diagnostics)
    left_out |= any(found.code == "GS630" for found in report.diagnostics)
    if incomplete or left_out or any(result.outcome is not Outcome.APPLIED for result in report.results):
        return ExitCode.INCOMPLETE
    return ExitCode.OK


def _check_expected(plan: Plan, expect: str | None) -> None:
    if expect is None:
        return
    if len(expect) < PLAN_DIGITS:
        raise click.UsageError(f"--expect needs at least the first {PLAN_DIGITS} digits of the plan's digest.")
    if not plan.digest.startswith(expect.lower()):
        raise ConfigError(
            "This is not the plan that was expected",
            f"Its digest is {plan.digest[:PLAN_DIGITS]}…, not {expect}: something moved since the review.",
            "Review the plan again; nothing was changed.",
        )


def _check_stops(plan: Plan, stops: Sequence[str]) -> None:
    from groupsync.tripwire import Stop, tripped

    found = tripped(plan.changes, map(Stop, stops))
    if found:
        options = " ".join(f"--fail-on {each.stop}" for each in found)
        raise PlanStopped(
            f"Nothing was applied: the plan has what `{options}` stops at",
            "\n".join(map(str, found)),
            f"Review the plan {plan.digest[:PLAN_DIGITS]}. Where this is meant, apply it without `{options}`.",
        )


def _consents(plan: Plan, settled: Mapping[tuple[str, str], Result], *, yes: bool) -> bool:
    """Ask whether to go on; with `--yes`, or where nothing can be applied anyway, nobody is asked."""
    if yes or all(change.key in settled or plan.verdict.refusal_of(change) for change in plan.changes):
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
