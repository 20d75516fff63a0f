"""What can go wrong with one request, for `Proxy.choose`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.servers.proxy import Answer

if TYPE_CHECKING:
    from tests.servers.proxy import Call, Exchange

TEXT = (("Content-Type", "text/plain"),)


def reset_before(exchange: Exchange) -> None:
    """Reset the connection; the server never hears of the request."""
    exchange.reset()


def reset_after(exchange: Exchange) -> None:
    """Let the server do it and reset the connection: its answer is lost."""
    exchange.forward()
    exchange.reset()


def timeout_before(exchange: Exchange) -> None:
    """Never answer; the server never hears of the request."""
    exchange.hold()


def timeout_after(exchange: Exchange) -> None:
    """Let the server do it, and never answer."""
    exchange.forward()
    exchange.hold()


def too_many(exchange: Exchange) -> None:
    """Answer 429, without saying when to come again."""
    exchange.send(Answer(429, TEXT, b"too many requests"))


def too_many_come_later(exchange: Exchange) -> None:
    """Answer 429 and ask to wait a second."""
    exchange.send(Answer(429, (*TEXT, ("Retry-After", "1")), b"too many requests"))


def error_before(exchange: Exchange) -> None:
    """Answer 500; the server never hears of the request."""
    exchange.send(Answer(500, TEXT, b"internal server error"))


def error_after(exchange: Exchange) -> None:
    """Let the server do it, and answer 500 all the same."""
    exchange.forward()
    exchange.send(Answer(500, TEXT, b"internal server error"))


def truncated(exchange: Exchange) -> None:
    """Let the server do it, and break off in the middle of its answer."""
    exchange.send_cut(exchange.forward())


def slow_drip(exchange: Exchange) -> None:
    """Let the server do it, and send the beginning of its answer byte by byte, twenty a second."""
    exchange.send_slowly(exchange.forward())


def duplicated_page(exchange: Exchange) -> None:
    """Answer what the last GET of the same path was answered, whatever page it asked for; the first one is usual."""
    exchange.send(exchange.previous() or exchange.forward())


def missing_page(exchange: Exchange) -> None:
    """Answer the page after the one that was asked for; the last one is usual."""
    answer = exchange.forward()
    path = next_page(exchange.call, answer)
    exchange.send(exchange.forward(path) if path else answer)


def next_page(call: Call, answer: Answer) -> str | None:
    """Return the path of the page after one, by cursor or SCIM's `startIndex`; None where there is none."""
    parts, told = urlsplit(call.path), json.loads(answer.body)
    query = parse_qs(parts.query)
    if cursor := told.get("next_cursor"):
        query["cursor"] = [cursor]
    elif told.get("startIndex", 0) + len(told.get("Resources", ())) <= told.get("totalResults", 0):
        query["startIndex"] = [str(told["startIndex"] + len(told["Resources"]))]
    else:
        return None
    return f"{parts.path}?{urlencode(query, doseq=True)}"


EVERYWHERE = {
    "connection reset": reset_before,
    "connection reset, answer lost": reset_after,
    "timeout": timeout_before,
    "timeout, answer lost": timeout_after,
    "429": too_many,
    "429 with Retry-After": too_many_come_later,
    "500": error_before,
    "500 for what was done": error_after,
    "truncated body": truncated,
    "slow drip": slow_drip,
}
"""What can go wrong with any request."""

AFTER = {reset_after, timeout_after, error_after}
"""Those that differ from others in that the server did it: the same as those for a request that only reads."""

READING = {name: fault for name, fault in EVERYWHERE.items() if fault not in AFTER}
READING |= {"duplicated page": duplicated_page, "missing page": missing_page}
"""What can go wrong with a request that only reads."""
