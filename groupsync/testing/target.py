"""A target under test: short words for what a contract's tests do again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from groupsync.backend import SupportsLock
from groupsync.facade import checked
from groupsync.model import (
    ATTRIBUTES,
    Action,
    AttributeChange,
    Change,
    Mark,
    Members,
    Past,
    Scope,
    Snapshot,
    digest_bytes,
    encode_members,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupsync.backend import Backend, Capabilities
    from groupsync.facade import CheckedBackend
    from groupsync.model import Group

PROJECT = "contract"
IDENTITY = "email/fold"


class Target:
    """What the backends that `make_backend` returns share. Each is held to its types as the core does it."""

    def __init__(self, make_backend: Callable[[], Backend]) -> None:
        self._make_backend = make_backend
        self._opened: list[CheckedBackend] = []
        self.backend = self.connect()

    def connect(self) -> CheckedBackend:
        """Return one more backend on the same store, as another process would have it."""
        backend = self._make_backend()
        self._opened.append(checked(type(backend), type(backend).__name__, "under test")(backend))
        return self._opened[-1]

    def close(self) -> None:
        """Close every backend that was opened."""
        for backend in self._opened:
            backend.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the backend says it can do."""
        return self.backend.capabilities

    def needs(self, *actions: Action) -> None:
        """Skip the test where the backend doesn't declare an action."""
        for action in actions:
            if action not in self.capabilities.actions:
                pytest.skip(f"the backend does not declare {action}")

    def locking(self, backend: CheckedBackend | None = None) -> SupportsLock:
        """Return a backend as one that locks, or skip the test."""
        found = backend or self.backend
        if not (self.capabilities.locks and isinstance(found, SupportsLock)):
            pytest.skip("the backend does not declare locks")
        return found

    def snapshot(self, *names: str) -> Snapshot:
        """Read these groups through a new connection, or all; it must be complete."""
        backend = self.connect()
        snapshot = backend.read(Scope(frozenset(names) if names else None))
        assert snapshot.complete, snapshot.reason
        return snapshot

    def groups(self) -> dict[str, Group]:
        """Return every group by name, as a new connection reads it."""
        return {group.name: group for group in self.snapshot().groups}

    def group(self, name: str) -> Group:
        """Return one group as a new connection reads it."""
        groups = self.groups()
        assert name in groups, f"`{name}` is not there; there are {sorted(groups)}"
        return groups[name]

    def state(self) -> dict[str, tuple[object, ...]]:
        """Return all that counts of every group, members loaded, to compare before and after."""
        return {name: contents(group) for name, group in self.groups().items()}

    def create(self, name: str, members: Iterable[str] = (), **attributes: Any) -> Group:
        """Create a group through the backend and return it as it is read back."""
        self.needs(Action.CREATE)
        self.backend.apply(creation(name, members, **attributes))
        return self.group(name)

    def create_unmanaged(self, name: str, members: Iterable[str] = ()) -> Group:
        """Have a group that carries no mark."""
        self.needs(Action.CREATE, Action.FORGET)
        self.backend.apply(change_of(self.create(name, members), Action.FORGET))
        return self.group(name)


def contents(group: Group) -> tuple[object, ...]:
    """Return what counts of a group, members loaded; unset and empty attributes are the same."""
    attributes = tuple(group.attribute(name) or None for name in ATTRIBUTES)
    return (group.name, attributes, loaded(group), group.mark)


def loaded(group: Group) -> frozenset[str]:
    """Return the members of a group that was read."""
    assert group.members is not None, f"the members of `{group.name}` are not told"
    return group.members.load()


PAST: Final = Past(
    datetime(2026, 11, 23, 12, 0, 1, 500, tzinfo=UTC),
    tuple((f"{number:016x}", f"{number:x}" * 16, 10**12 + number) for number in range(8)),
    tuple((f"{number:016x}", 10**9 + number) for number in range(32)),
)
"""The longest that a mark remembers."""


def mark_for(members: Iterable[str], *, prevent_delete: bool = False, name: str = "") -> Mark:
    """Return the mark that an apply of exactly these members stores, for a group of that name."""
    held = frozenset(members)
    return Mark(PROJECT, digest_bytes(encode_members(held)), len(held), IDENTITY, prevent_delete, name)


def creation(name: str, members: Iterable[str] = (), **attributes: Any) -> Change:
    """Return the change that creates a group."""
    held = frozenset(members)
    return Change(
        target="contract",
        name=name,
        action=Action.CREATE,
        attributes=_attribute_changes({key: (None, value) for key, value in attributes.items()}),
        add=Members.of(held),
        mark=mark_for(held, name=name),
    )


def change_of(
    prior: Group,
    action: Action = Action.UPDATE,
    *,
    name: str | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    prevent_delete: bool = False,
    **attributes: Any,
) -> Change:
    """Return a change of a group as it was read, planned as the core plans it."""
    before = loaded(prior)
    added, removed = frozenset(add), frozenset(remove)
    change = Change(
        target="contract",
        name=name or prior.name,
        action=action,
        prior_name=prior.name,
        id=prior.id,
        attributes=_attribute_changes({key: (prior.attribute(key), value) for key, value in attributes.items()}),
        add=Members.of(added),
        remove=Members.of(removed),
        precondition=prior.revision,
        prior_count=len(before),
        mark=mark_for((before | added) - removed, prevent_delete=prevent_delete, name=name or prior.name),
    )
    if action is Action.DELETE:
        return replace(change, remove=Members.of(before), mark=None)
    return replace(change, mark=None) if action is Action.FORGET else change


def _attribute_changes(values: dict[str, tuple[Any, Any]]) -> tuple[AttributeChange, ...]:
    return tuple(AttributeChange(name, *values[name]) for name in ATTRIBUTES if name in values)
