"""The contract between groupsync and a target, in words that a plugin's author can follow.

A backend is a class that satisfies `Backend`, offered through the hook `groupsync_register_backends`
(`groupsync.hookspecs`). `groupsync.testing.BackendContract` is this page as tests: inherit it, give it a backend, and
what passes is safe to apply with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

from groupsync.errors import StalePlanError
from groupsync.model import ATTRIBUTES, Action, Group, Members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from groupsync.model import Change, Scope, Snapshot

JsonSchema: TypeAlias = Mapping[str, Any]
"""A JSON Schema (2020-12) as plain values."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do. What is not declared is refused when planning, never tried.

    Attributes:
        actions: those it can carry out. `create`, `update` and `delete` at the least for a target that is managed.
        member_page_size: members in one answer when reading; None for no limit.
        bulk_limit: member changes in one request; None for no limit, 1 for one request a member. See `SupportsSteps`.
        digests: prior groups carry a vouched `known_digest`.
        revisions: prior groups carry a `revision`, and `apply` checks it in the same transaction as the write. Without
            them the core compares a group's content right before the write, and no precondition is given.
        ownership: it can store a `Mark` with each group. Without it a change's `mark` is only to be ignored, `adopt`
            and `forget` are never asked for, and the config's `owns` tells what is ours.
        remembers: a `Mark` comes back with the `past` that it was stored with. Without it that is only to be ignored,
            and on machines that remember nothing guards which compare with earlier runs can't judge.
        native_segments: it can evaluate segments itself.
        concurrent: calls that may be under way at once, from several threads, those that renew the lock not counted; 1
            for one after the other, all from the thread that opened the target.
        locks: it satisfies `SupportsLock`.
        attributes: those of `ATTRIBUTES` that it can store. What a definition says besides is not planned, and warned
            of.
    """

    actions: frozenset[Action]
    member_page_size: int | None = None
    bulk_limit: int | None = None
    digests: bool = False
    revisions: bool = False
    ownership: bool = True
    remembers: bool = False
    native_segments: bool = False
    concurrent: int = 1
    locks: bool = False
    attributes: frozenset[str] = frozenset(ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class BackendContext:
    """What a backend may know of the run it serves.

    Attributes:
        root: the project's folder; relative paths in options start here, and must not lead out of it.
        project: the ownership mark.
        target: the target's name in the config.
        canonical: maps an identifier as the target holds it to its canonical form; raises ValueError with the reason
            for text that is not an identifier. Pure.
        identity: names the rule behind `canonical`, such as `email/fold`.
    """

    root: Path
    project: str
    target: str
    canonical: Callable[[str], str]
    identity: str = "email/fold"


class Backend(Protocol):
    """Something that holds groups.

    One instance serves one target in one run. It must not change what it is given, must not print, and must turn its
    own library's exceptions into `BackendError`, with `retryable=True` only where the very same call may succeed later.
    """

    name: ClassVar[str]
    """The name used as `plugin:` in the config; `[a-z][a-z0-9_-]*`, the same for everybody."""
    options_schema: ClassVar[JsonSchema]
    """Describes the target's options, those besides `plugin`, `select` and `owns`; must refuse unknown ones."""

    @property
    def capabilities(self) -> Capabilities:
        """Say what this target can do. May do I/O on first use; must say the same all through a run."""
        ...

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Make a backend from checked options. Must not do network I/O.

        Raises:
            ConfigError: the options fit the schema but not each other or the machine.
        """
        ...

    def read(self, scope: Scope) -> Snapshot:
        """Read the groups in scope, every page of them.

        May return groups outside the scope. Must return each group that exists and is in scope, or `complete=False`
        with the reason; must never guess. A missing store is an empty one only where nothing was ever written to it.

        A group's `members` may be one of these:
        `Members.unread(count=…, digest=…)` where the core shall call `members(group)` if it needs names. A count that
        the target announces must be given, so that a short read can be told; a digest only where something vouches
        for it. A digest that is not the one looked for proves nothing, since the target may spell members its own way:
        then they are loaded.
        `Members.of(names)` where they came with the answer anyway, or a `Members` with a loader of the backend's own;
        that loader keeps the promises of `members` and raises what it raises.
        `None` where the target doesn't tell who is in a group.

        A group that is there but whose members can't be read must be returned all the same, with members that raise
        `BackendError` when loaded: never left out, never empty.

        Raises:
            BackendError: nothing at all could be read.
        """
        ...

    def members(self, group: Group) -> Iterator[str]:
        """Stream the canonical members of a group that `read` returned; any order, none twice.

        Raises:
            IncompleteRead: fewer or more came than announced.
            StaleRead: the group's revision moved since `read`.
        """
        ...

    def apply(self, change: Change) -> Group | None:
        """Carry out one change, all of it or nothing of it as far as the target allows.

        `carry_out` says in code what each action means. Must check `change.precondition` against the group's revision
        in the same transaction as the write, for a create or rename that the new name is free, and for everything but
        a create that the group is there; see `check_precondition`. Must be idempotent in its member changes: adding
        who is there and removing who is not there are no errors. Must store `change.mark` with the group, and must
        keep the `id` when it renames. Must not touch any other group, nor an attribute that the change doesn't name.

        An action that `capabilities` does not declare must be refused with a `BackendError`, nothing written.

        Returns:
            The group as it is after the change, with its new revision; None after a delete. The members may be unread.

        Raises:
            StalePlanError: the precondition does not hold; nothing was written.
            BackendError: it failed; says whether to retry.
        """
        ...

    def close(self) -> None:
        """Let go of everything held. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a change that takes several.

    Attributes:
        added, removed: members in this write.
        revision: of the group after it; None where the target tells none.
    """

    added: int = 0
    removed: int = 0
    revision: str | None = None


@runtime_checkable
class SupportsSteps(Protocol):
    """A backend whose target takes several writes for one change, so that a change may stop halfway.

    `apply` must do the same, and note nothing. Where a change stopped, the core looks at the group: if what is left of
    the change makes of it just what was planned, it asks for that, on the revision that the group has now. So a backend
    must not try anything again by itself, and must not clean up behind a failure.
    """

    def apply_in_steps(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Carry out a change as `apply` does, and call `note` right after each write that the target confirmed.

        Must check `change.precondition` with the first write, and the revision that each write returned with the next.
        Must never leave a mark on a group that claims members who are not there yet: `change.mark` goes in the same
        write as the last members, or after them. A create must write `change.mark.unfinished()` with its first write,
        or as early as it can, so that the group is known for ours; any other change should, where its first write has
        room for it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one thing that was tried.

    Attributes:
        what: was tried, such as "the credentials are accepted".
        found: what came back, for people; empty where there is nothing to tell.
        problem: why it did not work; empty where it did.
        hint: what to do about that.
    """

    what: str
    found: str = ""
    problem: str = ""
    hint: str = ""


