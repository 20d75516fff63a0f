"""Give a group another name in the texts of a project's files; comments and layout stay. Pure.

Whatever an edit makes of a text is read again, and must say just what was meant: the same as before, but for the name.
"""

from __future__ import annotations

import fnmatch
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from groupsync.edits.found import Found, new_key
from groupsync.edits.text import CannotEdit, Text
from groupsync.yaml.edit import MappingNode, Scalar, SequenceNode, parse
from groupsync.yaml.events import parse_yaml
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.edits.text import Span
    from groupsync.identity import Identity
    from groupsync.yaml.edit import Node

Pointer: TypeAlias = "tuple[str | int, ...]"
Places: TypeAlias = "Callable[[object], Iterator[tuple[Pointer, str]]]"
"""Gives where a document names groups, or has patterns for their names, and what stands there."""
_REFERENCES: Final = ("include", "exclude", "restrict_to")
_CONDITIONS: Final = frozenset({"in_group", "not_in_group"})
_OF_POLICIES: Final = frozenset({"group", "groups", "except", "match", "no_overlap"})
_MAGIC: Final = re.compile(r"[*?\[]")


def in_definition(value: object) -> Iterator[tuple[Pointer, str]]:
    """Give where a definition names other groups: its references and conditions."""
    if isinstance(value, dict):
        for key in _REFERENCES:
            yield from _references(value.get(key), (key,))
        yield from _conditions(value.get("where"), ("where",))


def in_config(value: object) -> Iterator[tuple[Pointer, str]]:
    """Give where a config names groups: its exclusions, policies, selections, and who may adopt or loosen."""
    if not isinstance(value, dict):
        return
    yield from _references(value.get("exclude"), ("exclude",))
    yield from _under(value.get("policies"), ("policies",), _OF_POLICIES)
    for name, target in _entries(value.get("targets")):
        select = target.get("select") if isinstance(target, dict) else None
        yield from _under(select, ("targets", name, "select"), frozenset({"names"}))
    yield from _under(value.get("adopt"), ("adopt",), frozenset({"match"}))
    yield from _under(value.get("guards"), ("guards",), frozenset({"may_loosen"}))


def in_approval(value: object) -> Iterator[tuple[Pointer, str]]:
    """Give where a file of approvals names groups."""
    yield from _under(value, (), frozenset({"name"}))


def patterns_left(data: bytes, path: str, places: Places, old: str, new: str) -> Iterator[tuple[str, str]]:
    """Give the patterns of a file that take one of two names and not the other, each with its place."""
    for document in parse_yaml(data, path)[0]:
        for pointer, text in places(document.value):
            if _MAGIC.search(text) and fnmatch.fnmatchcase(old, text) != fnmatch.fnmatchcase(new, text):
                yield str(document.locate(pointer)), text


def with_references(data: bytes, path: str, places: Places, old: str, new: str) -> bytes:
    """Return a file in which every mention of a group by its name has another one.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    documents, _ = parse_yaml(data, path)
    text = Text(data)
    wanted: list[Any] = []
    spans: list[Span] = []
    roots = [each.root for each in parse(text.text).documents] if documents else []
    for document, root in zip(documents, roots, strict=True):
        value: Any = deepcopy(document.value)
        for pointer, found in places(document.value):
            if found == old:
                spans.append(_over(_node(root, pointer), old, new))
                _set(value, pointer, new)
        wanted.append(value)
    return _checked(text.edited(sorted(set(spans))), path, wanted) if spans else data


def with_name(data: bytes, path: str, old: str, new: str, identity: Identity) -> bytes:
    """Return a file in which a group that it defines has another name, and `previously` tells the one before.

    Raises:
        CannotEdit: it has to be done by hand.
    """
    found = Found(data, path, old, identity)
    wanted: list[Any] = [deepcopy(each.value) for each in found.documents]
    mine = next(each for each in wanted if isinstance(each, dict) and each.get("name") == old)
    before = [each for each in found.entries("previously") if each != new]
    mine |= {"name": new, "previously": [*before, old]}
    spans = [_over(_node(found.root, ("name",)), old, new), *_previously(found, before, old)]
    return _checked(found.text.edited(spans), path, wanted)


def _previously(found: Found, names: list[Any], old: str) -> Iterator[Span]:
    """Give the edit that writes `previously`: anew, in flow style, unless it is not there."""
    node = found.root.get("previously")
    written = f"[{', '.join(scalar(str(each)) for each in (*names, old))}]"
    if node is None:
        yield new_key(found, "previously", f"previously: {written}")
    elif isinstance(node, SequenceNode) and node.is_flow:
        yield node.start, node.end, written
    elif isinstance(node, SequenceNode) and node.items and len(names) == len(node.items):
        last = node.items[-1]
        dash = found.text.lines[found.text.line_of(last.start)][: found.text.place_of(last.start)[1] - 1]
        yield found.text.line_after(found.text.line_of(last.start), f"{dash}{scalar(old)}")
    else:
        message = "its `previously` is written in a way that can't be extended"
        raise CannotEdit(message)


# --- Parts ------------------------------------------------------------------------------------------------------------


def _references(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        match entry:
            case str():
                yield (*pointer, index), entry
            case dict():
                yield from (
                    ((*pointer, index, key), entry[key])
                    for key in ("group", "match")
                    if isinstance(entry.get(key), str)
                )
            case _:
                pass


def _conditions(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    for key, below in _entries(value):
        if key in _CONDITIONS:
            yield from _texts(below, (*pointer, key))
        else:
            yield from _conditions(below, (*pointer, key))


def _under(value: object, pointer: Pointer, keys: frozenset[str]) -> Iterator[tuple[Pointer, str]]:
    """Give the texts, in lists too, that stand under one of some keys, at any depth."""
    for key, below in _entries(value):
        if key in keys:
            yield from _texts(below, (*pointer, key))
        yield from _under(below, (*pointer, key), keys)


def _texts(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*pointer, index))


def _entries(value: object) -> Iterator[tuple[str | int, Any]]:
    match value:
        case dict():
            yield from value.items()
        case list():
            yield from enumerate(value)
        case _:
            pass


def _node(root: Node, pointer: Pointer) -> Node:
    found: Node | None = root
    for step in pointer:
        match found, step:
            case MappingNode(), str():
                found = found.get(step)
            case SequenceNode(), int():
                found = found.items[step]
            case _:
                found = None
    if found is None:
        message = "a name in it is written elsewhere in the file"
        raise CannotEdit(message)
    return found


def _over(node: Node, old: str, new: str) -> Span:
    if not isinstance(node, Scalar) or node.value != old or node.style in {"|", ">"}:
        message = "a name in it is written elsewhere in the file"
        raise CannotEdit(message)
    return node.start, node.end, scalar(new)


def _set(value: Any, pointer: Pointer, new: str) -> None:
    for step in pointer[:-1]:
        value = value[step]
    value[pointer[-1]] = new


def _checked(data: bytes, path: str, wanted: list[Any]) -> bytes:
    documents, wrong = parse_yaml(data, path)
    if wrong or [each.value for each in documents] != wanted:
        message = "an edit would change what else it says"
        raise CannotEdit(message)
    return data
