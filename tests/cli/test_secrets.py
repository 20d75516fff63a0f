"""Secrets stay secret, also where a library quotes them."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsync import secrets
from groupsync.secrets import Secret, scrub


@pytest.fixture(autouse=True, scope="module")
def _forgotten_afterwards():
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
