"""Changes: one group's difference as data, and how a group stands to what was applied last."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groupsync.model.members import NO_MEMBERS, Members

if TYPE_CHECKING:
    from groupsync.model.definition import Period
    from groupsync.model.findings import SourceRange
    from groupsync.model.group import AttributeValue, Mark


class Action(enum.StrEnum):
    """What a change does to a group."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute's values. `name` is one of `ATTRIBUTES`, or `prevent_delete` (kept in the mark)."""

    name: str
    before: AttributeValue
    after: AttributeValue


@dataclass(frozen=True, slots=True)
class EntryNote:
    """What is written of a member, or of a group that another is built on.

    Attributes:
        role: the key that has the entry: `members`, `include`, `exclude` or `restrict_to`.
        name: the member, canonical; of a reference the group, or a pattern.
        period: when it holds.
        reason: as written; empty for none.
    """

    role: str
    name: str
    period: Period
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One group's difference, complete enough for a backend to carry it out without anything else.

    Attributes:
        target: name of the target in the config.
        name: the group's name after the change.
        action: create, update, rename, delete, adopt (put the mark on a group that has none; may change it too) or
            forget (take the mark off, leave the group).
        prior_name: the name on the target before; differs from `name` only in a rename. None for a create.
        id: the target's identifier of the group; None for a create or where it has none.
        reason: for people; never a decision.
        attributes: what changes, in the order of `ATTRIBUTES`. A create lists all that are set; a delete all that were,
            and a forget the protection that goes with the mark.
        add, remove: disjoint. For a delete, `remove` holds everyone who was in the group. For a forget both are empty.
        precondition: the prior group's `revision`, which must still hold at the write. None for a create (the group
            must not exist) and for targets without revisions.
        prior_count: members before, 0 for a create.
        expired: how many of `remove` go because a written `until` has passed.
        mark: the mark to store, None for delete and forget, and for an update that takes an adoption back. Its digest
            and count are those of the whole membership after the change.
        definition_digest: over the group's own definition and all it is built from; empty where the definition is gone.
        at: where the definition is written, None where it is gone.
        owners: of the group before or after, sorted: those who answer for it, whether or not they change.
        criteria: the condition of a segment in words; empty for any other kind. Only for people.
        readdressed: people whose address changed, by the config's `aliases`, as (before, after), sorted: `before` is
            among `remove` and `after` among `add`. Guards and counts for people take them for nobody who comes or goes.
        consenting: where a group is taken over that was not this project's, who is asked besides those who define it:
            the owners that the target tells, and the config's `adopt.approvers`, sorted. None for any other change.
        through: what the group is built from that changes in this plan, the nearest first: names of groups; where the
            plan is held against a revision, what was edited since, with the files. Only for people.
        entries: what is written of those who come and of what the group is built from, see `groupsync.entries`. Only
            for people.
    """

    target: str
    name: str
    action: Action
    prior_name: str | None = None
    id: str | None = None
    reason: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    add: Members = NO_MEMBERS
    remove: Members = NO_MEMBERS
    precondition: str | None = None
    prior_count: int = 0
    expired: int = 0
    mark: Mark | None = None
    definition_digest: str = ""
    at: SourceRange | None = None
    owners: tuple[str, ...] = ()
    criteria: str = ""
    readdressed: tuple[tuple[str, str], ...] = ()
    consenting: tuple[str, ...] | None = None
    through: tuple[str, ...] = ()
    entries: tuple[EntryNote, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Target and name: unique in a plan, and its order."""
        return (self.target, self.name)

    @property
    def coming(self) -> Members:
        """The people who come: those to add, but for whose address changed. Its count is known."""
        return _without(self.add, [after for _, after in self.readdressed])

    @property
    def going(self) -> Members:
        """The people who go: those to remove, but for whose address changed. Its count is known."""
        return _without(self.remove, [before for before, _ in self.readdressed])

    @property
    def touches_members(self) -> bool:
        """Whether anyone is added or removed."""
        return bool(self.add.count or self.remove.count)

    @property
    def joining(self) -> int:
        """How many people come, without those who only have another address."""
        return max(0, self.add.count - len(self.readdressed))

    @property
    def leaving(self) -> int:
        """How many people go, without those who only have another address."""
        return max(0, self.remove.count - len(self.readdressed))


def _without(members: Members, names: list[str]) -> Members:
    """Return members without some of them."""
    if not names:
        return members
    return Members(lambda: members.load().difference(names), count=members.count - len(names))


@dataclass(frozen=True, slots=True)
class Drift:
    """How a managed group stands to its mark, the digest that was last applied.

    Attributes:
        drifted: the target's members are not those last applied (and not those desired): somebody else changed them.
        pending: the desired members are not those last applied: the definition, or what it is built from, changed.
        gone: the target does not have the group any more, although it was applied; then it is drifted, too.
        broken: a run broke off in the middle of a change, so that nobody can say whether somebody else changed it; then
            it is neither drifted nor pending.
        applied: the digest that was last applied. Two values that differ in it alone are equal.
    """

    target: str
    name: str
    drifted: bool
    pending: bool
    gone: bool = False
    broken: bool = False
    applied: str = field(default="", compare=False)
