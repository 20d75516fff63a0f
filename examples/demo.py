"""Type the commands of the quickstart one by one and show what each prints. Run by `make demo`.

Usage: demo.py GROUPSYNC PROJECT
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the commands in PROJECT; stop at the first that fails."""
    groupsync, project = Path(sys.argv[1]).absolute(), Path(sys.argv[2])
    for arguments in (["validate"], ["plan"], ["apply", "--yes"], ["show"], ["plan"]):
        print(
            f"\n\033[1m$ groupsync {' '.join(arguments)}\033[0m"
            if sys.stdout.isatty()
            else f"\n$ groupsync {' '.join(arguments)}",
            flush=True,
        )
        code = subprocess.run([str(groupsync), *arguments], cwd=project, check=False).returncode
        if code:
            return code
    print(f"\nThe groups are in {project / 'state'}. Edit {project / 'groups'} and run the commands there again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
