"""What must not be shown: a `Secret` shows itself nowhere, and what was revealed is taken out of what is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN: Final = "(secret)"


@final
class Secret:
    """A text that must not be shown. `reveal` is the only way to it; call it where the text is used, and keep nothing.

    Not a `str`, so that joining, logging or serialising it is a mistake that is noticed at once. Can't be pickled.
    """

    __slots__ = ("_pieces", "_value", "names")

    def __init__(self, value: str, pieces: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        """Hold a text.

        Args:
            value: the text.
            pieces: those in it that came from where secrets are, where not all of it did.
            names: where they came from, as a config refers to it: `env:CRM_TOKEN`.
        """
        self._value = value
        self._pieces = tuple(pieces)
        self.names = tuple(names)

    def reveal(self) -> str:
        """Return the text itself. From then on `scrub` takes it, and each piece, out of whatever is printed."""
        for each in (self._value, *self._pieces):
            _remember(each)
        return self._value

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a Secret can't be pickled"
        raise TypeError(message)


class HiddenText(str):
    """A secret as text, for code that must look at it and may quote it: whatever is quoted is `(secret)`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_SHOWN, spec)

    def __getitem__(self, index: object) -> str:
        return _SHOWN


_MIN_SCRUBBED_LENGTH: Final = 4
_MIN_PART_LENGTH: Final = 8
_revealed: set[str] = set()
"""The secrets in use, each in every spelling in which a library may quote it. Known by origin, not by their looks."""


def _remember(value: str) -> None:
    import json
    from urllib.parse import quote, quote_plus

    for each in (value, *_paths_of(value)):
        if len(each) >= _MIN_SCRUBBED_LENGTH:
            _revealed.update({each, quote(each, safe=""), quote_plus(each), repr(each)[1:-1], json.dumps(each)[1:-1]})


def _paths_of(value: str) -> Iterator[str]:
    """Give what a secret address may be quoted by: its path, and each part of that which can be no plain word."""
    _, scheme, rest = value.partition("://")
    _, slash, path = rest.partition("/")
    if scheme and slash:
        path = path.partition("?")[0].rstrip("/")
        yield f"/{path}" if path else ""
        yield from (part for part in path.split("/") if len(part) >= _MIN_PART_LENGTH and re.search("[0-9]", part))


def scrub(text: str) -> str:
    """Return `text` with `(secret)` in place of every secret that was revealed in this process.

    The last line of defence, for what a library quotes in its errors. Secrets of fewer than four characters are not
    looked for: they would be found everywhere.
    """
    for value in sorted(_revealed, key=len, reverse=True):
        text = text.replace(value, _SHOWN)
    return text


class ScrubbedStream:
    """A text stream that scrubs what is written to it; else just the stream it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text` without secrets."""
        return self._stream.write(scrub(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines` without secrets."""
        self._stream.writelines(map(scrub, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
