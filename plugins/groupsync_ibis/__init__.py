"""Customers in any engine that Ibis speaks to: files through DuckDB, DuckDB, SQLite, PostgreSQL, Spark and others.

The engine tests each distinct condition once for every row and packs what came into whole numbers (`bits`); an embedded
DuckDB makes identifiers canonical and sorts (`local`); the members of all segments then stream into files (`answers`).
Memory does not grow with customers: what does not fit goes to the folder that the core gives.

Ibis has no bound parameters, so values become literals of the engine; `client` closes what would make them more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.hookspecs import hookimpl

if TYPE_CHECKING:
    from groupsync.source import Source


@hookimpl
def groupsync_register_sources() -> list[type[Source]]:
    """Offer the source `ibis`."""
    from groupsync_ibis.source import IbisSource

    return [IbisSource]
