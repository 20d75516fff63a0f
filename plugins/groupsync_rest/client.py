"""The wire: make a request of a call of the profile, and tell what its answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from groupsync.errors import BackendError
from groupsync_rest.pages import NotProven, NotWhole, pages
from groupsync_rest.profile import READING
from groupsync_rest.template import as_text, fill, fill_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from groupsync.http import Answer, HttpClient
    from groupsync_rest.pages import Page
    from groupsync_rest.profile import Call, Profile


@dataclass(frozen=True, slots=True)
class Wire:
    """One service, spoken to as a profile says.

    Attributes:
        http: sends requests.
        profile: says which.
        parameters: what the target says of the profile's parameters, by name.
    """

    http: HttpClient
    profile: Profile
    parameters: Mapping[str, str]

    def send(
        self, call: Call, values: Mapping[str, Any], *, group: object = None, page: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a request.

        Args:
            call: which.
            values: for its templates, by name.
            group: as the service tells it now, for a body that keeps some of it.
            page: what goes into the query for one page of a list.

        Raises:
            BackendError: there was no answer, or the path needs a value that there is none of.
        """
        if call.name in READING and not call.only_reads:
            hint = "Correct the profile: GET or HEAD, or POST with `reads: true`."
            raise BackendError(f"`{call.name}` of the profile may change something", f"it is a {call.method}", hint)
        values = {**self.parameters, **values}
        body = fill(call.body, values, group)
        if call.body is not None and body is None:
            body = {}
        return self.http.request(
            call.method,
            self._path(call, values),
            params=_query(fill(call.query, values)) | dict(page or {}),
            json=None if call.is_form else body,
            form={key: as_text(value) for key, value in body.items()} if call.is_form else None,
            headers=_texts(fill(self.profile.headers, values)) | _texts(fill(call.headers, values)),
        )

    def follow(self, call: Call, address: str) -> Answer:
        """Ask for the next page by its address."""
        headers = _texts(fill(self.profile.headers, self.parameters)) | _texts(fill(call.headers, self.parameters))
        return self.http.request("GET", urljoin(self.http.base_url, address), headers=headers)

    def pages(self, call: Call, values: Mapping[str, Any], size: int | None) -> Iterator[Page]:
        """Give the pages of a list. One that may have been cut at its first page is read again in smaller ones.

        Raises:
            NotWhole: something is missing, came twice, or can't be proven to be all.
            Refused: an answer is no success.
            BackendError: there was no answer.
        """
        came: list[Any] = []
        try:
            for page in pages(call, size, self._asking(call, values, size)):
                came = page.items
                yield page
        except NotProven as end:
            if size is None or not self._is_whole(call, values, came, size - 1):
                at = self.profile.document.locate(("calls", call.name, "pages"), key=True)
                raise NotWhole(f"{end}: see `pages` in {at.path}:{at.line}") from end

    def _is_whole(self, call: Call, values: Mapping[str, Any], came: list[Any], size: int) -> bool:
        """Tell whether a list that came in one page is the same in smaller ones, whose next page is found."""
        if size < 1 or "limit" not in call.carries:
            return False
        try:
            return came == [item for page in pages(call, size, self._asking(call, values, size)) for item in page.items]
        except NotProven:
            return False

    def _asking(
        self, call: Call, values: Mapping[str, Any], size: int | None
    ) -> Callable[[dict[str, str], str], Answer]:
        """Return what asks for pages of that size."""
        values = values if size is None else {**values, "limit": size}

        def ask(page: dict[str, str], link: str) -> Answer:
            answer = self.follow(call, link) if link else self.send(call, values, page=page)
            if not is_done(call, answer):
                raise Refused(answer, meaning(call, answer))
            return answer

        return ask

    def _path(self, call: Call, values: Mapping[str, Any]) -> str:
        try:
            return fill_path(call.path, values)
        except KeyError as error:
            at = self.profile.document.locate(("calls", call.name, "request"))
            summary = f"there is no {error.args[0]} that could stand in the path of `{call.name}`"
            raise BackendError(summary, f"`{call.path}` in {at.path}:{at.line}", "Correct the profile.") from error


class Refused(Exception):
    """An answer to a list that is no success.

    Attributes:
        answer: that came.
        meaning: `absent`, `exists`, `conflict` or `unknown_member`; empty for none of these.
    """

    def __init__(self, answer: Answer, meaning: str) -> None:
        super().__init__(f"{answer.asked} gave {answer.status}")
        self.answer = answer
        self.meaning = meaning


def is_done(call: Call, answer: Answer) -> bool:
    """Tell whether an answer says that all that was asked for is done."""
    return answer.status in call.done if call.done else answer.is_ok


def meaning(call: Call, answer: Answer) -> str:
    """Return what an answer that is no success means by the profile; empty for what it doesn't name."""
    for name, listed in call.meanings.items():
        if any(each.fits(answer.status, answer.body) for each in listed):
            return name
    return ""


def _query(filled: Mapping[str, Any] | None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in (filled or {}).items():
        if isinstance(value, list):
            made[name] = [as_text(each) for each in value]
        elif value is not None:
            made[name] = as_text(value)
    return made


def _texts(filled: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: as_text(value) for name, value in (filled or {}).items() if value is not None}
