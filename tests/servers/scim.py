"""scim2-server and Canaille: two SCIM 2.0 servers that have nothing in common but the RFCs."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.servers.environments import program
from tests.servers.process import free_port, running
from tests.servers.server import PATIENCE_SECONDS, Caller, Server, answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SCIM = "urn:ietf:params:scim"
TOKEN = "t0ken-of-scim2-server"
CLIENT, SECRET = "groupsync", "s3cret-of-canaille"
_KEPT_PEOPLE = 1_000
"""More people than these are deleted with the groups: whoever reads a list after them would wait for all of them."""


@dataclass(frozen=True)
class ScimHand:
    """Somebody else's hand on a SCIM server.

    Attributes:
        call: makes requests.
        bulk: operations in one bulk request; 0 where the server has no bulk.
        member_is_id: a member's value is the user's id, not the name.
    """

    call: Caller
    bulk: int
    member_is_id: bool

    def add_people(self, addresses: Iterable[str]) -> None:
        there = self._people()
        users = [self._user(address) for address in addresses if address not in there]
        if self.bulk:
            self._bulk({"method": "POST", "path": "/Users", "bulkId": each["userName"], "data": each} for each in users)
            return
        for user in users:
            self.call("POST", "/Users", json=user)

    def _user(self, address: str) -> dict[str, Any]:
        return {
            "schemas": [f"{SCIM}:schemas:core:2.0:User"],
            "userName": address,
            "name": {"formatted": address, "familyName": address.partition("@")[0]},
            "emails": [{"value": address}],
            "active": True,
        }

    def memberships(self) -> dict[str, set[str]]:
        names = {id_: name for name, id_ in self._people().items()} if self.member_is_id else {}
        return {
            group["displayName"]: {names.get(each["value"], each["value"]) for each in group.get("members", ())}
            for group in self._all("Groups")
        }

    def names(self) -> dict[str, str]:
        return {id_: name for name, id_ in self._ids().items()}

    def create(self, group: str, members: Iterable[str] = ()) -> None:
        body = {"schemas": [f"{SCIM}:schemas:core:2.0:Group"], "displayName": group, "members": self._members(members)}
        self.call("POST", "/Groups", json=body)

    def add(self, group: str, member: str) -> None:
        self._patch(group, {"op": "add", "path": "members", "value": self._members([member])})

    def remove(self, group: str, member: str) -> None:
        [value] = [each["value"] for each in self._members([member])]
        self._patch(group, {"op": "remove", "path": f'members[value eq "{value}"]'})

    def delete(self, group: str) -> None:
        self.call("DELETE", f"/Groups/{self._ids()[group]}")

    def clear(self) -> None:
        for group in self._all("Groups"):
            self.call("DELETE", f"/Groups/{group['id']}")
        if self.bulk and self.call("GET", "/Users?count=1")["totalResults"] > _KEPT_PEOPLE:
            self._bulk({"method": "DELETE", "path": f"/Users/{id_}"} for id_ in self._people().values())

    def _bulk(self, operations: Iterable[dict[str, Any]]) -> None:
        waiting = list(operations)
        for start in range(0, len(waiting), self.bulk):
            body = {
                "schemas": [f"{SCIM}:api:messages:2.0:BulkRequest"],
                "Operations": waiting[start : start + self.bulk],
            }
            done = self.call("POST", "/Bulk", json=body)
            assert {each["status"] for each in done["Operations"]} <= {"201", "204"}, done["Operations"][:3]

    def _patch(self, group: str, operation: dict[str, Any]) -> None:
        body = {"schemas": [f"{SCIM}:api:messages:2.0:PatchOp"], "Operations": [operation]}
        self.call("PATCH", f"/Groups/{self._ids()[group]}", json=body)

    def _members(self, addresses: Iterable[str]) -> list[dict[str, str]]:
        ids = self._people()
        return [
            {"value": ids[address] if self.member_is_id else address, "$ref": f"{self.call.url}/Users/{ids[address]}"}
            for address in addresses
        ]

    def _people(self) -> dict[str, str]:
        return {user["userName"]: user["id"] for user in self._all("Users")}

    def _ids(self) -> dict[str, str]:
        return {group["displayName"]: group["id"] for group in self._all("Groups")}

    def _all(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            # No `count`: Canaille fails on it, and gives everything at once without; scim2-server gives what it can.
            page = self.call("GET", f"/{kind}?startIndex={len(found) + 1}")
            found += page.get("Resources", ())
            if len(found) >= page["totalResults"]:
                return found


@contextmanager
def scim2_server(
    folder: Path, provider: Mapping[str, Any] | None = None, arguments: Sequence[str | Path] = ()
) -> Iterator[Server]:
    """Run scim2-server, empty; it keeps everything in memory.

    Args:
        folder: its own.
        provider: what its ServiceProviderConfig shall say instead of the usual, and what it shall be able to do.
        arguments: more of its command line.
    """
    port = free_port()
    command = [program("scim2-server", "scim2-server"), "--hostname", "127.0.0.1", "--port", str(port)]
    command += arguments
    if provider is not None:
        (folder / "provider.json").write_text(json.dumps(provider))
        command += ["--service-provider-config", "provider.json"]
    url = f"http://127.0.0.1:{port}/v2"
    with running([*command, "--bearer-token", TOKEN], folder, lambda: answers(f"{url}/ServiceProviderConfig")):
        call = Caller(url, headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"})
        yield Server("scim2-server", url, {"bearer": TOKEN}, folder, ScimHand(call, 1000, member_is_id=True))


CANAILLE = """\
SECRET_KEY = "tests-only"
SERVER_NAME = "127.0.0.1:{port}"
PREFERRED_URL_SCHEME = "http"
[CANAILLE]
DATABASE = "sql"
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///canaille.sqlite"
[CANAILLE_SCIM]
ENABLE_SERVER = true
[CANAILLE_OIDC]
"""
CANAILLE_CLIENT = [
    *("create", "client", "--client-name", CLIENT, "--client-id", CLIENT, "--client-secret", SECRET),
    *("--token-endpoint-auth-method", "client_secret_basic", "--grant-types", "client_credentials"),
    *("--scope", "openid", "--redirect-uris", "http://127.0.0.1/cb"),
]


@contextmanager
def canaille(folder: Path) -> Iterator[Server]:
    """Run Canaille on a database of its own, with one OAuth2 client."""
    port = free_port()
    (folder / "canaille.toml").write_text(CANAILLE.format(port=port))
    command, environment = program("canaille", "canaille"), {"CANAILLE_CONFIG": "canaille.toml"}
    for arguments in (["install"], CANAILLE_CLIENT):
        _prepare([command, *arguments], folder, environment)
    url = f"http://127.0.0.1:{port}"
    probe = f"{url}/.well-known/openid-configuration"
    with running([command, "run", "--bind", f"127.0.0.1:{port}"], folder, lambda: answers(probe), environment):
        oauth2 = {"token_url": f"{url}/oauth/token", "client_id": CLIENT, "client_secret": SECRET}
        call = Caller(f"{url}/scim/v2", headers={"Authorization": f"Bearer {_token(oauth2)}"})
        hand = ScimHand(call, 0, member_is_id=False)
        yield Server("canaille", call.url, {"oauth2": oauth2}, folder, hand, insists_on_host=True)


def _prepare(command: list[Any], folder: Path, environment: Mapping[str, str]) -> None:
    import os

    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def _token(oauth2: Mapping[str, str]) -> str:
    answer = requests.post(
        oauth2["token_url"],
        data={"grant_type": "client_credentials"},
        auth=(oauth2["client_id"], oauth2["client_secret"]),
        timeout=PATIENCE_SECONDS,
    )
    assert 200 == answer.status_code, answer.text
    return answer.json()["access_token"]
