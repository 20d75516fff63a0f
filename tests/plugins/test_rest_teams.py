"""The backend `rest` on a service of somebody's own, by a profile of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import BackendError, IncompleteRead, StalePlanError
from groupsync.identity import Identity
from groupsync.model import Action, Members, Scope
from groupsync.testing import BackendContract
from groupsync.testing.room import ADA, BOB, CY
from groupsync.testing.target import IDENTITY, PROJECT, change_of, creation, loaded
from groupsync_rest.backend import RestBackend
from tests.plugins.teams import PROFILE, TOKEN, serving


@pytest.fixture
def service():
    with serving() as running:
        yield running


@pytest.fixture
def context(tmp_path):
    return BackendContext(tmp_path, PROJECT, "contract", Identity().canonical, IDENTITY)


@pytest.fixture
def make_backend(context, service):
    (context.root / "teams.yaml").write_text(PROFILE)
    options = {"profile": "teams.yaml", "url": service[1], "parameters": {"org": "acme"}, "auth": {"bearer": TOKEN}}
    return lambda: RestBackend.from_options(options, context)


class TestTeams(BackendContract):
    """ETags in headers, PUT of the whole, people one by one, Link headers, a mark within a text."""

    attributes: ClassVar = ("display_name", "owners", "labels")
    many: ClassVar = 130
    two_stores: ClassVar = (
        {"url": "https://a.example.com", "profile": "teams"},
        {"url": "https://b.example.com", "profile": "teams"},
        {"url": "https://a.example.com/eu", "profile": "teams"},
        {"url": "https://a.example.com", "profile": "other"},
        {"url": "https://a.example.com", "profile": "teams", "parameters": {"domain": "lists.example.com"}},
        {"url": "https://a.example.com", "profile": "teams", "headers": {"X-Tenant": "contoso"}},
    )

    @pytest.fixture
    def make_backend(self, make_backend):
        return make_backend


# --- What is sent, seen at the service --------------------------------------------------------------------------------


@pytest.fixture
def teams(service):
    return service[0]


@pytest.fixture
def backend(make_backend):
    backend = make_backend()
    yield backend
    backend.close()


def group_with(group, members):
    """Return a group as the core has it, its members read."""
    return replace(group, members=Members.of(members))


def sent(teams, do):
    """Return what was asked for while something is done, and what it returned."""
    before = len(teams.asked)
    made = do()
    return [each.replace("/orgs/acme/teams", "") for each in teams.asked[before:]], made


def test_a_read_asks_for_pages_and_groups_and_nothing_else(teams, backend):
    """One request a page of the list, one a group whose list entry is not all of it."""
    for number in range(5):
        backend.apply(creation(f"g{number}", [ADA]))
    asked, snapshot = sent(teams, lambda: backend.read(Scope()))
    assert ["g0", "g1", "g2", "g3", "g4"] == [group.name for group in snapshot.groups]
    assert ["GET ", "GET ", *(f"GET /g{number}" for number in range(5))] == sorted(asked)


def test_a_scope_of_few_names_asks_for_these(teams, backend):
    """A look before a write does not list everything; what is not there is left out."""
    backend.apply(creation("a"))
    asked, snapshot = sent(teams, lambda: backend.read(Scope(frozenset({"a", "gone"}))))
    assert ["GET /a", "GET /gone"] == asked
    assert ["a"] == [group.name for group in snapshot.groups]


def test_an_update_is_one_request_a_member_and_one_for_the_rest(teams, backend):
    """The mark goes last, so that a change that stops halfway shows as pending; each write is noted."""
    backend.apply(creation("a", [ADA, BOB]))
    group = next(iter(backend.read(Scope()).groups))
    held = group_with(group, [ADA, BOB])
    steps = []
    change = change_of(held, add=[CY], remove=[ADA], display_name="Team A")
    asked, _ = sent(teams, lambda: backend.apply_in_steps(change, steps.append))
    expected = [f"PUT /a/people/{CY.replace('@', '%40')}", f"DELETE /a/people/{ADA.replace('@', '%40')}", "PUT /a"]
    assert [*expected[:2], "GET /a", expected[2]] == asked
    assert [(1, 0), (0, 1), (0, 0)] == [(step.added, step.removed) for step in steps]
    assert 3 == len({step.revision for step in steps})


def test_what_the_profile_does_not_name_stays(teams, backend):
    """A PUT of the whole sends back what the service holds besides."""
    backend.apply(creation("a", [], display_name="One"))
    teams.teams["a"]["colour"] = "blue"
    group = group_with(next(iter(backend.read(Scope()).groups)), [])
    backend.apply(change_of(group, display_name="Two"))
    assert ("blue", "Two") == (teams.teams["a"]["colour"], teams.teams["a"]["title"])


def test_members_that_go_missing_on_the_way_are_told(teams, backend):
    """A page that is short of what the service tells of is not the whole group."""
    backend.apply(creation("a", [ADA, BOB]))
    group = next(iter(backend.read(Scope()).groups))
    told = teams.people
    teams.people = lambda *given: short(told(*given))
    with pytest.raises(IncompleteRead, match="tells of 2 and 1 came"):
        list(backend.members(group))


def short(answer):
    status, headers, body = answer
    return status, headers, {**body, "people": body["people"][:1]} if body["people"] else body


def test_a_group_that_comes_twice_makes_a_read_incomplete(teams, backend):
    """Nothing may be removed because of such a list."""
    backend.apply(creation("a"))
    listed = teams.listed
    teams.listed = lambda query: (200, {}, [*listed(query)[2], {"slug": "a"}])
    snapshot = backend.read(Scope())
    assert (False, "the group `a` came twice") == (snapshot.complete, snapshot.reason)


@pytest.mark.parametrize(
    ("person", "detail"), [("nobody", "'nobody'"), (None, "expected a list"), ("ADA@example.com", "twice")]
)
def test_a_member_that_can_not_be_told_fails_the_group_alone(teams, backend, person, detail):
    """An identifier of another kind, or somebody under two spellings, is said with the group's name."""
    backend.apply(creation("a", [ADA]))
    backend.apply(creation("b", [BOB]))
    teams.teams["a"]["people"].append(person)
    groups = {group.name: group for group in backend.read(Scope()).groups}
    with pytest.raises(BackendError) as caught:
        list(backend.members(groups["a"]))
    assert "`a`" in str(caught.value)
    assert [BOB] == list(backend.members(groups["b"]))


