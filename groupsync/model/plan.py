"""Changes and plans: every difference as data."""

from __future__ import annotations

import enum
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from groupsync.model.members import NO_MEMBERS, Members

if TYPE_CHECKING:
    from datetime import datetime

    from groupsync.model.findings import Diagnostic, SourceRange
    from groupsync.model.group import AttributeValue, Mark
    from groupsync.model.guards import Allowance, Use


PLAN_DIGITS: Final = 16
"""Of a plan's digest, as it is printed, and the least by which somebody may name a plan: 64 bits.

Two plans with eight digits alike are found in seconds. Where nobody types it, a digest is compared whole.
"""


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


SOURCE_RULES: Final = frozenset({"duplicate_ids", "max_age", "max_null_ids", "max_shrink", "min_rows"})
"""The rules that refuse a source; any other rule is about a group or a target."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change of the plan that may not be applied as it stands, or what nothing may be built on.

    Attributes:
        target, name: of the change; an empty name refuses the whole run for that target. An empty target: `name` is a
            source, or a group that goes to no target and that others are built on.
        rule: what refused it, such as `adopt`, `prevent_delete` or the name of a guard.
        summary: one line with the figures.
        hint: the exact option or edit that would allow just this.
        at: the line of config or definition that set the rule, None for a default.
        count: what the guard counted; 0 where nothing is counted.
        limit: what it would have let pass.
        approval: the document that would approve just this, but for its reason; empty where none can.
        doubts_members: it doubts who belongs by the definition, and not only what the target holds: nothing may be
            built on the group, or for the whole run on the groups that it would change.
        because: the group whose refusal this one follows from; empty where it stands by itself.
    """

    target: str
    name: str
    rule: str
    summary: str
    hint: str = ""
    at: SourceRange | None = None
    count: int = 0
    limit: int = 0
    approval: str = ""
    doubts_members: bool = False
    because: str = ""

    @property
    def is_about_source(self) -> bool:
        """Whether it is about a source, and not about a group or a target."""
        return not self.target and self.rule in SOURCE_RULES


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a plan. Refused changes stay in the plan to be seen, and are not applied.

    Attributes:
        refusals: what refuses changes.
        allowances: exceptions without which there would be more of them.
        uses: how much of which approvals that takes.
    """

    refusals: tuple[Refusal, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    uses: tuple[Use, ...] = ()

    def refusal_of(self, change: Change) -> Refusal | None:
        """Return why `change` may not be applied, None if it may."""
        for refusal in self.refusals:
            if refusal.target == change.target and refusal.name in ("", change.name):
                return refusal
        return None


@dataclass(frozen=True, slots=True)
class Loss:
    """People who would be in no group of ours on a target any more, if what is not refused is applied.

    Who goes because a written `until` has passed, or with a group that has `state: absent`, is not among them.

    Attributes:
        target: its name.
        count: how many they are, at least 1.
        some: the first of them by code point, `MAX_NAMED` at most.
    """

    MAX_NAMED: ClassVar[int] = 100

    target: str
    count: int
    some: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target as it was read for a plan.

    Attributes:
        name: in the config.
        plugin: name of the backend.
        revision: of the target as a whole, None where it has none.
        groups: how many groups were looked at (definitions that go there and managed groups found).
        memberships: how many memberships the managed groups hold, as far as counts are known.
        complete, reason: as in the snapshot.
        withheld: names of the groups of which something is left out of the plan because the target could not be read
            wholly, sorted.
        owns: in words, what is ours on a target that can't hold marks; empty for one that can.
        records: whether what was applied last is recorded there, in marks or a ledger.
        identity: tells which store it is, see `groupsync.target_identity`; empty in a plan of format version 1.
    """

    name: str
    plugin: str
    revision: str | None = None
    groups: int = 0
    memberships: int = 0
    complete: bool = True
    reason: str = ""
    withheld: tuple[str, ...] = ()
    owns: str = ""
    records: bool = True
    identity: str = ""


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as segments were computed from it.

    Attributes:
        name: in the config.
        plugin: name of its plugin.
        rows: how many customers it has.
        newest: when the newest of them was updated, None where nobody knows.
        segments: how many segments were computed from it.
        refused: whether its guards refused it, so that nothing computed from it is in the plan.
    """

    name: str
    plugin: str
    rows: int
    newest: datetime | None = None
    segments: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """How much of a change comes of edits since a revision; the rest would change anyway.

    Attributes:
        target, name: of the change.
        added, removed: how many of those that come and go were not to, or not yet to, by the definitions of then.
    """

    target: str
    name: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of a plan comes of edits since a revision of the project's repository.

    Attributes:
        revision: as it was asked for.
        commit: its full name.
        causes: sorted by target and name; a change of which nobody can say is not among them.
    """

    revision: str
    commit: str
    causes: tuple[Cause, ...] = ()

    def cause_of(self, change: Change) -> Cause | None:
        """Return how much of a change comes of edits; None where nobody can say."""
        at = bisect_left(self.causes, change.key, key=lambda cause: (cause.target, cause.name))
        found = self.causes[at : at + 1]
        return next((cause for cause in found if (cause.target, cause.name) == change.key), None)


