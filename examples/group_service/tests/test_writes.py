"""Nothing is lost: not when many write at once, not when the process is killed."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from conftest import running
from hypothesis import given, settings
from hypothesis import strategies as st

MEMBERS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters=[*map(chr, range(32)), "\x7f"]),
    min_size=1,
    max_size=12,
)
EDITS = st.lists(st.tuples(st.lists(MEMBERS, max_size=6), st.lists(MEMBERS, max_size=6)), max_size=6)


def digest(members):
    """The digest as the contract words it: sorted by code points."""
    return hashlib.sha256("".join(f"{member}\n" for member in sorted(members)).encode()).hexdigest()


@settings(max_examples=40)
@given(first=st.lists(MEMBERS, max_size=6), edits=EDITS)
def test_the_digest_is_that_of_the_members_after_any_edits(service, first, edits):
    """Count, digest and list agree with a plain set, whatever letters; what changes nothing moves nothing."""
    client = service.client()
    expected = set(first)
    group = client.ok("POST", "/groups", json={"name": "edited", "members": first})
    try:
        for add, remove in [*edits, ([], [])]:
            before, revision = set(expected), group["revision"]
            expected = (expected - set(remove)) | set(add)
            group = client.ok("PATCH", "/groups/edited", json={"members": {"add": add, "remove": remove}})
            assert (len(expected), digest(expected)) == (group["member_count"], group["member_digest"])
            assert (before == expected) == (revision == group["revision"])
        assert sorted(expected) == client.members("edited", limit=2)
    finally:
        client.ok("DELETE", "/groups/edited")
        client.session.close()


def test_texts_are_kept_as_they_came(client, name):
    """Two spellings of one letter are two members; nothing is normalised, folded or trimmed."""
    members = [
        "é@example.com",
        unicodedata.normalize("NFD", "é@example.com"),
        "É@example.com",
        " é@example.com",
        "🦔",
        "\u0085",
    ]
    client.ok("POST", "/groups", json={"name": name, "members": members})
    assert sorted(members) == client.members(name, limit=1)


def test_of_eight_at_once_one_wins(service, name):
    """With one revision in eight hands, one write is done and seven are refused; round after round."""
    tag = service.client()("POST", "/groups", json={"name": name}).headers["ETag"]
    clients = [service.client() for _ in range(8)]
    expected = []
    for turn in range(10):
        together = threading.Barrier(8)

        def write(number, turn=turn, tag=tag, together=together):
            together.wait()
            body = {"members": {"add": [f"{turn}-{number}@example.com"]}}
            return clients[number]("PATCH", f"/groups/{name}", json=body, headers={"If-Match": tag})

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(write, range(8)))
        assert [200] + [412] * 7 == sorted(answer.status_code for answer in answers)
        (won,) = [number for number, answer in enumerate(answers) if answer.ok]
        expected.append(f"{turn}-{won}@example.com")
        tag = answers[won].headers["ETag"]
    assert sorted(expected) == service.client().members(name)


def test_no_update_is_lost_by_who_reads_again(service, name):
    """Eight count up together, each reading and writing with If-Match: every step is there at the end."""
    service.client().ok("POST", "/groups", json={"name": name, "description": "0"})

    def count_up(_):
        client, done, refused = service.client(), 0, 0
        while done < 5:
            read = client("GET", f"/groups/{name}")
            body = {"description": str(int(read.json()["description"]) + 1)}
            answer = client("PATCH", f"/groups/{name}", json=body, headers={"If-Match": read.headers["ETag"]})
            assert answer.status_code in {200, 412}
            done, refused = done + answer.ok, refused + (not answer.ok)
            assert refused < 1000
        return refused

    with ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(count_up, range(8)))
    print(f"40 writes done, {refused} refused")
    assert "40" == service.client().ok("GET", f"/groups/{name}")["description"]


def test_of_eight_creations_one_wins(service, name):
    """The others are told that the name is taken."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: service.client()("POST", "/groups", json={"name": name}), range(8)))
    assert [201] + [409] * 7 == sorted(answer.status_code for answer in answers)


def test_eight_writers_without_if_match_lose_nothing(service, name):
    """Members are added and removed one by one, not written over."""
    service.client().ok("POST", "/groups", json={"name": name})

    def write(number):
        client = service.client()
        for turn in range(10):
            client.ok("PATCH", f"/groups/{name}", json={"members": {"add": [f"{number}-{turn}@example.com"]}})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    expected = sorted(f"{number}-{turn}@example.com" for number in range(8) for turn in range(10))
    assert expected == service.client().members(name)
    assert digest(expected) == service.client().ok("GET", f"/groups/{name}")["member_digest"]


def test_who_waits_for_others_too_long_is_told_to_come_again(tmp_path):
    """503 with Retry-After while another process holds the database; reading goes on."""
    with running(tmp_path / "groups.sqlite", busy_seconds="1") as service:
        client = service.client()
        client.ok("POST", "/groups", json={"name": "staff"})
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = client("PATCH", "/groups/staff", json={"kind": "x"})
            assert (503, "busy", "1") == (
                answer.status_code,
                answer.json()["error"]["code"],
                answer.headers["Retry-After"],
            )
            assert client.ok("GET", "/groups/staff")["kind"] is None
            other.execute("ROLLBACK")
        assert "x" == client.ok("PATCH", "/groups/staff", json={"kind": "x"})["kind"]


@pytest.mark.parametrize("turn", range(5))
def test_a_kill_in_the_middle_of_a_write_loses_nothing(tmp_path, turn):
    """Every write that was answered is there, the one under way wholly or not at all, and the digest is right."""
    chunks = [[f"{chunk}-{number}@example.com" for number in range(1000)] for chunk in range(60)]
    answered = 0
    with running(tmp_path / "groups.sqlite") as service:
        client = service.client()
        client.ok("POST", "/groups", json={"name": "staff", "description": "0"})
        killer = threading.Timer(random.Random(turn).uniform(0.05, 0.4), service.process.kill)
        killer.start()
        with contextlib.suppress(requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            for number, chunk in enumerate(chunks, 1):
                client.ok("PATCH", "/groups/staff", json={"members": {"add": chunk}, "description": str(number)})
                answered = number
        killer.join()
    with running(tmp_path / "groups.sqlite") as service:
        client = service.client()
        group, found = client.ok("GET", "/groups/staff"), client.members("staff")
    written = int(group["description"])
    print(f"{answered} writes answered, {written} written")
    assert answered <= written <= answered + 1
    assert answered < len(chunks)
    assert sorted(member for chunk in chunks[:written] for member in chunk) == found
    assert digest(found) == group["member_digest"]
