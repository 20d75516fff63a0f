"""The layout `path: state/`: one canonical text file of members a group, and an index with everything else.

    state/index.jsonl          attributes, ids, digests and ownership marks, one line a group
    state/groups/NAME.txt      the members, sorted, one a line

Committing one group costs one line, one file and their syncs, however many groups there are. Reading costs one hash of
each member file; names are parsed only when asked for.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync import disk
from groupsync.errors import BackendError
from groupsync.model import NO_MEMBERS, Group, Snapshot, digest_bytes
from groupsync_file.convert import NAME, free_id, revision_of, unreadable
from groupsync_file.index import Entry, Record
from groupsync_file.index_file import IndexFile
from groupsync_file.member_files import MemberFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.backend import BackendContext
    from groupsync_file.place import Place


class FolderStore:
    """A state folder. Every call but `guard` and `close` is made while `guard` is held."""

    def __init__(self, place: Place, context: BackendContext) -> None:
        self._place = place
        self._identity = context.identity
        self._files = MemberFiles(place, context)
        index_path = place.path / "index.jsonl"
        self._index = IndexFile(index_path, place.shown(index_path))
        self._undone: Entry | None = None
        self._leftover: Record | None = None
        self._ids: set[str | None] = set()
        self._has_written = False

    @contextmanager
    def guard(self, *, exclusive: bool) -> Iterator[None]:
        """Keep other processes out (a writer) or keep writers out (a reader), and see what they did meanwhile."""
        folder = self._place.path
        self._place.check(self._files.folder)
        if exclusive:
            disk.make_folder(folder)
        with disk.guard(folder, exclusive=exclusive) if folder.exists() else nullcontext():
            try:
                if self._index.refresh():
                    self._look_again()
                yield
            except BaseException:
                self._index.forget()
                raise

    def read(self, names: frozenset[str] | None) -> Snapshot:
        """Return the groups of these names, or all, with digests of the files as they are now."""
        listed, odd = self._files.names() if names is None else (names, [])
        wanted = sorted(filter(NAME.fullmatch, listed | self._index.records.keys() if names is None else listed))
        found = zip(wanted, self._files.digests(wanted), strict=True)
        groups = tuple(group for name, digest in found if (group := self._group(name, digest)))
        return Snapshot(groups, diagnostics=tuple(odd))

    def find(self, name: str) -> Group | None:
        """Return one group as it is now, None if there is none.

        Raises:
            BackendError: its member file can't be read.
        """
        record = self._record(name)
        return self._group_of(record) if record else None

    def write(self, prior: Group | None, after: Group) -> Group:
        """Make `prior` (None: nothing) into `after`, and return that with its revision."""
        before = self._record(prior.name) if prior else None
        text = self._changed_text(before, after)
        digest, count = (digest_bytes(text), text.count(b"\n")) if text is not None else _known(before)
        named = replace(after, id=after.id or self._free_id(after.name), members=None, revision=None)
        record = Record(named, digest, count, self._identity)
        self._begin()
        if text is None or (before and (before.name, before.digest) == (after.name, digest)):
            self._index.append(Entry(record.name, record))
            return self._group_of(record)
        self._index.append(Entry(record.name, record, is_settled=False, before=before))
        self._files.write(record.name, text)
        if before and before.name != record.name:
            self._files.remove(before.name)
        self._index.note_done()
        return self._group_of(record)

    def remove(self, prior: Group) -> None:
        """Delete a group: its line first, so that a crash before the file is gone is told apart."""
        before = self._record(prior.name)
        self._begin()
        self._index.append(Entry(prior.name, None, is_settled=False, before=before))
        self._files.remove(prior.name)
        self._index.note_done()
        self._ids.discard(prior.id)

    def close(self) -> None:
        """After writing, leave the index with one line a group, sorted by name."""
        if not self._has_written:
            return
        self._has_written = False
        # Not being able to tidy up loses nothing: whoever writes next does it.
        with suppress(OSError, BackendError), self.guard(exclusive=True):
            self._begin()
            self._index.rewrite()

    # What is there ----------------------------------------------------------------------------------------------------

    def _record(self, name: str) -> Record | None:
        return self._holding(name, self._digest(name))

    def _holding(self, name: str, found: str | None) -> Record | None:
        record = self._index.records.get(name)
        if record is None:
            is_leftover = self._leftover is not None and (name, found) == (self._leftover.name, self._leftover.digest)
            return None if found is None or is_leftover else Record(Group(name, members=None), found)
        if found is None:
            summary = f"the member file {self._files.shown(name)} is missing"
            hint = "Bring it back from version control; or, to give the group up, delete its line from the index."
            raise BackendError(summary, "the index names it", hint, name=name)
        return record if found == record.digest else Record(record.group, found)

    def _group(self, name: str, found: str | BackendError | None) -> Group | None:
        """Return a group for a snapshot. One that can't be read is there all the same, and says so when loaded."""
        try:
            if isinstance(found, BackendError):
                raise found
            record = self._holding(name, found)
        except BackendError as damage:
            record = self._index.records.get(name)
            group = record.group if record else Group(name)
            return replace(group, members=unreadable(damage), revision=revision_of(group, "damaged"))
        return self._group_of(record) if record else None

    def _group_of(self, record: Record) -> Group:
        revision = revision_of(record.group, record.digest)
        return replace(record.group, members=self._files.members_of(record), revision=revision)

    # What becomes of it -----------------------------------------------------------------------------------------------

    def _changed_text(self, before: Record | None, after: Group) -> bytes | None:
        """Return the member file that `after` needs; None where the one that is there will do."""
        members = after.members or NO_MEMBERS
        if before and before.name == after.name and members.known_digest == before.digest:
            return None
        return members.text()

    def _free_id(self, name: str) -> str:
        found = free_id(name, self._ids.__contains__)
        self._ids.add(found)
        return found

    # What a crash left ------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """After the index was read, find out whether its last line came about; in memory only, for readers too."""
        self._undone = self._leftover = None
        last, records = self._index.last, self._index.records
        if last is not None:
            if not last.came_about(self._trace(last.name)):
                self._undone = last.taken_back()
                records.pop(last.name, None)
                if last.before is not None:
                    records[last.before.name] = last.before
            elif last.renamed_from and last.before:
                self._leftover = last.before
        self._ids = {record.group.id for record in records.values()}

    def _trace(self, name: str) -> str | None:
        """Return a file's digest; of one that can't be read, a text that is none: it is not what it was."""
        found = self._files.digest(name)
        return str(found) if isinstance(found, BackendError) else found

    def _begin(self) -> None:
        """Before a write, see that the last line of the index is carried out or taken back."""
        self._has_written = True
        if self._undone is not None:
            self._index.append(self._undone)
        elif self._leftover is not None and self._trace(self._leftover.name) == self._leftover.digest:
            self._files.remove(self._leftover.name)
        self._undone = self._leftover = None
        self._index.note_done()

    def _digest(self, name: str) -> str | None:
        found = self._files.digest(name)
        if isinstance(found, BackendError):
            raise found
        return found


def _known(record: Record | None) -> tuple[str, int | None]:
    return (record.digest, record.count) if record else ("", None)
