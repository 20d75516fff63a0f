"""Apply a project in children that kill themselves at each write; run as a script by test_journal.

For each step there is a copy of the starting project, a child of its own and a SIGKILL: before the step, and for a
write also in the middle of it. Prints one line a child: its folder, and whether it was killed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from groupsync.cli import run

CUT = ("open", "write", "fsync", "replace", "unlink", "ftruncate", "mkdir", "link", "rename")


def cut_at(step):
    """Let the process die at a step, counted from 1."""
    left = step

    def cutting(name, real):
        def call(*args, **kwargs):
            nonlocal left
            if name == "open" and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "write":
                left -= 1
                if not left:
                    real(args[0], args[1][: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
            # A kill loses nothing that was written, so that waiting for the disk would show nothing.
            return None if name == "fsync" else real(*args, **kwargs)

        return call

    for name in CUT:
        setattr(os, name, cutting(name, getattr(os, name)))
    asked = subprocess.run

    def asking(*args, **kwargs):
        """Die before git is asked, or before its answer is heard."""
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        done = asked(*args, **kwargs)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    subprocess.run = asking


def typed(folder, *arguments):
    """Type a command in a project; return its exit code and what it said."""
    os.chdir(folder)
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = run(arguments)
    return code, said.getvalue()


def run_one(folder, arguments, step):
    """Return whether the child was killed."""
    child = os.fork()
    if not child:
        cut_at(step)
        try:
            code, said = typed(folder, *arguments)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            code, said = 9, repr(error)
        if code:
            os.write(2, f"{folder}: exit {code}: {said}\n".encode())
        os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"step {step}: exit {status}")
    return status != 0


def main(start, every, *arguments):
    trial = Path(f"{start}-trial")
    shutil.copytree(start, trial)
    typed(trial, *arguments)  # whatever is imported late is imported by now, once for all children
    step, killed = 1 - int(every), True
    while killed:
        step += int(every)
        folder = Path(f"{start}-{step}")
        shutil.copytree(start, folder)
        killed = run_one(folder, arguments, step)
        print(json.dumps([str(folder), killed]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
