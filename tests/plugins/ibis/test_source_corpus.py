"""Sources as people have them, by every reader that can hold them: `tests/corpus/sources/` says what comes out."""

from __future__ import annotations

import csv
import math
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from groupsync.codes import CODES
from groupsync.config import load_config
from groupsync.errors import InvalidDefinitions
from groupsync.identity import Identity
from groupsync.model import NOT_COMPUTED, UNREADABLE
from groupsync.project import load_project
from groupsync.segments import compute_segments
from groupsync.source import SourceContext
from groupsync_ibis.source import IbisSource

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parents[2] / "corpus" / "sources"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((CORPUS / "expected.yml").read_text("utf-8"))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "decimal": pa.decimal128(38, 10),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", "UTC"),
}
SQLITE = {"text": "text", "integer": "integer", "number": "real", "boolean": "boolean", "date": "date",
          "instant": "timestamp"}  # fmt: skip
READ = [*{repr((case["types"], case["members"])): name for name, case in CASES.items() if "types" in case}.values()]
"""One case of each that has the same types and members."""


def people(case, found):
    """Return members as the expectations have them: people of example.com by their letters."""
    return " ".join(sorted(each if "identity" in case else each.removesuffix("@example.com") for each in found))


def write(root: Path, case: dict[str, Any], sources: dict[str, dict[str, Any]]) -> Path:
    """Write a config with some sources, and a segment of each for each condition; returns the config's path."""
    identity = {"identity": yaml.safe_load(case["identity"])} if "identity" in case else {}
    named = {name: {"plugin": "ibis", "id": case.get("id", "email"), **options} for name, options in sources.items()}
    config = {"version": 1, "project": "shop", "definitions": ["groups.yaml"], **identity, "sources": named}
    (root / "groupsync.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    segments = [
        f"{{kind: segment, name: {name}-{number}, source: {name}, where: {where}}}\n"
        for name in sources
        for number, where in enumerate(case.get("members", {"{everyone: true}": ""}))
    ]
    (root / "groups.yaml").write_text("---\n".join(segments), "utf-8")
    return root / "groupsync.yaml"


