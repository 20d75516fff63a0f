"""Sources that are small and ask for much memory, or have rows that no reader takes: bounded, and told."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow as pa
import pytest

from groupsync.errors import SourceError
from groupsync.model.criteria import Everyone
from tests.conditions import AT, bound

MOST_MB = 1_024
MEASURED = """
import resource, sys
from pathlib import Path
from groupsync.errors import SourceError
from groupsync.model.criteria import Everyone
from groupsync.source import Question
from tests.conditions import AT
from tests.plugins.ibis.conftest import Shop

shop = Shop(Path(sys.argv[1]))
try:
    source = shop.source(table=sys.argv[2], id=sys.argv[3])
    source.attributes()
    census = shop.evaluate(source, Question("q", Everyone(AT))).census
    print(f"{census.rows} rows, {census.invalid} invalid")
except SourceError as error:
    print(error.detail)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measured(shop, table, identifier="email"):
    """Read a source in a process of its own; returns what it says, and how many MB it took at most."""
    command = [sys.executable, "-c", MEASURED, str(shop.root), table, identifier]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    *said, most = done.stdout.splitlines()
    return "\n".join(said), int(most)


def write(shop, start, block, times, end=b""):
    """Write a CSV file of one block many times over."""
    with (shop.root / "c.csv").open("wb") as stream:
        stream.write(b"email,x\n" + start)
        for _ in range(times):
            stream.write(block)
        stream.write(end)


def test_a_quote_that_is_never_closed_takes_little_memory(shop):
    """A file of 150 MB in one open quote is refused as what it is."""
    write(shop, b'a@example.com,1\nb@example.com,"', b"c@example.com,2\n" * 62_500, 150)
    said, most = measured(shop, "c.csv")
    assert "a quote that is never closed" in said
    assert most < MOST_MB


def test_a_file_that_is_one_line_takes_little_memory(shop):
    """150 MB without a line break."""
    write(shop, b"a@example.com,", b"x" * 1_000_000, 150)
    said, most = measured(shop, "c.csv")
    assert "line 2: it has more than 2 MB" == said
    assert most < MOST_MB


def test_one_long_text_in_many_rows_takes_little_memory(shop):
    """A Parquet file of some kilobytes has two thousand texts of a megabyte, which are no identifiers."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int8()), pa.array(["y" * 1_000_000]))
    shop.write(pa.table({"email": long, "x": long}))
    assert (shop.root / "customers.parquet").stat().st_size < 1_000_000
    said, most = measured(shop, "customers.parquet")
    assert "2000 rows, 2000 invalid" == said
    assert most < MOST_MB


@pytest.mark.parametrize(
    ("size", "end"), [(3, b""), (3, b"\nc@example.com,2\n"), (33, b""), (33, b"\n"), (33, b"\nc,2\n")]
)
def test_a_row_that_is_too_long_is_told(shop, size, end):
    """DuckDB leaves one of more than 32 MB out without a word where it is the last."""
    write(shop, b"a@example.com,1\nb@example.com,", b"x" * 1_000_000, size, end)
    source = shop.source(table="c.csv")
    with pytest.raises(SourceError, match="can't read `c") as caught:
        shop.members(source, Everyone(AT))
    assert "line 3: it has more than 2 MB" in caught.value.detail


def test_a_long_row_is_read(shop):
    """A text of a megabyte is one, and who has it belongs."""
    write(shop, b"a@example.com,1\nb@example.com,", b"x" * 1_000_000, 1, b"y\n" + b"c@example.com,z\n" * 2)
    assert {"b@example.com"} == shop.members(shop.source(table="c.csv"), bound("x", "ends_with", "xy"))


@pytest.mark.parametrize("blanks", [0, 100])
def test_an_identifier_is_cut_only_where_it_can_be_none(shop, blanks):
    """The longest address is one, with blanks around it; a longer text is none, whatever it starts with."""
    longest = f"{'a' * 64}@{'.'.join(['b' * 57] * 3)}.example.com"
    written = " " * blanks + longest + " " * blanks
    shop.write([(written, {}), (written + "x" * 2_000 + "@example.com", {})])
    assert {longest} == shop.members(shop.source(), Everyone(AT))
