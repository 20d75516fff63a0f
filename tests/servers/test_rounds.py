"""On every server: plan → apply → empty plan → outside edit → drift → apply, with the requests of each step counted.

200 groups share a pool of 500 people, 50 of them in each group. Everything goes through the command line in processes
of its own, and through a proxy that counts: what is asserted is what the server got, not what a backend says of itself.
Mailman takes one request for each member, so that a whole round is 10,200 requests and eleven minutes: there each group
has 5 members unless `GROUPSYNC_WHOLE_ROUNDS` is set.

Bounds: plan and drift read no more than ⌈groups ÷ page⌉ + groups whose members must be read + discovery + batches of
people, and write nothing. An apply writes ⌈changes ÷ bulk limit⌉ for each group, and reads each group that it changes
once before, where no revision guards the write, and once after. What a service makes unavoidable beyond that is in its
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
from tests.servers.gate import Gate
from tests.servers.mailman import DOMAIN
from tests.servers.proxy import Proxy
from tests.servers.shop import groupsync, write_config, write_groups

GROUPS = 200
PEOPLE = [f"person-{number:03}@example.com" for number in range(500)]
NAMES = [f"group-{number:03}" for number in range(GROUPS)]
EDITED = NAMES[:3]
STRANGER = PEOPLE[-1]
WHOLE = "GROUPSYNC_WHOLE_ROUNDS" in os.environ
"""Take 50 members for each group on Mailman, too."""
MAILMAN_MEMBERS = 50 if WHOLE else 5


@dataclass(frozen=True)
class Terms:
    """What a server's kind makes of a round; all counts are of requests.

    Attributes:
        fixture: that starts it.
        target: the target's configuration, besides `url` and `auth`.
        page: groups in an answer that lists all.
        names: groups that are looked for by name in one request; 0 where that can't be done.
        one_by_one: so many groups are asked for one by one rather than by listing all.
        members: of each group.
        discovery: before anything else, in each command.
        people: to find who is to be added, or who the members are, once a command.
        member_reads: to read the members of one group, where they don't come with the list.
        has_digests: a digest vouches for the members of all groups but those that somebody edited.
        create, update: writes for one group; an update adds one person and removes another.
        reads_to_create, reads_to_update: that go with those, for one group.
        reads_to_begin_updates: that go with updates, once a command.
        names_last_seconds: how long a list of all names may tell whether one is free; those that need one at the same
            time may each ask for it. 0 where none is asked for.
        in_flight: requests at once at the most.
    """

    fixture: str
    target: dict[str, Any]
    page: int
    names: int = 0
    one_by_one: int = 0
    members: int = 50
    discovery: int = 0
    people: int = 0
    member_reads: int = 0
    has_digests: bool = False
    create: int = 1
    update: int = 1
    reads_to_create: int = 0
    reads_to_update: int = 0
    reads_to_begin_updates: int = 0
    names_last_seconds: int = 0
    in_flight: int = 8

    def reads(self, groups: int = GROUPS, *, edited: int = 0) -> int:
        """Return how many reads may show so many groups and their members, where somebody edited some of them."""
        if not groups:
            return self.discovery + 1
        unvouched = edited if self.has_digests else groups
        return self.discovery + math.ceil(groups / self.page) + unvouched * self.member_reads + self.people

    def reads_to_create_all(self, seconds: float) -> int:
        """Return how many reads may go with making all groups, which took so long; those afterwards included.

        One is the look at the target before guards judge the saved plan again.
        """
        lists = 1 + int(seconds / self.names_last_seconds) if self.names_last_seconds else 0
        names = lists * self.in_flight
        return self.discovery + 1 + self.people + names + GROUPS * self.reads_to_create + self._reads_again(GROUPS)

    def reads_to_mend(self, edited: int) -> int:
        """Return how many reads may go with changing so many groups; the look before and those afterwards included."""
        once = self.discovery + math.ceil(GROUPS / self.page) + self.people + self.reads_to_begin_updates
        return once + edited * self.reads_to_update + self._reads_again(edited)

    def _reads_again(self, groups: int) -> int:
        """Return what it takes to see what became of some groups."""
        members = 0 if self.has_digests else groups * self.member_reads
        if self.names:
            return math.ceil(groups / self.names) + members
        return (groups if groups <= self.one_by_one else math.ceil(GROUPS / self.page)) + members


LEDGER = {"owns": {"ledger": "there.jsonl"}}
"""On servers that have no room for marks; with it, drift is told from edits."""

TERMS = [
    # One request changes members and mark, and tells the group as it is then; the digest of a group comes with the
    # list, so that only edited ones are read. A page holds 500 groups, a query 4,000 characters of names.
    Terms(
        "group_service",
        {"plugin": "rest", "profile": "groupsync"},
        page=500,
        names=250,
        member_reads=1,
        has_digests=True,
    ),
    # Making a group does not take properties, where the mark is; adding and removing are two calls. It has no
    # revisions, so that a group is read right before it is changed. Members come with the list.
    Terms(
        "jupyterhub",
        {"plugin": "rest", "profile": "jupyterhub"},
        page=200,
        one_by_one=3,
        create=2,
        update=3,
        reads_to_update=1,
    ),
    # Names are not unique, so that each new one is looked for before it is made: SCIM can't say so in the write. Forty
    # names go into one filter. All people are one page; who is to be added or removed in the first update, which are
    # few, is one search more. Members come with the list.
    Terms(
        "scim2_server",
        {"plugin": "scim", **LEDGER},
        page=100,
        names=40,
        discovery=3,
        people=1,
        reads_to_create=1,
        reads_to_begin_updates=1,
    ),
    # No filters: all people are one request, and so are all groups; a list of names is good for ten seconds. It can't
    # count (`count`), which the first list of a command finds out in one request more, and each of two at once. No
    # revisions, so that a group is read right before it is changed. Members come with the list. Every membership makes
    # the next one of the same person slower there, hence the time-out.
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
        one_by_one=1,
        discovery=4,
        people=1,
        reads_to_update=1,
        reads_to_begin_updates=1,
        names_last_seconds=10,
        in_flight=2,
    ),
    # No bulk subscribe: one request a member. The list has neither members nor a digest of them, so that each group's
    # are read. Writes tell nothing of a list, so that it is asked for after them, without members; it has no revisions,
    # so that a group and its members are read right before it is changed.
    Terms(
        "mailman",
        {"plugin": "rest", "profile": "mailman3", "parameters": {"domain": DOMAIN}, **LEDGER},
        page=100,
        one_by_one=3,
        members=MAILMAN_MEMBERS,
        member_reads=1,
        create=1 + MAILMAN_MEMBERS,
        update=2,
        reads_to_create=1,
        reads_to_update=3,
        in_flight=1,
    ),
]


def kind_of(call):
    """Return what a request is: its method, but for one that asks for a token."""
    return "TOKEN" if call.place.endswith("/oauth/token") else call.method


def writes(call):
    """Tell whether a request changes something."""
    return kind_of(call) not in {"GET", "TOKEN"}


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

    def __call__(self, what, *arguments, choose=lambda call: None):
        """Run a command; keep what it took under the name of the step. `choose` is for the proxy."""
        self.proxy.reset()
        self.proxy.choose = choose
        started = time.monotonic()
        done = groupsync(self.folder, *arguments)
        seconds = time.monotonic() - started
        counts = Counter(map(kind_of, self.proxy.calls))
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


@pytest.mark.servers
@pytest.mark.parametrize("shop", TERMS, indirect=True, ids=lambda terms: terms.fixture)
def test_a_round_ends_where_it_should_and_asks_for_no_more_than_it_must(shop, tell):
    """200 groups are made, somebody edits three of them, that is told as drift, and mended."""
    terms, hand, steps = shop.terms, shop.server.hand, {}
    apply = ("apply", "--yes", "--format", "json")
    try:
        steps["plan"] = shop("plan", "plan", "--out", "first.plan")
        steps["apply"] = shop("apply", *apply, "first.plan", choose=Gate(terms.in_flight, keeps=writes))
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
    idle, edited = terms.reads(), terms.reads(edited=len(EDITED))
    expected = {
        "plan": (ExitCode.OK, terms.reads(0), 0),
        "apply": (ExitCode.OK, terms.reads_to_create_all(steps["apply"].seconds), GROUPS * terms.create),
        "empty": (ExitCode.OK, idle, 0),
        "drift": (ExitCode.CHANGES, edited, 0),
        "second plan": (ExitCode.OK, edited, 0),
        "mend": (ExitCode.OK, terms.reads_to_mend(len(EDITED)), len(EDITED) * terms.update),
        "still empty": (ExitCode.OK, idle, 0),
    }
    broken = {what: failures_of(steps[what], *bounds) for what, bounds in expected.items()}
    assert {} == {what: found for what, found in broken.items() if found}
    assert all(step.in_flight <= terms.in_flight for step in steps.values())
    assert terms.in_flight == steps["apply"].in_flight
