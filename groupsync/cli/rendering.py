"""What the commands that show plans share: the forms of their output, and where it goes."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, cast

import click

from groupsync.cli import forms
from groupsync.cli.common import Command, emit, finding_text, output_style, say, show_diagnostics
from groupsync.cli.redacting import PseudonymKeyError, error_words, redaction
from groupsync.errors import GroupsyncError, InvalidDefinitions, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from groupsync.model import Change, Diagnostic, Plan, Report
    from groupsync.report.notes import Note

ANNOTATIONS: Final = ("github", "sarif")
FORMATS: Final = ("text", "json", "markdown", "html", *ANNOTATIONS)

written = forms.written(
    *FORMATS,
    told="Form of the output: `markdown` for a comment, `html` for a page, `github` and `sarif` for annotations",
)
by_person_option = click.option(
    "--by-person", is_flag=True, help="Also tell for each person which groups they gain and lose."
)
fail_on_option = click.option(
    "--fail-on",
    "stops",
    type=click.Choice(["remove", "delete", "any"]),
    multiple=True,
    help="End with 3 where somebody is removed, a group deleted, or anything changes; may be repeated.",
)


def stops_at(changes: Sequence[Change], stops: Iterable[str]) -> bool:
    """Tell whether there are changes of a kind that `--fail-on` names, and say on stderr which."""
    from groupsync.report.escape import escape
    from groupsync.tripwire import Stop, tripped

    found = tripped(changes, map(Stop, stops))
    for each in found:
        say(f"--fail-on {each.stop}: {escape(str(each))}")
    return bool(found)


def check_by_person(format_: str, *, by_person: bool) -> None:
    """Refuse `--by-person` for forms that have no place for it."""
    if by_person and format_ not in ("text", "markdown"):
        raise click.UsageError("--by-person goes with text and markdown; as JSON every change has all of its names.")


def check_summary(format_: str, *, summary: bool, full: bool, by_person: bool) -> None:
    """Refuse `--summary` for forms that have no place for it, and with what it leaves out."""
    if summary and (format_ != "text" or full or by_person):
        raise click.UsageError("--summary goes with text alone, and neither with --full nor with --by-person.")


def emit_plan(
    plan: Plan,
    format_: str,
    *,
    full: bool = False,
    by_person: bool = False,
    summary: bool = False,
    output: Path | None = None,
) -> None:
    """Write a plan in the form asked for."""
    plan = _plan_shown(plan)
    match format_:
        case "json":
            from groupsync.report.json import iter_plan_json

            emit(iter_plan_json(plan), output)
        case "markdown":
            from groupsync.report.markdown import render_plan_markdown

            emit(render_plan_markdown(plan, full=full, by_person=by_person), output)
        case "html":
            from groupsync.report.html import render_plan_html

            emit(render_plan_html(plan), output)
        case "github" | "sarif":
            from groupsync.report.notes import notes_of_plan

            emit_notes(notes_of_plan(plan), format_, output)
        case _:
            from groupsync.report.text import iter_plan

            style = output_style(full=full, by_person=by_person, summary=summary, output=output)
            emit(iter_plan(plan, style), output)


def emit_drift(
    plan: Plan, format_: str, *, full: bool = False, by_person: bool = False, output: Path | None = None
) -> None:
    """Write what moved on the targets in the form asked for; as JSON it is the plan."""
    plan = _plan_shown(plan)
    match format_:
        case "text":
            from groupsync.report.text import render_drift

            emit(render_drift(plan, output_style(full=full, by_person=by_person, output=output)), output)
        case "markdown":
            from groupsync.report.markdown import render_drift_markdown

            emit(render_drift_markdown(plan, full=full, by_person=by_person), output)
        case "html":
            from groupsync.report.html import render_drift_html

            emit(render_drift_html(plan), output)
        case _:
            emit_plan(plan, format_, full=full, output=output)


def emit_report(report: Report, plan: Plan, format_: str, output: Path | None = None) -> None:
    """Write what an apply did, in the form asked for; as talk, where that can't be written.

    Raises:
        OutputError: it can't.
    """
    plan = _plan_shown(plan)
    if (redacted := redaction()) is not None:
        from groupsync.redaction import redacted_report

        report = redacted_report(report, redacted.pseudonyms)
    try:
        _emit_report(report, plan, format_, output)
    except OutputError:
        from groupsync.report.text import render_report

        say(render_report(report, plan))
        raise


def _emit_report(report: Report, plan: Plan, format_: str, output: Path | None) -> None:
    match format_:
        case "json":
            from groupsync.report.json import render_report_json

            emit(render_report_json(report), output)
        case "markdown":
            from groupsync.report.markdown_outcome import render_report_markdown

            emit(render_report_markdown(report, plan), output)
        case "html":
            from groupsync.report.html import render_report_html

            emit(render_report_html(report, plan), output)
        case "github" | "sarif":
            from groupsync.report.notes import notes_of_report

            emit_notes(notes_of_report(report, plan), format_, output)
        case _:
            from groupsync.report.text import render_report

            emit(render_report(report, plan, output_style(output=output)), output)


def emit_findings(findings: tuple[Diagnostic, ...], format_: str, output: Path | None = None) -> None:
    """Write what is wrong with files, in the form asked for; as text it is talk, unless it goes to a file."""
    if redaction():
        from groupsync.redaction import redacted_findings

        findings = redacted_findings(findings)
    match format_:
        case "json":
            from groupsync.report.json import render_diagnostics_json

            emit(render_diagnostics_json(findings), output)
        case "github" | "sarif":
            from groupsync.report.notes import notes_of_findings

            emit_notes(notes_of_findings(findings), format_, output)
        case _ if output is None:
            show_diagnostics(findings)
        case _:
            emit(finding_text(findings, output_style(output=output)), output)


def annotated(command: Command) -> Command:
    """Make a command annotate what stops it, where annotations are asked for; it is stopped all the same."""

    @wraps(command)
    def run(*, format_: str, output: Path | None, **rest: Any) -> Any:
        if format_ == "html":  # what it lacks is told before anything is done
            from groupsync.report.html import page_environment

            page_environment()
        try:
            return command(format_=format_, output=output, **rest)
        except GroupsyncError as error:
            if format_ in ANNOTATIONS:
                emit_notes(_notes_of_error(error), format_, output)
            raise

    return cast(Command, run)


def _notes_of_error(error: GroupsyncError) -> Iterable[Note]:
    from groupsync.report.notes import notes_of_error

    if not redaction() or isinstance(error, PseudonymKeyError):
        return notes_of_error(error)
    if isinstance(error, InvalidDefinitions):
        from groupsync.redaction import redacted_findings

        return notes_of_error(InvalidDefinitions(redacted_findings(error.diagnostics)))
    return notes_of_error(GroupsyncError(error_words(error), at=error.at))


def _plan_shown(plan: Plan) -> Plan:
    """Return a plan as it may be shown."""
    redacted = redaction()
    if redacted is None or plan.redacted:
        return plan
    from groupsync.redaction import redacted_plan

    return redacted_plan(plan, redacted.pseudonyms)


def emit_notes(notes: Iterable[Note], format_: str, output: Path | None = None) -> None:
    """Write annotations in the form asked for."""
    if format_ == "github":
        from groupsync.report.github import render_github

        emit(render_github(notes), output)
    else:
        from importlib.metadata import version

        from groupsync.report.sarif import render_sarif

        emit(render_sarif(notes, version("groupsync")), output)
