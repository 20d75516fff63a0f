"""What `--fail-on` stops at: exactly the changes of the kinds that it names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.model import Action, Change, Drift
from groupsync.tripwire import Stop, drifted_changes, tripped
from tests.plans import people, plan_of, plans

UPDATE = Change("local", "staff", Action.UPDATE, "staff", add=people(2), remove=people(13, 50))
ADDING = Change("local", "beta", Action.UPDATE, "beta", add=people(1))
DELETE = Change("local", "legacy", Action.DELETE, "legacy", remove=people(1))
EMPTY = Change("crm", "old", Action.DELETE, "old")
MOVED = Change(
    "local",
    "moved",
    Action.UPDATE,
    "moved",
    add=people(1),
    remove=people(1, 2),
    readdressed=(("person-00002@contoso.com", "person-00001@contoso.com"),),
)
FORGET = Change("local", "partners", Action.FORGET, "partners")


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        (UPDATE, {Stop.REMOVE, Stop.ANY}),
        (ADDING, {Stop.ANY}),
        (DELETE, {Stop.REMOVE, Stop.DELETE, Stop.ANY}),
        (EMPTY, {Stop.REMOVE, Stop.DELETE, Stop.ANY}),
        (MOVED, {Stop.ANY}),
        (FORGET, {Stop.ANY}),
    ],
    ids=lambda value: value.name if isinstance(value, Change) else "",
)
def test_changes_are_of_their_kinds(change, stops):
    """A deletion removes, even of nobody; who only has another address is not removed; a forgotten group stays."""
    assert stops == {each.stop for each in tripped([change], Stop)}


@given(plan=plans(), stops=st.lists(st.sampled_from(Stop)))
def test_what_trips_is_what_there_is(plan, stops):
    """Each kind that was asked for and is there, once, with all of its changes in their order."""
    found = tripped(plan.changes, stops)
    assert [each for each in Stop if each in stops and any(tripped([change], [each]) for change in plan.changes)] == [
        each.stop for each in found
    ]
    for each in found:
        assert tuple(change for change in plan.changes if tripped([change], [each.stop])) == each.changes
        assert str(each)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([ADDING, UPDATE, DELETE], {"14 members would go from 2 groups: staff (13), legacy (1, deleted)."}),
        ([EMPTY, DELETE], {"1 member would go from 2 groups: old on crm (0, deleted), legacy on local (1, deleted)."}),
    ],
)
def test_what_goes_is_counted(changes, words):
    """Members and groups, with the target where there are several."""
    assert words == {str(each) for each in tripped(changes, [Stop.REMOVE])}


def test_many_groups_are_counted():
    """Ten are named."""
    changes = [Change("local", f"g{number:02}", Action.CREATE) for number in range(1_200)]
    (found,) = tripped(changes, [Stop.ANY])
    assert str(found).startswith("1,200 groups would change: g00 (create), ")
    assert str(found).endswith("g09 (create), and 1,190 more.")
    (deleted,) = tripped([DELETE], [Stop.DELETE])
    assert "1 group would be deleted: legacy." == str(deleted)


def test_drift_is_told_from_edits():
    """Only what somebody else changed on the target is drift."""
    standing = (
        Drift("local", "beta", drifted=False, pending=True),
        Drift("local", "staff", drifted=True, pending=True),
    )
    assert (UPDATE,) == drifted_changes(plan_of(UPDATE, ADDING, drift=standing))
