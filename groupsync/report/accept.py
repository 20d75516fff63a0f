"""What somebody changed on targets by hand, item by item, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.drifted import Moved, What
from groupsync.report.escape import escape, quote
from groupsync.report.style import BOLD, CYAN, FAINT, GREEN, PLAIN, RED, counted, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.drifted import Item
    from groupsync.model import AttributeValue
    from groupsync.report.style import Style

SHOWN: Final = 10
"""So many items of a group are shown, unless all are asked for."""
_SIGNS: Final = {What.ADDED: ("+", GREEN), What.REMOVED: ("-", RED), What.ATTRIBUTE: ("~", CYAN)}


def render_items(items: Sequence[Item], style: Style = PLAIN) -> str:
    """Return items group by group, as text that ends with a line break; of long lists the beginning."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for each in items:
        groups.setdefault((each.target, each.group), []).append(each)
    return "\n".join(group_text(each, style) for each in groups.values())


def group_text(items: Sequence[Item], style: Style = PLAIN) -> str:
    """Return the items of one group on one target, with a heading."""
    first = items[0]
    heading = f"{style.paint(escape(first.group), BOLD)} on {escape(first.target)}: {summary(items)}"
    shown = items if style.full or len(items) <= SHOWN + 1 else items[:SHOWN]
    lines = [heading, *(line for each in shown for line in item_lines(each, style))]
    if len(shown) < len(items):
        lines.append(style.paint(f"  … and {len(items) - len(shown):,} more", FAINT))
    return "".join(f"{line}\n" for line in lines)


def summary(items: Sequence[Item]) -> str:
    """Say how many members and attributes there are: `2 members added there, 1 attribute changed there`."""
    added, removed, changed = (sum(each.what is what for each in items) for what in What)
    parts = [
        f"{counted(added, 'member')} added there" if added else "",
        f"{counted(removed, 'member')} removed there" if removed else "",
        f"{counted(changed, 'attribute')} changed there" if changed else "",
    ]
    return ", ".join(filter(None, parts))


def item_lines(item: Item, style: Style = PLAIN) -> Iterator[str]:
    """Give the lines that show an item: what it is, then what there is to say of it."""
    sign, color = _SIGNS[item.what]
    told = escape(item.name)
    if item.what is What.ATTRIBUTE:
        told += f": {value_words(item.defined)} → {value_words(item.held)}"
    yield f"  {style.paint(f'{sign} {told}', color)}"
    notes = [_moved_words(item), f"can't be kept: {escape(item.obstacle)}" if item.obstacle else ""]
    for note in filter(None, notes):
        for line in wrap(note, "      ", style.columns):
            yield style.paint(line, FAINT)


def question(item: Item) -> str:
    """Ask what becomes of an item."""
    name, target = escape(item.name), escape(item.target)
    match item.what:
        case What.ADDED:
            return f"Write {name} into the definition of {escape(item.group)}?"
        case What.REMOVED:
            return f"Take {name} out of the definition of {escape(item.group)}?"
        case What.ATTRIBUTE:
            return f"Write the {name} of {target} into the definition of {escape(item.group)}?"


def value_words(value: AttributeValue) -> str:
    """Return the value of an attribute on one line."""
    match value:
        case None | "" | ():
            return "none"
        case str():
            return quote(value)
        case tuple():
            return ", ".join(escape("=".join(each) if isinstance(each, tuple) else each) for each in value)
        case _:
            return escape(str(value))


def edit_words(item: Item) -> str:
    """Say what an edit did."""
    name, group = escape(item.name), escape(item.group)
    match item.what:
        case What.ADDED:
            return f"{name} added to {group}"
        case What.REMOVED:
            return f"{name} removed from {group}"
        case What.ATTRIBUTE:
            return f"{name} of {group} is {value_words(item.held)}"


def _moved_words(item: Item) -> str:
    if item.moved is Moved.BOTH:
        return "the definition changed as well"
    if item.moved is Moved.UNKNOWN and item.what is What.ADDED:
        return "on the target, and not defined; nobody can say which side changed"
    if item.moved is Moved.UNKNOWN and item.what is What.REMOVED:
        return "defined, and not on the target; nobody can say which side changed"
    return "nobody can say which side changed" if item.moved is Moved.UNKNOWN else ""
