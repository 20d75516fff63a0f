r"""Seal what the journal tells of people for a store that others can read: encrypted, with a MAC, bound to its place.

A sealed line is `gs2:KEY:TOKEN\n`. KEY says which key it was sealed with, and nothing else about that; TOKEN is one of
Fernet (https://github.com/fyne/spec, AES-128-CBC and HMAC-SHA256), whose time is always 0. In it are a line of JSON,
`[name, number, part, "listed"]`, and the data, compressed. What is not hidden: how large the data is, compressed, and
how many lines there are. That lines were cut off from the end of a file is only seen of a file that was sealed as a
whole; and by the manifest of the store, which each one has that holds such a line (`groupsync.journal_manifest`). An
earlier groupsync wrote lines that begin with `gs1:`, and no manifest; they are read. Pure.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.fernet import Fernet

__all__ = ["MAX_BYTES", "MIN_SECRET_CHARACTERS", "SealError", "Sealer", "UnknownSeal", "is_listed", "is_sealed"]

MIN_SECRET_CHARACTERS: Final = 32
MAX_BYTES: Final = 64 * 2**20
"""The most that one line holds, so that a few sealed bytes never become gigabytes."""
_CHUNK_BYTES: Final = 4 * 2**20
_PREFIX: Final = b"gs2:"
_UNLISTED: Final = b"gs1:"
_ANY_PREFIX: Final = re.compile(rb"gs[0-9]{1,9}:")
_SEALED: Final = re.compile(rb"(gs[12]:)([0-9a-f]{16}):([A-Za-z0-9_-]+=*)\n")
_LINE, _CHUNK, _LAST_CHUNK = "line", "chunk", "last chunk"


class SealError(ValueError):
    """A line can't be opened, or not be sealed; the message is a clause without a final stop that names the line."""


class UnknownSeal(SealError):
    """A line is not sealed, or in a way that this groupsync does not know."""


def is_sealed(line: bytes) -> bool:
    """Tell whether a line says of itself that it is sealed, in whatever format."""
    return _ANY_PREFIX.match(line) is not None


def is_listed(data: bytes) -> bool:
    """Tell whether a line of a file says that the store in which it stands has a manifest."""
    return any(line.startswith(_PREFIX) for line in data.split(b"\n"))


class Sealer:
    """Seals with the first of its keys, and opens with any of them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Derive the keys.

        Args:
            secrets: texts of 32 characters at least, the newest first.

        Raises:
            ConfigError: one is too short, there is none, or the library that encrypts is not installed.
        """
        for secret in secrets or ("",):
            if len(secret) < MIN_SECRET_CHARACTERS:
                raise ConfigError(
                    "The journal's `key` is too short",
                    f"It has {len(secret)} characters, expected {MIN_SECRET_CHARACTERS} or more.",
                    "Make one with `openssl rand -base64 32`.",
                )
        self._keys = dict(map(_key, secrets))
        self._newest = _key(secrets[0])[0]

    @property
    def key_id(self) -> str:
        """What tells the newest key from others, and nothing else of it."""
        return self._newest.decode()

    def seal(self, name: str, number: int, data: bytes) -> bytes:
        r"""Return a line, ended by a line break, that holds data.

        Args:
            name: of the file that it is to stand in, as the store has it.
            number: of the line in that file.
            data: of `MAX_BYTES` at most.

        Raises:
            SealError: it is more.
        """
        return self._seal(name, number, data, _LINE)

    def open(self, name: str, number: int, line: bytes) -> bytes:
        """Return what was sealed for that very place.

        Args:
            name: of the file that it stands in.
            number: of the line in that file.
            line: with its line break.

        Raises:
            UnknownSeal: it is not sealed, or in another way.
            SealError: it was sealed with another key, for another place, or altered.
        """
        return self._open(name, number, line, _LINE)

    def seal_all(self, name: str, data: bytes) -> bytes:
        """Return a whole file, sealed: lines of about 4 MB each that go together, in this order and no other."""
        *chunks, last = _chunks(data)
        sealed = [self._seal(name, number, chunk, _CHUNK) for number, chunk in enumerate(chunks, 1)]
        return b"".join([*sealed, self._seal(name, len(chunks) + 1, last, _LAST_CHUNK)])

    def open_all(self, name: str, data: bytes) -> bytes:
        """Return a whole file that `seal_all` sealed.

        Raises:
            SealError: as `open` does; or some of it is missing.
        """
        lines = list(io.BytesIO(data)) or [b""]
        ends = [*([_CHUNK] * (len(lines) - 1)), _LAST_CHUNK]
        return b"".join(
            self._open(name, number, line, part) for number, (line, part) in enumerate(zip(lines, ends, strict=True), 1)
        )

    def _seal(self, name: str, number: int, data: bytes, part: str) -> bytes:
        if len(data) > MAX_BYTES:
            raise SealError(f"line {number} would hold {len(data):,} bytes, and one holds {MAX_BYTES:,} at most")
        # The time is 0: when something was sealed is nobody's business, and no reader goes by it.
        token = self._keys[self._newest].encrypt_at_time(_place(_PREFIX, name, number, part) + zlib.compress(data), 0)
        return _PREFIX + self._newest + b":" + token + b"\n"

    def _open(self, name: str, number: int, line: bytes, part: str) -> bytes:
        from cryptography.fernet import InvalidToken

        form, key, token = _parts(number, line)
        if key not in self._keys:
            raise SealError(f"line {number} was sealed with another key, or altered")
        try:
            opened = self._keys[key].decrypt(token)
        except InvalidToken as error:
            raise SealError(f"line {number} was altered after it was sealed") from error
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)) != token:
            raise SealError(f"line {number} was altered after it was sealed")
        place, _, packed = opened.partition(b"\n")
        if place + b"\n" != _place(form, name, number, part):
            raise SealError(f"line {number} belongs elsewhere: it was sealed as {_place_words(place)}")
        return _unpacked(number, packed)


