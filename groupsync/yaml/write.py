"""Strings as YAML that reads back as exactly these strings, quoted only where that is needed. Pure."""

from __future__ import annotations

import json
import re
from typing import Final

# Text that some reader, of YAML 1.1 too, takes for something other than text.
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
# Starts with a letter (so no number, date or indicator) or is an address; has nothing that ends a plain scalar.
_PLAIN: Final = re.compile(r"[^\W\d_](?:[\w ./+@()'&%=-]*[\w./+@()'&%=-])?")
_ADDRESS: Final = re.compile(r"[\w][\w.+=/'-]*@[\w.-]*[A-Za-z]")
_TO_ESCAPE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LITERAL_LINE: Final = re.compile(r"(?:\S(?:.*\S)?)?")


def scalar(text: str) -> str:
    """Return `text` as a plain scalar where every YAML reader takes it for this string, else in double quotes.

    Fits inside `[…]` and `{…}` too, and never has a line break.
    """
    is_plain = _PLAIN.fullmatch(text) is not None and text.isprintable() and text.lower() not in _WORDS
    return text if is_plain or _ADDRESS.fullmatch(text) else _quoted(text)


def text_block(text: str, indent: str) -> str:
    """Return `text` as the value of a key in block style: a `|` block where it has several lines and that is exact."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    is_literal = len(lines) > 1 and lines[0] and lines[-1] and all(map(_is_literal_line, lines))
    if not is_literal:
        return scalar(text)
    header = "|" if text.endswith("\n") else "|-"
    return "\n".join([header, *(indent + line if line else "" for line in lines)])


def _is_literal_line(line: str) -> bool:
    return line.isprintable() and _LITERAL_LINE.fullmatch(line) is not None


def _quoted(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
