"""What e-mail addresses look like, by the letter of the rules and in practice. Pure.

RFC 5321 and 5322 let a local part have characters that nobody's address has, and that people and programs write around
addresses: `Ada|ada@example.com` and `'ada@example.com` are addresses by the letter.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_ADDRESS_LENGTH: Final = 254
"""RFC 5321 §4.5.3.1.3, less the two angle brackets (erratum 1690)."""
PLAIN_LENGTH: Final = 64
"""With so many characters in all, neither the local part (64) nor a label (63) is too long: RFC 5321 §4.5.3.1."""

_SEPARATORS: Final = "|=/"
_MARKS: Final = "'`*"
"""What stands around addresses: between things that are glued together, and in front of one."""
_PARTING: Final = '|=/\\:;,<>"'
_APOSTROPHES: Final = "‘’‛"
_LABEL: Final = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"
_DOMAIN: Final = rf"@(?:{_LABEL}\.)++[A-Za-z]{{2,63}}+"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_USUAL_ATOM: Final = r"[A-Za-z0-9!#$%&'*+?^_`{}~-]++"
_FIRST: Final = r"[A-Za-z0-9!#$%&+?^_{}~-]"
_PLAIN: Final = rf"{_ATOM}(?:\.{_ATOM})*+{_DOMAIN}"
_USUAL: Final = rf"{_FIRST}(?:{_USUAL_ATOM})?+(?:\.{_USUAL_ATOM})*+{_DOMAIN}"

PLAIN: Final = re.compile(_PLAIN)
PLAIN_LINES: Final = re.compile(rf"{_PLAIN}(?:\n{_PLAIN})*+")
USUAL: Final = re.compile(_USUAL)
USUAL_LINES: Final = re.compile(rf"{_USUAL}(?:\n{_USUAL})*+")
_WITHIN: Final = re.compile(
    r"(?<![\w.+@-])[\w+][\w.+!#$%&'?^~-]{0,63}@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,63})(?![\w@-])"
)


def meant(address: str) -> str:
    """Return the address that is probably meant by one that is so by the letter alone; empty where it is usual.

    Args:
        address: one by the letter of the rules.
    """
    local = address.rpartition("@")[0]
    start = 0
    for index, character in enumerate(local):
        if character in _SEPARATORS or _is_foreign_mark(character) or (index == start and character in _MARKS):
            start = index + 1
    if not start:
        return ""
    rest = address[start:]
    return rest if address_in(rest) == rest else ""


def _is_foreign_mark(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character)[0] not in "LMN"


def addresses_in(text: str) -> list[str]:
    """Return what looks like usual addresses in a text, in their order; takes linear time for a line of a file."""
    return _WITHIN.findall(text) if "@" in text else []


def address_in(text: str) -> str:
    """Return the only thing in a text that looks like a usual address; empty where there are several, or none."""
    found = addresses_in(text)
    return found[0] if len(found) == 1 else ""


def whole_address_in(text: str) -> str:
    """Return what `address_in` does of a text as it is seen, and nothing where it may be the rest of another address.

    It may be where a word is before it and nothing that parts the two, as in `o’brien@example.com`; where a mark goes
    with its first or last letter; and where characters can't be shown.
    """
    seen = "".join(each for each in text if unicodedata.category(each) != "Cf")
    if not all(each.isprintable() or each.isspace() for each in seen):
        return ""
    if not (address := address_in(seen)) or not (found := _WITHIN.search(seen)):
        return ""
    before, after = seen[: found.start()], seen[found.end() :]
    if any(_is_of_a_word(each) for each in (before[-1:], after[:1]) if each):
        return ""
    for each in reversed(before):
        if _parts(each):
            return address
        if _is_of_a_word(each):
            return ""
    return address


def _is_of_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _parts(character: str) -> bool:
    if character in _PARTING or character.isspace():
        return True
    return character not in _APOSTROPHES and unicodedata.category(character) in {"Ps", "Pe", "Pi", "Pf"}
