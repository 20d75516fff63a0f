"""A backend as the core calls it: what a plugin returns is checked here, and the plugin is blamed for what is wrong.

Plugins are written by strangers. Past this module a snapshot is sorted, an unread membership can be loaded, a short
read is told, a digest proves only what it is equal to, and every exception is one of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from groupsync.backend import (
    Capabilities,
    Check,
    LockInfo,
    SupportsCheck,
    SupportsIdentity,
    SupportsLock,
    SupportsSteps,
)
from groupsync.blame import Checked, blaming, standing_for
from groupsync.errors import IncompleteRead
from groupsync.model import Action, Group, Members, Snapshot
from groupsync.target_identity import place_text, telling_options
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.backend import Backend, BackendContext, Step
    from groupsync.model import Change, Scope


class WriteAttempt(RuntimeError):
    """A command that only reads has tried to write a target. This is a bug of groupsync, and nothing was written."""


class CheckedBackend(Checked):
    """Call a backend and hold it to its contract. `checked` makes the class.

    Satisfies `Backend`, `SupportsSteps` and `SupportsCheck`, whether the plugin's own does or not.

    Attributes:
        checks: the plugin's own class.
    """

    kind: ClassVar[str] = "backend"
    checks: ClassVar[type[Backend]]

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._capabilities: Capabilities | None = None
        self._is_open_to_write = True

    def for_reading(self) -> Self:
        """Return this very backend, whose methods that write the target or its lock raise from now on."""
        self._is_open_to_write = False
        return self

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Make the plugin's backend and wrap it; see `Backend.from_options`."""
        with blaming(cls, "taking its options"):
            backend = cls.checks.from_options(options, context)
        if not isinstance(backend, cls.checks):
            raise cls._broken("from_options", f"an instance of {cls.checks.__qualname__}", backend)
        return cls(backend)

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """Return what tells the store, whether or not the plugin says it; see `SupportsIdentity`."""
        if not issubclass(cls.checks, SupportsIdentity):
            return telling_options(options, cls.options_schema)
        with blaming(cls, "telling its store"):
            place = cls.checks.identity_of(options)
            if isinstance(place, Mapping):
                place_text(place)
                return place
        raise cls._broken("identity_of", "a mapping of plain JSON values and secrets", place)

    @property
    def capabilities(self) -> Capabilities:
        """Return what the target can do, asked once and checked."""
        if self._capabilities is None:
            with blaming(self, "telling its capabilities"):
                found = self._backend.capabilities
            if not isinstance(found, Capabilities) or not all(isinstance(each, Action) for each in found.actions):
                raise self._broken("capabilities", "Capabilities with a set of Action", found)
            if found.locks and not isinstance(self._backend, SupportsLock):
                raise self._broken("capabilities", "the methods of SupportsLock, since `locks` is True", found)
            self._capabilities = found
        return self._capabilities

    def read(self, scope: Scope) -> Snapshot:
        """Read, check the snapshot, and make every unread membership loadable; see `Backend.read`.

        Raises:
            BackendError: as the backend raises it.
            PluginError: the backend broke its contract.
        """
        with blaming(self, "reading"):
            snapshot = self._backend.read(scope)
        if not isinstance(snapshot, Snapshot):
            raise self._broken("read", "a Snapshot", snapshot)
        for group in snapshot.groups:
            if not isinstance(group, Group):
                raise self._broken("read", "groups that are all of type Group", group)
        for before, after in pairwise(snapshot.groups):
            if before.name >= after.name:
                found = f"`{after.name}` after `{before.name}`"
                raise self._broken("read", "groups sorted by name, no name twice", found)
        if not snapshot.complete and not snapshot.reason:
            raise self._broken("read", "a reason with complete=False", snapshot.reason)
        return replace(snapshot, groups=tuple(map(self._bound, snapshot.groups)))

    def members(self, group: Group) -> Iterator[str]:
        """Stream the members of a group, each checked to be text; see `Backend.members`."""
        with blaming(self, f"reading the members of `{group.name}`"):
            for member in self._backend.members(group):
                if not isinstance(member, str):
                    raise self._broken("members", "identifiers of type str", member)
                yield member

    def apply(self, change: Change) -> Group | None:
        """Apply, and check that what comes back is the group that was changed; see `Backend.apply`.

        Raises:
            BackendError: as the backend raises it.
            PluginError: the backend broke its contract; the change may have been written.
        """
        return self.apply_in_steps(change, lambda _: None)

    def apply_in_steps(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Apply likewise, and hear of each step where the backend takes several; see `SupportsSteps`."""
        self._check_writing(f"apply `{change.name}`")
        with blaming(self, f"applying `{change.name}`"):
            if isinstance(self._backend, SupportsSteps):
                group = self._backend.apply_in_steps(change, note)
            else:
                group = self._backend.apply(change)
        if change.action is Action.DELETE:
            if group is not None:
                raise self._broken("apply", "None after a delete", group)
            return None
        if not isinstance(group, Group) or group.name != change.name:
            raise self._broken("apply", f"the Group `{change.name}` as it is now", group)
        return self._bound(group)

    def check(self) -> Iterator[Check]:
        """Try what the backend can try of its own; nothing where it can't. See `SupportsCheck`."""
        with blaming(self, "checking its target"):
            if isinstance(self._backend, SupportsCheck):
                for found in self._backend.check():
                    if not isinstance(found, Check):
                        raise self._broken("check", "values of type Check", found)
                    yield found

    def close(self) -> None:
        """Let go of everything held; see `Backend.close`."""
        with blaming(self, "closing"):
            self._backend.close()

    def _check_writing(self, doing: str) -> None:
        if not self._is_open_to_write:
            message = f"a command that only reads its targets has tried to {doing}"
            raise WriteAttempt(message)

    def _bound(self, group: Group) -> Group:
        members = group.members
        if members is None:
            return group
        if not isinstance(members, Members):
            raise self._broken("read", "members that are a Members value or None", members)
        load = (lambda: self._stream(group)) if members.is_unread else members.load
        bound = Members(
            self._checking(group, members.known_count, load),
            count=members.known_count,
            told=members.known_digest,
            raw=members.raw,
        )
        return replace(group, members=bound)

    def _stream(self, group: Group) -> frozenset[str]:
        names = list(self._backend.members(group))
        distinct = frozenset(names)
        if len(names) != len(distinct):
            raise self._broken("members", "no member twice", f"{len(names) - len(distinct)} repeated in `{group.name}`")
        return distinct

    def _checking(
        self, group: Group, announced: int | None, load: Callable[[], frozenset[str]]
    ) -> Callable[[], frozenset[str]]:
        def checked_load() -> frozenset[str]:
            with blaming(self, f"reading the members of `{group.name}`"):
                members = load()
                if not set(map(type, members)) <= {str}:
                    raise self._broken("members", "identifiers of type str", next(iter(members), None))
            if announced is not None and len(members) != announced:
                summary = f"`{group.name}` was not read wholly"
                detail = f"the target announced {counted(announced, 'member')} and {len(members):,} came"
                raise IncompleteRead(summary, detail, "Plan again.", name=group.name, retryable=True)
            return members

        return checked_load


class CheckedLockingBackend(CheckedBackend):
    """The same for a backend that can lock its target; satisfies `SupportsLock`."""

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take or renew the lock; see `SupportsLock.lock`."""
        self._check_writing("lock it")
        with blaming(self, "locking"):
            lock = self._locking.lock(ttl_seconds)
        if not isinstance(lock, LockInfo):
            raise self._broken("lock", "a LockInfo", lock)
        return lock

    def unlock(self, lock: LockInfo) -> None:
        """Give the lock back; see `SupportsLock.unlock`."""
        self._check_writing("unlock it")
        with blaming(self, "unlocking"):
            self._locking.unlock(lock)

    def lock_status(self) -> LockInfo | None:
        """Return who holds the lock; see `SupportsLock.lock_status`."""
        with blaming(self, "looking at its lock"):
            return self._locking.lock_status()

    def break_lock(self) -> LockInfo | None:
        """Take the lock away from whoever holds it; see `SupportsLock.break_lock`."""
        self._check_writing("break its lock")
        with blaming(self, "breaking its lock"):
            return self._locking.break_lock()

    @property
    def _locking(self) -> SupportsLock:
        return cast(SupportsLock, self._backend)


def checked(backend: type[Backend], plugin: str, version: str) -> type[CheckedBackend]:
    """Return a class that stands for `backend` and checks all it does.

    Args:
        backend: the plugin's class.
        plugin: name of the plugin's distribution.
        version: of that distribution.
    """
    base = CheckedLockingBackend if issubclass(backend, SupportsLock) else CheckedBackend
    return standing_for(backend, base, plugin, version)
