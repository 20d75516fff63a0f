"""What an apply did, for a person. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from groupsync.guard_grants import undo_command
from groupsync.model import DOUBTED, Action, Outcome
from groupsync.report.change_text import SYMBOLS
from groupsync.report.escape import cell_width, escape, pad
from groupsync.report.plan_text import members_moved
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, number, wrap
from groupsync.report.totals import following_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Plan, Report, Result
    from groupsync.report.style import Style

_WORDS: Final = {
    Outcome.APPLIED: ("applied", GREEN),
    Outcome.FAILED: ("failed", RED),
    Outcome.REFUSED: ("refused", RED),
    Outcome.STALE: ("moved", YELLOW),
    Outcome.NOT_TRIED: ("not tried", YELLOW),
    Outcome.NOT_CONVERGED: ("not converged", RED),
    Outcome.CHANGED_SINCE: ("changed since", YELLOW),
    Outcome.UNCHECKED: ("not checked", YELLOW),
}
OUTCOME_WORDS: Final = {outcome: word for outcome, (word, _) in _WORDS.items()}
DONE_ALREADY: Final = "done already"
"""Of a change of a run that was gone on with: its group is as planned, and was not written again."""
_SENTENCES: Final = {
    Outcome.FAILED: ("failed", "failed"),
    Outcome.REFUSED: ("was refused", "were refused"),
    Outcome.STALE: ("moved since the plan and was left alone", "moved since the plan and were left alone"),
    Outcome.NOT_TRIED: ("was not tried", "were not tried"),
    Outcome.NOT_CONVERGED: ("was written and still differs", "were written and still differ"),
    Outcome.CHANGED_SINCE: ("was written, and the group changed since", "were written, and the groups changed since"),
    Outcome.UNCHECKED: ("was written and could not be checked", "were written and could not be checked"),
}
NAME_WIDTH: Final = 32
_WORD_WIDTH: Final = max(len(word) for word, _ in _WORDS.values())
_ACTION_WIDTH: Final = max(map(len, Action))


def render_report(report: Report, plan: Plan, style: Style = PLAIN) -> str:
    """Return one line a change, what went wrong under it, and honest totals.

    Starts with an empty line, because it follows the plan, and ends with a line break.
    """
    return "".join(line + "\n" for line in _lines(report, plan, style))


def _lines(report: Report, plan: Plan, style: Style) -> Iterator[str]:
    if not report.results:
        yield "Nothing to apply."
        return
    yield ""
    plugins = {target.name: target.plugin for target in plan.targets}
    width = min(NAME_WIDTH, max(cell_width(escape(result.name)) for result in report.results))
    for target, results in groupby(report.results, key=lambda result: result.target):
        plugin = f" ({escape(plugins[target])})" if target in plugins else ""
        yield f"{style.paint(escape(target), BOLD)}{plugin}"
        for result in results:
            yield from result_lines(result, width, style)
        yield ""
    yield from _sum(report, plan, style)


def result_lines(result: Result, width: int, style: Style, word: str = "") -> Iterator[str]:
    """Give the lines of one change: what became of it, or `word`, then what went wrong and what to do."""
    usual, color = _WORDS[result.outcome]
    usual = DONE_ALREADY if result.is_done_already else usual
    symbol, hue = SYMBOLS[result.action]
    action = f"{style.paint(symbol, BOLD, hue)} {pad(result.action.value, _ACTION_WIDTH)}"
    moved = result_moved(result)
    name = escape(result.name)
    name = pad(name, width) if moved else name
    line = f"  {style.paint(pad(word or usual, _WORD_WIDTH), color)}  {action}  {name}"
    yield f"{line}  {style.paint(moved, FAINT)}" if moved else line
    indent = " " * (_WORD_WIDTH + 4)
    if result.error:
        tried = f" (after {number(result.attempts)} attempts)" if result.attempts > 1 else ""
        for text in wrap(escape(result.error) + tried, indent, style.columns):
            yield style.paint(text, color)
    if result.hint:
        yield from wrap(escape(result.hint), indent, style.columns)


def result_moved(result: Result) -> str:
    """Say how many members came and went with a change; empty where none did."""
    if result.is_doubted:
        return sent_words([result])
    if not result.added and not result.removed:
        return ""
    return members_moved(result.coming, result.going, readdressed=result.readdressed)


def sent_words(results: Sequence[Result]) -> str:
    """Say of doubted changes of one outcome how many members were sent, and how many of them came about."""
    is_known = all(result.outcome is not Outcome.UNCHECKED for result in results)
    parts = []
    for side, verb, place in (("added", "add", "there"), ("removed", "remove", "gone")):
        seen = sum(getattr(result, side) for result in results)
        sent = seen + sum(getattr(result, f"unseen_{side}") for result in results)
        if sent:
            found = f", {number(seen)} {'is' if seen == 1 else 'are'} {place}" if is_known else ""
            parts.append(f"{counted(sent, 'member')} to {verb}{found}")
    return f"sent {'; '.join(parts)}" if parts else ""


def applied_words(report: Report) -> str:
    """Say how much was applied, how long that took, and how many memberships are known to have come and gone."""
    written, total = report.written, len(report.results)
    already = total - len(written)
    applied = report.count(Outcome.APPLIED) - already
    added = sum(result.coming for result in written)
    removed = sum(result.going for result in written)
    readdressed = sum(result.readdressed for result in written)
    done = f" {counted(already, 'change was', 'changes were')} {DONE_ALREADY}." if already else ""
    share = f"{number(applied)} of " if applied < total else ""
    took = f"in {report.duration_seconds:.1f} s" if report.duration_seconds >= 0.1 else "in less than 0.1 s"
    moved = members_moved(added, removed, readdressed=readdressed)
    return f"Applied {share}{counted(total, 'change')} {took}: {moved}.{done}"


def by_word(report: Report) -> Iterator[tuple[str, list[Result]]]:
    """Give the words for what became of changes, each with the results of those that ended so."""
    for outcome, word in OUTCOME_WORDS.items():
        results = [each for each in report.written if each.outcome is outcome]
        if results:
            yield word, results
    if already := [each for each in report.results if each.is_done_already]:
        yield DONE_ALREADY, already


def sentences(report: Report) -> Iterator[tuple[Outcome, str]]:
    """Give for each outcome but `applied` that there is a sentence with its count."""
    for outcome, (one, many) in _SENTENCES.items():
        results = report.of(outcome)
        if results:
            sent = sent_words(results) if outcome in DOUBTED else ""
            words = f"{counted(len(results), 'change')} {one if len(results) == 1 else many}"
            yield outcome, f"{words}: {sent}." if sent else f"{words}."


def next_words(report: Report, plan: Plan) -> str:
    """Say which command goes on with what is left of a plan; empty where nothing is."""
    if report.run and (report.count(Outcome.FAILED) or report.count(Outcome.NOT_TRIED)):
        again = undo_command(plan) or "groupsync apply"
        return f"Go on with what is left: {'groupsync apply --resume' if report.is_resumable else again}"
    is_left = report.count(Outcome.APPLIED) < len(report.results)
    command = undo_command(plan) or "groupsync plan"
    return f"Plan again to see what is left: {command}" if is_left else ""


def _sum(report: Report, plan: Plan, style: Style) -> Iterator[str]:
    whole = report.count(Outcome.APPLIED) == len(report.results)
    for line in wrap(applied_words(report), "", style.columns):
        yield style.paint(line, BOLD, GREEN if whole else RED)
    if report.interrupted:
        yield style.paint("Interrupted: what was not begun was left alone.", YELLOW)
    for outcome, sentence in sentences(report):
        more = following_words(plan, lambda name: f"`{escape(name)}`") if outcome is Outcome.REFUSED else ()
        for words in (sentence, *more):
            yield from (style.paint(part, _WORDS[outcome][1]) for part in wrap(words, "", style.columns))
    further = next_words(report, plan)
    yield from wrap(further, "", style.columns) if further else ()