@dataclass(frozen=True, slots=True)
class Later:
    """What a written date will do to a group, if nothing else changes until then.

    Attributes:
        target, name: of the group; an empty target for one that others are built on and that no opened target has.
        at: when, in UTC: after the plan's instant.
        entering: how many members enter at that instant.
        leaving: how many leave.
        digest: a short digest of who they are.
        owners: of the group, sorted. The plan's digest covers all of this, but nothing of what follows.
        members: how many the group has on the target now; 0 where the plan creates it.
        ending: how many of these will have left by then of whom no applied plan that is remembered had shown it:
            memberships that exist and get an end.
        is_new: no applied plan that is remembered had shown it.
        is_forecast: it may turn out otherwise, because conditions, `limit` or `min_size` have a say in it.
    """

    target: str
    name: str
    at: datetime
    entering: int
    leaving: int
    digest: str
    owners: tuple[str, ...] = ()
    members: int = 0
    ending: int = 0
    is_new: bool = True
    is_forecast: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Target and name of the group."""
        return (self.target, self.name)


@dataclass(frozen=True, slots=True)
class Link:
    """What later runs have to know of a group that is built on others, or that others are built on.

    Attributes:
        name: of the group.
        built_on: names of the groups that it is built on directly, by any key, sorted.
        count: how many members it has by its definition, where others are built on it; None where that is not known.
    """

    name: str
    built_on: tuple[str, ...] = ()
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change of a run, as data that can be saved, reviewed and applied.

    Attributes:
        project: the ownership mark.
        as_of: the instant at which `from` and `until` were judged, in UTC.
        looking: made with `--at`, so that it can be looked at but not applied.
        targets: in the order of the config.
        changes: sorted by target and name.
        drift: managed groups that drifted or have an edit pending, sorted by target and name.
        diagnostics: warnings, sorted.
        verdict: what was refused.
        digest: over all that a decision hangs on, see `groupsync.plan`; not over as_of, diagnostics, verdict.
        undoes: id of the run that it takes back, whatever the definitions say; empty for any other plan. The digest
            covers it.
        sources: those that segments were computed from, in the order of the config. Not covered by the digest.
        compared: what of it comes of edits since a revision, where that was asked for. Not covered by the digest.
        redacted: people have pseudonyms in it, so that it can be looked at but not applied or saved.
        lost: by target, sorted, the people who would be in no group any more, as far as a guard has looked for them.
            Not covered by the digest.
        links: how the groups that were looked at are built on others, sorted by name; they are remembered once they are
            applied. Not covered by the digest.
        config: the identity of the config that it was made with, see `Config.id`; empty in a plan of format version 1.
        later: what written dates will do, sorted by target, name and instant. The digest covers it.
        format_version: of its file, and of the rule of its digest.
    """

    project: str
    as_of: datetime
    targets: tuple[TargetState, ...]
    changes: tuple[Change, ...]
    digest: str
    drift: tuple[Drift, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    verdict: Verdict = Verdict()
    looking: bool = False
    undoes: str = ""
    sources: tuple[SourceState, ...] = ()
    compared: Comparison | None = None
    redacted: bool = False
    lost: tuple[Loss, ...] = ()
    config: str = ""
    later: tuple[Later, ...] = ()
    links: tuple[Link, ...] = ()
    format_version: int = 2
