"""The journal in a ref of the project's own repository. An edge: it asks git.

The ref names one commit without parents, whose tree is what the store holds, so that what was taken away is not kept by
history. A push that names the commit it replaces (`--force-with-lease`) is the compare-and-set: a server moves a ref
for one of those who race for it. Objects are fetched and made in the project's own clone, with its credentials; no
branch, no index and no file of the working copy is touched.
"""

from __future__ import annotations

import random
import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from groupsync.git import ask_git
from groupsync.journal_store import Append, Delete, StoreError, StoreMovedError
from groupsync.trace import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from groupsync.journal_store import Edit

_SECONDS: Final = 300
_UNWRITTEN: Final = "The journal's store can't be written"
_ATTEMPTS: Final = 40
"""How often a push is tried that others overtake: each time one of them got through."""
_LONGEST_PAUSE_SECONDS: Final = 2.0
_NOBODY: Final = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "groupsync"), ("EMAIL", "groupsync@localhost"))
}
_FETCHING: Final = (
    "--quiet",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-filter",
    "--refmap=",
)
_PUSHING: Final = (
    "--porcelain",
    "--no-verify",
    "--no-signed",
    "--no-follow-tags",
    "--recurse-submodules=no",
)
_CREDENTIALS: Final = re.compile(r"(?<=://)\S*@|(?<=\?)\S+")
_MOST_ALONE: Final = 8
"""How often a push is tried that fails though nobody moved the ref; locks of a server may be held for a moment."""
_LOST_RACE: Final = re.compile(rb"stale info|cannot lock ref|failed to update ref|reference already exists|fetch first")


