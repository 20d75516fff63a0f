"""Ask sources what the commands that only look want to know. An edge: it does I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.condition_words import in_words
from groupsync.report.attributes import Known

if TYPE_CHECKING:
    from groupsync.segments import OpenSource


def known_attributes(opened: OpenSource) -> Known:
    """Return what a source knows, in the order of the config; what the config does not speak of comes last, by name."""
    config = opened.config
    places = {note.name: place for place, note in enumerate(config.attributes)}
    categories: dict[str, int] = {}
    for note in config.attributes:
        categories.setdefault(note.category, len(categories))
    categories[""] = len(categories) + 1
    ordered = sorted(
        opened.attributes.values(),
        key=lambda each: (categories[each.category], places.get(each.name, len(places)), each.name),
    )
    eligible = in_words(config.eligible) if config.eligible is not None else ""
    return Known(config.name, config.plugin, eligible, tuple(ordered))
