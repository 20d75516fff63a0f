"""How text for people looks: options, colours, numbers, line breaks. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.report.escape import cell_width
from groupsync.wording import counted as counted  # noqa: PLC0414 - handed on to renderers

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_WIDTH: Final = 40
MAX_WIDTH: Final = 120

GREEN: Final = "32"
RED: Final = "31"
YELLOW: Final = "33"
CYAN: Final = "36"
BOLD: Final = "1"
FAINT: Final = "2"
_PAINT: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Style:
    """What a renderer may know of the reader's terminal and wishes.

    Attributes:
        color: use ANSI colours; without them nothing is lost.
        width: columns of the terminal; text keeps between 40 and 120 of them where words allow it.
        full: show every member and whole values instead of cutting what is long.
        by_person: also say what becomes of each person.
        summary: show one line a group.
    """

    color: bool = False
    width: int = 80
    full: bool = False
    by_person: bool = False
    summary: bool = False

    @property
    def columns(self) -> int:
        """The columns to fill."""
        return max(MIN_WIDTH, min(self.width, MAX_WIDTH))

    def paint(self, text: str, *codes: str) -> str:
        """Return `text` in the colours given, or as it is."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.color and text else text


PLAIN: Final = Style()


def number(value: int) -> str:
    """Write a number with commas: `1,234`."""
    return f"{value:,}"


def joined(parts: Iterable[str]) -> str:
    """Join words as in a sentence: `a, b and c`."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def headline(text: str, note: str, style: Style) -> list[str]:
    """Return a painted line with a faint note behind it; on a line of its own where there is no room for both."""
    if cell_width(_PAINT.sub("", text)) + 2 + cell_width(note) <= style.columns:
        return [f"{text}  {style.paint(note, FAINT)}"]
    return [text, *(style.paint(line, FAINT) for line in flow(note.split(" · "), "  ", style.columns))]


def flow(pieces: Iterable[str], indent: str, width: int, separator: str = " · ") -> list[str]:
    """Lay out pieces in lines, broken between pieces and, where one is too long, between its words.

    Args:
        pieces: escaped texts; empty ones are left out.
        indent: starts every line; the second and further lines of one piece get two columns more.
        width: columns to keep to; a single word may go over.
        separator: goes between pieces that share a line.
    """
    lines: list[str] = []
    for piece in filter(None, pieces):
        if lines and cell_width(lines[-1] + separator + piece) <= width:
            lines[-1] += separator + piece
        else:
            lines.extend(wrap(piece, indent, width, hanging=indent + "  "))
    return lines


_EXCEPTION: Final = re.compile(r"(?:groupsync [a-z]+ (?:\S+ ){0,3}?)?--allow '[^']*'")


def _words(text: str) -> list[str]:
    if "--allow" not in text:
        return text.split(" ")
    # NUL is no character of escaped text.
    joined = _EXCEPTION.sub(lambda found: found[0].replace(" ", "\0"), text)
    return [word.replace("\0", " ") for word in joined.split(" ")]


def wrap(text: str, indent: str, width: int, hanging: str | None = None) -> list[str]:
    """Break escaped text between words into lines of `width` columns; lines after the first start with `hanging`.

    A command with an exception is one word, so that it can be copied: a terminal breaks its line without a line break.
    """
    lines = []
    line, start = "", indent
    for word in _words(text):
        longer = f"{line} {word}" if line else start + word
        if line and cell_width(longer) > width:
            lines.append(line)
            start = indent if hanging is None else hanging
            longer = start + word
        line = longer
    lines.append(line)
    return lines
