"""What a plugin's backend returns is checked, and the plugin is blamed."""

from __future__ import annotations

import pytest

from groupsync.backend import Capabilities, LockInfo, SupportsLock
from groupsync.errors import BackendError, IncompleteRead, PluginError
from groupsync.facade import checked
from groupsync.model import Action, Change, Group, Members, Scope, Snapshot

ADA = "ada@example.com"


class Plain:
    """A backend that returns what it is told to."""

    name = "plain"
    options_schema = {"type": "object"}  # noqa: RUF012 - as plugins write it
    capabilities = Capabilities(frozenset(Action))
    snapshot: object = Snapshot(())
    streamed: object = ()
    applied: object = None

    @classmethod
    def from_options(cls, options, context):
        return cls() if options != "wrong" else object()

    def read(self, scope):
        return self.snapshot

    def members(self, group):
        yield from self.streamed

    def apply(self, change):
        return self.applied

    def close(self):
        raise OSError("gone")


class Locking(Plain):
    """The same with a lock."""

    def lock(self, ttl_seconds):
        return "locked"

    def unlock(self, lock: LockInfo):
        pass

    def lock_status(self):
        return None

    def break_lock(self):
        return None


@pytest.fixture
def backend():
    return checked(Plain, "plain-dist", "1.2").from_options({}, None)


def test_the_checked_class_stands_for_the_plugins():
    """It has the plugin's name and schema, and locks exactly where the plugin does."""
    cls = checked(Plain, "plain-dist", "1.2")

    assert ("plain", Plain.options_schema) == (cls.name, cls.options_schema)
    assert not issubclass(cls, SupportsLock)
    assert issubclass(checked(Locking, "d", "1"), SupportsLock)


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (None, "expected a Snapshot; found NoneType None"),
        (Snapshot(("a",)), "groups that are all of type Group"),
        (Snapshot((Group("b"), Group("a"))), "found `a` after `b`"),
        (Snapshot((Group("a"), Group("a"))), "no name twice"),
        (Snapshot((), complete=False), "a reason with complete=False"),
        (Snapshot((Group("a", members=("x",)),)), "members that are a Members value or None"),
    ],
)
def test_a_wrong_snapshot_blames_the_plugin(backend, snapshot, words):
    """Type, order and repeats are checked; the error names backend, distribution and version."""
    backend._backend.snapshot = snapshot
    with pytest.raises(PluginError, match=r"`plain` of plain-dist 1\.2 broke its contract in `read`") as caught:
        backend.read(Scope())

    assert words in caught.value.detail
    assert ("plain-dist", "1.2") == (caught.value.plugin, caught.value.version)


@pytest.mark.parametrize(
    ("streamed", "members", "error"),
    [
        ([ADA], Members.unread(), None),
        ([ADA], Members.unread(count=1), None),
        ([ADA], Members.unread(count=2), IncompleteRead),
        ([ADA, "b@example.com"], Members.unread(count=1), IncompleteRead),
        ([ADA, ADA], Members.unread(), PluginError),
        ([ADA, 5], Members.unread(), PluginError),
        (5, Members.unread(), PluginError),
        ([], Members(lambda: frozenset({ADA}), count=1), None),
        ([], Members(lambda: frozenset({ADA}), count=3), IncompleteRead),
        ([], Members(lambda: frozenset({5})), PluginError),
        ([], Members(lambda: frozenset({1 / 0})), PluginError),
    ],
)
def test_members_are_checked_when_they_are_loaded(backend, streamed, members, error):
    """Unread members are asked of the plugin; a count that doesn't hold is an incomplete read, never a small group."""
    backend._backend.streamed = streamed
    backend._backend.snapshot = Snapshot((Group("a", members=members),))
    [group] = backend.read(Scope()).groups
    if error:
        with pytest.raises(error):
            group.members.load()
    else:
        assert {ADA} == group.members.load()


def test_what_is_known_of_members_is_passed_on(backend):
    """Count, digest and raw bytes are there without loading; a group whose members are not told stays so."""
    backend._backend.snapshot = Snapshot(
        (Group("a", members=Members.unread(count=3, digest="d" * 64, raw=lambda: b"raw")), Group("b", members=None))
    )
    told, untold = backend.read(Scope()).groups

    assert (3, "d" * 64, b"raw") == (told.members.known_count, told.members.known_digest, told.members.raw())
    assert untold.members is None


def test_unread_members_can_not_be_loaded_past_the_core():
    """A plugin that loads what it left unread itself is told why that can't be."""
    with pytest.raises(RuntimeError, match="only be loaded through the core"):
        Members.unread().load()


@pytest.mark.parametrize(
    ("action", "applied"),
    [(Action.CREATE, None), (Action.UPDATE, "a"), (Action.UPDATE, Group("b")), (Action.DELETE, Group("a"))],
)
def test_apply_must_return_the_group_that_was_changed(backend, action, applied):
    """None after a delete, the group of the change's name after anything else."""
    backend._backend.applied = applied
    with pytest.raises(PluginError, match="in `apply`"):
        backend.apply(Change("t", "a", action))


def test_exceptions_of_ours_pass_and_all_others_blame_the_plugin(backend, monkeypatch):
    """A BackendError is the target's answer; anything else is the plugin's bug, with its cause kept."""

    def fail(scope):
        raise BackendError("down", retryable=True)

    monkeypatch.setattr(backend._backend, "read", fail)
    with pytest.raises(BackendError, match="down"):
        backend.read(Scope())
    with pytest.raises(PluginError, match="failed while closing") as caught:
        backend.close()

    assert "OSError: gone" == caught.value.detail
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    "capabilities", [None, Capabilities(frozenset({"fly"})), Capabilities(frozenset(Action), locks=True)]
)
def test_capabilities_are_checked(backend, capabilities):
    """Unknown actions, another type, and a lock that isn't there are the plugin's fault."""
    backend._backend.capabilities = capabilities
    with pytest.raises(PluginError, match="in `capabilities`"):
        _ = backend.capabilities


def test_from_options_must_return_the_backend():
    """A factory that makes something else is found out before it is used."""
    with pytest.raises(PluginError, match="in `from_options`"):
        checked(Plain, "d", "1").from_options("wrong", None)


def test_a_lock_must_be_a_lock():
    """What a plugin returns for a lock is checked as well."""
    backend = checked(Locking, "d", "1").from_options({}, None)
    with pytest.raises(PluginError, match="expected a LockInfo; found locked"):
        backend.lock(60)


def test_streaming_checks_each_member(backend):
    """Even where members are asked for one by one, each is text."""
    backend._backend.streamed = [ADA, None]
    with pytest.raises(PluginError, match="in `members`"):
        list(backend.members(Group("a")))
