"""A small service of somebody's own, as unlike the shipped ones as a service may be; its profile is in the docs.

Its groups are teams. The list names them only, and goes on by Link headers; each has an ETag and is changed as a whole
by PUT; people come in pages, and are added and removed one by one.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 3
PEOPLE_PAGE = 50
TOKEN = "k3y-of-the-teams"
DOCS = Path(__file__).parents[2] / "docs/profiles.md"
PROFILE = re.search(r"<!-- profile: whole -->\n```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)[1]


class Teams:
    """What the service holds. `asked` has method and path of every request."""

    def __init__(self):
        self.teams, self.asked, self.numbers, self.mutex = {}, [], 0, threading.Lock()

    def answer(self, method, path, query, headers, body):
        """Return status, headers and body of the answer to a request."""
        self.asked.append(f"{method} {path}")
        if headers.get("Authorization") != f"Bearer {TOKEN}" or headers.get("X-Org") != "acme":
            return 401, {}, {"message": "who are you?"}
        parts = [unquote(part) for part in path.removeprefix("/orgs/acme/teams").strip("/").split("/")]
        name, rest = parts[0], parts[1:]
        if not name:
            return self.make(body) if method == "POST" else self.listed(query)
        team = self.teams.get(name)
        if team is None:
            return 404, {}, {"message": "no such team"}
        if method != "GET" and headers.get("If-Match") not in (None, etag(team)):
            return 412, {}, {"message": "it moved"}
        if rest[:1] == ["people"]:
            return self.people(team, method, rest[1:], query)
        return getattr(self, {"GET": "get", "PUT": "put", "POST": "rename", "DELETE": "delete"}[method])(team, body)

    def listed(self, query):
        at, size = int(query.get("after", ["0"])[0]), min(PAGE, int(query.get("per_page", [PAGE])[0]))
        names, end = sorted(self.teams), at + size
        link = f'</orgs/acme/teams?after={end}&per_page={size}>; rel="next"'
        return 200, {"Link": link} if end < len(names) else {}, [{"slug": name} for name in names[at:end]]

    def make(self, body):
        if body["slug"] in self.teams:
            return 409, {}, {"message": "taken"}
        self.numbers += 1
        new = {"slug": body["slug"], "number": self.numbers, "title": body.get("title"), "colour": "red", "rev": 0}
        self.teams[body["slug"]] = new | {"people": []}
        return 201, {}, None

    def get(self, team, body):
        shown = {key: value for key, value in team.items() if key not in {"rev", "people"}}
        return 200, {"ETag": etag(team)}, {"team": shown | {"size": len(team["people"])}}

    def put(self, team, body):
        kept = {key: team[key] for key in ("slug", "number", "people", "rev")}
        team.clear()
        team.update(body | kept | {"rev": kept["rev"] + 1})
        return self.get(team, None)

    def rename(self, team, body):
        if body["to"] in self.teams:
            return 409, {}, {"message": "taken"}
        self.teams[body["to"]] = self.teams.pop(team["slug"])
        team.update(slug=body["to"], rev=team["rev"] + 1)
        return 204, {"ETag": etag(team)}, None

    def delete(self, team, body):
        del self.teams[team["slug"]]
        return 204, {}, None

    def people(self, team, method, who, query):
        people = team["people"]
        if method == "GET":
            size = min(PEOPLE_PAGE, int(query.get("per_page", [PEOPLE_PAGE])[0]))
            at = (int(query["page"][0]) - 1) * size
            page = [{"mail": mail} for mail in people[at : at + size]]
            return 200, {"ETag": etag(team)}, {"people": page, "size": len(people)}
        if (method == "PUT") == (who[0] in people):
            return (304, {"ETag": etag(team)}, None) if method == "PUT" else (404, {}, {"message": "not in it"})
        (people.append if method == "PUT" else people.remove)(who[0])
        team["rev"] += 1
        return 204, {"ETag": etag(team)}, None


def etag(team):
    return f'"{team["number"]}.{team["rev"]}"'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet

    def answer_any(self):
        url, size = urlsplit(self.path), int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(size).decode()
        is_form = "form" in self.headers.get("Content-Type", "")
        body = {key: value[0] for key, value in parse_qs(raw).items()} if is_form else json.loads(raw or "null")
        with self.server.teams.mutex:
            told = self.server.teams.answer(self.command, url.path, parse_qs(url.query), self.headers, body)
        status, headers, answer = told
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


for _method in ("GET", "POST", "PUT", "DELETE"):
    setattr(Handler, f"do_{_method}", Handler.answer_any)


@contextmanager
def serving():
    """Serve on the loopback interface; gives what is held and the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.teams = Teams()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.teams, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
