"""The options that all targets behind HTTP share, and the client that they describe. Does no network I/O."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from groupsync.errors import ConfigError
from groupsync.http.auth import auth_of, plain
from groupsync.http.bounds import MAX_IN_FLIGHT, MAX_RESPONSE_BYTES, TIMEOUT_SECONDS
from groupsync.http.headers import EXPECTED, FREE_FOR_ALL
from groupsync.http.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.backend import BackendContext
    from groupsync.http.client import HttpClient


def _text(title: str, description: str, example: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "title": title, "description": description, "examples": [example]}


def _mapping(
    title: str, description: str, properties: dict[str, Any], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "description": description,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        "examples": [{name: each["examples"][0] for name, each in properties.items() if name not in optional}],
    }


_HEADER_NAME: Final = {"pattern": FREE_FOR_ALL, "x-expected": f"{EXPECTED}, and those that change a request's method"}
_AUTH: Final = {
    "bearer": _text("Bearer", "A token, sent as `Authorization: Bearer …`.", "${env:CRM_TOKEN}"),
    "basic": _mapping(
        "Basic",
        "A user and a password, as RFC 7617 has it.",
        {
            "user": _text("User", "The user's name.", "groupsync"),
            "password": _text("Password", "The password.", "${env:CRM_PASSWORD}"),
        },
    ),
    "header": _mapping(
        "Header",
        "A header of the service's own.",
        {
            "name": {**_text("Name", "The header's name.", "X-Api-Key"), **_HEADER_NAME},
            "value": _text("Value", "The header's value.", "${env:CRM_KEY}"),
        },
    ),
    "oauth2": _mapping(
        "OAuth 2.0",
        "Client credentials (RFC 6749, 4.4): a token is asked for, and asked for anew when it ends or is refused.",
        {
            "token_url": _text("Token URL", "Where tokens are given out.", "https://login.example.com/oauth/token"),
            "client_id": _text("Client id", "Who asks.", "groupsync"),
            "client_secret": _text("Client secret", "The client's password.", "${env:CRM_SECRET}"),
            "scope": _text("Scope", "What the token is for, where the service wants to know.", "groups:write"),
            "style": {
                "enum": ["basic", "body"],
                "title": "Style",
                "description": "Whether id and secret are sent as Basic authorization or in the body.",
                "default": "basic",
                "examples": ["basic"],
            },
        },
        optional=("scope", "style"),
    ),
}

HTTP_OPTIONS: Final[Mapping[str, Any]] = {
    "url": _text("URL", "Where the service is: what all its paths have in common.", "https://groups.example.com/api"),
    "auth": {
        "type": "object",
        "title": "Auth",
        "description": "How to prove who we are: one of `bearer`, `basic`, `header`, `oauth2`.",
        "properties": _AUTH,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "examples": [{"bearer": "${env:CRM_TOKEN}"}],
    },
    "timeout_seconds": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 3600,
        "title": "Timeout",
        "description": "Seconds for connecting, for each wait, and for one answer as a whole.",
        "default": TIMEOUT_SECONDS,
        "examples": [30],
    },
    "ca_file": _text(
        "CA file",
        "Certificates of the authorities to trust instead of the usual ones, in PEM; relative to the project's folder. "
        "Certificates are always checked.",
        "certificates/our-ca.pem",
    ),
    "proxy": _text(
        "Proxy", "URL of a proxy; otherwise HTTPS_PROXY and NO_PROXY are heeded.", "http://proxy.example.com:3128"
    ),
    "plain_http": {
        "type": "boolean",
        "title": "Plain HTTP",
        "description": "Allow `http://` to another machine, where anybody on the way can read and change everything.",
        "default": False,
        "examples": [True],
    },
    "headers": {
        "type": "object",
        "title": "Headers",
        "description": "Sent with every request. For credentials use `auth`; none may lead a request elsewhere.",
        "propertyNames": _HEADER_NAME,
        "additionalProperties": {"type": "string"},
        "examples": [{"X-Tenant": "contoso"}],
    },
    "max_response_bytes": {
        "type": "integer",
        "minimum": 1024,
        "title": "Largest answer",
        "description": "The largest answer that is read; a larger one is an error.",
        "default": MAX_RESPONSE_BYTES,
        "examples": [MAX_RESPONSE_BYTES],
    },
    "max_in_flight": {
        "type": "integer",
        "minimum": 1,
        "maximum": 64,
        "title": "Requests in flight",
        "description": "How many requests may be under way at once.",
        "default": MAX_IN_FLIGHT,
        "examples": [4],
    },
}
"""Properties for a backend's `options_schema`, by name; `url` is to be required."""


