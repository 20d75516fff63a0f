"""Put somebody into a member file, or take them out; comments, other columns and layout stay. Pure."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from groupsync.edits.text import CannotEdit, Edited, Text, insertion_point
from groupsync.members.files import is_editable, is_list, read_entries, read_members
from groupsync.members.layout import delimiter_of, is_separator_line
from groupsync.members.pasted import find_pasted
from groupsync.members.text import without_comments
from groupsync.model import Severity, SourceRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.edits.text import Span
    from groupsync.identity import Identity
    from groupsync.members.text import Entries
    from groupsync.model import MemberFile

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#.*")
_AFTER: Final = re.compile(r"[ \t]*[,;]?[ \t]*")
_BEFORE: Final = re.compile(r"[ \t]*[,;]?[ \t]*\Z")


def has_other_columns(data: bytes, file: MemberFile, identity: Identity) -> bool:
    """Tell whether a file is a table that says more of people than who they are."""
    if is_list(file):
        return False
    text = Text(data).text
    delimiter = _delimiter(text, file, identity)
    records = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    return any(len(record) > 1 and not is_separator_line(record, delimiter) for record in records)


def add_line(data: bytes, file: MemberFile, person: str, identity: Identity) -> Edited:
    """Add a person to a file that lists nothing else; see `add_lines`."""
    return add_lines(data, file, [person], identity)


def add_lines(data: bytes, file: MemberFile, people: Sequence[str], identity: Identity) -> Edited:
    """Add people to a file that lists nothing else: into their places where it is sorted, else at the end.

    Args:
        data: the file, which loads.
        file: of `members_from`.
        people: canonical, by code point; the file has none of them.
        identity: by which they are sorted.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    entries, text = _entries(data, file, identity), Text(data)
    known = [identity.canonical(value) for value in entries.values]
    indexes = [insertion_point(known, person) for person in people]
    followed = sorted({index for index in indexes if index < len(known)})
    lines = dict(zip(followed, (line for line, _ in entries.places(followed)), strict=True))
    end = len(text.text)
    spans: list[Span] = []
    for person, index in zip(people, indexes, strict=True):
        line, number = _cell(person), lines.get(index)
        if number is not None and text.lines[number - 1].split()[:1] == [entries.values[index]]:
            spans.append(text.line_after(number - 2, line))
        else:
            spans.append((end, end, f"{line}\n" if not text.text or text.text.endswith("\n") else f"\n{line}"))
    result = text.edited(spans)
    _check(result, file, identity, _members(data, file, identity).union(people))
    after, added = _entries(result, file, identity), set(people)
    places = [index for index, value in enumerate(after.values) if identity.canonical(value) in added]
    return Edited(result, tuple(_places(after, places, file)))


def remove_lines(data: bytes, file: MemberFile, person: str, identity: Identity) -> Edited:
    """Take a person who is in a file out of it; see `remove_people`."""
    return remove_people(data, file, frozenset({person}), identity)


def remove_people(data: bytes, file: MemberFile, people: frozenset[str], identity: Identity) -> Edited:
    """Take people who are in a file out of it: whole lines or rows where these are theirs alone.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    if not is_editable(file):
        message = f"`{file.path}` is a workbook, packed, in another encoding than UTF-8, or has `on_bad_row`"
        raise CannotEdit(message)
    entries, text = _entries(data, file, identity), Text(data)
    gone = [index for index, value in enumerate(entries.values) if identity.canonical(value) in people]
    places = entries.places(gone)
    bare = without_comments(text.text)
    if is_list(file) and identity.type == "email" and find_pasted(bare).around:
        message = f"names and marks stand around its addresses; `groupsync fmt {file.path}` takes them away"
        raise CannotEdit(message)
    if is_list(file):
        spans = list(
            _out_of_list(
                text,
                [
                    (line - 1, column - 1, entries.values[index])
                    for (line, column), index in zip(places, gone, strict=True)
                ],
            )
        )
    else:
        spans = list(
            text.without_lines(_rows(text.text, _delimiter(text.text, file, identity), [line for line, _ in places]))
        )
    result = text.edited(spans)
    _check(result, file, identity, _members(data, file, identity) - people)
    return Edited(result, tuple(_places(entries, gone, file)))


def _out_of_list(text: Text, gone: Sequence[tuple[int, int, str]]) -> Iterator[Span]:
    """Take entries out of lines: a line with nobody else goes, its comment with it."""
    whole: list[int] = []
    spots: dict[int, list[tuple[int, int]]] = {}
    for number, column, value in gone:
        spots.setdefault(number, []).append((column, column + len(value)))
    for number, here in spots.items():
        line = text.lines[number]
        comment = _COMMENT.search(line)
        end = comment.start() if comment else len(line)
        rest = "".join(" " if any(a <= i < b for a, b in here) else line[i] for i in range(end))
        if not rest.strip(" \t,;"):
            whole.append(number)
            continue
        for a, b in here:
            after = _AFTER.match(line, b, end)
            stop = after.end() if after else b
            before = _BEFORE.search(line, 0, a)
            start = before.start() if before and stop >= end else a
            yield text.starts[number] + start, text.starts[number] + (b if stop >= end else stop), ""
    yield from text.without_lines(whole)


def _rows(text: str, delimiter: str, lines: Sequence[int]) -> Iterator[int]:
    """Give the lines, from 0, of the records that reach over some lines, from 1."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    wanted, start = set(lines), 1
    for _ in reader:
        here = range(start, reader.line_num + 1)
        if not wanted.isdisjoint(here):
            yield from (number - 1 for number in here)
        start = reader.line_num + 1


def _delimiter(text: str, file: MemberFile, identity: Identity) -> str:
    return delimiter_of(text, file, identity)


def _cell(person: str) -> str:
    return f'"{person.replace(chr(34), chr(34) * 2)}"' if any(char in person for char in ',;"|') else person


def _entries(data: bytes, file: MemberFile, identity: Identity) -> Entries:
    entries = read_entries(data, file, identity)
    if isinstance(entries, list):
        message = f"it could not be read any more: {entries[0].summary}"
        raise CannotEdit(message)
    return entries


def _members(data: bytes, file: MemberFile, identity: Identity) -> frozenset[str]:
    members, found = read_members(data, file, identity)
    if any(each.severity is Severity.ERROR for each in found):
        message = f"it could not be read any more: {found[0].summary}"
        raise CannotEdit(message)
    return members


def _check(data: bytes, file: MemberFile, identity: Identity, expected: frozenset[str]) -> None:
    if _members(data, file, identity) != expected:
        message = "an edit would change who else it lists"
        raise CannotEdit(message)


def _places(entries: Entries, indexes: Sequence[int], file: MemberFile) -> Iterator[SourceRange]:
    for line, column in entries.places(indexes):
        yield SourceRange(file.path, line, column)
