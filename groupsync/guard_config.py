"""The section `guards` of the config and of definitions, already checked against its schema. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import DEFAULT_GUARDS, GroupGuards, Guards, Level, Limit, Stance, Tiers

if TYPE_CHECKING:
    from groupsync.model import SourceRange
    from groupsync.yaml.document import Document

SECTION: Final = "guards"
_OFF: Final = "off"


def guards_of(document: Document) -> Guards:
    """Return the guards of a config; what it doesn't name has its default. A limit that is written replaces a whole."""
    value: Any = document.value
    section: dict[str, Any] = value.get(SECTION, {})
    tiers = {
        each.name: _tiers(document, section, each.name).over(getattr(DEFAULT_GUARDS, each.name))
        for each in fields(Guards)
        if isinstance(getattr(DEFAULT_GUARDS, each.name), Tiers)
    }
    runs = section.get("size_deviation", {}).get("runs", DEFAULT_GUARDS.runs)
    days = section.get("removed_over", {}).get("days", DEFAULT_GUARDS.days)
    emptied = _stance(document, section, "emptied_group") or DEFAULT_GUARDS.emptied_group
    may_loosen = tuple(section.get("may_loosen", ()))
    unjudged = _stance(document, section, "unjudged") or DEFAULT_GUARDS.unjudged
    return Guards(**tiers, emptied_group=emptied, runs=runs, days=days, may_loosen=may_loosen, unjudged=unjudged)


def group_guards_of(document: Document, value: dict[str, Any]) -> GroupGuards | None:
    """Return the guards that a definition sets; None where it sets none.

    Args:
        document: the definition, for the places.
        value: what it holds, as far as that fits its schema.
    """
    section: dict[str, Any] | None = value.get(SECTION)
    if section is None:
        return None
    names = ("removed_members", "added_members", "size_deviation")
    removed, added, size = (_tiers(document, section, name) for name in names)
    return GroupGuards(removed, added, _stance(document, section, "emptied_group"), size)


def _stance(document: Document, section: dict[str, Any], name: str) -> Stance | None:
    if name not in section:
        return None
    return Stance(Level(section[name]), document.locate((SECTION, name), key=True))


def _tiers(document: Document, section: dict[str, Any], name: str) -> Tiers:
    written: dict[str, Any] = section.get(name, {})
    warn, refuse = (
        _limit(written[tier], document.locate((SECTION, name, tier), key=True)) if tier in written else None
        for tier in ("warn", "refuse")
    )
    return Tiers(warn, refuse)


def _limit(written: Any, at: SourceRange) -> Limit:
    if written == _OFF:
        return Limit(at=at)
    return Limit(written.get("percent"), written.get("floor"), written.get("count"), at)
