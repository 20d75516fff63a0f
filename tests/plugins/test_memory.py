"""The reference backend and its ways to fail."""

from __future__ import annotations

from typing import ClassVar

import pytest

from groupsync.errors import BackendError, IncompleteRead, PluginError, StalePlanError, StaleRead
from groupsync.facade import checked
from groupsync.model import Action, Change, Group, Members, Scope
from groupsync.testing import BackendContract
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore

CHECKED = checked(MemoryBackend, "groupsync", "0")


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def backend(store):
    return CHECKED(MemoryBackend(store))


def create(name="staff", *members):
    return Change("local", name, Action.CREATE, add=Members.of(members))


def test_a_call_fails_at_the_time_asked_for_and_only_then(store, backend):
    """`fail("apply", 2)` lets the first call pass, fails the second with nothing written, and lets the third pass."""
    store.fail("apply", 2)
    backend.apply(create("a"))
    with pytest.raises(BackendError, match="on demand"):
        backend.apply(create("b"))
    assert {"a"} == set(store.groups)
    backend.apply(create("b"))

    assert {"a", "b"} == set(store.groups)


def test_a_failure_after_the_write_leaves_it_done(store, backend):
    """A target whose answer gets lost has written all the same."""
    store.fail("apply", after_write=True)
    with pytest.raises(BackendError):
        backend.apply(create("a"))

    assert {"a"} == set(store.groups)


def test_an_exception_that_is_not_ours_blames_the_plugin(store, backend):
    """Whatever a plugin lets escape becomes a PluginError that names it, with the cause kept."""
    store.fail("read", error=ZeroDivisionError("by zero"))
    with pytest.raises(PluginError, match="`memory` of groupsync 0 failed while reading") as caught:
        backend.read(Scope())

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_truncated_member_list_is_never_a_small_group(store, backend):
    """Fewer members than announced is an incomplete read."""
    backend.apply(create("a", "x@example.com", "y@example.com"))
    store.truncated["a"] = 1
    [group] = backend.read(Scope()).groups
    with pytest.raises(IncompleteRead, match="announced 2 members and 1 came"):
        group.members.load()


def test_an_incomplete_read_says_so(store, backend):
    """A partial snapshot carries its reason and leaves out what was not seen."""
    backend.apply(create("a"))
    backend.apply(create("b"))
    store.incomplete, store.hidden = "page 2 timed out", frozenset({"b"})
    snapshot = backend.read(Scope())

    assert (False, "page 2 timed out", ["a"]) == (
        snapshot.complete, snapshot.reason, [group.name for group in snapshot.groups]
    )  # fmt: skip


def test_a_moved_revision_makes_plan_and_read_stale(store, backend):
    """A change planned against an earlier revision is refused, and so are members read for it."""
    backend.apply(create("a", "x@example.com"))
    [group] = backend.read(Scope()).groups
    store.move("a")
    with pytest.raises(StaleRead):
        group.members.load()
    with pytest.raises(StalePlanError):
        backend.apply(Change("local", "a", Action.DELETE, prior_name="a", precondition=group.revision))

    assert {"a"} == set(store.groups)


def test_named_stores_are_shared_until_dropped():
    """Two backends of one store see the same groups; a dropped name begins empty."""
    MemoryStore.named("shared").put(Group("a"))

    assert ["a"] == list(MemoryStore.named("shared").groups)
    MemoryStore.drop("shared")
    assert [] == list(MemoryStore.named("shared").groups)
    MemoryStore.drop("shared")


class TestContract(BackendContract):
    """The memory backend keeps the contract."""

    two_stores: ClassVar = ({}, {"store": "another"})

    @pytest.fixture
    def make_backend(self, context, store):
        return lambda: MemoryBackend(store)