@runtime_checkable
class SupportsCheck(Protocol):
    """A backend that can tell more of its target than reading groups does: credentials, rights, versions, limits."""

    def check(self) -> Iterator[Check]:
        """Try what can be tried without changing anything, and give what came of each as it comes.

        Must only read. Must tell a failure as a `Check`, and go on where the next one may still tell something. The
        core tries by itself whether groups and members can be read.
        """
        ...


@runtime_checkable
class SupportsIdentity(Protocol):
    """A backend that says which of its options tell where the groups are.

    Plans, runs and locks belong to a store, not to the name that a config has for it: a plan that was made for one
    store is refused on another, and memory of one never judges another. Without this all options count but those that
    are clearly something else (see `groupsync.target_identity`). That errs on the side of refusing: a plan may have to
    be made again because a timeout changed.
    """

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """Return what tells the store, from checked options: plain JSON values and secrets, of which a digest is kept.

        Must be the same wherever and whenever the same store is meant: defaults filled in, paths as written, relative
        to the project's folder, spelling made even. Must differ for any two stores. Must not have credentials,
        timeouts, proxies or anything else in it that may change while the store stays. Pure.
        """
        ...


def member_chunks(change: Change, limit: int | None) -> Iterator[tuple[list[str], list[str]]]:
    """Give the member changes in lots of at most `limit`, sorted, all additions before all removals; pure.

    Yields:
        Whom to add and whom to remove in one write. Nothing for a change that touches no members.
    """
    add, remove = list(change.add), list(change.remove)
    size = limit or max(1, len(add) + len(remove))
    for start in range(0, len(add) + len(remove), size):
        end = start + size
        yield add[start:end], remove[max(0, start - len(add)) : max(0, end - len(add))]


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock.

    Attributes:
        holder: `user@host, process n`.
        since: when it was taken, UTC.
        ttl_seconds: how long it holds without being renewed.
        token: identifies this very lock.
        is_gone: who took it has ended for certain, so that it is taken over; False where that can't be known from here.
    """

    holder: str
    since: datetime
    ttl_seconds: float
    token: str
    is_gone: bool = False

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time to live is over."""
        return (now - self.since).total_seconds() > self.ttl_seconds


