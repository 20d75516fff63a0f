"""`make bench`: the figures of the design, each as a ratio to its floor in the same run.

Usage: python -m benchmarks [--quick] [--peer] [ROW …]
    --quick  a tenth of the size
    --peer   also install octoDNS into an environment of its own and run it (a minute more)
    ROW      start, validate, noop, churn, segments, growth, reports, peer
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import reports, segments
from benchmarks.measure import Figures, median, run, tool
from benchmarks.worlds import churn, into_tables, write_inline_project, write_member_project, write_octodns_zone

GROUPSYNC = tool("groupsync")
QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, against what, and whether the bound holds."""

    work: str
    found: str
    floor: str
    ratio: str
    bound: str
    holds: bool


def start(_folder: Path, _scale: float) -> list[Row]:
    """Start-up, over a bare interpreter."""
    bare = run([sys.executable, "-c", "pass"], QUICKSTART, runs=11).seconds
    rows = []
    for arguments, bound in ((["--version"], 0.1), (["validate"], 0.25)):
        over = run([GROUPSYNC, *arguments], QUICKSTART, runs=11).seconds - bare
        shown = f"{over * 1000:.0f} ms over"
        rows.append(
            Row(
                f"groupsync {arguments[0]}",
                shown,
                f"{bare * 1000:.0f} ms",
                "",
                f"≤ {bound * 1000:.0f} ms",
                over <= bound,
            )
        )
    return rows


def validate(folder: Path, scale: float) -> list[Row]:
    """Many definition files with inline members, against reading and splitting their lines."""
    files = int(10_000 * scale)
    write_inline_project(folder, files, 100)
    floor = _read_and_split(folder)
    return [_row(f"validate {files:,} files × 100 members", run([GROUPSYNC, "validate"], folder), floor, 10.0)]


def _read_and_split(folder: Path, inside: str = "groups") -> Figures:
    def once() -> float:
        started = time.perf_counter()
        for path in sorted((folder / inside).iterdir()):
            path.read_text().split("\n")
        return time.perf_counter() - started

    return Figures(sorted(once() for _ in range(4))[1], 0.0)


def member_files(folder: Path, scale: float) -> list[Row]:
    """Lists and tables of members, against reading and splitting their lines."""
    files = int(1_000 * scale)
    write_member_project(folder, files, 1_000)
    floor = _read_and_split(folder, "groups/members")
    found = [_row(f"validate {files:,} lists × 1,000 members", run([GROUPSYNC, "validate"], folder), floor, 25.0)]
    into_tables(folder)
    floor = _read_and_split(folder, "groups/members")
    return [
        *found,
        _row(f"validate {files:,} tables × 1,000 members", run([GROUPSYNC, "validate"], folder), floor, 60.0),
    ]


def noop(folder: Path, scale: float) -> list[Row]:
    """Nothing to change, against hashing the member files."""
    groups = int(1_000 * scale)
    _applied(folder, groups)
    floor = run("cat groups/members/*.txt | sha256sum", folder)
    found = run([GROUPSYNC, "plan"], folder)
    return [_row(f"no-op plan, {groups:,} files × 10,000 members", found, floor, 3.0, megabytes=100)]


def churned(folder: Path, scale: float) -> list[Row]:
    """A thousandth of each group changed, against sort and comm on both cores."""
    groups = int(1_000 * scale)
    _applied(folder, groups)
    churn(folder, 0.001)
    floor = run(
        "export LC_ALL=C; ls groups/members | xargs -P 2 -n 50 sh -c "
        "'for f; do sort groups/members/$f >/tmp/bench.$$.a; sort state/groups/$f | comm -3 /tmp/bench.$$.a - ; done; "
        "rm -f /tmp/bench.$$.a' sh",
        folder,
    )
    # 5,000 people are in one group each and lose it, which the guard on lost_every_group rightly refuses.
    found = run([GROUPSYNC, "plan"], folder, expect=3)
    return [_row(f"plan, 0.1 % changed in each of {groups:,} × 10,000", found, floor, 0.7, megabytes=150)]


def peer(folder: Path, scale: float) -> list[Row]:
    """100,000 memberships with nothing to change, against octoDNS with as many records."""
    size = int(100_000 * scale)
    ours, theirs = folder / "ours", folder / "theirs"
    _applied(ours, max(1, size // 1_000), 1_000)
    write_octodns_zone(theirs, size)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "octodns==1.22.0"], check=True)
    floor = run([str(python.with_name("octodns-sync")), "--config-file", "octodns.yaml"], theirs, runs=1)
    found = run([GROUPSYNC, "plan"], ours)
    times = floor.seconds / found.seconds
    shown = f"{found.seconds:.2f} s, {found.megabytes:.0f} MB"
    other = f"{floor.seconds:.1f} s, {floor.megabytes:.0f} MB"
    return [
        Row(
            f"no-op plan, {size:,} memberships (octoDNS: records)",
            shown,
            other,
            f"{times:.0f} × faster",
            "≥ 50 ×",
            times >= 50,
        )
    ]


