"""Tell what an answer that is no success means: whose turn it is, and whether to try again. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from groupsync import clock
from groupsync.errors import AuthenticationError, BackendError, StalePlanError
from groupsync.secrets import scrub

if TYPE_CHECKING:
    from groupsync.http.answer import Answer

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the very same request may succeed later."""
_EXCERPT_LENGTH: Final = 200
_SHOWN: Final = 3
_TELLING: Final = ("detail", "message", "error_description", "error", "description", "title", "reason")
_PARTS: Final = ("details", "errors", "fieldErrors", "violations")
"""Where an error document lists what is wrong in particular, of which its message says too little."""


def raise_for(answer: Answer, doing: str, name: str = "") -> None:
    """Raise what an answer other than a 2xx means; do nothing after a success.

    Args:
        answer: what came; statuses that the caller knows better must have been handled before.
        doing: what was asked for, such as "list the groups".
        name: of the group that it was about.

    Raises:
        AuthenticationError: 401 and 403.
        StalePlanError: 412, the group moved.
        BackendError: anything else.
    """
    if not answer.is_ok:
        raise failure_of(answer, doing, name)


def failure_of(answer: Answer, doing: str, name: str = "", now: datetime | None = None) -> BackendError:
    """Return the error that an answer stands for; see `raise_for`. `now` is for tests."""
    summary = f"the target would not {doing}"
    detail = f"{answer.asked} gave {answer.status}{_said(answer)}"
    if answer.status in (401, 403):
        hint = "Check the credentials in `auth`." if answer.status == 401 else "Check what these credentials may do."
        return AuthenticationError(summary, detail, hint, name=name)
    if answer.status == 412:
        return StalePlanError(summary, f"somebody changed it since it was read ({detail})", "Plan again.", name=name)
    if answer.status in PASSING:
        asked = retry_after_seconds(answer.headers.get("retry-after", ""), now or clock.now())
        return BackendError(summary, detail, name=name, retryable=True, retry_after_seconds=asked)
    return BackendError(summary, detail, name=name)


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Return how long to wait by a Retry-After header, seconds or a date (RFC 9110, 10.2.3); None for anything else."""
    text = value.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _said(answer: Answer) -> str:
    """Return what the body tells people, short and on one line; without secrets, which some services quote back."""
    if "html" in answer.headers.get("content-type", ""):
        return ", with a page"
    text = answer.body[:100_000].decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        text = _telling(document) or ("" if _is_known(document) else text)
    text = scrub(text)  # before it is cut, which could leave half a secret
    line = " ".join("".join(" " if unicodedata.category(each)[0] == "C" else each for each in text).split())
    short = line if len(line) <= _EXCERPT_LENGTH else line[:_EXCERPT_LENGTH] + "…"
    return f": {short}" if short else ""


def _telling(value: object) -> str:
    """Return the text in an error document that is meant for people; empty where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(dict.fromkeys(filter(None, map(_telling, value[:_SHOWN]))))
    if isinstance(value, dict):
        whole = next((found for key in _TELLING if (found := _telling(value.get(key)))), "")
        parts = next((found for key in _PARTS if (found := _telling(value.get(key)))), "")
        return ": ".join(dict.fromkeys(filter(None, (whole.rstrip(".:") if parts else whole, parts))))
    return ""


def _is_known(document: object) -> bool:
    """Tell whether it is an error document that has nothing to say to people, such as SCIM's with an empty detail."""
    return isinstance(document, dict) and any(key in document for key in _TELLING)
