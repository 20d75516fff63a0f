"""A project in a bare repository, and fresh clones of it: runners that remember nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from groupsync.journal_manifest import MANIFEST, mirrored
from groupsync.journal_sealing import Sealer
from tests import clock as clocks

KEY = "a key that is long enough for a journal"
CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets:
  local: {plugin: file, path: state/}
journal: {store: git, key: "${env:JOURNAL_KEY}"}
"""
ENVIRONMENT = {
    "JOURNAL_KEY": KEY,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Growth",
    "GIT_AUTHOR_EMAIL": "growth@contoso.com",
    "GIT_COMMITTER_NAME": "Growth",
    "GIT_COMMITTER_EMAIL": "growth@contoso.com",
}


def git(folder, *arguments, text=True):
    """Ask git, without anybody's own settings."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment(), capture_output=True, text=text, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def environment(**more):
    """Return the environment of a runner."""
    return {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **ENVIRONMENT, **clocks.inherited(), **more}


class Repository:
    """A bare repository with a project on `main`, and what its targets hold, which no clone keeps."""

    def __init__(self, folder, files):
        self.folder = folder
        self.remote = folder / "remote.git"
        self.count = 0
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", self.remote)
        self.work = folder / "work"
        git(folder, "init", "--quiet", "--initial-branch=main", self.work)
        git(self.work, "remote", "add", "origin", str(self.remote))
        self.merge(files)

    def merge(self, files):
        """Bring files to `main`; None takes one away."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text)
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--allow-empty", "--message", "edit")
        git(self.work, "push", "--quiet", "origin", "HEAD:main")

    def clone(self):
        """Return a fresh clone, as a runner has it."""
        self.count += 1
        folder = self.folder / f"runner-{self.count}"
        git(self.folder, "clone", "--quiet", "--depth=1", f"file://{self.remote}", str(folder))
        return folder

    def run(self, *arguments, code=0, clone=None, **more):
        """Type a command in a fresh clone, or a given one, beside the one and only state; return what it said."""
        folder = clone or self.clone()
        with self.state_in(folder):
            done = subprocess.run(
                [sys.executable, "-m", "groupsync", *arguments],
                cwd=folder,
                env=environment(**more),
                capture_output=True,
                text=True,
                check=False,
            )
        assert code == done.returncode, (done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def state_in(self, folder):
        """Put what the target holds in a clone for as long as it is used there."""
        return _Moved(self.folder / "state", folder / "state")

    def ref(self, name="refs/groupsync/journal"):
        """Return the commit that the ref names; empty where there is none."""
        return git(self.folder, "ls-remote", str(self.remote), name).partition("\t")[0]

    def held(self, name="refs/groupsync/journal"):
        """Return what the ref holds, by name."""
        if not self.ref(name):
            return {}
        names = git(self.remote, "ls-tree", "-r", "--name-only", name).splitlines()
        return {each: git(self.remote, "cat-file", "blob", f"{name}:{each}", text=False) for each in names}

    def put(self, files, name="refs/groupsync/journal"):
        """Put files into the ref by hand; None takes one away."""
        held = {path: data for path, data in ({**self.held(name), **files}).items() if data is not None}
        made = self.folder / "by-hand"
        shutil.rmtree(made, ignore_errors=True)
        git(self.folder, "init", "--quiet", made)
        for path, data in held.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(data)
        git(made, "add", "--all", "--force")
        git(made, "commit", "--quiet", "--allow-empty", "--message", "by hand")
        git(made, "push", "--quiet", "--force", str(self.remote), f"HEAD:{name}")

    def put_with_the_key(self, files, name="refs/groupsync/journal"):
        """Put files into the ref as somebody who has the key can: the manifest names them."""
        self.put(files, name)
        listed = git(self.remote, "ls-tree", "-r", "--format=%(path) %(objectname)", name).splitlines()
        named = json.dumps(mirrored(dict(each.split(" ") for each in listed)))
        self.put({MANIFEST: Sealer((KEY,)).seal_all(MANIFEST, named.encode())}, name)


class _Moved:
    def __init__(self, kept, used):
        self._kept, self._used = kept, used

    def __enter__(self):
        if self._kept.exists():
            self._kept.rename(self._used)

    def __exit__(self, *_):
        if self._used.exists():
            self._used.rename(self._kept)


def listed(**groups):
    """Return definitions of lists, a file each: their members by name."""
    return {
        f"groups/{name.replace('_', '-')}.yaml": _definition(name.replace("_", "-"), members)
        for name, members in groups.items()
    }


def _definition(name, members):
    lines = "".join(f"\n  - {each}" for each in members) or " []"
    return f"kind: known-user-group\nname: {name}\nowners: [growth@contoso.com]\nmembers:{lines}\n"


def people(first, last):
    """Return addresses by number."""
    return [f"p{number:05}@example.com" for number in range(first, last)]
