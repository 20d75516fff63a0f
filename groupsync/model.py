"""The values that flow through groupsync: frozen, sorted, free of I/O.

Every stage takes some of these and returns others. Nothing here imports another module of ours.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

KNOWN_USER_GROUP: Final = "known-user-group"
SEGMENT: Final = "segment"

AttributeValue: TypeAlias = str | bool | tuple[str, ...] | tuple[tuple[str, str], ...] | None
"""Text, a flag, a sorted tuple (owners), sorted pairs (labels), or None: not set."""


# --- Places and findings ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class SourceRange:
    """A place in a file of the user's.

    Attributes:
        path: relative to the project's folder where it lies inside it, with `/` between the parts.
        line: from 1; 0 means the file as a whole.
        column: in characters from 1; 0 means the line as a whole.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])


class Severity(enum.StrEnum):
    """How much a finding matters: an error stops the run, a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that is wrong, or odd, in what the user wrote.

    Attributes:
        code: `GSnnn`, listed in `groupsync.codes`; never reused for another meaning.
        severity: error or warning.
        summary: one line that names the thing; no file name in it, `subject` says where.
        detail: what was found and what was expected; may have several lines.
        hint: the edit or the command that mends it.
        subject: where; None where no file is to blame.
        related: other places that belong to it, such as the first of two definitions.
        plugin: `name version` of the plugin that reports it, None for the core.
    """

    code: str
    severity: Severity
    summary: str
    detail: str = ""
    hint: str = ""
    subject: SourceRange | None = None
    related: tuple[SourceRange, ...] = ()
    plugin: str | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order for people: by file, line and column; findings without a place come last."""
        place = self.subject or SourceRange("\U0010ffff")
        return (place.path, place.line, place.column, self.code, self.summary)


# --- Members ----------------------------------------------------------------------------------------------------------


def encode_members(members: Iterable[str]) -> bytes:
    r"""Return the canonical text: the distinct members by code point, each ended by `\n`, as UTF-8.

    `digest` is the SHA-256 of exactly these bytes, so a member file kept in this form hashes raw to its group's digest.
    """
    ordered = sorted(set(members))
    return ("\n".join(ordered) + "\n").encode() if ordered else b""


def decode_members(text: bytes) -> frozenset[str]:
    """Return the members of a canonical text; the other way round from `encode_members`."""
    return frozenset(text.decode().removesuffix("\n").split("\n")) if text else frozenset()


def digest_bytes(text: bytes) -> str:
    """Return the SHA-256 of `text` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()


EMPTY_DIGEST: Final = digest_bytes(b"")


