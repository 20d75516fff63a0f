"""Write down one run of the journal, record by record. An edge: it writes, and sends what it wrote to the store."""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_folder import WRITABLE
from groupsync.journal_records import FORMAT_VERSION
from groupsync.journal_sender import Sender
from groupsync.links import NOTHING
from groupsync.model import DOUBTED, Action, Diagnostic, Outcome, RunKind, Severity
from groupsync.records import format_instant
from groupsync.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from groupsync.backend import Step
    from groupsync.journal_mirror import Mirror
    from groupsync.links import Remembered
    from groupsync.model import Change, PastSource, Plan, Report, Result, Use
    from groupsync.records import Record

STORE_PATIENCE_SECONDS: Final = 15 * 60.0
"""How long a store may fail before nothing new begins: as long as a lock holds."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a run is for.

    Attributes:
        kind: an apply of its own, or what it does with an earlier run.
        of: that run's id; empty for an apply.
        allowances: what was allowed by exception, as it was written.
        uses: how much of which approvals that takes.
    """

    kind: RunKind = RunKind.APPLY
    of: str = ""
    allowances: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()


APPLYING: Final = Purpose()


class RunRecorder:
    """Writes down one run; see `groupsync.apply.Recorder`. Safe to use from several threads.

    Attributes:
        id: of the run.
        lost: results of changes whose names could not be written down because they can't be read any more; they must
            not be tried.
        problem: why the journal could not be written any further; None as long as it could.
    """

    def __init__(self, name: str, handle: int, now: Callable[[], datetime], kind: RunKind = RunKind.APPLY) -> None:
        self.id = name
        self._kind = kind
        self.lost: dict[tuple[str, str], Result] = {}
        self.problem: OSError | None = None
        self._handle = handle
        self._now = now
        self._mutex = threading.Lock()
        self._known: dict[tuple[str, str], Outcome] = {}
        self._sender: Sender | None = None
        self._keeps_names = True
        self._prune: Callable[[], Iterable[str]] = tuple
        self._pause: Callable[[float], bool] | None = None

    def keep_in(
        self, mirror: Mirror | None, prune: Callable[[], Iterable[str]], pause: Callable[[float], bool] | None
    ) -> None:
        """Send what is written down from now on to a store.

        Args:
            mirror: sends; None where there is no store.
            prune: forgets old runs in the folder, once the run is over, and returns their ids.
            pause: waits for seconds, and tells whether to wait no more.
        """
        self._sender = Sender(mirror, STORE_PATIENCE_SECONDS) if mirror else None
        self._keeps_names = mirror is not None and mirror.keeps_names
        self._prune = prune
        self._pause = pause

    def leave(self) -> None:
        """Send nothing more."""
        if self._sender:
            self._sender.leave()

    def before(self, change: Change) -> None:
        """Note that `change` is about to be tried.

        Raises:
            ConfigError: it could not be noted, so that it must not be tried.
        """
        self.write({"record": "before", **_intent(change), "precondition": change.precondition})
        if self.problem:
            raise unwritable(self.problem) from self.problem
        if self._sender and (problem := self._sender.problem()):
            raise problem

    def step(self, change: Change, step: Step) -> None:
        """Note a write of `change`, which takes several."""
        record: Record = {"record": "step", "target": change.target, "name": change.name, "added": step.added}
        self.write({**record, "removed": step.removed, "revision": step.revision})

    def after(self, change: Change, result: Result) -> None:
        """Note what became of `change`. Where that can't be noted nothing more will be tried: see `before`."""
        self._known[change.key] = result.outcome
        self.write({"record": "after", "at": format_instant(self._now()), **_result(result)})

    def finish(
        self, plan: Plan, report: Report, sources: Iterable[PastSource] = (), links: Remembered = NOTHING
    ) -> tuple[Diagnostic, ...]:
        """Note what became of all that was not tried, or turned out to be otherwise; and that the run is over.

        Args:
            plan: that was carried out.
            report: what became of it.
            sources: those that guards are to compare with from now on: see `groupsync.believing`.
            links: how groups are built on others by what was applied.

        Returns:
            A warning where the journal is not whole.
        """
        self.settle(plan, report.results)
        left = sum(self._kind.leaves(result.outcome) for result in report.results)
        built_on = {name: sorted(bases) for name, bases in links.built_on.items()}
        later = [
            [target, name, format_instant(at), leaving, digest]
            for (target, name), elements in sorted(links.later.items())
            for at, leaving, digest in elements
        ]
        told: Record = {"built_on": built_on, "counts": dict(links.counts), "later": later}
        doubted = [[each.what.value, each.name] for each in sorted(links.doubted)]
        self.write({"record": "links", **told, "doubted": doubted})
        end: Record = {"record": "end", "at": format_instant(self._now()), "interrupted": report.interrupted}
        past = [{"name": each.name, "rows": each.rows, "identity": each.identity} for each in sources]
        written = len(report.of(Outcome.APPLIED, *DOUBTED))
        self.write({**end, "left": left, "applied": written, "sources": past})
        gone: list[str] = []
        with suppress(OSError, ConfigError):  # tidying can wait for the next run
            gone += self._prune()
        if self.problem is None:
            return self._sent(gone)
        summary = f"The journal of this run, {self.id}, is not whole"
        hint = "What this run did stands as reported here. Make room, or mend it, before the next one."
        return (Diagnostic("GS611", Severity.WARNING, summary, _reason(self.problem), hint),)

    def _sent(self, gone: Iterable[str]) -> tuple[Diagnostic, ...]:
        """Send the rest; return a warning where the store does not have all of it."""
        problem = self._sender.close(gone, self._pause) if self._sender else None
        if problem is None:
            return ()
        summary = f"The journal's store does not have all of this run, {self.id}"
        elsewhere = (
            "`groupsync apply --resume` from any clone proves what was done"
            if self._keeps_names
            else "a new plan does what is left"
        )
        hint = f"Where this folder stays, the next apply sends it; where it does not, {elsewhere}."
        return (Diagnostic("GS630", Severity.WARNING, summary, str(problem), hint),)

    def settle(self, plan: Plan, results: Iterable[Result]) -> None:
        """Note the results that are not known yet, or are others than those known."""
        changes = {change.key: change for change in plan.changes}
        for result in results:
            key = (result.target, result.name)
            if self._known.get(key) is not result.outcome:
                self._known[key] = result.outcome
                self.write({"record": "result", **_intent(changes[key]), **_result(result)})

    def write(self, record: Record) -> None:
        """Append a record, and see that it is on the disk. After a failure nothing more is written."""
        line = json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
        with self._mutex:
            if self.problem is None:
                try:
                    while line:
                        line = line[os.write(self._handle, line) :]
                    os.fsync(self._handle)
                except OSError as error:
                    self.problem = error
        if self._sender:
            self._sender.note()


