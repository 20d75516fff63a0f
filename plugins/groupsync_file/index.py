"""The index of a state folder: one line a commit, and what it says together with the files that are found. Pure.

A line says what a group becomes, before its member file is touched, and what it was (`before`). Whoever writes a line
sees first that the one before it is carried out or taken back, so that only the last line of the file can be in doubt.
Then the member file tells whether it came about: it is still as it was before, or it is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.records import Fields, RecordError, kind_of
from groupsync_file.convert import Values, group_values, read_group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import Group

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
    """One line of the index.

    Attributes:
        name: of the group after the commit.
        record: the group after it; None for a delete.
        is_settled: whether the line itself is all of the commit, so that no member file has to follow.
        before: the group as it was, maybe under another name; None where there was none. Only while not settled.
        instead_of: takes back a rename to this name: the group is still called `name`.
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

    def came_about(self, found: str | None) -> bool:
        """Tell whether the member file followed. A file edited by hand since speaks for it.

        Args:
            found: SHA-256 of the member file of `name`, None where there is none.
        """
        if self.is_settled:
            return True
        if self.before is None or self.renamed_from:  # of a rename, the new file is written before the old one goes
            return found is not None
        return found != self.before.digest

    def taken_back(self) -> Entry:
        """Return the line that says that this one did not come about."""
        if self.before is None:
            return Entry(self.name, None)
        return Entry(self.before.name, self.before, instead_of=self.name if self.renamed_from else "")


@dataclass(slots=True)
class Index:
    """What an index file says.

    Attributes:
        records: by name, after the last line, taken for carried out.
        last: the last line, where its member file may not have followed.
        valid_bytes: up to where the file is whole; a crash while appending leaves part of a line after it.
        is_ended: whether the last line has its line break.
    """

    records: dict[str, Record] = field(default_factory=dict)
    last: Entry | None = None
    valid_bytes: int = 0
    is_ended: bool = True

    def take(self, entry: Entry) -> None:
        """Take note of one more line."""
        for gone in (entry.renamed_from, entry.instead_of, entry.name):
            self.records.pop(gone, None)
        if entry.record is not None:
            self.records[entry.name] = entry.record
        self.last = None if entry.is_settled else entry


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
    for number, line in enumerate(lines, 1):
        try:
            values = _json_object(line) if line else None
        except ValueError as error:
            raise IndexDamaged(number, "it is not a JSON object") from error
        _take(index, values, number)
        index.valid_bytes += len(line) + 1
    try:
        values = _json_object(tail) if tail else None
    except ValueError:
        values = None
    if values is not None:
        _take(index, values, len(lines) + 1)
        index.valid_bytes += len(tail)
        index.is_ended = False
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


def _take(index: Index, values: object, line: int) -> None:
    try:
        if isinstance(values, dict) and _HEADER in values:
            _check_header(values)
        elif values is not None:
            index.take(_read_entry(values))
    except RecordError as error:
        raise IndexDamaged(line, str(error)) from error


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
