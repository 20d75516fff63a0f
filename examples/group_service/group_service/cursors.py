"""Cursors: where a page ended, and the state that it was a page of. Opaque to clients."""

from __future__ import annotations

import base64
import json


class StaleCursorError(Exception):
    """A cursor is not, or no longer, good: the pages would not fit together."""


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
        StaleCursorError: it was not made by `encode`, or for another list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise StaleCursorError from error
    match found:
        case [str(made_for), str(state), str(after)] if made_for == listed:
            return state, after
        case _:
            raise StaleCursorError
