"""What the backend `scim` does on real servers where something is missing, odd, or not told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from groupsync.backend import BackendContext, Step
from groupsync.checking import check_target
from groupsync.errors import BackendError, ConfigError, StalePlanError, StaleRead
from groupsync.facade import checked
from groupsync.identity import Identity
from groupsync.model import Action, AttributeChange, Members, Scope
from groupsync.testing.target import change_of, creation, loaded
from groupsync_scim.backend import ScimBackend
from groupsync_scim.convert import EXTENSION, GROUP, USER
from tests.servers.faults import duplicated_page, missing_page
from tests.servers.proxy import Answer, Proxy

ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
CHECKED = checked(ScimBackend, "groupsync", "0")


@pytest.fixture
def connect(scim2_server, tmp_path):
    """Return a function that connects to scim2-server, which has no groups, and three people."""
    scim2_server.hand.clear()
    scim2_server.hand.add_people([ADA, BOB, CY])

    def connected(url=scim2_server.url, **options):
        context = BackendContext(tmp_path, "contract", "contract", Identity().canonical)
        return CHECKED.from_options({"url": url, "auth": scim2_server.auth, **options}, context)

    return connected


@pytest.fixture
def call(scim2_server):
    """Return somebody else's plain requests."""
    return scim2_server.hand.call


def group(backend, name="a"):
    [found] = [each for each in backend.read(Scope(frozenset({name}))).groups if each.name == name]
    return found


def made(backend):
    """Return how many requests were made, by method."""
    return backend._backend._client.http.requests_made


def user(call, name, **more):
    return call("POST", "/Users", json={"schemas": [USER], "userName": name, **more})["id"]


def put(call, **values):
    return call("POST", "/Groups", json={"schemas": [GROUP], "displayName": "A", **values})["id"]


# --- People -----------------------------------------------------------------------------------------------------------


def test_an_address_without_a_user_is_refused_by_name(connect, scim2_server):
    """Nothing is written, and what is missing is told, before anybody is added."""
    with pytest.raises(BackendError, match="`a` can't get members that the server has no user for") as caught:
        connect().apply(creation("a", [ADA, "nobody@example.com", "none@example.com"]))

    assert "nobody@example.com, none@example.com" == caught.value.detail
    assert "create_missing_users" in caught.value.hint
    assert {} == scim2_server.hand.memberships()


def test_an_address_that_two_users_have_is_refused(connect, call):
    """It is not for us to say which of them is meant."""
    ids = [user(call, f"twin-{number}", emails=[{"value": "twin@example.com"}]) for number in range(2)]
    with pytest.raises(BackendError, match="whose address several users have"):
        connect().apply(creation("a", ["twin@example.com"]))
    for each in ids:
        call("DELETE", f"/Users/{each}")


def test_a_user_is_found_by_a_mail_address(connect, call):
    """A user name that is no address leaves it to `emails`; the primary one counts."""
    emails = [{"value": "old.eve@example.com"}, {"value": "Eve@Example.com", "primary": True}]
    eve = user(call, "eve", emails=emails)
    backend = connect()
    backend.apply(creation("a", ["eve@example.com"]))
    with pytest.raises(BackendError, match="has no user for"):
        connect().apply(creation("b", ["old.eve@example.com"]))

    assert {"eve@example.com"} == loaded(group(connect()))
    call("DELETE", f"/Users/{eve}")


def test_a_user_that_vanished_is_quarantined(connect, call):
    """Who is gone is told, is in nobody's way, and stays for somebody else to take out."""
    gone = user(call, "gone@example.com")
    backend = connect()
    backend.apply(creation("a", [ADA, "gone@example.com"]))
    call("DELETE", f"/Users/{gone}")
    snapshot = connect().read(Scope())
    [found], [warning] = snapshot.groups, snapshot.diagnostics

    assert {ADA} == loaded(found)
    assert snapshot.complete
    assert ("GS705", "A member on contract is nobody that we know") == (warning.code, warning.summary)
    assert f"`a`: {gone}" in warning.detail
    connect().apply(change_of(found, add=[BOB], remove=[ADA]))
    assert {BOB} == loaded(group(connect()))


def test_a_user_that_vanished_since_the_plan_does_not_fail_its_removal(connect, call):
    """The membership went with the user, or is nobody's."""
    gone = user(call, "gone@example.com")
    connect().apply(creation("a", [ADA, "gone@example.com"]))
    change = change_of(group(connect()), remove=["gone@example.com"])
    call("DELETE", f"/Users/{gone}")
    connect().apply(change)

    assert {ADA} == loaded(group(connect()))


def test_a_nested_group_is_told_and_left(connect, call):
    """Groups among the members are no people; a change does not touch them."""
    inner = put(call)
    put(call, externalId="a", members=[{"value": inner, "type": "Group"}, {"value": "x", "type": "Group"}])
    snapshot = connect().read(Scope())
    [found], [warning] = snapshot.groups, snapshot.diagnostics

    assert frozenset() == loaded(found)
    assert ("GS706", "In `a`") == (warning.code, warning.detail[:6])
    connect().apply(change_of(found, add=[ADA]))
    assert 3 == len(call("GET", f"/Groups/{found.id}")["members"])


