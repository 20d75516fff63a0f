"""What differs between what is there and what is desired, one group at a time. Pure but for loading members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.adoption import takeover_words
from groupsync.content import precondition_of
from groupsync.member_diff import Difference, certain, difference_of, kept, vouched
from groupsync.model import (
    ATTRIBUTES,
    NO_MEMBERS,
    SEGMENT,
    Action,
    AttributeChange,
    Change,
    Drift,
    Mark,
    Members,
    loaded_once,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.identity import Identity
    from groupsync.model import Group
    from groupsync.resolve import Desired
    from groupsync.scope import Pair

DEFINITION_CHANGED: Final = "the definition changed"
CUSTOMERS_CHANGED: Final = "the customers or the definition changed"


@dataclass(frozen=True, slots=True)
class Context:
    """What the diff of one target needs to know besides the two sides.

    Attributes:
        target, project: written into each change and its mark.
        identity: the rule of canonical form, which decides what a recorded digest vouches for; and the aliases.
        complete: whether the target was read wholly; if not, nobody is removed.
        revisions: whether the target has revisions; if not, changes carry one of the content that was read.
        marks: whether the target holds marks, and not something that stands in for them.
        records: whether what was applied last is recorded, in marks or a ledger.
        attributes: those that the target can store.
    """

    target: str
    project: str
    identity: Identity
    complete: bool = True
    revisions: bool = True
    marks: bool = True
    records: bool = True
    attributes: frozenset[str] = frozenset(ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair's outcome: a change or None, how it stands to its mark, and how many removals were withheld."""

    change: Change | None
    drift: Drift | None = None
    withheld: int = 0


def compare(pair: Pair, context: Context) -> Compared:
    """Compare one pair. What the target holds is loaded once at the most, since it may take requests.

    Raises:
        GroupsyncError: members could not be loaded.
    """
    with loaded_once(pair.prior):
        return _compared(pair, context)


def _compared(pair: Pair, context: Context) -> Compared:
    match pair.action:
        case Action.CREATE:
            return Compared(_create(pair, context))
        case Action.UPDATE | Action.RENAME | Action.ADOPT:
            return _update(pair, context)
        case Action.DELETE | Action.FORGET:
            return Compared(_leave(pair, context))
        case _:
            assert_never(pair.action)


def _create(pair: Pair, context: Context) -> Change:
    desired = _desired(pair)
    group = desired.group
    add = certain(vouched(group.members or NO_MEMBERS, context.identity))
    attributes = [
        AttributeChange(name, None, group.attribute(name)) for name in ATTRIBUTES if name in context.attributes
    ]
    return Change(
        context.target,
        group.name,
        Action.CREATE,
        reason=_with_bypassing(pair.reason, desired),
        attributes=(*(each for each in attributes if each.after is not None), *_protection(None, group, context)),
        add=add,
        mark=_mark(context, group, add.digest, add.count),
        definition_digest=desired.digest(),
        at=desired.definition.at,
        owners=_owners(pair, context),
        criteria=_criteria(pair),
    )


def _update(pair: Pair, context: Context) -> Compared:
    desired, prior = _desired(pair), _prior(pair)
    group = settled_for(desired, prior, context.identity)
    difference = difference_of(group, prior, context.identity, is_complete=context.complete)
    attributes = (*attribute_changes(group, prior, context), *_protection(prior, group, context))
    is_broken = context.records and prior.mark is not None and not prior.mark.is_finished
    drift = _drift(context.target, prior, group.name, difference)
    drift = Drift(context.target, group.name, drifted=False, pending=False, broken=True) if is_broken else drift
    moved = difference is not None and bool(difference.add.count or difference.remove.count)
    is_idle = not moved and not attributes and not is_broken
    if is_idle and (pair.action is Action.UPDATE or not _is_written(pair, context)):
        return Compared(None, drift, difference.withheld if difference else 0)
    if difference is None:
        held = prior.members or NO_MEMBERS
        difference = Difference(NO_MEMBERS, NO_MEMBERS, held.digest, held.count)
    change = Change(
        context.target,
        group.name,
        pair.action,
        prior_name=prior.name,
        id=prior.id,
        reason=_with_bypassing(_told(pair) or _reason(drift, moved, _edited(group, difference)), desired),
        attributes=attributes,
        add=difference.add,
        remove=difference.remove,
        precondition=precondition_of(prior, revisions=context.revisions, marks=context.marks),
        prior_count=prior.members.count if prior.members else 0,
        expired=_expired(desired, difference.remove),
        mark=_mark(context, group, difference.after, difference.after_count),
        definition_digest=desired.digest(),
        at=desired.definition.at,
        owners=_owners(pair, context),
        criteria=_criteria(pair),
        readdressed=difference.readdressed,
        consenting=_consenting(pair),
    )
    return Compared(change, drift, difference.withheld)


def _leave(pair: Pair, context: Context) -> Change:
    prior = _prior(pair)
    members = prior.members or NO_MEMBERS
    return Change(
        context.target,
        prior.name,
        pair.action,
        prior_name=prior.name,
        id=prior.id,
        reason=_told(pair),
        attributes=tuple(_left_behind(pair.action, prior, context)),
        remove=kept(members) if pair.action is Action.DELETE else NO_MEMBERS,
        precondition=precondition_of(prior, revisions=context.revisions, marks=context.marks),
        prior_count=members.count,
        definition_digest=pair.desired.digest() if pair.desired else "",
        at=pair.desired.definition.at if pair.desired else None,
        owners=_owners(pair, context),
        criteria=_criteria(pair),
        consenting=_consenting(pair),
    )


