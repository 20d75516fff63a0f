"""The index of a state folder: one line a commit, and what it says together with the files that are found. Pure.

A line says what a group becomes, before its member file is touched, and what it was (`before`). So whatever moment a
crash comes at, the member file's digest tells which of the two holds; if neither does, somebody edited the file by
hand. The last line of a name counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Group
from groupsync.records import Fields, RecordError, kind_of
from groupsync_file.convert import Values, group_values, read_group

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = 1
_HEADER: Final = "groupsync_state"


@dataclass(frozen=True, slots=True)
class Record:
    """A group as the index has it.

    Attributes:
        group: without members.
        digest: SHA-256 of the member file's bytes.
        count: of the members; None where nobody has counted.
        identity: the rule under which the file is canonical text; None where it is not known to be.
    """

    group: Group
    digest: str
    count: int | None = None
    identity: str | None = None

    @property
    def name(self) -> str:
        """The group's name."""
        return self.group.name


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of one name.

    Attributes:
        name: of the group after the commit.
        record: the group after it; None for a delete.
        is_settled: whether the commit needs no other file, so that the line itself is all of it.
        before: the group as it was, maybe under another name; None where there was none. Only while not settled.
        instead_of: a rename to this name never came about; the group is still called `name`.
    """

    name: str
    record: Record | None
    is_settled: bool = True
    before: Record | None = None
    instead_of: str = ""

    @property
    def renamed_from(self) -> str:
        """The name before, if the commit is a rename; else empty."""
        return self.before.name if self.before is not None and self.before.name != self.name else ""

    def holds(self, found: str | None) -> Record | None:
        """Return which record holds; None if there is no group.

        Args:
            found: SHA-256 of the member file, None where it is missing.

        Raises:
            LookupError: the member file is missing and should not be.
        """
        before = self.before if self.before is not None and self.before.name == self.name else None
        if before is not None and found == before.digest:
            return before
        if self.record is None:  # deleted; a file that is there all the same was made since
            return unlisted(self.name, found)
        if found is None:
            if not self.is_settled and self.before is None:  # a create that never got as far as the file
                return None
            raise LookupError(self.name)
        return self.record if found == self.record.digest else Record(self.record.group, found)

    def kept(self, found: str | None) -> Record | None:
        """Return the record that stands for all this entry says, once it is settled; None for no group.

        Of a file that was edited by hand it is the one that it was edited from. `found` is as in `holds`.
        """
        if self.is_settled:
            return self.record
        if self.before is not None and self.before.name == self.name and found == self.before.digest:
            return self.before
        return None if found is None and self.before is None else self.record


def unlisted(name: str, found: str | None) -> Record | None:
    """Return the group that a member file makes of which the index knows nothing; None where there is no file."""
    return None if found is None else Record(Group(name, members=None), found)


@dataclass(slots=True)
class Index:
    """The entries of an index file.

    Attributes:
        entries: by name.
        valid_bytes: up to where the file is whole; a crash while appending leaves part of a line after it.
        is_ended: whether the last line has its line break.
        is_compact: whether a rewrite would leave the file as it is.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    valid_bytes: int = 0
    is_ended: bool = True
    is_compact: bool = True

    def record(self, entry: Entry) -> None:
        """Take note of one more commit."""
        if entry.renamed_from:
            self.entries.pop(entry.renamed_from, None)
        if entry.instead_of:
            self.entries.pop(entry.instead_of, None)
        self.entries[entry.name] = entry
        self.is_compact = False


class IndexDamaged(ValueError):
    """A line of the index can't be read. `line` counts from 1; the message is a clause."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def parse_index(data: bytes) -> Index:
    """Read an index file. A last line that a crash left torn is passed over.

    Raises:
        IndexDamaged: a line is not what was written there.
    """
    index = Index()
    *lines, tail = data.split(b"\n")
    names: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            values = _json_object(line) if line else None
        except ValueError as error:
            raise IndexDamaged(number, "it is not a JSON object") from error
        names += _take(index, values, number)
        index.valid_bytes += len(line) + 1
    try:
        values = _json_object(tail) if tail else None
    except ValueError:
        values = None
    if values is not None:
        names += _take(index, values, len(lines) + 1)
        index.valid_bytes += len(tail)
        index.is_ended = False
    settled = all(entry.is_settled and entry.record and not entry.instead_of for entry in index.entries.values())
    index.is_compact = settled and index.is_ended and names == sorted(index.entries)
    return index


def format_header() -> bytes:
    """Return the first line of an index file."""
    return _line({_HEADER: FORMAT})


def format_entry(entry: Entry) -> bytes:
    """Return the line of one commit."""
    values: Values = _record_values(entry.record) if entry.record else {"name": entry.name, "deleted": True}
    if not entry.is_settled:
        values["before"] = entry.before and _record_values(entry.before)
    if entry.instead_of:
        values["instead_of"] = entry.instead_of
    return _line(values)


def format_index(records: Iterable[Record]) -> bytes:
    """Return a whole index file: the groups by name, one line each, all of them settled."""
    ordered = sorted(records, key=lambda record: record.name)
    return b"".join([format_header(), *(_line(_record_values(record)) for record in ordered)])


def _take(index: Index, values: object, line: int) -> list[str]:
    """Take note of a line and return the name it is about, for the order of lines; nothing for the header."""
    try:
        if values is None:
            return []
        if isinstance(values, dict) and _HEADER in values:
            _check_header(values)
            return []
        entry = _read_entry(values)
    except RecordError as error:
        raise IndexDamaged(line, str(error)) from error
    index.record(entry)
    return [entry.name]


def _check_header(values: Values) -> None:
    fields = Fields(values, "the header")
    version = fields.count(_HEADER)
    fields.end()
    if version != FORMAT:
        raise RecordError(f"it was written in format {version}, and this version of groupsync knows {FORMAT}")


def _read_entry(values: object) -> Entry:
    if not isinstance(values, dict):
        raise RecordError(f"it is {kind_of(values)}, expected an object")
    rest = dict(values)
    is_settled = "before" not in rest
    before = rest.pop("before", None)
    found = None if before is None else _read_record(before)
    if rest.get("deleted") is True:
        fields = Fields(rest, "a deleted group")
        fields.flag("deleted")
        name = fields.text("name")
        fields.end()
        return Entry(name, None, is_settled, found)
    instead_of = rest.pop("instead_of", "")
    if not isinstance(instead_of, str):
        raise RecordError(f"'instead_of' is {kind_of(instead_of)}, expected text")
    record = _read_record(rest)
    return Entry(record.name, record, is_settled, found, instead_of)


def _record_values(record: Record) -> Values:
    values: Values = {"name": record.name, **group_values(record.group), "digest": record.digest}
    if record.count is not None:
        values["count"] = record.count
    if record.identity is not None:
        values["identity"] = record.identity
    return values


def _read_record(values: object) -> Record:
    if not isinstance(values, dict):
        raise RecordError(f"the group before is {kind_of(values)}, expected an object")
    rest = dict(values)
    own = {key: rest.pop(key) for key in ("name", "digest", "count", "identity") if key in rest}
    fields = Fields({"count": None, "identity": None, **own}, "a group")
    name = fields.text("name")
    count = None if own.get("count") is None else fields.count("count")
    return Record(read_group(name, rest), fields.digest("digest"), count, fields.text_or_none("identity"))


def _json_object(line: bytes) -> object:
    return json.loads(line, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        message = "a key is there twice"
        raise ValueError(message)
    return values


def _line(values: Values) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"
