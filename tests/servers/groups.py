"""The example service `examples/group_service`, run from its source in an environment of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.servers.environments import ROOT, program
from tests.servers.process import free_port, running
from tests.servers.server import Caller, Server, answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SOURCE = ROOT / "examples/group_service"
TOKEN, READ_TOKEN = "t0ken-of-group-service", "r3ad-token-of-group-service"
BULK = 1000


@dataclass(frozen=True)
class GroupsHand:
    """Somebody else's hand on the group service; it knows no people, only members."""

    call: Caller

    def add_people(self, addresses: Iterable[str]) -> None:
        """Do nothing: a member need not be known."""

    def memberships(self) -> dict[str, set[str]]:
        return {name: set(self._pages(f"/groups/{_quoted(name)}/members", "members")) for name in self._names()}

    def names(self) -> dict[str, str]:
        return {name: name for name in self._names()}

    def create(self, group: str, members: Iterable[str] = ()) -> None:
        rest = list(members)
        self.call("POST", "/groups", json={"name": group, "members": rest[:BULK]})
        for start in range(BULK, len(rest), BULK):
            self._change(group, add=rest[start : start + BULK])

    def add(self, group: str, member: str) -> None:
        self._change(group, add=[member])

    def remove(self, group: str, member: str) -> None:
        self._change(group, remove=[member])

    def delete(self, group: str) -> None:
        self.call("DELETE", f"/groups/{_quoted(group)}")

    def clear(self) -> None:
        for name in self._names():
            self.delete(name)

    def _change(self, group: str, **members: list[str]) -> None:
        self.call("PATCH", f"/groups/{_quoted(group)}", json={"members": members})

    def _names(self) -> list[str]:
        return [group["name"] for group in self._pages("/groups", "groups")]

    def _pages(self, path: str, key: str) -> list:
        found, cursor = [], {}
        while True:
            page = self.call("GET", path, params=cursor)
            found += page[key]
            if page["next_cursor"] is None:
                assert page["total"] == len(found), path
                return found
            cursor = {"cursor": page["next_cursor"]}


@contextmanager
def group_service(folder: Path, **settings: int) -> Iterator[Server]:
    """Run the service on `groups.sqlite` in a folder, which may have one already.

    Args:
        folder: its own.
        settings: its own, such as `page=2`; see its README.
    """
    port = free_port()
    command = [program("group-service", "python"), "-m", "group_service", "--port", str(port)]
    environment = {
        "PYTHONPATH": str(SOURCE),
        "GROUP_SERVICE_TOKENS": TOKEN,
        "GROUP_SERVICE_READ_TOKENS": READ_TOKEN,
        **{f"GROUP_SERVICE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    url = f"http://127.0.0.1:{port}"
    with running([*command, "--database", "groups.sqlite"], folder, lambda: answers(f"{url}/health"), environment):
        call = Caller(f"{url}/v1", headers={"Authorization": f"Bearer {TOKEN}"})
        yield Server("group_service", url, {"bearer": TOKEN}, folder, GroupsHand(call))


def _quoted(name: str) -> str:
    return quote(name, safe="")
