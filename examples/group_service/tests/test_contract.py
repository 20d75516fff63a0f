"""What each request does."""

from __future__ import annotations

import pytest
from conftest import READER, WRITER, running

MARK = {
    "project": "shop",
    "digest": "ab" * 32,
    "count": 2,
    "identity": "email/fold",
    "prevent_delete": True,
    "name": "beta-testers",
    "past": '{"at":"2026-11-23T12:00:00Z","rows":[],"counts":[["0a1b2c3d4e5f6071",4310]]}',
}
ATTRIBUTES = {
    "kind": "known-user-group",
    "display_name": "Ünïcödé 🦔 \u0000\u2028",
    "description": "",
    "owners": ["zoe@contoso.com", "ada@contoso.com"],
    "labels": {"größe": "élan", "empty": ""},
}


def test_it_says_what_it_is_and_what_it_takes(client):
    """The limits are those that it was started with."""
    limits = {"page": 500, "member_page": 1000, "bulk": 1000, "in_flight": 8}
    assert {"service": "groupsync group service", "version": "1", "limits": limits} == client.ok("GET", "/")


def test_a_created_group_has_all_that_was_given(client, name):
    """Attributes, mark and members are kept as they came; the address and the tag are told."""
    given = {"name": name, **ATTRIBUTES, "mark": MARK, "members": ["b@example.com", "a@example.com", "b@example.com"]}
    answer = client("POST", "/groups", json=given)
    group = answer.json()
    assert (201, f"/v1/groups/{name}") == (answer.status_code, answer.headers["Location"])
    assert f'"{group["revision"]}"' == answer.headers["ETag"]
    assert {**ATTRIBUTES, "mark": MARK, "member_count": 2} == {
        key: group[key] for key in (*ATTRIBUTES, "mark", "member_count")
    }
    assert group == client.ok("GET", f"/groups/{name}")
    assert ["a@example.com", "b@example.com"] == client.members(name)


def test_what_is_left_out_at_creation_is_not_set(client, name):
    """A name is enough."""
    group = client.ok("POST", "/groups", json={"name": name})
    assert dict.fromkeys((*ATTRIBUTES, "mark")) == {key: group[key] for key in (*ATTRIBUTES, "mark")}
    assert 0 == group["member_count"]


def test_a_name_is_taken_once(client, name):
    """Neither a creation nor a rename takes it again."""
    other = f"{name}-other"
    client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com"]})
    client.ok("POST", "/groups", json={"name": other})
    created = client("POST", "/groups", json={"name": name})
    renamed = client("PATCH", f"/groups/{other}", json={"name": name, "members": {"add": ["b@example.com"]}})
    assert [(409, "name_taken")] * 2 == [
        (each.status_code, each.json()["error"]["code"]) for each in (created, renamed)
    ]
    assert (["a@example.com"], []) == (client.members(name), client.members(other))


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, "mark"])
def test_an_attribute_is_changed_and_cleared_alone(client, name, attribute):
    """What is null is cleared; the empty value is a value; the others stay."""
    before = client.ok("POST", "/groups", json={"name": name, **ATTRIBUTES, "mark": MARK})
    cleared = client.ok("PATCH", f"/groups/{name}", json={attribute: None})
    assert before | {attribute: None, "revision": cleared["revision"]} == cleared
    empty = {"owners": [], "labels": {}, "mark": MARK | {"digest": ""}}.get(attribute, "x")
    assert empty == client.ok("PATCH", f"/groups/{name}", json={attribute: empty})[attribute]


def test_a_mark_may_have_no_name(client, name):
    """Nor a past: marks of before these were in them are kept."""
    mark = {key: value for key, value in MARK.items() if key not in {"name", "past"}}
    made = client.ok("POST", "/groups", json={"name": name, "mark": mark})

    assert mark | {"name": None, "past": None} == made["mark"]


