"""Credentials are nowhere but in requests to their own service: not in output, plans, journals or errors.

Every call of a plan and an apply is made to fail in every way in which a service, or what stands before it, may quote
what it was sent. Then everything that groupsync printed and wrote is searched.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote

import pytest

from groupsync import retry
from groupsync.cli import run
from tests.servers.proxy import Answer, Proxy

PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "cy", "dee")]
SHARE = 5
"""Each call fails in every fifth of the seven ways, another one each time, so that each fails in one at least."""
OPTIONS = {
    "jupyterhub": {"plugin": "rest", "profile": "jupyterhub"},
    "scim2_server": {"plugin": "scim"},
    "canaille": {"plugin": "scim"},
}


def quoted(exchange):
    """Return all that came with a request, as a careless service would quote it."""
    head = "\n".join(f"{name}: {value}" for name, value in exchange.call.headers)
    return f"{head}\n\n{exchange.call.body.decode('latin-1')}"


def says(status, kind, wrap=lambda text: text):
    def fault(exchange):
        exchange.send(Answer(status, (("Content-Type", kind),), wrap(quoted(exchange)).encode()))

    return fault


def redirects(exchange):
    """Lead elsewhere, with the credentials in the address."""
    token = dict(exchange.call.headers).get("authorization", "")
    exchange.send(Answer(302, (("Location", f"http://elsewhere.example.com/?{quote(token)}"),)))


FAULTS = {
    "refused in JSON": says(400, "application/json", lambda text: json.dumps({"message": text, "detail": text})),
    "refused in text": says(403, "text/plain"),
    "no JSON": says(200, "application/json"),
    "unauthorized": says(401, "application/json", lambda text: json.dumps({"error": {"message": text}})),
    "a page": says(502, "text/html", lambda text: f"<h1>{text}</h1>"),
    "redirected": redirects,
    "reset": lambda exchange: exchange.reset(),
}


def secret_parts(auth):
    """Return what must be found nowhere: the secrets themselves and what is sent of them."""
    if "bearer" in auth:
        return {auth["bearer"]}
    oauth2 = auth["oauth2"]
    pair = f"{oauth2['client_id']}:{oauth2['client_secret']}"
    return {oauth2["client_secret"], base64.b64encode(pair.encode()).decode()}


def referring(auth, monkeypatch):
    """Return the option `auth` with references in place of secrets, which are in the environment."""
    if "bearer" in auth:
        monkeypatch.setenv("GROUPSYNC_SECRET", auth["bearer"])
        return {"bearer": "${env:GROUPSYNC_SECRET}"}
    monkeypatch.setenv("GROUPSYNC_SECRET", auth["oauth2"]["client_secret"])
    return {"oauth2": {**auth["oauth2"], "client_secret": "${env:GROUPSYNC_SECRET}"}}


def typed(*arguments):
    """Run a command and return all that it printed, tracebacks of mistakes of ours included."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        run(arguments)
    return said.getvalue()


def written(folder):
    """Return the text of all files that groupsync wrote."""
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


class Trials:
    """Plans and applies on one server, each a project of its own, through a proxy that lets a request go wrong."""

    def __init__(self, folder, server, proxy, target):
        self.folder, self.server, self.proxy, self.count, self.failed = folder, server, proxy, 0, 0
        self.config = {"version": 1, "project": "shop", "definitions": ["beta.yaml"], "targets": {"there": target}}

    def run(self, monkeypatch, choose=lambda call: None):
        """Plan, apply and look at what was done; return what was printed and written, and the number of calls."""
        folder = self.folder / f"{self.count}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        group = {"kind": "known-user-group", "name": "beta", "members": PEOPLE[: 1 + self.count % 4]}
        (folder / "groupsync.yaml").write_text(json.dumps(self.config))
        (folder / "beta.yaml").write_text(json.dumps(group))
        self.proxy.reset()
        self.proxy.choose = choose
        said = typed("plan", "--out", "a.plan") + typed("apply", "--yes") + typed("history") + typed("target", "check")
        self.count += 1
        self.failed += "error" in said or "problem" in said or "failed" in said
        return said + written(folder), len(self.proxy.calls)


@pytest.mark.parametrize("server", OPTIONS, indirect=True)
def test_credentials_are_nowhere_after_a_failure_at_any_call(server, request, tmp_path, monkeypatch, caplog, tell):
    """Every call fails, each way at every fifth, and whatever is quoted back at us goes nowhere."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(retry, "delay_seconds", lambda *_: 0.0)
    name = request.node.callspec.params["server"]
    server.hand.clear()
    server.hand.add_people(PEOPLE)
    with Proxy(server.url, rewrites_host=server.insists_on_host) as proxy:
        auth = referring(server.auth, monkeypatch)
        trials = Trials(tmp_path, server, proxy, {**OPTIONS[name], "url": proxy.url, "auth": auth})
        calls = max(trials.run(monkeypatch)[1] for _ in range(2))
        for number, (shift, (what, fault)) in itertools.product(range(1, calls + 1), enumerate(FAULTS.items())):
            if (number + shift) % SHARE:
                continue
            shown, _ = trials.run(
                monkeypatch, lambda call, number=number, fault=fault: fault if call.number == number else None
            )
            for secret in secret_parts(server.auth):
                assert secret not in shown, f"{what} at call {number}"
                assert secret not in caplog.text, f"{what} at call {number}"
    tell(f"{name}: {trials.count - 2} failures over all of {calls} calls: credentials found nowhere")
    assert calls > 5
    assert trials.failed > trials.count / 3, "reads are tried again, and checks after an apply are many reads"
