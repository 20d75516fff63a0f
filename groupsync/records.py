"""Read JSON objects strictly: every key once, every type checked, nothing left over.

Pure. The readers of saved plans are built on it; a wrong, missing or unknown key raises `RecordError`, so that nothing
is ever guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum
    from typing import TypeVar

    E = TypeVar("E", bound=StrEnum)
    T = TypeVar("T")

Record: TypeAlias = dict[str, object]
"""A JSON object as plain values."""

_MISSING: Final = object()
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class RecordError(ValueError):
    """A record is not what it should be; the message is a clause without a final stop."""


class Fields:
    """The keys of one JSON object. Each is taken once; `end` refuses what is left."""

    __slots__ = ("_left", "_what")

    def __init__(self, value: object, what: str) -> None:
        """Start to read `value`; `what` names it in messages."""
        if not isinstance(value, dict):
            raise RecordError(f"{what} is {kind_of(value)}, expected an object")
        self._left: Record = dict(value)
        self._what = what

    def has(self, key: str) -> bool:
        """Tell whether there is such a key that nobody took."""
        return key in self._left

    def take(self, key: str) -> object:
        """Return the value of `key`, of any type."""
        value = self._left.pop(key, _MISSING)
        return self._refuse(key, value, "") if value is _MISSING else value

    # The four that every record is full of take no detour: a large plan has millions of values.

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._left.pop(key, _MISSING)
        return value if isinstance(value, str) else self._refuse(key, value, "text")

    def text_or_none(self, key: str) -> str | None:
        """Return a text, or None for null."""
        value = self._left.pop(key, _MISSING)
        return value if value is None or isinstance(value, str) else self._refuse(key, value, "text or null")

    def count(self, key: str) -> int:
        """Return a whole number, 0 or more."""
        value = self._left.pop(key, _MISSING)
        if isinstance(value, int) and value is not True and value is not False and value >= 0:
            return value
        return self._refuse(key, value, "a whole number, 0 or more")

    def count_or_none(self, key: str) -> int | None:
        """Return a whole number, 0 or more, or None for null."""
        if self._left.get(key, _MISSING) is None:
            del self._left[key]
            return None
        return self.count(key)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._left.pop(key, _MISSING)
        return value if isinstance(value, bool) else self._refuse(key, value, "true or false")

    def flag_or(self, key: str, *, default: bool) -> bool:
        """Return true or false; the default where the key is missing, as a version before had none."""
        return self.flag(key) if key in self._left else default

    def text_or(self, key: str, default: str) -> str:
        """Return a text; the default where the key is missing, as a version before had none."""
        return self.text(key) if key in self._left else default

    def digest(self, key: str) -> str:
        """Return a SHA-256 in hexadecimal."""
        value = self.text(key)
        return value if _DIGEST.fullmatch(value) else self._refuse(key, value, "64 lower-case hexadecimal digits")

    def instant(self, key: str) -> datetime:
        """Return an instant in UTC, written as `format_instant` does."""
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return self._refuse(key, text, "an instant such as 2026-12-01T00:00:00Z")
        if found.tzinfo is None or format_instant(found) != text:
            return self._refuse(key, text, "an instant such as 2026-12-01T00:00:00Z")
        return found.astimezone(UTC)

    def instant_or_none(self, key: str) -> datetime | None:
        """Return an instant in UTC, or None for null."""
        if self._left.get(key, _MISSING) is None:
            del self._left[key]
            return None
        return self.instant(key)

    def one_of(self, key: str, kind: type[E]) -> E:
        """Return a member of the enumeration `kind`."""
        value = self.text(key)
        try:
            return kind(value)
        except ValueError:
            return self._refuse(key, value, "one of " + ", ".join(kind))

    def each(self, key: str, read: Callable[[object], T]) -> tuple[T, ...]:
        """Return a list, every element through `read`."""
        value = self.take(key)
        return tuple(map(read, value)) if isinstance(value, list) else self._refuse(key, value, "a list")

    def end(self) -> None:
        """Refuse keys that nobody took."""
        if self._left:
            raise RecordError(f"{self._what} has {min(self._left)!r}, which this version does not know")

    def _refuse(self, key: str, value: object, expected: str) -> NoReturn:
        if value is _MISSING:
            raise RecordError(f"{self._what} has no {key!r}")
        raise RecordError(f"{key!r} of {self._what} is {kind_of(value)}, expected {expected}")


def kind_of(value: object) -> str:
    """Say what a JSON value is, in a few words, safe for a terminal."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return ascii(value) if len(value) <= 40 else f"{value[:40]!a}…"
        case list():
            return "a list"
        case _:
            return "an object"


def instant_words(instant: datetime) -> str:
    """Write an instant as people read it: `2026-12-01 00:00:00 UTC`."""
    return format_instant(instant).replace("T", " ").replace("Z", " UTC")


def format_instant(instant: datetime) -> str:
    """Write an instant as `2026-12-01T00:00:00Z`, with microseconds where it has some."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
