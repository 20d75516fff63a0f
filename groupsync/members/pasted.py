"""Lists as mail programs paste them: `Ada Lovelace <ada@example.com>; …`, `mailto:`, quote marks. Pure.

Read where they have one meaning; `groupsync fmt` writes the plain form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BRACKETS: Final = re.compile(r"<[^<>\n]*>")
_INSIDE: Final = re.compile(r"\s*(?:mailto:)?([^\s,;]*@[^\s,;]*)\s*", re.IGNORECASE)
_QUOTED: Final = re.compile(r"""(?<![^\s,;])(['"])([^\s,;'"<>]+@[^\s,;'"<>]+)\1(?![^\s,;])""")
_SCHEME: Final = re.compile(r"(?<![^\s,;])mailto:(?=[^\s,;@]+@)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What stands around the addresses of a list.

    Attributes:
        around: start and end of what is no part of an address, ascending.
        unclear: start, end and wording of each entry with brackets that has more than one meaning, ascending.
    """

    around: Sequence[tuple[int, int]]
    unclear: Sequence[tuple[int, int, str]]

    def blanked(self, text: str) -> str:
        """Return the text, as long as before, with blanks in place of what is no part of an address."""
        spans = sorted([*self.around, *((start, end) for start, end, _ in self.unclear)])
        parts, done = [], 0
        for start, end in spans:
            parts += [text[done:start], " " * (end - start)]
            done = end
        return "".join([*parts, text[done:]])


def find_pasted(text: str, *, is_mail: bool = True) -> Pasted:
    """Find what stands around the addresses of a list without comments; of other identifiers nothing is clear."""
    if not is_mail:
        return Pasted((), [(start, end, text[start:end]) for start, end in _bracketed(text)])
    around: list[tuple[int, int]] = []
    unclear: list[tuple[int, int, str]] = []
    for start, end in _bracketed(text) if "<" in text else ():
        opened = text.rindex("<", start, end)
        inside = _INSIDE.fullmatch(text, opened + 1, end - 1)
        name = text[start:opened].strip().strip("\"'")
        if inside is None or ("@" in name and name.casefold() != inside[1].casefold()):
            unclear.append((start, end, text[start:end]))
        else:
            around += [(start, inside.start(1)), (inside.end(1), end)]
    rest = Pasted(around, unclear).blanked(text) if around or unclear else text
    if "@" in rest and ("'" in rest or '"' in rest):
        for found in _QUOTED.finditer(rest):
            around += [(found.start(), found.start() + 1), (found.end() - 1, found.end())]
    if ":" in rest:
        around += [found.span() for found in _SCHEME.finditer(rest)]
    return Pasted(sorted(around), unclear)


def _bracketed(text: str) -> Iterator[tuple[int, int]]:
    """Give start and end of each `Ada Lovelace <ada@example.com>`, as mail programs write it.

    A name may have a comma where semicolons stand between the entries, or quote marks around it.
    """
    done = 0
    for found in _BRACKETS.finditer(text):
        floor = max(done, text.rfind("\n", done, found.start()) + 1)
        before = text[floor : found.start()].rstrip()
        semicolon = before.rfind(";")
        if before.endswith('"'):
            start = floor + max(before.rfind('"', 0, len(before) - 1), 0)
        elif "@" not in before[semicolon + 1 :] and (semicolon >= 0 or text[found.end() : found.end() + 1] == ";"):
            start = floor + semicolon + 1
        else:
            start = floor + max(before.rfind(","), semicolon) + 1
        done = found.end()
        yield start, done
