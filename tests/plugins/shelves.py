"""A small service that tells its next page in a header of its own, and whose PUT makes or overwrites.

`limit` is the most in one answer, whatever is asked for. People are records; one may lack an address.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PROFILE = """\
version: 1
limits: {page: 10, member_page: 10}
group: {name: name, mark: mark}
calls:
  list: {request: GET groups, query: {_limit: $limit}, items: data, pages: {by: link}}
  get: {request: "GET groups/{name}", group: "@"}
  members:
    request: GET groups/{name}/people
    query: {_limit: $limit}
    items: data[].email
    pages: {by: link}
  create: {request: "PUT groups/{name}", body: {people: $add, mark: $mark}}
"""


class Shelves:
    """What the service holds: by name of group its people and its mark. `asked` has every request."""

    def __init__(self, limit=10):
        self.groups, self.asked, self.limit, self.link_header = {}, [], limit, "Next-Page"

    def put(self, name, people):
        self.groups[name] = {"people": [{"email": each} for each in people], "mark": None}

    def page(self, url, items):
        query = parse_qs(url.query)
        at = int(query.get("at", ["0"])[0])
        end = at + min(self.limit, int(query.get("_limit", [self.limit])[0]))
        following = f"<http://127.0.0.1{url.path}?at={end}&_limit={end - at}>; rel=next".replace("http://127.0.0.1", "")
        return 200, {self.link_header: following} if end < len(items) else {}, {"data": items[at:end]}

    def answer(self, method, path, body):
        """Return status, headers and body of the answer to a request."""
        self.asked.append(f"{method} {path}")
        url = urlsplit(path)
        _, _, *parts = url.path.split("/")
        names = [unquote(part) for part in parts]
        if not names:
            return self.page(url, [{"name": name, "mark": self.groups[name]["mark"]} for name in sorted(self.groups)])
        name = names[0]
        if method == "PUT":
            self.groups[name] = {"people": [{"email": each} for each in body["people"]], "mark": body["mark"]}
        if name not in self.groups:
            return 404, {}, {}
        if names[1:]:
            return self.page(url, self.groups[name]["people"])
        return 200, {}, {"name": name, "mark": self.groups[name]["mark"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer_any(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        status, headers, answer = self.server.shelves.answer(self.command, self.path, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(data)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


for _method in ("GET", "PUT"):
    setattr(Handler, f"do_{_method}", Handler.answer_any)


@contextmanager
def serving(shelves):
    """Serve on the loopback interface; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.shelves = True, shelves
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