@runtime_checkable
class SupportsLock(Protocol):
    """A backend whose target can be locked for the length of an apply."""

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take the lock; a lock past its time to live is taken over. Asked again by its holder: renew it, same token.

        Raises:
            LockHeldError: somebody else holds it; says who, since when, and how to break it.
        """
        ...

    def unlock(self, lock: LockInfo) -> None:
        """Give the lock back; does nothing where it is no longer ours."""
        ...

    def lock_status(self) -> LockInfo | None:
        """Return who holds the lock, expired or not; None if nobody does."""
        ...

    def break_lock(self) -> LockInfo | None:
        """Take the lock away from whoever holds it and return who that was."""
        ...


def check_precondition(change: Change, prior: Group | None, *, name_is_taken: bool = False) -> None:
    """Refuse a change that was planned against something else than what is there; pure.

    Call it inside the transaction that writes.

    Args:
        change: what is about to be done.
        prior: the group that it is about (`change.prior_name`, for a create `change.name`), None where there is none.
        name_is_taken: for a rename, whether there is a group called `change.name`.

    Raises:
        StalePlanError: nothing must be written.
    """
    name = change.prior_name or change.name
    if change.action is Action.CREATE:
        problem = "it exists by now" if prior is not None else ""
    elif prior is None:
        problem = "it is not there any more"
    elif change.precondition is not None and change.precondition != prior.revision:
        problem = "somebody changed it since it was read"
    elif change.action is Action.RENAME and name_is_taken:
        problem = f"there is a group called `{change.name}` by now"
    else:
        problem = ""
    if problem:
        summary = f"`{name}` on {change.target} is not as planned"
        raise StalePlanError(summary, problem, "Plan again, and review what is different.", name=change.name)


def carry_out(change: Change, prior: Group | None) -> Group | None:
    """Return what a group is after a change: what each action means. Pure but for loading members.

    Use it where the target holds whole groups; where it takes single operations, do what amounts to the same.

    Args:
        change: what to do; not checked, see `check_precondition`.
        prior: the group before, None for a create.

    Returns:
        The group after, with `prior`'s revision, which is for the caller to move; None after a delete. Members that
        nobody is added to or removed from are `prior`'s, not loaded.
    """
    if change.action is Action.DELETE:
        return None
    group = prior or Group(change.name, id=change.id)
    if change.action is Action.FORGET:
        return replace(group, mark=None)
    members = group.members
    if change.touches_members:
        before = members.load() if members else frozenset()
        members = Members.of((before | change.add.load()) - change.remove.load()) if before else change.add
    changed: dict[str, Any] = {each.name: each.after for each in change.attributes if each.name in ATTRIBUTES}
    return replace(group, name=change.name, members=members, mark=change.mark, **changed)
