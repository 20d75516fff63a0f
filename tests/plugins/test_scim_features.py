"""What servers say of themselves, and what is made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import groupsync_scim
from groupsync_scim.convert import EXTENSION, GROUP
from groupsync_scim.features import Features, features_of
from groupsync_scim.messages import GroupsyncGroup, bulk_body, user_body

FULL = {
    "patch": {"supported": True},
    "bulk": {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1048576},
    "filter": {"supported": True, "maxResults": 200},
    "etag": {"supported": True},
}
STRICT = {
    "id": GROUP,
    "attributes": [
        {"name": "externalId", "mutability": "readOnly", "returned": "never"},
        {"name": "displayName", "mutability": "immutable"},
        {"name": "members", "required": True, "subAttributes": [{"name": "$ref", "required": True}]},
    ],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(["patch", "bulk", "filter", "supported", "maxOperations", "id", "attributes", "schema"]),
            each,
        )
    ),
)


def test_what_is_announced_is_used():
    """Each feature with its limits."""
    extended = [{"schema": GROUP, "schemaExtensions": [{"schema": EXTENSION, "required": False}]}]
    expected = Features(True, True, True, 1000, 1048576, 200, stores_marks=True)

    assert expected == features_of(FULL, types=extended)
    shipped = json.loads((Path(groupsync_scim.__file__).parent / "mark.schema.json").read_text())
    expected = replace(expected, names_marks=True, remembers=True)
    assert expected == features_of(FULL, [shipped], types=extended)


def test_what_is_not_said_is_not_used():
    """An empty description is that of a server that can do nothing but what it must."""
    assert Features(patch=False, filter=False) == features_of({})


@pytest.mark.parametrize("name", ["patch", "bulk", "filter", "etag"])
def test_what_does_not_work_is_left_alone(name):
    """The option `without` takes a feature away that is announced."""
    found = features_of(FULL, without={name})
    used = {"patch": found.patch, "bulk": found.bulk_operations, "filter": found.filter, "etag": found.etag}

    assert [name] == [each for each, is_used in used.items() if not is_used]


def test_a_schema_tells_what_a_group_can_not_do():
    """No `externalId` kept, display names that stay, members that must be there and have references."""
    found = features_of({}, [STRICT])

    assert (False, False, True, True) == (
        found.keeps_external_id, found.renames, found.needs_members, found.needs_ref
    )  # fmt: skip


@pytest.mark.parametrize("attribute", [{"returned": "never"}, {"mutability": "readOnly"}])
def test_an_external_id_that_is_dropped_is_known(attribute):
    """Either is a reason not to rely on it; a schema without it says nothing, since every resource may have one."""
    schema = {"id": GROUP, "attributes": [{"name": "externalId", **attribute}]}

    assert not features_of({}, [schema]).keeps_external_id
    assert features_of({}, [{"id": GROUP, "attributes": []}]).keeps_external_id


@pytest.mark.parametrize(("most", "expected"), [(0, 1000), (10, 10), (5000, 1000)])
def test_a_page_is_as_large_as_the_server_allows(most, expected):
    """No limit told is no limit."""
    assert expected == features_of({"filter": {"supported": True, "maxResults": most}}).page()


@pytest.mark.parametrize("says", [True, "true", "True"])
def test_a_flag_may_be_written_as_text(says):
    """Some servers do."""
    assert features_of({"Patch": {"Supported": says}}).patch


@given(JSON, st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
def test_nonsense_is_no_feature_and_no_crash(config, schemas, types):
    """Whatever a server says of itself, something can be made of it."""
    assert isinstance(features_of({"patch": config, "bulk": config}, schemas, types), Features)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (features_of(FULL), "PATCH, filters, versions, bulk of 1,000"),
        (Features(patch=False, filter=False), "reading alone"),
        (Features(stores_marks=True), "PATCH, filters, ownership marks"),
    ],
)
def test_features_are_told_in_words(features, expected):
    """For `groupsync target check`."""
    assert expected == str(features)


def test_the_schema_that_is_shipped_is_the_one_that_is_used():
    """`mark.schema.json` is what a server is given so that it keeps marks."""
    shipped = json.loads((Path(groupsync_scim.__file__).parent / "mark.schema.json").read_text())

    assert GroupsyncGroup.to_schema().model_dump() == shipped


def test_users_are_made_with_what_servers_want():
    """One address, where it is looked for afterwards; many in one request."""
    user = user_body("ada@example.com")
    bulk = bulk_body([user, user_body("bob@example.com")])

    assert ("ada@example.com", [{"value": "ada@example.com"}], True) == (
        user["userName"], user["emails"], user["active"]
    )  # fmt: skip
    assert [("POST", "user-0", "/Users"), ("POST", "user-1", "/Users")] == [
        (each["method"], each["bulkId"], each["path"]) for each in bulk["Operations"]
    ]
    assert user == bulk["Operations"][0]["data"]
