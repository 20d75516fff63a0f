"""The catalogue of groups as one HTML page that needs nothing else; see `groupsync.report.html`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.catalog import Standing
from groupsync.records import instant_words
from groupsync.report.catalog import count_words, excluded_words, facts, linked
from groupsync.report.change_text import place
from groupsync.report.html import STATIC_GROUPS, page_environment
from groupsync.report.markdown_escape import MAX_NAME, MAX_TEXT, clip
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupsync.catalog import Catalog, CatalogEntry
    from groupsync.records import Record

_TONES: Final = {
    Standing.ACTIVE: "good",
    Standing.EMPTY: "warn",
    Standing.INACTIVE: "warn",
    Standing.BLOCKED: "bad",
    Standing.UNMANAGED: "plain",
    Standing.EXPIRED: "plain",
    Standing.ABSENT: "plain",
}
_SHADES: Final = 5
_MAX_OWNERS: Final = 50
"""Owners and labels of one group that are shown."""


def render_catalog_html(catalog: Catalog) -> str:
    """Return the page of all groups; no member is named on it.

    Raises:
        GroupsyncError: Jinja2 is missing.
    """
    largest = max((entry.count or 0 for entry in catalog.entries), default=0)
    places = {entry.name: place for place, entry in enumerate(catalog.entries)}
    rows = [_row(entry, largest, places) for entry in catalog.entries]
    page = {
        "project": clip(catalog.project, MAX_NAME),
        "instant": instant_words(catalog.as_of),
        "excluded": clip(excluded_words(catalog), MAX_TEXT),
        "rows": rows[:STATIC_GROUPS],
        "more": max(0, len(rows) - STATIC_GROUPS),
        "heat": _heat(catalog),
    }
    return (
        page_environment()
        .get_template("catalog.html.j2")
        .render(page=page, names=[row["name"] for row in rows], data={"groups": rows})
    )


def _row(entry: CatalogEntry, largest: int, places: Mapping[str, int]) -> Record:
    """Return what the page shows of a group, every text escaped for people and of bounded length."""
    owners = [clip(owner, MAX_NAME) for owner in entry.owners[:_MAX_OWNERS]]
    labels = [clip(f"{key}: {value}", MAX_NAME) for key, value in entry.labels[:_MAX_OWNERS]]
    return {
        "name": clip(entry.name, MAX_NAME),
        "title": clip(entry.display_name, MAX_NAME),
        "kind": clip(entry.kind, MAX_NAME),
        "status": entry.standing.value,
        "tone": _TONES[entry.standing],
        "note": clip(entry.note, MAX_TEXT),
        "count": entry.count if entry.count is not None else -1,
        "size": count_words(entry),
        "share": 100 * (entry.count or 0) / largest if largest else 0,
        "owners": owners,
        "labels": labels,
        "at": clip(place(entry.at), MAX_TEXT),
        "facts": [_fact(word, text, linked(entry).get(word, ()), places) for word, text in facts(entry) if text],
    }


def _fact(word: str, text: str, groups: Sequence[str], places: Mapping[str, int]) -> list[object]:
    """Return a fact, and where it is a list of groups their places; not where one of them is none of the page."""
    found = [places[name] for name in groups if name in places]
    return [word, clip(text, MAX_TEXT * 4), found if len(found) == len(groups) else []]


def _heat(catalog: Catalog) -> Record:
    """Return the groups that were compared, and for each what it shares with each before it."""
    shared = {frozenset((each.one, each.other)): each.count for each in catalog.shared}
    counts = {entry.name: entry.count or 0 for entry in catalog.entries}
    rows = []
    for index, name in enumerate(catalog.compared):
        cells = []
        for other in catalog.compared[:index]:
            count = shared.get(frozenset((name, other)), 0)
            smaller = min(counts[name], counts[other])
            shade = -(-count * _SHADES // smaller) if smaller else 0
            words = f"{counted(count, 'member')} of {clip(name, MAX_NAME)} and {clip(other, MAX_NAME)}"
            cells.append({"count": count, "shade": shade, "words": words})
        rows.append({"label": f"{clip(name, MAX_NAME)} ({counts[name]:,})", "cells": cells})
    return {"rows": rows, "labels": [row["label"] for row in rows]}
