"""Load definitions: 10,000 files of 100 inline members against reading the same files and splitting their lines."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from groupsync.identity import Identity
from groupsync.load import load_definitions, parser_name

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDERS = 100


def write_inline_project(folder: Path, files: int, members: int) -> None:
    """Write `files` definitions of `members` inline members each to `folder`/groups, a hundred folders of them."""
    for number in range(FOLDERS):
        (folder / "groups" / f"{number:02}").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        lines = "".join(f"  - user{number * members + member:08}@example.com\n" for member in range(members))
        head = f"kind: known-user-group\nname: group-{number:05}\ndisplay_name: Group {number}\nmembers:\n"
        (folder / "groups" / f"{number % FOLDERS:02}" / f"group-{number:05}.yaml").write_text(head + lines, "utf-8")


def floor(folder: Path) -> int:
    """Read every file and split its lines, in one process."""
    return sum(len(path.read_text("utf-8").splitlines()) for path in (folder / "groups").rglob("*.yaml"))


def load(folder: Path) -> int:
    """Load all definitions, checked; return how many members they have."""
    loaded = load_definitions(folder, ["groups/**/*.yaml"], Identity())
    assert not loaded.diagnostics, loaded.diagnostics[0]
    return sum(len(one.members.plain_members()) for one in loaded.definitions if one.members)


def seconds(work: Callable[[Path], int], folder: Path, times: int) -> float:
    """Return the best time of `work`, which what else runs on the machine disturbs least."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work(folder)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Measure, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inline_project(folder, options.files, options.members)
        floor(folder)
        base = seconds(floor, folder, options.times)
        taken = seconds(load, folder, options.times)
    print(f"{parser_name()}: floor {base:.2f} s, load {taken:.2f} s, ratio {taken / base:.1f} (hold: 10)")


if __name__ == "__main__":
    main()
