"""What is learnt from answers to writes, and what is not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import StalePlanError
from groupsync.model import Action, Change, Members
from groupsync_rest.backend import RestBackend

PROFILE = """\
version: 1
limits: {bulk: 2}
group: {name: name, members: members, revision: revision}
calls:
  list: {request: GET groups, items: groups}
  get: {request: "GET groups/{name}", group: "@"}
  create: {request: POST groups, body: {name: $name, add: $add}}
  update:
    request: PATCH groups/{name}
    headers: {If-Match: $revision}
    body: {add: $add, remove: $remove}
  delete: {request: "DELETE groups/{name}", headers: {If-Match: $revision}}
"""


ONE_BY_ONE = """\
version: 1
group: {name: name, members: members}
calls:
  list: {request: GET groups, items: groups}
  get: {request: "GET groups/{name}", group: "@"}
  create: {request: POST groups, body: {name: $name}}
  add: {request: "POST groups/{name}/{member}", group: "@"}
  remove: {request: "DELETE groups/{name}/{member}", group: "@"}
  delete: {request: "DELETE groups/{name}"}
"""


class Silent(BaseHTTPRequestHandler):
    """One group; a write needs the revision that it moves, and is answered with nothing but 204."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        group = self.group()
        self.say(200, b'{"groups": [%s]}' % group if self.path == "/groups" else group)

    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(self.headers["If-Match"])
        if self.headers["If-Match"] != str(self.server.revision):
            self.say(412)
            return
        self.server.members = (self.server.members | {*body.get("add", ())}) - {*body.get("remove", ())}
        self.server.revision += 1
        self.say(204)

    def do_POST(self):
        member = self.path.rpartition("/")[2].replace("%40", "@")
        if member in self.server.members:
            self.say(409, b'{"error": "is there"}')
            return
        self.server.members.add(member)
        self.say(200, self.group())

    def do_DELETE(self):
        member = self.path.rpartition("/")[2].replace("%40", "@")
        if member not in self.server.members:
            self.say(404, b'{"error": "is not there"}')
            return
        self.server.members.remove(member)
        self.say(200, self.group())

    def group(self):
        group = {"name": "staff", "members": sorted(self.server.members), "revision": self.server.revision}
        return json.dumps(group).encode()

    def say(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.members, server.revision, server.seen = {"ada@example.com"}, 7, []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(service, tmp_path):
    """Return a function that makes a backend of a profile."""
    backends = []

    def opened(profile):
        (tmp_path / "own.yaml").write_text(profile)
        context = BackendContext(tmp_path, "shop", "crm", str.lower)
        options = {"url": f"http://127.0.0.1:{service.server_port}/", "profile": "own.yaml"}
        backends.append(RestBackend.from_options(options, context))
        return backends[-1]

    yield opened
    for backend in backends:
        backend.close()


def change_of(precondition):
    people = Members.of(f"p{number}@example.com" for number in range(5))
    return Change("crm", "staff", Action.UPDATE, "staff", add=people, precondition=precondition)


def test_every_write_depends_on_the_one_before(service, opened):
    """A revision that no answer tells is asked for, so that no write goes without one."""
    backend = opened(PROFILE)
    assert backend.capabilities.revisions
    backend.apply(change_of("7"))

    assert ["7", "8", "9"] == service.seen
    assert 6 == len(service.members)


def test_the_first_write_depends_on_what_was_planned(service, opened):
    """Nothing that is read meanwhile takes the place of the plan's own precondition."""
    with pytest.raises(StalePlanError):
        opened(PROFILE).apply(change_of("6"))

    assert ["6"] == service.seen
    assert {"ada@example.com"} == service.members


def test_what_says_that_nothing_was_to_do_is_not_taken_for_the_group(service, opened):
    """Who is there is not added, who is not there not removed; an error's body is no group, and members still match."""
    service.members = {"ada@example.com", "eve@example.com"}
    change = Change(
        "crm",
        "staff",
        Action.UPDATE,
        "staff",
        add=Members.of(["ada@example.com", "bob@example.com"]),
        remove=Members.of(["eve@example.com", "mia@example.com"]),
    )
    backend = opened(ONE_BY_ONE)
    assert {"ada@example.com", "bob@example.com"} == backend.apply(change).members.load() == service.members
    assert {"ada@example.com", "bob@example.com"} == backend.apply(change).members.load() == service.members
