"""Headers that nobody may set: those that lead a request to another host, or say how it is framed and sent. Pure."""

from __future__ import annotations

import re
from typing import Final

_OURS: Final = (
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
)
_METHODS: Final = ("x-http-method", "x-http-method-override", "x-method-override")
"""Headers by which a GET is taken for another request."""
_CHARACTER: Final = "[!#$%&'*+.^_`|~0-9A-Za-z-]"
EXPECTED: Final = (
    "the name of a header, but for those that groupsync sets itself: `Host`, `Content-Length`, `Connection`, `Proxy-…` "
    "and their like"
)


def _any_case(name: str) -> str:
    """Return a pattern for a name in whatever case; services take `_` for `-`, too."""
    return "".join("[_-]" if each == "-" else f"[{each.upper()}{each}]" for each in name)


def _other_than(names: tuple[str, ...]) -> str:
    listed = "|".join(map(_any_case, names))
    return rf"^(?!(?:{listed}|{_any_case('proxy-')}.*)$){_CHARACTER}+$"


FREE: Final = _other_than(_OURS)
"""Matches the names that may be set: a pattern of JSON Schema."""
FREE_FOR_ALL: Final = _other_than((*_OURS, *_METHODS))
"""The same, for what is sent with every request: it may not make a write of one that reads."""
_IS_FREE: Final = re.compile(FREE)
_OVERRIDES: Final = re.compile("|".join(map(_any_case, (*_METHODS, "_method"))))


def may_be_set(name: str) -> bool:
    """Tell whether a header of this name may be set at all."""
    return _IS_FREE.fullmatch(name) is not None


def overrides_method(name: str) -> bool:
    """Tell whether a header, or a field of a query or body, has a request taken for one of another method."""
    return _OVERRIDES.fullmatch(name) is not None
