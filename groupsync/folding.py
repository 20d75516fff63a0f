"""Upper and lower case as `ignore_case` folds them: letter by letter, the same on every engine. Pure.

Engines differ in what lower case is beyond the plain pairs (final sigma, dotless i, locales), so that only pairs count
here: each capital of the Latin, Greek and Cyrillic scripts that has exactly one small letter, to which no other capital
belongs. Everything else is compared as it is. In SQL it is `translate(text, CAPITALS, SMALL)`.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_SCRIPTS: Final = ("LATIN", "GREEK", "CYRILLIC")
_LAST: Final = 0x0530


def _pairs() -> dict[str, str]:
    found: dict[str, str] = {}
    for code in range(_LAST):
        capital = chr(code)
        small = capital.lower()
        is_pair = small != capital and len(small) == 1 and small.upper() == capital
        if is_pair and unicodedata.name(capital, "").startswith(_SCRIPTS):
            found[capital] = small
    return found


_PAIRS: Final = _pairs()
CAPITALS: Final = "".join(_PAIRS)
SMALL: Final = "".join(_PAIRS.values())
_TABLE: Final = str.maketrans(CAPITALS, SMALL)


def fold(text: str) -> str:
    """Return the text with every capital of a pair replaced by its small letter."""
    return text.translate(_TABLE)


def small_letters(first: int, last: int) -> list[str]:
    """Return the small letters of the capitals from one code point to another, both included."""
    return [small for capital, small in _PAIRS.items() if first <= ord(capital) <= last]
