"""The wire: one request each, every page of a list, and what an answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import BackendError, StalePlanError
from groupsync.wording import counted
from groupsync_scim.convert import Resource, field, path_of
from groupsync_scim.features import Features, features_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from groupsync.http import Answer, HttpClient

GROUPS: Final = "/Groups"
USERS: Final = "/Users"
BULK: Final = "/Bulk"
_HEADERS: Final = {"Accept": "application/scim+json, application/json"}
_TYPE: Final = {"Content-Type": "application/scim+json"}
_UNSAID: Final = frozenset({403, 404, 405, 501})
"""Answers of a server that has no such page about itself."""
_UNCOUNTED: Final = frozenset({400, 500, 501})
"""Answers of a server that trips over `count`."""
WITHOUT_MEMBERS: Final = {"excludedAttributes": "members"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list request, with all its pages, brought.

    Attributes:
        resources: no id twice.
        problem: why it is not certain that this is all, a clause; empty where it is.
    """

    resources: tuple[Resource, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a server told of a write: the resource where it came along, and its version where it has one."""

    resource: Resource | None
    version: str | None


class ScimClient:
    """A SCIM service provider. Safe to use from several threads.

    Attributes:
        http: sends the requests, within bounds.
        url: where the service begins, without a slash at the end.
        counts: pages are asked for by size; False for a server that trips over that, None as long as it isn't known.
    """

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self.url = http.base_url.rstrip("/")
        self.counts: bool | None = None

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def discover(self, without: Set[str]) -> Features:
        """Ask the server what it can do.

        Raises:
            BackendError: it has no ServiceProviderConfig, which every SCIM server must have.
        """
        config = self.get("/ServiceProviderConfig", doing="say what it can do")
        if config is None:
            hint = "Correct `url`: it is what stands before `/Groups`, such as https://example.com/scim/v2."
            raise BackendError(f"{self.url} is no SCIM service", "it has no /ServiceProviderConfig (404)", hint)
        return features_of(config, self._told("/Schemas"), self._told("/ResourceTypes"), without)

    def _told(self, path: str) -> list[Resource]:
        answer = self.http.request("GET", path, headers=_HEADERS)
        if answer.status in _UNSAID:
            return []
        return _resources(_body(answer, f"show {path}"))

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, doing: str, name: str = ""
    ) -> dict[str, Any] | None:
        """Return one resource, None where there is none. Its version is put where lists have it, if it isn't there."""
        answer = self.http.request("GET", path, params=params, headers=_HEADERS)
        if answer.status == 404:
            return None
        resource = _body(answer, doing, name)
        version = answer.etag
        if version and not field(field(resource, "meta"), "version"):
            resource["meta"] = {**(field(resource, "meta") or {}), "version": version}
        return resource

    def list_all(self, path: str, page: int, params: Mapping[str, str]) -> Listing:
        """Ask for every page of a list, and hold what came against the total that each page announces.

        Raises:
            BackendError: a page could not be had.
        """
        found: dict[str, Resource] = {}
        total: int | None = None
        while True:
            body = self._page(path, page, {**params, "startIndex": str(len(found) + 1)})
            problem = _take(body, found, total)
            total = field(body, "totalResults")
            if problem or len(found) == total:
                return Listing(tuple(found.values()), problem)

    def first_page(self, path: str, page: int, params: Mapping[str, str]) -> tuple[int, list[Resource]]:
        """Return how many there are, and the first of them."""
        body = self._page(path, page, {**params, "startIndex": "1"})
        return field(body, "totalResults") or 0, _resources(body)

    def _page(self, path: str, page: int, params: Mapping[str, str]) -> dict[str, Any]:
        doing = f"list {path}"
        sized = {**params, "count": str(page)}
        answer = self.http.request("GET", path, params=params if self.counts is False else sized, headers=_HEADERS)
        if self.counts is None and answer.status in _UNCOUNTED:
            plain = self.http.request("GET", path, params=params, headers=_HEADERS)
            if plain.is_ok:
                self.counts, answer = False, plain
        elif self.counts is None and answer.is_ok:
            self.counts = True
        return _body(answer, doing)

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        version: str | None = None,
        doing: str,
        name: str,
    ) -> Written:
        """Make one write to a group, held against its version where one is given.

        Raises:
            StalePlanError: the group is not there, or not at that version; nothing was written.
            BackendError: it failed.
        """
        headers = {**_HEADERS, **(_TYPE if body else {}), **({"If-Match": version} if version else {})}
        params = None if method == "DELETE" else WITHOUT_MEMBERS
        answer = self.http.request(method, path, params=params, json=body, headers=headers)
        if answer.status in (404, 412):
            problem = "it is not there any more" if answer.status == 404 else "somebody changed it since it was read"
            raise StalePlanError(f"`{name}` is not as planned", problem, "Plan again, and review.", name=name)
        resource = None if answer.is_ok and not answer.body else _body(answer, doing, name)
        return Written(resource, answer.etag or field(field(resource, "meta"), "version"))

    def send(self, path: str, body: Mapping[str, Any], *, doing: str, accepts: int = 0) -> dict[str, Any] | None:
        """POST something else than a group, and return the answer; None for one with the status `accepts`."""
        answer = self.http.request("POST", path, json=body, headers={**_HEADERS, **_TYPE})
        return None if accepts and answer.status == accepts else _body(answer, doing)

    def user_ref(self, id_: str) -> str:
        """Return a user's address on the server, as a member's `$ref` has it."""
        return self.url + path_of(USERS, id_)


def _take(body: Resource, found: dict[str, Resource], before: int | None) -> str:
    """Add what a page brought to what was found, and say what is wrong with it; empty for nothing.

    Args:
        body: of the page.
        found: by id; added to.
        before: the total that the page before announced, None for the first.
    """
    total, resources = field(body, "totalResults"), _resources(body)
    if not isinstance(total, int):
        return "a page does not say how many there are (`totalResults`)"
    if before not in (None, total):
        return f"there were {before} to begin with, and {total} a page later"
    for resource in resources:
        id_ = field(resource, "id")
        if not isinstance(id_, str) or not id_:
            return "a resource came without an `id`"
        if id_ in found:
            return f"`{id_}` came twice"
        found[id_] = resource
    is_short = len(found) < total and not resources
    return (
        f"{counted(total, 'was', 'were')} announced, and {len(found):,} came" if is_short or len(found) > total else ""
    )


def _body(answer: Answer, doing: str, name: str = "") -> dict[str, Any]:
    from groupsync.http import raise_for

    raise_for(answer, doing, name)
    body = answer.json()
    if not isinstance(body, dict):
        detail = f"the answer is {type(body).__name__}, expected a JSON object"
        raise BackendError(f"the target would not {doing}", detail, name=name, retryable=True)
    return body


def _resources(body: Resource) -> list[Resource]:
    return [each for each in field(body, "Resources") or () if isinstance(each, dict)]
