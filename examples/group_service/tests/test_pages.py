"""Pages fit together, or say that they don't."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from conftest import running

PEOPLE = [f"person{number:05}@example.com" for number in range(10_000)]


def digest(members):
    """The digest as the contract words it."""
    return hashlib.sha256("".join(f"{member}\n" for member in sorted(members)).encode()).hexdigest()


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    """A service of 200 groups with 50 members each."""
    with running(tmp_path_factory.mktemp("hall") / "groups.sqlite") as service:
        client = service.client()
        for number in range(200):
            members = PEOPLE[number * 2 : number * 2 + 50]
            client.ok("POST", "/groups", json={"name": f"g{number:03}", "members": members})
        yield service


def test_200_groups_come_in_two_pages(hall):
    """The default page has 100; each group once, sorted, with the right digest."""
    client = hall.client()
    first = client.ok("GET", "/groups")
    assert (100, 200) == (len(first["groups"]), first["total"])
    second = client.ok("GET", "/groups", params={"cursor": first["next_cursor"]})
    assert second["next_cursor"] is None
    groups = first["groups"] + second["groups"]
    assert [f"g{number:03}" for number in range(200)] == [group["name"] for group in groups]
    assert [digest(PEOPLE[n * 2 : n * 2 + 50]) for n in range(200)] == [group["member_digest"] for group in groups]


@pytest.mark.parametrize("limit", [1, 7, 100, 200, 500])
def test_a_page_of_any_size_leads_to_all(hall, limit):
    """None is missing, none comes twice, none is empty."""
    assert [f"g{number:03}" for number in range(200)] == [group["name"] for group in hall.client().groups(limit)]


def test_groups_are_found_by_their_names(hall):
    """Those that exist, each once, in pages too; a cursor is good only for the names that it was given for."""
    client = hall.client()
    wanted = {"name": ["g007", "g005", "absent", "g007", "g006"], "limit": 2}
    first = client.ok("GET", "/groups", params=wanted)
    assert (["g005", "g006"], 3) == ([group["name"] for group in first["groups"]], first["total"])
    second = client.ok("GET", "/groups", params=wanted | {"cursor": first["next_cursor"]})
    assert ["g007"] == [group["name"] for group in second["groups"]]
    assert 410 == client("GET", "/groups", params={"cursor": first["next_cursor"]}).status_code
    assert 500 == len(names := [f"{'n' * 120}{number:03}" for number in range(500)])
    assert {"groups": [], "total": 0, "next_cursor": None} == client.ok("GET", "/groups", params={"name": names})
    assert 422 == client("GET", "/groups", params={"name": [*names, "one-more"]}).status_code


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", ""])
def test_a_page_of_no_size_is_refused(hall, limit):
    """The contract's limits hold."""
    assert 422 == hall.client()("GET", "/groups", params={"limit": limit}).status_code


@pytest.mark.parametrize("cursor", ["x", "ü", "W10", "WzEsMl0", "WyJncm91cHMiLCI0MiJd", "\x00", "A" * 10_000])
def test_a_cursor_of_unknown_making_is_not_good(hall, cursor):
    """410: begin again at the first page."""
    for path in ("/groups", "/groups/g000/members"):
        answer = hall.client()("GET", path, params={"cursor": cursor})
        assert (410, "stale_cursor") == (answer.status_code, answer.json()["error"]["code"])


@pytest.mark.parametrize("deed", ["create", "rename", "delete"])
def test_groups_that_come_and_go_end_a_listing(client, name, deed):
    """410, though the page itself could be made; what changes inside of a group does not matter."""
    for number in range(3):
        client.ok("POST", "/groups", json={"name": f"{name}-{number}"})
    cursor = client.ok("GET", "/groups", params={"limit": 1})["next_cursor"]
    client.ok("PATCH", f"/groups/{name}-1", json={"kind": "other", "members": {"add": ["a@example.com"]}})
    assert client("GET", "/groups", params={"limit": 1, "cursor": cursor}).ok
    match deed:
        case "create":
            client.ok("POST", "/groups", json={"name": f"{name}-3"})
        case "rename":
            client.ok("PATCH", f"/groups/{name}-1", json={"name": f"{name}-4"})
        case "delete":
            client.ok("DELETE", f"/groups/{name}-1")
    assert 410 == client("GET", "/groups", params={"limit": 1, "cursor": cursor}).status_code


