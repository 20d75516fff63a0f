"""The catalogue of groups as text for a terminal and as JSON. Pure."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from groupsync.catalog import Standing
from groupsync.convert_findings import place_record
from groupsync.records import Record, format_instant, instant_words
from groupsync.report.change_text import place
from groupsync.report.escape import escape, pad
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, flow, joined, number, wrap
from groupsync.report.times import day_words
from groupsync.report.why_words import floor_words, share_words, top_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.catalog import Catalog, CatalogEntry, Link
    from groupsync.model.criteria import Floor, Share, Top
    from groupsync.report.style import Style

_COLORS: Final = {
    Standing.ACTIVE: GREEN,
    Standing.EMPTY: YELLOW,
    Standing.INACTIVE: YELLOW,
    Standing.BLOCKED: RED,
    Standing.UNMANAGED: FAINT,
    Standing.EXPIRED: FAINT,
    Standing.ABSENT: FAINT,
}
_INDENT: Final = "    "
_WORDS: Final = {
    "include": "includes",
    "exclude": "without",
    "restrict_to": "only those in",
    "in_group": "asks for",
}


def iter_catalog(catalog: Catalog, style: Style = PLAIN) -> Iterator[str]:
    """Give the groups by name, one after the other, and how many there are of each kind."""
    yield style.paint(f"Groups of {escape(catalog.project)}, as of {instant_words(catalog.as_of)}", BOLD) + "\n\n"
    for entry in catalog.entries:
        yield "".join(f"{line}\n" for line in _lines(entry, style)) + "\n"
    for said in filter(None, (excluded_words(catalog), _sum(catalog))):
        yield "".join(f"{line}\n" for line in wrap(said, "", style.columns))


def excluded_words(catalog: Catalog) -> str:
    """Say whom the config takes out of every group; empty where nobody."""
    return f"Taken out of every other group: {joined(map(escape, catalog.excluded))}." if catalog.excluded else ""


def count_words(entry: CatalogEntry) -> str:
    """Say how many members a group has, as far as anybody can."""
    return counted(entry.count, "member") if entry.count is not None else "members not known"


def facts(entry: CatalogEntry) -> Iterator[tuple[str, str]]:
    """Give what there is to say of a group besides its name and size, each with a word for what it is; not escaped."""
    yield "description", entry.description
    yield "criteria", f"{entry.source}: {entry.criteria}" if entry.criteria else ""
    yield "eligible", f"{entry.source}: {entry.eligible}" if entry.eligible else ""
    groups = linked(entry)
    for word in _WORDS.values():
        yield word, ", ".join(groups[word])
    yield "held out", share_words(entry.holdout)
    yield "sample", share_words(entry.sample)
    yield "limit", top_words(entry.limit)
    yield "at least", floor_words(entry.min_size)
    yield "files", ", ".join(entry.files)
    yield "rows", "; ".join(f"of {path}: {words}" for path, words in entry.rows)
    yield "used by", ", ".join(groups["used by"])
    yield "goes to", ", ".join(entry.targets) or "no target"
    yield "owners", ", ".join(entry.owners)
    yield "labels", ", ".join(f"{key}: {value}" for key, value in entry.labels)
    yield "next to expire", day_words(entry.expires) if entry.expires else ""
    yield "additive", "members are only added, nobody is removed" if entry.is_additive else ""
    yield "protected", "may not be deleted" if entry.is_protected else ""


def linked(entry: CatalogEntry) -> dict[str, list[str]]:
    """Return the facts that are lists of groups, by their words, with the names as `facts` has them."""
    built_from = {word: [link.group for link in entry.built_from if link.role == role] for role, word in _WORDS.items()}
    return {**built_from, "used by": _names(entry.used_by)}


def _names(links: Iterable[Link]) -> list[str]:
    return sorted({link.group for link in links})


def _lines(entry: CatalogEntry, style: Style) -> Iterator[str]:
    title = f"{escape(entry.name)}"
    said = f"{entry.kind}, {count_words(entry)}" + (f"; {entry.note}" if entry.note else "")
    color = _COLORS[entry.standing]
    first, *rest = flow([f"{title}  {entry.standing.value}", escape(said)], "", style.columns, separator="  ")
    yield first.replace(title, style.paint(title, BOLD), 1).replace(
        entry.standing.value, style.paint(entry.standing.value, color), 1
    )
    yield from rest
    where = [f'"{escape(entry.display_name)}"'] if entry.display_name else []
    for line in flow([*where, place(entry.at)], _INDENT, style.columns):
        yield style.paint(line, FAINT)
    for word, text in facts(entry):
        if text:
            lines = wrap(escape(text), _INDENT + " " * 16, style.columns)
            yield f"{_INDENT}{style.paint(pad(word, 16), FAINT)}" + "\n".join(lines).lstrip()


def _sum(catalog: Catalog) -> str:
    kinds = Counter(entry.kind for entry in catalog.entries)
    standings = Counter(entry.standing.value for entry in catalog.entries)
    parts = [f"{number(count)} {escape(kind)}" for kind, count in sorted(kinds.items())]
    states = [f"{number(count)} {standing}" for standing, count in sorted(standings.items())]
    if not catalog.entries:
        return "There are no groups."
    return f"{counted(len(catalog.entries), 'group')}: {joined(parts)}; {joined(states)}."


def render_catalog_json(catalog: Catalog) -> str:
    """Return `{"project", "as_of", "excluded", "groups", "compared", "shared"}` as text that ends with a line break."""
    document = {
        "project": catalog.project,
        "as_of": format_instant(catalog.as_of),
        "excluded": list(catalog.excluded),
        "groups": [entry_record(entry) for entry in catalog.entries],
        "compared": list(catalog.compared),
        "shared": [{"groups": [each.one, each.other], "members": each.count} for each in catalog.shared],
    }
    return json.dumps(document, indent=2) + "\n"


def entry_record(entry: CatalogEntry) -> Record:
    """Write one group; every key is always there."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "status": entry.standing.value,
        "note": entry.note,
        "display_name": entry.display_name,
        "description": entry.description,
        "owners": list(entry.owners),
        "labels": dict(entry.labels),
        "members": entry.count,
        "targets": list(entry.targets),
        "source": entry.source,
        "criteria": entry.criteria,
        "eligible": entry.eligible,
        "holdout": _share_record(entry.holdout),
        "sample": _share_record(entry.sample),
        "limit": _limit_record(entry.limit),
        "min_size": _floor_record(entry.min_size),
        "additive": entry.is_additive,
        "files": list(entry.files),
        "rows": [{"file": path, "where": words} for path, words in entry.rows],
        "built_from": [{"role": link.role, "group": link.group} for link in entry.built_from],
        "used_by": [{"role": link.role, "group": link.group} for link in entry.used_by],
        "expires": format_instant(entry.expires) if entry.expires else None,
        "prevent_delete": entry.is_protected,
        "at": place_record(entry.at),
    }


def _share_record(share: Share | None) -> Record | None:
    return {"percent": float(share.percent), "seed": share.seed} if share else None


def _limit_record(limit: Top | None) -> Record | None:
    if limit is None:
        return None
    order = {limit.field: "desc" if limit.descending else "asc"}
    return {"count": limit.count, "order_by": order, "keep_until_rank": limit.keep_until_rank}


def _floor_record(floor: Floor | None) -> Record | None:
    return {"count": floor.count, "below": "empty" if floor.empties else "keep"} if floor else None
