"""A service that quotes whatever it is sent: in answers, in pages, in addresses that it leads to."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

PROFILE = """\
version: 1
parameters: {org: {description: Whose groups they are.}}
headers: {X-Org: $org}
errors: {absent: [404]}
group: {name: name, members: members, display_name: title}
calls:
  check: {request: GET me, shows: login}
  list: {request: GET groups, items: groups, total: total}
  get: {request: "GET groups/{name}", group: "@"}
  create: {request: POST groups, body: {name: $name, title: $display_name}}
  update: {request: "PUT groups/{name}", body: {title: $display_name}}
  add: {request: "PUT groups/{name}/members/{member}"}
  remove: {request: "DELETE groups/{name}/members/{member}"}
  delete: {request: "DELETE groups/{name}"}
"""


def _wrapped(status, kind, wrap):
    return lambda said: (status, {"Content-Type": kind}, wrap(said))


FAULTS = {
    "refused in JSON": _wrapped(400, "application/json", lambda said: json.dumps({"message": said, "detail": said})),
    "refused in text": _wrapped(403, "text/plain", lambda said: said),
    "unauthorized": _wrapped(401, "application/json", lambda said: json.dumps({"error": {"message": said}})),
    "no JSON": _wrapped(200, "application/json", lambda said: said),
    "another kind": _wrapped(
        200, "application/json", lambda said: json.dumps({"groups": [], "total": said, "title": [said]})
    ),
    "a page": _wrapped(502, "text/html", lambda said: f"<h1>{said}</h1>"),
    "redirected": lambda said: (
        302,
        {"Location": f"http://elsewhere.example.com/{quote(said, safe='')}?{quote(said)}"},
        "",
    ),
    "redirected to itself": lambda said: (307, {"Location": "?again"}, ""),
    "cut off": None,
}


class Careless(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def any(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        service = self.server
        service.calls += 1
        if service.calls == service.fails_at:
            said = f"{self.command} {self.path}\n{self.headers}\n{data.decode()}"
            if service.fault is None:
                self.close_connection = True
                return
            self.tell(*service.fault(said))
            return
        status, body = self.served(json.loads(data or b"null"))
        self.tell(status, {"Content-Type": "application/json"}, json.dumps(body))

    def tell(self, status, headers, text):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def served(self, body):
        groups = self.server.groups
        parts = [unquote(each) for each in urlsplit(self.path).path.split("/v1/")[-1].split("/")]
        match self.command, parts:
            case "GET", ["me"]:
                return 200, {"login": "groupsync"}
            case "GET", ["groups"]:
                return 200, {"groups": list(groups.values()), "total": len(groups)}
            case "POST", ["groups"]:
                groups[body["name"]] = {**body, "members": []}
                return 201, {}
            case _, ["groups", name, *_] if name not in groups:
                return 404, {"message": "no such group"}
            case "GET", ["groups", name]:
                return 200, groups[name]
            case "PUT", ["groups", name]:
                groups[name] |= body
            case "DELETE", ["groups", name]:
                del groups[name]
            case "PUT", ["groups", name, "members", person]:
                groups[name]["members"].append(person)
            case "DELETE", ["groups", name, "members", person]:
                groups[name]["members"].remove(person)
        return 200, {}

    def log_message(self, *args):
        pass


for _method in ("GET", "POST", "PUT", "DELETE"):
    setattr(Careless, f"do_{_method}", Careless.any)


@contextmanager
def careless():
    """Serve on the loopback interface; gives the server, which counts `calls` and fails at call `fails_at`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    server.daemon_threads = True
    server.groups, server.calls, server.fails_at, server.fault = {}, 0, 0, None
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
