"""SCIM resources and PATCH operations, made of groups and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.model import ATTRIBUTES, Action, AttributeChange, Change, Group, Mark, Members
from groupsync.testing.target import PAST, creation, mark_for
from groupsync_scim.convert import (
    EXTENSION,
    GROUP,
    NAME,
    Naming,
    Person,
    after,
    attribute_operations,
    attribute_values,
    field,
    filters,
    mark_values,
    member_operations,
    member_values,
    path_of,
    read_group,
    read_person,
    spelled_as_name,
    with_values,
)
from groupsync_scim.messages import group_body, patch_body

ADA, BOB = "ada@example.com", "bob@example.com"
CANONICAL = Identity().canonical
NAMING = Naming(derives=True)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
ATTRIBUTE_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.just("segment"),
        "display_name": TEXT,
        "description": TEXT,
        "owners": st.lists(TEXT, min_size=1, max_size=3, unique=True).map(lambda each: tuple(sorted(each))),
        "labels": st.dictionaries(TEXT, st.text(max_size=5), min_size=1, max_size=3).map(
            lambda each: tuple(sorted(each.items()))
        ),
    },
)


def read(resource, naming=NAMING):
    return read_group({"id": "7", **resource}, naming, has_versions=True)


def change(action=Action.UPDATE, name="a", mark=None, **attributes):
    changed = tuple(
        AttributeChange(each, *attributes[each]) for each in (*ATTRIBUTES, "prevent_delete") if each in attributes
    )
    return Change("crm", name, action, prior_name="a", id="7", attributes=changed, mark=mark or mark_for([ADA]))


# --- Both ways --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("remembers", [True, False])
def test_a_mark_remembers_where_the_server_has_room_for_it(remembers):
    """As text in one more part of the mark, validated by the library."""
    mark = replace(mark_for([ADA], name="a"), past=PAST)
    values = attribute_values(creation("a", [ADA]), NAMING, extended=True)
    values |= {"displayName": "a", **mark_values(mark, remembers=remembers)}
    body = group_body(with_values({}, values, []))

    assert (PAST if remembers else None) == read(json.loads(json.dumps(body))).group.mark.past


@given(ATTRIBUTE_VALUES, st.booleans())
def test_a_created_group_is_read_as_it_was_meant(attributes, prevent_delete):
    """What a create sends, validated by the library, says the same when it is read."""
    made = creation("a", [ADA], **attributes)
    values = {"displayName": "a", **attribute_values(made, NAMING, extended=True)}
    body = group_body(with_values({}, values, [{"value": "u1"}]))
    found = read(json.loads(json.dumps(body)))

    assert "a" == found.group.name
    assert ("u1",) == found.values
    assert made.mark == found.group.mark
    assert all(found.group.says(name, value) for name, value in attributes.items())
    assert all(found.group.says(name, Group("a").attribute(name)) for name in set(ATTRIBUTES) - attributes.keys())


@given(ATTRIBUTE_VALUES)
def test_without_the_extension_nothing_of_it_is_sent(attributes):
    """A server that does not know the extension is sent names and members alone."""
    values = attribute_values(creation("a", **attributes), NAMING, extended=False)

    assert values.keys() <= {"externalId", "displayName"}
    assert [GROUP] == group_body(with_values({}, {"displayName": "a", **values}, []))["schemas"]


def test_an_update_names_only_what_changes():
    """Attributes that a change does not name are not written; the mark goes along."""
    values = attribute_values(change(description=("x", None), owners=(None, ("a@b.example",))), Naming(), extended=True)
    operations = [(each["op"], each["path"].removeprefix(f"{EXTENSION}:")) for each in attribute_operations(values)]

    assert [("remove", "description"), ("replace", "owners"), ("replace", "mark")] == operations


@pytest.mark.parametrize(
    ("action", "naming", "path"),
    [
        (Action.RENAME, Naming(), "externalId"),
        (Action.ADOPT, Naming(), "externalId"),
        (Action.UPDATE, Naming(derives=True), "externalId"),
        (Action.RENAME, Naming("displayName"), "displayName"),
    ],
)
def test_a_name_is_written_where_names_are(action, naming, path):
    """A rename and an adoption write the name; so does any change where groups may not have one of their own."""
    assert {path: "b"} == attribute_values(change(action, "b"), naming, extended=False)


def test_an_update_writes_no_name_where_every_group_has_one():
    """There is nothing to write."""
    assert {} == attribute_values(change(), Naming(), extended=False)


def test_a_forgotten_group_loses_its_mark():
    """The operation takes the whole mark away."""
    left = Change("crm", "a", Action.FORGET, prior_name="a", id="7")
    [operation] = attribute_operations(attribute_values(left, Naming(), extended=True))

    assert {"op": "remove", "path": f"{EXTENSION}:mark"} == operation


def test_a_display_name_that_is_unset_is_the_name():
    """SCIM must have one; a group that has just that has none of its own."""
    values = attribute_values(change(display_name=("X", None)), Naming(), extended=False)

    assert {"displayName": "a"} == values
    assert read({"externalId": "a", "displayName": "a"}).group.display_name is None


def test_members_are_added_and_removed_by_operations_that_are_valid():
    """One operation adds, one each removes; the values are quoted as JSON has it."""
    operations = list(member_operations([{"value": "u1", "$ref": "https://x.example/Users/u1"}], ['a"b\\', "c"]))

    assert operations == patch_body(operations)["Operations"]
    assert 'members[value eq "a\\"b\\\\"]' == operations[1]["path"]


def test_a_put_keeps_what_is_not_known():
    """Somebody else's attributes and extensions stay, `meta` is not sent, the members are the new ones."""
    resource = {"id": "7", "schemas": [GROUP, "urn:x"], "urn:x": {"y": 1}, "Meta": {"version": "1"},
                "members": [{"value": "u1"}], EXTENSION: {"description": "x", "owners": ["o"]}}  # fmt: skip
    body = with_values(resource, {"displayName": "A", f"{EXTENSION}:owners": None}, [{"value": "u2"}])

    assert {
        "id": "7",
        "schemas": sorted([GROUP, EXTENSION, "urn:x"]),
        "urn:x": {"y": 1},
        "displayName": "A",
        "members": [{"value": "u2"}],
        EXTENSION: {"description": "x"},
    } == body


