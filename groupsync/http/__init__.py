"""Speak HTTP with a target: what every backend of a web service needs, in one place.

`options` has the options that such backends share and makes a client of them, `client` sends requests and reads answers
within bounds, `auth` proves who we are, `failures` tells what an answer means for an apply.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from groupsync.http.answer import Answer
    from groupsync.http.client import HttpClient
    from groupsync.http.failures import failure_of, raise_for
    from groupsync.http.options import HTTP_OPTIONS, client_from_options, http_place

__all__ = ["HTTP_OPTIONS", "Answer", "HttpClient", "client_from_options", "failure_of", "http_place", "raise_for"]

_ROOMS: Final = {
    "HTTP_OPTIONS": "options",
    "Answer": "answer",
    "HttpClient": "client",
    "client_from_options": "options",
    "failure_of": "failures",
    "http_place": "options",
    "raise_for": "failures",
}


def __getattr__(name: str) -> Any:
    """Import a room when something in it is first wanted: to know the options of a target needs no HTTP library."""
    if name not in _ROOMS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
