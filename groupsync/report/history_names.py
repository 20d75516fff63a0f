"""Past runs with who came and went, as `groupsync history` prints them. Pure but for loading the names."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.model import Outcome
from groupsync.report.change_text import member_lines, readdressed_lines
from groupsync.report.escape import escape
from groupsync.report.history import change_record, entry_lines, heading, render_run, run_record
from groupsync.report.style import FAINT, GREEN, PLAIN, RED, counted, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Change, NamedRun, RunEntry
    from groupsync.records import Record
    from groupsync.report.style import Style

_INDENT: Final = " " * 6
_DONE: Final = (Outcome.APPLIED, Outcome.CHANGED_SINCE)
_NOT_DONE: Final = (Outcome.REFUSED, Outcome.STALE, Outcome.NOT_TRIED)


def render_named_run(found: NamedRun, style: Style = PLAIN) -> str:
    """Return all that is known of one run, with every name; ends with a line break."""
    return render_run(found.run, style, partial(_name_lines, found, style=style))


def render_named_runs(found: Sequence[NamedRun], subject: str, style: Style = PLAIN, *, names: bool = True) -> str:
    """Return the runs that changed something, each with its changes; ends with a line break.

    Args:
        found: narrowed to what was asked for; runs without entries are those of which nobody can say.
        subject: whose changes these are, for the sentence at the end.
        style: how to write.
        names: whether to name who came and went.
    """
    lines: list[str] = []
    for each in found:
        if each.run.entries:
            more = partial(_name_lines, each, style=style) if names else None
            lines += [heading(each.run, style), *entry_lines(each.run, style, more), ""]
    told = [each for each in found if each.run.entries]
    some = counted(len(told), "run") if told else "No run"
    untold = _untold_words([each for each in found if not each.run.entries])
    for said in filter(None, (f"{some} of those that are kept changed {subject}.", untold)):
        lines += wrap(said, "", style.columns)
    return "".join(f"{line}\n" for line in lines)


def _untold_words(untold: Sequence[NamedRun]) -> str:
    """Say of which runs nobody can say whom they were about, and why; empty for none."""
    if not untold:
        return ""
    reasons = "; ".join(f"{each.run.id} ({escape(each.untold)})" for each in untold)
    return f"Of {counted(len(untold), 'run')} nobody can say: {reasons}."


def _name_lines(found: NamedRun, entry: RunEntry, *, style: Style) -> Iterator[str]:
    """Give the names of one change, and how far it is known that they came and went."""
    change = found.changes.get(entry.key)
    if change is None:
        said = f"names: {escape(found.untold or 'its members could not be read when the run began')}"
        yield from (style.paint(line, FAINT) for line in wrap(said, _INDENT, style.columns))
        return
    if change.touches_members and entry.outcome not in _DONE:
        doubt = "and not done" if entry.outcome in _NOT_DONE else "and nobody knows for whom it was done"
        yield style.paint(f"{_INDENT}planned, {doubt}:", FAINT)
    whole = replace(style, full=True)
    yield from member_lines(change.coming, "+", GREEN, whole)
    yield from member_lines(change.going, "-", RED, whole)
    yield from readdressed_lines(change, whole)


# --- For programs -----------------------------------------------------------------------------------------------------


def render_named_run_json(found: NamedRun) -> str:
    """Return `{"run": {…, "changes": [{…, "names": {…}}]}}` as text that ends with a line break."""
    return json.dumps({"run": _record(found)}, indent=2) + "\n"


def render_named_runs_json(found: Sequence[NamedRun]) -> str:
    """Return `{"runs": […], "untold": [{"run", "why"}]}` as text that ends with a line break."""
    told = [_record(each) for each in found if each.run.entries]
    untold = [{"run": each.run.id, "why": each.untold} for each in found if not each.run.entries]
    return json.dumps({"runs": told, "untold": untold}, indent=2) + "\n"


def _record(found: NamedRun) -> Record:
    run = found.run
    changes = [change_record(run, each) | {"names": _names(found.changes.get(each.key))} for each in run.entries]
    return {**run_record(run), "changes": changes}


def _names(change: Change | None) -> Record | None:
    """Write who was to come and go; None where nobody knows."""
    if change is None:
        return None
    return {
        "add": sorted(change.coming.load()),
        "remove": sorted(change.going.load()),
        "readdressed": [list(pair) for pair in change.readdressed],
    }
