"""What guards compare with: how large groups and sources were, as the journal tells. An edge: it reads the journal.

Only runs that came to their end count, however long ago they were: what no kept run knows is not remembered. Runs that
can't be read are left out; `unread` takes what is wrong with them, so that it can be told. Each function raises
ConfigError where the journal itself can't be read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_read import (
    collecting,
    is_run_of,
    plan_path,
    read_links,
    read_outline,
    read_run,
    run_ids,
    same_store,
)
from groupsync.model import DOUBTED, Action, Kind, Outcome, Removed, RunEntry, RunKind, subject_of
from groupsync.planfile import read_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from groupsync.config_identity import ConfigId
    from groupsync.journal_records import Key
    from groupsync.links import Remembered
    from groupsync.model import Change, Plan, Run, Use

_DONE: Final = (Outcome.APPLIED, *DOUBTED, None)


def past_rows(
    folder: Path, config: ConfigId, sources: Mapping[str, str], unread: list[ConfigError] | None = None
) -> dict[str, int]:
    """Return by name how many customers sources had when they were last believed and applied.

    The past belongs to the identity: a source that is renamed keeps it, in a config that is renamed as well, and two of
    one name don't share it. A source that reads something else than before is held against what had its name in this
    config, unless that has another name now.

    Args:
        folder: the journal.
        config: whose runs count first: see `Config.id`.
        sources: identities by name.
        unread: takes what is wrong with runs that can't be read.
    """
    own: dict[str, int] = {}
    named: dict[str, int] = {}
    elsewhere: dict[str, int] = {}
    taken = frozenset(sources.values())
    for run in _finished_in(folder, config.project, unread):
        is_own = is_run_of(run, config)
        rows_of = {each.identity: each.rows for each in run.sources if each.identity}
        for name, identity in sources.items():
            if identity in rows_of:
                (own if is_own else elsewhere).setdefault(name, rows_of[identity])
        for each in run.sources if is_own else ():
            if each.name in sources and each.identity not in taken:
                named.setdefault(each.name, each.rows)
        if len(own) == len(sources):
            break
    return {**elsewhere, **named, **own}


def is_outdated(folder: Path, config: ConfigId, as_of: datetime) -> bool:
    """Tell whether a later state of sources than that of an instant was believed and applied already."""
    newest = next((run.as_of for run in _finished(folder, config, None) if run.sources), None)
    return newest is not None and as_of < newest


def past_sizes(
    folder: Path,
    config: ConfigId,
    keys: Collection[Key],
    runs: int = 14,
    stores: Mapping[str, str] = MappingProxyType({}),
    *,
    unread: list[ConfigError] | None = None,
) -> dict[Key, list[int]]:
    """Return how many members groups had after each of the last finished runs that served their target, newest last.

    A rename keeps the past, a create begins it, and a delete ends it. Groups that no kept run changed are not in it.

    Args:
        folder: the journal.
        config: whose runs: see `Config.id`.
        keys: target and present name of the groups in question.
        runs: how many to look at.
        stores: which store each target is now, by name; what was applied to another one is not the past of this.
        unread: takes what is wrong with runs that can't be read.
    """
    open_ = {key: _Past(key, runs) for key in keys}
    found = list(open_.values())
    for outline in _finished(folder, config, unread):
        if not open_:
            break
        run = None
        with collecting(unread):
            run = read_run(folder, outline.id, open_) if outline.changes else outline
        if run:
            applied = [entry for entry in run.entries if entry.outcome is Outcome.APPLIED]
            ends = {(entry.target, entry.prior_name or entry.name): entry for entry in applied}
            ends |= {entry.key: entry for entry in applied}
            here = {name for name, store in run.identities if same_store(store, stores.get(name, ""))}
            for key, past in open_.items():
                if key[0] in here:
                    past.take(ends.get(key))
            open_ = {past.key: past for past in open_.values() if past.is_open}
    return {past.asked: sizes for past in found if (sizes := past.sizes())}


def past_removals(
    folder: Path,
    config: ConfigId,
    since: datetime,
    stores: Mapping[str, str] = MappingProxyType({}),
    *,
    unread: list[ConfigError] | None = None,
) -> dict[Key, Removed]:
    """Return what the runs of a config since an instant took out of groups, by target and present name.

    Without a name it is what they took out of all groups of the target, and `most` means nothing. What a run that was
    cut short was to do counts as done where nobody knows, until a resume settles it. A rename keeps what went before.

    Args:
        folder: the journal.
        config: whose runs: see `Config.id`.
        since: when they began at the earliest.
        stores: as for `past_sizes`.
        unread: takes what is wrong with runs that can't be read.
    """
    found: dict[Key, Removed] = {}
    runs: dict[str, int] = {}
    names = [name for name in run_ids(folder) if name >= f"{since:%Y%m%dT%H%M%SZ}"]
    resumed = _resumed(folder, names)
    for name in names:
        with collecting(unread):
            run = read_run(folder, name)
            if run is None or not is_run_of(run, config):
                continue
            known = frozenset(run.entries)
            if run.finished_at is None and run.id not in resumed:
                run = _as_if_done(folder, run)
            here = {target for target, store in run.identities if same_store(store, stores.get(target, ""))}
            took: set[str] = set()
            for entry in sorted(run.entries, key=lambda entry: entry.action is not Action.RENAME):
                if entry.target in here:
                    before = found.pop((entry.target, entry.prior_name or entry.name), Removed())
                    after = _with_removed(before, entry, is_undo=run.kind is RunKind.UNDO)
                    doubted = before.doubted + (0 if entry in known else after.gone - before.gone)
                    found[entry.key] = after = replace(after, doubted=doubted)
                    took |= {entry.target} if after.runs > before.runs else set()
            runs |= {target: runs.get(target, 0) + 1 for target in took}
    return found | {(target, ""): _in_all(found, target, count) for target, count in runs.items()}


def _resumed(folder: Path, names: Iterable[str]) -> frozenset[str]:
    """Return the ids of the runs that others went on with."""
    found: set[str] = set()
    for name in names:
        with collecting(None):
            run = read_outline(folder, name)
            found |= {run.of} if run and run.kind is RunKind.RESUME else set()
    return frozenset(found)


def _as_if_done(folder: Path, run: Run) -> Run:
    """Return a run that was cut short with what it was to remove, and nobody knows, as if that was done."""
    known = {entry.key: entry for entry in run.entries if entry.outcome is not None}
    path = plan_path(folder, run.id)
    changes = read_plan(path).changes if path.exists() else ()
    planned = [_removing(each, each.going.count) for each in changes]
    planned += [_removing(each, each.removed) for each in run.planned]
    found = {each.key: each for each in planned}
    return replace(run, entries=tuple((found | known).values()))


def _removing(planned: Change | RunEntry, removed: int) -> RunEntry:
    """Return what may have gone from a group, whose size is held for what it was."""
    name, prior = planned.prior_name or planned.name, planned.prior_count
    return RunEntry(planned.target, name, Action.UPDATE, None, name, prior, prior, added=removed, removed=removed)


def _in_all(removed: Mapping[Key, Removed], target: str, runs: int) -> Removed:
    here = [each for (name, _), each in removed.items() if name == target]
    gone, change, doubted = (sum(getattr(each, what) for each in here) for what in ("gone", "change", "doubted"))
    return Removed(gone, runs, change=change, doubted=doubted)


def _with_removed(before: Removed, entry: RunEntry, *, is_undo: bool) -> Removed:
    took = 0 if is_undo else max(0, entry.removed - entry.readdressed - entry.consented)
    back = entry.added - entry.readdressed if is_undo else 0
    change = entry.added - entry.removed
    return Removed(
        max(0, before.gone + took - back),
        before.runs + bool(took),
        max(before.most, entry.prior_count, entry.prior_count + change),
        before.change + change,
    )


def past_uses(
    folder: Path, config: ConfigId, resumed: str = "", unread: list[ConfigError] | None = None
) -> tuple[Use, ...]:
    """Return how much of approvals each run of a config took, oldest first.

    What a resume did counts for the run that it went on with.
    Of a change of which nobody knows whether it was carried out everything counts as taken.

    Args:
        folder: the journal.
        config: id of the config whose runs count.
        resumed: id of the run that is gone on with: what it took is not in the result.
        unread: takes what is wrong with runs that can't be read.
    """
    chains: dict[str, list[Run]] = {}
    root_of: dict[str, str] = {}
    for name in run_ids(folder):
        with collecting(unread):
            run = read_outline(folder, name)
            if run and is_run_of(run, config):
                root = root_of.get(run.of, run.of) if run.kind is RunKind.RESUME else name
                root_of[name] = root
                chains.setdefault(root, []).append(run)
    taken: list[Use] = []
    chains.pop(root_of.get(resumed, resumed), None)
    for runs in chains.values():
        for use in runs[0].uses if runs[0].kind is not RunKind.RESUME else ():
            count = max(_taken(use, folder, run.id) for run in runs)
            taken += [replace(use, count=count, run=runs[0].id)] if count else []
    return tuple(taken)


def _taken(use: Use, folder: Path, name: str) -> int:
    """Return how many of those that a run was allowed to change by an approval it did change.

    Whatever a run did counts for an approval of a source: nobody knows what of it was computed from that.
    """
    try:
        run = read_run(folder, name)
    except ConfigError:
        return use.count
    subject, name = subject_of(use.kind, use.name), use.name.rpartition(":")[2]
    found = [
        entry
        for entry in (run.entries if run else ())
        if subject == "source" or (entry.target == use.target and (subject == "target" or entry.name == name))
    ]
    if any(entry.outcome in _DONE for entry in found):
        return use.count
    known = sum(entry.added if use.kind is Kind.ADD else entry.removed for entry in found)
    return min(known, use.count)


def stores_of(plan: Plan) -> dict[str, str]:
    """Return which store each target of a plan is, by name."""
    return {target.name: target.identity for target in plan.targets}


def remembered_links(folder: Path, config: ConfigId, unread: list[ConfigError] | None = None) -> Remembered | None:
    """Return how groups were built on others by what was applied last; None where no kept run tells."""
    for outline in _finished(folder, config, unread):
        with collecting(unread):
            if (links := read_links(folder, outline.id)) is not None:
                return links
    return None


@dataclass(frozen=True, slots=True)
class KnownRuns:
    """What runs of a config that came to their end are known to have looked at.

    Attributes:
        is_any: whether there is one.
        targets: names of the targets that they served, as far as these are the stores of now.
        sources: names of the sources that they believed.
    """

    is_any: bool = False
    targets: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


def known_runs(folder: Path, config: ConfigId, stores: Mapping[str, str]) -> KnownRuns:
    """Return what the kept runs of a config are known to have looked at; those that can't be read are left out.

    Args:
        folder: the journal.
        config: whose runs: see `Config.id`.
        stores: as for `past_sizes`.
    """
    is_any, targets, sources = False, set[str](), set[str]()
    for run in _finished(folder, config, None):
        is_any = True
        sources.update(source.name for source in run.sources)
        targets.update(name for name, store in run.identities if same_store(store, stores.get(name, "")))
    return KnownRuns(is_any, frozenset(targets.intersection(stores)), frozenset(sources))


class _Past:
    """The past of one group, put together from the newest run to the oldest."""

    def __init__(self, key: Key, runs: int) -> None:
        self.asked = self.key = key
        self.is_open = True
        self._runs = runs
        self._sizes: list[int] = []
        self._served = 0
        self._before: int | None = None

    def take(self, entry: RunEntry | None) -> None:
        """Take a run that served its target, and what it did to the group."""
        if entry and (entry.action is Action.DELETE or entry.key != self.key):
            self.is_open = False
            return
        self._served += 1
        if entry is None:
            return
        self._sizes += [entry.count] * (self._served - len(self._sizes))
        self._before = None if entry.action is Action.CREATE else entry.prior_count
        self.key = (entry.target, entry.prior_name or entry.name)
        self.is_open = entry.action is not Action.CREATE and self._served < self._runs

    def sizes(self) -> list[int]:
        """Return the sizes, newest last; those before the first change that is known are the size that it found."""
        before = [] if self._before is None else [self._before] * (self._served - len(self._sizes))
        return [*self._sizes, *before][: self._runs][::-1]


def _finished(folder: Path, config: ConfigId, unread: list[ConfigError] | None) -> Iterator[Run]:
    """Give the outlines of the runs of a config that came to their end, newest first."""
    return (run for run in _finished_in(folder, config.project, unread) if is_run_of(run, config))


def _finished_in(folder: Path, project: str, unread: list[ConfigError] | None) -> Iterator[Run]:
    """Give the outlines of the runs of a project that came to their end, newest first."""
    for name in reversed(run_ids(folder)):
        run = None
        with collecting(unread):
            run = read_outline(folder, name)
        if run and run.project == project and run.finished_at:
            yield run
