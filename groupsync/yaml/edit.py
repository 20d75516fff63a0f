"""YAML text with its places: what the formatter needs to edit a file without touching what it does not mean to.

A `Node` knows which characters of the text it came from, so an edit replaces exactly those and every comment, blank
line and quote elsewhere stays as its author left it. Pure. `groupsync.yaml.events` builds values for the rest of the
program; here the values matter less than the spans and styles, and aliases stay aliases.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from groupsync.yaml.scalars import plain_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BLANK_OR_COMMENT: Final = re.compile(r"[ \t]*(?:#.*)?")
_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#.*", re.MULTILINE)
_BLOCK_STYLES: Final = ("|", ">")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar. `start` and `end` are offsets in characters, `style` is empty for a plain one."""

    start: int
    end: int
    value: str
    style: str

    @property
    def is_text(self) -> bool:
        """Whether it reads as a text, not as a number, a flag or nothing."""
        return bool(self.style) or isinstance(plain_scalar(self.value), str)


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference to an anchor (`*name`)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list. `end` of one in block style is the end of its last item, before any comment that follows."""

    start: int
    end: int
    is_flow: bool
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping, entries in the order written; `end` as for a list."""

    start: int
    end: int
    is_flow: bool
    entries: tuple[tuple[Node, Node], ...]

    def get(self, key: str) -> Node | None:
        """Return the value of the first entry with this key, None without one."""
        for name, value in self.entries:
            if isinstance(name, Scalar) and name.value == key:
                return value
        return None


Node: TypeAlias = Scalar | Alias | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class DocumentNode:
    """One document of a file.

    Attributes:
        root: its value.
        is_movable: whether parts may change places. Not so with anchors, aliases and tags, which depend on what comes
            before, nor with a block scalar that keeps its last line breaks (`|+`), to which blank lines below belong.
    """

    root: Node
    is_movable: bool


@dataclass(frozen=True, slots=True)
class Tree:
    r"""A parsed text.

    Attributes:
        text: what was parsed; its line breaks are all `\n`.
        documents: in the order of the text.
        scalars: every scalar of every document, in the order of the text.
    """

    text: str
    documents: tuple[DocumentNode, ...]
    scalars: tuple[Scalar, ...]

    def comments(self) -> list[tuple[int, int]]:
        """Return where the comments are, in order; a `#` inside a scalar is none."""
        return [match.span() for match in _COMMENT.finditer(self._masked())]

    def _masked(self) -> str:
        """Return the text with each scalar blotted out, its line breaks kept, so that offsets stay the same."""
        parts, position = [], 0
        for scalar in self.scalars:
            start = scalar.start
            if scalar.style in _BLOCK_STYLES:
                # The line with the `|` may end in a comment of its own.
                start = self.text.find("\n", start, scalar.end)
                start = scalar.end if start < 0 else start
            parts += [self.text[position:start], re.sub(r"[^\n]", "x", self.text[start : scalar.end])]
            position = scalar.end
        return "".join([*parts, self.text[position:]])


class Lines:
    """The lines of a text, counted from 0, and which of them a character is on."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._starts = [0]
        for line in self.lines[:-1]:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def of(self, offset: int) -> int:
        """Return the line of the character at `offset`."""
        return bisect_right(self._starts, offset) - 1

    def before(self, offset: int) -> str:
        """Return what stands on the line of `offset`, left of it."""
        line = self.of(offset)
        return self.lines[line][: offset - self._starts[line]]

    def replace(self, first: int, last: int, groups: Sequence[Sequence[str]]) -> tuple[int, int, str]:
        """Return the edit that puts the lines of `groups` in the place of those from `first` to `last`."""
        text = "\n".join(line for group in groups for line in group)
        return (self._starts[first], self._starts[last] + len(self.lines[last]), text)

    def last_of(self, node: Node) -> int:
        """Return the last line that `node` reaches into."""
        return self.of(max(node.start, node.end - 1))


@lru_cache(maxsize=2)
def parse(text: str) -> Tree:
    r"""Parse YAML that is known to be well-formed, with `\n` for line breaks and no byte order mark.

    Remembers the last results: most edits of most files leave the text as it is for the next one.

    Raises:
        YAMLError: the text is not well-formed.
    """
    return _Composer(_events(text), text).tree()


def replace_spans(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Return `text` with each `(start, end, replacement)` carried out; spans must not overlap."""
    parts, position = [], 0
    for start, end, replacement in sorted(edits):
        parts += [text[position:start], replacement]
        position = end
    return "".join([*parts, text[position:]])


def _events(text: str) -> Iterator[Any]:
    """Give the parser's events. What libyaml refuses, ruamel.yaml's own parser may read, as in `parse_yaml`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    with suppress(ImportError, MarkedYAMLError):
        from _ruamel_yaml import CParser

        parser = CParser(text)
        return iter(list(iter(parser.get_event, None)))
    return iter(YAML(typ="safe", pure=True).parse(text))


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self, events: Iterator[Any], text: str) -> None:
        self._events = events
        self._text = text
        self._scalars: list[Scalar] = []
        self._is_movable = True

    def tree(self) -> Tree:
        documents = []
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                self._is_movable = True
                root = self._node(next(self._events))
                documents.append(DocumentNode(root, self._is_movable))
        return Tree(self._text, tuple(documents), tuple(self._scalars))

    def _node(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            self._is_movable = False
        match type(event).__name__:
            case "ScalarEvent":
                scalar = Scalar(start, end, event.value, event.style or "")
                self._scalars.append(scalar)
                if scalar.style in _BLOCK_STYLES and "+" in self._text[start : start + 3]:
                    self._is_movable = False
                return scalar
            case "SequenceStartEvent":
                items, closed = self._until("SequenceEndEvent")
                return SequenceNode(start, _end(event, items, closed, start), bool(event.flow_style), tuple(items))
            case "MappingStartEvent":
                nodes, closed = self._until("MappingEndEvent")
                entries = tuple(zip(nodes[::2], nodes[1::2], strict=True))
                return MappingNode(start, _end(event, nodes, closed, start), bool(event.flow_style), entries)
            case _:
                return Alias(start, end)

    def _until(self, last: str) -> tuple[list[Node], int]:
        nodes = []
        while type(event := next(self._events)).__name__ != last:
            nodes.append(self._node(event))
        return nodes, event.end_mark.index


def _end(event: Any, children: Sequence[Node], closed: int, start: int) -> int:
    """Return where a collection ends: at its bracket, or with its last child where it has none."""
    if event.flow_style:
        return closed
    return max((child.end for child in children), default=start)