@final
class Members:
    """Who belongs to a group: a fixed set of canonical identifiers, loaded only when asked.

    The whole membership of a run never has to be in memory: `load` reads anew each time unless the set was given.
    `count` and `digest` are computed once, at the cost of one `load` where they are not known already.
    Two values are equal when their digests are.
    """

    __slots__ = ("_count", "_digest", "_load", "raw")

    _load: Callable[[], frozenset[str]]
    _count: int | None
    _digest: str | None
    raw: Callable[[], bytes] | None
    """Read the bytes this membership comes from, where there is one file for it. If they are in canonical form (see
    `encode_members`) their SHA-256 is the digest; whoever uses them must check that. None where no such file exists."""

    def __init__(
        self,
        load: Callable[[], frozenset[str]],
        *,
        count: int | None = None,
        digest: str | None = None,
        raw: Callable[[], bytes] | None = None,
    ) -> None:
        """Make a lazy value.

        Args:
            load: returns the canonical members; may raise `GroupsyncError`. Must return the same set each time.
            count: how many there are, where that is known without loading.
            digest: SHA-256 of the canonical text, only where something vouches for it: computed from the bytes just
                read, kept with the members in one transaction, or tied to a revision that every change moves.
            raw: see the attribute.
        """
        self._load = load
        self._count = count
        self._digest = digest
        self.raw = raw

    @classmethod
    def of(cls, members: Iterable[str]) -> Members:
        """Hold `members`, already canonical, in memory."""
        held = members if isinstance(members, frozenset) else frozenset(members)
        return cls(lambda: held, count=len(held))

    @classmethod
    def unread(
        cls, *, count: int | None = None, digest: str | None = None, raw: Callable[[], bytes] | None = None
    ) -> Members:
        """Stand for members that a backend has not read yet.

        For backends' `read` alone: the core binds `Backend.members` to it before anything is loaded. `count` is what
        the target announced, and is held against what then comes; `digest` and `raw` are as in the constructor.
        """
        return cls(_load_unread, count=count, digest=digest, raw=raw)

    @property
    def is_unread(self) -> bool:
        """Whether this only stands for members that have to be asked for; see `unread`."""
        return self._load is _load_unread

    def load(self) -> frozenset[str]:
        """Return all members. May do I/O and raise `GroupsyncError`."""
        members = self._load()
        self._count = len(members)
        return members

    def text(self) -> bytes:
        """Return the canonical text: the bytes of `raw` where the digest vouches for them. Does I/O as `load` does."""
        if self.raw is not None and self._digest is not None:
            text = self.raw()
            if digest_bytes(text) == self._digest:
                return text
        return encode_members(self.load())

    @property
    def known_count(self) -> int | None:
        """The count where it is cheap, else None."""
        return self._count

    @property
    def known_digest(self) -> str | None:
        """The digest where it is cheap, else None."""
        return self._digest

    @property
    def count(self) -> int:
        """How many members; loads them where that is not known."""
        if self._count is None:
            self._count = len(self._load())
        return self._count

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal; loads the members where that is not known."""
        if self._digest is None:
            self._digest = digest_bytes(encode_members(self.load()))
        return self._digest

    def __iter__(self) -> Iterator[str]:
        """Give the members by code point."""
        return iter(sorted(self.load()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and (self is other or self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        shown = (self._digest or "")[:8]
        return f"Members(count={self._count}, digest={shown or None!r})"


def _load_unread() -> frozenset[str]:
    message = "members that a backend left unread can only be loaded through the core"
    raise RuntimeError(message)


NO_MEMBERS: Final = Members(frozenset, count=0, digest=EMPTY_DIGEST)


# --- Definitions: what a user wrote, checked but not yet resolved -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """When an entry holds: `start ≤ as_of < until`, in UTC. None leaves that side open."""

    start: datetime | None = None
    until: datetime | None = None

    def holds(self, as_of: datetime) -> bool:
        """Tell whether the entry holds at `as_of`."""
        return (self.start is None or self.start <= as_of) and not self.expired(as_of)

    def expired(self, as_of: datetime) -> bool:
        """Tell whether a written `until` has passed."""
        return self.until is not None and self.until <= as_of


ALWAYS: Final = Period()


@dataclass(frozen=True, slots=True)
class TimedMember:
    """A member written as a mapping: `{email: …, from: …, until: …, reason: …}`. `address` is canonical."""

    address: str
    period: Period
    reason: str
    at: SourceRange


@dataclass(frozen=True, slots=True)
class InlineMembers:
    """The `members` of a definition.

    Attributes:
        plain: the members written as bare strings, canonical, in the order written, joined by newlines. One string and
            not a tuple because it crosses from the loading processes as one block of memory; see `plain_members`.
        timed: the members written as mappings, in the order written.
    """

    plain: str = ""
    timed: tuple[TimedMember, ...] = ()

    def plain_members(self) -> list[str]:
        """Return the bare members, in the order written."""
        return self.plain.split("\n") if self.plain else []


@dataclass(frozen=True, slots=True)
class MemberFile:
    """One entry of `members_from`.

    Attributes:
        path: the file, relative to the project's folder, `/` between the parts; already known to lie inside it.
        column: name of the column that holds the member; None for a text file or a table with one column.
        at: where the entry is written.
    """

    path: str
    column: str | None
    at: SourceRange


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of `include`, `exclude` or `restrict_to`: a group's name or, with `is_pattern`, a glob over names."""

    target: str
    at: SourceRange
    is_pattern: bool = False
    period: Period = ALWAYS
    reason: str = ""


class State(enum.StrEnum):
    """Whether the group should exist on its targets."""

    PRESENT = "present"
    ABSENT = "absent"


class Mode(enum.StrEnum):
    """Whether groupsync may remove members (authoritative) or only add them."""

    AUTHORITATIVE = "authoritative"
    ADDITIVE = "additive"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How a group may come, change and go."""

    state: State = State.PRESENT
    mode: Mode = Mode.AUTHORITATIVE
    prevent_delete: bool = False
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """One YAML document, checked against its schema.

    For `members`, `members_from` and `include`, None means that the key is not there, an empty tuple that it is `[]`.
    An attribute that is None is not managed: the target keeps what it has.

    Attributes:
        kind: `known-user-group` or `segment`.
        name: the key; `[a-z0-9][a-z0-9._-]{0,127}`.
        at: where the document's name is written.
        until: after it the group has no members; None for never.
        previously: earlier names, to rename from.
        targets: names of the targets it goes to, None for every one.
        content_digest: SHA-256 over the document's plain values, not over comments, order of keys or layout.
    """

    kind: str
    name: str
    at: SourceRange
    content_digest: str
    display_name: str | None = None
    description: str | None = None
    owners: tuple[str, ...] | None = None
    labels: tuple[tuple[str, str], ...] | None = None
    members: InlineMembers | None = None
    members_from: tuple[MemberFile, ...] | None = None
    include: tuple[Reference, ...] | None = None
    exclude: tuple[Reference, ...] = ()
    restrict_to: tuple[Reference, ...] = ()
    until: datetime | None = None
    previously: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    targets: tuple[str, ...] | None = None


# --- Groups: the same type on both sides ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """The ownership mark that is stored with a managed group on its target.

    Attributes:
        project: the project that manages the group.
        digest: of the members last applied.
        count: of the members last applied.
        identity: how identifiers were made canonical then, such as `email/fold`. A digest vouches for a member file
            only under the same rule.
        prevent_delete: protection that outlives the definition.
    """

    project: str
    digest: str
    count: int
    identity: str
    prevent_delete: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of members, prior or desired.

    Attributes:
        name: the key on both sides.
        members: None on the desired side means that membership is not managed; None on the prior side that the target
            does not tell.
        id: the target's own identifier; never causes a change.
        mark: prior side: the mark found, None for a group that nobody manages. Desired side: None.
        revision: prior side: a token that every change of the group moves; the precondition of changes to it. None
            where the target has none.
        lifecycle: desired side only; never causes a change.
        display_name, description, owners (sorted), labels (sorted pairs): None means not managed (desired) or not
            set (prior).
    """

    name: str
    kind: str = KNOWN_USER_GROUP
    display_name: str | None = None
    description: str | None = None
    owners: tuple[str, ...] | None = None
    labels: tuple[tuple[str, str], ...] | None = None
    members: Members | None = NO_MEMBERS
    id: str | None = None
    mark: Mark | None = None
    revision: str | None = None
    lifecycle: Lifecycle = Lifecycle()

    def attribute(self, name: str) -> AttributeValue:
        """Return one of `ATTRIBUTES` by name."""
        value: AttributeValue = getattr(self, name)
        return value


