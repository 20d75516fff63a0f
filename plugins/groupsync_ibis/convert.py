"""Types and values of engines as groupsync's. Pure."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from groupsync.model.criteria import Attribute, Type

if TYPE_CHECKING:
    from groupsync.model.criteria import Scalar


def type_of(dtype: Any) -> Type:
    """Return what an Ibis type is to conditions."""
    kinds = (
        (dtype.is_string(), Type.TEXT),
        (dtype.is_boolean(), Type.BOOLEAN),
        (dtype.is_integer(), Type.INTEGER),
        (dtype.is_floating(), Type.NUMBER),
        (dtype.is_decimal(), Type.DECIMAL),
        (dtype.is_timestamp(), Type.INSTANT),
        (dtype.is_date(), Type.DATE),
    )
    return next((kind for fits, kind in kinds if fits), Type.OTHER)


def attributes_of(table: Any, native: Any) -> tuple[Attribute, ...]:
    """Return the columns of an Ibis table, sorted by name; `native` gives the engine's word for a type."""
    return tuple(
        Attribute(name, type_of(dtype), native=native(dtype), column=name)
        for name, dtype in sorted(table.schema().items())
    )


def scalar_of(value: Any) -> Scalar | None:
    """Return a value that Arrow gave; what conditions know no type for is given as text."""
    match value:
        case None | bool() | int() | str() | Decimal():
            return value
        case float():
            return None if math.isnan(value) else value
        case datetime():
            known = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return datetime.combine(known.date(), known.time(), UTC)
        case date():
            return value
        case _:
            return str(value)