def outcome(root: Path, case: dict[str, Any], sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Run a project as a plan does; returns what came of each source in the words of the expectations."""
    path = write(root, case, sources)
    try:
        computed = compute_segments(load_project(load_config(path), NOW), None, NOW, tolerant=True)
    except InvalidDefinitions as error:
        [told] = error.diagnostics
        assert told.code in CODES
        assert told.hint
        written = (root / told.subject.path).read_text("utf-8").splitlines()[told.subject.line - 1]
        place = written[told.subject.column - 1 :].partition(":")[0]
        return {"error": f"{told.code} {place}", "told": f"{told.summary}. {told.detail} {told.hint}"}
    if refused := [each for each in computed.refusals if each.rule in {UNREADABLE, NOT_COMPUTED}]:
        return {"refused": refused[0].rule, "told": f"{refused[0].summary} {refused[0].hint}"}
    groups = {each.group.name: each.group.members for each in computed.project.resolution.groups}
    members = {
        name: {where: people(case, groups[f"{name}-{number}"].load()) for number, where in enumerate(case["members"])}
        for name in sources
    }
    return {"members": members, "findings": [each.code for each in computed.project.findings]}


def opened(root: Path, case: dict[str, Any], options: dict[str, Any]) -> IbisSource:
    """Open the source by itself."""
    identity = Identity("id", "preserve") if "identity" in case else Identity()
    options = {"id": case.get("id", "email"), **options}
    return IbisSource.from_options(
        options, SourceContext(root, "customers", identity, datetime(2026, 11, 25, tzinfo=UTC))
    )


def placed(root: Path, name: str) -> dict[str, Any]:
    """Put a case's files or tables into a project; returns the options of its source."""
    case, place = CASES[name], CORPUS / name
    if place.is_dir():
        shutil.copytree(place, root / name)
        options = {"table": f"{name}/*.csv"}
    elif place.is_file():
        shutil.copy(place, root / name)
        options = {"table": name}
    elif "sqlite" in case:
        with closing(sqlite3.connect(root / "shop.sqlite")) as connection, connection:
            connection.executescript(case["sqlite"])
        options = {"url": "sqlite://shop.sqlite", "table": "customers"}
    else:
        for number, columns in enumerate(case["parquet"], 1):
            pq.write_table(_arrow(columns), root / f"part-{number}.parquet")
        options = {"table": "part-*.parquet"}
    return {**options, **case.get("options", {})}


def _arrow(columns: dict[str, Any]) -> pa.Table:
    """Return a table whose columns are written as a type of Arrow and values."""
    found = {}
    for name, (kind, *values) in columns.items():
        dtype = pa.list_(pa.int64()) if kind == "list" else pa.decimal128(10, 2) if kind == "decimal" else kind
        read = [Decimal(each) if kind == "decimal" and each is not None else each for each in values]
        found[name] = pa.array(read, pa.null() if kind == "null" else dtype)
    return pa.table(found)


def test_every_file_has_an_expectation():
    """No file of the corpus is there without being read, and none is missing."""
    files = {path.name for path in CORPUS.iterdir()}
    assert {name for name, case in CASES.items() if not {"sqlite", "parquet"} & set(case)} | {"expected.yml"} == files
    assert [*CASES] == sorted(CASES)
    assert all(case["says"].endswith(".") for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_a_source_is_read_as_its_owner_means_it(name, tmp_path):
    """Types, members by each condition, and findings or the refusal are those that are written down."""
    case, options = CASES[name], placed(tmp_path, name)
    found = outcome(tmp_path, case, {"customers": options})
    for told in case.get("tells", ()):
        assert told in found["told"]
    if "members" in case:
        assert ({"customers": case["members"]}, case.get("findings", [])) == (found["members"], found["findings"])
    else:
        assert [case.get("error"), case.get("refused")] == [found.get("error"), found.get("refused")]
    if "types" in case:
        types = {each.name: str(each.type) for each in opened(tmp_path, case, options).attributes()}
        assert case["types"] == {key: value for key, value in types.items() if key != case.get("id", "email")}


@pytest.mark.parametrize("name", READ)
def test_each_reader_has_the_same_members(name, tmp_path):
    """The values that were read, written as each other kind of table, answer each condition alike."""
    case, key = CASES[name], CASES[name].get("id", "email")
    source = opened(tmp_path, case, placed(tmp_path, name))
    everyone = sorted({who for found in case["members"].values() for who in found.split()})
    rows = source.rows(everyone if "identity" in case else [f"{who}@example.com" for who in everyone], [*case["types"]])
    source.close()
    types = {key: "text", **case["types"]}
    table = [(who, *row.values()) for who, row in rows.items()]
    sources = {name: options for name, options in _written(tmp_path, types, table) if options}
    assert sources
    found = outcome(tmp_path, case, sources)
    assert dict.fromkeys(sources, case["members"]) == found["members"]


def _written(root: Path, types: dict[str, str], table: list[tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write rows as each kind of table that can hold them; gives its name and the options that read it."""
    known = {name: ARROW.get(kind, pa.string()) for name, kind in types.items()}
    values = zip(*table, strict=True) if table else [()] * len(types)
    arrays = [pa.array(each, dtype) for each, dtype in zip(values, known.values(), strict=True)]
    pq.write_table(pa.table(arrays, names=[*types]), root / "again.parquet")
    yield "parquet", {"table": "again.parquet"}
    cells = [[value.isoformat() if isinstance(value, date) else value for value in row] for row in table]
    if not any(value in {"", math.inf, -math.inf} for row in cells for value in row):
        with (root / "again.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([[*types], *cells])
        yield "csv", {"table": "again.csv", "types": {name: kind for name, kind in types.items() if kind in ARROW}}
    if "decimal" not in types.values():
        names = ", ".join(f'"{name}" {SQLITE.get(kind, "text")}' for name, kind in types.items())
        with closing(sqlite3.connect(root / "again.sqlite")) as connection, connection:
            connection.execute(f"CREATE TABLE customers ({names})")
            connection.executemany(f"INSERT INTO customers VALUES ({', '.join('?' * len(types))})", cells)
        yield "sqlite", {"url": "sqlite://again.sqlite", "table": "customers"}
