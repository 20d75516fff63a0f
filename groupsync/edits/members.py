"""Put somebody into the `members` of a definition, or take entries out of its lists; comments and layout stay. Pure.

An entry goes with the comment on its own line. Comments on lines of their own stay: they may be headings. Whatever an
edit makes of a text is read again, and must say just what was meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from groupsync.edits.found import Found, above_of, last_line, new_key
from groupsync.edits.text import CannotEdit, Edited, insertion_point
from groupsync.fmt.definition import ADDRESS_KEY
from groupsync.records import format_instant
from groupsync.yaml.edit import BLANK_OR_COMMENT, SequenceNode
from groupsync.yaml.events import parse_yaml
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from groupsync.edits.text import Span, Text
    from groupsync.identity import Identity
    from groupsync.model import Period
    from groupsync.yaml.edit import Node

_WAYS_IN: Final = ("members", "members_from", "include", "where")
"""Keys that say who belongs: a group without any of them leaves its membership as it is."""
_DASH: Final = re.compile(r" *- +")


def entry_text(person: str, period: Period, reason: str) -> str:
    """Return an entry of `members` as it is written, on one line."""
    if period.start is None and period.until is None and not reason:
        return scalar(person)
    parts = [f"{ADDRESS_KEY}: {scalar(person)}"]
    parts += [f"from: {_instant_text(period.start)}"] if period.start else []
    parts += [f"until: {_instant_text(period.until)}"] if period.until else []
    parts += [f"reason: {scalar(reason)}"] if reason else []
    return f"{{{', '.join(parts)}}}"


def _instant_text(instant: datetime) -> str:
    text = format_instant(instant)
    return text.removesuffix("T00:00:00Z") if text.endswith("T00:00:00Z") else f'"{text}"'


def add_member(data: bytes, path: str, group: str, entry: str, identity: Identity) -> Edited:
    """Add an entry to a group's `members`; see `add_members`."""
    return add_members(data, path, group, [entry], identity)


def add_members(data: bytes, path: str, group: str, entries: Sequence[str], identity: Identity) -> Edited:
    """Add entries to a group's `members`: into their places where they are sorted, else at the end.

    Args:
        data: the file, which loads.
        path: of the file.
        group: its name.
        entries: as `entry_text` returns them, by code point of whom they name; at least one.
        identity: by which members are sorted.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    found = Found(data, path, group, identity)
    node = found.root.get("members")
    if node is None:
        lines = "\n".join(["members:", *(f"  - {entry}" for entry in entries)])
        spans = [new_key(found, "members", lines)]
    elif not isinstance(node, SequenceNode):
        message = "its `members` are written elsewhere in the file"
        raise CannotEdit(message)
    elif node.is_flow and not node.items:
        spans = [(node.start + 1, node.start + 1, ", ".join(entries))]
    elif node.is_flow or node.items:
        put = _into_flow if node.is_flow else _into_block
        spans = [put(found, node, entry) for entry in entries]
    else:
        message = "its `members` have no entry to go by"
        raise CannotEdit(message)
    result = found.text.edited(spans)
    after = Found(result, path, group, identity)
    known = {repr(each) for each in found.members}
    added = [index for index, each in enumerate(after.members) if repr(each) not in known]
    new = set(added)
    _check(found, after, "members", [each for index, each in enumerate(after.members) if index not in new])
    return Edited(result, tuple(after.place(index) for index in added))


def remove_member(data: bytes, path: str, group: str, person: str, identity: Identity) -> Edited:
    """Take every entry that names a person out of a group's `members`; see `remove_members`."""
    return remove_members(data, path, group, frozenset({person}), identity)


