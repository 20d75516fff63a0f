"""Work out what takes a run back, one change at a time. Pure but for loading members.

The opposite of a change is made of the change itself and of the group as it left it: what came goes, what went comes
back, attributes and protection are what they were. The mark then says that this is what was applied last, so that the
definitions, which still want something else, show as a pending edit and not as drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.content import precondition_of
from groupsync.model import (
    ATTRIBUTES,
    NO_MEMBERS,
    Action,
    AttributeChange,
    Change,
    Diagnostic,
    Mark,
    Members,
    Outcome,
    Refusal,
    Severity,
    loaded_once,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from groupsync.diff import Context
    from groupsync.model import Group

_PROTECTION: Final = "prevent_delete"
_REASONS: Final = {
    Action.CREATE: "the run created it",
    Action.UPDATE: "the run changed it",
    Action.RENAME: "the run renamed it",
    Action.DELETE: "the run deleted it; it comes back as a new group",
    Action.ADOPT: "the run adopted it",
    Action.FORGET: "the run gave it up",
}

_PARTS: Final = frozenset({Action.UPDATE, Action.ADOPT})
"""What takes back a part of a change, or a change that is of these itself."""
_WHOLE: Final = {
    Action.CREATE: Action.DELETE,
    Action.DELETE: Action.CREATE,
    Action.RENAME: Action.RENAME,
    Action.FORGET: Action.ADOPT,
}


@dataclass(frozen=True, slots=True)
class Past:
    """A change of the run that is to be taken back.

    Attributes:
        change: as it was planned.
        outcome: what became of it; None where nobody knows.
        problem: how its group differs by now from what the change made of it; empty where it doesn't.
        is_begun: it takes several writes, and is known to have done some.
        is_found: it was found to be done, and nobody knows by whom.
    """

    change: Change
    outcome: Outcome | None
    problem: str
    is_begun: bool = False
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class Undoing:
    """What takes the changes of one target back.

    Attributes:
        changes: in no order.
        refusals: what speaks against them.
        left_out: a warning for each change that can't be taken back as things are.
    """

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    left_out: tuple[Diagnostic, ...]


def take_back(past: Iterable[Past], held: Mapping[str, Group], context: Context) -> Undoing:
    """Return the opposite of each change that was carried out and whose group is still as it left it.

    Args:
        past: the changes of a run on one target.
        held: what the target holds now, by name; marks that stand in for those it can't hold included.
        context: of the target.
    """
    changes: list[Change] = []
    refusals: list[Refusal] = []
    left_out: list[Diagnostic] = []
    for each in past:
        problem = _obstacle(each, held)
        if problem:
            left_out += _left_out(each, problem)
            continue
        group = held.get(each.change.name)
        with loaded_once(group):
            change = replace(inverse(each.change, group, context), reason=_reason(each))
        changes.append(change)
        if change.action is Action.DELETE and group and group.mark and group.mark.prevent_delete:
            summary = f"`{change.name}` is protected from deletion"
            hint = "Apply its definition with `prevent_delete: false` first, then undo."
            refusals.append(Refusal(change.target, change.name, _PROTECTION, summary, hint))
    return Undoing(tuple(changes), tuple(refusals), tuple(left_out))


def _reason(past: Past) -> str:
    reason = _REASONS[past.change.action]
    return f"{reason}, or somebody else did the same" if past.is_found else reason


def inverse(change: Change, held: Group | None, context: Context) -> Change:
    """Return the change that takes `change` back.

    Args:
        change: one that was carried out.
        held: the group as it left it, None after a delete.
        context: of the target.
    """
    attributes = tuple(AttributeChange(each.name, each.after, each.before) for each in change.attributes)
    members = held.members or NO_MEMBERS if held else NO_MEMBERS
    back = Change(
        change.target,
        change.name,
        Action.UPDATE,
        prior_name=change.name,
        id=held.id if held else None,
        attributes=attributes,
        add=change.remove,
        remove=change.add,
        precondition=precondition_of(held, revisions=context.revisions, marks=context.marks) if held else None,
        prior_count=members.count,
        owners=change.owners,
        readdressed=tuple(sorted((after, before) for before, after in change.readdressed)),
    )
    if change.action not in {Action.CREATE, Action.ADOPT}:
        past = held.mark.past if held and held.mark else None
        back = replace(back, mark=replace(_mark(change, members, context), past=past))
    match change.action:
        case Action.CREATE:
            return replace(back, action=Action.DELETE)
        case Action.DELETE:
            return replace(back, action=Action.CREATE, prior_name=None)
        case Action.RENAME:
            return replace(back, action=Action.RENAME, name=change.prior_name or change.name)
        case Action.FORGET:
            return replace(back, action=Action.ADOPT)
        case Action.ADOPT:
            return _unadopted(back)
        case Action.UPDATE:
            return back if change.mark else replace(back, action=Action.ADOPT)
        case _:
            assert_never(change.action)


def _unadopted(back: Change) -> Change:
    """Leave the mark off; what the adoption wrote besides is written back in the same go."""
    writes = back.touches_members or any(each.name in ATTRIBUTES for each in back.attributes)
    return replace(back, action=Action.UPDATE if writes else Action.FORGET)


def takes_back(change: Change, original: Change) -> bool:
    """Tell whether a change does nothing but take back another one, or a part of it."""
    swapped = {(each.name, each.after, each.before) for each in original.attributes}
    return (
        (change.action in _PARTS or _WHOLE.get(change.action) is original.action)
        and all((each.name, each.before, each.after) in swapped for each in change.attributes)
        and change.add.load() <= original.remove.load()
        and change.remove.load() <= original.add.load()
    )


def without(change: Change, people: Set[str], held: Members) -> Change | None:
    """Return the change with nothing done to some people; None where nothing is left of it.

    Args:
        change: one that takes another back, and after which the group is there.
        people: who neither comes nor goes.
        held: who is in the group now.
    """
    add, remove = change.add.load() - people, change.remove.load() - people
    mark = change.mark
    if mark:
        after = Members.of((held.load() - remove) | add)
        mark = replace(mark, digest=after.digest, count=after.count)
    left = replace(
        change,
        add=Members.of(add),
        remove=Members.of(remove),
        mark=mark,
        readdressed=tuple(pair for pair in change.readdressed if pair[0] in remove and pair[1] in add),
    )
    return left if left.touches_members or left.attributes or left.action is not Action.UPDATE else None


def _mark(change: Change, members: Members, context: Context) -> Mark:
    """Return the mark of the group that is as it was, with the protection that it had."""
    protected = {each.name: each.before for each in change.attributes}.get(_PROTECTION)
    if protected is None:
        protected = bool(change.mark and change.mark.prevent_delete)
    before = members
    if change.touches_members:
        kept = members.load() - change.add.load()
        before = Members.of(kept | change.remove.load()) if kept else change.remove
    name = change.prior_name or change.name
    return Mark(context.project, before.digest, before.count, context.identity.rule, bool(protected), name)


def _obstacle(past: Past, held: Mapping[str, Group]) -> str:
    """Say why a change can't be taken back as things are; empty if it can."""
    change, group = past.change, held.get(past.change.name)
    if change.action is Action.RENAME and group and change.prior_name in held:
        return f"there is a group called `{change.prior_name}` by now"
    if past.problem and group and group.mark and change.mark and not group.mark.is_of(change.mark):
        return "it was changed by a later run"
    return past.problem


def _left_out(past: Past, problem: str) -> list[Diagnostic]:
    """Warn, but not of a change that failed: that its group is not as planned says only that there is nothing to do."""
    if past.outcome is Outcome.FAILED and not past.is_begun:
        return []
    name = past.change.name
    doubt = "" if past.outcome else "Nobody knows whether the run came to it, and "
    doubt = "The run got through a part of it, and " if past.is_begun else doubt
    detail = f"{doubt}{problem}." if doubt else f"{problem[:1].upper()}{problem[1:]}."
    hint = "See what happened to it: `groupsync history`, `groupsync show`. Then edit its definition, and apply."
    return [Diagnostic("GS612", Severity.WARNING, f"`{name}` on {past.change.target} is not taken back", detail, hint)]