class GitStore:
    """A ref on a remote; satisfies `Store`. Versions are the names of git's objects."""

    def __init__(self, root: Path, remote: str, ref: str, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Prepare; asks nobody.

        Args:
            root: a folder of the project's clone.
            remote: its name there, or an address.
            ref: in full, `refs/…`.
            sleep: waits, for seconds.
        """
        self._root = root
        self._remote = remote
        self._ref = ref
        self._sleep = sleep
        self._mutex = threading.RLock()
        self._seen: str | None = None
        self._has_asked = False
        self._failed: subprocess.CompletedProcess[bytes] | None = None

    def place(self) -> str:
        """Tell this store from any other: which ref of which address."""
        done = self._ask("ls-remote", "--get-url", self._remote)
        address = _CREDENTIALS.sub("", done.stdout.decode("utf-8", "replace").strip())
        return f"{self._ref} of {address}"

    def names(self) -> Mapping[str, str]:
        """Ask the remote; see `Store.names`."""
        with self._mutex:
            return self._held(self._asked())

    def read(self, versions: Mapping[str, str]) -> Mapping[str, bytes]:
        """Return what was fetched; see `Store.read`."""
        asked = "".join(f"{version}\n" for version in versions.values())
        data = self._git("cat-file", "--batch", given=asked.encode())
        found: dict[str, bytes] = {}
        for name in versions:
            header, _, data = data.partition(b"\n")
            *_, size = header.split(b" ")
            if not size.isdigit():
                raise StoreError("The journal's store can't be read", f"git: {header.decode('utf-8', 'replace')}")
            found[name], data = data[: int(size)], data[int(size) + 1 :]
        return found

    def write(
        self,
        edits: Sequence[Edit],
        *,
        check: Callable[[Collection[str]], object] | None = None,
        also: Callable[[Mapping[str, str], Mapping[str, str]], Edit] | None = None,
    ) -> Mapping[str, str]:
        """Push, as often as others overtake; see `Store.write`."""
        with self._mutex:
            alone, before = 0, self._seen
            for attempt in range(_ATTEMPTS):
                # What was seen last may be an old tip: then the push fails, and what does not fit is asked again.
                is_seen = self._has_asked and not attempt
                tip = self._seen if is_seen else self._asked()
                alone, before = alone + 1 if attempt and tip == before else 0, tip
                if alone > _MOST_ALONE:
                    raise self._refused(self._failed, _UNWRITTEN)
                held, made = self._held(tip), self._made(edits)
                if all(held.get(name) == version for name, version in made.items()):
                    break
                moved = _moved(edits, held, made)
                if moved and not is_seen:
                    raise moved
                if check:
                    check(held.keys())
                if not moved and self._push(self._commit(held, made | self._more(also, held, made)), tip):
                    break
                self._sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS * min(1, attempt / 10)))  # noqa: S311 -- no secret
            else:
                detail = f"{self._where()}: others were first {_ATTEMPTS} times."
                raise StoreError(_UNWRITTEN, detail, "Run again.")
        return {name: version for name, version in made.items() if version is not None}

    # --- What git is asked --------------------------------------------------------------------------------------------

    def _asked(self) -> str | None:
        """Ask for the tip, and keep it in mind."""
        self._seen, self._has_asked = self._tip(), True
        return self._seen

    def _tip(self) -> str | None:
        """Return the commit that the ref names on the remote, with all its objects here; None where there is no ref."""
        for _ in range(_ATTEMPTS):
            listed = self._git("ls-remote", "--refs", "--", self._remote, self._ref).decode("utf-8", "replace")
            lines = (line.partition("\t") for line in listed.splitlines())
            tip = next((commit for commit, _, ref in lines if ref == self._ref), None)
            if tip is None or self._has(tip):
                return tip
            self._git("fetch", *_FETCHING, "--", self._remote, self._ref)
            if self._has(tip):
                return tip  # otherwise the ref moved between the two
        raise StoreError("The journal's store can't be read", f"{self._where()}: it moves all the time.", "Run again.")

    def _has(self, commit: str) -> bool:
        done = self._ask("rev-list", "--objects", "--quiet", commit, "--")
        return done.returncode == 0

    def _held(self, tip: str | None) -> dict[str, str]:
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", tip).decode("utf-8", "replace") if tip else ""
        entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
        return {name: what.split(" ")[2] for what, _, name in entries}

    def _made(self, edits: Iterable[Edit]) -> dict[str, str | None]:
        """Return by name the versions that the edits lead to; None for what goes. Makes the objects."""
        made: dict[str, str | None] = {}
        for edit in edits:
            if isinstance(edit, Delete):
                made[edit.name] = None
                continue
            before = b""
            if isinstance(edit, Append) and edit.version is not None:
                before = self.read({edit.name: edit.version})[edit.name]
            made[edit.name] = (
                self._git("hash-object", "-w", "--no-filters", "--stdin", given=before + edit.data).decode().strip()
            )
        return made

    def _more(
        self,
        also: Callable[[Mapping[str, str], Mapping[str, str]], Edit] | None,
        held: Mapping[str, str],
        made: Mapping[str, str | None],
    ) -> dict[str, str | None]:
        return self._made([also(held, _after(held, made))]) if also else {}

    def _commit(self, held: Mapping[str, str], made: Mapping[str, str | None]) -> str:
        tree = self._tree(_after(held, made))
        return self._git("commit-tree", "-m", "groupsync journal", tree, extra=_NOBODY).decode().strip()

    def _tree(self, held: Mapping[str, str]) -> str:
        """Make a tree, folder by folder."""
        folders: dict[str, dict[str, str]] = {}
        lines: list[str] = []
        for name, version in held.items():
            folder, slash, rest = name.partition("/")
            if slash:
                folders.setdefault(folder, {})[rest] = version
            else:
                lines.append(f"100644 blob {version}\t{name}")
        lines += [f"040000 tree {self._tree(inner)}\t{folder}" for folder, inner in folders.items()]
        return self._git("mktree", "-z", given="".join(f"{line}\0" for line in lines).encode()).decode().strip()

    def _push(self, commit: str, tip: str | None) -> bool:
        """Move the ref from `tip` to `commit`; return whether that was done."""
        lease = f"--force-with-lease={self._ref}:{tip or ''}"
        done = self._ask("push", *_PUSHING, lease, "--", self._remote, f"{commit}:{self._ref}")
        self._failed = done
        if done.returncode and not _LOST_RACE.search(done.stdout + done.stderr):
            raise self._refused(done, _UNWRITTEN)
        if done.returncode == 0:
            self._seen = commit
        return done.returncode == 0

    def _git(self, *arguments: str, given: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        done = self._ask(*arguments, given=given, extra=extra)
        if done.returncode:
            raise self._refused(done, "The journal's store can't be read")
        return done.stdout

    def _refused(self, done: subprocess.CompletedProcess[bytes] | None, summary: str) -> StoreError:
        remotes = self._ask("remote")
        if remotes.returncode:
            detail = f"{self._root} is in no git repository."
            return StoreError(
                summary, detail, "`journal: {store: git}` is for projects in a clone; `git init` makes one."
            )
        names = remotes.stdout.decode("utf-8", "replace").split()
        if self._remote not in names and "://" not in self._remote:
            has = f"It has {', '.join(names)}." if names else "It has none."
            hint = "Name one as `journal.remote`." if names else f"Add it: `git remote add {self._remote} ADDRESS`."
            return StoreError(f"This clone has no remote `{self._remote}`, where the journal is kept", has, hint)
        said = (done.stderr if done else b"").decode("utf-8", "replace").strip()
        detail = f"{self._where()}: {_CREDENTIALS.sub('', said) or 'git gave no reason'}"
        hint = "See that this clone may fetch and push that ref; docs/journal.md lists the rights it takes."
        return StoreError(summary, detail, hint)

    def _where(self) -> str:
        return f"`{self._ref}` of {_CREDENTIALS.sub('', self._remote)}"

    def _ask(
        self, *arguments: str, given: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            with traced(f"git {arguments[0] if arguments else ''}"):
                return ask_git(self._root, *arguments, timeout_seconds=_SECONDS, given=given, extra=extra)
        except subprocess.TimeoutExpired as error:
            detail = f"{self._where()}: no answer within {_SECONDS} seconds."
            raise StoreError(
                "The journal's store does not answer", detail, "See to the remote, and run again."
            ) from error
        except OSError as error:
            detail = f"{self._where()}: {error}"
            raise StoreError("The journal's store can't be asked", detail, "`journal.store: git` needs git.") from error


def _after(held: Mapping[str, str], made: Mapping[str, str | None]) -> dict[str, str]:
    return {name: version for name, version in {**held, **made}.items() if version is not None}


def _moved(edits: Iterable[Edit], held: Mapping[str, str], made: Mapping[str, str | None]) -> StoreMovedError | None:
    """Return the error that an edit is for another version than the one that is there; None where each fits."""
    for edit in edits:
        if held.get(edit.name) not in {edit.version, made[edit.name]}:
            return StoreMovedError(
                "Somebody else changed the journal's store", f"`{edit.name}` is not as it was read.", "Run again."
            )
    return None
