"""Mutated input: whatever the files hold, the answer is an exit code and findings with their place, never a traceback.

`GROUPSYNC_FUZZ_INPUTS` says how many inputs to try, 2,000 where it is not set and 20,000 in CI. The seed is fixed, so a
failure comes again; its input is in the message.
"""

from __future__ import annotations

import io
import json
import os
import random
from contextlib import redirect_stderr, redirect_stdout

import pytest

from groupsync.cli import run

INPUTS = int(os.environ.get("GROUPSYNC_FUZZ_INPUTS") or (20_000 if os.environ.get("CI") else 2_000))
BATCHES = 20

CONFIG = b"""\
version: 1
project: shop
definitions: [groups/*.yaml]
identity: {type: email, case: fold}
exclude: [blocked]
targets:
  local: {plugin: file, path: state/, select: {kinds: [known-user-group], names: ["*"], labels: {a: b}}}
"""
DEFINITIONS = b"""\
# yaml-language-server: $schema=../group.v1.schema.json
kind: known-user-group
name: beta-testers
display_name: "Beta: testers"
description: |
  People who asked
  for early builds
owners: [growth@contoso.com]
labels: {product: fieldnotes}
members: &people
  - ada@contoso.com   # first
  - {email: grace@contoso.com, from: 2026-12-01, until: 2027-01-31T10:00:00Z, reason: contractor}
members_from:
  - {path: members/beta.csv, column: email}
  - {path: members/more.txt}
include: [staff, {group: trial, until: 2027-01-31}]
exclude: [{match: "block*"}]
restrict_to: [staff]
until: 2030-01-01
previously: [testers]
lifecycle: {prevent_delete: true, state: present, mode: additive, adopt: false}
targets: [local]
---
{kind: known-user-group, name: staff, members: [bob@contoso.com]}
---
{kind: known-user-group, name: trial, members: []}
---
{kind: known-user-group, name: blocked, members: ['eve@contoso.com']}
"""
TABLE = b'name,email,note\n"Bob, B.",bob@contoso.com,"two\nlines"\nCy,cy@contoso.com,\n'
TEXT = b"# people\nbob@contoso.com; cy@contoso.com,dee@contoso.com\neve@contoso.com # late\n"

FILES = {
    "groupsync.yaml": CONFIG,
    "groups/a.yaml": DEFINITIONS,
    "groups/members/beta.csv": TABLE,
    "groups/members/more.txt": TEXT,
}
WEIGHTS = [2, 6, 2, 2]
TOKENS = [
    b"\x00", b"\t", b"\r", b"\r\n", b"\n\n", b" ", b"'", b'"', b"{", b"}", b"[", b"]", b": ", b"- ", b"#", b"&a ",
    b"*a", b"*people", b"<<: ", b"!!", b"!!python/object:os.system ", b"%YAML 1.1\n", b"---\n", b"...\n", b"|", b">-",
    b"? ", b"@", b"`", b",", b";", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xae",
    b"\xed\xa0\x80", "ß".encode(), "é@é.example".encode(), b"null", b"~", b"no", b"1e9", b"0x1f", b".nan",
    b"../../etc/passwd", b"${env:HOME}", b"${file:/etc/passwd}", b"a" * 300, b"[" * 80, b"- " * 80, b"{a: " * 60,
    b"name: ", b"members: ", b"include: [beta-testers]", b"until: 2020-02-30", b"=cmd()",
]  # fmt: skip


def mutate(chance: random.Random, data: bytes) -> bytes:
    """Change `data` in one to four places."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(7):
            case 0:
                data = data[:at] + chance.choice(TOKENS) + data[at:]
            case 1:
                data = data[:at] + data[at + chance.randint(1, 8) :]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                data = data[:at] + data[at : min(to, at + 200)] * 2 + data[to:]
            case 4:
                lines = data.split(b"\n")
                chance.shuffle(lines) if chance.random() < 0.1 else lines.insert(
                    chance.randrange(len(lines) + 1), chance.choice(lines)
                )
                data = b"\n".join(lines)
            case 5:
                data = data[:at]
            case _:
                data = data[:at] + chance.choice(TOKENS) + data[min(to, at + 30) :]
    return data


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutated_files_are_answered_with_findings(batch, tmp_path, monkeypatch):
    """Never a traceback; always exit 0, 1, 2 or 64; every finding names file and line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "groups" / "members").mkdir(parents=True)
    for path, data in FILES.items():
        (tmp_path / path).write_bytes(data)
    chance = random.Random(batch)
    for _ in range(INPUTS // BATCHES):
        path = chance.choices(list(FILES), WEIGHTS)[0]
        mutated = mutate(chance, FILES[path])
        (tmp_path / path).write_bytes(mutated)
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            code = run(["validate", "--format", "json"])
        assert code in (0, 1, 2, 64), (code, path, mutated)
        found = json.loads(stdout.getvalue())["diagnostics"]
        assert (code == 1) == any(each["severity"] == "error" for each in found), (path, mutated)
        for each in found:
            assert each["subject"], (each, path, mutated)
            assert each["subject"]["path"], (each, path, mutated)
            # Of a file that defines nothing, or is not read, no line is to blame.
            assert each["subject"]["line"] >= (each["code"] not in {"GS114", "GS115"}), (each, path, mutated)
        (tmp_path / path).write_bytes(FILES[path])
