"""What an apply did, as a comment on a pull request. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import DOUBTED, Outcome
from groupsync.report.markdown import allowance_line, hint_line
from groupsync.report.markdown_escape import code, marker, prose
from groupsync.report.markdown_fit import bounded
from groupsync.report.outcome_text import (
    DONE_ALREADY,
    OUTCOME_WORDS,
    applied_words,
    by_word,
    next_words,
    result_moved,
    sent_words,
    sentences,
)
from groupsync.report.style import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.model import Plan, Report, Result

_ROOM: Final = {"failures": 20_000, "doubts": 10_000, "allowances": 5_000, "changes": 25_000}
"""Characters that each list may take; together with the rest less than a comment may have."""


def render_report_markdown(report: Report, plan: Plan) -> str:
    """Return figures, what went wrong and why, and each change, as Markdown that ends with a line break."""
    return "\n\n".join(_parts(report, plan)) + "\n"


def _parts(report: Report, plan: Plan) -> Iterator[str]:
    yield marker(plan.project, "apply")
    yield f"### Apply for {code(plan.project)}"
    yield f"**{applied_words(report)}**" if report.results else "**Nothing to apply.**"
    if report.interrupted:
        yield "**Interrupted: what was not begun was left alone.**"
    yield from _table(report)
    for outcome, sentence in sentences(report):
        if outcome in DOUBTED:
            yield f"**{sentence}**"
    done = report.of(Outcome.APPLIED)
    wrong = [result for result in report.results if result.outcome not in {Outcome.APPLIED, *DOUBTED}]
    lists: tuple[tuple[str, str, str, Iterable[str]], ...] = (
        ("Not applied", "failures", "change", map(_failure, wrong)),
        ("Written but not found so", "doubts", "change", map(_failure, report.of(*DOUBTED))),
        ("Allowed by exception", "allowances", "exception", map(allowance_line, report.allowances)),
        ("Applied", "changes", "change", map(_done, done)),
    )
    for title, key, one, lines in lists:
        shown = list(bounded(lines, _ROOM[key], one))
        if shown:
            yield f"#### {title}\n\n" + "\n".join(shown)
    more = next_words(report, plan)
    if more:
        yield f"{prose(more)}"
    yield f"Plan digest: {code(report.plan_digest)}" + (f" · run {code(report.run)}" if report.run else "")


def _table(report: Report) -> Iterator[str]:
    """Give the figures of each outcome that there is."""
    rows = []
    for word, of_it in by_word(report):
        figures = (len(of_it), sum(each.coming for each in of_it), sum(each.going for each in of_it))
        rows.append(f"| {word} | " + " | ".join(map(number, figures)) + " |")
    if rows:
        yield "\n".join(["| outcome | changes | members added | members removed |\n|---|--:|--:|--:|", *rows])


def _failure(result: Result) -> str:
    tried = f" (after {number(result.attempts)} attempts)" if result.attempts > 1 else ""
    error = f": {prose(result.error)}{tried}" if result.error else ""
    sent = sent_words([result]) if result.is_doubted else ""
    more = f" ({sent})" if sent else ""
    return f"- {OUTCOME_WORDS[result.outcome]}: {_what(result)}{error}{more}{hint_line(result.hint)}"


def _done(result: Result) -> str:
    moved = result_moved(result)
    already = f" ({DONE_ALREADY})" if result.is_done_already else ""
    return f"- {_what(result)}{already}: {moved}" if moved else f"- {_what(result)}{already}"


def _what(result: Result) -> str:
    return f"{result.action.value} {code(result.name)} on {code(result.target)}"
