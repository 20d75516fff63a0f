"""Make text that somebody else wrote harmless and plain to see on a terminal. Pure.

A display name may hold anything YAML allows: escape sequences that repaint the screen, bidirectional overrides that
show one address as another, zero-width characters that make two names look the same, line breaks that forge a line of
a plan. All of it is shown as the escape a programmer would write, and nothing is lost.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SHORT: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ASCII: Final = re.compile(r"[\x00-\x7f]+")
_IDEOGRAPHIC_SPACE: Final = "\u3000"  # ordinary in East Asian names, and plainly wide


def escape(text: str) -> str:
    r"""Return `text` with every character that can't be seen as itself written as `\n`, `\x1b`, `\u202e` and so on.

    These are controls, format characters (bidi, zero-width), surrogates, unassigned and private ones, line and
    paragraph separators, and every space but the plain one.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == _IDEOGRAPHIC_SPACE else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """Return `text` escaped, between double quotes; a quote or backslash of its own is doubled by a backslash."""
    return '"' + escape(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def cell_width(text: str) -> int:
    """Return how many columns of a terminal escaped text takes: wide characters two, combining marks none."""
    rest = _ASCII.sub("", text)
    return len(text) - len(rest) + sum(map(_character_width, rest))


def _character_width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in {"Mn", "Me"} else 1


def shorten(text: str, width: int) -> str:
    """Return escaped text in at most `width` columns, what is cut off marked by `…`; `width` is 1 or more."""
    if cell_width(text) <= width:
        return text
    used = 0
    for index, character in enumerate(text):
        used += _character_width(character)
        if used > width - 1:
            return text[:index] + "…"
    return text


def pad(text: str, width: int) -> str:
    """Return escaped text followed by as many spaces as it needs to take `width` columns."""
    return text + " " * (width - cell_width(text))
