"""On every server: plan → apply → empty plan → outside edit → drift → apply, with the requests of each step counted.

200 groups share a pool of 500 people. Everything goes through the command line in processes of its own, and through a
proxy that counts: what is asserted is what the server got, not what a backend says of itself.

Bounds: a step reads no more than ⌈groups ÷ page⌉ + groups whose members must be read + discovery + batches of people,
and writes no more than ⌈changes ÷ bulk limit⌉ for each group. What a service makes unavoidable beyond that is in its
`Terms`, with the reason.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from groupsync.errors import ExitCode
from tests.servers.mailman import DOMAIN
from tests.servers.proxy import Proxy
from tests.servers.shop import groupsync, write_config, write_groups

GROUPS = 200
PEOPLE = [f"person-{number:03}@example.com" for number in range(500)]
NAMES = [f"group-{number:03}" for number in range(GROUPS)]
EDITED = NAMES[:3]
STRANGER = PEOPLE[-1]
WHOLE = "GROUPSYNC_WHOLE_ROUNDS" in os.environ
"""Take 50 members for each group on slow servers, too."""


@dataclass(frozen=True)
class Terms:
    """What a server's kind makes of a round; all counts are of requests.

    Attributes:
        fixture: that starts it.
        target: the target's configuration, besides `url` and `auth`.
        page: groups in an answer.
        members: of each group.
        discovery: before anything else, in each command.
        people: to find who is to be added, or who the members are, once a command.
        member_reads: to read the members of one group, where they don't come with the list.
        reads_edited_only: a digest vouches for the members of all groups but those that somebody edited.
        create, update: writes for one group; an update adds one person and removes another.
        reads_to_create, reads_to_update: that go with those, for one group.
        in_flight: requests at once at the most.
    """

    fixture: str
    target: dict[str, Any]
    page: int
    members: int = 50
    discovery: int = 0
    people: int = 0
    member_reads: int = 0
    reads_edited_only: bool = False
    create: int = 1
    update: int = 1
    reads_to_create: int = 0
    reads_to_update: int = 0
    in_flight: int = 8

    def reads(self, *, edited: int) -> int:
        """Return how many reads may show all groups and their members, where somebody edited so many of them."""
        # Without a digest that vouches for them, members are read to see whether they differ, and again to see how.
        whole = edited if self.reads_edited_only else GROUPS + edited
        return self.discovery + math.ceil(GROUPS / self.page) + whole * self.member_reads + self.people

    def reads_to_apply(self, *, created: int = 0, updated: int = 0) -> int:
        """Return how many reads may go with writes, those that show whether they took included.

        What was changed may be shown by all pages again, or group by group where few were changed.
        """
        changed = created + updated
        shown = math.ceil(GROUPS / self.page) + updated + changed * self.unvouched
        to_write = created * self.reads_to_create + updated * self.reads_to_update
        return self.discovery + self.people + to_write + shown

    @property
    def unvouched(self) -> int:
        """Return what reading a group again takes where no digest vouches for its members."""
        return 0 if self.reads_edited_only else self.member_reads

    def writes(self, *, created: int = 0, updated: int = 0) -> int:
        """Return how many writes may make and change so many groups."""
        return created * self.create + updated * self.update


LEDGER = {"owns": {"ledger": "there.ledger"}}
"""On servers that have no room for marks; with it, drift is told from edits."""

TERMS = [
    # One request changes members and mark; the digest of a group comes with the list, so that only edited ones are
    # read. A page holds 500 groups.
    Terms(
        "group_service",
        {"plugin": "rest", "profile": "groupsync"},
        page=500,
        member_reads=1,
        reads_edited_only=True,
    ),
    # Making a group does not take properties, where the mark is; adding and removing are two calls. It has no
    # revisions, so that a group is read right before it is changed, and `properties` are written as a whole.
    Terms(
        "jupyterhub",
        {"plugin": "rest", "profile": "jupyterhub"},
        page=200,
        create=2,
        update=3,
        reads_to_update=1,
    ),
    # Names are not unique, so that each new one is looked for before it is made. 13 filters find 500 people.
    Terms("scim2_server", {"plugin": "scim", **LEDGER}, page=40, discovery=3, people=13, reads_to_create=1),
    # Every membership makes the next one of the same person slower there: 200 × 50 take a quarter of an hour, ten
    # members half a minute. No filters: all people are one request, and so are all names, good for ten seconds.
    Terms(
        "canaille",
        {
            "plugin": "scim",
            "member_value": "userName",
            "without": ["etag"],
            "max_in_flight": 2,
            "timeout_seconds": 120,
            **LEDGER,
        },
        page=200,
        members=50 if WHOLE else 10,
        discovery=4,
        people=2,
        reads_to_create=1,
        reads_to_update=2,
        in_flight=2,
    ),
    # No bulk subscribe: one request a member, some 40 ms each, so that 200 × 50 would take eight minutes on a machine
    # that does nothing else. Five members show the same. Writes tell nothing of a list, so that it is read afterwards.
    Terms(
        "mailman",
        {"plugin": "rest", "profile": "mailman3", "parameters": {"domain": DOMAIN}, **LEDGER},
        page=100,
        members=50 if WHOLE else 5,
        member_reads=1,
        create=1 + (50 if WHOLE else 5),
        update=2,
        reads_to_create=1,
        reads_to_update=3,
        in_flight=1,
    ),
]


@dataclass(frozen=True)
class Step:
    """A command that has ended, and what the server got of it."""

    code: int
    out: str
    err: str
    counts: Counter
    in_flight: int
    seconds: float

    @property
    def reads(self):
        return sum(count for method, count in self.counts.items() if method == "GET")

    @property
    def writes(self):
        return sum(count for method, count in self.counts.items() if method not in {"GET", "TOKEN"})


class Shop:
    """A project whose target is a server behind a proxy."""

    def __init__(self, folder, terms, server, proxy):
        self.folder, self.terms, self.server, self.proxy = folder, terms, server, proxy
        self.wanted = {
            name: {PEOPLE[(number * 7 + each * 3) % 499] for each in range(terms.members)}
            for number, name in enumerate(NAMES)
        }
        write_config(folder, server, proxy.url, terms.target)
        write_groups(folder, self.wanted)
        self.told = []

    def __call__(self, what, *arguments):
        """Run a command; keep what it took under the name of the step."""
        self.proxy.reset()
        started = time.monotonic()
        done = groupsync(self.folder, *arguments)
        seconds = time.monotonic() - started
        counts = Counter("TOKEN" if call.place.endswith("/oauth/token") else call.method for call in self.proxy.calls)
        step = Step(done.returncode, done.stdout, done.stderr, counts, self.proxy.most_in_flight, seconds)
        told = ", ".join(f"{count} {method}" for method, count in sorted(counts.items())) or "none"
        self.told.append(f"  {what}: {counts.total()} requests ({told}), {step.in_flight} at once, {seconds:.1f} s")
        return step

    def report(self):
        head = f"{self.server.name}: {GROUPS} groups × {self.terms.members} members"
        return "\n".join([head, *self.told])


@pytest.fixture
def shop(request, tmp_path):
    server = request.getfixturevalue(request.param.fixture)
    server.hand.clear()
    server.hand.add_people(PEOPLE)
    with Proxy(server.url, rewrites_host=server.insists_on_host) as proxy:
        yield Shop(tmp_path, request.param, server, proxy)
    server.hand.clear()


def failures_of(step, code, reads, writes):
    """Return what is not as it must be with a command; empty where all is."""
    terms_kept = {
        f"ends with {code!r}": step.code == code,
        f"at most {reads} reads": step.reads <= reads,
        f"at most {writes} writes": step.writes <= writes,
    }
    return [what for what, is_kept in terms_kept.items() if not is_kept]


@pytest.mark.parametrize("shop", TERMS, indirect=True, ids=lambda terms: terms.fixture)
def test_a_round_ends_where_it_should_and_asks_for_no_more_than_it_must(shop, tell):
    """200 groups are made, somebody edits three of them, that is told as drift, and mended."""
    terms, hand, steps = shop.terms, shop.server.hand, {}
    apply = ("apply", "--yes", "--format", "json")
    try:
        steps["plan"] = shop("plan", "plan", "--out", "first.plan")
        steps["apply"] = shop("apply", *apply, "first.plan")
        after_apply = hand.memberships()
        steps["empty"] = shop("plan, nothing to do", "plan", "--detailed-exitcode")
        for name in EDITED:
            hand.add(name, STRANGER)
            hand.remove(name, min(shop.wanted[name]))
        steps["drift"] = shop("drift after an outside edit", "drift", "--detailed-exitcode", "--format", "json")
        steps["second plan"] = shop("plan", "plan", "--out", "second.plan")
        steps["mend"] = shop("apply", *apply, "second.plan")
        steps["still empty"] = shop("plan, nothing to do", "plan", "--detailed-exitcode")
    finally:
        tell(shop.report())

    assert shop.wanted == after_apply
    assert shop.wanted == hand.memberships()
    drift = json.loads(steps["drift"].out)["drift"]
    assert EDITED == sorted(each["name"] for each in drift if each["drifted"])
    idle, edited = terms.reads(edited=0), terms.reads(edited=len(EDITED))
    expected = {
        "plan": (ExitCode.OK, idle, 0),
        "apply": (ExitCode.OK, terms.reads_to_apply(created=GROUPS), terms.writes(created=GROUPS)),
        "empty": (ExitCode.OK, idle, 0),
        "drift": (ExitCode.CHANGES, edited, 0),
        "second plan": (ExitCode.OK, edited, 0),
        "mend": (ExitCode.OK, terms.reads_to_apply(updated=len(EDITED)), terms.writes(updated=len(EDITED))),
        "still empty": (ExitCode.OK, idle, 0),
    }
    broken = {what: failures_of(steps[what], *bounds) for what, bounds in expected.items()}
    assert {} == {what: found for what, found in broken.items() if found}
    assert all(step.in_flight <= terms.in_flight for step in steps.values())
    assert steps["apply"].in_flight > terms.in_flight / 2
