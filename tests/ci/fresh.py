"""Runners that remember nothing: a fresh clone for each job, of a bare repository that keeps the journal."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.clones import KEY, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ci.conftest import Repository

REF = "refs/groupsync/journal"
CONFIG = 'journal: {store: git, key: "${env:GROUPSYNC_JOURNAL_KEY}"}\n'
KILLED = """\
#!{python}
import os, signal, sys
from groupsync.cli import main
replace = os.replace
def replaced(source, target, **how):
    replace(source, target, **how)
    if os.fspath(target).endswith("{name}"):
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = replaced
sys.exit(main())
"""

__all__ = ["CONFIG", "KEY", "REF", "Origin", "killed_at"]


class Origin:
    """The remote of a repository; what its target holds is in none of the clones."""

    def __init__(self, repository: Repository, remote: Path) -> None:
        self.repository = repository
        self.remote = remote
        self.count = 0
        git(remote.parent, "init", "--quiet", "--bare", "--initial-branch=main", remote)
        repository.git("remote", "add", "origin", f"file://{remote}")

    @contextmanager
    def runner(self, *, may_push: bool = True) -> Iterator[Path]:
        """Let jobs run in a fresh clone of what is committed."""
        work, self.count = self.repository.folder, self.count + 1
        self.repository.git("push", "--quiet", "origin", "HEAD:main")
        clone = work.with_name(f"runner {self.count}")
        git(work.parent, "clone", "--quiet", "--depth=2", f"file://{self.remote}", clone)
        _move(work / "state", clone / "state")
        self._let_push(may_push=may_push)
        self.repository.runner.workspace = clone
        try:
            yield clone
        finally:
            self.repository.runner.workspace = work
            self._let_push(may_push=True)
            _move(clone / "state", work / "state")

    def held(self) -> dict[str, bytes]:
        """Return what the journal's ref holds, by name."""
        names = git(self.remote, "ls-tree", "-r", "--name-only", REF).splitlines()
        return {name: git(self.remote, "cat-file", "blob", f"{REF}:{name}", text=False) for name in names}

    def _let_push(self, *, may_push: bool) -> None:
        hook = self.remote / "hooks/pre-receive"
        hook.write_text(f"#!/bin/sh\nexit {0 if may_push else 1}\n")
        hook.chmod(0o755)


def _move(here: Path, there: Path) -> None:
    if here.exists():
        here.rename(there)


@contextmanager
def killed_at(command: Path, name: str) -> Iterator[None]:
    """Put in the place of a command one that is killed as soon as it has written a file of that name."""
    kept = command.with_name("kept")
    command.rename(kept)
    command.write_text(KILLED.format(python=sys.executable, name=name), "utf-8")
    command.chmod(0o755)
    try:
        yield
    finally:
        kept.replace(command)


def password_of(clone: Path, address: str, **environment: str) -> str:
    """Return with which password git would go to an address from a clone."""
    done = subprocess.run(
        ["git", "credential", "fill"],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_SYSTEM": "/dev/null", **environment},
        input=f"url={address}\n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())["password"]