def test_what_a_server_does_not_tell_is_known_from_the_change():
    """After a 204 the group is what it was, with the change."""
    mark = Mark("shop", "d", 1, "email/fold")
    prior = Group("a", display_name="Old", description="kept", id="7", revision='W/"1"')
    found = after(change(mark=mark, display_name=("Old", "a"), prevent_delete=(False, True)), prior, 'W/"2"')

    assert Group("a", description="kept", id="7", revision='W/"2"', mark=mark, members=found.members) == found


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_attribute_names_have_no_case():
    """`DISPLAYNAME` is `displayName` (RFC 7643, 2.1)."""
    found = read({"EXTERNALID": "a", "displayname": "A", "Members": [{"Value": "u1"}], "META": {"VERSION": 'W/"1"'}})

    assert ("a", "A", 'W/"1"', ("u1",)) == (
        found.group.name, found.group.display_name, found.group.revision, found.values
    )  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "naming", "expected"),
    [
        ({"externalId": "a", "displayName": "B"}, Naming(), ("a", False)),
        ({"displayName": "Beta testers"}, Naming(), ("", False)),
        ({"displayName": "Beta testers"}, Naming(derives=True), ("beta-testers", True)),
        ({"externalId": "Not A Name", "displayName": "b"}, Naming(derives=True), ("b", True)),
        ({"externalId": "a", "displayName": "b"}, Naming("displayName"), ("b", False)),
        ({"displayName": "Beta testers"}, Naming("displayName"), ("", False)),
        ({"displayName": "!"}, Naming(derives=True), ("", True)),
        ({"externalId": 7}, Naming(), ("", False)),
    ],
)
def test_a_group_is_called_by_its_own_name_or_a_derived_one(resource, naming, expected):
    """The name is where the options say; else it is derived of the display name, where they say that."""
    assert expected == naming.name_of(resource)


