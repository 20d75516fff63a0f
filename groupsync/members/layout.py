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

from groupsync.members.columns import claim_of, named_column, which_column
from groupsync.members.text import is_member_column
from groupsync.model import Diagnostic

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator

    from groupsync.identity import Identity
    from groupsync.model import MemberFile

_DELIMITERS: Final = ",;\t|"
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
        header: the names of the columns; empty where the table has none.
    """

    delimiter: str
    skipped: int
    width: int
    index: int
    header: tuple[str, ...] = ()
    certain: bool = True


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
    if separator := re.match(r"(?i)sep=([,;\t|])(?:\n|\Z)", text):
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


def is_identifier(text: str, identity: Identity) -> bool:
    """Tell whether a text is an address."""
    if identity.type != "email":
        return False
    try:
        identity.canonical(text.strip())
    except ValueError:
        return False
    return True


def layout_of(text: str, delimiter: str, file: MemberFile, identity: Identity) -> Layout | Diagnostic:
    """Return how to read a table, as far as its first record tells; `groupsync.members.elsewhere` looks at the others.

    A first record in which no cell is an address is a header.
    """
    records = (record for _, record in records_of(text, delimiter))
    first = next(records, [])
    skipped = 0
    if first and first[0].lower() == "sep=":
        first, skipped = next(records, []), 1
    names = tuple(cell.strip() for cell in first)
    if file.column is not None:
        index = named_column(names, file.column, file)
        return index if isinstance(index, Diagnostic) else Layout(delimiter, skipped + 1, len(names), index, names)
    if identity.type == "email":
        has_header = bool(names) and not any("@" in name for name in names)
    else:
        has_header = any(is_member_column(name) for name in names)
    header = names if has_header else ()
    width, skipped = len(names), skipped + has_header
    candidates = [index for index, name in enumerate(header) if is_member_column(name)]
    best = max((claim_of(header[index]) for index in candidates), default=0)
    certain = [index for index in candidates if claim_of(header[index]) == best]
    if width <= 1 or len(certain) == 1:
        return Layout(delimiter, skipped, width, certain[0] if certain else 0, header)
    if identity.type != "email":
        return which_column(names, header, certain, file)
    return Layout(delimiter, skipped, width, 0, header, certain=False)
