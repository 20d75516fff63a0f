"""What a page tells of an apply. Pure but for loading the names that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import DOUBTED, Outcome
from groupsync.records import format_instant, instant_words
from groupsync.report.change_text import SYMBOLS, place
from groupsync.report.html_data import Page
from groupsync.report.html_facts import (
    MAX_HINT,
    Figure,
    Notice,
    Table,
    allowance_notice,
    figure,
    listed,
    warning_notice,
)
from groupsync.report.html_rows import Names, Row, Side, addresses, bounded, elements, more_addresses, sides
from groupsync.report.markdown_escape import MAX_NAME, MAX_TEXT, clip
from groupsync.report.outcome_text import (
    DONE_ALREADY,
    OUTCOME_WORDS,
    applied_words,
    by_word,
    next_words,
    sent_words,
    sentences,
)
from groupsync.report.style import counted, number

if TYPE_CHECKING:
    from groupsync.model import Change, Plan, Report, Result

_TONES: Final = {
    Outcome.APPLIED: "good",
    **dict.fromkeys((Outcome.STALE, Outcome.NOT_TRIED, Outcome.CHANGED_SINCE, Outcome.UNCHECKED), "warn"),
}


def report_page(report: Report, plan: Plan) -> Page:
    """Return what is told of an apply of `plan`."""
    changes = {change.key: change for change in plan.changes}
    names = Names()
    ordered = sorted(report.results, key=lambda each: each.outcome is Outcome.APPLIED)
    made = (_row(result, changes.get((result.target, result.name)), names) for result in ordered)
    rows = bounded(made, len(ordered), names)
    wrong = [result for result in report.results if result.outcome not in {Outcome.APPLIED, *DOUBTED}]
    doubted = report.of(*DOUBTED)
    tone, verdict = _verdict(report, len(wrong), len(doubted))
    said = [applied_words(report) if report.results else "Nothing to apply."]
    said += [sentence for outcome, sentence in sentences(report) if outcome in DOUBTED]
    if report.interrupted:
        said.append("Interrupted: what was not begun was left alone.")
    said.append(next_words(report, plan))
    ids = (("Plan digest", report.plan_digest), ("Run", report.run))
    return Page(
        "apply",
        "Apply",
        clip(plan.project, MAX_NAME),
        instant_words(plan.as_of),
        format_instant(plan.as_of),
        tone,
        verdict,
        tuple(filter(None, said)),
        _figures(report, len(wrong), len(doubted)),
        _outcomes(report),
        (
            listed("Not applied", "bad", map(_failure, wrong)),
            listed("Written but not found so", "bad", map(_failure, doubted)),
            listed("Warnings", "warn", map(warning_notice, report.diagnostics)),
            listed("Allowed by exception", "info", map(allowance_notice, report.allowances)),
        ),
        rows,
        (),
        tuple((name, clip(value, MAX_NAME)) for name, value in ids if value),
        names.names,
        has_all_names=names.is_whole,
        left_out=len(ordered) - len(rows),
    )


def _verdict(report: Report, wrong: int, doubted: int) -> tuple[str, str]:
    if report.interrupted:
        return "bad", "Interrupted"
    if not report.results:
        return "good", "Nothing to apply"
    if wrong:
        return "bad", f"{counted(wrong, 'change was', 'changes were')} not applied"
    if doubted:
        return "bad", f"{counted(doubted, 'change was', 'changes were')} written and not found so"
    return "good", "All was applied"


def _figures(report: Report, wrong: int, doubted: int) -> tuple[Figure, ...]:
    written, total = report.written, len(report.results)
    added, removed = (sum(getattr(each, side) for each in written) for side in ("coming", "going"))
    already = total - len(written)
    applied = report.count(Outcome.APPLIED) - already
    return (
        figure(applied, "change applied", "changes applied", f"of {number(total)}"),
        *([Figure(DONE_ALREADY, number(already), "", "plain")] if already else []),
        Figure("not applied", number(wrong), "", "bad" if wrong else "plain"),
        *([Figure("written but not found so", number(doubted), "", "bad")] if doubted else []),
        figure(added, "member added", "members added", tone="good"),
        figure(removed, "member removed", "members removed", tone="bad"),
    )


def _outcomes(report: Report) -> Table:
    rows = []
    for word, of_it in by_word(report):
        figures = (len(of_it), sum(each.coming for each in of_it), sum(each.going for each in of_it))
        rows.append((word, *map(number, figures)))
    head = ("outcome", "changes", "members added", "members removed")
    return Table("Changes by outcome", head, tuple(rows), frozenset(range(1, 4)))


def _failure(result: Result) -> Notice:
    what = f"{result.action.value} {clip(result.name, MAX_NAME)} on {clip(result.target, MAX_NAME)}"
    return Notice(what, _error(result), OUTCOME_WORDS[result.outcome], hint=clip(result.hint, MAX_HINT))


def _error(result: Result) -> str:
    tried = f" (after {number(result.attempts)} attempts)" if result.attempts > 1 else ""
    sent = sent_words([result]) if result.is_doubted else ""
    return f"{clip(result.error, MAX_TEXT) or OUTCOME_WORDS[result.outcome]}{tried}" + (f" ({sent})" if sent else "")


def _row(result: Result, change: Change | None, names: Names) -> Row:
    """Return the row of a result; names only where what was done is the whole of the change."""
    is_done = result.outcome is Outcome.APPLIED
    is_whole = change is not None and (change.add.count, change.remove.count) == (result.added, result.removed)
    moved: tuple[Side, ...] = ()
    shown = change if is_done and is_whole else None
    if shown:
        moved = sides((shown.coming, "added", "+"), (shown.going, "removed", "-"), names=names)
    return Row(
        clip(result.name, MAX_NAME),
        clip(result.target, MAX_NAME),
        DONE_ALREADY if result.is_done_already else OUTCOME_WORDS[result.outcome],
        SYMBOLS[result.action][0],
        _TONES.get(result.outcome, "bad"),
        flag="" if is_done else OUTCOME_WORDS[result.outcome] if result.is_doubted else "not applied",
        size=result.action.value,
        kept=max(0, change.prior_count - result.going) if change else 0,
        added=result.coming,
        removed=result.going,
        lines=(clip(place(change.at), MAX_TEXT),) if change and change.at else (),
        against=() if is_done else ((_error(result), clip(result.hint, MAX_HINT)),),
        owners=elements(change.owners) if change else (),
        sides=moved,
        pairs=addresses(shown) if shown else (),
        more_pairs=more_addresses(shown) if shown else 0,
    )
