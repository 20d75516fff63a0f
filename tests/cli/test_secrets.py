"""Secrets stay secret, also where a library quotes them."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import secrets
from groupsync.journal import Journal
from groupsync.model import Action, Change, Members, Outcome, Report, Result
from groupsync.secret_references import resolve_references
from groupsync.secrets import Secret, scrub
from tests.plans import plan_of


@pytest.fixture(autouse=True)
def _forgotten_afterwards():
    """What one test reveals, at worst a usual word, is not taken out of the texts of the next."""
    yield
    secrets._revealed.clear()


TOKEN = "s3cr3t/token+value"


@given(st.text(min_size=4), st.text(), st.text())
def test_what_was_revealed_is_taken_out_of_any_text(value, before, after):
    """Wherever a revealed secret stands in a text, and however URLs spell it, it is not there afterwards."""
    Secret(value).reveal()
    assert value not in scrub(f"{before}{value}{after}").replace("(secret)", "")
    assert quote(value, safe="") not in scrub(f"{before}{quote(value, safe='')}").replace("(secret)", "")


@pytest.mark.parametrize("failure", ["RuntimeError", "ConfigError", "KeyError"])
@pytest.mark.parametrize("quoted", [TOKEN, quote(TOKEN, safe=""), f"https://user:{TOKEN}@example.com/"])
def test_neither_errors_nor_tracebacks_show_a_secret(failure, quoted):
    """Whatever escapes, with or without a traceback, is printed without the secret."""
    code = (
        "from groupsync import cli; from groupsync.errors import ConfigError; from groupsync.secrets import Secret\n"
        f"def fail(*_, **__):\n    Secret({TOKEN!r}).reveal(); raise {failure}({quoted!r})\n"
        "cli.groupsync.main = fail; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "(secret)" in done.stderr
    assert quoted not in done.stderr
    assert TOKEN not in done.stderr.replace(code, "")


SPELLED = {
    "in an address": ("http://127.0.0.1:9/services/${env:TOK}", "GET /services/sk-live-0123456789/v1: lost"),
    "in a header": ("Token ${env:TOK}", "403: invalid api key 'sk-live-0123456789'"),
    "one of two": ("${env:USER_NAME}:${env:TOK}", "no such token: sk-live-0123456789"),
    "quoted": ("a ${env:TOK} b", f"no such token: {quote('sk-live-0123456789', safe='')}"),
    "an address": ("${env:URL}", "GET /services/T0/B0/sk-live-0123456789/v1/groups: the connection was lost"),
}


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_secret_that_is_only_a_part_of_a_text_is_taken_out_by_itself(spelled, tmp_path, monkeypatch):
    """What a library or a server quotes may be the piece, or the path of a secret address."""
    monkeypatch.setenv("TOK", "sk-live-0123456789")
    monkeypatch.setenv("USER_NAME", "growth-bot")
    monkeypatch.setenv("URL", "https://hooks.example.com/services/T0/B0/sk-live-0123456789")
    written, quoted = SPELLED[spelled]
    resolve_references(written, tmp_path).reveal()
    assert "sk-live-0123456789" not in scrub(quoted)
    assert "(secret)" in scrub(quoted)
    assert "/v1" not in quoted or "/v1" in scrub(quoted)


def test_the_journal_has_no_secret_that_a_target_quoted(tmp_path):
    """What a failed change says is written down as it is printed."""
    Secret("sk-live-0123456789").reveal()
    journal = Journal(tmp_path / ".groupsync", tmp_path, keep=3)
    plan = plan_of(Change("crm", "beta", Action.CREATE, add=Members.of(["ada@example.com"])))
    failed = Result(
        "crm", "beta", Action.CREATE, Outcome.FAILED, "POST /sk-live-0123456789/teams: 403", "sk-live-0123456789"
    )
    with journal.run(plan) as run:
        run.before(plan.changes[0])
        run.after(plan.changes[0], failed)
        run.finish(plan, Report(plan.digest, (failed,)))
    written = "".join(path.read_text() for path in (tmp_path / ".groupsync/runs").iterdir())
    assert "POST /(secret)/teams: 403" in written
    assert "sk-live" not in written
