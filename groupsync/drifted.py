"""Tell what somebody else changed on targets from edits that are pending, one item at a time. Pure but for loading.

A mark holds only the digest of the members last applied, and so do ledgers. It proves who was among them all the same:
who is in on both sides was, and of those on one side alone the right choice makes the digest. Where past runs don't
suggest it and there are too many to try, nobody can say, and that is what an item then says.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.model import Action, Mode, digest_bytes, encode_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groupsync.model import AttributeValue, Change, Drift, Plan
    from groupsync.resolve import Desired

_MAX_WORK: Final = 1_000_000
"""Up to so many names are hashed at a time to find out who was applied last: about a second."""
_MAX_DOUBTFUL: Final = 20


Key: TypeAlias = tuple[str, str]
"""A target and a group's name."""


@dataclass(slots=True)
class Past:
    """What the newest run that speaks of it says, by target and present name of the group.

    Attributes:
        members: of those that the plan adds or removes: whether a run added them, and not removed them.
        attributes: the values that runs wrote.
    """

    members: dict[Key, dict[str, bool]] = field(default_factory=dict)
    attributes: dict[Key, dict[str, AttributeValue]] = field(default_factory=dict)


class What(enum.Enum):
    """What an item is about."""

    ADDED = enum.auto()
    """A member who is on the target and not defined."""
    REMOVED = enum.auto()
    """A member who is defined and not on the target."""
    ATTRIBUTE = enum.auto()


class Moved(enum.Enum):
    """Which side is not as it was applied last."""

    TARGET = enum.auto()
    BOTH = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is not on a target as it is defined, by somebody else's hand as far as is known.

    Attributes:
        target, group: where; the group by its name in the definitions.
        what: a member who came or went, or an attribute.
        name: of the member, as the target has it, or of the attribute.
        moved: which side moved since the last apply.
        defined, held: both values of an attribute.
        obstacle: why the definitions can't be made to say so by editing this group, as a clause; empty if they can.
    """

    target: str
    group: str
    what: What
    name: str
    moved: Moved
    defined: AttributeValue = None
    held: AttributeValue = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Drifted:
    """What is not as it was left.

    Attributes:
        items: by target and group, attributes first, then members by name.
        gone: groups that were applied and that are not there any more, as (target, name).
        broken: groups in which a run broke off, likewise: what is there may be half of a change, and nothing of it is
            an item.
    """

    items: tuple[Item, ...]
    gone: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, str], ...] = ()


def find_drift(plan: Plan, desired: Mapping[str, Desired], past: Past) -> Drifted:
    """Return what somebody else changed, as far as that can be told.

    Args:
        plan: made now.
        desired: the groups by name, that it was made of.
        past: what runs did.
    """
    drifts = {(each.target, each.name): each for each in plan.drift}
    items: list[Item] = []
    for change in plan.changes:
        drift = drifts.get(change.key)
        is_broken = drift is not None and drift.broken
        if change.action in {Action.UPDATE, Action.RENAME} and change.name in desired and not is_broken:
            items += _attributes(change, past)
            items += _members(change, desired[change.name], drift, past)
    gone, broken = (tuple(key for key, each in drifts.items() if getattr(each, side)) for side in ("gone", "broken"))
    return Drifted(tuple(items), gone, broken)


def _attributes(change: Change, past: Past) -> Iterator[Item]:
    told = past.attributes.get(change.key, {})
    for each in change.attributes:
        if each.name == "prevent_delete":
            continue
        item = Item(change.target, change.name, What.ATTRIBUTE, each.name, Moved.UNKNOWN, each.after, each.before)
        if each.name not in told:
            yield item
        elif (told[each.name] or None) != (each.before or None):
            is_as_defined = (told[each.name] or None) == (each.after or None)
            yield replace(item, moved=Moved.TARGET if is_as_defined else Moved.BOTH)


def _members(change: Change, desired: Desired, drift: Drift | None, past: Past) -> Iterator[Item]:
    if not change.touches_members or (drift is not None and not drift.drifted):
        return
    add, remove = change.add.load(), change.remove.load()
    moved, applied = Moved.UNKNOWN, None
    if drift is not None and not drift.pending:
        moved, applied = Moved.TARGET, add
    elif drift is not None and desired.group.members and desired.group.lifecycle.mode is Mode.AUTHORITATIVE:
        told = past.members.get(change.key, {})
        applied = _applied(desired.group.members.load() - add, add, remove, drift.applied, told)
        moved = Moved.UNKNOWN if applied is None else Moved.TARGET
    for name in sorted(add | remove):
        # Proven: who was applied and is gone, or was not and is there. The rest is an edit that is pending.
        if applied is None or (name in applied) == (name in add):
            what = What.REMOVED if name in add else What.ADDED
            yield Item(change.target, change.name, what, name, moved)


def _applied(
    common: frozenset[str], add: frozenset[str], remove: frozenset[str], digest: str, told: Mapping[str, bool]
) -> frozenset[str] | None:
    """Return which of those on one side alone were applied last, None where that can't be proven."""
    for tried in _candidates(len(common), add, remove, told):
        if digest_bytes(encode_members(common | tried)) == digest:
            return tried
    return None


def _candidates(
    common: int, add: frozenset[str], remove: frozenset[str], told: Mapping[str, bool]
) -> Iterator[frozenset[str]]:
    """Give what to try: what runs remember, then all ways in which one side moved only so much, then all there are."""
    yield frozenset(name for name in add | remove if told.get(name))
    nobody = frozenset[str]()
    for doubtful, certain in ((add, nobody), (remove, add), (add | remove, nobody)):
        names = sorted(doubtful)
        if len(names) > _MAX_DOUBTFUL or (common + len(certain) + len(names)) << len(names) > _MAX_WORK:
            continue
        for chosen in range(1 << len(names)):
            yield certain.union(name for index, name in enumerate(names) if chosen >> index & 1)