def _key(secret: str) -> tuple[bytes, Fernet]:
    """Return the id of a key, and the key itself, as derived from a text."""
    try:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError as error:
        summary = "The journal's `key` needs a library that is not installed"
        raise ConfigError(summary, str(error), "Install it: `pip install 'groupsync[journal]'`.") from error

    def derived(info: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, None, info).derive(secret.encode("utf-8", "surrogatepass"))

    key = derived(b"groupsync journal 1: key", 32)
    return derived(b"groupsync journal 1: id of the key", 8).hex().encode(), Fernet(base64.urlsafe_b64encode(key))


def _place(form: bytes, name: str, number: int, part: str) -> bytes:
    """Return what a line is bound to: whoever has no key can't give it another form, either."""
    return json.dumps([name, number, part, *([] if form == _UNLISTED else ["listed"])]).encode("ascii") + b"\n"


def _place_words(place: bytes) -> str:
    name, number, part, *_ = json.loads(place)
    return f"{part} {number} of {name!a}"


def _parts(number: int, line: bytes) -> tuple[bytes, bytes, bytes]:
    found = _SEALED.fullmatch(line)
    if found:
        return found[1], found[2], found[3]
    if line.startswith((_PREFIX, _UNLISTED)):
        raise SealError(f"line {number} is not whole, or was altered after it was sealed")
    if prefix := _ANY_PREFIX.match(line):
        shown = prefix[0].decode("ascii")
        raise UnknownSeal(f"line {number} begins with {shown!r}, this groupsync opens 'gs1:' and 'gs2:'")
    raise UnknownSeal(f"line {number} is not sealed, expected a line that begins with 'gs2:'")


def _unpacked(number: int, packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, MAX_BYTES + 1)
    except zlib.error as error:
        raise SealError(f"line {number} holds what was never compressed") from error
    if len(data) > MAX_BYTES:
        raise SealError(f"line {number} holds more than {MAX_BYTES:,} bytes")
    if not unpacking.eof or unpacking.unused_data:
        raise SealError(f"line {number} holds what was not compressed as groupsync does it")
    return data


def _chunks(data: bytes) -> Iterator[bytes]:
    """Give data in parts of 4 MB at most that end where lines do, if these are no longer; one part at least."""
    start = 0
    while len(data) - start > _CHUNK_BYTES:
        end = data.rfind(b"\n", start, start + _CHUNK_BYTES) + 1 or start + _CHUNK_BYTES
        yield data[start:end]
        start = end
    yield data[start:]
