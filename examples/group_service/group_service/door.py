"""The door: who may come in, how often, and with how much. Comes before anything is parsed."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from group_service.answers import error_answer

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from group_service.settings import Settings

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Allowance:
    """So many requests a second, and as many at once after a pause (a token bucket)."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = float(per_second)
        self._at = time.monotonic()
        self._mutex = threading.Lock()

    def take(self) -> bool:
        """Take one request off; False if none is left."""
        with self._mutex:
            now = time.monotonic()
            self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Door:
    """ASGI middleware around all of `/v1`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._most_bytes = settings.body_bytes
        self._writers = {_fingerprint(token) for token in settings.tokens}
        tokens = settings.tokens | settings.read_tokens
        rate = settings.requests_per_second
        self._allowances = {_fingerprint(token): Allowance(rate) if rate else None for token in tokens}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            body = await _whole_body(receive, self._most_bytes)
            if body is not None:
                await self._app(scope, _replay(body, receive), send)
                return
            refusal = error_answer(413, "too_large", f"a request's body must not exceed {self._most_bytes} bytes")
        await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        shown = _fingerprint(token.strip())
        if scheme.lower() != "bearer" or shown not in self._allowances:
            told = {"WWW-Authenticate": "Bearer"}
            return error_answer(401, "unauthorized", "a request needs `Authorization: Bearer` and a valid token", told)
        allowance = self._allowances[shown]
        if allowance is not None and not allowance.take():
            return error_answer(429, "rate_limited", "too many requests with this token", {"Retry-After": "1"})
        if scope["method"] not in _READING and shown not in self._writers:
            return error_answer(403, "forbidden", "this token may only read")
        return None


def _fingerprint(token: str) -> bytes:
    # What is looked up is a hash, so that the time it takes tells nothing of a token.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


async def _whole_body(receive: Receive, most_bytes: int) -> bytes | None:
    """Read a body; None if it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
