"""What past runs did to groups that a plan changes now. An edge: it reads the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.drifted import Past
from groupsync.journal_read import collecting, has_names, is_run_of, plan_path, read_run, run_ids_of, same_store
from groupsync.model import ATTRIBUTES, DOUBTED, Action, Outcome
from groupsync.planfile import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from groupsync.config_identity import ConfigId
    from groupsync.drifted import Key
    from groupsync.errors import ConfigError
    from groupsync.model import Change, Plan

_MOST_RUNS: Final = 50
_DONE: Final = (Outcome.APPLIED, *DOUBTED)


def read_past(folder: Path, config: ConfigId, plan: Plan, unread: list[ConfigError] | None = None) -> Past:
    """Read of the last runs what is needed to judge a plan. It is evidence only: a run that can't be read is left out.

    Args:
        folder: the journal.
        config: whose runs count, see `Config.id`.
        plan: made now; such runs, on the stores of its targets, are its past.
        unread: takes what is wrong with runs that can't be read.

    Raises:
        ConfigError: the journal can't be read.
    """
    reader = _Reader(plan)
    identities = {each.name: each.identity for each in plan.targets}
    for name in reversed(run_ids_of(folder, config)[-_MOST_RUNS:]):
        if not reader.open:
            break
        with collecting(unread):
            run = read_run(folder, name)
            if run is None or not is_run_of(run, config):
                continue
            there = {name for name, identity in run.identities if same_store(identity, identities.get(name, ""))}
            done = {each.key for each in run.entries if each.outcome is Outcome.APPLIED and each.target in there}
            if not has_names(folder, run):
                reader.leave(done)
            elif any(key in done for key in reader.open):
                reader.take([each for each in read_plan(plan_path(folder, name)).changes if each.key in done])
    return reader.past


def left_on(
    folder: Path,
    config: ConfigId,
    target: str,
    identity: str,
    names: Mapping[str, Iterable[str]],
    *,
    unread: list[ConfigError] | None = None,
) -> frozenset[str]:
    """Return which groups the last run that speaks of them left on a target. What can't be read is left out.

    Args:
        folder: the journal.
        config: whose runs count, see `Config.id`.
        target: its name.
        identity: of its store.
        names: of the groups that are looked for, each with what it may have been called.
        unread: takes what is wrong with runs that can't be read.

    Raises:
        ConfigError: the journal can't be read.
    """
    open_ = {(target, called): name for name, every in names.items() for called in every}
    found: set[str] = set()
    for run_id in reversed(run_ids_of(folder, config)[-_MOST_RUNS:] if open_ else ()):
        if not open_:
            break
        with collecting(unread):
            run = read_run(folder, run_id)
            if run is None or not is_run_of(run, config):
                continue
            if not same_store(dict(run.identities).get(target, ""), identity):
                continue
            for entry in run.entries:
                if entry.outcome in _DONE:
                    name = open_.pop(entry.key, None)
                    open_.pop((target, entry.prior_name or entry.name), None)
                    found |= {name} if name and entry.action not in {Action.DELETE, Action.FORGET} else set()
    return frozenset(found)


class _Reader:
    """Takes runs, newest first. `open` maps what a group was called then to the group now."""

    def __init__(self, plan: Plan) -> None:
        changes = [each for each in plan.changes if each.action in {Action.CREATE, Action.UPDATE, Action.RENAME}]
        self.open = {(each.target, each.prior_name or each.name): each.key for each in changes}
        self._doubtful = {each.key: each.add.load() | each.remove.load() for each in changes if each.prior_name}
        self.past = Past()

    def take(self, changes: list[Change]) -> None:
        """Take what one run did."""
        here = [(each, self.open.pop(each.key)) for each in changes if each.key in self.open]
        for change, key in here:
            if change.action in {Action.DELETE, Action.FORGET}:
                continue
            self._note(change, key)
            if change.action is not Action.CREATE:
                self.open[change.target, change.prior_name or change.name] = key

    def leave(self, done: set[Key]) -> None:
        """Look no further for groups to which a run did something of which it is not known what it was."""
        for key in done & self.open.keys():
            del self.open[key]

    def _note(self, change: Change, key: Key) -> None:
        members, doubtful = self.past.members.setdefault(key, {}), self._doubtful.get(key, frozenset())
        for side, is_in in ((change.add, True), (change.remove, False)):
            for name in doubtful & side.load() if side.count and doubtful else ():
                members.setdefault(name, is_in)
        attributes = self.past.attributes.setdefault(key, {})
        for each in change.attributes:
            attributes.setdefault(each.name, each.after)
        if change.action is Action.CREATE:
            for name in ATTRIBUTES:
                attributes.setdefault(name, None)
