"""Puts groupsync's clock forward or back by what `GROUPSYNC_TEST_AHEAD_SECONDS` says; it goes on from there.

Tests import it, and Python itself does at its start in each process that has this folder on its PYTHONPATH. Nothing of
it is in what is shipped. The system's own clock stays: times of files, timeouts and waits are the real ones.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

AHEAD = "GROUPSYNC_TEST_AHEAD_SECONDS"
"""Read at each look at the clock, so that a test can set it for itself and its children."""

ASKED = "GROUPSYNC_TEST_ASKED"
"""A file that gets a byte more with each look at the clock."""


class Shifted(datetime):
    """Stands for `datetime` in `groupsync.clock`."""

    @classmethod
    def now(cls, tz=None):
        if ASKED in os.environ:
            with open(os.environ[ASKED], "ab") as file:  # noqa: PTH123 -- pathlib is an import more in each child
                file.write(b".")
        return datetime.now(tz) + timedelta(seconds=float(os.environ.get(AHEAD, "0")))  # noqa: TID251 -- the real one


def set_clock():
    """Let groupsync ask the clock of the tests, where it is installed: servers of other environments do without."""
    try:
        from groupsync import clock
    except ImportError:
        return
    clock.datetime = Shifted


if {AHEAD, ASKED} & os.environ.keys():
    set_clock()
