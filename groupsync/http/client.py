"""Send requests and read answers, each within bounds: time, size, number in flight, and never to another host.

Nothing is tried again here: that is the core's to decide (`groupsync.retry`), which knows the run as a whole.
"""

from __future__ import annotations

import threading
from collections import Counter
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from groupsync.errors import BackendError
from groupsync.http.answer import Answer
from groupsync.http.bounds import MAX_IN_FLIGHT, MAX_RESPONSE_BYTES, TIMEOUT_SECONDS
from groupsync.http.deadline import Deadline, WatchedAdapter
from groupsync.http.hosts import is_loopback
from groupsync.trace import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groupsync.http.auth import Auth

    Params = Mapping[str, str | int | Sequence[str]] | None

_REDIRECTS: Final = 5
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES: Final = 65_536
_GRACE_SECONDS: Final = 0.2
"""Silence is ended by the wait itself, which can say so; only then by the clock."""


class HttpClient:
    """One service, through one pool of connections. Safe to use from several threads.

    Attributes:
        base_url: where relative paths start; ends in `/`.
        requests_made: how many requests were sent, by method; those to a token endpoint count as `TOKEN`.
        on_request: called with method and path before each request that is counted.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        ca_file: str | None = None,
        proxy: str | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        max_in_flight: int = MAX_IN_FLIGHT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Make a client; sends nothing yet.

        Args:
            base_url: of the service.
            timeout_seconds: for connecting, for each wait, and for one answer as a whole.
            ca_file: certificates of the authorities to trust instead of the usual ones; None for those.
            proxy: URL of a proxy; None for what the environment says.
            max_response_bytes: the largest answer that is read.
            max_in_flight: requests that may be under way at once.
            headers: sent with every request.
        """
        self.base_url = base_url.rstrip("/") + "/"
        self.requests_made: Counter[str] = Counter()
        self.on_request: Callable[[str, str], object] = lambda method, path: None  # noqa: ARG005 -- named for callers
        self.auth: Auth | None = None
        self._origin = _origin(self.base_url)
        self._timeout_seconds = timeout_seconds
        self._verify: str | bool = ca_file or True
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._max_response_bytes = max_response_bytes
        self._headers = dict(headers or {})
        self._in_flight = threading.BoundedSemaphore(max_in_flight)
        self._mutex = threading.Lock()
        self._session = _session(max_in_flight)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read the whole answer, whatever its status.

        Args:
            method: such as `GET`.
            path: relative to the base URL, quoted already; or a whole URL on the same host, such as a link to a page.
            params: of the query, besides those in `path`.
            json: the body, as JSON; None for none.
            form: the body, as a form.
            headers: besides the client's own.

        Raises:
            BackendError: there was no whole answer, or it led elsewhere; retryable where that may pass.
            AuthenticationError: no token was to be had.
        """
        url = self._within(path, "a link of the service")
        for _ in range(_REDIRECTS):
            answer = self._send_with_auth(method, url, params=params, json=json, data=form, headers=headers or {})
            target = answer.headers.get("location") if answer.status in _REDIRECT_STATUSES else None
            if target is None:
                return answer
            if method != "GET":
                raise BackendError(
                    _elsewhere(answer),
                    f"to {_host(target) or 'another path of it'}",
                    "Put the right address into `url`.",
                )
            url, params = self._within(urljoin(url, target), _elsewhere(answer)), None
        raise BackendError(f"{method} {self._below(url)} was redirected too often", f"{_REDIRECTS} times")

    def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Post a form to a token endpoint, which may be on another host; without the client's own credentials."""
        headers = {"Accept": "application/json", **headers}
        return self._send("POST", url, counted="TOKEN", data=dict(form), headers=headers)

    def close(self) -> None:
        """Close the connections. May be called twice."""
        self._session.close()

    def _below(self, url: str) -> str:
        """Return the path of a URL as messages have it: without the service's own, in which there may be a key."""
        path, own = urlsplit(url).path, urlsplit(self.base_url).path
        return f"/{path.removeprefix(own).lstrip('/')}" if path.startswith(own) else path or "/"

    def _within(self, path: str, what: str) -> str:
        """Return the URL of a path, if it lies on the service's own host and does not climb.

        A name that is nothing but dots would make `groups/staff/members/..` of a path, which is another thing.
        """
        if any(unquote(part) in {".", ".."} for part in urlsplit(path).path.split("/")):
            hint = "Give what is named so another name."
            raise BackendError(f"{self._below(path)} can't be asked for", "there is a part of dots alone in it", hint)
        url = urljoin(self.base_url, path if "://" in path else path.lstrip("/"))
        if _origin(url) != self._origin:
            detail = f"{_host(url)} is not {_host(self.base_url)}"
            raise BackendError(f"{what} leads to another host", detail, "Put the right address into `url`.")
        return url

    def _send_with_auth(self, method: str, url: str, *, headers: Mapping[str, str], **body: Any) -> Answer:
        answer = self._send(method, url, headers=self._with_own(headers), **body)
        if answer.status == 401 and self.auth is not None and self.auth.renew():
            answer = self._send(method, url, headers=self._with_own(headers), **body)
        return answer

    def _with_own(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers with the client's own, and with who we are."""
        proof = dict([self.auth.header()]) if self.auth is not None else {}
        return {"Accept": "application/json", **self._headers, **headers, **proof}

    def _send(self, method: str, url: str, *, counted: str = "", **what: Any) -> Answer:
        path = urlsplit(url).path or "/"
        with self._in_flight:
            with self._mutex:
                self.requests_made[counted or method] += 1
            self.on_request(method, path)
            below = self._below(url)
            asked = f"{method} {below}"
            with Deadline(self._timeout_seconds + _GRACE_SECONDS) as deadline:
                try:
                    with traced(asked):
                        response, body = self._exchange(method, url, asked, what)
                except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
                    raise self._too_slow(asked, deadline) or _unanswered(error, asked, self._timeout_seconds) from error
            if late := self._too_slow(asked, deadline):
                raise late
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(method, path, response.status_code, headers, body, below)

    def _exchange(self, method: str, url: str, asked: str, what: dict[str, Any]) -> tuple[requests.Response, bytes]:
        with self._session.request(
            method,
            url,
            timeout=self._timeout_seconds,
            verify=self._verify,
            proxies=self._proxies_for(url),
            allow_redirects=False,
            stream=True,
            **what,
        ) as response:
            return response, self._read(response, asked)

    def _proxies_for(self, url: str) -> dict[str, str]:
        """Return the proxies that the options name; what goes to this machine itself goes by none else."""
        host = urlsplit(url).hostname or ""
        return {"no_proxy": host} if not self._proxies and is_loopback(host) else dict(self._proxies)

    def _read(self, response: requests.Response, what: str) -> bytes:
        """Read an answer piece by piece, as it comes; too long or too short is a failure."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._max_response_bytes:
                hint = "Raise `max_response_bytes`, or ask for smaller pages."
                raise BackendError(f"{what}: the answer is too large", f"over {self._max_response_bytes:,} bytes", hint)
        return b"".join(pieces)

    def _too_slow(self, what: str, deadline: Deadline) -> BackendError | None:
        if not deadline.is_over:
            return None
        detail = f"{self._timeout_seconds:g} seconds, and no end"
        return BackendError(f"{what}: the answer is too slow", detail, retryable=True)


def _session(size: int) -> requests.Session:
    session = requests.Session()
    adapter = WatchedAdapter(pool_connections=size, pool_maxsize=size, max_retries=0, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update({"User-Agent": f"groupsync/{version('groupsync')}"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _as_it_is  # or else requests would look for credentials in ~/.netrc
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def _host(url: str) -> str:
    """Return what of a URL tells where it leads, without what may be secret in it: user, password, path, query."""
    try:
        parts = parse_url(url)
    except (HTTPError, ValueError):
        return "an address that is none"
    return str(Url(parts.scheme, None, parts.host, parts.port))


def _elsewhere(answer: Answer) -> str:
    return f"{answer.asked} was redirected"


def _unanswered(error: Exception, what: str, timeout_seconds: float) -> BackendError:
    """Make an error of what kept an answer from coming. What the library says is not quoted: it has URLs in it."""
    match error:
        case requests.exceptions.SSLError():
            hint = "Check `url`; for an authority of your own name its certificate as `ca_file`."
            return BackendError(f"{what}: the certificate is not trusted", _reason(error), hint)
        case requests.exceptions.ProxyError():
            return BackendError(f"{what}: the proxy did not answer", "", "Check `proxy`.", retryable=True)
        case requests.exceptions.Timeout():
            return BackendError(f"{what}: no answer", f"within {timeout_seconds:g} seconds", retryable=True)
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidHeader() | UnicodeError():
            return BackendError(f"{what} can't be sent", type(error).__name__, "Check the target's options.")
        case requests.exceptions.ConnectionError() | HTTPError() | OSError():
            return BackendError(f"{what}: the connection was lost", _reason(error), retryable=True)
        case _:
            return BackendError(f"{what} can't be sent", type(error).__name__)


def _reason(error: BaseException) -> str:
    """Return the innermost cause, which has no URL in it: `Connection refused`, `certificate has expired`."""
    seen: BaseException = error
    while (inner := _inner(seen)) is not None:
        seen = inner
    text = getattr(seen, "verify_message", "") or getattr(seen, "strerror", "") or type(seen).__name__
    return str(text)[:200]


def _inner(error: BaseException) -> BaseException | None:
    found = [getattr(error, "reason", None), *reversed(error.args), error.__cause__, error.__context__]
    return next((each for each in found if isinstance(each, BaseException) and each is not error), None)
