"""A server on loopback that behaves as the part of GitHub's REST API that the action asks."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = "contoso/groups"
REPOSITORY_ID = 41
BOT = "github-actions[bot]"
MAX_COMMENT = 65_536


@dataclass
class GitHub:
    """What is there, and what was asked.

    Attributes:
        failures: statuses to answer with before anything else, for requests that match: [method and path, status].
        loses: methods whose answer is lost, each once: what they ask for is done all the same.
    """

    url: str = ""
    token: str = "job-token"
    comments: list[dict] = field(default_factory=list)
    pulls: list[dict] = field(default_factory=list)
    artifacts: list[dict] = field(default_factory=list)
    files: dict[int, bytes] = field(default_factory=dict)
    failures: list[list] = field(default_factory=list)
    loses: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def comment(self, body: str, login: str = BOT) -> dict:
        """Write a comment on the pull request."""
        number = len(self.comments) + 1
        made = {"id": number, "body": body, "user": {"login": login}, "html_url": f"{self.url}/comment/{number}"}
        self.comments.append(made)
        return made

    def save(self, name: str, packed: bytes, head_sha: str, repository_id: int = REPOSITORY_ID) -> dict:
        """Keep an artifact, as a run for a commit of some repository saved it."""
        run = {"head_sha": head_sha, "repository_id": REPOSITORY_ID, "head_repository_id": repository_id}
        made = {"id": len(self.artifacts) + 1, "name": name, "expired": False, "workflow_run": run}
        self.artifacts.insert(0, made)
        self.files[made["id"]] = packed
        return made


class _Handler(BaseHTTPRequestHandler):
    hub: GitHub

    def _serve(self) -> None:
        hub, length = self.hub, int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length)) if length else None
        address = urlsplit(self.path)
        query = {key: each[0] for key, each in parse_qs(address.query).items()}
        hub.asked.append(f"{self.command} {self.path}")
        if address.path.startswith("/stored/"):  # another host, so the token must not come along
            assert "Authorization" not in self.headers
            return self._answer(200, hub.files[int(address.path.rpartition("/")[2])])
        for failure in hub.failures:
            if re.search(failure[0], f"{self.command} {address.path}"):
                hub.failures.remove(failure)
                return self._answer(failure[1], {"message": "no"})
        if self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self._answer(401, {"message": "Bad credentials"})
        status, answer = self._found(address.path.removeprefix(f"/repos/{REPOSITORY}"), query, given)
        if self.command in hub.loses:
            hub.loses.remove(self.command)
            status = 502
        return self._answer(status, answer)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815 -- the names are the base class's

    def _found(self, path: str, query: dict, given: dict | None) -> tuple[int, object]:
        hub = self.hub
        match self.command, path.strip("/").split("/"):
            case "GET", ["issues", "7", "comments"]:
                return 200, self._page(hub.comments, query)
            case "POST", ["issues", "7", "comments"] if len(given["body"]) <= MAX_COMMENT:
                return 201, hub.comment(given["body"])
            case "PATCH", ["issues", "comments", number] if len(given["body"]) <= MAX_COMMENT:
                hub.comments[int(number) - 1]["body"] = given["body"]
                return 200, hub.comments[int(number) - 1]
            case "GET", ["commits", _, "pulls"]:
                return 200, hub.pulls
            case "GET", ["actions", "artifacts"]:
                named = [each for each in hub.artifacts if each["name"] == query["name"]]
                return 200, {"total_count": len(named), "artifacts": self._page(named, query)}
            case "GET", ["actions", "artifacts", number, "zip"]:
                return 302, f"http://localhost:{self.server.server_port}/stored/{number}"
        return (422 if given else 404), {"message": "no"}

    def _page(self, items: list, query: dict) -> list:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        assert 1 <= size <= 100
        return items[(page - 1) * size : page * size]

    def _answer(self, status: int, answer: object) -> None:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", str(answer))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's
        """Print nothing."""


@contextmanager
def github() -> Iterator[GitHub]:
    """Serve on a free port of loopback."""
    hub = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
