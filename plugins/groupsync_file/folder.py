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

from groupsync.errors import BackendError
from groupsync.model import NO_MEMBERS, Group, Snapshot, digest_bytes
from groupsync_file import disk
from groupsync_file.convert import NAME, free_id, revision_of, unreadable
from groupsync_file.index import Entry, Record, unlisted
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
        self._leftovers: dict[str, str] = {}
        self._undone: list[Entry] = []
        self._ids: set[str | None] | None = None
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
        wanted = sorted(filter(NAME.fullmatch, listed | self._index.entries.keys() if names is None else listed))
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
            self._commit(Entry(record.name, record))
            return self._group_of(record)
        entry = Entry(record.name, record, is_settled=False, before=before)
        self._commit(entry)
        self._files.write(record.name, text)
        if before and before.name != record.name:
            self._files.remove(before.name)
        self._index.settle(entry)
        return self._group_of(record)

    def remove(self, prior: Group) -> None:
        """Delete a group: its line first, so that a crash before the file is gone is told apart."""
        entry = Entry(prior.name, None, is_settled=False, before=self._record(prior.name))
        self._begin()
        self._commit(entry)
        self._files.remove(prior.name)
        self._index.settle(entry)
        self._ids = None

    def close(self) -> None:
        """After writing, leave the index with one line a group, sorted by name."""
        if not self._has_written:
            return
        self._has_written = False
        # Not being able to tidy up loses nothing: whoever writes next does it.
        with suppress(OSError, BackendError), self.guard(exclusive=True):
            self._begin()
            if not self._index.is_compact:
                entries = self._index.entries.values()
                self._index.rewrite([record for entry in entries if (record := self._kept(entry))])

    # What is there ----------------------------------------------------------------------------------------------------

    def _record(self, name: str) -> Record | None:
        found = self._files.digest(name)
        if isinstance(found, BackendError):
            raise found
        return self._holding(name, found)

    def _holding(self, name: str, found: str | None) -> Record | None:
        entry = self._index.entries.get(name)
        if entry is None:
            return None if found == self._leftovers.get(name) else unlisted(name, found)
        try:
            return entry.holds(found)
        except LookupError as error:
            summary = f"the member file {self._files.shown(name)} is missing"
            hint = "Bring it back from version control; or, to give the group up, delete its line from the index."
            raise BackendError(summary, "the index names it", hint, name=name) from error

    def _group(self, name: str, found: str | BackendError | None) -> Group | None:
        """Return a group for a snapshot. One that can't be read is there all the same, and says so when loaded."""
        try:
            if isinstance(found, BackendError):
                raise found
            record = self._holding(name, found)
        except BackendError as damage:
            entry = self._index.entries.get(name)
            group = entry.record.group if entry and entry.record else Group(name)
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

    def _commit(self, entry: Entry) -> None:
        self._has_written = True
        self._index.append(entry)

    def _free_id(self, name: str) -> str:
        if self._ids is None:
            self._ids = {entry.record.group.id for entry in self._index.entries.values() if entry.record}
        never_made = self._index.entries.get(name)  # of a create that a crash kept from coming about
        if never_made and never_made.record:
            self._ids.discard(never_made.record.group.id)
        found = free_id(name, self._ids.__contains__)
        self._ids.add(found)
        return found

    # What a crash left ------------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """After the index was read, find out which renames came about.

        It is those whose new file is there: it is written before the old one goes.
        """
        self._leftovers, self._undone, self._ids = {}, [], None
        for entry in list(self._index.entries.values()):
            before = entry.before
            if before is None or not entry.renamed_from or before.name in self._index.entries:
                continue
            if self._files.path(entry.name).exists():
                self._leftovers[before.name] = before.digest
            elif self._files.path(before.name).exists():
                self._undone.append(Entry(before.name, before, instead_of=entry.name))
        for entry in self._undone:
            del self._index.entries[entry.instead_of]
            self._index.entries[entry.name] = entry

    def _begin(self) -> None:
        """Before the first write, finish what a crash left of a rename."""
        for name, digest in self._leftovers.items():
            if name not in self._index.entries and self._files.digest(name) == digest:
                self._files.remove(name)
        if self._undone:
            self._index.append(*self._undone)
        self._leftovers, self._undone = {}, []

    def _kept(self, entry: Entry) -> Record | None:
        if entry.is_settled:
            return entry.record
        found = self._files.digest(entry.name)
        if isinstance(found, BackendError):
            raise found
        return entry.kept(found)


def _known(record: Record | None) -> tuple[str, int | None]:
    return (record.digest, record.count) if record else ("", None)