def test_members_that_are_gone_do_not_keep_the_rest_from_being_written(connect, call):
    """A lot of removals of which nothing is left to do is no end of the change."""
    gone = {f"gone-{number}@example.com": user(call, f"gone-{number}@example.com") for number in range(3)}
    connect().apply(creation("a", [ADA, *gone]))
    change = change_of(group(connect()), remove=[ADA, *gone], display_name="X")
    for each in gone.values():
        call("DELETE", f"/Users/{each}")
    connect(members_per_patch=1).apply(change)
    found = group(connect())

    assert (frozenset(), "X") == (loaded(found), found.display_name)


# --- Names ------------------------------------------------------------------------------------------------------------


def test_a_group_without_a_name_of_its_own_is_not_looked_at(connect, call):
    """It is not ours, whatever it is called."""
    put(call, displayName="a")
    backend = connect()

    assert () == backend.read(Scope()).groups
    backend.apply(creation("a", [ADA]))
    assert ["a"] == [each.name for each in backend.read(Scope()).groups]


def test_a_group_is_found_by_its_display_name_if_asked(connect, call):
    """It is called by it until its first change writes a name, which then outlives another display name."""
    id_ = put(call, displayName="Beta testers")
    backend = connect(adopt_by_display_name=True)
    found = group(backend, "beta-testers")
    assert ("Beta testers", id_) == (found.display_name, found.id)
    backend.apply(change_of(found, display_name="Testers"))

    assert "beta-testers" == call("GET", f"/Groups/{id_}")["externalId"]
    assert "Testers" == group(connect(), "beta-testers").display_name


def test_groups_of_one_name_are_left_alone(connect, call):
    """Nobody can tell which is meant, so neither is read as that group."""
    ids = sorted(put(call, externalId="a", members=[]) for _ in range(2))
    [found] = connect().read(Scope()).groups
    with pytest.raises(BackendError, match="is the name of several groups") as caught:
        found.members.load()

    assert f"they have the ids {', '.join(ids)}" == caught.value.detail


def test_a_display_name_that_is_anothers_name_is_told(connect, call):
    """Of two groups the one with a name of its own has it."""
    own = put(call, externalId="a", displayName="Mine")
    put(call, displayName="A")
    snapshot = connect(adopt_by_display_name=True).read(Scope())

    assert [own] == [each.id for each in snapshot.groups]
    assert ["GS707"] == [each.code for each in snapshot.diagnostics]


# --- Writes -----------------------------------------------------------------------------------------------------------


def people(count):
    return [f"crowd-{number:03}@example.com" for number in range(count)]


def test_a_large_change_takes_as_many_writes_as_lots(connect, scim2_server):
    """250 additions are three writes, each told with the version it left; removals and additions share lots."""
    scim2_server.hand.add_people(people(260))
    backend = connect()
    steps = []
    backend.apply_in_steps(creation("a", people(250)), steps.append)
    assert {"POST": 1, "PATCH": 2} == {method: made(backend)[method] for method in ("POST", "PATCH")}
    assert [100, 100, 50] == [step.added for step in steps]

    backend, more = connect(members_per_patch=12), []
    found = group(backend)
    assert steps[-1].revision == found.revision
    change = change_of(found, add=people(260)[250:], remove=people(5), display_name="X")
    after = backend.apply_in_steps(change, more.append)
    assert [Step(10, 2, more[0].revision), Step(0, 3, after.revision)] == more
    assert 2 == made(backend)["PATCH"]
    assert set(people(260)[5:]) == loaded(group(connect()))


def test_a_step_is_held_against_the_version_before(connect, scim2_server):
    """Who changes a group between two writes of a change is not overwritten: the second is refused."""
    scim2_server.hand.add_people(people(20))
    backend = connect(members_per_patch=10)
    noted = []

    def meddle(step):
        noted.append(step)
        if len(noted) == 1:
            scim2_server.hand.add("A", BOB)

    connect().apply(creation("a", [ADA], display_name="A"))
    with pytest.raises(StalePlanError):
        backend.apply_in_steps(change_of(group(backend), add=people(20)), meddle)

    assert 1 == len(noted)
    assert {ADA, BOB, *people(10)} == loaded(group(connect()))


@pytest.fixture
def terse(scim2_server):
    """A server that answers a PATCH with 204 and nothing else, as RFC 7644 lets it, with the headers `kept`."""
    kept = {"etag"}

    def answer(exchange):
        heard = exchange.forward(exchange.call.place)
        exchange.send(replace(heard, headers=tuple(each for each in heard.headers if each[0].lower() in kept)))

    with Proxy(scim2_server.url) as proxy:
        proxy.choose = lambda call: answer if call.method == "PATCH" else None
        yield SimpleNamespace(url=proxy.url, kept=kept)