@given(st.text())
def test_a_display_name_is_spelled_as_a_name_or_not_at_all(text):
    """What comes of any text is a name, or nothing."""
    name = spelled_as_name(text)

    assert not name or NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (None, ((), 0)),
        ("nonsense", ((), 0)),
        ([{"value": "u", "type": "User"}, {"value": "g", "type": "group"}], (("u",), 1)),
        ([{"value": "g", "$ref": "https://x.example/v2/Groups/g"}], ((), 1)),
        ([{"value": "u", "type": "User", "$ref": "https://x.example/Groups/Users/u"}], (("u",), 0)),
        ([{"value": None}, {"display": "x"}, "junk"], ((), 3)),
    ],
)
def test_members_that_are_no_people_are_told_apart(members, expected):
    """Nested groups, by type or reference, and what has no value, are counted and are nobody's address."""
    assert expected == member_values({"members": members})


@pytest.mark.parametrize(
    ("address_in", "expected"),
    [("any", "ada@example.com"), ("userName", "ada@example.com"), ("emails", "second@example.com")],
)
def test_a_person_has_one_address(address_in, expected):
    """The option says where; of several e-mail addresses it is the primary one."""
    emails = [{"value": "first@example.com"}, {"value": "second@example.com", "primary": True}]
    resource = {"id": "7", "userName": "ADA@example.com", "emails": emails}

    assert Person("7", "ADA@example.com", expected) == read_person(resource, address_in, CANONICAL)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"userName": "ada", "emails": [{"value": "first@example.com"}]}, "first@example.com"),
        ({"userName": "ada", "emails": [{"value": "nonsense"}]}, None),
        ({"userName": "ada", "emails": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_person_without_a_user_name_that_is_an_address_has_another_or_none(resource, expected):
    """What is no address is passed over."""
    assert expected == read_person({"id": "7", **resource}, "any", CANONICAL).address


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda each: st.lists(each) | st.dictionaries(st.sampled_from(["id", "externalId", "displayName", "members", "meta", "value", EXTENSION, "mark", "owners", "labels", "userName", "emails"]), each)))  # fmt: skip  # noqa: E501
def test_whatever_comes_is_read_without_a_crash(value):
    """Servers break the RFC in ways that nobody has seen yet."""
    resource = value if isinstance(value, dict) else {"externalId": "a", "members": value, EXTENSION: value}
    read_group(resource, NAMING, has_versions=True)
    read_person(resource, "any", CANONICAL)

    assert field(value, "missing-everywhere") is None


# --- Requests ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=40), max_size=60), st.integers(1, 20))
def test_filters_cover_every_value_once_in_bounds(values, most):
    """So many at most, and never too long for a URL."""
    made = list(filters(("userName",), values, most))

    assert values == [json.loads(each) for text in made for each in _terms(text)]
    assert all(len(_terms(text)) <= most for text in made)
    assert all(len(quote(text)) < 8000 for text in made)


def _terms(text):
    decoder, found, rest = json.JSONDecoder(), [], text
    while rest:
        rest = rest.removeprefix(" or ").removeprefix("userName eq ")
        value, end = decoder.raw_decode(rest)
        found.append(json.dumps(value))
        rest = rest[end:]
    return found


def test_a_long_filter_is_cut_short_of_what_servers_take():
    """A hundred long addresses are more than one request."""
    made = list(
        filters(("userName", "emails.value"), [f"{'x' * 200}{number}@example.com" for number in range(100)], 100)
    )

    assert len(made) > 1
    assert max(len(quote(text)) for text in made) < 7000


def test_an_id_may_hold_any_character():
    """It is one segment of the path."""
    assert "/Groups/a%2Fb%3F%23%20%C3%A9" == path_of("/Groups", "a/b?# é")


def test_a_read_group_has_unread_members():
    """Who they are is found out for all groups at once."""
    assert read({"externalId": "a"}).group.members.is_unread
    assert isinstance(read({"externalId": "a"}).group.members, Members)
