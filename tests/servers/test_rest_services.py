"""The shipped profiles on their servers, beyond the contract: how many requests, and what is each service's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import BackendError
from groupsync.identity import Identity
from groupsync.model import Action, Members, Scope
from groupsync.testing.target import IDENTITY, PROJECT, change_of, creation
from groupsync_rest.backend import RestBackend
from tests.servers.mailman import DOMAIN
from tests.servers.shop import groupsync, write_config, write_groups


@pytest.fixture
def connect(tmp_path):
    """Connect to a server that is emptied first."""
    opened = []

    def connect(server, **options):
        server.hand.clear()
        context = BackendContext(tmp_path, PROJECT, "contract", Identity().canonical, IDENTITY)
        options = {"url": server.url, "auth": server.auth, **options}
        opened.append(RestBackend.from_options(options, context))
        return opened[-1]

    yield connect
    for backend in opened:
        backend.close()


def people(count, start=0):
    return [f"person-{number:05}@example.com" for number in range(start, start + count)]


def requests_of(backend, do):
    """Return the requests that something takes, by method, and what it returns."""
    before = backend.wire.http.requests_made.copy()
    made = do()
    after = backend.wire.http.requests_made
    return {method: after[method] - before[method] for method in after if after[method] != before[method]}, made


def held(group, members):
    return replace(group, members=Members.of(members))


# --- The group service ------------------------------------------------------------------------------------------------


def test_a_change_takes_one_request_a_bulk(group_service, connect):
    """Members, attributes and mark together: ⌈changes ÷ 1,000⌉, at creation, in updates and renames."""
    backend = connect(group_service, profile="groupsync")
    steps = []
    change = creation("a", people(2_500), display_name="A", labels=(("x", "1"),))
    made, group = requests_of(backend, lambda: backend.apply_in_steps(change, steps.append))
    assert {"POST": 1, "PATCH": 2} == made
    assert [1_000, 1_000, 500] == [step.added for step in steps]

    change = change_of(held(group, people(2_500)), Action.RENAME, name="b", add=people(700, 2_500), remove=people(900))
    made, group = requests_of(backend, lambda: backend.apply_in_steps(change, steps.append))
    assert {"PATCH": 2} == made
    assert [(700, 300), (0, 600)] == [(step.added, step.removed) for step in steps[3:]]

    change = change_of(held(group, people(2_300, 900)), display_name="B")
    made, group = requests_of(backend, lambda: backend.apply(change))
    assert {"PATCH": 1} == made
    assert {"b": set(people(2_300, 900))} == group_service.hand.memberships()
    assert (change.mark, "B") == (group.mark, group.display_name)


def test_a_read_takes_one_request_a_page(group_service, connect):
    """⌈groups ÷ 500⌉ for the groups with their digests, ⌈members ÷ 1,000⌉ for those that must be read."""
    backend = connect(group_service, profile="groupsync")
    for number in range(501):
        group_service.hand.create(f"g{number:03}")
    group_service.hand.create("large", people(2_001))
    made, snapshot = requests_of(backend, lambda: backend.read(Scope()))
    assert ({"GET": 2}, 502) == (made, len(snapshot.groups))
    large = next(group for group in snapshot.groups if group.name == "large")
    assert large.members.known_digest == Members.of(people(2_001)).digest
    made, members = requests_of(backend, lambda: list(backend.members(large)))
    assert ({"GET": 3}, people(2_001)) == (made, members)
    some = frozenset({"g001", "g002", "large", "missing"})
    made, snapshot = requests_of(backend, lambda: backend.read(Scope(some)))
    assert ({"GET": 1}, some - {"missing"}) == (made, {group.name for group in snapshot.groups})


def test_an_address_in_capitals_on_the_service_is_the_same_member(group_service, tmp_path):
    """The service's digest is of what it keeps; adopting, editing, taking back and going on see the same members."""
    group_service.hand.clear()
    group_service.hand.create("staff", ["Ada@Example.com", "bob@example.com"])
    write_config(tmp_path, group_service, group_service.url, {"plugin": "rest", "profile": "groupsync"})
    steps = [["ada", "bob"], ["ada", "cy"], ["ada", "cy", "dee"]]
    for names in steps:
        members = [f"{name}@example.com" for name in names]
        write_groups(tmp_path, {"staff": members})
        plan = groupsync(tmp_path, "plan").stdout
        assert "changed on the target" not in plan
        done = groupsync(tmp_path, "apply", "--yes", "--adopt")
        assert (0, "") == (done.returncode, done.stderr), done.stdout
    done = groupsync(tmp_path, "undo", "last", "--yes")
    assert 0 == done.returncode, done.stderr
    assert {"staff": {"Ada@Example.com", "cy@example.com"}} == group_service.hand.memberships()