def client_from_options(
    options: Mapping[str, Any], context: BackendContext, *, max_in_flight: int = MAX_IN_FLIGHT
) -> HttpClient:
    """Make a client of checked options.

    Args:
        options: those of `HTTP_OPTIONS` are looked at.
        context: of the run.
        max_in_flight: the most that the service allows; the option can only lower it.

    Raises:
        ConfigError: the URL is none that may be used, or the CA file is not there.
    """
    from groupsync.http.client import HttpClient

    url = plain(options["url"])
    may_be_plain, is_proxied = bool(options.get("plain_http")), "proxy" in options
    _check_url(url, plain_http=may_be_plain, is_proxied=is_proxied, target=context.target)
    if "proxy" in options and "://" not in plain(options["proxy"]):
        summary = f"the proxy of the target `{context.target}` can't be used"
        raise ConfigError(summary, "expected `http://` or `https://` and a host", "Correct `proxy`.")
    client = HttpClient(
        url,
        timeout_seconds=float(options.get("timeout_seconds", TIMEOUT_SECONDS)),
        ca_file=_ca_file(options, context),
        proxy=plain(options["proxy"]) if "proxy" in options else None,
        max_response_bytes=int(options.get("max_response_bytes", MAX_RESPONSE_BYTES)),
        max_in_flight=min(max_in_flight, int(options.get("max_in_flight", max_in_flight))),
        headers={name: plain(value) for name, value in options.get("headers", {}).items()},
    )
    oauth2 = options.get("auth", {}).get("oauth2")
    if oauth2:
        token_url = plain(oauth2["token_url"])
        _check_url(token_url, plain_http=may_be_plain, is_proxied=is_proxied, target=context.target)
    client.auth = auth_of(options.get("auth", {}), client.post_form)
    return client


def http_place(options: Mapping[str, Any]) -> dict[str, object]:
    """Return what of these options tells which service it is: the URL, spelled evenly, and the headers.

    Headers count because they may name a tenant; credentials have an option of their own.
    """
    parts = urlsplit(plain(options["url"]))
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    url = f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}{port}{parts.path.rstrip('/')}"
    headers = {name.lower(): plain(value) for name, value in options.get("headers", {}).items()}
    return {"url": url, "headers": headers}


def _check_url(url: str, *, plain_http: bool, is_proxied: bool, target: str) -> None:
    parts = urlsplit(url)
    summary = f"the address of the target `{target}` can't be used"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(summary, "expected `https://` and a host", "Correct `url`.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(summary, "it has a user, a query or a fragment in it", "Put credentials into `auth`.")
    if parts.scheme == "http" and not plain_http and (is_proxied or not is_loopback(parts.hostname)):
        hint = "Use `https://`; or write `plain_http: true`, if you trust every machine on the way."
        raise ConfigError(summary, "plain `http://` to another machine can be read and changed on the way", hint)


def _ca_file(options: Mapping[str, Any], context: BackendContext) -> str | None:
    if "ca_file" not in options:
        return None
    path = context.root / Path(plain(options["ca_file"]))
    if not path.is_file():
        summary = f"there is no CA file `{options['ca_file']}`"
        raise ConfigError(summary, f"looked for {path}", "Correct `ca_file` of the target.")
    return str(path)