def test_a_rename_keeps_everything_else(client, name):
    """The id, the members and the attributes stay; the old name is free."""
    before = client.ok("POST", "/groups", json={"name": name, **ATTRIBUTES, "mark": MARK, "members": ["a@example.com"]})
    after = client.ok("PATCH", f"/groups/{name}", json={"name": f"{name}-new"})
    assert before | {"name": f"{name}-new", "revision": after["revision"]} == after
    assert 404 == client("GET", f"/groups/{name}").status_code
    assert before["id"] != client.ok("POST", "/groups", json={"name": name})["id"]


def test_members_are_changed_together_with_all_else(client, name):
    """One request renames, marks, adds and removes; repeating it changes nothing and moves nothing."""
    client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com", "b@example.com"]})
    change = {
        "members": {"add": ["c@example.com", "b@example.com"], "remove": ["a@example.com", "x@example.com"]},
        "mark": MARK,
    }
    after = client.ok("PATCH", f"/groups/{name}", json=change)
    assert (["b@example.com", "c@example.com"], MARK) == (client.members(name), after["mark"])
    assert after == client.ok("PATCH", f"/groups/{name}", json=change)


def test_who_is_removed_and_added_is_in(client, name):
    """The order within one request is fixed."""
    client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com"]})
    both = {"add": ["a@example.com", "b@example.com"], "remove": ["a@example.com", "b@example.com"]}
    client.ok("PATCH", f"/groups/{name}", json={"members": both})
    assert ["a@example.com", "b@example.com"] == client.members(name)


def test_a_deleted_group_is_gone_with_its_members(client, name):
    """The name begins anew, empty."""
    before = client.ok("POST", "/groups", json={"name": name, "members": ["a@example.com"]})
    assert (204, b"") == ((gone := client("DELETE", f"/groups/{name}")).status_code, gone.content)
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/members")):
        assert 404 == client(method, f"/groups/{name}{path}").status_code
    assert 404 == client("PATCH", f"/groups/{name}", json={}).status_code
    again = client.ok("POST", "/groups", json={"name": name})
    assert 0 == again["member_count"]
    assert before["revision"] != again["revision"]


def test_a_tag_that_is_known_is_answered_without_a_body(client, name):
    """304 as long as the group stays."""
    tag = client("POST", "/groups", json={"name": name}).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = client("GET", f"/groups/{name}", headers={"If-None-Match": known})
        assert (304, b"", tag) == (answer.status_code, answer.content, answer.headers["ETag"])
    client.ok("PATCH", f"/groups/{name}", json={"kind": "other"})
    assert 200 == client("GET", f"/groups/{name}", headers={"If-None-Match": tag}).status_code


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_at_another_revision_is_refused(client, name, method):
    """A stale, a weak, a broken and an empty tag do not match; the right one among others does."""
    stale = client("POST", "/groups", json={"name": name}).headers["ETag"]
    now = client("PATCH", f"/groups/{name}", json={"members": {"add": ["a@example.com"]}}).headers["ETag"]
    body = {"json": {"members": {"add": ["b@example.com"]}}} if method == "PATCH" else {}
    for wrong in (stale, f"W/{now}", now.strip('"'), '""', ""):
        answer = client(method, f"/groups/{name}", headers={"If-Match": wrong}, **body)
        assert (412, "precondition_failed") == (answer.status_code, answer.json()["error"]["code"])
    assert ["a@example.com"] == client.members(name)
    assert client(method, f"/groups/{name}", headers={"If-Match": f"{stale}, {now}"}, **body).ok


def test_only_who_has_a_token_comes_in(service, name):
    """401 without and with a bad one; 403 for writes of who may only read; before anything else is looked at."""
    for token in ("", "guess", f"{WRITER}x"):
        for path in ("/", "/groups", "/groups/x", "/nothing"):
            answer = service.client(token)("GET", path)
            assert (401, "Bearer") == (answer.status_code, answer.headers["WWW-Authenticate"])
        assert 401 == service.client(token)("POST", "/groups", data=b"{").status_code
    reader = service.client(READER)
    assert reader.ok("GET", "/groups")["groups"] is not None
    refused = [reader("POST", "/groups", json={"name": name}), reader("PATCH", f"/groups/{name}", json={})]
    refused.append(reader("DELETE", f"/groups/{name}"))
    assert [(403, "forbidden")] * 3 == [(each.status_code, each.json()["error"]["code"]) for each in refused]
    assert 404 == reader("GET", f"/groups/{name}").status_code


