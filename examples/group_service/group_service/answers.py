"""What is answered when something is wrong: the body, what the contract says of it, and which exception means what."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from group_service import models as m
from group_service.cursors import StaleCursorError
from group_service.store import AbsentError, MovedError, NameTakenError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ERRORS: Final = {
    401: "No token, or none that is valid (`unauthorized`).",
    403: "The token may only read (`forbidden`).",
    404: "There is no such group (`not_found`).",
    409: "The name is taken (`name_taken`).",
    410: "The cursor is not, or no longer, good; begin again at the first page (`stale_cursor`).",
    412: "The group is not at this revision (`precondition_failed`).",
    413: "More members than `limits.bulk` in one request, or a body that is too long (`too_large`).",
    422: "Something in the request is not as described here (`invalid`).",
    429: "Too many requests; come again after `Retry-After` seconds (`rate_limited`).",
    503: "Others are writing for too long; come again after `Retry-After` seconds (`busy`).",
}
ETAG: Final = {
    "ETag": {"description": "The revision, in quotes.", "schema": {"type": "string", "examples": ['"42-9f86d081"']}}
}


def may_fail(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe answers that are errors; those that any request may get are among them."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in sorted({401, 422, 429, 503, *statuses}):
        described[status] = {"model": m.Error, "description": _ERRORS[status]}
    for status in (429, 503):
        described[status]["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "examples": [1]}}
        }
    return described


def error_answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Make the answer of every error; plain ASCII, so that there is nothing in it that can't be encoded."""
    body = json.dumps({"error": {"code": code, "message": message}})
    return Response(body, status, headers, media_type="application/json")


def _named(request: Request) -> str:
    return f"`{request.path_params.get('name', '')}`"


async def _absent(request: Request, _: Exception) -> Response:
    return error_answer(404, "not_found", f"there is no group {_named(request)}")


async def _taken(request: Request, _: Exception) -> Response:  # noqa: ARG001
    return error_answer(409, "name_taken", "there is a group of that name")


async def _moved(request: Request, _: Exception) -> Response:
    return error_answer(412, "precondition_failed", f"group {_named(request)} is not at the revision of `If-Match`")


async def _stale(request: Request, _: Exception) -> Response:  # noqa: ARG001
    return error_answer(410, "stale_cursor", "the pages would not fit together; begin again at the first")


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001
    errors = error.errors() if isinstance(error, RequestValidationError) else ()
    found = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in errors[:5]]
    return error_answer(422, "invalid", "; ".join(found)[:1000])


async def _other(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    match error.status_code:
        case 400:  # FastAPI's word for a body that is no text
            return error_answer(422, "invalid", error.detail)
        case 404:
            return error_answer(404, "not_found", "there is nothing at this address")
        case 405:  # what Starlette says is allowed are the methods of one route only
            matches = [route for route in request.app.state.routes if route.path_regex.match(request.url.path)]
            allowed = sorted(method for route in matches for method in route.methods)
            return error_answer(405, "method_not_allowed", error.detail, {"Allow": ", ".join(allowed)})
        case 413:
            return error_answer(413, "too_large", error.detail)
        case _:
            raise error


async def _database(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
        raise error
    return error_answer(503, "busy", "others are writing for too long", {"Retry-After": "1"})


HANDLERS: Final = {
    AbsentError: _absent,
    NameTakenError: _taken,
    MovedError: _moved,
    StaleCursorError: _stale,
    RequestValidationError: _invalid,
    HTTPException: _other,
    sqlite3.OperationalError: _database,
}
