"""The contract between groupsync and a target, in words that a plugin's author can follow.

A backend is a class that satisfies `Backend`, offered through the hook `groupsync_register_backends`
(`groupsync.hookspecs`). `groupsync.testing.BackendContract` is this page as tests: inherit it, give it a backend, and
what passes is safe to apply with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from groupsync.model import Action, Change, Group, Scope, Snapshot

JsonSchema: TypeAlias = Mapping[str, Any]
"""A JSON Schema (2020-12) as plain values."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do. What is not declared is refused when planning, never tried.

    Attributes:
        actions: those it can carry out. `create`, `update` and `delete` at the least for a target that is managed.
        member_page_size: members in one answer when reading; None for no limit.
        bulk_limit: member changes in one request; None for no limit, 1 for one request a member.
        digests: prior groups carry a vouched `known_digest`.
        revisions: prior groups carry a `revision`, and `apply` checks it in the same transaction as the write.
        ownership: it can store a `Mark` with each group.
        native_segments: it can evaluate segments itself.
        concurrent: calls of `members` and `apply` that may be under way at once; 1 for one after the other.
        locks: it satisfies `SupportsLock`.
    """

    actions: frozenset[Action]
    member_page_size: int | None = None
    bulk_limit: int | None = None
    digests: bool = False
    revisions: bool = False
    ownership: bool = True
    native_segments: bool = False
    concurrent: int = 1
    locks: bool = False


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
        The groups' `members` may be left unloaded: the core calls `members(group)` when it needs names. A count that
        the target announces must be given, so that a short read can be told.

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

        Must check `change.precondition` against the group's revision in the same transaction as the write, and for a
        create that the group does not exist. Must be idempotent in its member changes: adding who is there and
        removing who is not there are no errors. Must store `change.mark` with the group.

        Returns:
            The group as it is after the change, None after a delete.

        Raises:
            StalePlanError: the precondition does not hold; nothing was written.
            BackendError: it failed; says whether to retry.
        """
        ...

    def close(self) -> None:
        """Let go of everything held. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock.

    Attributes:
        holder: `user@host, process n`.
        since: when it was taken, UTC.
        ttl_seconds: how long it holds without being renewed.
        token: identifies this very lock.
    """

    holder: str
    since: datetime
    ttl_seconds: float
    token: str

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time to live is over."""
        return (now - self.since).total_seconds() > self.ttl_seconds


@runtime_checkable
class SupportsLock(Protocol):
    """A backend whose target can be locked for the length of an apply."""

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take the lock; a lock past its time to live is taken over.

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