# --- Members ----------------------------------------------------------------------------------------------------------


def settled_for(desired: Desired, prior: Group, identity: Identity) -> Group:
    """Return the desired group; where it matters who is there already, with the members for this target."""
    settled, held = desired.settled, prior.members
    if settled is None or held is None:
        return desired.group
    return replace(desired.group, members=Members(lambda: settled(identity.present(held.load()))))


def _expired(desired: Desired, remove: Members) -> int:
    if desired.unexpired is None or not remove.count:
        return 0
    return len(remove.load() & desired.unexpired())


def _drift(target: str, prior: Group, name: str, difference: Difference | None) -> Drift | None:
    if (
        prior.mark is None
        or not prior.mark.digest
        or difference is None
        or not (difference.add.count or difference.remove.count)
    ):
        return None
    drifted = not (prior.members or NO_MEMBERS).are(prior.mark.digest)
    pending = difference.after != prior.mark.digest
    return Drift(target, name, drifted, pending, applied=prior.mark.digest)


def _edited(group: Group, difference: Difference) -> str:
    """Say what it is that others are desired for than were."""
    if difference.add.count == difference.remove.count == len(difference.readdressed):
        return "addresses changed"
    return CUSTOMERS_CHANGED if group.kind == SEGMENT else DEFINITION_CHANGED


def _reason(drift: Drift | None, moved: bool, edited: str) -> str:
    if drift is not None and drift.broken:
        return "a run broke off here, and this goes on with it"
    match (drift.drifted if drift else False, drift.pending if drift else False):
        case (True, True):
            return f"changed on the target since the last apply, and {edited}"
        case (True, False):
            return "changed on the target since the last apply"
        case (False, True):
            return edited
        case _:
            return "members differ" if moved else "attributes differ"


def _with_bypassing(reason: str, desired: Desired) -> str:
    """Say beside the reason how many listed members are in whatever the group's sample and limit say."""
    count = desired.bypassing() if desired.bypassing else 0
    keys = " and ".join(key for key in ("sample", "limit") if getattr(desired.definition, key) is not None)
    return f"{reason}; {count:,} of its listed members bypass `{keys}`" if count else reason


# --- Attributes and marks ---------------------------------------------------------------------------------------------


def attribute_changes(desired: Group, prior: Group, context: Context) -> list[AttributeChange]:
    """Return the attributes that differ, in the order of `ATTRIBUTES`. None on the desired side is not managed."""
    wanted = {name: desired.attribute(name) for name in ATTRIBUTES if name in context.attributes}
    return [
        AttributeChange(name, prior.attribute(name), value)
        for name, value in wanted.items()
        if value is not None and not prior.says(name, value)
        if name != "owners" or not have_same_owners(desired, prior, context)
    ]


def have_same_owners(desired: Group, prior: Group, context: Context) -> bool:
    """Tell whether both sides are owned by the same people, however they are spelled."""
    return context.identity.are_owners(desired.owners or (), prior.owners or ())


def _left_behind(action: Action, prior: Group, context: Context) -> Iterator[AttributeChange]:
    """Give what is lost with a group, or with its mark, so that it can be brought back."""
    if action is Action.DELETE:
        for name in ATTRIBUTES:
            if prior.attribute(name) is not None:
                yield AttributeChange(name, prior.attribute(name), None)
    elif context.records and prior.mark and prior.mark.prevent_delete:
        yield AttributeChange("prevent_delete", True, False)


def _protection(prior: Group | None, desired: Group, context: Context) -> list[AttributeChange]:
    """Return the change of protection, which is kept in the mark so that it outlives the definition."""
    if not context.records:
        return []
    before = bool(prior and prior.mark and prior.mark.prevent_delete)
    after = desired.lifecycle.prevent_delete
    return [AttributeChange("prevent_delete", before, after)] if before != after else []


def _owners(pair: Pair, context: Context) -> tuple[str, ...]:
    """Return who answers for the group, before or after."""
    now, before = (side.owners or () if side else () for side in (pair.desired and pair.desired.group, pair.prior))
    return context.identity.owners(now, before)


def _consenting(pair: Pair) -> tuple[str, ...] | None:
    """Return who is asked about taking a group over; None where it is ours."""
    if pair.takeover is None:
        return None
    return tuple(sorted({*(_prior(pair).owners or ()), *pair.takeover.approvers}))


def _told(pair: Pair) -> str:
    """Return what the pairing says is the reason, and where the group is taken over, from whom."""
    if pair.takeover is None:
        return pair.reason
    members = _prior(pair).members
    words = takeover_words(pair.takeover, members.count if members else 0)
    return f"{pair.reason}; it {words}" if pair.reason else words


def _is_written(pair: Pair, context: Context) -> bool:
    """Tell whether taking a group over leaves a trace where nothing else changes: a mark, or a line in a ledger."""
    return pair.action is not Action.ADOPT or context.records


def _criteria(pair: Pair) -> str:
    where = pair.desired.definition.where if pair.desired else None
    if where is None:
        return ""
    from groupsync.condition_words import in_words  # nobody needs it without segments

    return in_words(where)


def _mark(context: Context, desired: Group, digest: str, count: int) -> Mark:
    protected = desired.lifecycle.prevent_delete
    return Mark(context.project, digest, count, context.identity.rule, protected, desired.name)


def _desired(pair: Pair) -> Desired:
    if pair.desired is None:
        message = f"a {pair.action} needs a desired group"
        raise ValueError(message)
    return pair.desired


def _prior(pair: Pair) -> Group:
    if pair.prior is None:
        message = f"a {pair.action} needs a prior group"
        raise ValueError(message)
    return pair.prior
