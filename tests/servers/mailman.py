"""Mailman 3 Core, as far as its REST API: no mail comes in or goes out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.servers.environments import program
from tests.servers.process import free_port, running
from tests.servers.server import Caller, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

USER, PASSWORD = "restadmin", "restpass-of-mailman"
DOMAIN = "lists.example.com"
PAGE = 100
RUNNERS = ["archive", "bounces", "command", "in", "lmtp", "out", "pipeline", "retry", "task", "virgin", "digest"]
CONFIG = """\
[mailman]
layout: here
site_owner: postmaster@example.com
[paths.here]
var_dir: {folder}/var
[mta]
incoming: mailman.mta.null.NullMTA
[webservice]
hostname: 127.0.0.1
port: {port}
admin_user: {user}
admin_pass: {password}
workers: 1
"""


@dataclass(frozen=True)
class MailmanHand:
    """Somebody else's hand on a Mailman; a group is a list of one domain, named by what is before the `@`."""

    call: Caller

    def add_people(self, addresses: Iterable[str]) -> None:
        """Do nothing: Mailman takes any address."""

    def memberships(self) -> dict[str, set[str]]:
        return {
            each: {member["email"] for member in self._pages(f"{_of(each)}/roster/member")} for each in self._lists()
        }

    def names(self) -> dict[str, str]:
        return {name: name for name in self._lists()}

    def create(self, group: str, members: Iterable[str] = ()) -> None:
        self.call("POST", "/lists", data={"fqdn_listname": f"{group}@{DOMAIN}"})
        for member in members:
            self.add(group, member)

    def add(self, group: str, member: str) -> None:
        sure = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), "true")
        who = {"list_id": f"{group}.{DOMAIN}", "subscriber": member, "send_welcome_message": "false"}
        self.call("POST", "/members", data=who | sure, expected=[201])

    def remove(self, group: str, member: str) -> None:
        self.call("DELETE", f"{_of(group)}/member/{member}")

    def delete(self, group: str) -> None:
        self.call("DELETE", _of(group))

    def clear(self) -> None:
        for each in self._lists():
            self.delete(each)

    def _lists(self) -> list[str]:
        return [each["list_name"] for each in self._pages("/lists")]

    def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"{path}?count={PAGE}&page={len(found) // PAGE + 1}")
            found += page.get("entries", ())
            if len(found) >= page["total_size"]:
                return found


def _of(group: str) -> str:
    return f"/lists/{group}.{DOMAIN}"


@contextmanager
def mailman(folder: Path) -> Iterator[Server]:
    """Run Mailman's REST API on a database of its own, with one domain."""
    port = free_port()
    config = CONFIG.format(folder=folder, port=port, user=USER, password=PASSWORD)
    config += "".join(f"[runner.{runner}]\nstart: no\n" for runner in RUNNERS)
    (folder / "mailman.cfg").write_text(config)
    url = f"http://127.0.0.1:{port}/3.1"
    call = Caller(url, auth=(USER, PASSWORD))
    # What `mailman start` puts into the background, here in front, so that it can't get lost.
    command, environment = [program("mailman", "master"), "-C", "mailman.cfg"], {"MAILMAN_VAR_DIR": f"{folder}/var"}
    with running(command, folder, lambda: _is_ready(call), environment):
        call("POST", "/domains", data={"mail_host": DOMAIN})
        yield Server("mailman", url, {"basic": {"user": USER, "password": PASSWORD}}, folder, MailmanHand(call))


def _is_ready(call: Caller) -> bool:
    return call.session.get(f"{call.url}/lists", timeout=5).status_code == requests.codes.ok