# --- JupyterHub -------------------------------------------------------------------------------------------------------


def test_more_groups_than_a_page_are_read_wholly(jupyterhub, connect):
    """JupyterHub cuts lists at 200 unless it is asked for pages; members come with the groups."""
    backend = connect(jupyterhub, profile="jupyterhub")
    for number in range(205):
        jupyterhub.hand.create(f"g{number:03}")
    made, snapshot = requests_of(backend, lambda: backend.read(Scope()))
    assert ({"GET": 2}, True, 205) == (made, snapshot.complete, len(snapshot.groups))
    assert all(group.members.load() == frozenset() for group in snapshot.groups)


def test_somebody_without_an_account_is_an_error_that_says_what_to_do(jupyterhub, connect):
    """Nobody gets an account because of a group, unless the target says so."""
    newcomers = ["new-1@example.com", "new-2@example.com"]
    backend = connect(jupyterhub, profile="jupyterhub")
    with pytest.raises(BackendError, match="No such user") as caught:
        backend.apply(creation("a", newcomers))
    assert "create_missing_users: true" in caught.value.hint
    assert not caught.value.retryable
    assert {} == jupyterhub.hand.memberships()

    backend = connect(jupyterhub, profile="jupyterhub", create_missing_users=True)
    backend.apply(creation("a", newcomers))
    assert {"a": set(newcomers)} == jupyterhub.hand.memberships()


def test_other_properties_of_a_group_stay(jupyterhub, connect):
    """What others keep with a group is sent back with every change, and stays when the mark goes."""
    jupyterhub.hand.add_people(people(3))
    backend = connect(jupyterhub, profile="jupyterhub")
    group = backend.apply(creation("a", people(2), display_name="A"))
    call, theirs = jupyterhub.hand.call, {"quota": "8G"}
    properties = call("GET", "/groups/a")["properties"]
    call("PUT", "/groups/a/properties", json={**theirs, **properties})
    made, group = requests_of(backend, lambda: backend.apply(change_of(held(group, people(2)), add=people(3)[2:])))
    assert {"POST": 1, "PUT": 1} == made
    properties = call("GET", "/groups/a")["properties"]
    assert theirs == {name: value for name, value in properties.items() if name != "groupsync"}
    assert "A" == properties["groupsync"]["display_name"]

    group = backend.apply(change_of(held(group, people(3)), Action.FORGET))
    assert (None, "A") == (group.mark, group.display_name)
    assert theirs == {k: v for k, v in call("GET", "/groups/a")["properties"].items() if k != "groupsync"}


# --- Mailman ----------------------------------------------------------------------------------------------------------


def test_members_come_singly_and_go_together(mailman, connect):
    """Mailman subscribes one a request, and takes away 250 at once."""
    backend = connect(mailman, profile="mailman3", parameters={"domain": DOMAIN})
    steps = []
    made, group = requests_of(backend, lambda: backend.apply_in_steps(creation("a", people(30)), steps.append))
    assert {"POST": 31, "GET": 1} == made
    assert 31 == len(steps)
    made, group = requests_of(backend, lambda: backend.apply(change_of(held(group, people(30)), remove=people(20))))
    assert {"DELETE": 1, "GET": 1} == made
    assert {"a": set(people(10, 20))} == mailman.hand.memberships()
    made, snapshot = requests_of(backend, lambda: backend.read(Scope()))
    assert ({"GET": 1}, [10]) == (made, [found.members.known_count for found in snapshot.groups])
