"""Ask sources what the commands that only look want to know. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync.condition_words import in_words
from groupsync.model.criteria import Type
from groupsync.report.attributes import Known
from groupsync.unmet import Customers

if TYPE_CHECKING:
    from groupsync.progress import Track
    from groupsync.segments import OpenSource

_COUNTED = frozenset([Type.TEXT, Type.BOOLEAN])


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


def with_values(known: Known, opened: OpenSource, track: Track) -> Known:
    """Return the same with what may be said of values of texts and truths; goes over the customers once for each.

    Args:
        known: of that source.
        opened: is asked.
        track: shows progress.

    Raises:
        SourceError: it can't be asked.
    """
    customers = Customers(opened.source, {}, opened.eligible)
    counted = [each for each in known.attributes if each.type in _COUNTED]
    found = {each.name: customers.common(each.column or each.name) for each in track("Counting values", counted)}
    return replace(known, values=found)
