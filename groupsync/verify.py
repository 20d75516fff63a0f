"""Read again what was changed, and tell whether it is as it should be. An edge: it reads targets."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from groupsync.errors import GroupsyncError
from groupsync.halfway import rest_of
from groupsync.model import ATTRIBUTES, Action, Outcome, Scope, loaded_once
from groupsync.moved import what_moved
from groupsync.report.style import counted
from groupsync.retry import Retries
from groupsync.workers import each_done

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.model import Change, Group, Members, Plan, Result

Seen = TypeVar("Seen")

FOUND_DONE: Final = "The answer was lost, and the group is as planned: this run made it so, or somebody else did."
"""What is said of an applied change where nobody can tell whose doing it is."""
SETTLING_SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
"""How long is waited before each further look at what a target may show late."""


class Look(enum.Enum):
    """What another look at a group that was written tells.

    Attributes:
        DONE: it is as the change makes it.
        LATE: the target still has the revision from before the write, or no revisions that could tell.
        DIFFERS: it is as the write left it, and that is not what was planned.
        MOVED: somebody else changed it since.
        UNREAD: it could not be read, so that nobody knows.
    """

    DONE = enum.auto()
    LATE = enum.auto()
    DIFFERS = enum.auto()
    MOVED = enum.auto()
    UNREAD = enum.auto()


_SETTLES: Final = frozenset({Look.LATE, Look.MOVED})
"""What may be otherwise in a moment: a target that shows writes late may show a revision that only it knows."""


_ENDS: Final = {
    Look.LATE: (
        Outcome.NOT_CONVERGED,
        "The target did not keep what was sent, shows it late, or somebody changed it since. Plan again to see.",
    ),
    Look.DIFFERS: (Outcome.NOT_CONVERGED, "The target did not keep what was sent. Plan again to see what is left."),
    Look.MOVED: (Outcome.CHANGED_SINCE, "Somebody changed the group after it was written. Plan again to see."),
    Look.UNREAD: (Outcome.UNCHECKED, "The target said that it was done. Plan again, once it can be read, to see."),
}


@dataclass(frozen=True, slots=True)
class Second:
    """What was found when the group of a change was read again.

    Attributes:
        look: what that tells.
        problem: how it differs from what the change makes of it; empty where it doesn't.
        added, removed: of the members that the change adds and removes, how many are there, and gone.
    """

    look: Look
    problem: str = ""
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """What became of a change, by the looks of its group.

    Attributes:
        problem: how the group differs from what the change makes of it; empty where it is done.
        change: what still has to be done; None where it is done, or can't be gone on with.
        is_unread: the group could not be read, so that nobody knows.
    """

    problem: str
    change: Change | None = None
    is_unread: bool = False


def verify(
    plan: Plan, backends: Mapping[str, Backend], results: Sequence[Result], retries: Retries | None = None
) -> tuple[Result, ...]:
    """Read again each group that a change was tried on, and correct the results that say otherwise.

    An applied change whose group is not as planned becomes `not-converged`, `changed-since` or, where the group could
    not be read, `unchecked`; a target that shows writes late is given time for that. A failed change whose group is as
    planned becomes `applied`, with a hint that says that its answer was lost, and that nobody knows who did it.
    """
    retries = retries or Retries()
    tried = {
        (result.target, result.name): result
        for result in results
        if result.outcome is Outcome.APPLIED or (result.outcome is Outcome.FAILED and result.attempts)
    }
    found: dict[tuple[str, str], Second] = {}
    for target, backend in backends.items():
        changes = [change for change in plan.changes if change.key in tried and change.target == target]
        if changes:
            found |= _settled(changes, backend, retries, tried)
    changes_by_key = {change.key: change for change in plan.changes}
    corrected = {key: _corrected(tried[key], changes_by_key[key], second) for key, second in found.items()}
    return tuple(corrected.get((result.target, result.name), result) for result in results)


def _settled(
    changes: Sequence[Change], backend: Backend, retries: Retries, tried: Mapping[tuple[str, str], Result]
) -> dict[tuple[str, str], Second]:
    """Look at the groups of changes until nothing is to be expected any more, or the time for that is over."""

    def see(change: Change, groups: Mapping[str, Group]) -> Second:
        return _second(change, groups, backend, tried[change.key].revision)

    found = _look_at(changes, backend, retries, see, lambda problem: Second(Look.UNREAD, problem))
    for seconds in SETTLING_SECONDS:
        late = [each for each in changes if found[each.key].look in _SETTLES and _is_applied(tried[each.key])]
        if not late or retries.pause(seconds):
            break
        found |= _look_at(late, backend, retries, see, lambda problem: Second(Look.UNREAD, problem))
    return found


def _is_applied(result: Result) -> bool:
    return result.outcome is Outcome.APPLIED


def _second(change: Change, groups: Mapping[str, Group], backend: Backend, written: str | None) -> Second:
    """Say what the groups that were read tell of a change that left its group with the revision `written`."""
    problem = _unlike(change, groups, holds_marks=backend.capabilities.ownership)
    if not problem:
        return Second(Look.DONE)
    group = groups.get(change.name) or groups.get(change.prior_name or change.name)
    now = group.members.load() if group and group.members is not None and change.touches_members else frozenset()
    added, gone = len(change.add.load() & now), len(change.remove.load() - now) if group else change.remove.count
    if group is None or written is None or not backend.capabilities.revisions:
        look = Look.LATE
    elif group.revision == written:
        look = Look.DIFFERS
    else:
        look = Look.LATE if group.revision == change.precondition else Look.MOVED
    return Second(look, problem, added, gone)


def _corrected(result: Result, change: Change, second: Second) -> Result:
    if second.look is Look.DONE:
        return (
            result
            if _is_applied(result)
            else with_members(replace(result, outcome=Outcome.APPLIED, error="", hint=FOUND_DONE), change)
        )
    if not _is_applied(result):
        return result
    outcome, hint = _ENDS[second.look]
    return replace(
        result,
        outcome=outcome,
        error=second.problem,
        hint=hint,
        added=second.added,
        removed=second.removed,
        readdressed=0,
        unseen_added=change.add.count - second.added,
        unseen_removed=change.remove.count - second.removed,
    )


def with_members(result: Result, change: Change) -> Result:
    """Return the result of a change that was carried out wholly, with the members that it wrote."""
    moved = len(change.readdressed)
    return replace(result, added=change.add.count, removed=change.remove.count, readdressed=moved)


def problems_of(changes: Sequence[Change], backend: Backend, retries: Retries) -> dict[tuple[str, str], str]:
    """Return by key how the group of each change differs from what it should be made into; empty where it doesn't."""
    holds_marks = backend.capabilities.ownership

    def problem_of(change: Change, groups: Mapping[str, Group]) -> str:
        return _unlike(change, groups, holds_marks=holds_marks)

    return _look_at(changes, backend, retries, problem_of, str)


