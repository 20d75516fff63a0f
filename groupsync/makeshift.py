"""What the core does itself where a backend can't: hold a change against its precondition, adopt, forget.

An edge: it calls the backend.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync.backend import SupportsSteps
from groupsync.content import CONTENT, content_revision
from groupsync.errors import StalePlanError
from groupsync.model import ATTRIBUTES, Action, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.backend import Backend, Step
    from groupsync.model import Change, Group


def apply_change(change: Change, backend: Backend, note: Callable[[Step], None]) -> Group | None:
    """Apply a change, with what the backend can't do done here.

    A content revision is compared right before the write. Between the two the group can still be changed by somebody
    else: a window of one request, which only a target with revisions closes.

    Args:
        change: what to do.
        backend: of its target.
        note: told of each write, where the backend takes several for one change.

    Raises:
        StalePlanError: the group moved; nothing was written but what `note` was told of.
        BackendError: as the backend raises it.
    """
    can = backend.capabilities
    if change.precondition is not None and change.precondition.startswith(CONTENT):
        _check_content(change, backend)
        change = replace(change, precondition=None)
    if not can.ownership:
        if change.action is Action.FORGET or (change.action is Action.ADOPT and not _writes(change)):
            return None
        if change.action is Action.ADOPT:
            change = replace(change, action=Action.UPDATE)
    if isinstance(backend, SupportsSteps):
        return backend.apply_in_steps(change, note)
    return backend.apply(change)


def _writes(change: Change) -> bool:
    return change.touches_members or any(each.name in ATTRIBUTES for each in change.attributes)


def _check_content(change: Change, backend: Backend) -> None:
    name = change.prior_name or change.name
    groups = {group.name: group for group in backend.read(Scope(frozenset({name}))).groups}
    holds_marks = backend.capabilities.ownership
    if name not in groups:
        problem = "it is not there any more"
    elif content_revision(groups[name], holds_marks=holds_marks) != change.precondition:
        problem = "somebody changed it since it was read"
    else:
        return
    summary = f"`{name}` on {change.target} is not as planned"
    raise StalePlanError(summary, problem, "Plan again, and review what is different.", name=change.name)
