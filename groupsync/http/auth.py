"""Prove who we are to a service: a token, a password, a header, or a token that another service gives out."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from groupsync.errors import AuthenticationError, BackendError
from groupsync.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groupsync.http.answer import Answer

_EARLY_SECONDS: Final = 30.0
"""A token is renewed so long before it ends, so that it does not end on its way."""
_UNKNOWN_LIFE_SECONDS: Final = 300.0


class Auth(Protocol):
    """Makes the header that proves who we are."""

    def header(self) -> tuple[str, str]:
        """Return name and value; may ask for a new token."""
        ...

    def renew(self) -> bool:
        """Forget what the service did not accept; tell whether there is something new to try."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class FixedHeader:
    """A header that is always the same."""

    name: str
    value: Callable[[], str]

    def header(self) -> tuple[str, str]:
        """Return it."""
        return self.name, self.value()

    def renew(self) -> bool:
        """There is nothing else to try."""
        return False


@dataclass(slots=True, repr=False)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, 4.4). Safe to use from several threads.

    Attributes:
        fetch: asks the token endpoint, given a form and headers.
        options: `client_id`, `client_secret`, and perhaps `scope`, `style`.
    """

    fetch: Callable[[Mapping[str, str], Mapping[str, str]], Answer]
    options: Mapping[str, Any]
    clock: Callable[[], float] = time.monotonic
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _token: str = ""
    _ends_at: float = 0.0

    def header(self) -> tuple[str, str]:
        """Return the token, a new one where the last is near its end.

        Raises:
            BackendError: there is none to be had.
        """
        with self._mutex:
            if not self._token or self.clock() >= self._ends_at:
                self._fetch()
            return "Authorization", f"Bearer {self._token}"

    def renew(self) -> bool:
        """Forget the token."""
        with self._mutex:
            self._token = ""
        return True

    def _fetch(self) -> None:
        user, secret = plain(self.options["client_id"]), plain(self.options["client_secret"])
        form = {"grant_type": "client_credentials"}
        if "scope" in self.options:
            form["scope"] = plain(self.options["scope"])
        headers = {}
        if self.options.get("style", "basic") == "basic":
            headers["Authorization"] = basic(user, secret)
        else:
            form |= {"client_id": user, "client_secret": secret}
        answer = self.fetch(form, headers)
        found = answer.json() if answer.is_ok else None
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(token, str) or not token:
            # What the endpoint says is not quoted: some repeat what was sent.
            summary, hint = "no access token was given out", "Check `auth.oauth2` of the target."
            detail = f"{answer.asked} gave {answer.status}"
            if answer.status >= 500 or answer.status == 429:
                raise BackendError(summary, detail, retryable=True)
            raise AuthenticationError(summary, detail, hint)
        Secret(token).reveal()  # from now on it is scrubbed from whatever is printed
        life = found.get("expires_in")
        seconds = float(life) if isinstance(life, (int, float)) else _UNKNOWN_LIFE_SECONDS
        self._token, self._ends_at = token, self.clock() + max(0.0, seconds - _EARLY_SECONDS)


def auth_of(
    options: Mapping[str, Any], fetch: Callable[[str, Mapping[str, str], Mapping[str, str]], Answer]
) -> Auth | None:
    """Return the auth that the option `auth` describes, None where it is empty.

    Args:
        options: one of `bearer`, `basic`, `header`, `oauth2`; see `HTTP_OPTIONS`.
        fetch: posts a form to a URL.
    """
    match dict(options):
        case {"bearer": token}:
            return FixedHeader("Authorization", lambda: f"Bearer {plain(token)}")
        case {"basic": {"user": user, "password": password}}:
            return FixedHeader("Authorization", lambda: basic(plain(user), plain(password)))
        case {"header": {"name": name, "value": value}}:
            return FixedHeader(plain(name), lambda: plain(value))
        case {"oauth2": found}:
            url = plain(found["token_url"])
            return ClientCredentials(lambda form, headers: fetch(url, form, headers), found)
        case _:
            return None


def plain(value: str | Secret) -> str:
    """Return a text, a secret revealed."""
    return value.reveal() if isinstance(value, Secret) else str(value)


def basic(user: str, password: str) -> str:
    """Return the value of a Basic Authorization header (RFC 7617), known as a secret."""
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Basic {Secret(value).reveal()}"
