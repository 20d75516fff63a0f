"""JupyterHub, as far as its groups: nobody logs in, nothing is spawned, there is no proxy."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.servers.environments import program
from tests.servers.process import free_port, running
from tests.servers.server import Caller, Server, answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TOKEN = "secret-token-0123456789"
PAGES = {"Accept": "application/jupyterhub-pagination+json"}
CONFIG = """\
from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    should_start = False

    async def start(self): pass
    async def stop(self): pass
    async def get_all_routes(self): return {{}}
    async def add_route(self, routespec, target, data): pass
    async def delete_route(self, routespec): pass
    async def check_routes(self, *a, **k): pass


c = get_config()
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = "http://127.0.0.1:{unused}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "groupsync", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{
    "name": "groupsync",
    "services": ["groupsync"],
    "scopes": ["admin:users", "admin:groups", "list:users", "list:groups"],
}}]
"""


@dataclass(frozen=True)
class HubHand:
    """Somebody else's hand on a JupyterHub."""

    call: Caller

    def add_people(self, addresses: Iterable[str]) -> None:
        self.call("POST", "/users", json={"usernames": list(addresses)}, expected=(201, 409))

    def memberships(self) -> dict[str, set[str]]:
        return {group["name"]: set(group["users"]) for group in self._groups()}

    def names(self) -> dict[str, str]:
        return {group["name"]: group["name"] for group in self._groups()}

    def create(self, group: str, members: Iterable[str] = ()) -> None:
        self.call("POST", f"/groups/{group}", json={"users": list(members)})

    def add(self, group: str, member: str) -> None:
        self.call("POST", f"/groups/{group}/users", json={"users": [member]})

    def remove(self, group: str, member: str) -> None:
        self.call("DELETE", f"/groups/{group}/users", json={"users": [member]})

    def delete(self, group: str) -> None:
        self.call("DELETE", f"/groups/{group}")

    def clear(self) -> None:
        for group in self._groups():
            self.delete(group["name"])

    def _groups(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"/groups?limit=200&offset={len(found)}", headers=PAGES)
            found += page["items"]
            if page["_pagination"]["next"] is None:
                return found


@contextmanager
def jupyterhub(folder: Path) -> Iterator[Server]:
    """Run JupyterHub on a database of its own, with one service that may change users and groups."""
    port = free_port()
    config = CONFIG.format(unused=free_port(), port=port, token=TOKEN)
    (folder / "jupyterhub_config.py").write_text(config)
    url = f"http://127.0.0.1:{port}/hub/api"
    command = [program("jupyterhub", "jupyterhub"), "-f", "jupyterhub_config.py"]
    with running(command, folder, lambda: answers(f"{url}/")):
        call = Caller(url, headers={"Authorization": f"token {TOKEN}"})
        yield Server("jupyterhub", url, {"bearer": TOKEN}, folder, HubHand(call))
