"""A query of the config: one SELECT, in which `$as_of` is the plan's instant; and what in it asks the clock. Pure."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync_ibis.options import IbisOptions

AS_OF: Final = "$as_of"
_SHOWN_CHARACTERS: Final = 300
_DIALECTS: Final = {"duckdb": "duckdb", "postgres": "postgres", "postgresql": "postgres", "sqlite": "sqlite"} | {
    "pyspark": "spark"
}
"""Engines that can be given the plan's instant, and what sqlglot calls their SQL."""
_TYPES: Final = {"duckdb": "TIMESTAMPTZ", "postgres": "TIMESTAMPTZ", "spark": "TIMESTAMP"}
_CLOCKS: Final = frozenset([
    "now", "today", "get_current_timestamp", "get_current_time", "clock_timestamp", "statement_timestamp",
    "transaction_timestamp", "timeofday", "getdate", "getutcdate", "sysdate", "systimestamp", "curdate", "curtime",
    "current_date", "current_time", "current_timestamp", "current_datetime", "localtime", "localtimestamp",
    "current_localtime", "current_localtimestamp", "utc_date", "utc_time", "utc_timestamp",
])  # fmt: skip
"""Functions that ask the engine's clock."""
_RELATIVE: Final = frozenset(["now", "today", "yesterday", "tomorrow"])
"""Texts that engines take for a time that depends on the clock."""
_OF_TEXTS: Final = frozenset(["date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff"])
"""Functions that read such a text on SQLite, and ask the clock where they are given none."""


def one_select(query: str, dialect: Any, source: str) -> Any:
    """Return a query as sqlglot has it.

    Raises:
        SourceError: it is none, or more than one statement, or can't be read.
    """
    import sqlglot

    with _reading(source):
        found = [each for each in sqlglot.parse(query, dialect=dialect) if each is not None]
    if len(found) != 1 or not isinstance(found[0], sqlglot.exp.Query):
        what = f"{len(found)} statements" if len(found) != 1 else f"a statement that is no SELECT ({found[0].key})"
        summary = f"the query of source `{source}` must be one SELECT"
        raise SourceError(summary, f"found {what}", "Correct `query`.", option="query")
    return found[0]


def with_instant(options: IbisOptions, as_of: datetime, source: str) -> str:
    """Return the query with the plan's instant in place of each `$as_of`, as a literal of the engine.

    Texts, comments and quoted names stay as they are.

    Args:
        options: they have a query.
        as_of: the instant.
        source: the source's name, for messages.

    Raises:
        SourceError: another name follows a `$`, or the engine is none that an instant can be written for, or the query
            can't be read.
    """
    query = options.query
    if "$" not in query:
        return query
    dialect = _DIALECTS.get(options.engine)
    if dialect is None:
        if AS_OF not in query.lower():
            return query
        summary = f"the query of source `{source}` has `{AS_OF}`, which this engine can't be given"
        hint = "DuckDB, PostgreSQL, SQLite and Spark can. Take it out."
        raise SourceError(summary, f"the engine is {options.engine}", hint, option="query")
    with _reading(source):
        places = list(_parameters(query, dialect))
    found, end = [], 0
    for start, stop in places:
        name = query[start:stop]
        if name.lower() != AS_OF:
            summary = f"the query of source `{source}` has `{name}`, which stands for nothing"
            hint = f"Write `{AS_OF}` for the plan's instant, or put quotes around a text."
            raise SourceError(summary, f"`{AS_OF}` alone is known", hint, option="query")
        found += [query[end:start], _literal(as_of, dialect)]
        end = stop
    return "".join([*found, query[end:]])


def clocks(options: IbisOptions) -> tuple[str, ...]:
    """Return what in a query asks the engine's clock, each once, in lower case; nothing where it can't be parsed."""
    dialect = _DIALECTS.get(options.engine)
    if not options.query or dialect is None:
        return ()
    import sqlglot

    try:
        trees = sqlglot.parse(options.query, dialect=dialect)
    except sqlglot.errors.SqlglotError:
        return ()
    found = (_clock(node, options.query, dialect) for tree in trees if tree is not None for node in tree.walk())
    return tuple(dict.fromkeys(name for name in found if name))


@contextmanager
def _reading(source: str) -> Iterator[None]:
    """Turn what is wrong with the SQL of a query into an error of the config."""
    import sqlglot

    try:
        yield
    except sqlglot.errors.SqlglotError as error:
        told = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())[:_SHOWN_CHARACTERS]
        summary = f"the query of source `{source}` can't be read"
        raise SourceError(summary, told, "Correct `query`.", option="query") from error


def _parameters(query: str, dialect: str) -> Iterator[tuple[int, int]]:
    """Give where each `$name` begins and ends, from left to right."""
    import sqlglot
    from sqlglot import TokenType

    tokens = sqlglot.tokenize(query, dialect=dialect)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type is TokenType.VAR and token.text.startswith("$"):
            yield token.start, token.end + 1
        elif token.token_type is TokenType.PARAMETER and token.text == "$" and following is not None:
            is_name = following.start == token.end + 1 and query[following.start : following.start + 1].isidentifier()
            if is_name:
                yield token.start, following.end + 1


def _literal(as_of: datetime, dialect: str) -> str:
    if dialect == "sqlite":
        return f"'{as_of.replace(tzinfo=None).isoformat(' ')}'"
    return f"CAST('{as_of.astimezone(UTC).isoformat(' ')}' AS {_TYPES[dialect]})"


def _clock(node: Any, query: str, dialect: str) -> str:
    """Return the name of what a part of a query asks the clock by, as written; empty where it does not."""
    from sqlglot import exp

    if isinstance(node, exp.Cast) and dialect != "sqlite":
        text = node.this.name.strip().lower() if isinstance(node.this, exp.Literal) and node.this.is_string else ""
        return f"'{text}'" if text in _RELATIVE else ""
    if not isinstance(node, exp.Func):
        return ""
    known = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
    name = query[node.meta["start"] : node.meta["end"] + 1].lower() if "start" in node.meta else known
    if known in _CLOCKS or name in _CLOCKS:
        return name
    if name == "age" and dialect in {"duckdb", "postgres"}:
        return name if len(node.expressions) == 1 else ""
    if dialect == "sqlite" and name in _OF_TEXTS:
        texts = {each.name.lower() for each in node.find_all(exp.Literal) if each.is_string}
        given = node.expressions if isinstance(node, exp.Anonymous) else any(node.args.values())
        return name if "now" in texts or not given else ""
    return ""
