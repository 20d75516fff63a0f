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

    A run tells the pull requests that it was for only as long as these are open: `pull_requests` is empty for merged
    ones (https://docs.github.com/actions/using-workflows/events-that-trigger-workflows#pull_request).

    Attributes:
        failures: statuses to answer with before anything else, for requests that match: [method and path, status].
        loses: methods whose answer is lost, each once: what they ask for is done all the same.
    """

    url: str = ""
    token: str = "job-token"
    comments: list[dict] = field(default_factory=list)
    pulls: list[dict] = field(default_factory=list)
    artifacts: list[dict] = field(default_factory=list)
    runs: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    seconds: int = 0
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

    def now(self) -> str:
        """Let a second pass, and return the time."""
        self.seconds += 1
        return f"2026-11-25T19:{self.seconds // 60:02}:{self.seconds % 60:02}Z"

    def open(self, number: int, ref: str, base: str = "main") -> dict:
        """Open a pull request of a branch."""
        head = {"ref": ref, "sha": "", "repo": {"id": REPOSITORY_ID, "full_name": REPOSITORY}}
        made = {"number": number, "state": "open", "created_at": self.now(), "closed_at": None, "merged_at": None}
        made |= {"merge_commit_sha": None, "head": head, "base": {"ref": base}}
        self.pulls.append(made)
        return made

    def close(self, pull: dict) -> None:
        """Close a pull request."""
        pull |= {"state": "closed", "closed_at": self.now()}

    def retarget(self, pull: dict, base: str) -> None:
        """Let a pull request go to another branch; that starts no run."""
        pull["base"] = {"ref": base}
        self.events.append({"event": "base_ref_changed", "created_at": self.now(), "issue": pull["number"]})

    def run(self, pull: dict, head_sha: str, **more: object) -> dict:
        """Let a workflow run for a pull request, as it is now."""
        own = {"id": REPOSITORY_ID, "full_name": REPOSITORY}
        made = {"id": 1_000 + len(self.runs), "event": "pull_request", "path": ".github/workflows/plan.yml"}
        made |= {"head_sha": head_sha, "head_branch": pull["head"]["ref"], "created_at": self.now()}
        made |= {"repository": own, "head_repository": own, "of": (pull["number"], pull["base"]["ref"]), **more}
        self.runs.append(made)
        return made

    def told(self, run: dict) -> dict:
        """Return what is told of a run."""
        number, base = run["of"]
        is_open = any(pull["number"] == number and pull["state"] == "open" for pull in self.pulls)
        pulls = [{"number": number, "base": {"ref": base}, "head": {"sha": run["head_sha"]}}] if is_open else []
        return {key: value for key, value in run.items() if key != "of"} | {"pull_requests": pulls}

    def save(self, name: str, packed: bytes, head_sha: str, run: dict | None = None) -> dict:
        """Keep an artifact, as a run for a commit saved it; of the pull request that is there, if nothing is said."""
        run = run or self.run(self.pulls[0], head_sha)
        ids = {"repository_id": run["repository"]["id"], "head_repository_id": run["head_repository"]["id"]}
        saved = {"id": run["id"], "head_sha": head_sha, "head_branch": run["head_branch"], **ids}
        made = {"id": len(self.artifacts) + 1, "name": name, "expired": False, "workflow_run": saved}
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
            case "GET", ["pulls"]:
                assert "all" == query["state"]
                found = [each for each in hub.pulls if f"contoso:{each['head']['ref']}" == query["head"]]
                return 200, self._page(found, query)
            case "GET", ["issues", number, "events"]:
                return 200, self._page([each for each in hub.events if str(each["issue"]) == number], query)
            case "GET", ["actions", "runs", number]:
                found = [hub.told(each) for each in hub.runs if str(each["id"]) == number]
                return (200, found[0]) if found else (404, {"message": "no"})
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