def remove_members(data: bytes, path: str, group: str, people: frozenset[str], identity: Identity) -> Edited:
    """Take every entry that names one of some people out of a group's `members`.

    Args:
        data: the file, which loads.
        path: of the file.
        group: its name.
        people: canonical; `members` name each of them.
        identity: by which entries are compared.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    found = Found(data, path, group, identity)
    return drop_entries(found, [index for index, each in enumerate(found.addresses) if each in people])


def drop_entries(found: Found, gone: Sequence[int], key: str = "members") -> Edited:
    """Take entries out of the list under a key, by their indexes; at least one. What goes with the last is the key.

    The key stays, with an empty list, where the group would say no more who belongs to it, or where a comment is on it.
    """
    node, entries = found.root.get(key), found.entries(key)
    if not isinstance(node, SequenceNode) or len(node.items) != len(entries):
        message = f"its `{key}` are written elsewhere in the file"
        raise CannotEdit(message)
    spans = list(_out_of_flow(found, node, gone) if node.is_flow else _out_of_block(found, node, gone, key))
    result = found.text.edited(spans)
    leaving = set(gone)
    kept = [each for index, each in enumerate(entries) if index not in leaving]
    _check(found, Found(result, found.path, found.group, found.identity), key, kept)
    return Edited(result, tuple(found.document.locate((key, index)) for index in gone))


def _check(before: Found, after: Found, key: str, kept: Sequence[object]) -> None:
    """See that nothing else changed: the entries kept must be all that were there before an addition, or are after."""
    old, new = before.entries(key), after.entries(key)
    if before.others(key) != after.others(key) or kept != (old if len(new) > len(old) else new):
        message = "an edit would change what else the file says"
        raise CannotEdit(message)


# --- Lists in block style ---------------------------------------------------------------------------------------------


def _into_block(found: Found, node: SequenceNode, entry: str) -> Span:
    text, items = found.text, node.items
    prefix = text.text[text.starts[text.line_of(items[0].start)] : items[0].start]
    if not _DASH.fullmatch(prefix):
        message = "its entries do not stand behind dashes on lines of their own"
        raise CannotEdit(message)
    first = _last_section(text, items) if found.addresses != sorted(found.addresses) else 0
    index = first + insertion_point(found.addresses[first:], _address_in(entry, found))
    if index == 0:
        return text.line_after(above_of(text, items[0]) - 1, prefix + entry)
    last = last_line(text, items[index - 1])
    while last + 1 < len(text.lines) and _is_deeper_comment(text.lines[last + 1], prefix.index("-")):
        last += 1
    return text.line_after(last, prefix + entry)


def _address_in(entry: str, found: Found) -> str:
    [document], _ = parse_yaml(f"- {entry}\n".encode(), found.path)
    value: Any = document.value
    written: str = value[0] if isinstance(value[0], str) else value[0][ADDRESS_KEY]
    return written


def _last_section(text: Text, items: Sequence[Node]) -> int:
    """Return the first of the entries that stand together at the end, without a blank line between them."""
    index = len(items) - 1
    while index and all(text.lines[line].strip() for line in _between(text, items[index - 1], items[index])):
        index -= 1
    return index


def _between(text: Text, one: Node, other: Node) -> range:
    return range(last_line(text, one) + 1, text.line_of(other.start))


def _is_deeper_comment(line: str, indent: int) -> bool:
    bare = line.lstrip(" ")
    return bare.startswith("#") and len(line) - len(bare) > indent


def _out_of_block(found: Found, node: SequenceNode, gone: Sequence[int], name: str) -> Iterator[Span]:
    text = found.text
    lines: set[int] = set()
    for index in gone:
        item = node.items[index]
        first, last = text.line_of(item.start), last_line(text, item)
        if text.text[text.starts[first] : item.start].strip(" ") != "-":
            message = "its entries do not stand behind dashes on lines of their own"
            raise CannotEdit(message)
        lines |= set(range(first, last + 1))
    if len(gone) == len(node.items):
        key = next(key for key, value in found.root.entries if value is node)
        line = text.line_of(key.start)
        is_bare = text.lines[line].strip() == f"{name}:" and lines == set(range(line + 1, line + 1 + len(lines)))
        is_said = any(found.root.get(other) is not None for other in _WAYS_IN if other != name)
        if is_bare and (is_said or name not in _WAYS_IN):
            lines.add(line)
        else:
            colon = text.text.index(":", key.end) + 1
            yield colon, colon, " []"
    yield from text.without_lines(lines)


# --- Lists in flow style ----------------------------------------------------------------------------------------------


def _into_flow(found: Found, node: SequenceNode, entry: str) -> Span:
    index = insertion_point(found.addresses, _address_in(entry, found))
    if index < len(node.items):
        at = node.items[index].start
        return at, at, f"{entry}, "
    at = node.items[-1].end
    return at, at, f", {entry}"


def _out_of_flow(found: Found, node: SequenceNode, gone: Sequence[int]) -> Iterator[Span]:
    text, items = found.text, node.items
    alone = [index for index in gone if _is_alone(text, items[index])]
    yield from text.without_lines(text.line_of(items[index].start) for index in alone)
    staying = [index for index in range(len(items)) if index not in set(gone)]
    for first, last in _runs_of(sorted(set(gone) - set(alone))):
        start, end = items[first].start, items[last].end
        if staying and staying[-1] > last:
            end = items[last + 1].start
        elif staying and first:
            start = items[first - 1].end
        elif comma := re.compile(r"\s*,").match(text.text, end):
            end = comma.end()
        if "#" in text.text[start : items[first].start] or "#" in text.text[items[last].end : end]:
            message = "a comment stands between its entries"
            raise CannotEdit(message)
        yield start, end, ""


def _runs_of(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = None
    for index, number in enumerate(numbers):
        first = number if first is None else first
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield first, number
            first = None


def _is_alone(text: Text, item: Node) -> bool:
    """Tell whether an entry has a line for itself, with its comma and a comment perhaps."""
    line = text.line_of(item.start)
    if last_line(text, item) != line:
        return False
    start, end = text.starts[line], text.starts[line] + len(text.lines[line])
    rest = text.text[item.end : end].lstrip(" ").removeprefix(",")
    return not text.text[start : item.start].strip(" ") and BLANK_OR_COMMENT.fullmatch(rest) is not None