def test_the_version_of_a_204_is_in_its_header(connect, scim2_server, terse):
    """Three writes in a row need no read between them, and what comes of them is known."""
    scim2_server.hand.add_people(people(30))
    connect().apply(creation("a", [ADA], display_name="A"))
    backend = connect(terse.url, members_per_patch=10)
    found = group(backend)
    before = made(backend)["GET"]
    after = backend.apply(change_of(found, add=people(30), display_name="B"))

    assert 3 == made(backend)["PATCH"]
    assert made(backend)["GET"] <= before + 2  # to find who is to be added
    again = group(connect())
    assert (again.revision, "B", again.id) == (after.revision, after.display_name, after.id)
    assert {ADA, *people(30)} == loaded(again)


def test_a_version_that_is_not_told_is_looked_up(connect, scim2_server, terse):
    """Without it the next write would be a blind one."""
    terse.kept.clear()
    scim2_server.hand.add_people(people(20))
    connect().apply(creation("a", [ADA]))
    backend = connect(terse.url, members_per_patch=10)
    after = backend.apply(change_of(group(backend), add=people(20)))

    assert group(connect()).revision == after.revision
    assert {ADA, *people(20)} == loaded(group(connect()))


def test_a_missing_extension_is_no_place_for_what_is_not_kept(connect, call):
    """Nothing is sent that the server did not announce."""
    connect().apply(creation("a", [ADA], description="x", owners=("o@example.com",)))
    [found] = call("GET", "/Groups")["Resources"]

    assert EXTENSION not in found
    assert [GROUP] == found["schemas"]


def test_an_undeclared_action_is_refused(connect):
    """Marks can't be kept, so there is nothing to forget."""
    connect().apply(creation("a", [ADA]))
    with pytest.raises(BackendError, match="can't forget a group"):
        connect().apply(change_of(group(connect()), Action.FORGET))


def test_a_library_that_is_missing_is_told_before_anything_is_asked(connect, monkeypatch):
    """The extra is needed to write, and that is no surprise to keep for the apply."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs a library") as caught:
        connect()

    assert "groupsync[scim]" in caught.value.hint


# --- Reads that are not whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "reason"), [(duplicated_page, "came twice"), (missing_page, "came twice")])
def test_a_list_with_a_wrong_page_is_not_whole(connect, scim2_server, fault, reason):
    """What came twice, or not at all, makes the read incomplete, and the reason says why."""
    for number in range(6):
        connect().apply(creation(f"g{number}", [ADA]))
    with Proxy(scim2_server.url) as proxy:
        backend = connect(proxy.url, page_size=2)
        backend.read(Scope())
        proxy.choose = lambda call: fault if call.place.endswith("/Groups") and "startIndex=3" in call.path else None
        snapshot = backend.read(Scope())

    assert not snapshot.complete
    assert reason in snapshot.reason


def test_users_that_are_not_read_wholly_are_not_taken_for_gone(connect, scim2_server):
    """A list of users that is short fails the read: nobody in a group is nobody because of it."""
    connect().apply(creation("a", [ADA, BOB]))
    with Proxy(scim2_server.url) as proxy:
        short = Answer(200, (("Content-Type", "application/scim+json"),), b'{"totalResults": 2, "Resources": []}')
        proxy.choose = lambda call: (lambda exchange: exchange.send(short)) if "/Users" in call.place else None
        with pytest.raises(BackendError, match="the users were not read wholly") as caught:
            connect(proxy.url).read(Scope())

    assert caught.value.retryable


def test_members_of_a_group_that_moved_are_stale(connect):
    """Members are those of the group that was read, or they are refused."""
    backend = connect(members_in_list=False)
    backend.apply(creation("a", [ADA]))
    found = group(backend)
    backend.apply(change_of(found, add=[BOB]))
    with pytest.raises(StaleRead):
        found.members.load()


def test_a_page_that_is_no_scim_service_says_so(connect, scim2_server):
    """A wrong address is the usual reason, and the hint shows a right one."""
    with pytest.raises(BackendError, match="is no SCIM service") as caught:
        connect(f"{scim2_server.url}/Users").read(Scope())

    assert "`url`" in caught.value.hint


def test_a_target_is_checked_by_reading_alone(connect):
    """What the server can do, where names are, and how many users there are."""
    backend = connect()
    found = {each.what: each.found for each in check_target(backend, "contract")}

    expected = "PATCH, filters, versions, bulk of 1,000; names are in `externalId`"
    assert expected == found["it says what may be used of it"]
    assert found["its users can be looked for"].endswith(" users")
    assert {"GET"} == set(made(backend))


def test_a_change_of_nothing_but_members_that_can_not_be_had_writes_nothing(connect):
    """Whom to add is known before the first write."""

    def fail():
        raise BackendError("the list is gone")

    backend = connect()
    backend.apply(creation("a", [ADA]))
    change = replace(change_of(group(backend), add=[BOB]), attributes=(AttributeChange("display_name", None, "X"),))
    with pytest.raises(BackendError, match="the list is gone"):
        backend.apply(replace(change, remove=Members(fail, count=1)))

    assert 0 == made(backend)["PATCH"]
