"""Addresses that look like others: letters of several scripts, or letters that are shown like plain ones. Pure.

After Unicode Technical Standard 39 (confusables, mixed scripts), as far as it concerns letters that an address in lower
case may have. The labels of a domain, whose canonical form is ASCII, are looked at as they are shown.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_CODED: Final = "xn--"
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
    """Return the letters that make an address look like another one, each once; empty where there are none.

    In a local part or a label of the domain these are letters of another script than Latin beside Latin ones; and
    letters that look like plain ones, where all letters are such or plain.
    """
    if address.isascii() and _CODED not in address:
        return ""
    local, _, domain = as_shown(address).rpartition("@")
    return "".join(dict.fromkeys("".join(map(_odd, (local, *domain.split("."))))))


def as_shown(address: str) -> str:
    """Return an address with the letters that its domain has, where that is spelled in ASCII (`xn--…`)."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{'.'.join(map(_decoded, domain.split('.')))}"


def _decoded(label: str) -> str:
    if not label.startswith(_CODED):
        return label
    try:
        return label.removeprefix(_CODED).encode("ascii").decode("punycode")
    except ValueError:
        return label


def _odd(part: str) -> str:
    if part.isascii():
        return ""
    foreign = dict.fromkeys(each for each in part if each.isalpha() and not each.isascii())
    scripts = {script for each in part if each.isalpha() for script in _SCRIPTS if _name(each).startswith(script)}
    mixed = "".join(each for each in foreign if not _name(each).startswith("LATIN"))
    if "LATIN" in scripts and mixed and scripts != {"LATIN"}:
        return mixed
    return "".join(foreign) if plain_of(part).isascii() else ""


def plain_of(text: str) -> str:
    """Return a text with plain letters for those that are shown like them."""
    return unicodedata.normalize("NFKC", text).translate(_SHOWN_LIKE)


def _name(letter: str) -> str:
    return unicodedata.name(letter, "")


def named(letters: str) -> str:
    """Return letters as people can look them up: `U+0430 CYRILLIC SMALL LETTER A`."""
    return ", ".join(f"U+{ord(each):04X} {_name(each)}".rstrip() for each in letters)
