"""What can be asked of customers, as `groupsync attributes` prints it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from groupsync.report.escape import cell_width, escape, pad, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, PLAIN, counted, wrap
from groupsync.typed_values import TYPE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.model.criteria import Attribute
    from groupsync.report.style import Style

_NAME_WIDTH: Final = 24
_OTHERS: Final = "Without a category"


@dataclass(frozen=True, slots=True)
class Known:
    """What a source knows of its customers.

    Attributes:
        source, plugin: their names.
        eligible: who is a customer, in words; empty for everybody.
        attributes: in the order shown, those of one category together.
    """

    source: str
    plugin: str
    eligible: str
    attributes: tuple[Attribute, ...]


def render_attributes(sources: Iterable[Known], style: Style = PLAIN) -> str:
    """Return what each source knows, category by category; ends with a line break."""
    return "\n".join("".join(f"{line}\n" for line in _source(known, style)) for known in sources)


def _source(known: Known, style: Style) -> Iterator[str]:
    count = counted(len(known.attributes), "attribute")
    yield f"{style.paint(escape(known.source), BOLD)} ({escape(known.plugin)}): {count}"
    if known.eligible:
        yield from wrap(f"Only customers with {escape(known.eligible)}.", "  ", style.columns)
    width = min(_NAME_WIDTH, max((cell_width(escape(each.name)) for each in known.attributes), default=0))
    has_categories = any(each.category for each in known.attributes)
    for category, attributes in groupby(known.attributes, key=lambda each: each.category):
        yield ""
        if has_categories:
            yield style.paint(escape(category) or _OTHERS, CYAN)
        for attribute in attributes:
            yield from _attribute(attribute, width, style)


def _attribute(attribute: Attribute, width: int, style: Style) -> Iterator[str]:
    name = escape(attribute.name)
    shown = name if style.full else shorten(name, width)
    said = f"{_kind(attribute)}: {escape(attribute.description)}" if attribute.description else _kind(attribute)
    first, *more = wrap(said, " " * (width + 4), style.columns)
    yield f"  {style.paint(pad(shown, width), BOLD)}  {first.strip()}"
    yield from more
    if attribute.column != attribute.name:
        yield from (style.paint(line, FAINT) for line in _column(attribute, width, style))


def _kind(attribute: Attribute) -> str:
    words = TYPE_WORDS[attribute.type].removeprefix("a ").removeprefix("an ")
    unit = f" ({escape(attribute.unit)})" if attribute.unit else ""
    back = f", the last {escape(look_back_words(attribute.look_back))} only" if attribute.look_back else ""
    return f"{words}{unit}{back}"


def _column(attribute: Attribute, width: int, style: Style) -> list[str]:
    native = f" ({escape(attribute.native)})" if attribute.native else ""
    return wrap(f"column {escape(attribute.column)}{native}", " " * (width + 4), style.columns)


def look_back_words(look_back: str) -> str:
    """Write `90d` as `90 days`; anything else stays as it is."""
    number, unit = look_back[:-1], look_back[-1:]
    words = {"h": "hour", "d": "day"}
    return counted(int(number), words[unit]) if number.isdecimal() and unit in words else look_back


def render_attributes_json(sources: Iterable[Known]) -> str:
    """Return `{"sources": [{"name", "plugin", "eligible", "attributes": […]}]}`; ends with a line break."""
    document = {
        "sources": [
            {
                "name": known.source,
                "plugin": known.plugin,
                "eligible": known.eligible or None,
                "attributes": [
                    {
                        "name": each.name,
                        "type": each.type.value,
                        "native": each.native,
                        "column": each.column,
                        "category": each.category,
                        "unit": each.unit,
                        "look_back": each.look_back,
                        "description": each.description,
                    }
                    for each in known.attributes
                ],
            }
            for known in sources
        ]
    }
    return json.dumps(document, indent=2) + "\n"
