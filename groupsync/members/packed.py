"""Read what is no plain text: a sheet of a workbook, as the text of a table, and texts packed with gzip. Pure.

A workbook becomes a table with a line for each row of the sheet, so that rows have the numbers that Excel shows.
"""

from __future__ import annotations

import csv
import io
import zlib
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from groupsync.members.text import decode, error, shown
from groupsync.model import Diagnostic, SourceRange
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import MemberFile

WORKBOOKS: Final = (".xlsx", ".xlsm")
CELL_DELIMITER: Final = "\t"
_MAX_UNPACKED_BYTES: Final = 1 << 30


def is_workbook(path: str) -> bool:
    """Tell whether a file is a workbook by its name."""
    return path.casefold().endswith(WORKBOOKS)


def unpacked(data: bytes, path: str) -> bytes | Diagnostic:
    """Return what is packed with gzip, or why it can't be unpacked."""
    hint = "Copy or export it again."
    found = bytearray()
    rest = data
    try:
        while rest:
            unpack = zlib.decompressobj(wbits=31)
            found += unpack.decompress(rest, _MAX_UNPACKED_BYTES + 1 - len(found))
            if len(found) > _MAX_UNPACKED_BYTES:
                detail = f"It has more than {_MAX_UNPACKED_BYTES:,} bytes."
                return error("GS305", f"`{path}` is too large to be unpacked", detail, "", SourceRange(path, 1, 1))
            if not unpack.eof:
                return error(
                    "GS306", f"`{path}` is cut short", "What gzip packed has no end.", hint, SourceRange(path, 1, 1)
                )
            rest = unpack.unused_data.lstrip(b"\0")
    except zlib.error:
        detail = "Its name says that it is packed with gzip."
        return error("GS306", f"`{path}` can't be unpacked", detail, hint, SourceRange(path, 1, 1))
    return bytes(found)


def text_of_sheet(data: bytes, file: MemberFile) -> str | Diagnostic:
    """Return a sheet of a workbook as the text of a table, or why it can't be read."""
    at = SourceRange(file.path, 1, 1)
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum
    except ImportError:
        hint = "Install it: `pip install 'groupsync[excel]'`; or save the sheet as CSV in UTF-8."
        return error("GS306", f"`{file.path}` is a workbook, which needs python-calamine", "", hint, file.at)
    try:
        workbook: Any = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
        rows = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in _wanted(sheets, file)
        }
    except PasswordError:
        hint = "Save it without a password."
        return error("GS306", f"`{file.path}` is protected by a password", "", hint, at)
    except (CalamineError, OSError, ValueError) as failure:
        summary = f"`{file.path}` can't be read as a workbook"
        return error("GS306", summary, f"{str(failure).rstrip('.')}.", "Save it again.", at)
    filled = [name for name, each in rows.items() if any(any(cell != "" for cell in row) for row in each)]
    if len(filled) > 1 or not rows:
        return _which_sheet(filled or sheets, file)
    return decode(_table(rows[filled[0]]).encode() if filled else b"", file.path)


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


def _table(rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=CELL_DELIMITER, lineterminator="\n")
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    return stream.getvalue()


def _cell(value: object) -> str:
    """Return what a cell shows, on one line: whole numbers without a point, dates as 2026-11-25."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.isoformat() if value.time() != time() else value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return " ".join(str(value).split())