BAD = {
    "no name": {},
    "null name": {"name": None},
    "empty name": {"name": ""},
    "slash": {"name": "a/b"},
    "line feed after name": {"name": "a\n"},
    "long name": {"name": "a" * 129},
    "unknown key": {"name": "a", "colour": "red"},
    "number": {"name": "a", "display_name": 5},
    "empty member": {"name": "a", "members": [""]},
    "member with a line feed": {"name": "a", "members": ["a@example.com\nb@example.com"]},
    "long member": {"name": "a", "members": ["a" * 321]},
    "member that is no text": {"name": "a", "members": ["\ud800"]},
    "mark without a digest": {
        "name": "a",
        "mark": {"project": "x", "count": 1, "identity": "y", "prevent_delete": False},
    },
    "count that is no number": {"name": "a", "mark": MARK | {"count": True}},
    "count below zero": {"name": "a", "mark": MARK | {"count": -1}},
    "count out of range": {"name": "a", "mark": MARK | {"count": 2**53}},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_body_is_refused_and_nothing_done(client, body):
    """422, with words on what is wrong."""
    answer = client("POST", "/groups", json=body)
    assert (422, "invalid") == (answer.status_code, answer.json()["error"]["code"])
    assert answer.json()["error"]["message"].startswith("body")
    assert 404 == client("GET", "/groups/a").status_code


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b"", b"[]", b"[" * 100_000], ids=["cut", "no text", "nothing", "list", "deep"]
)
def test_what_is_no_json_is_refused(client, raw):
    """422 again, whatever it is."""
    answer = client("POST", "/groups", data=raw, headers={"Content-Type": "application/json"})
    assert (422, "invalid") == (answer.status_code, answer.json()["error"]["code"])


def test_what_is_not_there_is_told_in_the_same_form(client):
    """404 and 405 have the body of every error; 405 says all that is allowed."""
    assert (404, "not_found") == ((gone := client("GET", "/nothing")).status_code, gone.json()["error"]["code"])
    not_so = client("PUT", "/groups/x")
    assert (405, "DELETE, GET, PATCH") == (not_so.status_code, not_so.headers["Allow"])


def test_a_token_that_asks_too_often_is_told_when_to_come_again(tmp_path):
    """429 with Retry-After; another token is not held up."""
    with running(tmp_path / "groups.sqlite", requests_per_second="3") as service:
        busy, other = service.client(), service.client(READER)
        answers = [busy("GET", "/") for _ in range(20)]
        refused = [each for each in answers if each.status_code == 429]
        assert 3 <= len(answers) - len(refused) < 20
        assert {("rate_limited", "1")} == {
            (each.json()["error"]["code"], each.headers["Retry-After"]) for each in refused
        }
        assert other("GET", "/").ok


def test_settings_that_make_no_sense_stop_the_start():
    """The message names the variable."""
    from group_service.settings import Settings, SettingsError

    for variables, named in [
        ({}, "GROUP_SERVICE_TOKENS"),
        ({"GROUP_SERVICE_TOKENS": "a b", "GROUP_SERVICE_READ_TOKENS": "b"}, "GROUP_SERVICE_READ_TOKENS"),
        ({"GROUP_SERVICE_TOKENS": "a", "GROUP_SERVICE_BULK": "1001"}, "GROUP_SERVICE_BULK"),
        ({"GROUP_SERVICE_TOKENS": "a", "GROUP_SERVICE_BULK": "many"}, "GROUP_SERVICE_BULK"),
        ({"GROUP_SERVICE_TOKENS": "a", "GROUP_SERVICE_TOKEN": "b"}, "GROUP_SERVICE_TOKEN is not"),
    ]:
        with pytest.raises(SettingsError, match=named):
            Settings.from_environment(variables)
    assert 10 == Settings.from_environment({"GROUP_SERVICE_TOKENS": "a", "GROUP_SERVICE_PAGE": "10"}).page
