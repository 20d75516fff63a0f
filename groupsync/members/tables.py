"""Read the column of members out of a CSV or TSV file. Pure.

Quoting is that of RFC 4180; the delimiter is found by rules that a person can follow, never by chance.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from groupsync.members.text import SHOWN_ERRORS, Entries, error, is_member_column, shown
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence

    from groupsync.identity import Identity
    from groupsync.model import MemberFile

_DELIMITERS: Final = ",;\t|"
_SAMPLE_RECORDS: Final = 100
_SAMPLE_CHARACTERS: Final = 65_536
_QUOTED: Final = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_CELL_START: Final = re.compile(r'[^\S\n]*"?[^\S\n]*')


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is to be read.

    Attributes:
        delimiter: between the cells.
        skipped: records before the first member: a `sep=;` line, a header.
        width: cells in each record.
        index: of the cell that holds the member.
        header: the names of the columns; empty where the table has none.
    """

    delimiter: str
    skipped: int
    width: int
    index: int
    header: tuple[str, ...] = ()


def parse_table(text: str, file: MemberFile, identity: Identity) -> Entries | list[Diagnostic]:
    """Read the column that `file` names, or the only one that can be meant.

    A first record in which no cell is an address is a header.

    Returns:
        The entries, or why there are none.
    """
    delimiter = "\t" if file.path.casefold().endswith(".tsv") else find_delimiter(text, identity)
    try:
        layout = _layout(text, delimiter, file, identity)
        if isinstance(layout, Diagnostic):
            return [layout]
        values, diagnostics = _column(text, layout, file.path)
    except csv.Error:
        return [_broken_quotes(text, delimiter, file.path)]

    def places(indexes: Sequence[int]) -> list[tuple[int, int]]:
        return _places(text, layout, indexes)

    return Entries(values, places, [*_guessed(layout, file), *diagnostics])


def _reader(text: str, delimiter: str) -> Reader:
    return csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give the records that are not blank, each with the line that it starts on."""
    reader = _reader(text, delimiter)
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
    if not records or _is_identifier(records[0], identity):
        return ","
    used = [each for each in _DELIMITERS if each in records[0]]
    even = [each for each in used if len({record.count(each) for record in records}) == 1]
    return max(even or used or [","], key=records[0].count)


def _is_identifier(text: str, identity: Identity) -> bool:
    if identity.type != "email":
        return False
    try:
        identity.canonical(text.strip())
    except ValueError:
        return False
    return True


def _layout(text: str, delimiter: str, file: MemberFile, identity: Identity) -> Layout | Diagnostic:
    records = (record for _, record in _records(text, delimiter))
    first = next(records, [])
    skipped = 0
    if first and first[0].lower() == "sep=":
        first, skipped = next(records, []), 1
    names = tuple(cell.strip() for cell in first)
    if file.column is not None:
        return _named_column(names, file.column, delimiter, skipped, file)
    if identity.type == "email":
        has_header = bool(names) and not any("@" in name for name in names)
    else:
        has_header = any(is_member_column(name) for name in names)
    header = names if has_header else ()
    width, skipped = len(names), skipped + has_header
    if width <= 1:
        return Layout(delimiter, skipped, width, 0, header)
    candidates = [index for index, name in enumerate(header) if is_member_column(name)]
    certain = [index for index in candidates if "mail" in header[index].casefold()] or candidates
    if len(certain) != 1 and identity.type == "email":
        certain = _columns_with_addresses(text, Layout(delimiter, skipped, width, 0, header))
    if len(certain) != 1:
        return _which_column(names, header, len(certain), file)
    return Layout(delimiter, skipped, width, certain[0], header)


def _columns_with_addresses(text: str, layout: Layout) -> list[int]:
    """Return the columns in which any cell has an @, wherever in the file."""
    without = set(range(layout.width))
    for _, record in islice(_records(text, layout.delimiter), layout.skipped, None):
        without -= {index for index in without if index < len(record) and "@" in record[index]}
        if not without:
            break
    return [index for index in range(layout.width) if index not in without]


def _named_column(
    names: tuple[str, ...], column: str, delimiter: str, skipped: int, file: MemberFile
) -> Layout | Diagnostic:
    exact = [index for index, name in enumerate(names) if name == column.strip()]
    alike = [index for index, name in enumerate(names) if name.casefold() == column.strip().casefold()]
    found = exact or alike
    if len(found) == 1:
        return Layout(delimiter, skipped + 1, len(names), found[0], names)
    if found:
        summary = f"`{file.path}` has several columns called `{column}`"
        return error("GS311", summary, _listing(names), "Give each column a name of its own.", file.at)
    if not names:
        summary = f"`{file.path}` is empty, so it has no column `{column}`"
        return error("GS311", summary, "A table with a named column starts with a header.", "Export it again.", file.at)
    if any("@" in name for name in names):
        summary = f"`{file.path}` has no header, so it has no column `{column}`"
        detail = f"The first row holds an address: {' | '.join(map(shown, names))}."
        return error("GS311", summary, detail, "Add a header row, or take `column` out.", file.at)
    near = difflib.get_close_matches(column.casefold(), [name.casefold() for name in names], n=1)
    meant = [name for name in names if name.casefold() in near]
    hint = f"Did you mean `{meant[0]}`?" if meant else "Name one of these columns."
    return error("GS311", f"`{file.path}` has no column `{shown(column)}`", _listing(names), hint, file.at)


def _which_column(names: tuple[str, ...], header: tuple[str, ...], found: int, file: MemberFile) -> Diagnostic:
    why = "none of them says that it holds the member" if not found else "more than one could hold the member"
    if header:
        detail = f"{_listing(header)} Of these, {why}."
        hint = "Name it: `{path: …, column: …}`."
    else:
        detail = f"There is no header, and the first row is: {' | '.join(map(shown, names))}."
        hint = "Add a header row, and name the column: `{path: …, column: …}`."
    return error("GS311", f"It is not clear which column of `{file.path}` to read", detail, hint, file.at)


def _listing(names: Sequence[str]) -> str:
    return f"Its columns are: {', '.join(f'`{shown(name)}`' for name in names)}."


def _guessed(layout: Layout, file: MemberFile) -> Iterator[Diagnostic]:
    """Warn where a header was taken for one only because it has no address: it may be a member, badly written."""
    if file.column is None and layout.header and not is_member_column(name := layout.header[layout.index]):
        summary = f"The first row is taken for a header, `{shown(name)}`"
        detail = f"`{file.path}` has no address in its first row."
        hint = f"If it is a header, say so: `column: {shown(name)}`. If it is a member, correct it."
        yield Diagnostic("GS312", Severity.WARNING, summary, detail, hint, file.at)


# --- The cells --------------------------------------------------------------------------------------------------------


def _column(text: str, layout: Layout, path: str) -> tuple[list[str], list[Diagnostic]]:
    width, index = layout.width, layout.index
    # The usual table, in one go: every record as wide as the first, no cell empty.
    records = filter(None, _reader(text, layout.delimiter))
    cells = [each[index].strip() if len(each) == width else "" for each in records]
    if all(cells):
        return cells[layout.skipped :], []
    values: list[str] = []
    wrong: list[Diagnostic] = []
    for line, record in islice(_records(text, layout.delimiter), layout.skipped, None):
        problem = _problem(record, layout)
        if problem is None:
            values.append(record[index].strip())
        else:
            wrong.append(error("GS310", *problem, SourceRange(path, line)))
    if len(wrong) > SHOWN_ERRORS:
        first = wrong[SHOWN_ERRORS].subject or SourceRange(path)
        summary = f"{counted(len(wrong) - SHOWN_ERRORS, 'more row')} can't be read"
        wrong[SHOWN_ERRORS:] = [error("GS310", summary, "", "Check how the file was made.", first)]
    return values, wrong


def _problem(record: Sequence[str], layout: Layout) -> tuple[str, str, str] | None:
    """Return summary, detail and hint of what is wrong with a record; empty cells at its end don't matter."""
    found, width = len(record), layout.width
    if found < width or any(cell.strip() for cell in record[width:]):
        summary = f"The row has {found} {'cell' if found == 1 else 'cells'} instead of {width}"
        detail = f"The {'header' if layout.header else 'first row'} has {width}."
        if found < width:
            return summary, detail, "Complete the row; an empty cell needs its delimiter too."
        return summary, detail, "Quote a cell that has the delimiter in it."
    if record[layout.index].strip():
        return None
    column = f"column `{shown(layout.header[layout.index])}`" if layout.header else f"column {layout.index + 1}"
    return "The row names nobody", f"Its cell in {column} is empty.", "Fill it in, or take the row out."


