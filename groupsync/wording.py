"""Counts in sentences: one function, so that a number and its noun agree everywhere; names made of texts. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def counted(value: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 group`, `1,234 groups`.

    Args:
        value: how many.
        one: what follows a 1; a clause may be, where more than the noun depends on the number.
        many: what follows any other number; empty for `one` with an s.
    """
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def few(value: int, one: str, many: str = "") -> str:
    """Write the same where a 1 needs no number: `change`, `3 changes`."""
    return one if value == 1 else counted(value, one, many)


_SPELLED: Final = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "ss",
        "æ": "ae",
        "Æ": "ae",
        "œ": "oe",
        "Œ": "oe",
        "ø": "o",
        "Ø": "o",
        "ł": "l",
        "Ł": "l",
        "đ": "d",
        "Đ": "d",
        "ð": "d",
        "Ð": "d",
        "þ": "th",
        "Þ": "th",
        "ı": "i",
    }
)
"""Latin letters that are no letter with an accent, as they are spelled without them."""


def nearest_name(text: str) -> str:
    """Return the valid name that is nearest to a text, without accents; empty where nothing is left of it."""
    text = text.translate(_SPELLED)
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9._-]+", "-", plain.lower()).strip("._-")
