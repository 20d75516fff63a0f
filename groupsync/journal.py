r"""Write down what a run does, before and after each change, so that it can be gone on with and taken back.

The journal is a folder of the project's own, for its owner alone (it names people), which git leaves out:

    .gitignore         `*`
    runs/ID.plan       the plan, with all names: `groupsync.planfile`
    runs/ID.jsonl      one record a line, each on the disk before anything else happens

The records, in JSON Lines, told apart by `record`: `header` (who, when, which plan), `result` for each change that is
not tried, `before` and `after` each one that is, `step` after each write of one that takes several, `result` again
where a second look showed something else, `links` with how groups are built on others by what was applied, `end`.
Nothing is ever taken back; a run without `end` was cut short. An apply that found nothing to change has a header, links
and an end, and no plan. `groupsync.journal_read` reads them.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from groupsync import clock
from groupsync.disk import sync_folder
from groupsync.errors import ConfigError
from groupsync.guard_grants import APPROVAL_DAYS
from groupsync.journal_folder import WRITABLE, make_folder
from groupsync.journal_plan import save_plan
from groupsync.journal_read import PLAN_ENDING, RUN_ENDING, idle_and_busy, open_runs, read_outline
from groupsync.journal_records import FORMAT_VERSION
from groupsync.links import NOTHING
from groupsync.model import DOUBTED, Action, Diagnostic, Outcome, Result, RunKind, Severity
from groupsync.records import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from groupsync.backend import Step
    from groupsync.config import Config
    from groupsync.links import Remembered
    from groupsync.model import Change, PastSource, Plan, Report, Use
    from groupsync.records import Record

__all__ = ["APPLYING", "Journal", "Purpose", "RunRecorder"]


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


class Journal:
    """The journal of a project, to write to; `now` tells the time, in UTC, `config` is the identity of the config."""

    def __init__(
        self, folder: Path, root: Path, *, keep: int, now: Callable[[], datetime] = clock.now, config: str = ""
    ) -> None:
        self._folder = folder
        self._root = root
        self._keep = keep
        self._now = now
        self._config = config

    @classmethod
    def of(cls, config: Config) -> Journal:
        """Return the journal that the config names. Does no I/O."""
        return cls(config.journal, config.root, keep=config.kept_runs, config=config.id)

    @contextmanager
    def run(self, plan: Plan, purpose: Purpose = APPLYING) -> Iterator[RunRecorder]:
        """Begin to write down a run, before anything is changed; old runs are tidied away when it has ended.

        Raises:
            ConfigError: the journal can't be written.
        """
        config = plan.config or self._config
        runs = make_folder(self._folder, self._root, "runs")
        try:
            handle, name = self._create(runs)
        except OSError as error:
            raise _unwritable(error) from error
        try:
            recorder = RunRecorder(name, handle, self._now, purpose.kind)
            if plan.changes:
                recorder.lost = save_plan(plan, runs / f"{name}{PLAN_ENDING}")
            recorder.write(_header(plan, purpose, name, self._now()) | {"config": config})
            sync_folder(runs)
            if recorder.problem:
                raise _unwritable(recorder.problem) from recorder.problem
            yield recorder
        finally:
            os.close(handle)
        with suppress(OSError, ConfigError):  # tidying can wait for the next run
            _prune(self._folder, config or f"{plan.project}/", self._keep, self._now() - timedelta(days=APPROVAL_DAYS))

    def note_unchanged(
        self, plan: Plan, report: Report, sources: Iterable[PastSource], links: Remembered = NOTHING
    ) -> tuple[Diagnostic, ...]:
        """Write down that there was nothing to change, for guards to compare with; return a warning if that fails."""
        try:
            with self.run(plan) as run:
                return run.finish(plan, report, sources, links)
        except ConfigError as error:
            summary = "This run is not remembered: the journal can't be written"
            hint = "Make it writable: guards compare with what past runs found."
            return (Diagnostic("GS611", Severity.WARNING, summary, error.detail, hint),)

    def _create(self, runs: Path) -> tuple[int, str]:
        while True:
            name = _run_id(self._now())
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                return os.open(runs / f"{name}{RUN_ENDING}", flags, 0o600), name


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

    def before(self, change: Change) -> None:
        """Note that `change` is about to be tried.

        Raises:
            ConfigError: it could not be noted, so that it must not be tried.
        """
        self.write({"record": "before", **_intent(change), "precondition": change.precondition})
        if self.problem:
            raise _unwritable(self.problem) from self.problem

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
        self.write({"record": "links", "built_on": built_on, "counts": dict(links.counts), "later": later})
        end: Record = {"record": "end", "at": format_instant(self._now()), "interrupted": report.interrupted}
        past = [{"name": each.name, "rows": each.rows, "identity": each.identity} for each in sources]
        written = len(report.of(Outcome.APPLIED, *DOUBTED))
        self.write({**end, "left": left, "applied": written, "sources": past})
        if self.problem is None:
            return ()
        summary = f"The journal of this run, {self.id}, is not whole"
        hint = "What this run did stands as reported here. Make room, or mend it, before the next one."
        return (Diagnostic("GS611", Severity.WARNING, summary, _reason(self.problem), hint),)

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


def _run_id(now: datetime) -> str:
    """Return an id that sorts by time to the microsecond: five digits of it, three by chance."""
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(0x1000):03x}"


def _header(plan: Plan, purpose: Purpose, name: str, now: datetime) -> Record:
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
        "error": result.error,
        "hint": result.hint,
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


def _prune(folder: Path, config: str, keep: int, since: datetime) -> None:
    """Delete a config's oldest runs; those with something left to do stay, and those since then that took approvals.

    `keep` are kept of those that applied something, and as many others: these never push out what can be undone.
    """
    idle, busy = idle_and_busy(folder, config)
    old = [*idle[:-keep], *busy[:-keep]]
    left = {run.id for run, _ in open_runs(folder, config)} if old else set()
    for name in old:
        run = read_outline(folder, name)
        if name not in left and not (run and run.uses and run.started_at > since):
            for ending in (RUN_ENDING, PLAN_ENDING):
                (folder / "runs" / f"{name}{ending}").unlink(missing_ok=True)


def _unwritable(error: OSError) -> ConfigError:
    return ConfigError("The journal can't be written", _reason(error), WRITABLE)


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
