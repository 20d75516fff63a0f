"""Customers in CSV files: their text as one relation of texts, whatever each file is like."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError
from groupsync.wording import counted
from groupsync_ibis.files import listed, quoted_name
from groupsync_ibis.widening import Layout, common_types

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from groupsync_ibis.options import IbisOptions

_HEAD_CHARACTERS: Final = 65_536
_DELIMITERS: Final = (",", ";", "\t", "|")
_SEPARATOR: Final = re.compile(r"(?i)sep=(.)\r?\n")
_SHOWN_CHARACTERS: Final = 100
_CHUNK_CHARACTERS: Final = 1 << 20
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a file is to be read.

    Attributes:
        delimiter: one character.
        skipped: lines before the header.
        columns: names of its header.
    """

    delimiter: str
    skipped: int
    columns: tuple[str, ...]


def csv_sql(paths: Sequence[Path], source: str, options: IbisOptions) -> tuple[str, list[str]]:
    """Return the SELECT for the rows of CSV files as texts, and the names of its columns.

    The first record names the columns. A cell that is empty, quoted or not, or is among `nulls`, is null.

    Args:
        paths: at least one, sorted, in UTF-8.
        source: the source's name, for messages.
        options: how they are to be read.

    Raises:
        SourceError: a file has no header, or other columns than the others.
    """
    groups: dict[_Shape, list[Path]] = {}
    for path in paths:
        groups.setdefault(_shape(path, source, options), []).append(path)
    import ibis.expr.datatypes as dt

    layouts = [Layout(files[0].name, dict.fromkeys(shape.columns, dt.string)) for shape, files in groups.items()]
    columns = list(common_types(layouts, source, by_name=options.by_name))
    selects = [_select(shape, files, columns, options) for shape, files in groups.items()]
    return " UNION ALL ".join(selects), columns


def _select(shape: _Shape, files: Sequence[Path], columns: Sequence[str], options: IbisOptions) -> str:
    types = ", ".join(f"{listed([name])}: 'VARCHAR'" for name in shape.columns)
    read = (
        f"read_csv([{listed(files)}], auto_detect = false, header = true, skip = {shape.skipped}, "
        f"delim = {listed([shape.delimiter])}, quote = '\"', escape = '\"', nullstr = [''], columns = {{{types}}})"
    )
    names = [
        _cell(quoted_name(name), options) if name in shape.columns else f"NULL::VARCHAR AS {quoted_name(name)}"
        for name in columns
    ]
    return f"SELECT {', '.join(names)} FROM {read}"


def _cell(name: str, options: IbisOptions) -> str:
    return f"CASE WHEN {name} NOT IN ({listed(options.nulls)}) THEN {name} END AS {name}" if options.nulls else name


def _shape(path: Path, source: str, options: IbisOptions) -> _Shape:
    head = _head(path, source)
    told = _SEPARATOR.match(head)
    text = head[told.end() :] if told else head
    tab = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ""
    delimiter = options.delimiter or (told[1] if told else "") or tab or _likely_delimiter(text, options.id)
    columns = _header(text, delimiter)
    if not any(columns):
        raise SourceError(
            f"source `{source}` can't read `{path.name}`",
            "the file has no header",
            "Name the columns in its first line.",
        )
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise SourceError(
            f"source `{source}` can't read `{path.name}`",
            f"its header has `{min(twice)}` more than once",
            "Give each column a name of its own.",
        )
    return _Shape(delimiter, 1 if told else 0, columns)


def _likely_delimiter(text: str, wanted: str) -> str:
    """Return what parts the header into columns: such that one is the identifier, and into as many as can be."""
    headers = {each: _header(text, each) for each in _DELIMITERS}
    return max(_DELIMITERS, key=lambda each: (wanted in headers[each], len(headers[each])))


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    record: list[str] = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    names = [name.strip() for name in record]
    return tuple(name or f"column {number}" for number, name in enumerate(names, 1)) if any(names) else ()


def _head(path: Path, source: str) -> str:
    with _bytes(path) as stream:
        data: bytes = stream.read(_HEAD_CHARACTERS)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        seen = next((name for bom, name in _BOMS if data.startswith(bom)), "")
        hint = f"Write `encoding: {seen}`." if seen else "Write which encoding it has: `encoding: windows-1252`."
        raise SourceError(f"source `{source}` can't read `{path.name}`", "it is not UTF-8", hint) from error


def in_utf8(path: Path, encoding: str, folder: Path, source: str) -> Path:
    """Write a file of another encoding in UTF-8 into a folder.

    Raises:
        SourceError: it is not of that encoding.
    """
    target = folder / path.name.removesuffix(".gz").removesuffix(".GZ")
    try:
        with (
            io.TextIOWrapper(_bytes(path), encoding, newline="") as reader,
            target.open("w", encoding="utf-8", newline="") as writer,
        ):
            while text := reader.read(_CHUNK_CHARACTERS):
                writer.write(text)
    except UnicodeError as error:
        raise SourceError(
            f"source `{source}` can't read `{path.name}`", f"it is not {encoding}: {error}", "Correct `encoding`."
        ) from error
    return target


def broken_row(message: str) -> tuple[str, str] | None:
    """Return the name of the file and what is wrong with which line, where DuckDB's message tells of one."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    if not line:
        return None
    written = re.search(r"^Original Line: ?(.*)$", message, re.MULTILINE)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    file = re.search(r"^ *file = (?:.*/)?(.+)$", message, re.MULTILINE)
    what = f"it has {counted(int(cells[2]), 'cell')}, and the header has {cells[1]}" if cells else _reason(message)
    shown = f": '{written[1][:_SHOWN_CHARACTERS]}'" if written else ""
    return file[1] if file else "a file", f"line {line[1]}: {what}{shown}"


def _reason(message: str) -> str:
    lines = [line.strip().rstrip(".") for line in message.splitlines()[1:]]
    told = [line for line in lines if line and not line.startswith("Original Line")]
    return (told[0][0].lower() + told[0][1:]) if told else "it can't be read"


def _bytes(path: Path) -> Any:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")
