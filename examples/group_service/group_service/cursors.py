"""Cursors: where a page ended, and the state that it was a page of. Opaque to clients."""

from __future__ import annotations

import base64
import json


class BadCursorError(Exception):
    """This text is no cursor, or one of another list."""


def encode(listed: str, state: str, after: str) -> str:
    """Make a cursor.

    Args:
        listed: says which list it belongs to; a cursor is good for no other.
        state: moves whenever what the pages tell together would be wrong.
        after: the last item of the page.
    """
    text = json.dumps([listed, state, after], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, listed: str) -> tuple[str, str]:
    """Return `state` and `after` of a cursor.

    Raises:
        BadCursorError: it was not made by `encode`, or for another list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise BadCursorError("this is no cursor of this service") from error
    match found:
        case [str(made_for), str(state), str(after)] if made_for == listed:
            return state, after
        case _:
            raise BadCursorError("this cursor belongs to another list")
