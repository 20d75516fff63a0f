"""Read a list that comes in pages, wholly or not at all. Does the requests it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from groupsync.secrets import scrub
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.http import Answer
    from groupsync_rest.profile import Call

MAX_PAGES: Final = 100_000
MAX_EMPTY_PAGES: Final = 100
"""So many in a row are a service that goes round in circles: one that filters behind its pages gives fewer."""
_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s;,=]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_IS_NEXT: Final = re.compile(r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next(?![^\s;,]))", re.IGNORECASE)


class NotWhole(Exception):
    """What came is not the whole list, or may not be. The text says why."""


class NotProven(NotWhole):
    """A first page came as full as it may be, and nothing says whether another follows."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list.

    Attributes:
        items: as they came.
        answer: that they came in.
        body: its JSON.
    """

    items: list[Any]
    answer: Answer = field(repr=False)
    body: Any = field(repr=False)


@dataclass(slots=True)
class _State:
    """How far a list has come."""

    seen: int = 0
    empty: int = 0
    number: int = 0
    total: int | None = None
    cursors: set[str] = field(default_factory=set)


def pages(call: Call, size: int | None, ask: Callable[[dict[str, str], str], Answer]) -> Iterator[Page]:
    """Give the pages of a list one after the other.

    An end is believed where the service says it: it has come to its own total, there is no next cursor or link, or a
    page is empty. A page that is only short may have been cut by the service. A full page without a next cursor or link
    is no end while none has been seen: the service may tell it where the profile doesn't look.

    Args:
        call: of the list.
        size: items in a page, as far as is known.
        ask: makes the request, given what goes into the query besides, or the address of the next page.

    Raises:
        NotWhole: something is missing, or came twice.
        NotProven: see above; all pages have been given then.
        BackendError: as `ask` raises it.
    """
    state = _State(number=call.pages.first if call.pages else 0)
    extra, link = _begin(call, state), ""
    for _ in range(MAX_PAGES):
        answer = ask(extra, link)
        body = answer.json()
        items = call.items.of(body) if call.items else None
        if not isinstance(items, list):
            where = f"there is no list at `{call.items.text}`" if call.items else "it does not say where the list is"
            raise NotWhole(f"{answer.asked}: {where} of the answer")
        if call.items and (lost := call.items.dropped(body)):
            raise NotWhole(f"{lost:,} of {counted(lost + len(items), 'item')} have nothing at `{call.items.text}`")
        _count(call, state, items, body, size)
        yield Page(items, answer, body)
        following = _next(call, state, Page(items, answer, body), size)
        if following is None:
            return
        extra, link = following
    raise NotWhole(f"the list does not end within {MAX_PAGES:,} pages")


def _begin(call: Call, state: _State) -> dict[str, str]:
    by = call.pages.by if call.pages else ""
    return {call.pages.parameter: str(state.number)} if call.pages and by in {"offset", "page"} else {}


def _count(call: Call, state: _State, items: list[Any], body: object, size: int | None) -> None:
    """Hold what has come so far against the total that the service tells."""
    state.seen += len(items)
    state.empty = 0 if items else state.empty + 1
    if state.empty > MAX_EMPTY_PAGES:
        raise NotWhole(f"the list goes on after {MAX_EMPTY_PAGES} pages in a row without anything in them")
    total = call.total.of(body) if call.total else None
    if total is not None and (isinstance(total, bool) or not isinstance(total, int)):
        raise NotWhole(f"the total is no number: {scrub(str(total))[:50]!r}")
    if call.total and total is None:
        raise NotWhole(f"the answer has no total at `{call.total.text}`")
    if state.total is not None and total != state.total:
        raise NotWhole(f"the list changed while it was read: its total went from {state.total:,} to {total:,}")
    state.total = total
    if total is not None and state.seen > total:
        raise NotWhole(f"the service tells of {total:,} and {state.seen:,} came")
    if call.pages is None and total is None and size is not None and len(items) >= size:
        raise NotWhole(f"{len(items):,} came, as many as one answer has: there may be more")


def _next(call: Call, state: _State, page: Page, size: int | None) -> tuple[dict[str, str], str] | None:
    """Return what to ask for next; None at an end that can be believed."""
    if call.pages is None:
        _check_end(state)
        return None
    by = call.pages.by
    if by in {"offset", "page"}:
        if state.seen == state.total or not page.items:
            _check_end(state)
            return None
        state.number = state.number + 1 if by == "page" else call.pages.first + state.seen
        return {call.pages.parameter: str(state.number)}, ""
    found = call.pages.next.of(page.body) if call.pages.next else _next_link(page.answer)
    if found is None or found == "":
        _check_end(state)
        if state.total is None and not state.cursors and size is not None and state.seen >= size:
            where = f"at `{call.pages.next.text}`" if call.pages.next else "in a `Link` header"
            raise NotProven(f"{state.seen:,} came, as many as one answer has, and no next page {where}")
        return None
    cursor = str(found)
    if cursor in state.cursors:
        raise NotWhole("the service names the same next page twice")
    state.cursors.add(cursor)
    return ({}, urljoin(page.answer.path, cursor)) if by == "link" else ({call.pages.parameter: cursor}, "")


def _check_end(state: _State) -> None:
    if state.total is not None and state.seen != state.total:
        raise NotWhole(f"the service tells of {state.total:,} and {state.seen:,} came")


def _next_link(answer: Answer) -> str | None:
    """Return the target of the link with rel=next (RFC 8288), as written."""
    for found in _LINK.finditer(answer.headers.get("link", "")):
        if _IS_NEXT.search(found.group(2)):
            return found.group(1)
    return None
