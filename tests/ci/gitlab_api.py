"""A server on loopback that behaves as the part of GitLab's REST API that examples/gitlab-ci.yml asks."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = 41
ME = 5


@dataclass
class GitLab:
    """What is there: notes of the merge request 7, what was merged, its pipelines with their jobs, files of jobs."""

    url: str = ""
    token: str = "project-token"
    notes: list[dict] = field(default_factory=list)
    merged: list[dict] = field(default_factory=list)
    pipelines: list[dict] = field(default_factory=list)
    jobs: dict[int, list[dict]] = field(default_factory=dict)
    files: dict[int, bytes] = field(default_factory=dict)

    def note(self, body: str, author: int = ME) -> dict:
        """Write a note."""
        self.notes.append({"id": len(self.notes) + 1, "body": body, "author": {"id": author}})
        return self.notes[-1]

    def planned(self, sha: str, plan: bytes, project: int = PROJECT) -> None:
        """Keep what the job `plan` of a merge request's pipeline saved."""
        number = len(self.pipelines) + 100
        run = {"id": number, "sha": sha, "project_id": project, "source": "merge_request_event"}
        self.pipelines.insert(0, run)
        self.jobs[number] = [{"id": number + 1000, "name": "plan", "artifacts_file": {"filename": "artifacts.zip"}}]
        self.files[number + 1000] = plan


class _Handler(BaseHTTPRequestHandler):
    lab: GitLab

    def _serve(self) -> None:
        lab, length = self.lab, int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length)) if length else {}
        address = urlsplit(self.path)
        query = {key: each[0] for key, each in parse_qs(address.query).items()}
        if self.headers.get("PRIVATE-TOKEN") != lab.token:
            return self._answer(401, {})
        path = address.path.removeprefix("/api/v4/").removeprefix(f"projects/{PROJECT}/").split("/")
        match self.command, path:
            case "GET", ["user"]:
                return self._answer(200, {"id": ME})
            case "GET", ["merge_requests", "7", "notes"]:
                size, page = int(query["per_page"]), int(query["page"])
                return self._answer(200, lab.notes[(page - 1) * size : page * size])
            case "POST", ["merge_requests", "7", "notes"]:
                return self._answer(201, lab.note(given["body"]))
            case "PUT", ["merge_requests", "7", "notes", number]:
                lab.notes[int(number) - 1]["body"] = given["body"]
                return self._answer(200, lab.notes[int(number) - 1])
            case "GET", ["repository", "commits", _, "merge_requests"]:
                return self._answer(200, lab.merged)
            case "GET", ["merge_requests", "7", "pipelines"]:
                return self._answer(200, lab.pipelines)
            case "GET", ["pipelines", number, "jobs"]:
                return self._answer(200, lab.jobs[int(number)])
            case "GET", ["jobs", number, "artifacts", "groupsync.plan"]:
                return self._answer(200, lab.files[int(number)])
        return self._answer(404, {})

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 -- the names are the base class's

    def _answer(self, status: int, answer: object) -> None:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's
        """Print nothing."""


@contextmanager
def gitlab() -> Iterator[GitLab]:
    """Serve on a free port of loopback."""
    lab = GitLab()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"lab": lab}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    lab.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    try:
        yield lab
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
