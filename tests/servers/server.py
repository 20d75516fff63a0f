"""What a test knows of a server that runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PATIENCE_SECONDS = 60


class Hand(Protocol):
    """Somebody else's hand on a server: plain requests, nothing of groupsync. What it tells is the truth to test by."""

    def add_people(self, addresses: Iterable[str]) -> None:
        """Make users, on a server that needs them; some may be there."""
        ...

    def memberships(self) -> dict[str, set[str]]:
        """Return who is in which group, by the groups' names."""
        ...

    def names(self) -> dict[str, str]:
        """Return the names of groups by what stands for them in paths."""
        ...

    def create(self, group: str, members: Iterable[str] = ()) -> None:
        """Make a group."""
        ...

    def add(self, group: str, member: str) -> None:
        """Add somebody to a group."""
        ...

    def remove(self, group: str, member: str) -> None:
        """Remove somebody from a group."""
        ...

    def delete(self, group: str) -> None:
        """Delete a group."""
        ...

    def clear(self) -> None:
        """Delete all groups; people stay."""
        ...


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        name: as in `tests/servers/requirements`.
        url: where its API begins, without a slash at the end.
        auth: credentials, as the option `auth` of a target takes them.
        folder: its own folder.
        hand: changes it without groupsync.
        insists_on_host: it refuses requests that name another host, such as a proxy's, than its own.
    """

    name: str
    url: str
    auth: Mapping[str, Any]
    folder: Path
    hand: Hand = field(repr=False)
    insists_on_host: bool = False


class Caller:
    """Plain requests to one server, each of which must go well."""

    def __init__(self, url: str, **session: Any) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        for name, value in session.items():
            setattr(self.session, name, value)

    def __call__(self, method: str, path: str, *, expected: Iterable[int] = (200, 201, 204), **more: Any) -> Any:
        """Make a request; return what its answer's JSON says, None without a body."""
        answer = self.session.request(method, f"{self.url}{path}", timeout=PATIENCE_SECONDS, **more)
        assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


def answers(url: str) -> bool:
    """Tell whether something answers with success; raises OSError where nobody listens."""
    return requests.get(url, timeout=5, proxies={"http": "", "https": ""}).ok
