"""Run a command as long as standard input is open: `python keep.py COMMAND…`.

What it starts ends with whoever started this, even where that one is killed and has no time to tidy up: the pipe is
closed then. Alone, since it runs under any Python.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE_SECONDS = 15


def end(child: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and then end all that is left of its session."""
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(PATIENCE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def main() -> int:
    """Start the command, wait for its end or that of standard input, and return its exit code."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def watch() -> None:
        os.read(0, 1)  # not by way of `sys.stdin`, whose lock would be taken at the end
        end(child)

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return code


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C is for the tests, which close the pipe then. Not SIG_IGN: the command would inherit that.
        signal.signal(each, lambda *_: None)
    sys.exit(main())