def test_a_group_that_changes_ends_the_listing_of_its_members(client, name):
    """410 after a change of the group, and after another group took its name; never after a change elsewhere."""
    client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com", "b@example.com", "c@example.com"]})

    def begin():
        page = client("GET", f"/groups/{name}/members", params={"limit": 1})
        assert f'"{page.json()["revision"]}"' == page.headers["ETag"]
        return {"limit": 1, "cursor": page.json()["next_cursor"]}

    at = begin()
    client.ok("POST", "/groups", json={"name": f"{name}-other"})
    client.ok("PATCH", f"/groups/{name}", json={"members": {"add": ["a@example.com"]}})
    assert ["b@example.com"] == client.ok("GET", f"/groups/{name}/members", params=at)["members"]
    client.ok("PATCH", f"/groups/{name}", json={"members": {"remove": ["a@example.com"]}})
    assert 410 == client("GET", f"/groups/{name}/members", params=at).status_code
    at = begin()
    client.ok("DELETE", f"/groups/{name}")
    assert 404 == client("GET", f"/groups/{name}/members", params=at).status_code
    client.ok("POST", "/groups", json={"name": name, "members": ["x@example.com", "y@example.com"]})
    assert 410 == client("GET", f"/groups/{name}/members", params=at).status_code


def test_pages_are_right_while_others_write(service, name):
    """A listing that reached its end is one state of the group, of many that follow each other."""
    writer, reader = service.client(), service.client()
    states = [PEOPLE[number : number + 40] for number in range(20)]
    writer.ok("POST", "/groups", json={"name": name, "members": states[0]})
    stop = threading.Event()
    seen: list[tuple[str, str]] = []
    stale = 0

    def write():
        for before, after in pairwise(states):
            change = {"add": [after[-1]], "remove": [before[0]]}
            writer.ok("PATCH", f"/groups/{name}", json={"members": change})
            stop.wait(0.02)
        stop.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not stop.is_set() and not writing.done():
            found: list[str] = []
            cursor = None
            while True:
                page = reader("GET", f"/groups/{name}/members", params={"limit": 15, "cursor": cursor})
                if page.status_code == 410:
                    stale += 1
                    break
                found += page.json()["members"]
                cursor = page.json()["next_cursor"]
                if cursor is None:
                    seen.append((page.json()["revision"], digest(found)))
                    break
        writing.result()
    print(f"{len(seen)} listings reached their end, {stale} were told to begin again")
    assert seen
    assert {found for _, found in seen} <= {digest(state) for state in states}
    assert len(dict(seen)) == len(set(seen))


def test_10000_members_go_in_and_out_in_chunks(client, name):
    """Ten requests in, ten pages out, ten requests to empty it; count and digest are right all along."""
    client.ok("POST", "/groups", json={"name": name, "members": PEOPLE[:1000]})
    for start in range(1000, 10_000, 1000):
        group = client.ok("PATCH", f"/groups/{name}", json={"members": {"add": PEOPLE[start : start + 1000]}})
        assert (start + 1000, digest(PEOPLE[: start + 1000])) == (group["member_count"], group["member_digest"])
    assert PEOPLE == client.members(name)
    for start in range(0, 10_000, 1000):
        group = client.ok("PATCH", f"/groups/{name}", json={"members": {"remove": PEOPLE[start : start + 1000]}})
    assert (0, digest([])) == (group["member_count"], group["member_digest"])


def test_more_than_the_bulk_limit_is_refused_whole(client, name):
    """413 that says the limit, for a creation and a change, counted together; nothing was done."""
    refused = [client("POST", "/groups", json={"name": name, "members": PEOPLE[:1001]})]
    client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com"]})
    both = {"add": PEOPLE[:600], "remove": PEOPLE[599:1000]}
    refused.append(client("PATCH", f"/groups/{name}", json={"members": both, "kind": "other"}))
    for answer in refused:
        assert (413, "too_large") == (answer.status_code, answer.json()["error"]["code"])
        assert "at most 1000" in answer.json()["error"]["message"]
    assert (["a@example.com"], None) == (client.members(name), client.ok("GET", f"/groups/{name}")["kind"])


def test_lower_limits_are_kept_and_told(tmp_path):
    """Pages get shorter, whatever was asked for; bulk and body are refused earlier, however a body comes."""
    lower = {"page": "2", "member_page": "3", "bulk": "4", "body_bytes": "1000"}
    with running(tmp_path / "groups.sqlite", **lower) as service:
        client = service.client()
        assert {"page": 2, "member_page": 3, "bulk": 4, "in_flight": 8} == client.ok("GET", "/")["limits"]
        for number in range(3):
            client.ok("POST", "/groups", json={"name": f"g{number}", "members": PEOPLE[:4]})
        assert 2 == len(client.ok("GET", "/groups", params={"limit": 500})["groups"])
        assert 3 == len(client.ok("GET", "/groups/g0/members")["members"])
        assert 413 == client("PATCH", "/groups/g0", json={"members": {"add": PEOPLE[:5]}}).status_code
        for body in (b" " * 1001, iter([b" " * 600, b" " * 600])):
            answer = client("PATCH", "/groups/g0", data=body, headers={"Content-Type": "application/json"})
            assert (413, "too_large") == (answer.status_code, answer.json()["error"]["code"])
