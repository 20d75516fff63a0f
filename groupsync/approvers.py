"""Who should approve a plan: the owners of the groups that change, whatever files the edits are in. Pure.

Not about exceptions from guards, which somebody reviewed: those are `groupsync.approvals`.

Every group of the plan counts for those who own it, today or on a date that no applied plan had shown; and where the
plan is held against a revision, each definition that was edited without effect today. It counts by what it comes to:
that its members change because a group that it includes was edited, or because what somebody did on the target is taken
back, changes nothing of who answers for it. A change that is refused counts as well: an exception would let through the
very plan that was approved.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.identity import Identity
from groupsync.model import Action, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from groupsync.model import Change, Definition, Later, Plan

_SPELLING: Final = Identity()


@dataclass(frozen=True, slots=True)
class OwnedChange:
    """A group that changes, and who answers for it.

    Attributes:
        target, name, action: of the change.
        owners: before or after, sorted; empty where nobody owns it.
        one_of_each: of each of these lists, one approval is enough. One list, or two where the group changes hands:
            who takes a group over does not approve that alone. Empty where nobody can be asked; an empty list among
            them stands for somebody whom nobody knows, so that the group stays without approval.
        added, removed: how many people come and go.
        is_refused: it is not applied as things are.
        is_taken_over: it was not this project's: who has it, or whom the config names, is asked besides the owners.
        exceptions: what guards would refuse, and an exception or a limit of the group's own lets pass.
        is_quiet: only its definition was edited, without effect today; then the target is empty.
    """

    target: str
    name: str
    action: Action
    owners: tuple[str, ...]
    one_of_each: tuple[tuple[str, ...], ...]
    added: int = 0
    removed: int = 0
    is_refused: bool = False
    is_taken_over: bool = False
    exceptions: tuple[str, ...] = ()
    is_quiet: bool = False

    @property
    def has_nobody_to_ask(self) -> bool:
        """Whether nobody is known who could be asked about its being taken over."""
        return () in self.one_of_each


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who can approve changes.

    Attributes:
        owner: as the groups name them.
        groups: targets and names of the changes that they can approve, in the plan's order.
        added, removed: how many people come to these groups and go from them, counted in each.
        refused: how many of these changes are refused.
    """

    owner: str
    groups: tuple[tuple[str, str], ...]
    added: int
    removed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who should approve a plan.

    Attributes:
        plan_digest: of the plan, which approvals hold for and no other.
        groups: every change, in the plan's order.
        approvers: sorted.
        identity: tells who is who among them.
    """

    plan_digest: str
    groups: tuple[OwnedChange, ...]
    approvers: tuple[Approver, ...]
    identity: Identity = field(default_factory=Identity, compare=False)

    @property
    def unowned(self) -> tuple[OwnedChange, ...]:
        """The groups that nobody owns."""
        return tuple(group for group in self.groups if not group.owners)

    def missing(self, approved: Iterable[str]) -> tuple[OwnedChange, ...]:
        """Return what still needs approval, `one_of_each` cut down to the lists of which nobody has approved.

        A group that nobody owns and that nobody stands in for is always among it.
        """
        key = partial(_key, self.identity)
        given = {key(owner) for owner in approved}
        found = []
        for group in self.groups:
            open_lists = tuple(owners for owners in group.one_of_each if given.isdisjoint(map(key, owners)))
            if open_lists or not group.one_of_each:
                found.append(replace(group, one_of_each=open_lists))
        return tuple(found)

    def strangers(self, approved: Iterable[str]) -> tuple[str, ...]:
        """Return those among `approved` who are asked for nothing, in their order."""
        key = partial(_key, self.identity)
        asked = {key(owner) for group in self.groups for owners in group.one_of_each for owner in owners}
        return tuple(owner for owner in approved if key(owner) not in asked)


def known_as(plan: Plan, definitions: Iterable[Definition], identity: Identity) -> tuple[tuple[str, str], ...]:
    """Return who of the owners has another address by now: as they are written, and that address; sorted.

    Args:
        plan: whose owners it is about.
        definitions: of its project; what was edited without effect has owners, too.
        identity: has the aliases.
    """
    if not identity.aliases:
        return ()
    owners = {owner for each in definitions for owner in each.owners or ()}
    owners |= {owner for change in plan.changes for owner in (*change.owners, *(change.consenting or ()))}
    owners |= {owner for change in plan.changes for side in _sides(change) for owner in side}
    present = {owner: identity.owner(owner) for owner in owners}
    plain = identity.unaliased
    return tuple(sorted((owner, now) for owner, now in present.items() if now != plain.owner(owner)))


def approvers_of(plan: Plan, fallback: Sequence[str] = (), identity: Identity | None = None) -> Approvers:
    """Return who should approve a plan; loads no names of members.

    Args:
        plan: what would be done.
        fallback: who approves for groups that nobody owns.
        identity: the rule of canonical form, and the aliases: who has two addresses is one owner. None where only the
            plan can say: good to look at, and not to decide by.
    """
    told = dict(plan.known_as) if identity is None else {}
    identity = identity or _SPELLING

    def key(owner: str) -> str:
        return _key(identity, told.get(owner, owner))

    refused = {(refusal.target, refusal.name) for refusal in plan.verdict.refusals}
    passed: dict[str, list[str]] = {}
    for each in plan.verdict.allowances:
        if subject_of(each.kind, each.name) == "group":
            passed.setdefault(each.name.rpartition(":")[2], []).append(str(each))
    fallback = tuple(fallback)
    groups = tuple(_owned(change, refused, fallback, key) for change in plan.changes)
    groups += tuple(_to_come(plan, refused, fallback))
    groups += tuple(_quiet(plan, {group.name for group in groups}, fallback, key))
    groups = tuple(replace(group, exceptions=tuple(passed.get(group.name, ()))) for group in groups)
    spellings: dict[str, str] = {}
    held: dict[str, list[OwnedChange]] = {}
    for group in groups:
        asked = sorted({owner for owners in (group.owners, *group.one_of_each) for owner in owners})
        for person in dict.fromkeys(map(key, asked)):
            held.setdefault(person, []).append(group)
        for owner in asked:
            shown = _shown(identity, told.get(owner, owner))
            spellings[key(owner)] = min(shown, spellings.get(key(owner), shown))
    approvers = (_approver(spellings[person], changes) for person, changes in held.items())
    return Approvers(plan.digest, groups, tuple(sorted(approvers, key=lambda each: each.owner)), identity)


def _approver(owner: str, groups: Sequence[OwnedChange]) -> Approver:
    return Approver(
        owner,
        tuple((group.target, group.name) for group in groups),
        sum(group.added for group in groups),
        sum(group.removed for group in groups),
        sum(group.is_refused for group in groups),
    )


def _to_come(plan: Plan, refused: AbstractSet[tuple[str, str]], fallback: tuple[str, ...]) -> Iterator[OwnedChange]:
    """Give the groups that only dates to come change, where no applied plan had shown these."""
    changed = {change.key for change in plan.changes}
    new: dict[tuple[str, str], list[Later]] = {}
    for later in plan.later:
        if later.is_new and later.key not in changed:
            new.setdefault(later.key, []).append(later)
    for (target, name), laters in new.items():
        owners = laters[0].owners
        yield OwnedChange(
            target,
            name,
            Action.UPDATE,
            owners,
            (owners,) if owners else (fallback,) if fallback else (),
            sum(each.entering for each in laters),
            sum(each.leaving for each in laters),
            (target, name) in refused or (target, "") in refused,
        )


def _quiet(
    plan: Plan, known: AbstractSet[str], fallback: tuple[str, ...], key: Callable[[str], str]
) -> Iterator[OwnedChange]:
    """Give the groups whose definitions were edited without effect today, but for those that are asked about anyway."""
    for each in plan.compared.quiet if plan.compared else ():
        if each.name not in known:
            sides = [side for side in (each.owners_before, each.owners) if side]
            owners = tuple(sorted({*each.owners_before, *each.owners}))
            asked = _needed(sides, key) or ((fallback,) if fallback else ())
            yield OwnedChange("", each.name, Action.UPDATE, owners, asked, is_quiet=True)


def _owned(
    change: Change, refused: AbstractSet[tuple[str, str]], fallback: tuple[str, ...], key: Callable[[str], str]
) -> OwnedChange:
    sides = _sides(change)
    owners = tuple(sorted({*change.owners, *(owner for side in sides for owner in side)}))
    return OwnedChange(
        change.target,
        change.name,
        change.action,
        owners,
        _needed(_asked(change, sides, fallback), key) or ((fallback,) if fallback else ()),
        change.joining,
        change.leaving,
        change.key in refused or (change.target, "") in refused,
        change.consenting is not None,
    )


def _asked(change: Change, sides: Sequence[tuple[str, ...]], fallback: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
    """Return the lists of whom one is asked. Who defines a group that is another's does not consent for those."""
    if change.consenting is None:
        return sides
    return [change.consenting or fallback, *sides[-1:]]


