"""What is told of a group that moved since a change of it was planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupsync.apply import execute
from groupsync.facade import checked
from groupsync.model import Action, AttributeChange, Change, Group, Members, Outcome
from groupsync.moved import what_moved
from groupsync_memory.backend import MemoryBackend
from groupsync_memory.store import MemoryStore
from tests.plans import mark, plan_of

CHECKED = checked(MemoryBackend, "groupsync", "0")
ADA, BOB, CY, EVE = (f"{name}@example.com" for name in ("ada", "bob", "cy", "eve"))
HELD = Group("g", display_name="Beta", members=Members.of([ADA, BOB]), mark=mark(2))
CHANGE = Change(
    "local", "g", Action.UPDATE, "g", attributes=(AttributeChange("display_name", "Beta", "Testers"),),
    add=Members.of([CY]), remove=Members.of([BOB]), prior_count=2, mark=mark(2),
)  # fmt: skip


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (HELD, ""),
        (None, ""),
        (replace(HELD, members=Members.of([ADA, BOB, EVE])), "it has 3 members, and had 2"),
        (replace(HELD, members=Members.of([ADA])), "it has 1 member, and had 2; 1 of 1 to remove is gone already"),
        (
            replace(HELD, members=Members.of([ADA, CY])),
            "1 of 1 to add is there already; 1 of 1 to remove is gone already",
        ),
        (replace(HELD, display_name="Gamma"), 'its display_name is "Gamma", and was "Beta"'),
        (replace(HELD, display_name=None), 'its display_name is null, and was "Beta"'),
        (replace(HELD, mark=replace(mark(2), project="other")), "it carries the mark of the project `other`"),
    ],
)
def test_the_change_tells_what_is_different(group, expected):
    """Count, who came and went of those it is about, its attributes, and whose it is."""
    assert expected == what_moved(CHANGE, group)


def test_a_stale_result_says_what_changed():
    """On-call people see in the table of an apply what somebody else did."""
    store = MemoryStore()
    held = store.put(HELD)
    store.set_members("g", [ADA, BOB, EVE])
    plan = plan_of(replace(CHANGE, precondition=held.revision))
    (result,) = execute(plan, {"local": CHECKED(MemoryBackend(store))}, {})

    assert Outcome.STALE == result.outcome
    assert result.error.endswith("somebody changed it since it was read: it has 3 members, and had 2")
