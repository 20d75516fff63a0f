"""The index of a state folder on the disk: appended to a line at a time, made tidy when the run is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync import disk
from groupsync.errors import BackendError
from groupsync_file.index import Entry, Index, IndexDamaged, format_entry, format_header, format_index, parse_index

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync_file.index import Record


class IndexFile:
    """`index.jsonl`, kept in memory as long as nobody else writes it. Calls are made under the folder's guard."""

    def __init__(self, path: Path, shown: str) -> None:
        self._path = path
        self._shown = shown
        self._index = Index()
        self._seen: disk.Signature | None = None

    @property
    def records(self) -> dict[str, Record]:
        """What the index says of each name, its last line taken for carried out."""
        return self._index.records

    @property
    def last(self) -> Entry | None:
        """The last line, where it is in doubt whether its member file followed."""
        return self._index.last

    def refresh(self) -> bool:
        """Read the file again if it is not as it was left; say whether that was so.

        Raises:
            BackendError: it is damaged.
        """
        seen = disk.signature_of(self._path)
        if seen is not None and seen == self._seen:
            return False
        try:
            self._index = parse_index(disk.read_file(self._path)) if seen else Index()
        except IndexDamaged as error:
            summary = f"the index is damaged at {self._shown}:{error.line}"
            hint = "Mend the line, or bring the file back from version control; until then nothing is changed."
            raise BackendError(summary, str(error), hint) from error
        self._seen = seen
        return True

    def forget(self) -> None:
        """Read the file anew next time: what is known of it may be half of a commit."""
        self._seen = None

    def append(self, entry: Entry) -> None:
        """Write a line. The one before it must be carried out, or taken back by this one."""
        index = self._index
        start = format_header() if not index.valid_bytes else b"" if index.is_ended else b"\n"
        data = start + format_entry(entry)
        disk.append(self._path, data, index.valid_bytes)
        index.valid_bytes += len(data)
        index.is_ended = True
        index.take(entry)
        self._seen = disk.signature_of(self._path)

    def note_done(self) -> None:
        """Note that the last line's member file followed."""
        self._index.last = None

    def rewrite(self) -> None:
        """Replace the file by one line a group, sorted by name. No line may be in doubt."""
        records = dict(sorted(self._index.records.items()))
        data = format_index(records.values())
        disk.write_atomically(self._path, data)
        self._index = Index(records, valid_bytes=len(data))
        self._seen = disk.signature_of(self._path)
