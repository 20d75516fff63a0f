"""What the embedded DuckDB reads as customers: files, a table or a query, with one type for each column."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError
from groupsync.members.text import codec_of
from groupsync_ibis.csv_files import broken_row, check_lines, csv_sql, in_utf8, is_packed, not_utf8_line
from groupsync_ibis.files import files_of, quoted_name, reader_of
from groupsync_ibis.looks import hint_for, hint_for_guess
from groupsync_ibis.parquet import is_empty, parquet_sql
from groupsync_ibis.typed import declared_columns, guessed_columns, misfits, typed_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from groupsync.source import Misfits, SourceContext
    from groupsync_ibis.options import IbisOptions
    from groupsync_ibis.typed import TypedColumn

_CSV_OPTIONS: Final = ("encoding", "delimiter", "decimal", "nulls")
_LOOKED_AT: Final = 200
_LOOKED_INTO: Final = 100
_TYPED: Final = ("types", "formats")
_UTF8: Final = frozenset(["utf-8", "utf-8-sig"])


class Reading:
    """Reads for one source; what was found out about its files is kept while they are the same."""

    def __init__(self, options: IbisOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._root = context.root.resolve()
        self._guessed: dict[tuple[object, ...], list[TypedColumn]] = {}
        self._copies: dict[tuple[object, ...], Path] = {}
        self._checked: set[tuple[object, ...]] = set()
        self._folder: Path | None = None
        self._relation = ""
        self.empty_files: tuple[str, ...] = ()
        self._columns: list[TypedColumn] = []
        self._guesses: list[TypedColumn] = []

    @property
    def reader(self) -> str | None:
        """Which DuckDB function reads the files that are named; None where none are."""
        options = self._options
        return reader_of(options.table) if options.engine == "duckdb" and not options.place else None

    def files(self) -> list[Path]:
        """Return the files that are named, sorted."""
        return files_of(self._root, self._options.table, self._context.source)

    def check_options(self) -> None:
        """Refuse options that say nothing about what is read.

        Raises:
            SourceError: there is one.
        """
        for names, goes, of, instead in (
            (_CSV_OPTIONS, self.reader == "read_csv", "CSV files", "name such files in `table`"),
            (("by_name",), bool(self.reader), "files", "name files in `table`"),
            (_TYPED, self._options.engine == "duckdb", "files and DuckDB", "write a `query` that casts the column"),
        ):
            for name in names:
                if name in self._options.given and not goes:
                    summary = f"`{name}` is for {of}, and source `{self._context.source}` has none"
                    raise SourceError(summary, "", f"Take it out, or {instead}.", option=name)

    def readable(self) -> list[Path]:
        """Return the files that DuckDB reads: in UTF-8 and unpacked, copies where they are not.

        Raises:
            SourceError: they are not of the encoding that the config says, not whole, or with a line that is too
            long; or there is no such encoding.
        """
        if self.reader is None:
            return []
        paths = self.files()
        if self.reader != "read_csv":
            return paths
        try:
            codec = codec_of(self._options.encoding)
        except ValueError as error:
            raise SourceError(
                f"source `{self._context.source}` has an encoding that is not known",
                f"found `{self._options.encoding}`, expected a name such as `windows-1252`, `utf-16` or `shift_jis`",
                "Correct the name.",
                option="encoding",
            ) from error
        found = [self._copy(path, codec) if is_packed(path) or codec not in _UTF8 else path for path in paths]
        for state, path in ((_state(path), path) for path in found):
            if state not in self._checked:
                check_lines(path, self._context.source)
                self._checked.add(state)
        return found

    def table(self, engine: Any, local: Any, named: Callable[[], Any]) -> Any:
        """Return the customers as an Ibis table.

        Args:
            engine: the Ibis backend.
            local: its connection.
            named: gives the table or query that the options name, where that is no file.
        """
        reader, notation, source = self.reader, self._options.notation, self._context.source
        guessed: list[TypedColumn] = []
        if reader == "read_csv":
            paths = self.readable()
            self._relation, names, self.empty_files = csv_sql(paths, source, self._options)
            schema = engine.sql(self._relation).schema()
        elif reader:
            paths = self.files()
            self.empty_files = tuple(path.name for path in paths if is_empty(path))
            self._relation = parquet_sql(
                paths,
                self._root,
                source,
                lambda relation: engine.sql(f"FROM {relation}").schema(),
                by_name=self._options.by_name,
            )
            schema = engine.sql(self._relation).schema() if notation.types or notation.formats else {}
            names = list(schema)
        else:
            table = named()
            schema, names = table.schema(), list(table.columns)
            self._relation = str(engine.compile(table)) if notation.types or notation.formats else ""
        self._columns = declared_columns(schema, notation, source) if notation.types or notation.formats else []
        if reader == "read_csv":
            told = {each.name for each in self._columns}
            texts = {name for name in names if name == self._options.id or notation.declared(name)} - told
            guessed = self._guess(local, paths, [name for name in names if name not in texts])
            whole = {each.name for each in guessed}
            self._columns = [each for each in self._columns if each.name not in whole]
        self._guesses = [each for each in guessed if notation.declared(each.name) is None]
        columns = [*self._columns, *guessed]
        if not reader:
            return engine.sql(typed_sql(self._relation, names, columns)) if columns else table
        text = typed_sql(self._relation, names, columns) if columns else self._relation
        local.execute(f"CREATE TEMP VIEW {quoted_name(self._options.table)} AS {text}")
        return engine.table(self._options.table)

    def hints(self, local: Any, texts: Sequence[str]) -> dict[str, str]:
        """Return how the config could say that columns of files are of another type, by name.

        Args:
            local: the connection.
            texts: the columns of texts, by whose first cells one can see what they look like.
        """
        if not self.reader:
            return {}
        is_csv = self.reader == "read_csv"
        found = {each.name: hint_for_guess(each.name) for each in self._guesses}
        chosen = ", ".join(f"left({quoted_name(name)}, {_LOOKED_INTO})" for name in texts)
        rows = local.execute(f"SELECT {chosen} FROM ({self._relation}) LIMIT {_LOOKED_AT}").fetchall() if texts else []
        for name, cells in zip(texts, zip(*rows, strict=True), strict=False):
            known = [cell.strip() for cell in cells if cell is not None and cell.strip()]
            found[name] = hint_for(name, known, is_csv=is_csv)
        return found

    def broken(self, message: str) -> tuple[str, str] | None:
        """Return the name of the CSV file that DuckDB complains of, and what is wrong with which line."""
        if self.reader != "read_csv":
            return None
        found = ((path.name, not_utf8_line(path)) for path in self.readable())
        return next(((name, line) for name, line in found if line), None) or broken_row(message)

    def misfits(self, local: Any, names: Collection[str]) -> tuple[Misfits, ...]:
        """Count values that do not fit, of the named columns of the table that was asked for last."""
        return misfits(local, self._relation, self._columns, names)

    def _guess(self, local: Any, paths: list[Path], names: list[str]) -> list[TypedColumn]:
        key = (*map(_state, paths), *names)
        if key not in self._guessed:
            self._guessed = {key: guessed_columns(local, self._relation, names, self._options.notation)}
        return self._guessed[key]

    def _copy(self, path: Path, encoding: str) -> Path:
        key = _state(path)
        if key not in self._copies:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="groupsync-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            place = self._folder / str(len(self._copies))
            place.mkdir()
            self._copies[key] = in_utf8(path, encoding, place, self._context.source)
        return self._copies[key]


def _state(path: Path) -> tuple[object, ...]:
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size
