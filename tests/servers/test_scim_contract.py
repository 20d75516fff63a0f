"""The backend `scim` keeps the contract, on two servers that have little in common, and on one with features missing.

Sizes follow the servers: what is quadratic there is not worth a minute of everybody's time.
"""

from __future__ import annotations

import json

import pytest
import requests

from groupsync.model import ATTRIBUTES
from groupsync.testing import BackendContract
from groupsync.testing.target import change_of, creation, loaded
from groupsync_scim.backend import ScimBackend
from groupsync_scim.convert import EXTENSION, GROUP
from groupsync_scim.messages import GroupsyncGroup
from tests.servers.scim import scim2_server as start

pytestmark = pytest.mark.servers

SAYS = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1048576},
    "filter": {"supported": True, "maxResults": 1000},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": True},
    "authenticationSchemes": [],
}
NO_BULK = {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}


def extended(folder, server):
    """Return the arguments that give a server of this kind the extension for marks."""
    schemas, types = (
        requests.get(f"{server.url}/{page}", headers={"Authorization": f"Bearer {server.auth['bearer']}"}, timeout=60)
        .json()["Resources"]
        for page in ("Schemas", "ResourceTypes")
    )  # fmt: skip
    for each in types:
        if each["schema"] == GROUP:
            each["schemaExtensions"] = [{"schema": EXTENSION, "required": False}]
    (folder / "schemas.json").write_text(json.dumps([*schemas, GroupsyncGroup.to_schema().model_dump()]))
    (folder / "types.json").write_text(json.dumps(types))
    return ["--schema", "schemas.json", "--resource-type", "types.json"]


@pytest.fixture(scope="module")
def with_marks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marks")
    with start(folder) as server:
        arguments = extended(folder, server)
    with start(folder, arguments=arguments) as server:
        yield server


@pytest.fixture(scope="module")
def with_little(tmp_path_factory):
    no = {"supported": False}
    says = SAYS | {"patch": no, "bulk": NO_BULK, "etag": no, "filter": {"supported": True, "maxResults": 10}}
    with start(tmp_path_factory.mktemp("little"), says) as server:
        yield server


@pytest.fixture(scope="module")
def without_filters(tmp_path_factory):
    says = SAYS | {"bulk": NO_BULK, "filter": {"supported": False, "maxResults": 1000}}
    with start(tmp_path_factory.mktemp("filters"), says) as server:
        yield server


class Contract(BackendContract):
    """The contract on the server of the class's own fixture `scim`."""

    options = {}  # noqa: RUF012 -- a pytest class has no instances to share it

    @pytest.fixture
    def make_backend(self, context, scim):
        scim.hand.clear()
        options = {"url": scim.url, "auth": scim.auth, "create_missing_users": True, **self.options}
        return lambda: ScimBackend.from_options(options, context)

    def test_it_declares_what_this_class_is_about(self, target):
        """The server is the one that is meant, so that no test is left out unnoticed."""
        can = target.capabilities
        found = (can.revisions, can.ownership, can.bulk_limit, sorted(can.attributes))

        assert self.declares == found


class TestScim2Server(Contract):
    """scim2-server as it is: versions, filters, bulk; no place for marks."""

    attributes = ("display_name",)
    many = 1_100
    options = {"members_per_patch": 1_000}  # noqa: RUF012
    declares = (True, False, 1_000, ["display_name"])

    @pytest.fixture
    def scim(self, scim2_server):
        return scim2_server


class TestScim2ServerWithMarks(Contract):
    """scim2-server with the extension that keeps marks and all attributes; large groups take many writes."""

    many = 450
    declares = (True, True, 100, sorted(ATTRIBUTES))

    @pytest.fixture
    def scim(self, with_marks):
        return with_marks

    def test_the_mark_is_unfinished_until_the_last_request(self, target, context, scim):
        """Of a create and of an update alike, and with its name all the time."""
        scim.hand.add_people(people := [f"crowd-{number}@example.com" for number in range(6)])
        options = {"url": scim.url, "auth": scim.auth, "members_per_patch": 2}
        backend, found = ScimBackend.from_options(options, context), []

        def look(step):
            group = target.group("a")
            found.append((len(loaded(group)), group.mark.is_finished, group.mark.name))

        backend.apply_in_steps(creation("a", people[:5]), look)
        assert [(2, False, "a"), (4, False, "a"), (5, True, "a")] == found
        found.clear()
        backend.apply_in_steps(change_of(target.group("a"), add=people[5:], remove=people[:2]), look)

        assert [(5, False, "a"), (4, True, "a")] == found


class TestScim2ServerWithLittle(Contract):
    """scim2-server without PATCH, bulk and versions: groups are written as a whole, ten come on a page."""

    attributes = ("display_name",)
    many = 120
    declares = (False, False, None, ["display_name"])

    @pytest.fixture
    def scim(self, with_little):
        return with_little


class TestScim2ServerWithoutFilters(Contract):
    """scim2-server without filters: every user is read once, and members group by group."""

    attributes = ("display_name",)
    many = 120
    options = {"members_in_list": False, "members_per_patch": 50}  # noqa: RUF012
    declares = (True, False, 50, ["display_name"])

    @pytest.fixture
    def scim(self, without_filters):
        return without_filters


class TestCanaille(Contract):
    """Canaille: no `externalId`, no filter, members by user name, versions that stand still for a second."""

    attributes = ()
    many = 150
    options = {"without": ["etag"], "member_value": "userName"}  # noqa: RUF012
    declares = (False, False, 100, [])

    @pytest.fixture
    def scim(self, canaille):
        return canaille
