"""Read a sheet of a workbook as the text of a table. Pure.

It becomes a table with a line for each row of the sheet, so that rows have the numbers that Excel shows. What people
see of a sheet and is not in its cells is told: rows that are hidden, as by a filter, and cells that are merged.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from datetime import date, datetime, time
from decimal import Decimal
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile, ZipFile

from groupsync.members.packed import MAX_UNPACKED_BYTES
from groupsync.members.text import decode, error, shown
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from groupsync.model import MemberFile

    _Rows = Sequence[Sequence[object]]
    _Ranges = Iterable[tuple[tuple[int, int], tuple[int, int]]]

WORKBOOKS: Final = (".xlsx", ".xlsm")
CELL_DELIMITER: Final = "\t"
_EXACT: Final = 1 << 53
"""Whole numbers are exact below it: a sheet holds IEEE 754 doubles."""
_HIDDEN_ROW: Final = re.compile(
    rb"""<(?:\w+:)?row\b(?=[^>]*\shidden=["'](?:1|true)["'])[^>]*?\sr=["']([0-9]{1,7})["']"""
)
_UNREADABLE: Final = (BadZipFile, EOFError, OSError, RuntimeError, ValueError, zlib.error)
"""What `zipfile` raises of archives that it can't read, or not yet."""


def is_workbook(path: str) -> bool:
    """Tell whether a file is a workbook by its name."""
    return path.casefold().endswith(WORKBOOKS)


def text_of_sheet(data: bytes, file: MemberFile) -> tuple[str, list[Diagnostic]] | Diagnostic:
    """Return a sheet of a workbook as the text of a table, with what is odd of it; or why it can't be read."""
    sheets = _sheets(data, file)
    if isinstance(sheets, Diagnostic):
        return sheets
    filled = [name for name, (rows, _) in sheets.items() if any(map(_is_filled, rows))]
    if len(filled) > 1:
        return _which_sheet(filled, file)
    if not filled:
        return "", []
    [name] = filled
    rows, merged = sheets[name]
    text = decode(_table(rows).encode(), file.path)
    if isinstance(text, Diagnostic):
        return text
    return text, [*_hidden(data, name, rows, file), *_merged(merged, file)]


def _sheets(data: bytes, file: MemberFile) -> dict[str, tuple[_Rows, _Ranges]] | Diagnostic:
    """Return rows and merged cells of the sheets that may be meant, by name; or why there are none."""
    at = SourceRange(file.path, 1, 1)
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum
    except ImportError:
        hint = "Install it: `pip install 'groupsync[excel]'`; or save the sheet as CSV in UTF-8."
        return error("GS306", f"`{file.path}` is a workbook, which needs python-calamine", "", hint, file.at)
    if (size := _unpacked_size(data)) > MAX_UNPACKED_BYTES:
        detail = f"Unpacked it has {size:,} bytes, more than {MAX_UNPACKED_BYTES:,}."
        return error("GS305", f"`{file.path}` is too large to be unpacked", detail, "", at)
    try:
        workbook: Any = CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
        sheets = {name: workbook.get_sheet_by_name(name) for name in _wanted(visible, file)}
        found = {
            name: (sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or [])
            for name, sheet in sheets.items()
        }
    except PasswordError:
        hint = "Save it without a password."
        return error("GS306", f"`{file.path}` is protected by a password", "", hint, at)
    except (CalamineError, OSError, ValueError) as failure:
        summary = f"`{file.path}` can't be read as a workbook"
        return error("GS306", summary, f"{str(failure).rstrip('.')}.", "Save it again.", at)
    return found or _which_sheet(visible, file)


def _unpacked_size(data: bytes) -> int:
    """Return how many bytes a workbook says that it has unpacked; 0 for what is packed in no way that can be told."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            return sum(each.file_size for each in archive.infolist())
    except _UNREADABLE:
        return 0


def _wanted(sheets: Sequence[str], file: MemberFile) -> Sequence[str]:
    sheet = file.reading.sheet if file.reading else None
    match sheet:
        case None:
            return sheets
        case int():
            return sheets[sheet - 1 : sheet]
        case _:
            return [name for name in sheets if name == sheet]


def _which_sheet(names: Sequence[str], file: MemberFile) -> Diagnostic:
    sheet = file.reading.sheet if file.reading else None
    summary = f"It is not clear which sheet of `{file.path}` to read"
    if sheet is not None:
        summary = f"`{file.path}` has no sheet `{shown(str(sheet))}`"
    detail = f"Its sheets are: {', '.join(f'`{shown(name)}`' for name in names)}."
    hint = f"Name the right one, such as `sheet: {scalar(names[0])}`." if names else ""
    return error("GS311", summary, detail, hint, file.at)


# --- What is seen, and not in the cells -------------------------------------------------------------------------------


def _hidden(data: bytes, sheet: str, rows: _Rows, file: MemberFile) -> Iterator[Diagnostic]:
    """Warn of rows that are hidden, where nothing is said of rows: who filtered the sheet does not see them."""
    if file.reading is not None and file.reading.where is not None:
        return
    hidden = [row for row in _hidden_rows(data, sheet) if row <= len(rows) and _is_filled(rows[row - 1])]
    if hidden:
        summary = (
            f"{counted(len(hidden), 'row')} of `{file.path}` {'is' if len(hidden) == 1 else 'are'} hidden, and read"
        )
        detail = "A sheet that is filtered still has all of its rows."
        hint = (
            "Delete those that are not meant; choose rows by `where`; or say that all are: `where: {everyone: true}`."
        )
        yield Diagnostic("GS321", Severity.WARNING, summary, detail, hint, SourceRange(file.path, hidden[0]))


def _hidden_rows(data: bytes, sheet: str) -> Iterator[int]:
    """Give the numbers of a sheet's hidden rows, from 1; nothing where its part of the workbook is not found."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            content = archive.read(_part_of(archive, sheet))
    except (*_UNREADABLE, KeyError, SyntaxError):
        return
    yield from (int(found[1]) for found in _HIDDEN_ROW.finditer(content))


def _part_of(archive: ZipFile, sheet: str) -> str:
    """Return the name of the part of a workbook that is a sheet.

    Source: ECMA-376 part 1, §18.2.19 (`sheet`) and part 2, §6.5 (relationships).

    Raises:
        KeyError: there is none.
        SyntaxError: a part is no XML.
    """
    from xml.etree import ElementTree as ET

    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    # Expat bounds what entities grow to (since 2.4.1).
    entries = ET.fromstring(archive.read("xl/workbook.xml")).iter()  # noqa: S314
    by_name: Mapping[str | None, str] = {
        each.get("name"): each.get(relation, "") for each in entries if each.get(relation)
    }
    parts = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels")).iter()  # noqa: S314
    targets = {each.get("Id"): each.get("Target", "") for each in parts}
    return normpath(join("/xl", targets[by_name[sheet]])).lstrip("/")


def _merged(ranges: _Ranges, file: MemberFile) -> Iterator[Diagnostic]:
    """Refuse cells that are merged over rows where `where` chooses rows: but for the first all of them are empty."""
    if file.reading is None or file.reading.where is None:
        return
    header = 1 if file.reading.header_row is None else file.reading.header_row
    for (first, column), (last, _) in ranges:
        if last > first and last >= header:
            detail = f"They go from row {first + 1} to row {last + 1}, and only the first has a value to choose by."
            hint = "Split them, and fill in each row."
            at = SourceRange(file.path, first + 1, column + 1)
            yield error("GS310", "Cells are merged over several rows", detail, hint, at)
            return


# --- As text ----------------------------------------------------------------------------------------------------------


def _is_filled(row: Sequence[object]) -> bool:
    return any(cell != "" for cell in row)


def _table(rows: _Rows) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=CELL_DELIMITER, lineterminator="\n")
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return stream.getvalue()


def _cell(value: object) -> str:
    """Return what a cell holds, on one line: whole numbers without a point, dates as 2026-11-25.

    A number whose last digits a sheet does not keep has an exponent, as it is shown: `1.234568E+19`.
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            if not value.is_integer():
                return format(Decimal(repr(value)), "f")
            return str(int(value)) if abs(value) < _EXACT else f"{value:E}"
        case datetime():
            return value.isoformat() if value.time() != time() else value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return " ".join(str(value).split())
