"""What can be asked of customers, as `groupsync attributes` prints it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from groupsync.common_values import LEAST_CUSTOMERS, MOST_VALUES
from groupsync.condition_words import value_words
from groupsync.report.escape import cell_width, escape, pad, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, PLAIN, counted, wrap
from groupsync.typed_values import TYPE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groupsync.common_values import CommonValues
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
        values: what may be said of their values, by the attribute's name; None where nobody asked.
    """

    source: str
    plugin: str
    eligible: str
    attributes: tuple[Attribute, ...]
    values: Mapping[str, CommonValues] | None = None


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
            if known.values is not None and attribute.name in known.values:
                yield from wrap(_values(known.values[attribute.name]), " " * (width + 4), style.columns)


def _attribute(attribute: Attribute, width: int, style: Style) -> Iterator[str]:
    name = escape(attribute.name)
    shown = name if style.full else shorten(name, width)
    said = f"{_kind(attribute)}: {escape(attribute.description)}" if attribute.description else _kind(attribute)
    first, *more = wrap(said, " " * (width + 4), style.columns)
    yield f"  {style.paint(pad(shown, width), BOLD)}  {first.strip()}"
    yield from more
    if attribute.values:
        listed = ", ".join(escape(value_words(each)) for each in attribute.values)
        yield from wrap(f"one of {listed}", " " * (width + 4), style.columns)
    if attribute.column != attribute.name:
        yield from (style.paint(line, FAINT) for line in _column(attribute, width, style))


def _kind(attribute: Attribute) -> str:
    words = TYPE_WORDS[attribute.type].removeprefix("a ").removeprefix("an ")
    unit = f" ({escape(attribute.unit)})" if attribute.unit else ""
    back = f", the last {escape(look_back_words(attribute.look_back))} only" if attribute.look_back else ""
    return f"{words}{unit}{back}"


def _values(common: CommonValues) -> str:
    """Say which values there are, and how many customers have each."""
    parts = [f"{escape(value_words(value))} ({count:,})" for value, count in common.values]
    cut = "at least " if common.is_cut else ""
    if common.is_many:
        which = f"more than {MOST_VALUES} of which {LEAST_CUSTOMERS} customers or more have"
        parts = [f"{cut}{counted(common.others, 'value')}, {which}"]
    elif common.others:
        kind = "other value" if parts else "value"
        has = "has" if common.others == 1 else "have"
        parts.append(f"{cut}{counted(common.others, kind)} that fewer than {LEAST_CUSTOMERS} customers {has}")
    if common.unknown:
        parts.append(f"{counted(common.unknown, 'customer')} without one")
    return ", ".join(parts) or "no values"


def _column(attribute: Attribute, width: int, style: Style) -> list[str]:
    native = f" ({escape(attribute.native)})" if attribute.native else ""
    return wrap(f"column {escape(attribute.column)}{native}", " " * (width + 4), style.columns)


def look_back_words(look_back: str) -> str:
    """Write `90d` as `90 days`; anything else stays as it is."""
    number, unit = look_back[:-1], look_back[-1:]
    words = {"h": "hour", "d": "day"}
    return counted(int(number), words[unit]) if number.isdecimal() and unit in words else look_back


def render_attributes_json(sources: Iterable[Known]) -> str:
    """Return `{"sources": [{"name", "plugin", "eligible", "attributes": […]}]}`; ends with a line break.

    `found` of an attribute is null where values were not counted.
    """
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
                        "values": list(each.values),
                        "found": _found(known, each),
                    }
                    for each in known.attributes
                ],
            }
            for known in sources
        ]
    }
    return json.dumps(document, indent=2) + "\n"


def _found(known: Known, attribute: Attribute) -> dict[str, Any] | None:
    common = (known.values or {}).get(attribute.name)
    if common is None:
        return None
    return {
        "values": [{"value": value, "customers": count} for value, count in common.values],
        "others": common.others,
        "others_is_least": common.is_cut,
        "too_many": common.is_many,
        "without": common.unknown,
    }
