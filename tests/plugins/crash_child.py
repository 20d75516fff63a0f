"""Apply changes to a file target in children that kill themselves at each write; run as a script by test_file_crash.

For each step there is a copy of the starting folder, a child of its own and a SIGKILL: before the step, and for a write
also in the middle of it. Prints one line a child: its folder, how many changes were over, and whether it was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from groupsync.backend import BackendContext
from groupsync.identity import Identity
from groupsync.model import Action, Scope
from groupsync.testing.target import IDENTITY, PROJECT, change_of, creation
from groupsync_file.backend import FileBackend

ADA, BOB, CY, DI = (f"{name}@example.com" for name in ("ada", "bob", "cy", "di"))


def update_members_and_text(read):
    return change_of(read("a"), add=[DI], remove=[ADA], display_name="After")


def update_text(read):
    return change_of(read("b"), description="After")


def create(read):
    return creation("d", [ADA, DI], owners=("o@example.com",))


def rename_and_change(read):
    return change_of(read("c"), Action.RENAME, name="e", add=[DI], labels=(("x", "1"),))


def rename_alone(read):
    return change_of(read("e"), Action.RENAME, name="f")


def take_freed_name(read):
    return creation("c", [CY])


def delete(read):
    return change_of(read("b"), Action.DELETE)


def forget(read):
    return change_of(read("d"), Action.FORGET)


def adopt_by_hand_made(read):
    return change_of(read("u"), Action.ADOPT, add=[DI])


def empty(read):
    return change_of(read("a"), remove=[BOB, CY, DI])


def create_again(read):
    return creation("b", [BOB])


def create_under_the_name_wanted(read):
    return creation("e", [BOB])


SCENARIOS = {
    "line": [
        update_members_and_text, update_text, create, rename_and_change, rename_alone, take_freed_name, delete, forget,
        adopt_by_hand_made, empty, create_again,
    ],
    "rename": [rename_and_change],
    "delete": [delete],
    "create": [create],
    "update": [update_members_and_text],
    "take": [create_under_the_name_wanted],
}  # fmt: skip
CUT = {"open", "write", "fsync", "replace", "unlink", "ftruncate", "fchmod", "mkdir"}


def connect(root, path):
    return FileBackend.from_options({"path": path}, BackendContext(root, PROJECT, "t", Identity().canonical, IDENTITY))


def change_something_else(root, path, *, action):
    """Create or delete a group that no scenario knows."""
    apply_all(root, path, [lambda read: creation("z", [ADA]) if action == "create" else change_of(read("z"), action)])


def apply_all(root, path, changes, note=lambda: None):
    backend = connect(root, path)

    def read(name):
        return next(group for group in backend.read(Scope()).groups if group.name == name)

    for change in changes:
        backend.apply(change(read))
        note()
    backend.close()


def cut_at(step, keep):
    """Let the process die at a step, counted from 1; `keep` is the descriptor whose writes don't count."""
    left = step

    def cutting(name, real):
        def call(*args, **kwargs):
            nonlocal left
            if (name == "open" and not args[1] & os.O_CREAT) or (name == "write" and args[0] == keep):
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

    def refuse(*args, **kwargs):
        raise AssertionError(f"written without a call of os: {args}")

    Path.open = Path.write_bytes = Path.write_text = Path.touch = Path.unlink = Path.replace = Path.rename = refuse
    for name in CUT:
        setattr(os, name, cutting(name, getattr(os, name)))


def run_one(root, path, changes, step):
    """Return how many changes were over, and whether the child was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        cut_at(step, writing)
        try:
            apply_all(root, path, changes, lambda: os.write(writing, b"."))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            print(repr(error), file=sys.stderr)
            os._exit(9)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        done = len(pipe.read())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"step {step}: exit {status}")
    return done, status != 0


def main(path, scenario, starts):
    """Go through the steps from each start: a folder, and which change of the scenario to begin with."""
    for start, first in json.loads(starts):
        step, killed = 0, True
        while killed:
            step += 1
            root = Path(f"{start}-{scenario}-{step}")
            shutil.copytree(start, root)
            done, killed = run_one(root, path, SCENARIOS[scenario][first:], step)
            print(json.dumps([str(root), first + done, killed]))


if __name__ == "__main__":
    main(*sys.argv[1:])
