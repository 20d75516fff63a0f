"""Say what may be done with a plan that was saved."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from groupsync.report.style import counted

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.model import Plan


def saved_words(plan: Plan, path: Path, *, adopt: bool = False) -> str:
    """Say how a plan saved at `path` is applied, and what of it is left out then; or that it can't be.

    Args:
        plan: as it was saved.
        path: where.
        adopt: it was made with `--adopt`, which a file does not tell.
    """
    from groupsync.adoption import is_takeover
    from groupsync.guard_grants import OPTION, written
    from groupsync.report.totals import refused_keys

    saved = f"Saved to {path}"
    if plan.looking:
        return f"{saved}, to be looked at: a plan that was made with `--at` can't be applied."
    if not plan.changes and plan.later:
        return f"{saved}; there is nothing in it to apply today. To apply it remembers that its dates were shown."
    if not plan.changes:
        return f"{saved}; there is nothing in it to apply."
    refused = len(refused_keys(plan))
    if refused == len(plan.changes):
        return f"{saved}; all of it is refused, and `groupsync apply {shlex.quote(str(path))}` does nothing."
    options = [each for each in plan.verdict.allowances if each.source == OPTION]
    typed = " --adopt" if adopt and any(map(is_takeover, plan.changes)) else ""
    typed += "".join(f" {OPTION} {shlex.quote(written(each, plan.digest))}" for each in options)
    rest = f", but for {counted(refused, 'change that is', 'changes that are')} refused" if refused else ""
    return f"{saved}; `groupsync apply {shlex.quote(str(path))}{typed}` does just this{rest}."
