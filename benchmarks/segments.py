"""Find the members of many segments: against a query by hand for each, against one scan, and with twice the customers.

Each way is a process of its own, so that its memory is its own. The ways take turns, so that what else the machine does
meets all of them.

Usage, for one of them: python -m benchmarks.segments {write,evaluate,unsorted,sorted,scan} FOLDER [CUSTOMERS]
"""

from __future__ import annotations

import filecmp
import shutil
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.customers import columns_used, segments, write_customers, write_segment_project
from benchmarks.measure import Figures, tool, turns

CUSTOMERS = 10_000_000
THREADS = 2
TABLE = "customers.parquet"
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
_ROOT = Path(__file__).parents[1]


def write(folder: Path, customers: int) -> None:
    """Write a project with its customers."""
    folder.mkdir(exist_ok=True)
    write_segment_project(folder)
    # Not in this process: what a process has needed counts for those that it starts as well.
    subprocess.run([*_this("write", folder), str(customers)], cwd=_ROOT, check=True)


def command(way: str, folder: Path) -> list[str]:
    """Return the command of one way over a project."""
    if way == "plan":
        return [tool("groupsync"), "plan", "--config", str(folder / "groupsync.yaml")]
    return _this(way, folder)


def _this(way: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.segments", way, str(folder)]


def take_turns(ways: dict[str, tuple[str, Path]], runs: int = 3) -> dict[str, list[Figures]]:
    """Run the command of each way, with its folder, so many times in turns."""
    commands = {name: command(way, folder) for name, (way, folder) in ways.items()}
    return turns(commands, _ROOT, runs=runs)


def compare(folder: Path) -> None:
    """Hold the lists that `evaluate` left to those that `sorted` left, byte by byte.

    Raises:
        RuntimeError: they differ.
    """
    names = [f"{number}.members" for number in range(len(segments()))]
    _, different, missing = filecmp.cmpfiles(folder / "evaluate", folder / "sorted", names, shallow=False)
    if different or missing:
        message = f"not the lists that queries give: {different + missing}"
        raise RuntimeError(message)


def ratio(found: list[Figures], floor: list[Figures]) -> float:
    """Return the median of the ratios of each turn."""
    return statistics.median(one.seconds / other.seconds for one, other in zip(found, floor, strict=True))


def evaluate(folder: Path, out: Path) -> None:
    """Ask the source of a project about all of its segments."""
    from groupsync.binding import bind
    from groupsync.config import load_config
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.segments import open_sources, segments_of
    from groupsync.source import Question

    project = load_project(load_config(folder / "groupsync.yaml"), AS_OF)
    with open_sources(project.config, Plugins.discover(), AS_OF) as opened:
        source = opened["customers"]
        questions = []
        for definition in segments_of(project):
            assert definition.where is not None
            where, found = bind(definition.where, source.attributes, AS_OF, "customers")
            assert not found, found[0]
            questions.append(Question(definition.name, where))
        source.source.evaluate(questions, {}, out)


def by_hand(folder: Path, out: Path, order: str) -> None:
    """Write the same lists with a query each; `order` is what comes after its condition."""
    import duckdb

    with duckdb.connect(config={"threads": THREADS}) as connection:
        for number, segment in enumerate(segments()):
            query = f"SELECT email FROM '{folder / TABLE}' WHERE {segment.sql}{order}"
            connection.execute(f"COPY ({query}) TO '{out / str(number)}.members' (FORMAT csv, HEADER false)")


def scan(folder: Path) -> None:
    """Read each column that the segments need once."""
    import duckdb

    counts = ", ".join(f"count({column})" for column in columns_used())
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute(f"SELECT {counts} FROM '{folder / TABLE}'").fetchall()


def main() -> None:
    """Go one way, once. The lists stay in a folder that is named after it."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    out = folder / way
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    match way:
        case "evaluate":
            evaluate(folder, out)
        case "unsorted":
            by_hand(folder, out, "")
        case "sorted":
            by_hand(folder, out, " ORDER BY email")
        case "scan":
            scan(folder)
        case "write":
            write_customers(folder / TABLE, int(sys.argv[3]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
