"""Read the column of members out of a CSV or TSV file. Pure.

Quoting is that of RFC 4180.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from groupsync.members.choosing import UnfitCell, unused_status
from groupsync.members.columns import claim_of, column_with_addresses
from groupsync.members.elsewhere import look_elsewhere, swallowed_rows
from groupsync.members.layout import Layout, delimiter_of, layout_of, reader_of, records_of
from groupsync.members.text import SHOWN_ERRORS, Entries, error, shown
from groupsync.members.workbooks import is_workbook
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.identity import Identity
    from groupsync.model import MemberFile

_TITLE_ROWS: Final = 20
_CELL_START: Final = re.compile(r'[^\S\n]*"?[^\S\n]*')


def parse_table(text: str, file: MemberFile, identity: Identity) -> Entries | list[Diagnostic]:
    """Read the column that `file` names, or the only one that can be meant.

    Returns:
        The entries, or why there are none.
    """
    delimiter = delimiter_of(text, file, identity)
    try:
        layout = layout_of(text, delimiter, file, identity)
        if isinstance(layout, Diagnostic):
            return [_with_later_header(text, delimiter, file, layout)]
        if isinstance(layout, list):
            return layout
        return _entries(text, layout, file, identity)
    except csv.Error:
        return [_broken_quotes(text, delimiter, file.path)]


def _entries(text: str, layout: Layout, file: MemberFile, identity: Identity) -> Entries | list[Diagnostic]:
    values, diagnostics, unread = _column(text, layout, file.path)
    signs = "\n".join(values).count("@")
    may_differ = identity.type == "email" and (file.column is None or '"' in text)
    if may_differ and (signs != text.count("@") or not (signs or layout.certain)):
        # There are addresses elsewhere, or none at all: only then the other cells are worth a look.
        elsewhere = look_elsewhere(text, layout, identity)
        diagnostics += swallowed_rows(elsewhere.swallowed, file.path)
        if file.column is None and layout.width > 1 and (elsewhere.holding or not layout.certain):
            index = column_with_addresses(_first(text, layout), layout.header, elsewhere.holding, file)
            if isinstance(index, Diagnostic):
                return [_with_later_header(text, layout.delimiter, file, index)]
            if index != layout.index:
                return _entries(text, replace(layout, index=index, certain=True), file, identity)

    def places(indexes: Sequence[int]) -> list[tuple[int, int]]:
        return _places(text, layout, indexes, is_sheet=is_workbook(file.path))

    rows = (record for _, record in islice(records_of(text, layout.delimiter), layout.skipped, None))
    found = [*_guessed(text, layout, file), *unused_status(file, layout.header, rows), *diagnostics]
    return Entries(values, places, found, unread)


def _with_later_header(text: str, delimiter: str, file: MemberFile, found: Diagnostic) -> Diagnostic:
    """Hint at a header that stands below titles, where there seems to be one."""
    if file.reading is None or file.reading.header_row is None:
        for line, record in islice(records_of(text, delimiter), 1, _TITLE_ROWS):
            if any(map(claim_of, record)) and not any("@" in cell for cell in record):
                hint = f"If the header stands on line {line}, say so: `header_row: {line}`."
                return replace(found, hint=hint)
    return found


def _first(text: str, layout: Layout) -> tuple[str, ...]:
    records = islice(records_of(text, layout.delimiter), layout.skipped - bool(layout.header), None)
    return tuple(cell.strip() for cell in next(records, (0, []))[1])


def _guessed(text: str, layout: Layout, file: MemberFile) -> Iterator[Diagnostic]:
    """Warn where a header was taken for one only because it has no address: it may be a member, badly written."""
    if file.column is None and layout.header and not claim_of(name := layout.header[layout.index]):
        summary = f"The first row is taken for a header, `{shown(name)}`"
        detail = f"`{file.path}` has no address in its first row."
        hint = f"If it is a header, say so: `column: {scalar(name)}`. If it is a member, correct it."
        found = Diagnostic("GS312", Severity.WARNING, summary, detail, hint, file.at)
        yield _with_later_header(text, layout.delimiter, file, found)


# --- The cells --------------------------------------------------------------------------------------------------------


def _column(text: str, layout: Layout, path: str) -> tuple[list[str], list[Diagnostic], int]:
    """Return the entries of a column, what is wrong with rows, and with how many."""
    width, index = layout.width, layout.index
    # The usual table, in one go: every record as wide as the first, no cell empty.
    records = filter(None, reader_of(text, layout.delimiter))
    if layout.choice is None:
        cells = [each[index].strip() if len(each) == width else "" for each in records]
        if all(cells):
            return cells[layout.skipped :], [], 0
    values: list[str] = []
    wrong: list[Diagnostic] = []
    for line, record, problem in _chosen(text, layout):
        if problem is None:
            values.append(record[index].strip())
        else:
            wrong.append(error("GS310", *problem, SourceRange(path, line)))
    unread = len(wrong)
    if unread > SHOWN_ERRORS:
        first = wrong[SHOWN_ERRORS].subject or SourceRange(path)
        summary = f"{counted(len(wrong) - SHOWN_ERRORS, 'more row')} can't be read"
        wrong[SHOWN_ERRORS:] = [error("GS310", summary, "", "Check how the file was made.", first)]
    return values, wrong, unread


def _chosen(text: str, layout: Layout) -> Iterator[tuple[int, list[str], tuple[str, str, str] | None]]:
    """Give line and record of each row that is meant, with what is wrong with it."""
    for line, record in islice(records_of(text, layout.delimiter), layout.skipped, None):
        problem = _misfit(record, layout)
        try:
            if problem is None and layout.choice is not None and not layout.choice.takes(record):
                continue
        except UnfitCell as unfit:
            problem = unfit.args
        yield line, record, problem or _empty(record, layout)


def _misfit(record: Sequence[str], layout: Layout) -> tuple[str, str, str] | None:
    """Return summary, detail and hint of what is wrong with a record's cells; empty ones at its end don't matter."""
    found, width = len(record), layout.width
    if found < width or any(cell.strip() for cell in record[width:]):
        summary = f"The row has {found} {'cell' if found == 1 else 'cells'} instead of {width}"
        detail = f"The {'header' if layout.header else 'first row'} has {width}."
        if found < width:
            return summary, detail, "Complete the row; an empty cell needs its delimiter too."
        return summary, detail, "Quote a cell that has the delimiter in it."
    return None


def _empty(record: Sequence[str], layout: Layout) -> tuple[str, str, str] | None:
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


def _places(text: str, layout: Layout, indexes: Sequence[int], *, is_sheet: bool) -> list[tuple[int, int]]:
    """Return line and column of entries; of a sheet, row and column as its program counts them."""
    good = (line for line, _, problem in _chosen(text, layout) if problem is None)
    wanted = set(indexes)
    lines = [line for index, line in enumerate(islice(good, max(wanted, default=-1) + 1)) if index in wanted]
    if is_sheet:
        return [(line, layout.index + 1) for line in lines]
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
    line, reader = 1, reader_of(text, delimiter)
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
