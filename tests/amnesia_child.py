"""Type a command in a process that kills itself at a step of it; run as a script by test_amnesia."""

from __future__ import annotations

import sys

from groupsync.cli import run
from tests.journal_child import cut_at

if __name__ == "__main__":
    cut_at(int(sys.argv[1]))
    sys.exit(run(sys.argv[2:]))
