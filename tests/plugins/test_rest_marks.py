"""A mark never claims members that are not there yet, whatever request of a change fails."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groupsync.backend import BackendContext
from groupsync.errors import BackendError
from groupsync.model import Action, Change, Mark, Members, Scope
from groupsync_rest.backend import RestBackend
from groupsync_rest.convert import mark_value

HEAD = """\
version: 1
limits: {bulk: 2}
group: {name: name, members: members, mark: mark}
calls:
  list: {request: GET groups, items: groups}
  get: {request: "GET groups/{name}", group: "@"}
  delete: {request: "DELETE groups/{name}"}
"""
PROFILES = {
    "together": HEAD
    + """\
  create: {request: POST groups, body: {name: $name, add: $add, mark: $mark}, group: "@"}
  update: {request: "PATCH groups/{name}", body: {add: $add, remove: $remove, mark: $mark}, group: "@"}
  rename: {request: "PATCH groups/{name}", body: {name: $new_name, add: $add, remove: $remove, mark: $mark}, group: "@"}
""",
    "apart": HEAD
    + """\
  create: {request: POST groups, body: {name: $name, add: $add}, group: "@"}
  update: {request: "PATCH groups/{name}", body: {mark: $mark}, group: "@"}
  add: {request: "PATCH groups/{name}", body: {add: $add}, group: "@"}
  remove: {request: "PATCH groups/{name}", body: {remove: $remove}, group: "@"}
""",
}
BEFORE = Members.of(f"p{number}@example.com" for number in range(3))
AFTER = Members.of(f"p{number}@example.com" for number in range(2, 9))
REQUESTS = range(1, 9)


class Service(BaseHTTPRequestHandler):
    """One group as it is written; from a request on, every write is refused."""

    def do_GET(self):
        groups = [self.server.group] if self.server.group else []
        self.say(200, {"groups": groups} if self.path == "/groups" else self.server.group)

    def do_POST(self):
        self.write({"members": [], "mark": None})

    def do_PATCH(self):
        self.write(self.server.group)

    def write(self, group):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.writes += 1
        if self.server.writes >= self.server.fails_at:
            self.say(400, {"error": "no"})
            return
        members = ({*group["members"]} | {*body.pop("add", ())}) - {*body.pop("remove", ())}
        self.server.group = {**group, **body, "members": sorted(members)}
        self.say(200, self.server.group)

    def say(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.group, server.writes, server.fails_at = None, 0, 99
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=PROFILES)
def backend(request, service, tmp_path):
    (tmp_path / "own.yaml").write_text(PROFILES[request.param])
    options = {"url": f"http://127.0.0.1:{service.server_port}/", "profile": "own.yaml"}
    backend = RestBackend.from_options(options, BackendContext(tmp_path, "shop", "crm", str.lower))
    backend.combines = request.param == "together"
    yield backend
    backend.close()


def mark_of(members, name="g"):
    return Mark("shop", members.digest, members.count, "email/fold", name=name)


def change_of(action):
    name = "h" if action is Action.RENAME else "g"
    if action is Action.CREATE:
        return Change("crm", name, action, add=AFTER, mark=mark_of(AFTER))
    add, remove = AFTER.load() - BEFORE.load(), BEFORE.load() - AFTER.load()
    return Change(
        "crm",
        name,
        action,
        "g",
        add=Members.of(add),
        remove=Members.of(remove),
        mark=mark_of(AFTER, name),
        prior_count=3,
    )


def begin(service, change, fails_at):
    """Put the group there as it was last applied, and let the service refuse every write from one on."""
    if change.action is not Action.CREATE:
        mark = mark_value(mark_of(BEFORE))
        service.group = {"name": "g", "members": sorted(BEFORE.load()), "mark": mark}
    service.fails_at = fails_at


@pytest.mark.parametrize("fails_at", REQUESTS)
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.RENAME])
def test_no_mark_claims_who_is_not_there(service, backend, action, fails_at):
    """It is unfinished, or stands for the members that are there; or, where it can't go along, for those before."""
    if action not in backend.capabilities.actions:
        pytest.skip("the profile has no renames")
    change = change_of(action)
    begin(service, change, fails_at)
    try:
        backend.apply(change)
        failed = False
    except BackendError:
        failed = True
    [group] = backend.read(Scope()).groups or [None]
    mark = group.mark if group else None
    known = {group.members.digest if group else ""} | (set() if backend.combines else {BEFORE.digest})

    assert mark is None or not mark.is_finished or mark.digest in known
    if not failed:
        assert (AFTER.load(), mark_of(AFTER), change.name) == (group.members.load(), mark, group.name)


def test_a_new_group_is_known_for_ours_from_the_first_write_that_can_carry_a_mark(service, backend):
    """Where the group is made with its mark, no request is made that was not needed anyway."""
    change = change_of(Action.CREATE)
    backend.apply(change)
    writes = service.writes
    service.group, service.writes = None, 0
    begin(service, change, fails_at=3)
    with pytest.raises(BackendError):
        backend.apply(change)
    [group] = backend.read(Scope()).groups

    assert (4 if backend.combines else 6) == writes
    assert ("shop", False) == (group.mark.project, group.mark.is_finished)
