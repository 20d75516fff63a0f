"""What is left of a change that stopped halfway. Pure but for loading members.

A change that takes several writes may stop between two of them, and the answer to any write may be lost. Going on is
safe wherever the rest of the change makes of the group, as it is now, just what was planned: then nobody else's work is
overwritten, whoever did the part that is done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.content import precondition_of
from groupsync.model import ATTRIBUTES, NO_MEMBERS, Action, Members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.model import AttributeChange, Change, Group

_WHOLE: Final = frozenset({Action.DELETE, Action.FORGET})
"""Done by one write, so that there is no halfway."""


def rest_of(
    change: Change, groups: Mapping[str, Group], *, revisions: bool, marks: bool, begun: bool = False
) -> Change | None:
    """Return what still has to be done of a change that is not done, on the group as it is now.

    Args:
        change: as it was planned.
        groups: what the target holds under its names.
        revisions: whether the target has revisions.
        marks: whether it holds marks.
        begun: the change is known to have written something.

    Returns:
        The change itself where nothing of it came about as far as one can see: its precondition tells. None where
        somebody else's work is in the way.
    """
    group = groups.get(change.name)
    if group is None:
        return change if change.action in {Action.CREATE, Action.RENAME} else None
    if change.action in _WHOLE:
        return change
    if change.action is Action.RENAME and change.prior_name in groups:
        return None
    is_another = group.mark is None or not group.mark.is_of(change.mark)
    if change.action is Action.CREATE and marks and not begun and is_another:
        return None
    if not _may_be_ours(change, group, marks=marks) or not _leads_to_plan(change, group):
        return None
    members = group.members or NO_MEMBERS
    now = members.load()
    add, remove = change.add.load() - now, change.remove.load() & now
    return replace(
        change,
        action=Action.ADOPT if marks and group.mark is None else Action.UPDATE,
        prior_name=change.name,
        id=group.id,
        attributes=tuple(each for each in change.attributes if not _is_written(each, group)),
        add=Members.of(add),
        remove=Members.of(remove),
        precondition=precondition_of(group, revisions=revisions, marks=marks),
        prior_count=members.count,
        expired=min(change.expired, len(remove)),
        readdressed=tuple(pair for pair in change.readdressed if pair[0] in remove and pair[1] in add),
    )


def _may_be_ours(change: Change, group: Group, *, marks: bool) -> bool:
    if group.mark is not None:
        return change.mark is not None and group.mark.project == change.mark.project
    return not marks or change.action in {Action.CREATE, Action.ADOPT}


def _leads_to_plan(change: Change, group: Group) -> bool:
    """Tell whether the change, carried out on what is there now, makes what was planned."""
    if change.mark is None:
        return False
    now = (group.members or NO_MEMBERS).load()
    if Members.of((now | change.add.load()) - change.remove.load()).digest != change.mark.digest:
        return False
    return all(
        group.says(each.name, each.before) or group.says(each.name, each.after)
        for each in change.attributes
        if each.name in ATTRIBUTES
    )


def _is_written(each: AttributeChange, group: Group) -> bool:
    return each.name in ATTRIBUTES and group.says(each.name, each.after)
