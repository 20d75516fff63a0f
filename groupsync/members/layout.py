"""Tell how a table is to be read: what separates its cells, whether it has a header, which column is meant. Pure.

The delimiter and the column are found by rules that a person can follow, never by chance.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.members.choosing import Choice, choice_of
from groupsync.members.columns import claim_of, named_column, which_column
from groupsync.members.text import error, is_member_column, shown
from groupsync.members.workbooks import is_workbook
from groupsync.model import Diagnostic, SourceRange

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence

    from groupsync.identity import Identity
    from groupsync.model import MemberFile

_DELIMITERS: Final = ",;\t|"
_PARTS: Final = re.compile(f"[{_DELIMITERS}]")
_SAMPLE_RECORDS: Final = 100
_SAMPLE_CHARACTERS: Final = 65_536
_QUOTED: Final = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is to be read.

    Attributes:
        delimiter: between the cells.
        skipped: records before the first member: a `sep=;` line, a header.
        width: cells in each record.
        index: of the cell that holds the member.
    certain: whether that is said, by `column` or the name of one column, or there is no other.
        choice: which rows are meant; None for all.
        header: the names of the columns; empty where the table has none.
    """

    delimiter: str
    skipped: int
    width: int
    index: int
    header: tuple[str, ...] = ()
    certain: bool = True
    choice: Choice | None = None


def reader_of(text: str, delimiter: str) -> Reader:
    """Return what gives the records of a table; it raises `csv.Error` where quotes are broken."""
    return csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)


def records_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give the records that are not blank, each with the line that it starts on."""
    reader = reader_of(text, delimiter)
    start = 1
    for record in reader:
        if any(cell.strip() for cell in record):
            yield start, record
        start = reader.line_num + 1


# --- The shape of the table -------------------------------------------------------------------------------------------


def find_delimiter(text: str, identity: Identity) -> str:
    """Return what stands between the cells: a comma, semicolon, tab or bar.

    Among those that each of the first records has equally often outside quotes, the most frequent; where there is no
    such, the most frequent in the first record. A spreadsheet's `sep=;` line decides. A comma for a single column.
    """
    if separator := re.match(r'(?i)"?sep=([,;\t|])"?(?:\n|\Z)', text):
        return separator[1]
    sample = _QUOTED.sub('""', text[:_SAMPLE_CHARACTERS])
    records = [record for record in islice(sample.split("\n"), _SAMPLE_RECORDS) if record.strip()]
    if len(text) > _SAMPLE_CHARACTERS and len(records) > 1:
        records.pop()  # cut short
    if not records or is_identifier(records[0], identity):
        return ","
    used = [each for each in _DELIMITERS if each in records[0]]
    even = [each for each in used if len({record.count(each) for record in records}) == 1]
    return max(even or used or [","], key=records[0].count)


def is_separator_line(record: Sequence[str], delimiter: str) -> bool:
    """Tell whether a record is the line by which a spreadsheet is told what separates the cells, quoted or not."""
    return record[0].lower() in ("sep=", f"sep={delimiter}")


def is_identifier(text: str, identity: Identity) -> bool:
    """Tell whether a text is an address."""
    if identity.type != "email":
        return False
    try:
        identity.canonical(text.strip())
    except ValueError:
        return False
    return True


def delimiter_of(text: str, file: MemberFile, identity: Identity) -> str:
    """Return what stands between the cells of a table: what is said, a tab by the ending, or what is found."""
    reading = file.reading
    if reading is not None and reading.delimiter is not None:
        return reading.delimiter
    if file.path.casefold().endswith((".tsv", ".tsv.gz")) or is_workbook(file.path):
        return "\t"
    return find_delimiter(_below_titles(text, file), identity)


def _below_titles(text: str, file: MemberFile) -> str:
    above = ((file.reading and file.reading.header_row) or 1) - 1
    return text.split("\n", above)[-1] if above and text[:4].casefold() != "sep=" else text


def layout_of(
    text: str, delimiter: str, file: MemberFile, identity: Identity
) -> Layout | Diagnostic | list[Diagnostic]:
    """Return how to read a table, as far as its first record tells; `groupsync.members.elsewhere` looks at the others.

    A first record in which no cell is an address is a header, unless `header_row` says where it is.
    """
    first, skipped = _start(text, delimiter, file)
    if first is None:
        row = file.reading.header_row if file.reading else 0
        summary = f"`{file.path}` has no row on line {row} that could be its header"
        return error("GS311", summary, "Lines count from 1.", "Correct `header_row`.", file.at)
    names = tuple(cell.strip() for cell in first)
    header = names if _is_header(names, file, identity) else ()
    width, skipped = len(names), skipped + bool(header)
    lost = _people_not_read(text, delimiter, skipped, file, identity) if header else None
    choice = lost or choice_of(file, header)
    if isinstance(choice, list | Diagnostic):
        return choice
    if file.column is not None:
        index = named_column(names, file.column, file)
        return (
            index if isinstance(index, Diagnostic) else Layout(delimiter, skipped, width, index, header, choice=choice)
        )
    candidates = [index for index, name in enumerate(header) if is_member_column(name)]
    best = max((claim_of(header[index]) for index in candidates), default=0)
    certain = [index for index in candidates if claim_of(header[index]) == best]
    if width <= 1 or len(certain) == 1:
        return Layout(delimiter, skipped, width, certain[0] if certain else 0, header, choice=choice)
    if identity.type != "email":
        return which_column(names, header, certain, file)
    return Layout(delimiter, skipped, width, 0, header, certain=False, choice=choice)


def _start(text: str, delimiter: str, file: MemberFile) -> tuple[list[str] | None, int]:
    """Return the first record that counts, None where `header_row` leads to none, and how many stand before it."""
    row = file.reading.header_row if file.reading else None
    for skipped, (line, record) in enumerate(records_of(text, delimiter)):
        if (line >= row) if row else not is_separator_line(record, delimiter):
            return (record if not row or line == row else None), skipped
    return (None if row else []), 0


def _people_not_read(
    text: str, delimiter: str, skipped: int, file: MemberFile, identity: Identity
) -> Diagnostic | None:
    """Return an error where an address stands in the header or above it, and so would be left out.

    Where the column is named, other columns may be called as somebody is.
    """
    named = [file.column] if isinstance(file.column, str) else None
    for number, (line, record) in enumerate(islice(records_of(text, delimiter), skipped), 1):
        cells = named if number == skipped and named else record
        found = (each for cell in cells if "@" in cell for each in _PARTS.split(cell))
        if address := next((each.strip() for each in found if is_identifier(each, identity)), None):
            where = "The header" if number == skipped else "A line above the header"
            detail = f"Only what stands below the header is read, so `{shown(address)}` would be left out."
            hint = (
                "Correct `header_row` (`0` where there is no header) or `column`; or take the address out of that line."
            )
            return error("GS320", f"{where} has an address", detail, hint, SourceRange(file.path, line))
    return None


def _is_header(names: tuple[str, ...], file: MemberFile, identity: Identity) -> bool:
    row = file.reading.header_row if file.reading else None
    if row is not None or isinstance(file.column, str):
        return row != 0
    if identity.type == "email":
        return bool(names) and not any("@" in name for name in names)
    return any(is_member_column(name) for name in names)
