"""Groups as services tell them, into ours and back; what can't be told is never taken for nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.convert_past import UNREADABLE
from groupsync.errors import BackendError
from groupsync.model import Action, AttributeChange, Change, Group, Mark
from groupsync.testing import strategies
from groupsync.testing.target import PAST, mark_for
from groupsync_rest.convert import changed_values, group_of, mark_of, mark_value, mark_values, whole_values
from groupsync_rest.loading import parse_profile
from groupsync_rest.pages import NotWhole

PROFILE = parse_profile(
    b"""\
version: 1
group:
  name: name
  id: id
  kind: kind
  display_name: title
  description: about
  owners: owners
  labels: labels
  members: users
  member_count: size
  mark: mark
  revision: rev
calls:
  list: {request: GET groups, items: "@"}
""",
    "p.yaml",
    "p",
)
MARKS = st.builds(
    Mark,
    project=st.text(min_size=1),
    digest=st.text(),
    count=st.integers(min_value=0),
    identity=st.text(),
    prevent_delete=st.booleans(),
)


def canonical(_name, spelled):
    if "@" not in spelled:
        message = "no `@` in it"
        raise ValueError(message)
    return spelled.lower()


def read(**raw):
    return group_of({"name": "a", "users": [], **raw}, PROFILE, canonical)


@given(mark=MARKS)
def test_a_mark_comes_back_as_it_was_stored(mark):
    """As a mapping and as text."""
    change = Change("t", "a", Action.UPDATE, mark=mark)
    values = json.loads(json.dumps(mark_values(change)))
    assert mark == mark_of(values["mark"]) == mark_of(values["mark_text"]) == mark_of(mark_value(mark))


def test_only_a_mapping_that_asks_for_it_has_what_a_mark_remembers():
    """A profile says that there is room for it; a service that takes no more than it knows gets no more."""
    change = Change("t", "a", Action.UPDATE, mark=replace(mark_for([]), past=PAST))
    values = json.loads(json.dumps(mark_values(change)))

    assert [None, PAST, None] == [mark_of(values[each]).past for each in ("mark", "mark_past", "mark_text")]
    assert values["mark"] == mark_values(change, is_last=False)["mark"] | {"digest": change.mark.digest, "count": 0}
    assert "past" not in mark_values(change, is_last=False)["mark_past"]
    assert mark_of(values["mark_past"] | {"past": 7}).past == UNREADABLE


@pytest.mark.parametrize("value", [None, "", "a note", "{", "[1]", '{"project": "x"}', {}, {"project": 1}, 7, ["x"]])
def test_what_is_no_mark_of_ours_is_none(value):
    """Somebody else's note in that place makes a group one that is not ours, never one that is."""
    assert mark_of(value) is None


@given(group=st.builds(Group, name=strategies.names(), display_name=st.none() | st.text(min_size=1),
    description=st.none() | st.text(min_size=1), labels=st.none() | st.just((("a", "1"), ("b", ""))),
    owners=st.none() | st.just(("x@example.com", "y@example.com"))))  # fmt: skip
def test_attributes_come_back_as_they_were_sent(group):
    """What a request sends for them is what a read makes of it."""
    attributes = ("display_name", "description", "owners", "labels")
    changes = tuple(AttributeChange(name, None, group.attribute(name)) for name in attributes)
    change = Change("t", group.name, Action.UPDATE, attributes=changes)
    places = {"display_name": "title", "description": "about", "owners": "owners", "labels": "labels"}
    for values in (changed_values(change), whole_values(change, Group(group.name, display_name="before"))):
        raw = {places[name]: value for name, value in json.loads(json.dumps(values)).items() if name in places}
        found = read(**raw)
        assert [group.attribute(name) for name in attributes] == [found.attribute(name) for name in attributes]


def test_all_of_a_group_is_sent_as_it_shall_be():
    """What does not change is what the group has, and what goes is left out."""
    prior = Group("a", kind="segment", display_name="A", owners=("x@example.com",))
    change = Change("t", "a", Action.UPDATE, attributes=(AttributeChange("display_name", "A", None),))
    assert {"kind": "segment", "owners": ["x@example.com"]} == whole_values(change, prior)
    assert {"display_name": None} == changed_values(change)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"name": None}, "no name at `name`"),
        ({"name": 7}, "no name at `name`"),
        ({"name": ""}, "no name at `name`"),
        ({"title": 7}, "`display_name` of `a`"),
        ({"owners": "ada"}, "`owners` of `a`"),
        ({"labels": {"a": 1}}, "`labels` of `a`"),
        ({"size": "3"}, "member count of `a`"),
        ({"size": True}, "member count of `a`"),
    ],
)
def test_a_group_that_can_not_be_understood_makes_the_read_incomplete(raw, reason):
    """Nothing is guessed of it."""
    with pytest.raises(NotWhole, match=reason):
        read(**raw)


@pytest.mark.parametrize(
    ("raw", "reason", "retryable"),
    [
        ({"users": None}, "are not told", False),
        ({"users": "ada@example.com"}, "are not told", False),
        ({"users": [7]}, "expected a text", False),
        ({"users": ["ada"]}, "no `@` in it", False),
        ({"users": ["a@x", "A@X"]}, "'a@x' and as 'A@X'", False),
        ({"users": ["a@x", "a@x"]}, "twice", True),
        ({"users": ["a@x"], "size": 2}, "tells of 2 members and 1 came", True),
    ],
)
def test_members_that_can_not_be_told_are_an_error_when_loaded(raw, reason, retryable):
    """The group is there all the same, never empty; what may pass may be tried again."""
    members = read(**raw).members
    with pytest.raises(BackendError, match=reason) as caught:
        members.load()
    assert retryable is caught.value.retryable


def test_members_that_come_with_a_group_are_its_members():
    """Canonical, with their number."""
    group = read(users=["B@x", "a@x"], size=2, id=7, rev=3, title="")
    assert ({"a@x", "b@x"}, 2) == (group.members.load(), group.members.known_count)
    assert ("7", "3", None) == (group.id, group.revision, group.display_name)
