"""Try a target without changing anything, for `groupsync target check`. An edge: it reads the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from groupsync.backend import Check, SupportsCheck, SupportsLock
from groupsync.errors import GroupsyncError
from groupsync.model import Scope
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.backend import Backend
    from groupsync.model import Group, Snapshot

Made = TypeVar("Made")


def check_target(backend: Backend, project: str) -> Iterator[Check]:
    """Give what came of each thing that can be tried by reading alone, as it comes.

    Args:
        backend: the opened target.
        project: the ownership mark, to count what is ours.
    """
    found, capable = _tried("it tells what it can do", lambda: backend.capabilities)
    yield found
    if isinstance(backend, SupportsCheck):
        yield from backend.check()
    if capable is None:
        return
    found, snapshot = _tried("its groups can be read", lambda: backend.read(Scope()))
    if snapshot is None:
        yield found
        return
    marks = capable.ownership
    yield Check(found.what, _told(snapshot, project if marks else None), snapshot.reason)
    yield from _members(snapshot)
    if isinstance(backend, SupportsLock) and capable.locks:
        yield _tried("its lock can be looked at", backend.lock_status)[0]


def _members(snapshot: Snapshot) -> Iterator[Check]:
    """Read the members of one group, the smallest that has any, so that it costs little wherever it is tried."""
    held = [group for group in snapshot.groups if group.members is not None and group.members.known_count != 0]
    if not held:
        why = "every group is empty, or does not tell who is in it" if snapshot.groups else "there is no group yet"
        yield Check("members can be read", f"not tried: {why}")
        return
    group = min(held, key=_size)
    what = f"the members of `{group.name}` can be read"
    found, count = _tried(what, lambda: len(group.members.load()) if group.members else 0)
    yield found if count is None else Check(what, counted(count, "member"))


def _size(group: Group) -> tuple[bool, int]:
    count = group.members.known_count if group.members else None
    return (count is None, count or 0)


def _told(snapshot: Snapshot, project: str | None) -> str:
    counts = [group.members.known_count for group in snapshot.groups if group.members is not None]
    told = [counted(len(snapshot.groups), "group")]
    if counts and None not in counts:
        told.append(counted(sum(count or 0 for count in counts), "membership"))
    if project is not None:
        ours = sum(group.mark is not None and group.mark.project == project for group in snapshot.groups)
        told.append(f"{ours:,} of this project")
    return ", ".join(told)


def _tried(what: str, do: Callable[[], Made]) -> tuple[Check, Made | None]:
    try:
        made = do()
    except GroupsyncError as error:
        return Check(what, problem=str(error), hint=error.hint), None
    return Check(what), made
