"""Carry out a plan: the changes it holds, in order, and nothing else.

An edge: it calls the backends. What happens to one group keeps another from being done only where that is built on it.

Targets come one after the other, those first that others are built on, so that a run that is cut short, or meets a
target that is down, has left the next ones wholly alone. On one target the changes go in stages (`groupsync.ordering`),
each over before the next begins; within a stage as many are in flight as the backend allows.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from groupsync.errors import BackendError, GroupsyncError, StalePlanError, StaleRead
from groupsync.makeshift import apply_change
from groupsync.model import Outcome, Result
from groupsync.ordering import Order
from groupsync.progress import Track, untracked
from groupsync.retry import Retries, joined_hints
from groupsync.verify import FOUND_DONE, moved_since, rests_of, verify, with_members
from groupsync.workers import each_done

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from groupsync.backend import Backend, Step
    from groupsync.model import Change, Plan

__all__ = ["Recorder", "Unrecorded", "execute", "outcome_of", "verify"]

_HELD_HINTS: Final = {Outcome.NOT_TRIED: "Apply again; it tries both.", Outcome.STALE: "Plan again."}


class Recorder(Protocol):
    """Writes down what is about to be tried and what became of it; called from several threads at once."""

    def before(self, change: Change) -> None:
        """Note that `change` is about to be tried.

        Raises:
            GroupsyncError: it could not be noted; the change is not tried.
        """
        ...

    def step(self, change: Change, step: Step) -> None:
        """Note a write of `change`, which takes several."""
        ...

    def after(self, change: Change, result: Result) -> None:
        """Note what became of `change`."""
        ...


class Unrecorded:
    """The recorder that keeps nothing."""

    def before(self, change: Change) -> None:
        """Keep nothing."""

    def step(self, change: Change, step: Step) -> None:
        """Keep nothing."""

    def after(self, change: Change, result: Result) -> None:
        """Keep nothing."""


def execute(
    plan: Plan,
    backends: Mapping[str, Backend],
    refused: Mapping[tuple[str, str], Result],
    *,
    stopped: Callable[[], bool] = lambda: False,
    track: Track = untracked,
    journal: Recorder | None = None,
    retry: Retries | None = None,
    keep: Callable[[str], str] = lambda _: "",
    goes_to: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> tuple[Result, ...]:
    """Apply the changes of `plan` that nothing speaks against.

    Args:
        plan: what to do.
        backends: by target.
        refused: results of changes that must not be tried, by the change's key.
        stopped: asked before each change; once true, what is left is not tried.
        track: shows how far it has come.
        journal: told of each change before it is tried and after; None for none.
        retry: how patient to be; None for the usual.
        keep: keeps the lock of a target from running out; returns why it is lost, empty as long as it is ours. Called
            before each attempt.
        goes_to: by target, names of the groups that go there, whether they change or not.

    Returns:
        One result a change, in the plan's order.
    """
    order = Order(plan.changes, plan.links, goes_to)
    todo = [change for change in order.sorted() if change.key not in refused]
    run = _Run(backends, stopped, journal or Unrecorded(), retry or Retries(), keep)
    results = dict(refused)
    for result in refused.values():
        order.note(result)
    with closing(run.carry_out(todo, order)) as finished:
        for _, (change, result) in zip(track("Applying", todo), finished, strict=False):
            results[change.key] = result
    return tuple(results[change.key] for change in plan.changes)


def outcome_of(change: Change, outcome: Outcome, error: str = "", hint: str = "") -> Result:
    """Make the result of a change that was not carried out."""
    return Result(change.target, change.name, change.action, outcome, error, hint)


@dataclass(frozen=True, slots=True)
class _Run:
    """What every change of a run needs; its methods are called from several threads."""

    backends: Mapping[str, Backend]
    stopped: Callable[[], bool]
    recorder: Recorder
    retries: Retries
    keep: Callable[[str], str]

    def carry_out(self, changes: Sequence[Change], order: Order) -> Generator[tuple[Change, Result]]:
        """Give each change with what became of it, as they are done; `changes` come in order."""
        for (_, target, *_), stage in groupby(changes, key=order.stage):
            left = list(stage)
            held = order.held(target, left)
            for change in left:
                if change.key in held:
                    outcome, why = held[change.key]
                    yield change, outcome_of(change, outcome, why, _HELD_HINTS[outcome])
            todo = [change for change in left if change.key not in held]
            for change, result in each_done(self._change, todo, self.backends[target].capabilities.concurrent):
                if result.outcome is not Outcome.STALE or not (order.is_built_on(change) and self._is_done(change)):
                    order.note(result)
                yield change, result

    def _change(self, change: Change) -> Result:
        if self.stopped():
            return outcome_of(change, Outcome.NOT_TRIED, "interrupted", "Apply again; it goes on.")
        lost = self.keep(change.target)
        if lost:
            return outcome_of(change, Outcome.NOT_TRIED, lost, "Plan again.")
        try:
            self.recorder.before(change)
        except GroupsyncError as error:
            return outcome_of(change, Outcome.NOT_TRIED, str(error), error.hint)
        started = time.monotonic()
        result = self._attempts(change, self.backends[change.target])
        result = replace(result, duration_seconds=time.monotonic() - started)
        self.recorder.after(change, result)
        return result

    def _is_done(self, change: Change) -> bool:
        """Tell whether a group that moved is as the change wants it, as where the plan was applied before."""
        return not rests_of([change], self.backends[change.target], self.retries)[change.key].problem

    def _attempts(self, change: Change, backend: Backend) -> Result:
        """Try a change, or what is left of it, until it is done or there is no sense in trying again."""
        attempt, todo, progress = 0, change, _Progress(change, self.recorder)
        while True:
            attempt += 1
            try:
                group = apply_change(todo, backend, progress.note)
            except (StalePlanError, StaleRead) as error:
                # What we wrote ourselves, with or without an answer, may have been what moved the group.
                if attempt > 1 or progress.steps:
                    begun = {change.key} if progress.steps else set()
                    rest = rests_of([change], backend, self.retries, begun)[change.key]
                    if not rest.problem:
                        return replace(_applied(change, attempt), hint=FOUND_DONE)
                    if rest.change is not None and attempt < self.retries.policy.attempts:
                        todo = rest.change
                        continue
                moved = moved_since(change, backend, self.retries)
                text = f"{error}: {moved}" if moved else str(error)
                return progress.told(outcome_of(change, Outcome.STALE, text, error.hint or "Plan again."), attempt)
            except GroupsyncError as error:
                why = self._why_not_again(change, error, attempt)
                if why is not None:
                    result = outcome_of(change, Outcome.FAILED, str(error), joined_hints(error.hint, why))
                    return progress.told(result, attempt)
            else:
                return _applied(change, attempt, group.revision if group else None)

    def _why_not_again(self, change: Change, error: GroupsyncError, attempt: int) -> str | None:
        if not isinstance(error, BackendError):
            return ""
        why = self.retries.wait(error, attempt)
        return (self.keep(change.target) or None) if why is None else why


@dataclass(slots=True)
class _Progress:
    """How far a change has come that takes several writes."""

    change: Change
    recorder: Recorder
    steps: list[Step] = field(default_factory=list)

    def note(self, step: Step) -> None:
        self.steps.append(step)
        self.recorder.step(self.change, step)

    def told(self, result: Result, attempts: int) -> Result:
        """Return the result of a change that was not brought to its end, with what was done of it."""
        added, removed = sum(step.added for step in self.steps), sum(step.removed for step in self.steps)
        return replace(result, attempts=attempts, added=added, removed=removed)


def _applied(change: Change, attempts: int, revision: str | None = None) -> Result:
    result = replace(outcome_of(change, Outcome.APPLIED), attempts=attempts, revision=revision)
    return with_members(result, change)
