"""Addresses that look like others: letters of several scripts, or letters that are shown like plain ones. Pure.

After Unicode Technical Standard 39 (confusables, mixed scripts), as far as it concerns letters that an address in lower
case may have. A domain needs none of it: its canonical form is ASCII.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")
_SHOWN_LIKE: Final = str.maketrans(
    # Cyrillic
    "аеорсухіјѕԁһԛԝӏѵгкνʋ"
    # Greek
    "αορνιυκχγϲϳτ"
    # Armenian
    "օոսհցզյ"
    # Latin
    "ɑɡıɩʟɴʀʏꞵ",
    "aeopcyxijsdhqwlvrkvuaopviukxycjtonuhgqjagiilnryb",
)


def odd_letters(address: str) -> str:
    """Return the letters of a local part that make it look like another one, each once; empty where there are none.

    These are letters of another script than Latin beside Latin ones; and letters that look like plain ones, where all
    letters are such or plain.
    """
    local = address.rpartition("@")[0]
    if local.isascii():
        return ""
    foreign = dict.fromkeys(each for each in local if each.isalpha() and not each.isascii())
    scripts = {script for each in local if each.isalpha() for script in _SCRIPTS if _name(each).startswith(script)}
    mixed = "".join(each for each in foreign if not _name(each).startswith("LATIN"))
    if "LATIN" in scripts and mixed and scripts != {"LATIN"}:
        return mixed
    return "".join(foreign) if plain_of(local).isascii() else ""


def plain_of(text: str) -> str:
    """Return a text with plain letters for those that are shown like them."""
    return unicodedata.normalize("NFKC", text).translate(_SHOWN_LIKE)


def _name(letter: str) -> str:
    return unicodedata.name(letter, "")


def named(letters: str) -> str:
    """Return letters as people can look them up: `U+0430 CYRILLIC SMALL LETTER A`."""
    return ", ".join(f"U+{ord(each):04X} {_name(each)}".rstrip() for each in letters)
