"""Tell a file that is no list of members by how it begins, whatever its name is. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from groupsync.members.text import error
from groupsync.model import SourceRange

if TYPE_CHECKING:
    from groupsync.model import Diagnostic

SAVE_AS_CSV: Final = (
    "Save it as CSV in UTF-8 (in Excel: `CSV UTF-8`) in the program that it comes from, and name that file."
)
_UNPACK: Final = "Unpack it, and name the file in it."
_BYTES: Final = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a file of an old Office program, such as an Excel workbook (.xls)",
        SAVE_AS_CSV,
    ),
    (b"%PDF-", "a PDF", "Ask for the list itself: a PDF is made to be printed."),
    (b"\x1f\x8b", "packed with gzip", _UNPACK),
    (b"PAR1", "a Parquet file", "Export it as CSV, or make it a source and its group a segment."),
    (b"SQLite format 3\0", "an SQLite database", "Export it as CSV, or make it a source and its group a segment."),
    (b"{\\rtf", "a document with formatting (RTF)", "Save it as plain text."),
    (b"version https://git-lfs.github.com/", "what Git LFS leaves in place of a file", "Get the file: `git lfs pull`."),
    (b"BEGIN:VCARD", "an address book (vCard)", "Export it as CSV."),
)
_IN_ARCHIVES: Final = (
    (b"xl/", "an Excel workbook", f"Name it .xlsx. Or: {SAVE_AS_CSV}"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "a workbook of LibreOffice", SAVE_AS_CSV),
    (b"word/", "a Word document", "Save it as plain text."),
)
"""What an archive has in it that is a document: the name of a part, as the archive writes it."""
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|head|body|table|\?xml|!--)[\s>-]?", re.IGNORECASE)
_JSON: Final = re.compile(rb"\s*[\[{]\s*[\"{\[]")


def told_by_its_start(data: bytes, path: str) -> Diagnostic | None:
    """Return what a file is that is certainly no list and no table; None where it may be one."""
    start = data[:512].removeprefix(b"\xef\xbb\xbf")
    found = next(((kind, hint) for mark, kind, hint in _BYTES if start.startswith(mark)), None)
    if start.startswith(b"PK\x03\x04"):
        inside = ((kind, hint) for mark, kind, hint in _IN_ARCHIVES if mark in data)
        found = next(inside, ("a ZIP archive", _UNPACK))
    elif _MARKUP.match(start):
        found = (
            "a web page, or another document of tags (HTML, XML)",
            "Download the list itself: you may have to log in.",
        )
    elif _JSON.match(start):
        found = "JSON", "Export it as CSV, or write one address a line."
    if found is None:
        return None
    kind, hint = found
    return error(
        "GS306", f"`{path}` is no member file: it is {kind}", "Its first bytes say so.", hint, SourceRange(path, 1, 1)
    )
