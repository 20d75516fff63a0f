"""Save the plan of a run in the journal, with all names, as far as they can still be read. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync.convert import check_members
from groupsync.errors import ConfigError, GroupsyncError, StalePlanError, StaleRead
from groupsync.journal_folder import WRITABLE
from groupsync.model import Outcome, Result
from groupsync.plan import sealed
from groupsync.planfile import write_plan
from groupsync.records import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.model import Change, Plan


def save_plan(plan: Plan, path: Path) -> dict[tuple[str, str], Result]:
    """Save the plan, without the changes whose members can't be read any more; return results for those."""
    try:
        write_plan(plan, path)
    except GroupsyncError as error:
        lost = {change.key: found for change in plan.changes if (found := _unreadable(change))}
        if not lost:
            raise ConfigError("The journal can't be written", str(error), WRITABLE) from error
        kept = tuple(change for change in plan.changes if change.key not in lost)
        write_plan(sealed(replace(plan, changes=kept)), path)
        return lost
    return {}


def _unreadable(change: Change) -> Result | None:
    try:
        for members in (change.add, change.remove):
            check_members(sorted(members.load()), members.count, members.digest)
    except RecordError as error:
        return _never_tried(change, Outcome.STALE, f"its members changed since they were planned: {error}", "")
    except GroupsyncError as error:
        outcome = Outcome.STALE if isinstance(error, (StalePlanError, StaleRead)) else Outcome.FAILED
        return _never_tried(change, outcome, str(error), error.hint)
    return None


def _never_tried(change: Change, outcome: Outcome, error: str, hint: str) -> Result:
    return Result(change.target, change.name, change.action, outcome, error, hint or "Plan again.")