def many_segments(folder: Path, scale: float) -> list[Row]:
    """The members of 100 segments of a large table, against queries by hand and against reading it."""
    customers = int(segments.CUSTOMERS * scale)
    segments.write(folder, customers)
    ways = ("scan", "evaluate", "plan", "unsorted")
    found = segments.take_turns({way: (way, folder) for way in ways})
    found |= segments.take_turns({"sorted": ("sorted", folder)}, runs=1)
    segments.compare(folder)
    work = f"100 segments of {customers:,} customers"
    return [
        _turn_row(f"{work}, queries by hand not sorted", found["evaluate"], found["unsorted"], 0.6, megabytes=1_000),
        _turn_row(
            f"{work}, queries by hand sorted as well", found["evaluate"], found["sorted"] * len(found["evaluate"]), 0.6
        ),
        _turn_row(f"{work}, one scan of the columns", found["evaluate"], found["scan"]),
        _turn_row("groupsync plan of them, queries by hand not sorted", found["plan"], found["unsorted"]),
    ]


def growth(folder: Path, scale: float) -> list[Row]:
    """The same of twice the customers, in time and in memory."""
    customers = int(segments.CUSTOMERS * scale)
    segments.write(folder / "once", customers)
    segments.write(folder / "twice", customers * 2)
    found = segments.take_turns({size: ("evaluate", folder / size) for size in ("once", "twice")})
    once, twice = median(found["once"]), median(found["twice"])
    more = twice.megabytes / once.megabytes
    row = _turn_row(f"100 segments of {customers * 2:,} customers, of half of them", found["twice"], found["once"], 2.2)
    memory = Row(
        "the same in memory",
        f"{twice.megabytes:.0f} MB",
        f"{once.megabytes:.0f} MB",
        f"{more:.2f} ×",
        "≤ 1.2 ×",
        more <= 1.2,
    )
    return [row, memory]


def large_reports(folder: Path, scale: float) -> list[Row]:
    """A saved plan with ten changes in each of many groups, as a comment and as a page, beside showing it as text."""
    groups = int(reports.GROUPS * scale)
    reports.write(folder / "a.plan", groups)
    floor = _report(folder, "text")
    work = f"report of {groups:,} groups, {groups * reports.CHANGES:,} changes"
    return [
        _report_row(f"{work} as Markdown", _report(folder, "markdown"), floor, 2.0, folder / "markdown", 0.07),
        _report_row(f"{work} as a page", _report(folder, "html"), floor, 5.0, folder / "html", 20.0),
    ]


def _report(folder: Path, format_: str) -> Figures:
    return run([GROUPSYNC, "report", "a.plan", "--format", format_, "-o", format_], folder)


def _report_row(work: str, found: Figures, floor: Figures, seconds: float, written: Path, megabytes: float) -> Row:
    size = written.stat().st_size / 1e6
    return Row(
        work,
        f"{found.seconds:.2f} s, file of {size:.2f} MB",
        f"{floor.seconds:.2f} s",
        f"{found.seconds / floor.seconds:.2f} ×",
        f"≤ {seconds:g} s, ≤ {megabytes:g} MB",
        found.seconds <= seconds and size <= megabytes,
    )


def _turn_row(
    work: str, found: list[Figures], floor: list[Figures], bound: float | None = None, megabytes: float | None = None
) -> Row:
    """Return a line for commands that took turns; without a bound it is for information."""
    taken, other, ratio = median(found), median(floor), segments.ratio(found, floor)
    holds = (bound is None or ratio <= bound) and (megabytes is None or taken.megabytes <= megabytes)
    limit = (f"≤ {bound:g} ×" if bound else "") + (f", ≤ {megabytes:g} MB" if megabytes else "")
    shown = f"{taken.seconds:.2f} s, {taken.megabytes:.0f} MB"
    return Row(work, shown, f"{other.seconds:.2f} s, {other.megabytes:.0f} MB", f"{ratio:.2f} ×", limit, holds)


def _applied(folder: Path, groups: int, members: int = 10_000) -> None:
    write_member_project(folder, groups, members)
    subprocess.run(
        [GROUPSYNC, "apply", "--yes"], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _row(work: str, found: Figures, floor: Figures, bound: float, megabytes: float | None = None) -> Row:
    ratio = found.seconds / floor.seconds
    holds = ratio <= bound and (megabytes is None or found.megabytes <= megabytes)
    limit = f"≤ {bound:g} ×" + (f", ≤ {megabytes:g} MB" if megabytes else "")
    shown = f"{found.seconds:.2f} s, {found.megabytes:.0f} MB"
    return Row(work, shown, f"{floor.seconds:.2f} s", f"{ratio:.2f} ×", limit, holds)


ROWS = {
    "start": start,
    "validate": validate,
    "members": member_files,
    "noop": noop,
    "churn": churned,
    "segments": many_segments,
    "growth": growth,
    "reports": large_reports,
    "peer": peer,
}


def main() -> None:
    """Measure the rows asked for and print the table; exit 1 where a bound doesn't hold."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    names = options.rows or [name for name in ROWS if name != "peer" or options.peer]
    rows: list[Row] = []
    for name in names:
        folder = Path(tempfile.mkdtemp(prefix="groupsync-bench-"))
        try:
            rows += ROWS[name](folder, 0.1 if options.quick else 1.0)
        finally:
            shutil.rmtree(folder)
    table = [
        ("work", "found", "floor", "ratio", "bound", ""),
        *(
            (r.work, r.found, r.floor, r.ratio, r.bound, ("holds" if r.holds else "MISSED") if r.bound else "")
            for r in rows
        ),
    ]
    widths = [max(len(line[column]) for line in table) for column in range(6)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    sys.exit(0 if all(row.holds for row in rows) else 1)


if __name__ == "__main__":
    main()
