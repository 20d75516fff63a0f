"""Customers in CSV files: their text as one relation of texts, whatever each file is like."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError
from groupsync.wording import counted
from groupsync_ibis.files import listed, quoted_name
from groupsync_ibis.widening import Layout, common_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from groupsync_ibis.options import IbisOptions

_HEAD_BYTES: Final = 65_536
_DELIMITERS: Final = (",", ";", "\t", "|")
_WRITTEN: Final = {"\t": "\\t"}
_SEPARATOR: Final = re.compile(r"(?i)sep=(.)\r?\n")
_SHOWN_CHARACTERS: Final = 100
_CHUNK_CHARACTERS: Final = 1 << 20
_LONGEST_BYTES: Final = 2_000_000
_TOO_LONG: Final = "it has more than 2 MB"
_QUOTE: Final = "a quote that is never closed, or that more text follows"
_MIXED: Final = "its lines end in different ways, or a cell that has a line break is not in quotes"
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


def csv_sql(paths: Sequence[Path], source: str, options: IbisOptions) -> tuple[str, list[str], tuple[str, ...]]:
    """Return the SELECT for the rows of CSV files as texts, the names of its columns, and those of files without rows.

    The first record names the columns. A cell that is empty, quoted or not, or is among `nulls`, is null.

    Args:
        paths: at least one, sorted, in UTF-8.
        source: the source's name, for messages.
        options: how they are to be read.

    Raises:
        SourceError: a file has no header, or other columns than the others.
    """
    groups: dict[_Shape, list[Path]] = {}
    empty = []
    for path in paths:
        shape, has_rows = _shape(path, source, options)
        groups.setdefault(shape, []).append(path)
        if not has_rows:
            empty.append(path.name)
    import ibis.expr.datatypes as dt

    layouts = [Layout(files[0].name, dict.fromkeys(shape.columns, dt.string)) for shape, files in groups.items()]
    columns = list(common_types(layouts, source, by_name=options.by_name))
    selects = [_select(shape, files, columns, options) for shape, files in groups.items()]
    return " UNION ALL ".join(selects), columns, tuple(empty)


def _select(shape: _Shape, files: Sequence[Path], columns: Sequence[str], options: IbisOptions) -> str:
    types = ", ".join(f"{listed([name])}: 'VARCHAR'" for name in shape.columns)
    read = (
        f"read_csv([{listed(files)}], auto_detect = false, compression = 'none', header = true, "
        f"skip = {shape.skipped}, delim = {listed([shape.delimiter])}, quote = '\"', escape = '\"', nullstr = [''], "
        f"columns = {{{types}}})"
    )
    names = [
        _cell(quoted_name(name), options) if name in shape.columns else f"NULL::VARCHAR AS {quoted_name(name)}"
        for name in columns
    ]
    return f"SELECT {', '.join(names)} FROM {read}"


def _cell(name: str, options: IbisOptions) -> str:
    if not options.nulls:
        return name
    return f"CASE WHEN trim({name}) NOT IN ({listed(options.nulls)}) THEN {name} END AS {name}"


def _shape(path: Path, source: str, options: IbisOptions) -> tuple[_Shape, bool]:
    """Return how a file is to be read, and whether it has a row."""
    head = _head(path, source)
    told = _SEPARATOR.match(head)
    text = head[told.end() :] if told else head
    tab = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ""
    delimiter = options.delimiter or (told[1] if told else "") or tab or _likely_delimiter(text, options.id)
    columns = _header(text, delimiter)
    _check_header(columns, f"source `{source}` can't read `{path.name}`")
    if options.delimiter and options.id not in columns:
        likely = _likely_delimiter(text, options.id)
        if options.id in _header(text, likely):
            summary = f"the header of `{path.name}` does not have `{options.id}` between delimiters"
            hint = f'Write `delimiter: "{_WRITTEN.get(likely, likely)}"`, or take it out.'
            raise SourceError(summary, f"found `{text.splitlines()[0][:_SHOWN_CHARACTERS]}`", hint, option="delimiter")
    has_rows = path.stat().st_size > _HEAD_BYTES or sum(map(bool, _records(text, delimiter))) > 1
    return _Shape(delimiter, 1 if told else 0, columns), has_rows


def _check_header(columns: Sequence[str], summary: str) -> None:
    if not any(columns):
        raise SourceError(summary, "the file has no header", "Name the columns in its first line.")
    known: dict[str, str] = {}
    for name in columns:  # DuckDB takes `x` and `X` for one
        if name.lower() in known:
            before = known[name.lower()]
            what = f"`{name}` more than once" if name == before else f"both `{before}` and `{name}`"
            hint = "Give each column a name of its own, which differs in more than capital letters."
            raise SourceError(summary, f"its header has {what}", hint)
        known[name.lower()] = name


def _likely_delimiter(text: str, wanted: str) -> str:
    """Return what parts the header into columns: such that one is the identifier, and into as many as can be."""
    headers = {each: _header(text, each) for each in _DELIMITERS}
    return max(_DELIMITERS, key=lambda each: (wanted in headers[each], len(headers[each])))


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    names = [name.strip() for name in next(_records(text, delimiter), ())]
    return tuple(name or f"column {number}" for number, name in enumerate(names, 1)) if any(names) else ()


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)


def _head(path: Path, source: str) -> str:
    with path.open("rb") as stream:
        data = stream.read(_HEAD_BYTES)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, source) from error


def _not_utf8(path: Path, source: str) -> SourceError:
    with _bytes(path) as stream:
        start: bytes = stream.read(4)
    seen = next((name for bom, name in _BOMS if start.startswith(bom)), "")
    hint = f"Write `encoding: {seen}`." if seen else "Write which encoding it has: `encoding: windows-1252`."
    return SourceError(f"source `{source}` can't read `{path.name}`", "it is not UTF-8", hint)


def _bytes(path: Path) -> Any:
    return gzip.open(path) if is_packed(path) else path.open("rb")


def in_utf8(path: Path, encoding: str, folder: Path, source: str) -> Path:
    """Write a file that is packed or of another encoding into a folder, unpacked and in UTF-8.

    DuckDB takes a packed file that was cut for one that ends there, so that it gets none.

    Raises:
        SourceError: it is not of that encoding, or not whole.
    """
    target = folder / path.name  # as messages should call it
    try:
        with (
            io.TextIOWrapper(_bytes(path), encoding, newline="") as reader,
            target.open("w", encoding="utf-8", newline="") as writer,
        ):
            while text := reader.read(_CHUNK_CHARACTERS):
                writer.write(text)
    except UnicodeError as error:
        if encoding.startswith("utf-8"):
            raise _not_utf8(path, source) from error
        raise SourceError(
            f"source `{source}` can't read `{path.name}`", f"it is not {encoding}: {error}", "Correct `encoding`."
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = "it was cut: it ends in the middle" if isinstance(error, EOFError) else f"it can't be unpacked: {error}"
        raise SourceError(f"source `{source}` can't read `{path.name}`", what, "Write the file anew.") from error
    return target


def check_lines(path: Path, source: str) -> None:
    """Refuse a file with a line that is longer than what DuckDB reads: it can leave such a last row out in silence.

    Raises:
        SourceError: there is one.
    """
    if path.stat().st_size <= _LONGEST_BYTES:
        return
    line, unbroken = 1, 0
    with path.open("rb") as stream:
        while chunk := stream.read(_LONGEST_BYTES // 2):
            breaks = chunk.count(b"\n") or chunk.count(b"\r")
            unbroken = 0 if breaks else unbroken + len(chunk)
            line += breaks
            if unbroken >= _LONGEST_BYTES:
                summary = f"source `{source}` can't read `{path.name}`"
                raise SourceError(summary, f"line {line:,}: {_TOO_LONG}", "Correct the file.")


def not_utf8_line(path: Path) -> str:
    """Return which line of a file is not UTF-8; empty where all are. DuckDB can fail without telling so."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"line {number:,}: it is not UTF-8"
    return ""


def broken_row(message: str) -> tuple[str, str] | None:
    """Return the name of the file and what is wrong with which line, where DuckDB's message tells of one."""
    file = re.search(r"^ *file = (?:.*/)?(.+)$", message, re.MULTILINE)
    line = re.search(r"CSV Error on Line: (\d+)", message)
    if not line:
        what = _MIXED if "invalid state" in message else _QUOTE if "unterminated quote" in message else ""
        return (file[1], what) if file and what else None
    written = re.search(r"^Original Line: ?(.*)$", message, re.MULTILINE)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    what = f"it has {counted(int(cells[2]), 'cell')}, and the header has {cells[1]}" if cells else _reason(message)
    shown = f": '{written[1][:_SHOWN_CHARACTERS]}'" if written else ""
    return file[1] if file else "a file", f"line {line[1]}: {what}{shown}"


def _reason(message: str) -> str:
    if "Maximum line size" in message:
        return _TOO_LONG
    return _QUOTE if "unterminated quote" in message else "it can't be read"


def is_packed(path: Path) -> bool:
    """Tell whether a file is packed by gzip, by its name."""
    return path.name.lower().endswith(".gz")
