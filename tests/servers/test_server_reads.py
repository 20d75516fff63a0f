"""Answers of real servers that are wrong or not whole while groups are read: nobody is removed because of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from groupsync.errors import ExitCode, GroupsyncError
from groupsync.model import Action
from groupsync.retry import Retries, RetryPolicy
from tests.servers import faults
from tests.servers.shop import groupsync
from tests.servers.worlds import Mischief, pairs


@pytest.fixture
def ready(world):
    """Begin with what is there before; afterwards nothing goes wrong any more."""
    world.reset()
    world.proxy.reset()
    yield world
    world.proxy.reset()


class Comparison:
    """What plans that were made while something went wrong would do, against one that was made in peace."""

    def __init__(self, world):
        self.world = world
        self.whole = self.plan()
        self.calls = list(world.proxy.calls)
        self.outcomes = Counter()
        self.unintended, self.lost = set(), set()

    def plan(self):
        with self.world.open() as backends:
            return self.world.plan(backends, Retries(RetryPolicy(attempts=1)))

    def under(self, choose):
        """Plan while something goes wrong; hold who would be added, removed or left without group against the other."""
        self.world.proxy.reset()
        self.world.proxy.choose = choose
        try:
            plan = self.plan()
        except GroupsyncError:
            self.outcomes["refused as a whole"] += 1
            return
        wanted = {change.key: change for change in self.whole.changes}
        for change in plan.changes:
            other = wanted.get(change.key)
            added = other.add.load() if other else frozenset()
            removed = other.remove.load() if other else frozenset()
            self.unintended |= {(change.name, member) for member in change.add.load() - added}
            self.lost |= {(change.name, member) for member in change.remove.load() - removed}
            if change.action is Action.DELETE and (other is None or other.action is not Action.DELETE):
                self.lost.add((change.name, "all"))
        self.outcomes["the same plan" if plan.changes == self.whole.changes else "less in the plan"] += 1

    def told(self, what):
        ends = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items())) or "nothing to try"
        return (
            f"{self.world.server.name}, {what}: {ends}\n"
            f"  {len(self.lost)} memberships would be lost, {len(self.unintended)} unintended"
        )


def is_for_one(call):
    """Tell whether a request is about the members of one group."""
    return call.place.endswith("/members")


def test_a_fault_at_any_read_of_all_groups_takes_nobody_out(ready, tell):
    """Discovery, pages of groups, batches of people: one fault at one of them, each of them, one after the other."""
    found = Comparison(ready)
    numbers = [call.number for call in found.calls if not is_for_one(call)]
    assert len(numbers) >= 5
    for fault in faults.READING.values():
        for number in numbers:
            found.under(lambda call, fault=fault, number=number: fault if call.number == number else None)
    tell(found.told(f"{len(faults.READING)} faults at each of {len(numbers)} reads"))
    assert (set(), set()) == (found.lost, found.unintended)
    assert len(numbers) * len(faults.READING) == found.outcomes.total()


def test_faults_at_reads_of_single_groups_take_nobody_out(ready, tell):
    """Where the members of a group are read by themselves, every such read goes wrong, in every way in turn."""
    found = Comparison(ready)
    own = [call for call in found.calls if is_for_one(call)]
    assert bool(own) == (ready.server.name == "group_service"), "SCIM lists groups with their members"
    for turn in range(len(faults.READING)) if own else ():
        mischief = Mischief(ready.server, turn, faults.READING)
        found.under(lambda call, mischief=mischief: mischief(call) if is_for_one(call) else None)
    tell(found.told(f"{len(faults.READING)} faults at each of {len(own)} reads of one group"))
    assert (set(), set()) == (found.lost, found.unintended)


# --- Through the command line -----------------------------------------------------------------------------------------


def lists_all(call):
    """Tell whether a request lists groups, and not only some that it names."""
    listed = call.method == "GET" and call.place.endswith(("/v1/groups", "/Groups"))
    return listed and "filter=" not in call.path and "name=" not in call.path


def rewritten(change):
    """Make a fault that changes what a list says."""

    def fault(exchange):
        answer = exchange.forward()
        told = json.loads(answer.body)
        items, total = ("groups", "total") if "groups" in told else ("Resources", "totalResults")
        change(told, items, total)
        exchange.send(replace(answer, body=json.dumps(told).encode()))

    return fault


def shorten(told, items, total):
    """Leave out the last three of a page, and still announce all."""
    told[items] = told.get(items, [])[:-3]


def empty(told, items, total):
    """Claim that there are no groups at all."""
    told[items], told[total] = [], 0
    told.pop("next_cursor", None) if total == "totalResults" else told.update(next_cursor=None)


CASES = {
    "truncated": (faults.truncated, ExitCode.ERROR, "the connection was lost"),
    "short": (rewritten(shorten), ExitCode.INCOMPLETE, "was not read wholly"),
    "empty": (rewritten(empty), ExitCode.INCOMPLETE, "were left alone"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_list_that_is_not_whole_removes_nobody_and_says_why(ready, case):
    """Definitions take people out and groups away; with such a list nobody goes, and the exit code is not success."""
    world, (fault, code, text) = ready, CASES[case]
    world.proxy.choose = lambda call: fault if lists_all(call) else None
    done = groupsync(world.folder, "apply", "--yes")
    told = " ".join((done.stderr + done.stdout).replace("|", " ").split())
    assert code == done.returncode, told
    assert text in told
    now = world.server.hand.memberships()
    assert set() == pairs(world.before) - pairs(now)
    assert set() == pairs(now) - pairs(world.before) - pairs(world.wanted)
