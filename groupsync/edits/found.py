"""A definition in the text of its file, and where a key goes that it does not have yet. Pure."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from groupsync.edits.text import CannotEdit, Text
from groupsync.fmt.definition import ADDRESS_KEY, KEY_ORDER
from groupsync.yaml.edit import MappingNode, Scalar, parse
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from groupsync.edits.text import Span
    from groupsync.identity import Identity
    from groupsync.model import SourceRange
    from groupsync.yaml.edit import Node


class Found:
    """A definition in the text of its file. Made of what loads; raises `CannotEdit` where it can't be found there."""

    def __init__(self, data: bytes, path: str, group: str, identity: Identity) -> None:
        from ruamel.yaml.error import YAMLError

        self.path, self.group, self.identity = path, group, identity
        self.documents, wrong = parse_yaml(data, path)
        if wrong:
            message = f"it would not be YAML any more: {wrong[0].summary}"
            raise CannotEdit(message)
        self.text = Text(data)
        try:
            roots = [each.root for each in parse(self.text.text).documents]
        except YAMLError as error:
            message = "its parts can't be told apart"
            raise CannotEdit(message) from error
        named = [each for each in roots if isinstance(each, MappingNode) and _name(each) == group]
        values = [each for each in self.documents if isinstance(each.value, dict) and each.value.get("name") == group]
        if len(named) != 1 or len(values) != 1:
            message = "the file does not define it once, as it did before"
            raise CannotEdit(message)
        self.root, self.document = named[0], values[0]

    def entries(self, key: str) -> list[Any]:
        """Return the entries under a key as they are written, in their order."""
        value: Any = self.document.value
        return list(value.get(key) or ())

    @cached_property
    def members(self) -> list[Any]:
        """The entries of `members`."""
        return self.entries("members")

    @cached_property
    def addresses(self) -> list[str]:
        """Whom each entry names, canonical."""
        return [self._canonical(each if isinstance(each, str) else each[ADDRESS_KEY]) for each in self.members]

    def _canonical(self, written: str) -> str:
        try:
            return self.identity.canonical(written)
        except ValueError:
            return written

    def place(self, index: int) -> SourceRange:
        """Return where an entry stands."""
        return self.document.locate(("members", index))

    def others(self, key: str) -> list[object]:
        """Return all that the file says besides what stands under a key."""
        value: Any = self.document.value
        rest = {name: each for name, each in value.items() if name != key}
        return [rest if each is self.document else each.value for each in self.documents]


def _name(root: MappingNode) -> str:
    name = root.get("name")
    return name.value if isinstance(name, Scalar) else ""


def last_line(text: Text, node: Node) -> int:
    """Return the last line that a node reaches into."""
    return text.line_of(max(node.start, node.end - 1))


def above_of(text: Text, node: Node) -> int:
    """Return the first of the comments right above a node, which belong to it; its own line without any."""
    line = text.line_of(node.start)
    while line and text.lines[line - 1].lstrip(" ").startswith("#"):
        line -= 1
    return line


def new_key(found: Found, key: str, lines: str) -> Span:
    """Write a key that a definition does not have where it usually stands among the others.

    Args:
        found: the definition.
        key: its name.
        lines: key and value as they are to stand there, without the last line break.

    Raises:
        CannotEdit: the keys do not stand on lines of their own.
    """
    text, entries = found.text, found.root.entries
    if found.root.is_flow or any(text.place_of(each.start)[1] != 1 for each, _ in entries):
        message = f"it has no `{key}`, and its keys do not stand on lines of their own"
        raise CannotEdit(message)
    later = KEY_ORDER[KEY_ORDER.index(key) :]
    for index, (each, _) in enumerate(entries):
        if isinstance(each, Scalar) and each.value in later:
            above = above_of(text, each) if index else text.line_of(each.start)
            return text.line_after(above - 1, lines)
    return text.line_after(max(last_line(text, node) for node in entries[-1]), lines)
