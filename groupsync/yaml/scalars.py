"""Plain scalars as the core schema of YAML 1.2 reads them (§10.3.2), and words for what they are. Pure."""

from __future__ import annotations

import re
from typing import Final

SUSPECTS: Final = frozenset(["", *"+-.0123456789~nNtTfF"])
"""First characters (none, for the empty scalar) of everything that may be something else than text."""

_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAX_DIGITS: Final = 1000
"""What is longer stays text: nobody means it as a number, and reading it would take quadratic time."""


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Return what an unquoted scalar without a tag means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "+-.0123456789" and len(text) <= _MAX_DIGITS:
        return _number(text)
    return text


def _number(text: str) -> str | int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def kind_of(value: object) -> str:
    """Say in words what a value is, with its article: `a text`, `a list`, `nothing (null)`."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "a mapping"


def shown(value: object, limit: int = 60) -> str:
    """Return a short form of a value for one line of a message, much as it would be written in YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            text = f"{value}"  # a secret hides itself when it is formatted, and only then
            cut = text if len(text) <= limit else text[: limit - 1] + "…"
            return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
        case list() | dict():
            return kind_of(value)
        case _:
            return str(value)
