"""Run the fast tests that ask the clock on other days: `python -m tests.clock [--all] [FILE]`.

FILE is what `pytest --note-asking FILE` wrote. Without it all fast tests run on the first of the days, a leap day, and
are noted there. The days that are left share those that ask by their names, so that each runs on one of them; with
`--all` they run on every day. Ends with 1 where a test failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.clock import at
from tests.clock.dates import dates_from, share

PYTEST = [sys.executable, "-m", "pytest", "-m", "not servers", "--numprocesses=auto", "--dist=loadgroup", "--quiet"]


def run_on_all_days(asking, folder, *, all_days):
    """Run them day by day, and tell what failed on which."""
    began, failed, days = time.monotonic(), [], dates_from(datetime.now(UTC))  # noqa: TID251 -- from the real one
    noting = not asking.exists()
    for number, (instant, reason) in enumerate(days):
        day = f"{instant:%d %B %Y, %H:%M} ({reason})"
        print(f"== {day}", flush=True)
        if noting and not number:
            choice = [f"--note-asking={asking}"]
        else:
            names = asking.read_text("utf-8").splitlines()
            choice = only(names if all_days else share(names, number - noting, len(days) - noting), folder)
        command = [*PYTEST, "--hypothesis-profile=calendar", *choice]
        if subprocess.run(command, env={**os.environ, **at(instant)}, check=False).returncode:
            failed.append(day)
    minutes = (time.monotonic() - began) / 60
    print(f"== {minutes:.1f} minutes;", f"failed on {', '.join(failed)}" if failed else "passed on every day")
    return 1 if failed else 0


def only(names, folder):
    """Return the arguments that let some tests run alone; their files come along, so that no others are read."""
    chosen = folder / "chosen.txt"
    chosen.write_text("\n".join(names), "utf-8")
    return [f"--only-asking={chosen}", *sorted({name.partition("::")[0] for name in names})]


def main():
    """Read the arguments, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.clock")
    parser.add_argument("file", nargs="?", type=Path, help="what `pytest --note-asking=FILE` wrote")
    parser.add_argument("--all", action="store_true", help="run all of them on each day")
    typed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run_on_all_days(typed.file or Path(folder) / "asking.txt", Path(folder), all_days=typed.all)


if __name__ == "__main__":
    sys.exit(main())