ATTRIBUTES: Final = ("kind", "display_name", "description", "owners", "labels")
"""The attributes that are compared and written, in the order shown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read from a target. `names` None means every group; otherwise at least these, absent ones left out."""

    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a target held when it was read.

    Attributes:
        groups: sorted by name, no name twice.
        revision: of the target as a whole, None where it has none.
        complete: False for a partial read: nothing is deleted or removed because of what is missing from it.
        reason: why it is not complete; empty otherwise.
        diagnostics: warnings about odd things in the target that do not make the read incomplete, such as a file whose
            name no group can have.
    """

    groups: tuple[Group, ...]
    revision: str | None = None
    complete: bool = True
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


# --- Changes and plans ------------------------------------------------------------------------------------------------


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
        attributes: what changes, in the order of `ATTRIBUTES`. A create lists all that are set.
        add, remove: disjoint. For a delete, `remove` holds everyone who was in the group. For a forget both are empty.
        precondition: the prior group's `revision`, which must still hold at the write. None for a create (the group
            must not exist) and for targets without revisions.
        prior_count: members before, 0 for a create.
        expired: how many of `remove` go because a written `until` has passed.
        mark: the mark to store, None for delete and forget. Its digest and count are those of the whole membership
            after the change.
        definition_digest: over the group's own definition and all it is built from; empty where the definition is gone.
        at: where the definition is written, None where it is gone.
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

    @property
    def key(self) -> tuple[str, str]:
        """Target and name: unique in a plan, and its order."""
        return (self.target, self.name)

    @property
    def touches_members(self) -> bool:
        """Whether anyone is added or removed."""
        return bool(self.add.count or self.remove.count)


@dataclass(frozen=True, slots=True)
class Drift:
    """How a managed group stands to its mark, the digest that was last applied.

    Attributes:
        drifted: the target's members are not those last applied (and not those desired): somebody else changed them.
        pending: the desired members are not those last applied: the definition, or what it is built from, changed.
    """

    target: str
    name: str
    drifted: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change of the plan that may not be applied as it stands.

    Attributes:
        target, name: of the change; an empty name refuses the whole run for that target.
        rule: what refused it, such as `adopt` or `prevent_delete`.
        summary: one line with the figures.
        hint: the exact option or edit that would allow just this.
        at: the line of config or definition that set the rule, None for a default.
    """

    target: str
    name: str
    rule: str
    summary: str
    hint: str = ""
    at: SourceRange | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a plan. Refused changes stay in the plan to be seen, and are not applied."""

    refusals: tuple[Refusal, ...] = ()

    def refusal_of(self, change: Change) -> Refusal | None:
        """Return why `change` may not be applied, None if it may."""
        for refusal in self.refusals:
            if refusal.target == change.target and refusal.name in ("", change.name):
                return refusal
        return None


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
    """

    name: str
    plugin: str
    revision: str | None = None
    groups: int = 0
    memberships: int = 0
    complete: bool = True
    reason: str = ""
    withheld: tuple[str, ...] = ()


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
        digest: over targets and changes with their preconditions; not over as_of, diagnostics, verdict.
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
    format_version: int = 1


# --- Outcomes ---------------------------------------------------------------------------------------------------------


class Outcome(enum.StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    FAILED = "failed"
    REFUSED = "refused"
    STALE = "stale"
    NOT_TRIED = "not-tried"
    NOT_CONVERGED = "not-converged"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change.

    Attributes:
        target, name, action: of the change.
        error: why not, one line; empty when applied.
        hint: what to do about it.
        attempts: calls of the backend, 0 when it was not tried.
        duration_seconds: wall time of them all.
    """

    target: str
    name: str
    action: Action
    outcome: Outcome
    error: str = ""
    hint: str = ""
    attempts: int = 0
    duration_seconds: float = 0.0
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did: one result a change of the plan, in the plan's order."""

    plan_digest: str
    results: tuple[Result, ...]
    duration_seconds: float = 0.0
    interrupted: bool = False
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    def count(self, outcome: Outcome) -> int:
        """How many changes ended so."""
        return sum(result.outcome is outcome for result in self.results)
