"""The wire: how each engine is connected to, what is closed there, and how it is asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from groupsync.errors import GroupsyncError, SourceError
from groupsync.schema_words import closest
from groupsync.secrets import Secret, scrub
from groupsync.times import zone_name
from groupsync_ibis.compile import Dialect
from groupsync_ibis.files import is_file_name, listed, listed_names, quoted_name
from groupsync_ibis.loose import INSTANT, Loose
from groupsync_ibis.postgresql import types_of
from groupsync_ibis.query import one_select, with_instant
from groupsync_ibis.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import tzinfo
    from pathlib import Path

    from groupsync.source import Misfits, SourceContext
    from groupsync_ibis.options import IbisOptions

_MEMORY: Final = "384MB"
_CLOSED: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
_POSTGRES_OPTIONS: Final = "-c standard_conforming_strings=on -c default_transaction_read_only=on"
"""With `standard_conforming_strings=off` a backslash in a value would end its literal."""
_POSTGRES_TIMEOUT: Final = (
    "SELECT set_config('statement_timeout', '30min', false) WHERE current_setting('statement_timeout') = '0'"
)
"""No statement goes on for ever, whatever a definition asks; a limit that the server has is left alone."""
_BATCH_ROWS: Final = 100_000
_ENDS: Final = {"pyspark": r"\z", "sqlite": r"\Z"}


@dataclass(frozen=True, slots=True)
class Session:
    """A connection that can be asked.

    Attributes:
        engine: the Ibis backend.
        table: the customers, as an Ibis table.
        local: a DuckDB connection of this session's own; the engine's where that is DuckDB.
        folder: for what does not fit into memory; None where nothing large is asked for.
        dialect: in what the engine differs from others.
    """

    engine: Any
    table: Any
    local: Any = field(repr=False)
    folder: Path | None
    dialect: Dialect

    def sql(self, expression: Any) -> str:
        """Return an Ibis expression in the engine's SQL."""
        return str(self.engine.compile(expression))

    def relation(self, expression: Any, name: str) -> str:
        """Return what stands for an expression's rows in the FROM of one statement of `local`, once."""
        if self.engine.name == "duckdb":
            return f"({self.sql(expression)})"
        if self.engine.name == "pyspark":
            return self._spark_relation(expression, name)
        batches = self._sqlite_batches if self.engine.name == "sqlite" else self._batches
        self.local.register(name, batches(expression))
        return name

    def _batches(self, expression: Any) -> Any:
        return self.engine.to_pyarrow_batches(expression, chunk_size=_BATCH_ROWS)

    def _sqlite_batches(self, expression: Any) -> Any:
        """Read in batches; Ibis would hold all rows at once. SQLite has texts where other engines have times."""
        import pyarrow as pa

        schema = expression.schema().to_pyarrow()

        def batches() -> Iterator[Any]:
            cursor = self.engine.con.execute(self.sql(expression))
            while rows := cursor.fetchmany(_BATCH_ROWS):
                columns = [pa.array(values) for values in zip(*rows, strict=True)]
                cast = [column.cast(each.type) for column, each in zip(columns, schema, strict=True)]
                yield pa.record_batch(cast, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _spark_relation(self, expression: Any, name: str) -> str:
        """Let Spark write Parquet: rows that it hands over one by one take four times as long."""
        if self.folder is None:
            self.local.register(name, self.engine.to_pyarrow(expression))
            return name
        place = self.folder / name
        self.engine._session.sql(self.sql(expression)).write.parquet(str(place))  # noqa: SLF001 -- no public way
        quoted = str(place).replace("'", "''")
        return f"read_parquet('{quoted}/*.parquet')"


class Client:
    """One source's engine. Connected to when first asked."""

    def __init__(self, options: IbisOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._zone = zone_name(context.as_of)
        self._remote: Any = None
        self._reading = Reading(options, context)
        self._loose: Loose | None = None

    @contextmanager
    def session(self, folder: Path | None = None, columns: Collection[str] | None = None) -> Iterator[Session]:
        """Connect, and turn whatever goes wrong inside into `SourceError`.

        Args:
            folder: for what does not fit into memory.
            columns: those that are asked for, besides the identifier and `updated_at`; None for all.

        DuckDB is opened anew each time, so that what it writes is in the folder of the call.
        """
        local = None
        try:
            with self.explained():
                local = _duckdb(folder)
                engine = self._engine(local)
                dialect = _dialect(engine, self._context.as_of.tzinfo or UTC)
                yield Session(engine, self._zoned(self._table(engine, local, columns), dialect), local, folder, dialect)
        finally:
            if local is not None:
                local.close()

    def misfits(self, session: Session, columns: Collection[str]) -> tuple[Misfits, ...]:
        """Count the values of some columns that are none of their type."""
        if self._loose is not None:
            return self._loose.misfits(columns)
        return self._reading.misfits(session.local, columns) if session.engine.name == "duckdb" else ()

    def hints(self, session: Session, texts: Collection[str]) -> dict[str, str]:
        """Return how the config could say that columns are of another type, by name; `texts` are those of texts."""
        return self._reading.hints(session.local, [name for name in texts if name != self._options.id])

    @property
    def empty_files(self) -> tuple[str, ...]:
        """Names of the files that hold no rows, of the table that was asked for last."""
        return self._reading.empty_files

    def newest_file(self) -> datetime | None:
        """Return when the file that holds the customers was last written; None where there is no file."""
        options = self._options
        if self._reading.reader:
            paths = self._reading.files()
        elif options.engine in {"duckdb", "sqlite"} and options.place:
            paths = [self._database()]
        else:
            return None
        return datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC)

    def close(self) -> None:
        """Let go of the connection. A Spark session is its owner's to stop."""
        remote, self._remote = self._remote, None
        if remote is not None and remote.name != "pyspark":
            with self.explained():
                remote.disconnect()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn a library's exceptions into `SourceError`, without secrets."""
        try:
            yield
        except GroupsyncError:
            raise
        except ImportError as error:
            summary = f"source `{self._context.source}` needs a package that is not installed"
            raise SourceError(summary, str(error), "Install it: `pip install 'groupsync[segments]'`.") from error
        except Exception as error:  # engines' drivers raise what they like
            if _is_ours(error):
                raise
            lines = [line.strip() for line in scrub(str(error)).splitlines() if line.strip()]
            if broken := self._reading.broken(scrub(str(error))):
                summary = f"source `{self._context.source}` can't read `{broken[0]}`"
                raise SourceError(summary, broken[1], "Correct the file.") from error
            summary = f"source `{self._context.source}` did not answer"
            detail = f"{type(error).__name__}: {' '.join(lines[:3])[:500]}"
            raise SourceError(summary, detail, "See to the engine or to `url`, `table` and `query`.") from error

    def _engine(self, local: Any) -> Any:
        self._reading.check_options()
        if self._options.engine == "duckdb":
            import ibis

            return self._open_files(ibis.duckdb.from_connection(local), local)
        if self._remote is None:
            self._remote = self._connected()
        if self._remote.name == "pyspark":  # the session may be that of other sources, too
            self._remote._session.conf.set("spark.sql.session.timeZone", self._zone)  # noqa: SLF001 -- no public way
        return self._remote

    def _zoned(self, table: Any, dialect: Dialect) -> Any:
        """Return a table whose times without a zone are instants, read in the zone of the source."""
        if dialect.zone == UTC:
            return table
        schema = table.schema().items()
        local = {name: dtype for name, dtype in schema if dtype.is_timestamp() and not dtype.timezone}
        instants = {name: table[name].cast("timestamp('UTC')") for name in local}
        return table.mutate(**instants) if instants else table

    def _open_files(self, engine: Any, local: Any) -> Any:
        """Attach what the URL names, or take the files, and bar the way to all others."""
        local.execute(f"SET TimeZone = '{self._zone}'")  # Ibis has set it to UTC
        place = self._options.place
        if place:
            path = self._database()
            local.execute(f"ATTACH {listed([path])} AS customers (READ_ONLY)")
            local.execute("USE customers")
        local.execute(f"SET allowed_paths = [{listed(self._reading.readable())}]")
        if self._options.query:
            local.execute(f"SET allowed_directories = [{listed([self._context.root.resolve()])}]")
        local.execute("SET enable_external_access = false")
        local.execute("SET lock_configuration = true")
        return engine

    def _database(self) -> Path:
        """Return the database file that the URL names."""
        source, root = self._context.source, self._context.root.resolve()
        path = root / unquote(self._options.place)
        is_absolute = unquote(self._options.place).startswith("/")
        if not is_absolute and not path.resolve().is_relative_to(root):
            summary = f"the database of source `{source}` lies outside of the project"
            raise SourceError(
                summary, f"it leads to {path.resolve()}", "Give an absolute path, if that is meant.", option="url"
            )
        if not path.is_file():
            summary = f"source `{source}` has no database `{path}`"
            raise SourceError(summary, "there is no such file", "Correct `url`.", option="url")
        return path

    def _connected(self) -> Any:
        import ibis

        url = self._options.revealed_url()
        password = urlsplit(url).password
        if password:
            Secret(unquote(password)).reveal()  # from now on it is scrubbed from whatever is printed
        match self._options.engine:
            case "pyspark":
                return _spark(url)
            case "postgres" | "postgresql":
                connection = ibis.connect(url, options=_POSTGRES_OPTIONS)
                connection.raw_sql(_POSTGRES_TIMEOUT).close()
                connection.raw_sql(f"SELECT set_config('TimeZone', '{self._zone}', false)").close()
                return connection
            case "sqlite":
                import sqlite3

                place = f"{self._database().resolve().as_uri()}?mode=ro"
                # DuckDB takes the rows, from one of its threads at a time.
                return ibis.sqlite.from_connection(sqlite3.connect(place, uri=True, check_same_thread=False))
            case other:
                if self._zone != "UTC":
                    summary = f"`time_zone` of source `{self._context.source}` can't be kept by its engine"
                    hint = "DuckDB, PostgreSQL, SQLite and Spark can. Take it out."
                    raise SourceError(summary, f"the engine is {other}", hint, option="time_zone")
                return ibis.connect(url)

    def _table(self, engine: Any, local: Any, asked: Collection[str] | None) -> Any:
        options = self._options
        if options.engine == "duckdb":
            table = self._reading.table(engine, local, lambda: self._asked(engine))
        elif options.engine == "sqlite":
            table = self._checked(engine, asked)
        else:
            table = self._asked(engine)
        for option, column in (("id", options.id), ("updated_at", options.updated_at)):
            if column and column not in table.columns:
                summary = f"source `{self._context.source}` has no column `{column}`, which `{option}` names"
                near = closest(column, table.columns) or f"Correct `{option}`."
                raise SourceError(summary, f"it has {listed_names(table.columns)}", near, option=option)
        self._check_identifier(table[options.id].type())
        return table

    def _checked(self, engine: Any, columns: Collection[str] | None) -> Any:
        """Return the named columns of a table or query of SQLite, with values of their types alone."""
        options = self._options
        if options.query:
            relation = f"({self._select(engine)})"
        else:
            relation = ".".join(map(quoted_name, filter(None, self._place(engine))))
        loose = self._loose = Loose(engine, relation, self._context.as_of.tzinfo or UTC)
        types = loose.types
        if columns is not None and options.id in types:
            wanted = {*columns, options.id, options.updated_at}
            types = {name: dtype for name, dtype in types.items() if name in wanted}
        return engine.sql(loose.select(types), schema=types)

    def _asked(self, engine: Any) -> Any:
        if not self._options.query:
            return self._named_table(engine)
        query = self._select(engine)
        return engine.sql(query, schema=types_of(engine, query) if engine.name == "postgres" else None)

    def _check_identifier(self, dtype: Any) -> None:
        """Hold the type of identifiers to one that has each of them as it is written."""
        if dtype.is_string() or dtype.is_integer() or dtype.is_uuid() or (dtype.is_decimal() and not dtype.scale):
            return
        name, source = self._options.id, self._context.source
        hint = "Name another column in `id`."
        if dtype.is_floating():
            hint = f"Write them as texts; or, where they are whole numbers below 2^53, `types: {{{name}: integer}}`."
            if self._options.engine != "duckdb":
                hint = "Write a `query` that casts them to what they are."
        summary = f"source `{source}` can't tell customers apart by `{name}`"
        kind = str(dtype.copy(nullable=True)).lower()
        raise SourceError(
            summary, f"it is of the type {kind}, which does not hold identifiers as they are", hint, option="id"
        )

    def _select(self, engine: Any) -> str:
        """Return the query, which only reads, with the plan's instant and with files where DuckDB finds them.

        Raises:
            SourceError: it is none, or more than one statement, or has a parameter that is not known.
        """
        from sqlglot import exp

        query = with_instant(self._options, self._context.as_of, self._context.source)
        found = one_select(query, engine.dialect, self._context.source)
        if self._options.engine != "duckdb":
            return query.rstrip().rstrip(";")
        for table in found.find_all(exp.Table):
            for name in [table.this, *table.this.find_all(exp.Literal)]:
                if isinstance(name.this, str) and is_file_name(name.this):
                    name.set("this", str(self._context.root.resolve() / name.this))
        return str(found.sql(dialect=engine.dialect))

    def _named_table(self, engine: Any) -> Any:
        schema, name = self._place(engine)
        return engine.table(name, **({"database": schema} if schema else {}))

    def _place(self, engine: Any) -> tuple[str, str]:
        """Return the schema, empty for the usual one, and the name of the table, which is there."""
        schema, _, name = self._options.table.rpartition(".")
        at = {"database": schema} if schema else {}
        known = engine.list_tables(**at)
        if name not in known:
            summary = f"source `{self._context.source}` has no table `{self._options.table}`"
            near = closest(name, known) or "Correct `table`."
            raise SourceError(summary, f"it has {listed_names(known)}", near, option="table")
        return schema, name


def _dialect(engine: Any, zone: tzinfo) -> Dialect:
    import ibis.expr.operations as known

    splits = engine.has_operation(known.StringSplit) and engine.has_operation(known.Unnest)
    return Dialect(
        end=_ENDS.get(engine.name, "$"),
        has_nan=engine.has_operation(known.IsNan),
        splits=splits,
        is_postgres=engine.name == "postgres",
        goes_back=engine.name not in {"duckdb", "postgres"},
        has_wildcards=engine.name not in {"duckdb", "postgres", "pyspark"},
        zone=UTC if engine.name == "sqlite" else zone,
        reads_dates=INSTANT if engine.name == "sqlite" else "",
    )


def _duckdb(folder: Path | None) -> Any:
    """Open an empty DuckDB, which writes only into a folder and loads nothing from anywhere."""
    import duckdb

    spill = {"temp_directory": "" if folder is None else str(folder / "spill")}
    connection = duckdb.connect(
        ":memory:", config={**_CLOSED, **spill, "memory_limit": _MEMORY, "preserve_insertion_order": "false"}
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _spark(url: str) -> Any:
    import ibis
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    master = urlsplit(url).query.removeprefix("master=")
    session = (builder.master(master) if master else builder).getOrCreate()
    engine: Any = ibis.pyspark.connect(session)
    session.conf.set("spark.sql.variable.substitute", "false")
    session.conf.set("spark.sql.parser.escapedStringLiterals", "false")
    return engine


def _is_ours(error: Exception) -> bool:
    """Tell whether an exception is a bug of ours: of Python's own, and raised by our code, not by what it calls."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    is_from_here = trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("groupsync")
    return is_from_here and type(error).__module__ == "builtins" and not isinstance(error, OSError)
