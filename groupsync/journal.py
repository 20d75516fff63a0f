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
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync import clock
from groupsync.disk import guard, sync_folder
from groupsync.errors import ConfigError, GroupsyncError
from groupsync.guard_grants import APPROVAL_DAYS
from groupsync.journal_folder import WRITABLE, make_folder
from groupsync.journal_mirror import Mirror
from groupsync.journal_plan import save_plan
from groupsync.journal_read import PLAN_ENDING, RUN_ENDING, idle_and_busy, open_runs, read_outline, run_ids
from groupsync.journal_records import FORMAT_VERSION
from groupsync.journal_sender import Sender
from groupsync.links import NOTHING
from groupsync.model import DOUBTED, Action, Diagnostic, Outcome, Result, RunKind, Severity
from groupsync.records import format_instant
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.backend import Step
    from groupsync.config import Config
    from groupsync.links import Remembered
    from groupsync.model import Change, PastSource, Plan, Report, Use
    from groupsync.records import Record

__all__ = ["APPLYING", "Journal", "Purpose", "RunRecorder", "RunsSinceError"]

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


class Journal:
    """The journal of a project, to write to; `now` tells the time, in UTC, `config` is the identity of the config."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        keep: int,
        now: Callable[[], datetime] = clock.now,
        config: str = "",
        mirror: Mirror | None = None,
    ) -> None:
        self._folder = folder
        self._root = root
        self._keep = keep
        self._now = now
        self._config = config
        self._mirror = mirror
        self._known: frozenset[str] | None = None

    @classmethod
    def of(cls, config: Config) -> Journal:
        """Return the journal that the config names. Reads no more than its key.

        Raises:
            ConfigError: the key of its store is not there, or can't be one.
        """
        mirror = Mirror.of(config)
        return cls(config.journal, config.root, keep=config.kept_runs, config=config.id, mirror=mirror)

    def fetch(self) -> None:
        """Bring the folder to the state of the store, and hold what it has now for known: see `run`.

        Raises:
            ConfigError: the folder or the store can't be read.
        """
        if self._mirror:
            self._mirror.fetch()
        self._known = frozenset(run_ids(self._folder))

    def catch_up(self) -> None:
        """Fetch what others wrote meanwhile, where that can be had."""
        if self._mirror:
            with suppress(ConfigError):
                self._mirror.fetch()

    @contextmanager
    def run(
        self,
        plan: Plan,
        purpose: Purpose = APPLYING,
        *,
        pause: Callable[[float], bool] | None = None,
        writes: bool = True,
    ) -> Iterator[RunRecorder]:
        """Begin to write down a run, before anything is changed; old runs are tidied away when it has ended.

        Args:
            plan: what is to be done.
            purpose: what for.
            pause: waits for seconds, and tells whether to wait no more; None for a plain wait.
            writes: whether anything is to be changed. Then the run is in the store before it goes on.

        Raises:
            RunsSinceError: others began since `fetch`, so that what the plan was judged by is not the last state.
            ConfigError: the journal can't be written.
        """
        config = plan.config or self._config
        runs = make_folder(self._folder, self._root, "runs")
        try:
            handle, name = self._create(runs)
        except OSError as error:
            raise _unwritable(error) from error
        recorder = RunRecorder(name, handle, self._now, purpose.kind)
        try:
            try:
                self._begin(
                    recorder, plan, _header(plan, purpose, name, self._now()) | {"config": config}, writes=writes
                )
            except BaseException:
                _forget(self._folder, name)
                raise
            prune = partial(_prune, self._folder, config or f"{plan.project}/", self._keep)
            recorder.keep_in(self._mirror, partial(prune, self._now() - timedelta(days=APPROVAL_DAYS)), pause)
            yield recorder
        finally:
            recorder.leave()
            os.close(handle)

    def _begin(self, recorder: RunRecorder, plan: Plan, header: Record, *, writes: bool) -> None:
        runs = self._folder / "runs"
        if plan.changes:
            recorder.lost = save_plan(plan, runs / f"{recorder.id}{PLAN_ENDING}")
        recorder.write(header)
        sync_folder(runs)
        if recorder.problem:
            raise _unwritable(recorder.problem) from recorder.problem
        if self._mirror and writes:
            self._mirror.send(check=partial(self._refuse_others, recorder.id))

    def note_unchanged(
        self, plan: Plan, report: Report, sources: Iterable[PastSource], links: Remembered = NOTHING
    ) -> tuple[Diagnostic, ...]:
        """Write down that there was nothing to change, for guards to compare with; return a warning if that fails."""
        try:
            with self.run(plan, writes=False) as run:
                return run.finish(plan, report, sources, links)
        except ConfigError as error:
            summary = "This run is not remembered: the journal can't be written"
            hint = "Make it writable: guards compare with what past runs found."
            return (Diagnostic("GS611", Severity.WARNING, summary, error.detail, hint),)

    def _create(self, runs: Path) -> tuple[int, str]:
        with guard(runs, exclusive=True):
            self._refuse_others("", run_ids(self._folder))
            while True:
                name = _run_id(self._now())
                with suppress(FileExistsError):
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                    return os.open(runs / f"{name}{RUN_ENDING}", flags, 0o600), name

    def _refuse_others(self, name: str, ids: Iterable[str]) -> None:
        others = sorted(set(ids) - self._known - {name}) if self._known is not None else []
        if others:
            raise RunsSinceError(others)


class RunsSinceError(GroupsyncError):
    """Others began to apply since the plan was judged, so that it must be judged again. Nothing was changed."""

    def __init__(self, runs: Sequence[str]) -> None:
        others = "another run came" if len(runs) == 1 else f"{counted(len(runs), 'other run')} came"
        summary = f"{others[0].upper()}{others[1:]} first"
        super().__init__(summary, f"What guards compare with is another state now: {', '.join(runs)}.", "Run again.")
        self.runs = tuple(runs)


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
            raise _unwritable(self.problem) from self.problem
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
        self.write({"record": "links", "built_on": built_on, "counts": dict(links.counts), "later": later})
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
        hint = "Keep this folder: the next apply from here sends it. Without it the run looks cut short elsewhere."
        return (Diagnostic("GS611", Severity.WARNING, summary, str(problem), hint),)

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


def _prune(folder: Path, config: str, keep: int, since: datetime) -> list[str]:
    """Delete a config's oldest runs; those with something left to do stay, and those since then that took approvals.

    `keep` are kept of those that applied something, and as many others: these never push out what can be undone.
    Returns their ids.
    """
    idle, busy = idle_and_busy(folder, config)
    old = [*idle[:-keep], *busy[:-keep]]
    left = {run.id for run, _ in open_runs(folder, config)} if old else set()
    gone: list[str] = []
    for name in old:
        run = read_outline(folder, name)
        if name not in left and not (run and run.uses and run.started_at > since):
            _forget(folder, name)
            gone.append(name)
    return gone


def _forget(folder: Path, name: str) -> None:
    for ending in (RUN_ENDING, PLAN_ENDING):
        (folder / "runs" / f"{name}{ending}").unlink(missing_ok=True)


def _unwritable(error: OSError) -> ConfigError:
    return ConfigError("The journal can't be written", _reason(error), WRITABLE)


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
