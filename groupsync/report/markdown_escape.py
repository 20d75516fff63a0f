r"""Put text that somebody else wrote into a Markdown comment so that it stays text. Pure.

Everything goes through `escape` first, so that controls and bidirectional overrides are seen. What a name could do
beyond that on GitHub, GitLab and the like, and what keeps it from doing so:

- open a tag or close ours: `<` is nowhere written as itself, but as `&lt;`, or `\x3c` where no entities are read;
- end a table cell, a line of code or a fence: names stand in code, with `|` as `\x7c` and a delimiter of their own;
- mention somebody, refer to an issue or become a link: never in code; elsewhere what sets it off is followed by a space
  of no width (`&#8203;`), as bots that quote others do.
"""

from __future__ import annotations

import re
from typing import Final

from groupsync.report.escape import escape

MAX_NAME: Final = 128
MAX_TEXT: Final = 500
_RUNS: Final = re.compile(r"`+")
_BETWEEN_BACKTICKS: Final = re.compile(r"`([^`]+)`")
_LIVE: Final = re.compile(r"[:%](?!\s)|(?i:www)(?=\.)|(?i:gh)(?=-)|[@#!~&$\\`*_\[\]|<>]")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&#39;"}
_ESCAPED: Final = frozenset("\\`*_[]|!~")
_TRIGGERS: Final = frozenset("@#!~&$:%")
_NOTHING: Final = "&#8203;"
_IN_MARKER: Final = re.compile(r"[^A-Za-z0-9._-]|-(?=-|\Z)|\A-")


def clip(text: str, length: int) -> str:
    """Return the first `length` characters of `text`, escaped to at most so many, what is cut off marked by `…`."""
    shown = escape(text[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def code(text: str, length: int = MAX_NAME) -> str:
    """Return `text` as a span of code that fits into a table cell, too."""
    shown = literal(text, length).replace("|", "\\x7c")
    longest = max(map(len, _RUNS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    room = " " if not shown or shown[0] in " `" or shown[-1] in " `" else ""
    return f"{fence}{room}{shown}{room}{fence}"


def literal(text: str, length: int = MAX_NAME) -> str:
    """Return `text` for a line inside a fence, behind something that can't be part of the fence."""
    return clip(text, length).replace("<", "\\x3c")


def prose(text: str, length: int = MAX_TEXT) -> str:
    """Return `text` as words among ours, in which nothing is live; what stands between two backticks is code."""
    words = _BETWEEN_BACKTICKS.split(clip(text, length))
    return "".join(code(word) if index % 2 else _LIVE.sub(_dead, word) for index, word in enumerate(words))


def html(text: str, length: int = MAX_NAME) -> str:
    """Return `text` for the inside of a tag that Markdown leaves alone."""
    return "".join(_ENTITIES.get(character, character) for character in clip(text, length))


def marker(project: str, purpose: str = "") -> str:
    """Return the hidden line by which the same comment is found again: `<!-- groupsync: PROJECT -->`.

    What a comment can't hold in a project's name is written as in URLs.
    """
    name = _IN_MARKER.sub(_percent, project[:MAX_NAME])
    return f"<!-- groupsync: {name}{' ' + purpose if purpose else ''} -->"


def _dead(found: re.Match[str]) -> str:
    text = found.group()
    shown = f"\\{text}" if text in _ESCAPED else _ENTITIES[text] if text in "<>&" else text
    return shown + _NOTHING if text in _TRIGGERS or len(text) > 1 else shown


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "surrogatepass"))
