"""Carry out a plan: the changes it holds, in order, and nothing else.

An edge: it calls the backends. What happens to one group never keeps another from being done.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from groupsync.errors import BackendError, GroupsyncError, StalePlanError
from groupsync.model import ATTRIBUTES, Action, Outcome, Result, Scope
from groupsync.progress import Track, untracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.model import Change, Group, Plan

_ORDER: Final = {
    action: position
    for position, action in enumerate(
        (Action.RENAME, Action.CREATE, Action.ADOPT, Action.UPDATE, Action.DELETE, Action.FORGET)
    )
}
"""A rename frees a name that a create may take; nothing goes before what is to be added is there."""


class Recorder(Protocol):
    """Writes down what is about to be tried and what became of it; called from several threads at once."""

    def before(self, change: Change) -> None:
        """Note that `change` is about to be tried. What it raises keeps the change from being tried."""
        ...

    def after(self, change: Change, result: Result) -> None:
        """Note what became of `change`."""
        ...


class Unrecorded:
    """The recorder that keeps nothing."""

    def before(self, change: Change) -> None:
        """Keep nothing."""

    def after(self, change: Change, result: Result) -> None:
        """Keep nothing."""


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in the order in which they are carried out."""
    return sorted(changes, key=lambda change: (_ORDER[change.action], change.key))


def execute(
    plan: Plan,
    backends: Mapping[str, Backend],
    refused: Mapping[tuple[str, str], Result],
    *,
    stopped: Callable[[], bool] = lambda: False,
    track: Track = untracked,
    journal: Recorder | None = None,
) -> tuple[Result, ...]:
    """Apply the changes of `plan` that nothing speaks against.

    Args:
        plan: what to do.
        backends: by target.
        refused: results of changes that must not be tried, by the change's key.
        stopped: asked before each change; once true, what is left is not tried.
        track: shows how far it has come.
        journal: told of each change before it is tried and after; None for none.

    Returns:
        One result a change, in the plan's order.
    """
    recorder = journal or Unrecorded()
    results = dict(refused)
    for change in track("Applying", [change for change in in_order(plan.changes) if change.key not in refused]):
        if stopped():
            results[change.key] = outcome_of(change, Outcome.NOT_TRIED, "interrupted", "Apply again; it goes on.")
        else:
            recorder.before(change)
            results[change.key] = _try(change, backends[change.target])
            recorder.after(change, results[change.key])
    return tuple(results[change.key] for change in plan.changes)


def outcome_of(change: Change, outcome: Outcome, error: str = "", hint: str = "") -> Result:
    """Make the result of a change that was not carried out."""
    return Result(change.target, change.name, change.action, outcome, error, hint)


def _try(change: Change, backend: Backend) -> Result:
    started = time.monotonic()
    try:
        backend.apply(change)
    except StalePlanError as error:
        result = outcome_of(change, Outcome.STALE, str(error), error.hint or "Plan again.")
    except GroupsyncError as error:
        result = outcome_of(change, Outcome.FAILED, str(error), error.hint)
    else:
        result = replace(outcome_of(change, Outcome.APPLIED), added=change.add.count, removed=change.remove.count)
    return replace(result, attempts=1, duration_seconds=time.monotonic() - started)


def verify(plan: Plan, backends: Mapping[str, Backend], results: Sequence[Result]) -> tuple[Result, ...]:
    """Read the changed groups again, and turn the result of each that is not as planned to `not-converged`."""
    applied = {(result.target, result.name) for result in results if result.outcome is Outcome.APPLIED}
    found: dict[tuple[str, str], str] = {}
    for target, backend in backends.items():
        changes = [change for change in plan.changes if change.key in applied and change.target == target]
        if changes:
            found |= _unlike_planned(changes, backend)
    return tuple(
        replace(
            result,
            outcome=Outcome.NOT_CONVERGED,
            error=found[result.target, result.name],
            hint="Somebody may have changed it meanwhile; plan again to see.",
        )
        if (result.target, result.name) in found
        else result
        for result in results
    )


def _unlike_planned(changes: Sequence[Change], backend: Backend) -> dict[tuple[str, str], str]:
    names = {change.name for change in changes} | {change.prior_name for change in changes if change.prior_name}
    try:
        snapshot = backend.read(Scope(frozenset(names)))
        groups = {group.name: group for group in snapshot.groups}
        missing = f"the target could not be read again: {snapshot.reason}" if not snapshot.complete else ""
        return {
            change.key: problem
            for change in changes
            if (problem := missing or _unlike(change, groups.get(change.name)))
        }
    except BackendError as error:
        return {change.key: f"it could not be read again: {error}" for change in changes}


def _unlike(change: Change, group: Group | None) -> str:
    """Say how a group that was read again differs from what the change should have made of it; empty if it doesn't."""
    match change.action:
        case Action.DELETE:
            return "it is still there" if group else ""
        case Action.FORGET:
            return "it still carries the mark" if group and group.mark else ""
        case _:
            return _unlike_written(change, group) if group else "it is not there"


def _unlike_written(change: Change, group: Group) -> str:
    if group.mark != change.mark:
        return "it does not carry the mark that was written"
    for each in change.attributes:
        if each.name in ATTRIBUTES and (group.attribute(each.name) or None) != (each.after or None):
            return f"its {each.name} is not what was written"
    if change.mark and group.members is not None and group.members.digest != change.mark.digest:
        return f"it has {group.members.count} members, not the {change.mark.count} that were planned"
    return ""
