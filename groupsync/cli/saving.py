"""Say what may be done with a plan that was saved."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from groupsync.report.style import counted

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.model import Plan


def saved_words(plan: Plan, path: Path) -> str:
    """Say how a plan saved at `path` is applied, and what of it is left out then; or that it can't be."""
    from groupsync.guard_grants import OPTION, written
    from groupsync.report.totals import refused_keys

    saved = f"Saved to {path}"
    if plan.looking:
        return f"{saved}, to be looked at: a plan that was made with `--at` can't be applied."
    if not plan.changes:
        return f"{saved}; there is nothing in it to apply."
    refused = len(refused_keys(plan))
    if refused == len(plan.changes):
        return f"{saved}; all of it is refused, and `groupsync apply {shlex.quote(str(path))}` does nothing."
    options = [each for each in plan.verdict.allowances if each.source == OPTION]
    typed = "".join(f" {OPTION} {shlex.quote(written(each, plan.digest))}" for each in options)
    rest = f", but for {counted(refused, 'change that is', 'changes that are')} refused" if refused else ""
    return f"{saved}; `groupsync apply {shlex.quote(str(path))}{typed}` does just this{rest}."
