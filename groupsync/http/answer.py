"""What a service answered. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end.

    Attributes:
        method, path: of the request.
        status: of the answer.
        headers: by name in lower case.
        body: the bytes, content encoding undone.
        below: `path` as messages have it, without what the service's own address has of it, which may be secret; empty
            for the same.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    below: str = ""

    @property
    def asked(self) -> str:
        """The request, for a message: `GET /groups`."""
        return f"{self.method} {self.below or self.path}"

    @property
    def is_ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def etag(self) -> str | None:
        """The entity tag as it was sent, quotes and all; None where there is none."""
        return self.headers.get("etag")

    def json(self) -> Any:
        """Return the body as JSON; None for an empty one.

        Raises:
            BackendError: it is no JSON; may be tried again, since a proxy's error page looks like that.
        """
        if not self.body:
            return None
        try:
            return _json(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "no content type")[:80]
            summary = f"{self.asked} was not answered in JSON"
            detail = f"status {self.status}, {kind}, {len(self.body):,} bytes"
            raise BackendError(summary, detail, "Check the target's `url`.", retryable=True) from error


def _json(body: bytes) -> Any:
    """Return what JSON says that is UTF-8 (RFC 8259, 8.1); ValueError also where a text in it is no Unicode (8.2)."""
    text = body.decode("utf-8-sig")
    value = json.loads(text)
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # half a pair could be neither printed, sent nor hashed
    return value
