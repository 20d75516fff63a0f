"""What can be set, by environment variables that begin with `GROUP_SERVICE_`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "GROUP_SERVICE_"


class SettingsError(Exception):
    """Something is set to what it can't be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one instance of the service goes by.

    Attributes:
        database: path of the SQLite file; made where there is none.
        tokens: bearer tokens that may read and write.
        read_tokens: bearer tokens that may only read.
        page: groups in a page at most.
        member_page: members in a page at most.
        bulk: members in one change at most, added and removed together.
        in_flight: requests that are worked on at once; more wait.
        body_bytes: length of a request's body at most.
        requests_per_second: what one token may ask for on average, and at once; None for no limit.
        busy_seconds: how long a write waits for others before it is answered with 503.
    """

    database: str = "groups.sqlite"
    tokens: frozenset[str] = frozenset()
    read_tokens: frozenset[str] = frozenset()
    page: int = 500
    member_page: int = 1000
    bulk: int = 1000
    in_flight: int = 8
    body_bytes: int = 8 << 20
    requests_per_second: int | None = None
    busy_seconds: int = 10

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a number is none, or out of range; or nobody could use the service.
        """
        given = {name.removeprefix(PREFIX).lower(): text for name, text in variables.items() if name.startswith(PREFIX)}
        known: dict[str, str | int | frozenset[str]] = {}
        for name, text in given.items():
            match name:
                case "database":
                    known[name] = text
                case "tokens" | "read_tokens":
                    known[name] = frozenset(text.split())
                case "page" | "member_page" | "bulk":
                    known[name] = _number(name, text, getattr(DEFAULTS, name))
                case "in_flight" | "body_bytes" | "requests_per_second" | "busy_seconds":
                    known[name] = _number(name, text, 1 << 30)
                case _:
                    raise SettingsError(f"{PREFIX}{name.upper()} is not a setting")
        settings = cls(**known)  # type: ignore[arg-type]
        if not settings.tokens | settings.read_tokens:
            raise SettingsError(
                f"no tokens: set {PREFIX}TOKENS, or {PREFIX}READ_TOKENS, to words that are hard to guess"
            )
        if settings.tokens & settings.read_tokens:
            raise SettingsError(f"a token is in {PREFIX}TOKENS and in {PREFIX}READ_TOKENS")
        return settings


def _number(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise SettingsError(f"{PREFIX}{name.upper()} is {text!r}: expected a whole number from 1 to {most}")
    return int(text)


DEFAULTS = Settings()
"""The limits of the contract; an instance may set lower ones."""
