"""Past runs, as `groupsync history` prints them. Pure."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.model import PLAN_DIGITS, Outcome, Result, RunKind
from groupsync.records import Record, format_instant, instant_words
from groupsync.report.escape import cell_width, escape, pad
from groupsync.report.outcome_text import DONE_ALREADY, NAME_WIDTH, OUTCOME_WORDS, result_lines
from groupsync.report.style import BOLD, FAINT, PLAIN, RED, YELLOW, counted, number, wrap
from groupsync.target_identity import shown_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from groupsync.model import Run, RunEntry
    from groupsync.report.style import Style

More: TypeAlias = "Callable[[RunEntry], Iterable[str]]"
"""Gives the lines that follow a change."""
_UNKNOWN: Final = "unknown"
_NOT_KEPT: Final = "not kept"
"""What a store that others can read, and that has no key, does not hold."""
_TIED: Final = "\N{NO-BREAK SPACE}"
"""Stands between a number and its word while lines are broken; no name has one that is not escaped."""
_LEAST_CHANGES: Final = 12
"""Columns for what became of a run, below which the table is too narrow for them."""
_HEAD: Final = ("RUN (BY ITS START, UTC)", "KIND", "PLAN", "BY", "CHANGES")


def folded(runs: Iterable[Run]) -> Iterator[tuple[Run, ...]]:
    """Put runs together that had nothing to change and follow on each other; each other run is alone."""
    for (is_idle, *_), each in groupby(runs, key=lambda run: (run.is_idle, run.config, run.withheld)):
        if is_idle:
            yield tuple(each)
        else:
            yield from ((run,) for run in each)


def render_runs(runs: Sequence[Sequence[Run]], is_own: Callable[[str], bool] = bool, style: Style = PLAIN) -> str:
    """Return a table of what `folded` gives, a row each; ends with a line break.

    Args:
        runs: of a project.
        is_own: tells whether an identity is that of the config that asks: where others have runs, too, each row says
            whose it is.
        style: how to write.
    """
    if not runs:
        return "Nothing was applied yet.\n"
    is_shared = any(each[0].config and not is_own(each[0].config) for each in runs)
    rows = [_HEAD, *map(_row, runs)]
    if is_shared:
        configs = ["CONFIG", *(escape(_file(each[0].config)) for each in runs)]
        rows = [(*row[:-1], name, row[-1]) for row, name in zip(rows, configs, strict=True)]
    widths = [max(cell_width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines: list[str] = []
    if sum(widths) + 2 * len(widths) + _LEAST_CHANGES > style.columns:
        lines += _narrow(rows, style)
    else:
        for row in rows:
            start = "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=False)) + "  "
            lines += wrap(row[-1], start, style.columns, hanging=" " * 4)
        lines[0] = style.paint(lines[0], BOLD)
    lines = [line.replace(_TIED, " ") for line in lines]
    lines += wrap(_sum([run for each in runs for run in each]), "", style.columns)
    return "".join(f"{line}\n" for line in lines)


def _narrow(rows: Sequence[tuple[str, ...]], style: Style) -> Iterator[str]:
    """Give each run with what became of it, and the other columns below, by their names."""
    head, *runs = rows
    for run, kind, *others, changes in runs:
        yield style.paint(f"{run}  {kind}", BOLD)
        yield from wrap(changes, "    ", style.columns)
        named = (f"{name.lower()}{_TIED}{cell}" for name, cell in zip(head[2:-1], others, strict=True))
        yield from wrap(", ".join(named), "    ", style.columns)


def _sum(runs: Sequence[Run]) -> str:
    count = sum(run.withheld for run in runs)
    untold = f" Of {number(count)} no names were kept: the journal's store had no key." if count else ""
    return f"{counted(len(runs), 'run')}.{untold}"


def _row(runs: Sequence[Run]) -> tuple[str, ...]:
    run, oldest = runs[0], runs[-1]
    return (
        run.id,
        run.kind.value,
        _NOT_KEPT if run.withheld else run.plan_digest[:PLAN_DIGITS],
        _NOT_KEPT if run.withheld else escape(run.who),
        _became(run)
        + (f" in {counted(len(runs), 'run')} since {oldest.started_at:%Y-%m-%d %H:%M}" if runs[1:] else ""),
    )


def _became(run: Run) -> str:
    """Say what became of the changes of a run: `7 applied, 1 failed; cut short`."""
    counts = {word: run.count(outcome) for outcome, word in OUTCOME_WORDS.items()}
    counts |= {DONE_ALREADY: sum(each.is_done_already for each in run.entries), _UNKNOWN: run.doubtful}
    counts[OUTCOME_WORDS[Outcome.APPLIED]] -= counts[DONE_ALREADY]
    parts = [f"{number(count)} {word}".replace(" ", _TIED) for word, count in counts.items() if count]
    text = ", ".join(parts) or "nothing to do"
    end = "; cut short, or still going on" if run.finished_at is None else "; interrupted" if run.interrupted else ""
    return text + end


def render_run(run: Run, style: Style = PLAIN, names: More | None = None) -> str:
    """Return all that is known of one run; ends with a line break.

    Args:
        run: which.
        style: how to write.
        names: gives the lines that follow each change.
    """
    return "".join(f"{line}\n" for line in _lines(run, style, names))


def heading(run: Run, style: Style) -> str:
    """Say which run it is, when and by whom."""
    by = f"names {_NOT_KEPT}" if run.withheld else f"by {escape(run.who)}"
    return style.paint(f"Run {run.id}: {_what(run)}, {_shown(run.started_at)}, {by}", BOLD)


def _lines(run: Run, style: Style, names: More | None) -> Iterator[str]:
    yield style.paint(f"Run {run.id}: {_what(run)}", BOLD)
    for label, value in _facts(run):
        lines = wrap(value, " " * 12, style.columns)
        yield style.paint(f"  {label:<10}", FAINT) + "\n".join(lines)[12:]
    yield from entry_lines(run, style, names)
    yield ""
    left = run.changes - len(run.entries)
    if left:
        yield style.paint(f"Nothing is known of {counted(left, 'change')}.", YELLOW)
    became = _became(run).replace(_TIED, " ")
    yield style.paint(f"{became[:1].upper()}{became[1:]}.", BOLD, *([RED] if run.is_unfinished else []))


def entry_lines(run: Run, style: Style, names: More | None = None) -> Iterator[str]:
    """Give the changes of a run by target, each followed by its names."""
    width = min(NAME_WIDTH, max((cell_width(escape(entry.name)) for entry in run.entries), default=0))
    for target, entries in groupby(sorted(run.entries, key=lambda entry: entry.key), key=lambda entry: entry.target):
        yield ""
        yield style.paint(escape(target), BOLD)
        for entry in entries:
            result = _result(entry, is_told=not run.withheld)
            yield from result_lines(result, width, style, "" if entry.outcome else _UNKNOWN)
            yield from names(entry) if names else ()


def _what(run: Run) -> str:
    match run.kind:
        case RunKind.RESUME:
            return f"went on with {run.of}"
        case RunKind.UNDO:
            return f"took back {run.of}"
        case _:
            return "an apply"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield "started", _shown(run.started_at)
    yield "ended", _shown(run.finished_at) if run.finished_at else "not yet: cut short, or still going on"
    by = _NOT_KEPT if run.withheld else f"{escape(run.who)}, process {run.pid}"
    yield "by", f"{by}, groupsync {escape(run.version)}"
    digest = f"digest {_NOT_KEPT}" if run.withheld else run.plan_digest[:PLAN_DIGITS]
    yield "plan", f"{digest}, as of {_shown(run.as_of)}, {counted(run.changes, 'change')}"
    if run.withheld:
        yield "names", f"{_NOT_KEPT}: the journal's store had no key"
    yield "config", escape(_file(run.config))
    for name, identity in run.identities:
        yield "target", f"{escape(name)}, {escape(shown_identity(identity)) if identity else _UNKNOWN}"
    for allowance in (_NOT_KEPT,) if run.withheld else run.allowances:
        yield "allowed", escape(allowance)


def _file(config: str) -> str:
    """Return the file of a config by its identity."""
    return config.partition("/")[2] or _UNKNOWN


def _shown(instant: datetime) -> str:
    return instant_words(instant.replace(microsecond=0))


def _result(entry: RunEntry, *, is_told: bool) -> Result:
    """Return an entry as the result that the report had; one of which nothing is known counts as failed.

    Args:
        entry: of a run.
        is_told: whether it was kept what errors said.
    """
    error = entry.error if is_told or entry.outcome is Outcome.APPLIED else f"why: {_NOT_KEPT}"
    return Result(
        entry.target,
        entry.name,
        entry.action,
        entry.outcome or Outcome.FAILED,
        error if entry.outcome else "the run was cut short while it was at this change",
        entry.hint,
        entry.attempts,
        added=entry.added,
        removed=entry.removed,
        readdressed=entry.readdressed,
        unseen_added=entry.unseen_added,
        unseen_removed=entry.unseen_removed,
    )


# --- For programs -----------------------------------------------------------------------------------------------------


def render_runs_json(runs: Sequence[Run]) -> str:
    """Return `{"runs": [{"id", "started_at", …}]}` as text that ends with a line break."""
    return json.dumps({"runs": [run_record(run) for run in runs]}, indent=2) + "\n"


def render_run_json(run: Run) -> str:
    """Return `{"run": {"id", …, "changes": […]}}` as text that ends with a line break."""
    changes = [change_record(run, entry) for entry in run.entries]
    return json.dumps({"run": {**run_record(run), "changes": changes}}, indent=2) + "\n"


def run_record(run: Run) -> Record:
    """Write how a run began and ended."""
    summary = {outcome.value: run.count(outcome) for outcome in Outcome} | {_UNKNOWN: run.doubtful}
    return {
        "id": run.id,
        "kind": run.kind.value,
        "of": run.of,
        "project": run.project,
        "config": run.config,
        "started_at": format_instant(run.started_at),
        "finished_at": format_instant(run.finished_at) if run.finished_at else None,
        "interrupted": run.interrupted,
        "is_unfinished": run.is_unfinished,
        "withheld": run.withheld,
        "user": _told(run, run.user),
        "host": _told(run, run.host),
        "pid": _told(run, run.pid),
        "version": run.version,
        "plan_digest": _told(run, run.plan_digest),
        "as_of": format_instant(run.as_of),
        "targets": list(run.targets),
        "identities": dict(run.identities),
        "allowances": _told(run, list(run.allowances)),
        "summary": summary,
    }


def _told(run: Run, value: object) -> object:
    """Return a value that is kept with names only; None where it was not."""
    return None if run.withheld else value


def change_record(run: Run, entry: RunEntry) -> Record:
    """Write what became of one change of a run; None for what was not kept."""
    untold = {"error": None, "hint": None, "revision": None} if run.withheld else {}
    return {
        "target": entry.target,
        "name": entry.name,
        "action": entry.action.value,
        "prior_name": entry.prior_name,
        "outcome": entry.outcome.value if entry.outcome else None,
        "error": entry.error,
        "hint": entry.hint,
        "attempts": entry.attempts,
        "added": entry.added,
        "removed": entry.removed,
        "readdressed": entry.readdressed,
        "unseen_added": entry.unseen_added,
        "unseen_removed": entry.unseen_removed,
        "prior_count": entry.prior_count,
        "count": entry.count,
        "revision": entry.revision,
        **untold,
    }