def _sides(change: Change) -> list[tuple[str, ...]]:
    """Return the owners before and those after where these differ, else all of them; without empty lists."""
    for attribute in change.attributes:
        if attribute.name == "owners":
            values = (attribute.before, attribute.after)
            sides = [tuple(map(str, value)) for value in values if isinstance(value, tuple) and value]
            if sides:
                return sides
    return [change.owners] if change.owners else []


def _needed(sides: Sequence[tuple[str, ...]], key: Callable[[str], str]) -> tuple[tuple[str, ...], ...]:
    """Leave out a list that whoever is in another one approves as well."""
    keyed = [(frozenset(map(key, side)), tuple(sorted(side))) for side in sides]
    return tuple(
        side
        for index, (keys, side) in enumerate(keyed)
        if not any(other < keys or (other == keys and place < index) for place, (other, _) in enumerate(keyed))
    )


def _shown(identity: Identity, owner: str) -> str:
    """Return an owner as written, or by the address that they have now where that is another."""
    now = identity.owner(owner)
    return owner if now == identity.unaliased.owner(owner) else now


def _key(identity: Identity, owner: str) -> str:
    """Return what two spellings of one owner share: addresses and names of teams are told apart without case."""
    return unicodedata.normalize("NFC", identity.owner(owner.strip()).lower())
