"""What those who annotate files are told of a run: a note for each thing that is wrong or odd. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.codes import CODES
from groupsync.errors import InvalidDefinitions
from groupsync.model import Outcome, Severity
from groupsync.report.outcome_text import OUTCOME_WORDS, sent_words
from groupsync.report.quiet import EDIT_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.errors import GroupsyncError
    from groupsync.model import Comparison, Diagnostic, Plan, Report, SourceRange


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be shown at a place.

    Attributes:
        rule: the code of a finding, `refused/RULE` of a refusal, `apply/OUTCOME` of a change that was not applied,
            `stopped` of what ended a run.
        meaning: what the rule stands for, a sentence.
        severity: of the note.
        message: what is wrong, then what mends it; may have several lines.
        at: where; None where no file is to blame.
    """

    rule: str
    meaning: str
    severity: Severity
    message: str
    at: SourceRange | None = None


def notes_of_plan(plan: Plan) -> Iterator[Note]:
    """Give what was refused, then findings in their order. A refusal points to the definition, or else to its rule."""
    places = {change.key: change.at for change in plan.changes}
    for refusal in plan.verdict.refusals:
        what = f"`{refusal.name}`" if refusal.name else "everything"
        where = f" on {refusal.target}" if refusal.target else ""
        yield Note(
            f"refused/{refusal.rule}",
            f"{refusal.rule} refuses a change of the plan.",
            Severity.ERROR,
            _lines(f"{what}{where} is refused: {refusal.summary}", "", refusal.hint),
            places.get((refusal.target, refusal.name)) or refusal.at,
        )
    yield from notes_of_findings(plan.diagnostics)
    yield from _notes_of_quiet(plan.compared) if plan.compared else ()


def _notes_of_quiet(compared: Comparison) -> Iterator[Note]:
    for edit in compared.quiet:
        message = f"`{edit.name}` {EDIT_WORDS[edit.edit]} since {compared.revision}, without effect today"
        yield Note("no-effect-today", "A definition changed without effect today.", Severity.WARNING, message, edit.at)


def notes_of_report(report: Report, plan: Plan) -> Iterator[Note]:
    """Give what was not applied and why, then the findings of plan and apply."""
    places = {change.key: change.at for change in plan.changes}
    for result in report.results:
        if result.outcome is not Outcome.APPLIED:
            word = OUTCOME_WORDS[result.outcome]
            end = "written but not found so" if result.is_doubted else "not applied"
            error = "".join(f": {text}" for text in (result.error, result.is_doubted and sent_words([result])) if text)
            yield Note(
                f"apply/{result.outcome.value}",
                f"A change of the plan was {end}: {word}.",
                Severity.ERROR,
                _lines(f"{result.action.value} `{result.name}` on {result.target}: {word}{error}", "", result.hint),
                places.get((result.target, result.name)),
            )
    yield from notes_of_findings(dict.fromkeys([*plan.diagnostics, *report.diagnostics]))


def notes_of_findings(findings: Iterable[Diagnostic]) -> Iterator[Note]:
    """Give a note for each finding, in their order."""
    for found in findings:
        meaning = CODES.get(found.code, "A finding of a plugin.")
        yield Note(found.code, meaning, found.severity, _lines(found.summary, found.detail, found.hint), found.subject)


def notes_of_error(error: GroupsyncError) -> Iterator[Note]:
    """Give what stopped a run: each finding of invalid definitions, or the one thing that is out of order."""
    if isinstance(error, InvalidDefinitions):
        yield from notes_of_findings(error.diagnostics)
    else:
        message = _lines(error.summary, error.detail, error.hint)
        yield Note("stopped", "Something is out of order, and the run was stopped.", Severity.ERROR, message, error.at)


def counts_of(notes: Iterable[Note]) -> tuple[int, int]:
    """Return how many are errors, and how many warnings."""
    found = [note.severity for note in notes]
    return found.count(Severity.ERROR), found.count(Severity.WARNING)


def _lines(summary: str, detail: str, hint: str) -> str:
    return "\n".join(filter(None, (summary, detail, hint)))
