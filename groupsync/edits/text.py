r"""A file's text with its lines, and how edits of it become edits of the bytes. Pure.

Texts are edited with `\n` for line breaks and without a byte order mark; what is not edited keeps its own.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.yaml.edit import replace_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.model import SourceRange

Span: TypeAlias = tuple[int, int, str]
"""Characters from and to, and what takes their place."""
_BREAK: Final = re.compile(r"\r\n|\r|\n")


class CannotEdit(Exception):
    """A text is laid out in a way that an edit can't be sure of. The message is a clause without a final stop."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A file after an edit.

    Attributes:
        data: its bytes.
        places: what was added, where it stands now; what was taken out, where it stood before.
    """

    data: bytes
    places: tuple[SourceRange, ...]


class Text:
    """The text of a file, by lines that are counted from 0."""

    def __init__(self, data: bytes) -> None:
        """Take apart what is known to be UTF-8."""
        self._mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        self._raw = data.removeprefix(codecs.BOM_UTF8).decode()
        self._pairs = [found.start() - index for index, found in enumerate(re.finditer("\r\n", self._raw))]
        self.text = _BREAK.sub("\n", self._raw)
        self.lines = self.text.split("\n")
        self.starts = [0]
        for line in self.lines[:-1]:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def line_of(self, offset: int) -> int:
        """Return the line of a character."""
        return bisect_right(self.starts, offset) - 1

    def place_of(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character, both from 1."""
        line = self.line_of(offset)
        return line + 1, offset - self.starts[line] + 1

    def without_lines(self, numbers: Iterable[int]) -> Iterator[Span]:
        """Give the spans that take lines out. A text that ends without a line break goes on doing so."""
        for first, last in _runs(sorted(set(numbers))):
            if last + 1 < len(self.lines):
                yield self.starts[first], self.starts[last + 1], ""
            else:
                yield max(0, self.starts[first] - 1), len(self.text), ""

    def line_after(self, number: int, line: str) -> Span:
        """Return the edit that puts a line below line `number`; -1 for the top."""
        if number + 1 < len(self.lines):
            at = self.starts[number + 1]
            return at, at, f"{line}\n"
        return len(self.text), len(self.text), f"\n{line}"

    def edited(self, spans: Iterable[Span]) -> bytes:
        """Return the bytes with edits carried out that don't overlap; new lines end as most of the others do."""
        ends = "\r\n" if 2 * len(self._pairs) > self.text.count("\n") else "\n"
        ends = "\r" if "\r" in self._raw and "\n" not in self._raw else ends
        there = [(self._original(start), self._original(end), new.replace("\n", ends)) for start, end, new in spans]
        return self._mark + replace_spans(self._raw, there).encode()

    def _original(self, offset: int) -> int:
        return offset + bisect_left(self._pairs, offset)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of each run of numbers without a gap."""
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield numbers[start], number
            start = index + 1


def insertion_point(known: list[str], new: str) -> int:
    """Return where `new` goes: into its place where `known` is sorted, else to the end."""
    return bisect_right(known, new) if known == sorted(known) else len(known)
