"""The backend `memory`: every call of the contract, as plainly as it can be done."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from groupsync import clock
from groupsync.backend import Capabilities, LockInfo, Step, carry_out, check_precondition, member_chunks
from groupsync.errors import LockHeldError, StaleRead
from groupsync.model import ATTRIBUTES, KNOWN_USER_GROUP, Action, Members, Snapshot
from groupsync_memory.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from groupsync.backend import BackendContext, JsonSchema
    from groupsync.model import Change, Group, Mark, Scope

_CAPABILITIES: Final = Capabilities(
    actions=frozenset(Action), digests=True, revisions=True, ownership=True, remembers=True, concurrent=8, locks=True
)
_PAGE: Final = 2
"""Members in one page, where a page matters: see `MemoryStore.repeated`."""


class MemoryBackend:
    """Groups in the memory of the process, in a `MemoryStore`."""

    name: ClassVar[str] = "memory"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {
            "store": {
                "type": "string",
                "minLength": 1,
                "title": "Store",
                "description": "Which of the process's stores; targets that name the same one share its groups.",
                "default": "default",
                "examples": ["trial"],
            },
            "ownership": {
                "type": "boolean",
                "title": "Ownership",
                "description": "Whether the target can hold ownership marks.",
                "default": True,
                "examples": [False],
            },
            "remembers": {
                "type": "boolean",
                "title": "Remembers",
                "description": "Whether marks come back with what guards compare with.",
                "default": True,
                "examples": [False],
            },
            "revisions": {
                "type": "boolean",
                "title": "Revisions",
                "description": "Whether groups have a revision that every change moves.",
                "default": True,
                "examples": [False],
            },
            "digests": {
                "type": "boolean",
                "title": "Digests",
                "description": "Whether a digest of its members comes with each group.",
                "default": True,
                "examples": [False],
            },
            "locks": {
                "type": "boolean",
                "title": "Locks",
                "description": "Whether the target has locks of its own.",
                "default": True,
                "examples": [False],
            },
            "bulk_limit": {
                "type": "integer",
                "minimum": 1,
                "title": "Bulk limit",
                "description": "Member changes in one write; a change of more takes several, and may stop in between.",
                "examples": [100],
            },
            "attributes": {
                "type": "array",
                "items": {"enum": list(ATTRIBUTES)},
                "title": "Attributes",
                "description": "What the target can hold besides names and members; by default everything.",
                "default": list(ATTRIBUTES),
                "examples": [["display_name"]],
            },
            "concurrent": {
                "type": "integer",
                "minimum": 1,
                "maximum": 64,
                "title": "Concurrent",
                "description": "Calls that may be under way at once.",
                "default": 8,
                "examples": [1],
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, store: MemoryStore, capabilities: Capabilities = _CAPABILITIES) -> None:
        self.store = store
        self._capabilities = capabilities
        self._token = ""

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:  # noqa: ARG003
        """Make a way into the store that the options name."""
        can: dict[str, Any] = {
            key: options[key]
            for key in ("ownership", "remembers", "revisions", "digests", "locks", "bulk_limit", "concurrent")
            if key in options
        }
        if "attributes" in options:
            can["attributes"] = frozenset(options["attributes"])
        return cls(MemoryStore.named(options.get("store", "default")), replace(_CAPABILITIES, **can))

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """The store's name."""
        return {"store": options.get("store", "default")}

    @property
    def capabilities(self) -> Capabilities:
        """Everything, but for what the options take away."""
        return self._capabilities

    def read(self, scope: Scope) -> Snapshot:
        """Return the groups in scope; their members are left unread."""
        store = self.store
        with store.mutex, store.failing("read"):
            groups = tuple(
                self._shown(group)
                for name, group in sorted(store.groups.items())
                if name not in store.hidden and (scope.names is None or name in scope.names)
            )
            return Snapshot(groups, complete=not store.incomplete, reason=store.incomplete)

    def members(self, group: Group) -> Iterator[str]:
        """Stream the members, if the group is still the one that was read."""
        store = self.store
        with store.mutex, store.failing("members"):
            store.asked[group.name] += 1
            held = store.groups.get(group.name)
            if held is None or (group.revision is not None and held.revision != group.revision):
                raise StaleRead(f"`{group.name}` changed since it was read", hint="Plan again.", name=group.name)
            names = list(held.members or ())[: store.truncated.get(group.name)][: store.short.get(group.name)]
            names += names[:_PAGE] if group.name in store.repeated else []
        yield from names

    def apply(self, change: Change) -> Group | None:
        """Check the precondition and carry out the change, in one go."""
        store = self.store
        with store.mutex, store.failing("apply"):
            prior = store.groups.get(change.prior_name or change.name)
            check_precondition(change, prior, name_is_taken=change.name in store.groups)
            after = carry_out(change, prior)
            if prior is not None:
                store.remove(prior.name)
            return self._shown(store.put(self._storable(after))) if after else None

    def apply_in_steps(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Carry out the change one lot of members after the other, each on the revision that the last one left."""
        held = self.store.groups.get(change.prior_name or change.name)
        parts = _parts(change, self._capabilities.bulk_limit, held.mark if held else None)
        group = self.apply(parts[0])
        for done, part in pairwise(parts):
            note(Step(done.add.count, done.remove.count, group.revision if group else None))
            group = self.apply(replace(part, precondition=group.revision if group else None))
        if parts[1:]:
            note(Step(parts[-1].add.count, parts[-1].remove.count, group.revision if group else None))
        return group

    def _shown(self, group: Group) -> Group:
        held, short = group.members, self.store.short.get(group.name)
        digest = held.known_digest if held is not None and self._capabilities.digests else None
        if held is not None and digest is not None and self.store.spells:
            digest = Members.of(member.upper() for member in held.load()).digest
        unread = held and Members.unread(count=held.known_count, digest=digest)
        if held is not None and short is not None:
            unread = Members.unread(count=min(held.count, short))
        revision = group.revision if self._capabilities.revisions else None
        return replace(self._storable(group), members=unread, revision=revision)

    def _storable(self, group: Group) -> Group:
        lost = {name: KNOWN_USER_GROUP if name == "kind" else None for name in ATTRIBUTES}
        kept: dict[str, Any] = {name: lost[name] for name in lost if name not in self._capabilities.attributes}
        mark = group.mark if self._capabilities.ownership else None
        if mark is not None and not self._capabilities.remembers:
            mark = replace(mark, past=None)
        return replace(group, **kept, mark=mark)

    def close(self) -> None:
        """Do nothing: the store outlives its backends."""

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take the store's lock, or renew it."""
        store = self.store
        with store.mutex, store.failing("lock"):
            now, held = clock.now(), store.lock
            if held is not None and held.token != self._token and not held.is_expired(now):
                detail = f"{held.holder}, since {held.since:%Y-%m-%d %H:%M} UTC"
                raise LockHeldError("the store is locked", detail, "Wait, or `groupsync lock break -t TARGET`.")
            if held is None or held.token != self._token:
                self._token = os.urandom(16).hex()
            holder = f"{socket.gethostname()}, process {os.getpid()}"
            store.lock = LockInfo(holder, now, ttl_seconds, self._token)
            return store.lock

    def unlock(self, lock: LockInfo) -> None:
        """Give the lock back if it is still this one."""
        with self.store.mutex:
            if self.store.lock is not None and self.store.lock.token == lock.token:
                self.store.lock = None

    def lock_status(self) -> LockInfo | None:
        """Return who holds the lock."""
        return self.store.lock

    def break_lock(self) -> LockInfo | None:
        """Take the lock away."""
        with self.store.mutex:
            broken, self.store.lock = self.store.lock, None
            return broken


def _parts(change: Change, limit: int | None, held: Mark | None) -> list[Change]:
    """Return a change as the writes that it takes; until the last one the group has an unfinished mark.

    One that is to have none keeps the mark that it `held`.
    """
    if limit is None or change.action is Action.DELETE or change.add.count + change.remove.count <= limit:
        return [change]
    first = replace(change, mark=change.mark.unfinished() if change.mark else held)
    following = replace(first, action=Action.UPDATE, prior_name=change.name, attributes=())
    parts = [
        replace(following if number else first, add=Members.of(add), remove=Members.of(remove))
        for number, (add, remove) in enumerate(member_chunks(change, limit))
    ]
    return [*parts[:-1], replace(parts[-1], mark=change.mark)]
