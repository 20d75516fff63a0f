"""What Ibis does by writing, where PostgreSQL may only be read."""

from __future__ import annotations

from typing import Any, Final

_TYPES: Final = """\
SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = type) THEN 'enum'
       ELSE pg_catalog.format_type(type, modifier) END
FROM unnest(%(types)s::oid[], %(modifiers)s::int[]) WITH ORDINALITY AS asked (type, modifier, number)
ORDER BY number"""


def types_of(engine: Any, query: str) -> dict[str, Any]:
    """Return the types of a query's columns by name. Ibis would make a view of it, which is a write.

    Args:
        engine: the Ibis backend.
        query: one SELECT.
    """
    with engine.con.transaction(), engine.con.cursor() as cursor:
        cursor.execute(f"SELECT * FROM (\n{query}\n) AS asked LIMIT 0")
        columns = cursor.description or []
        types = [column.type_code for column in columns]
        modifiers = [cursor.pgresult.fmod(number) for number in range(len(columns))]
        names = [column.name for column in columns]
        written = cursor.execute(_TYPES, {"types": types, "modifiers": modifiers}).fetchall()
    read = engine.compiler.type_mapper.from_string
    return {name: read(text, nullable=True) for name, (text,) in zip(names, written, strict=True)}
