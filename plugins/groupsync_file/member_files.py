"""The member files of a state folder: hash them, read them when asked, write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync import disk
from groupsync.errors import BackendError, StaleRead
from groupsync.model import Diagnostic, Members, Severity, SourceRange, digest_bytes
from groupsync_file.convert import NAME, parse_members

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from groupsync.backend import BackendContext
    from groupsync_file.index import Record
    from groupsync_file.place import Place

_SUFFIX: Final = ".txt"
_MANY: Final = 16
"""From so many on, files are hashed on two threads: hashing lets go of the interpreter's lock."""


class MemberFiles:
    """The folder `groups/` of a state folder."""

    def __init__(self, place: Place, context: BackendContext) -> None:
        self.folder = place.path / "groups"
        self._place = place
        self._identity = context.identity
        self._canonical = context.canonical

    def names(self) -> tuple[set[str], list[Diagnostic]]:
        """Return the names that have a file, and a warning for each file whose name no group can have."""
        found: set[str] = set()
        odd: list[Diagnostic] = []
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            name = path.name.removesuffix(_SUFFIX)
            if name == path.name or name.startswith("."):
                continue
            if NAME.fullmatch(name):
                found.add(name)
            else:
                odd.append(_odd_name(self._place.shown(path)))
        return found, odd

    def path(self, name: str) -> Path:
        """Return where a group's member file is."""
        return self.folder / f"{name}{_SUFFIX}"

    def shown(self, name: str) -> str:
        """Return the same for people."""
        return self._place.shown(self.path(name))

    def digest(self, name: str) -> str | BackendError | None:
        """Return the SHA-256 of a file's bytes, None where it is missing, or why it can't be read."""
        try:
            return disk.digest_file(self.path(name))
        except OSError as error:
            return self._unreadable(name, error)

    def digests(self, names: list[str]) -> Iterable[str | BackendError | None]:
        """Return the same for many, in their order."""
        if len(names) < _MANY:
            return map(self.digest, names)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self.digest, names))

    def members_of(self, record: Record) -> Members:
        """Return the members of a file that had this digest a moment ago; they are read when asked for.

        Count and digest are known where the file is text that groupsync wrote, under the rule in force.
        """
        if record.count is None or record.identity != self._identity:
            return Members(lambda: parse_members(self._same(record), self.shown(record.name), self._canonical))
        return Members(
            lambda: _split(self._same(record)),
            count=record.count,
            digest=record.digest,
            raw=lambda: self._read(record.name),
        )

    def write(self, name: str, text: bytes) -> None:
        """Write a member file, whole or not at all."""
        disk.make_folder(self.folder)
        disk.write_atomically(self.path(name), text)

    def remove(self, name: str) -> None:
        """Delete a member file; nothing happens if it isn't there."""
        disk.remove(self.path(name))

    def _same(self, record: Record) -> bytes:
        data = self._read(record.name)
        if digest_bytes(data) != record.digest:
            summary = f"`{record.name}` changed since it was read"
            raise StaleRead(summary, f"in {self.shown(record.name)}", "Plan again.", name=record.name)
        return data

    def _read(self, name: str) -> bytes:
        try:
            return disk.read_file(self.path(name))
        except OSError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: OSError) -> BackendError:
        summary = f"the member file {self.shown(name)} can't be read"
        hint = "Put it right, or bring it back from version control."
        return BackendError(summary, error.strerror or str(error), hint, name=name)


def _split(text: bytes) -> frozenset[str]:
    return frozenset(text[:-1].decode().split("\n")) if text else frozenset()


def _odd_name(shown: str) -> Diagnostic:
    return Diagnostic(
        "GS702",
        Severity.WARNING,
        "a file that no group can be named after is ignored",
        "A name has lower-case letters, digits and `._-`, starts with a letter or digit, up to 128 characters.",
        "Rename it, or move it out of the folder.",
        SourceRange(shown),
    )