def rests_of(
    changes: Sequence[Change], backend: Backend, retries: Retries, begun: Container[tuple[str, str]] = ()
) -> dict[tuple[str, str], Rest]:
    """Return by key what is left of each change; `begun` has the keys of those known to have written something."""
    can = backend.capabilities

    def rest(change: Change, groups: Mapping[str, Group]) -> Rest:
        with loaded_once(groups.get(change.name)):
            problem = _unlike(change, groups, holds_marks=can.ownership)
            if not problem:
                return Rest("")
            is_begun = change.key in begun
            return Rest(problem, rest_of(change, groups, revisions=can.revisions, marks=can.ownership, begun=is_begun))

    return _look_at(changes, backend, retries, rest, lambda problem: Rest(problem, is_unread=True))


def moved_since(change: Change, backend: Backend, retries: Retries) -> str:
    """Return what is different in the group of a change that was found to be stale; empty where that can't be told."""

    def see(change: Change, groups: Mapping[str, Group]) -> str:
        return what_moved(change, groups.get(change.prior_name or change.name))

    return _look_at([change], backend, retries, see, lambda _: "")[change.key]


def _look_at(
    changes: Sequence[Change],
    backend: Backend,
    retries: Retries,
    see: Callable[[Change, Mapping[str, Group]], Seen],
    blind: Callable[[str], Seen],
) -> dict[tuple[str, str], Seen]:
    """Read the groups of some changes and return by key what `see` makes of each; `blind`, where that can't be read."""
    names = {change.name for change in changes} | {change.prior_name for change in changes if change.prior_name}
    try:
        snapshot = retries.call(lambda: backend.read(Scope(frozenset(names))))
    except GroupsyncError as error:
        text = f"it could not be read again: {error}"
        return {change.key: blind(text) for change in changes}
    if not snapshot.complete:
        text = f"the target could not be read again: {snapshot.reason}"
        return {change.key: blind(text) for change in changes}
    groups = {group.name: group for group in snapshot.groups}

    def look(change: Change) -> Seen:
        try:
            return retries.call(lambda: see(change, groups))
        except GroupsyncError as error:
            return blind(f"it could not be read again: {error}")

    return {change.key: seen for change, seen in each_done(look, changes, backend.capabilities.concurrent)}


def _unlike(change: Change, groups: Mapping[str, Group], *, holds_marks: bool) -> str:
    """Say how a group that was read again differs from what the change should have made of it; empty if it doesn't."""
    group = groups.get(change.name)
    match change.action:
        case Action.DELETE:
            return "it is still there" if group else ""
        case Action.FORGET if group:
            return "it still carries the mark" if group.mark else ""
        case Action.RENAME if change.prior_name in groups:
            return "it still has its old name"
        case _:
            return _unlike_written(change, group, holds_marks=holds_marks) if group else "it is not there"


def _unlike_written(change: Change, group: Group, *, holds_marks: bool) -> str:
    if holds_marks and group.mark != change.mark:
        return "it does not carry the mark that was written"
    for each in change.attributes:
        if each.name in ATTRIBUTES and not group.says(each.name, each.after):
            return f"its {each.name} is not what was written"
    if group.members is None:
        return ""
    if change.mark and not group.members.are(change.mark.digest):
        return _unlike_members(group.members, change.mark.count)
    return _unlike_unmarked(change, group.members) if change.mark is None and change.touches_members else ""


def _unlike_members(members: Members, planned: int) -> str:
    if members.count != planned:
        were = "was" if planned == 1 else "were"
        return f"it has {counted(members.count, 'member')}, not the {planned:,} that {were} planned"
    return "its members are not those that were planned"


def _unlike_unmarked(change: Change, members: Members) -> str:
    """Compare where no mark tells what the members should be: when an adoption that added or removed is taken back."""
    names, count = members.load(), change.prior_count + change.add.count - change.remove.count
    if len(names) == count and change.add.load() <= names and not change.remove.load() & names:
        return ""
    return _unlike_members(members, count)