# --- Places -----------------------------------------------------------------------------------------------------------


def _cell(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf' *+(?:"[^"]*+(?:""[^"]*+)*+"|(?!")[^{re.escape(delimiter)}\n]*+)')


def _line_starts(text: str) -> list[int]:
    return list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))


def _range(starts: Sequence[int], offset: int) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def _places(text: str, layout: Layout, indexes: Sequence[int]) -> list[tuple[int, int]]:
    records = islice(_records(text, layout.delimiter), layout.skipped, None)
    good = (line for line, record in records if _problem(record, layout) is None)
    wanted = set(indexes)
    lines = [line for index, line in enumerate(islice(good, max(wanted, default=-1) + 1)) if index in wanted]
    starts, cell = _line_starts(text), _cell(layout.delimiter)
    places: list[tuple[int, int]] = []
    for line in lines:
        offset = starts[line - 1]
        for _ in range(layout.index):
            found = cell.match(text, offset)
            offset = found.end() + 1 if found else offset
        start = _CELL_START.match(text, offset)
        places.append(_range(starts, start.end() if start else offset))
    return places


def _broken_quotes(text: str, delimiter: str, path: str) -> Diagnostic:
    """Return an error at the quote for which the CSV reader gave up."""
    line, reader = 1, _reader(text, delimiter)
    with suppress(csv.Error):
        for _ in reader:
            line = reader.line_num + 1
    starts, cell = _line_starts(text), _cell(delimiter)
    offset = starts[line - 1]
    while (found := cell.match(text, offset)) and text.startswith(delimiter, found.end()):
        offset = found.end() + 1
    if found is None:
        at = SourceRange(path, *_range(starts, offset + len(text[offset:]) - len(text[offset:].lstrip(" "))))
        hint = 'Close it; a quote inside a quoted cell is written twice: `"say ""hi"""`.'
        return error("GS309", "A quote is opened and never closed", "", hint, at)
    at = SourceRange(path, *_range(starts, found.end()))
    if text[found.end() : found.end() + 1] in ("\n", ""):
        at = SourceRange(path, line)
        limit = f"{csv.field_size_limit():,}"
        hint = "Look for a quote that is opened and not closed."
        return error("GS309", f"A cell has more than {limit} characters", "", hint, at)
    detail = "A delimiter or the end of the line is expected after a closing quote."
    hint = 'A quote inside a quoted cell is written twice: `"say ""hi"""`.'
    return error("GS309", "A quoted cell goes on after its closing quote", detail, hint, at)