def test_a_member_is_removed_as_the_service_writes_it(teams, backend):
    """A service that tells letters apart has to be asked for what it holds."""
    backend.apply(creation("a", [ADA]))
    teams.teams["a"]["people"] = ["Ada@Example.com"]
    group = next(iter(backend.read(Scope()).groups))
    assert [ADA] == list(backend.members(group))
    backend.apply(change_of(group_with(group, [ADA]), remove=[ADA]))
    assert [] == teams.teams["a"]["people"]


def test_a_lost_group_is_not_taken_for_a_lost_member(teams, backend):
    """404 for a member may mean either; it is asked which."""
    backend.apply(creation("a", [ADA]))
    group = group_with(next(iter(backend.read(Scope()).groups)), [ADA])
    del teams.teams["a"]
    with pytest.raises(StalePlanError, match="not there any more"):
        backend.apply(change_of(group, remove=[ADA]))


def test_an_undeclared_action_sends_nothing(teams, context, service):
    """What the profile does not describe is refused before anything goes out."""
    text = PROFILE[: PROFILE.index("  delete:")]
    (context.root / "teams.yaml").write_text(text)
    options = {"profile": "teams.yaml", "url": service[1], "parameters": {"org": "acme"}, "auth": {"bearer": TOKEN}}
    backend = RestBackend.from_options(options, context)
    backend.apply(creation("a"))
    group = group_with(next(iter(backend.read(Scope()).groups)), [])
    asked = len(teams.asked)
    with pytest.raises(BackendError, match="can't delete"):
        backend.apply(change_of(group, Action.DELETE))
    assert asked == len(teams.asked)
    assert frozenset() == loaded(group)
