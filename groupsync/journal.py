r"""Write down what a run does, before and after each change, so that it can be gone on with and taken back.

The journal is a folder of the project's own, for its owner alone (it names people), which git leaves out:

    .gitignore         `*`
    runs/ID.plan       the plan, with all names: `groupsync.planfile`
    runs/ID.jsonl      one record a line, each on the disk before anything else happens

The records, in JSON Lines, told apart by `record`: `header` (who, when, which plan), `result` for each change that is
not tried, `before` and `after` each one that is, `step` after each write of one that takes several, `result` again
where a second look showed something else, `links` with how groups are built on others by what was applied, `end`.
Nothing is ever taken back; a run without `end` was cut short, or goes on. An apply that found nothing to change has a
header, links and an end, and no plan. `groupsync.journal_recorder` writes them, `groupsync.journal_read` reads them.
"""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from groupsync import clock
from groupsync.config_identity import ConfigId
from groupsync.disk import guard, sync_folder
from groupsync.errors import ConfigError, GroupsyncError
from groupsync.guard_grants import APPROVAL_DAYS
from groupsync.journal_folder import make_folder
from groupsync.journal_mirror import Mirror
from groupsync.journal_plan import save_plan
from groupsync.journal_read import PLAN_ENDING, RUN_ENDING, idle_and_busy, open_runs, read_outline, run_ids
from groupsync.journal_recorder import APPLYING, Purpose, RunRecorder, header_of, unwritable
from groupsync.links import NOTHING
from groupsync.model import Diagnostic, Severity
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.links import Remembered
    from groupsync.model import PastSource, Plan, Report
    from groupsync.records import Record

__all__ = ["APPLYING", "Journal", "Purpose", "RunRecorder", "RunsSinceError"]


class Journal:
    """The journal of a project, to write to; `now` tells the time, in UTC, `config` is whose it is."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        keep: int,
        now: Callable[[], datetime] = clock.now,
        config: ConfigId | None = None,
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

    def fetch(self) -> tuple[Diagnostic, ...]:
        """Bring the folder to the state of the store, and hold what it has now for known: see `run`.

        Returns:
            A warning where the store lacks runs that it had.

        Raises:
            ConfigError: the folder or the store can't be read.
        """
        lost = self._mirror.fetch() if self._mirror else ()
        self._known = frozenset(run_ids(self._folder))
        if not lost:
            return ()
        summary = f"The journal's store lacks {counted(len(lost), 'run')} that it had, the newest of all"
        detail = f"They are kept here, and the next apply sends them: {', '.join(sorted(lost)[-3:])}."
        hint = "If nobody deleted the ref or put an older one in its place, find out who could push there."
        return (Diagnostic("GS631", Severity.WARNING, summary, detail, hint),)

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
        config = self._config or ConfigId.of(plan.config or f"{plan.project}/")
        runs = make_folder(self._folder, self._root, "runs")
        try:
            handle, name = self._create(runs, writes=writes)
        except OSError as error:
            raise unwritable(error) from error
        recorder = RunRecorder(name, handle, self._now, purpose.kind)
        try:
            try:
                header = header_of(plan, purpose, name, self._now()) | {"config": str(config)}
                self._begin(recorder, plan, header, writes=writes)
            except BaseException:
                _forget(self._folder, name)
                raise
            prune = partial(_prune, self._folder, config, self._keep)
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
            raise unwritable(recorder.problem) from recorder.problem
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

    def _create(self, runs: Path, *, writes: bool) -> tuple[int, str]:
        with guard(runs, exclusive=True):
            self._refuse_others("", run_ids(self._folder) if writes else ())
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


def _run_id(now: datetime) -> str:
    """Return an id that sorts by time to the microsecond: five digits of it, three by chance."""
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(0x1000):03x}"


def _prune(folder: Path, config: ConfigId, keep: int, since: datetime) -> list[str]:
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