def header_of(plan: Plan, purpose: Purpose, name: str, now: datetime) -> Record:
    """Return the record that a run begins with."""
    from importlib.metadata import version

    return {
        "record": "header",
        "format_version": FORMAT_VERSION,
        "run": name,
        "kind": purpose.kind.value,
        "of": purpose.of,
        "project": plan.project,
        "plan_digest": plan.digest,
        "as_of": format_instant(plan.as_of),
        "started_at": format_instant(now),
        "targets": [{"name": target.name, "identity": target.identity} for target in plan.targets],
        "changes": len(plan.changes),
        "user": _user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "version": version("groupsync"),
        "allowances": list(purpose.allowances),
        "approvals": [_use(each) for each in purpose.uses],
        "sources": [{"name": source.name, "rows": source.rows} for source in plan.sources if not source.refused],
    }


def _use(use: Use) -> Record:
    return {
        "kind": use.kind.value,
        "name": use.name,
        "path": use.path,
        "definition": use.definition,
        "target": use.target,
        "count": use.count,
    }


def _intent(change: Change) -> Record:
    return {
        "target": change.target,
        "name": change.name,
        "action": change.action.value,
        "prior_name": change.prior_name,
        "prior_count": change.prior_count,
        "count": change.prior_count + change.add.count - change.remove.count,
        "consented": change.remove.count if _is_consented(change) else change.expired,
    }


def _is_consented(change: Change) -> bool:
    """Tell whether a group is deleted by its own definition, which has `state: absent`."""
    return change.action is Action.DELETE and bool(change.definition_digest)


def _result(result: Result) -> Record:
    unseen: Record = {"unseen_added": result.unseen_added, "unseen_removed": result.unseen_removed}
    return (unseen if any(unseen.values()) else {}) | {
        "target": result.target,
        "name": result.name,
        "outcome": result.outcome.value,
        "error": scrub(result.error),
        "hint": scrub(result.hint),
        "attempts": result.attempts,
        "added": result.added,
        "removed": result.removed,
        "readdressed": result.readdressed,
        "revision": result.revision,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def unwritable(error: OSError) -> ConfigError:
    """Return the error that the journal can't be written."""
    return ConfigError("The journal can't be written", _reason(error), WRITABLE)


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
