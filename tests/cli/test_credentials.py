"""Credentials are found nowhere but in requests to their own service, wherever in an option they stand."""

from __future__ import annotations

import base64
import io
import itertools
import json
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote

import pytest

from groupsync import retry, secrets
from groupsync.cli import run
from tests.cli.careless import FAULTS, PROFILE, careless

SECRETS = {
    "TOKEN": "sk-live-0123456789/aB+c",
    "TENANT": "tenant-key-3141592653",
    "HOOK": "hook-key-2718281828",
    "ORG": "org-key-1618033988",
}
WAYS = {
    "pieces": lambda url: {
        "url": url + "/services/${env:HOOK}/v1",
        "auth": {"header": {"name": "X-Key", "value": "Token ${env:TOKEN}"}},
        "headers": {"X-Tenant": "shop:${env:TENANT}"},
        "parameters": {"org": "${env:ORG}"},
    },
    "whole": lambda url: {
        "url": "${env:URL}",
        "auth": {"basic": {"user": "bot", "password": "${env:TOKEN}"}},
        "headers": {"X-Tenant": "${env:TENANT}"},
        "parameters": {"org": "${env:ORG}"},
    },
}
PEOPLE = ["ada@example.com", "bob@example.com"]


@pytest.fixture(autouse=True)
def _forgotten_afterwards():
    yield
    secrets._revealed.clear()


def held(text):
    """Return what of the secrets is in a text, however it is spelled, and half of them, too."""
    secrets_ = [each for value in SECRETS.values() for each in (value, quote(value, safe=""), value[:12])]
    secrets_.append(base64.b64encode(f"bot:{SECRETS['TOKEN']}".encode()).decode())
    return [each for each in secrets_ if each in text]


def typed(*arguments):
    """Run a command and return all that it printed, tracebacks of mistakes of ours included."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        run(arguments)
    return said.getvalue()


def trial(folder, server, target, number):
    """Plan, apply, and look at what was done, in every form; return all that was printed and written."""
    folder.mkdir()
    config = {"version": 1, "project": "shop", "definitions": ["beta.yaml"], "targets": {"there": target}}
    group = {"kind": "known-user-group", "name": "beta", "display_name": f"No. {number}"}
    (folder / "groupsync.yaml").write_text(json.dumps(config))
    (folder / "beta.yaml").write_text(json.dumps({**group, "members": PEOPLE[: 1 + number % 2]}))
    (folder / "careless.yaml").write_text(PROFILE)
    config_option = f"--config={folder / 'groupsync.yaml'}"
    said = typed(
        "--verbose", "plan", config_option, "--out", f"{folder}/a.plan", "-o", f"{folder}/plan.json", "--format", "json"
    )
    said += typed("validate", config_option, "--format", "sarif", "-o", f"{folder}/findings.sarif")
    said += typed("--verbose", "apply", config_option, "--yes", "--format", "markdown", "-o", f"{folder}/apply.md")
    said += typed("drift", config_option, "--format", "html", "-o", f"{folder}/drift.html")
    said += typed("history", config_option) + typed("target", "check", config_option, "--format", "json")
    said += typed("profile", "check", "careless.yaml", config_option)
    return said + "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_what_is_saved_has_names_and_members_whole(tmp_path, monkeypatch):
    """Texts that are printed hide the letters of a secret wherever they stand; plans, journal and target don't."""
    monkeypatch.setenv("KEY", "ada@example.com")
    with careless() as server:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        target = {"plugin": "rest", "profile": "careless.yaml", "url": url, "headers": {"X-Key": "${env:KEY}"}}
        said = trial(tmp_path / "one", server, {**target, "parameters": {"org": "acme"}}, 1)
        assert [PEOPLE] == [group["members"] for group in server.groups.values()]
    assert "(secret)" in said
    assert "ada@example.com" not in (tmp_path / "one/plan.json").read_text()
    assert "ada@example.com" in (tmp_path / "one/a.plan").read_text()
    (run,) = (tmp_path / "one/.groupsync/runs").glob("*.plan")
    assert "ada@example.com" in run.read_text()


@pytest.mark.parametrize("way", WAYS)
def test_credentials_are_found_nowhere_after_a_failure_at_any_call(way, tmp_path, monkeypatch, tell):
    """Each call fails, in one way after the other, and quotes the address, the headers and the body it was sent."""
    monkeypatch.setattr(retry, "delay_seconds", lambda *_: 0.0)
    with careless() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        for name, value in {**SECRETS, "URL": f"{url}/services/T0/{SECRETS['HOOK']}/v1"}.items():
            monkeypatch.setenv(name, value)
        target = {"plugin": "rest", "profile": "careless.yaml", **WAYS[way](url)}
        whole = trial(tmp_path / "whole", server, target, 0)
        assert "applied" in whole
        calls, failed = server.calls, 0
        assert [] == held(whole)
        faults = itertools.cycle(FAULTS.items())
        for number in range(1, calls + 1):
            what, server.fault = next(faults)
            server.calls, server.fails_at = 0, number
            shown = trial(tmp_path / f"{number}", server, target, number)
            assert [] == held(shown), f"{what} at call {number}"
            failed += "gave 4" in shown or "error" in shown
    tell(f"{way}: {calls} failures: credentials found nowhere")
    assert calls > 10
    assert failed > calls / 3
