"""Who came and who went in past runs, by the plans that the journal keeps of them. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_read import has_names, plan_path, read_runs
from groupsync.model import NamedRun, Outcome
from groupsync.planfile import read_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from groupsync.model import Change, Members, Plan, Run, RunEntry

NOT_KEPT: Final = "not kept: the journal's store had no key"


def named(folder: Path, run: Run) -> NamedRun:
    """Return a run with the names of its plan; members are read from the file when somebody asks for them."""
    if not has_names(folder, run):
        return NamedRun(run, {}, NOT_KEPT)
    try:
        plan = read_plan(plan_path(folder, run.id))
    except ConfigError as error:
        return NamedRun(run, {}, _why(error))
    if not _is_of(plan, run):
        return NamedRun(run, {}, f"{plan_path(folder, run.id)} is not the plan that was applied")
    return NamedRun(run, {change.key: change for change in plan.changes})


def _is_of(plan: Plan, run: Run) -> bool:
    """Tell whether a plan is that of a run: the very one, or without changes whose members could not be read."""
    if run.plan_digest in ("", plan.digest):  # without a key the digest was not kept
        return True
    kept, entries = {change.key for change in plan.changes}, {entry.key: entry.outcome for entry in run.entries}
    return kept < entries.keys() and not any(entries[key] is Outcome.APPLIED for key in entries.keys() - kept)


def named_runs(folder: Path, project: str) -> Iterator[NamedRun]:
    """Give the runs of a project that had something to change, newest first.

    Raises:
        ConfigError: as `read_runs` does.
    """
    return (named(folder, run) for run in read_runs(folder, project) if run.changes)


def of_group(found: NamedRun, names: set[str]) -> NamedRun:
    """Leave the changes of one group.

    Args:
        found: a run.
        names: of the group, at the time of that run; a name before is added, for the runs before.
    """
    entries = [entry for entry in found.run.entries if not names.isdisjoint({entry.name, entry.prior_name})]
    names.update(entry.prior_name for entry in entries if entry.prior_name)
    return _narrowed(found, entries)


def of_people(found: NamedRun, people: frozenset[str]) -> NamedRun:
    """Leave the changes by which somebody comes, goes or gets another address, and of their names just these.

    Args:
        found: a run; nobody can say of one without names, so that nothing is left of it.
        people: all identifiers of one person.
    """
    changes = {}
    for entry in found.run.entries:
        change = found.changes.get(entry.key)
        try:
            seen = _seen(change, people) if change is not None else None
        except ConfigError as error:
            return replace(_narrowed(found, ()), changes={}, untold=_why(error))
        if seen is not None:
            changes[entry.key] = seen
    entries = [entry for entry in found.run.entries if entry.key in changes]
    return replace(_narrowed(found, entries), changes=changes)


def _why(error: ConfigError) -> str:
    return f"{error.summary}: {error.detail}".rstrip(": .")


def _narrowed(found: NamedRun, entries: Collection[RunEntry]) -> NamedRun:
    return replace(found, run=replace(found.run, entries=tuple(entries)))


def _seen(change: Change, people: frozenset[str]) -> Change | None:
    add, remove = (_among(members, people) for members in (change.add, change.remove))
    if not add.count and not remove.count:
        return None
    pairs = tuple(pair for pair in change.readdressed if people.intersection(pair))
    return replace(change, add=add, remove=remove, readdressed=pairs)


def _among(members: Members, people: frozenset[str]) -> Members:
    return type(members).of(members.load() & people)
