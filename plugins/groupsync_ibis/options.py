"""The options of an Ibis source, as a schema and as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from groupsync.errors import ConfigError
from groupsync.model.criteria import Type
from groupsync.secrets import Secret
from groupsync_ibis.cells import PLAIN, Notation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.backend import JsonSchema

SCHEMA: Final[JsonSchema] = {
    "type": "object",
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "pattern": "^[a-z][a-z0-9+.-]*://",
            "title": "URL",
            "description": "Which engine to ask. `duckdb://` alone reads files of the project; with a path, a DuckDB "
            "file. `postgresql://…` and `sqlite://…` are databases, `pyspark://` is the Spark session; any other URL "
            "that Ibis knows works as well. Nothing is ever written there.",
            "default": "duckdb://",
            "examples": ["duckdb://", "duckdb://data/shop.duckdb", "${env:CUSTOMERS_URL}", "pyspark://"],
        },
        "table": {
            "type": "string",
            "minLength": 1,
            "title": "Table",
            "description": "Where the customers are, one row each: a table or view, with its schema before a dot where "
            "it needs one, or on `duckdb://` the path of a .parquet or .csv file inside the project; `*` stands for "
            "any name, for a table in several files.",
            "examples": ["data/customers.parquet", "data/2026/*.parquet", "marketing.customers"],
        },
        "query": {
            "type": "string",
            "minLength": 1,
            "title": "Query",
            "description": "A SELECT in the engine's own SQL, in place of `table`. `$as_of` in it is the plan's "
            "instant: a timestamp with time zone, on SQLite a text such as `2026-11-25 12:30:00`.",
            "examples": ["SELECT c.*, o.orders FROM customers c JOIN order_counts o USING (email)"],
        },
        "id": {
            "type": "string",
            "minLength": 1,
            "title": "Id",
            "description": "The column that holds each customer's identifier.",
            "examples": ["email"],
        },
        "updated_at": {
            "type": "string",
            "minLength": 1,
            "title": "Updated at",
            "description": "The column that tells when a row last changed; the latest of all is how fresh the source "
            "is. Without it, when the file was last written, where there is one.",
            "examples": ["updated_at"],
        },
        "by_name": {
            "type": "boolean",
            "title": "By name",
            "description": "Whether a file of a `table` in several files may lack a column that another has; it is "
            "null there. Without it, that is an error.",
            "default": False,
        },
        "encoding": {
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
            "x-expected": "the name of an encoding, such as `windows-1252`, `utf-16` or `shift_jis`",
            "title": "Encoding",
            "description": "Which encoding CSV files have, by a name that Python knows.",
            "default": "utf-8",
            "examples": ["windows-1252", "utf-16", "shift_jis"],
        },
        "delimiter": {
            "type": "string",
            "pattern": '^[^"\\r\\n]$',
            "x-expected": 'one character that is no quote: `;`, or `"\\t"` for a tab',
            "title": "Delimiter",
            "description": "What stands between the cells of CSV files: one character. Without it, a comma, semicolon, "
            "tab or bar, as the header has it.",
            "examples": [";", "\t"],
        },
        "decimal": {
            "enum": [".", ","],
            "title": "Decimal",
            "description": "The mark before the fraction of numbers in CSV files. Where it is written, the other "
            "one of point and comma may part thousands.",
            "examples": [","],
        },
        "nulls": {
            "type": "array",
            "items": {"type": "string", "x-null": 'Put quotes around it: "NULL".'},
            "minItems": 1,
            "uniqueItems": True,
            "title": "Nulls",
            "description": "Cells of CSV files that mean no value, as an empty one always does; with blanks around "
            "them, too.",
            "examples": [["NULL", "n/a"]],
        },
        "types": {
            "type": "object",
            "additionalProperties": {"enum": ["text", "integer", "number", "decimal", "boolean", "date", "instant"]},
            "title": "Types",
            "description": "What columns are, by name. A value that is none of that type is null, and counts for "
            "`max_misfits`. Without it, a column of CSV files is what all of its cells are, and a text in doubt.",
            "examples": [{"uid": "integer", "zip": "text"}],
        },
        "formats": {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "pattern": "^(?=.*%[Yy])(?=.*%[mbB])(?=.*%d)(?=(?!.*%[MSf])|.*%[HI])"
                "(?=(?!.*%[Ip])|(?=.*%I).*%p)(?:[^%]|%[YymbBdHIMSfpz])+$",
                "x-expected": "a date or time in words of strptime, with its year, month and day, and its hour where "
                "it has minutes: `%d.%m.%Y`, `%m/%d/%y`, `%d.%m.%Y %H:%M`, `%m/%d/%Y %I:%M %p`",
            },
            "title": "Formats",
            "description": "How dates and times of text columns are written, by column, in words of strptime. Without "
            "it, only ISO 8601 is a date or a time.",
            "examples": [{"renews": "%m/%d/%Y"}],
        },
    },
    "required": ["id"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class IbisOptions:
    """The same as values; exactly one of `table` and `query` is not empty; `given` has the names of those written."""

    url: str | Secret
    id: str
    table: str = ""
    query: str = ""
    updated_at: str = ""
    by_name: bool = False
    encoding: str = "utf-8"
    delimiter: str = ""
    nulls: tuple[str, ...] = ()
    notation: Notation = PLAIN
    given: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: Mapping[str, Any], source: str) -> Self:
        """Take them from checked options.

        Raises:
            ConfigError: both or neither of `table` and `query` are given.
        """
        table, query = options.get("table", ""), options.get("query", "")
        if bool(table) is bool(query):
            found = "it has both" if table else "it has neither"
            summary = f"source `{source}` needs either `table` or `query`"
            raise ConfigError(summary, found, "Give the name of a table, or a SELECT in place of it.")
        return cls(
            options.get("url", "duckdb://"),
            options["id"],
            _text(table),
            _text(query),
            options.get("updated_at", ""),
            options.get("by_name", False),
            options.get("encoding", "utf-8"),
            options.get("delimiter", ""),
            tuple(options.get("nulls", ())),
            Notation(
                {column: Type(kind) for column, kind in options.get("types", {}).items()},
                dict(options.get("formats", {})),
                options.get("decimal", ""),
            ),
            tuple(options),
        )

    @property
    def engine(self) -> str:
        """The part of the URL that says which engine: `duckdb`, `postgresql`."""
        return self.revealed_url().partition("://")[0]

    @property
    def place(self) -> str:
        """The rest of the URL."""
        return self.revealed_url().partition("://")[2]

    def revealed_url(self) -> str:
        """Return the URL as text; it may hold a password."""
        return _text(self.url)


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
