"""Trying a target: what is read, what is told, and that nothing is written."""

from __future__ import annotations

import pytest

from groupsync.backend import Check
from groupsync.checking import check_target
from groupsync.errors import AuthenticationError, PluginError
from groupsync.facade import checked
from groupsync.model import Group, Mark
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.plans import people


class Telling(MemoryBackend):
    """A backend that tries something of its own."""

    tells = (Check("the credentials are accepted", "as groupsync"), Check("it may write", "", "read only", "Ask."))

    def check(self):
        yield from self.tells


@pytest.fixture
def store():
    store = MemoryStore()
    made = people(3)
    store.put(Group("beta", members=made, mark=Mark("shop", made.digest, 3, "email/fold")))
    store.put(Group("staff", members=people(40)))
    store.put(Group("empty", members=people(0)))
    return store


def tried(store, backend=MemoryBackend):
    return list(check_target(checked(backend, "groupsync", "0")(backend(store)), "shop"))


def test_a_target_in_order_tells_what_it_holds(store):
    """Capabilities, all groups, the members of the smallest group that has any, the lock."""
    before = dict(store.groups)
    expected = [
        Check("it tells what it can do"),
        Check("its groups can be read", "3 groups, 43 memberships, 1 of this project"),
        Check("the members of `beta` can be read", "3 members"),
        Check("its lock can be looked at"),
    ]
    assert expected == tried(store)
    assert before == store.groups


def test_what_the_backend_tries_itself_is_told_first(store):
    """Its own checks stand beside those of the core, whatever came of them."""
    assert ["it tells what it can do", *(each.what for each in Telling.tells), "its groups can be read"] == [
        each.what for each in tried(store, Telling)[:4]
    ]


def test_a_target_without_groups_is_in_order():
    """There is nobody to read, and that is said."""
    assert Check("members can be read", "not tried: there is no group yet") in tried(MemoryStore())


@pytest.mark.parametrize("call", ["read", "members"])
def test_what_fails_is_told_with_its_hint(store, call):
    """And what may still tell something goes on."""
    store.fail(call, error=AuthenticationError("403 Forbidden", hint="Renew the token."))
    problems = [each for each in tried(store) if each.problem]
    assert [("403 Forbidden", "Renew the token.")] == [(each.problem, each.hint) for each in problems]


def test_a_partial_or_short_read_is_a_problem(store):
    """Nobody should find that out at three in the morning."""
    store.incomplete = "page 2 of 3 did not come"
    assert ["page 2 of 3 did not come"] == [each.problem for each in tried(store) if each.problem]
    store.incomplete = ""
    store.truncated["beta"] = 1
    assert ["`beta` was not read wholly: the target announced 3 members and 1 came"] == [
        each.problem for each in tried(store) if each.problem
    ]


def test_a_check_that_is_none_blames_the_plugin(store):
    """What comes back is held to its type."""

    class Odd(Telling):
        tells = ("fine",)

    with pytest.raises(PluginError, match="broke its contract in `check`"):
        tried(store, Odd)
