"""Secrets that the config only refers to: `${env:NAME}`, `${file:path}`. An edge: it reads the environment and files.

What comes from there is a `Secret`, which shows itself nowhere.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_SECRET_BYTES: Final = 65_536
_SHOWN: Final = "(secret)"
_REFERENCE: Final = re.compile(r"\$(\$\{)|\$\{([^{}]*)\}|\$\{")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@final
class Secret:
    """A text that must not be shown. `reveal` is the only way to it; call it where the text is used, and keep nothing.

    Not a `str`, so that joining, logging or serialising it is a mistake that is noticed at once. Can't be pickled.
    """

    __slots__ = ("_pieces", "_value")

    def __init__(self, value: str, pieces: Iterable[str] = ()) -> None:
        """Hold a text; `pieces` are those in it that came from where secrets are, where not all of it did."""
        self._value = value
        self._pieces = tuple(pieces)

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


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reference has no value, in the words of a diagnostic."""

    summary: str
    detail: str
    hint: str


def has_reference(text: str) -> bool:
    """Tell whether there is anything in `text` that would be replaced; pure."""
    return "${" in text


def malformed_references(text: str) -> list[Problem]:
    """Return what looks like a reference in `text` and is none; pure."""
    problems = []
    for found in _REFERENCE.finditer(text):
        if not found[1] and _source_of(found) is None:
            summary = f"`{found.group()[:60]}` refers to nothing"
            detail = "Expected `${env:NAME}` or `${file:path}`."
            problems.append(Problem(summary, detail, "For a literal `${` write `$${`."))
    return problems


def resolve_references(text: str, folder: Path) -> str | Secret | list[Problem]:
    """Replace the references in a text; reads the environment and files.

    Args:
        text: may hold several, among other text; `$${` stands for a literal `${`. What is malformed stays as it is.
        folder: where relative paths start.

    Returns:
        The text where there was no reference, a secret where there was, or all that keeps it from being replaced.
    """
    problems: list[Problem] = []
    pieces: list[str] = []

    def value_of(found: re.Match[str]) -> str:
        source = _source_of(found)
        if found[1] or source is None:
            return found[1] or found.group()
        value = _from_environment(source[1]) if source[0] == "env" else _from_file(source[1], folder)
        if isinstance(value, Problem):
            problems.append(value)
            return ""
        pieces.append(value)
        return value

    result = _REFERENCE.sub(value_of, text)
    if problems:
        return problems
    return Secret(result, pieces) if pieces else result


def _source_of(found: re.Match[str]) -> tuple[str, str] | None:
    """Return `env` or `file`, and the name; None for what is no reference."""
    source, _, name = (found[2] or "").partition(":")
    is_name = _VARIABLE.fullmatch(name) if source == "env" else source == "file" and name.strip() and "\0" not in name
    return (source, name) if is_name else None


def _from_environment(name: str) -> str | Problem:
    value = os.environ.get(name)
    if value:
        return value
    state = "not set" if value is None else "empty"
    return Problem(f"The environment variable `{name}` is {state}", "", f"Set it: `export {name}=…`.")


def _from_file(name: str, folder: Path) -> str | Problem:
    path = folder / name
    summary = f"The secret file `{name}` can't be read"
    try:
        if not path.is_file():
            missing = "There is no such file." if not path.exists() else "It is no ordinary file."
            return Problem(summary, missing, f"Create `{path}`, with the secret and nothing else in it.")
        with path.open("rb") as stream:
            data = stream.read(MAX_SECRET_BYTES + 1)
        text = data.decode().removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return Problem(summary, "It is not UTF-8.", "Save it as UTF-8 text.")
    except OSError as failure:
        return Problem(summary, f"{failure.strerror}.", "Make it readable.")
    if len(data) > MAX_SECRET_BYTES:
        return Problem(summary, f"It has more than {MAX_SECRET_BYTES:,} bytes.", "Name the right file.")
    return text or Problem(summary, "It is empty.", "Write the secret into it.")
