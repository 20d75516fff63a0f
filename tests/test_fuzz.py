"""Mutated input: whatever the files hold, the answer is an exit code and findings with their place, never a traceback.

`GROUPSYNC_FUZZ_INPUTS` says how many inputs to try, 2,000 where it is not set and 20,000 in CI. The seed is fixed, so a
failure comes again; its input is in the message. `GROUPSYNC_FUZZ_SEED` begins elsewhere.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import signal
import zipfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groupsync.cli import run

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = int(os.environ.get("GROUPSYNC_FUZZ_INPUTS") or (20_000 if os.environ.get("CI") else 2_000))
BATCHES = 20
SEED = int(os.environ.get("GROUPSYNC_FUZZ_SEED") or 0)
# Of our own time on the processor, so that a busy machine is no failure.
MOST_SECONDS = 30
CORPUS = Path(__file__).parent / "corpus"

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
  - {path: members/mail.txt}
  - {path: members/crm.csv, column: E-mail, where: {status: [active, invited], spent: {gte: 10}},
     types: {spent: decimal}, header_row: 2, on_bad_row: {skip: {percent: 60}}, min_rows: 1}
  - {path: members/team.xlsx, sheet: 1}
  - {path: members/packed.csv.gz}
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

MAIL = b'Ada Lovelace <ada@contoso.com>; "Hopper, Grace" <grace@contoso.com>;\nmailto:tim@contoso.com\n'
CRM = (
    b"Export of 2026-11-25\nName;E-mail;status;spent\nAda;ada@contoso.com;active;12.50\n"
    b'Bob;bob@contoso.com;active;9\n"Cy\nC";cy@contoso.com;left;\nDee;dee@contoso.com;invited;1000\n'
)

FILES = {
    "groupsync.yaml": CONFIG,
    "groups/a.yaml": DEFINITIONS,
    "groups/members/beta.csv": TABLE,
    "groups/members/more.txt": TEXT,
    "groups/members/mail.txt": MAIL,
    "groups/members/crm.csv": CRM,
    "groups/members/team.xlsx": (CORPUS / "sheet-beside-empty-ones.xlsx").read_bytes(),
    "groups/members/packed.csv.gz": gzip.compress(TABLE, mtime=0),
}
WEIGHTS = [2, 6, 2, 2, 2, 4, 1, 1]
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


def mutate_file(chance: random.Random, path: str, data: bytes) -> bytes:
    """Change a file; of two that are packed what is in them."""
    if not path.endswith((".xlsx", ".gz")) or chance.random() < 0.5:
        return mutate(chance, data)
    if path.endswith(".gz"):
        return gzip.compress(mutate(chance, gzip.decompress(data)), mtime=0)
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w") as after:
        changed = chance.choice(before.namelist())
        for name in before.namelist():
            held = before.read(name)
            after.writestr(zipfile.ZipInfo(name), mutate(chance, held) if name == changed else held)
    return written.getvalue()


@contextmanager
def a_bound(path: str, data: bytes) -> Iterator[None]:
    """Fail where `MOST_SECONDS` of work are over: a hang has no other end."""

    def fail(*_: object) -> None:
        raise AssertionError(f"not at an end after {MOST_SECONDS} s of work: {path}, {data!r}")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutated_files_are_answered_with_findings(batch, tmp_path, monkeypatch):
    """Never a traceback or a hang; always exit 0, 1, 2 or 64; every finding names file and line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "groups" / "members").mkdir(parents=True)
    for path, data in FILES.items():
        (tmp_path / path).write_bytes(data)
    chance = random.Random(SEED + batch)
    for _ in range(INPUTS // BATCHES):
        path = chance.choices(list(FILES), WEIGHTS)[0]
        mutated = mutate_file(chance, path, FILES[path])
        (tmp_path / path).write_bytes(mutated)
        stdout, stderr = io.StringIO(), io.StringIO()
        with a_bound(path, mutated), redirect_stdout(stdout), redirect_stderr(stderr):
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


SHOP = b"""\
version: 1
project: shop
definitions: [groups/*.yaml]
targets: {local: {plugin: file, path: state/}}
sources:
  customers: {plugin: ibis, url: "duckdb://", table: "data/*.csv", id: email, updated_at: loaded_at}
"""
SEGMENTS = b"""\
kind: segment
name: big-spenders
source: customers
where:
  all: [{plan: pro, spent: {gte: 5}, country: [DE, FR]}, {seen: {within_days: 90}}, {not: {active: false}}]
exclude: [blocked]
---
kind: segment
name: germans
source: customers
where: {country: {matches: "^D"}}
limit: {count: 2, order_by: {spent: desc}}
---
{kind: known-user-group, name: blocked, members: [eve@contoso.com]}
"""
HEADER = b"email,country,plan,spent,seen,active,loaded_at\n"
ROWS = (
    b"ada@contoso.com,DE,pro,12.5,2026-11-01T00:00:00Z,true,2026-11-25T00:00:00Z\n",
    b'"bob@contoso.com",FR,"free",0,2026-10-01T10:00:00+01:00,false,2026-11-25T00:00:00Z\n',
    b"cy@contoso.com,DE,,7,,true,2026-11-25T00:00:00Z\n",
)
LOADS = {
    "groupsync.yaml": SHOP,
    "groups/a.yaml": SEGMENTS,
    "data/1.csv": HEADER + ROWS[0] + ROWS[1],
    "data/2.csv": HEADER + ROWS[2],
}
PLACE = re.compile(r"^  at \S", re.MULTILINE)
ERROR = re.compile(r"^error(?:\[GS\d+\])?: ", re.MULTILINE)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutated_customers_are_answered_with_findings(batch, tmp_path, monkeypatch):
    """Whatever a source's files hold: an exit code that is in the table, and every error says where."""
    monkeypatch.chdir(tmp_path)
    for path, data in LOADS.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    chance = random.Random(SEED + batch)
    for _ in range(INPUTS // BATCHES // 25):
        path = chance.choices(list(LOADS), [1, 3, 4, 2])[0]
        mutated = mutate(chance, LOADS[path])
        (tmp_path / path).write_bytes(mutated)
        stdout, stderr = io.StringIO(), io.StringIO()
        with a_bound(path, mutated), redirect_stdout(stdout), redirect_stderr(stderr):
            code = run(["plan"])
        told = stdout.getvalue() + stderr.getvalue()
        assert code in (0, 1, 2, 3, 64), (code, path, mutated, told)
        assert (code == 1) == bool(ERROR.search(told)), (code, path, mutated, told)
        for finding in re.split(r"^(?=error\[|warning\[)", told, flags=re.MULTILINE)[1:]:
            assert PLACE.search(finding), (finding, path, mutated)
        (tmp_path / path).write_bytes(LOADS[path])
