"""Who belongs to a group: lazily loaded, known by count and digest."""

from __future__ import annotations

import hashlib
import heapq
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Set


def encode_members(members: Iterable[str]) -> bytes:
    r"""Return the canonical text: the distinct members by code point, each ended by `\n`, as UTF-8.

    `digest` is the SHA-256 of exactly these bytes, so a member file kept in this form hashes raw to its group's digest.
    """
    ordered = sorted(set(members))
    return ("\n".join(ordered) + "\n").encode() if ordered else b""


def decode_members(text: bytes) -> frozenset[str]:
    """Return the members of a canonical text; the other way round from `encode_members`."""
    return frozenset(text.decode().removesuffix("\n").split("\n")) if text else frozenset()


def digest_bytes(text: bytes) -> str:
    """Return the SHA-256 of `text` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()


def has_line(text: bytes, line: bytes) -> bool:
    """Tell whether strictly sorted lines, each ended, have `line` among them."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        start = max(low, text.rfind(b"\n", low, middle) + 1)
        end = text.index(b"\n", middle)
        found = text[start:end]
        if found == line:
            return True
        if found < line:
            low = end + 1
        else:
            high = start
    return False


_SEARCHED_SHARE: Final = 200
"""Searching a text for one line costs about as much as splitting so many lines of it."""
_LINE_BYTES: Final = 24


def lines_among(lines: Set[bytes], text: bytes) -> set[bytes]:
    """Return those of `lines` that a canonical text has."""
    if len(lines) * _SEARCHED_SHARE < len(text) // _LINE_BYTES:
        return {line for line in lines if has_line(text, line)}
    return set(lines).intersection(text.split(b"\n"))


EMPTY_DIGEST: Final = digest_bytes(b"")


@final
class Members:
    """Who belongs to a group: a fixed set of canonical identifiers, loaded only when asked.

    The whole membership of a run never has to be in memory: `load` reads anew each time unless the set was given or is
    held, see `loaded_once`. `count` and `digest` are computed once, at the cost of one `load` where they are not known
    already. Two values are equal when their digests are.
    """

    __slots__ = ("_count", "_digest", "_held", "_holds", "_load", "_told", "raw")

    _load: Callable[[], frozenset[str]]
    _count: int | None
    _digest: str | None
    raw: Callable[[], bytes] | None
    """Read the bytes this membership comes from, where there is one file for it. If they are in canonical form (see
    `encode_members`) their SHA-256 is the digest; whoever uses them must check that. None where no such file exists."""

    def __init__(
        self,
        load: Callable[[], frozenset[str]],
        *,
        count: int | None = None,
        digest: str | None = None,
        told: str | None = None,
        raw: Callable[[], bytes] | None = None,
    ) -> None:
        """Make a lazy value.

        Args:
            load: returns the canonical members; may raise `GroupsyncError`. Must return the same set each time.
            count: how many there are, where that is known without loading.
            digest: SHA-256 of the canonical text, only where something vouches for it: computed from the bytes just
                read, kept with the members in one transaction, or tied to a revision that every change moves.
            told: the digest that a target tells, which may be of another spelling of the same members. It is believed
                where it is the digest that was looked for, and proves nothing where it is another; see `are`.
            raw: see the attribute.
        """
        self._load = load
        self._held: frozenset[str] | None = None
        self._holds = False
        self._count = count
        self._digest = digest
        self._told = told
        self.raw = raw

    @classmethod
    def of(cls, members: Iterable[str]) -> Members:
        """Hold `members`, already canonical, in memory."""
        held = members if isinstance(members, frozenset) else frozenset(members)
        return cls(lambda: held, count=len(held))

    @classmethod
    def unread(
        cls, *, count: int | None = None, digest: str | None = None, raw: Callable[[], bytes] | None = None
    ) -> Members:
        """Stand for members that a backend has not read yet.

        For backends' `read` alone: the core binds `Backend.members` to it before anything is loaded. `count` is what
        the target announced, and is held against what then comes; `digest` and `raw` are as in the constructor.
        """
        return cls(_load_unread, count=count, digest=digest, raw=raw)

    @property
    def is_unread(self) -> bool:
        """Whether this only stands for members that have to be asked for; see `unread`."""
        return self._load is _load_unread

    def load(self) -> frozenset[str]:
        """Return all members. May do I/O and raise `GroupsyncError`."""
        held = self._held
        if held is not None:
            return held
        members = self._load()
        self._count = len(members)
        if self._holds:
            self._held = members
        return members

    @contextmanager
    def loaded_once(self) -> Iterator[None]:
        """Hold what is loaded within, so that it is read once at the most, and let go of it at the end.

        For one thread at a time, and not within itself.
        """
        self._holds = True
        try:
            yield
        finally:
            self._holds, self._held = False, None

    def text(self) -> bytes:
        """Return the canonical text: the bytes of `raw` where the digest vouches for them. Does I/O as `load` does."""
        if self.raw is not None and self.known_digest is not None:
            text = self.raw()
            if digest_bytes(text) == self.known_digest:
                return text
        return encode_members(self.load())

    def first(self, count: int) -> list[str]:
        """Return the first so many by code point, or all of fewer; does I/O as `load` does.

        Where the digest vouches for the bytes of `raw`, only the beginning of them is taken apart.
        """
        if self.raw is not None and self.known_digest is not None:
            text = self.raw()
            if digest_bytes(text) == self.known_digest:
                return [line.decode() for line in text.split(b"\n", count)[:count] if line]
        return heapq.nsmallest(count, self.load())

    @property
    def known_count(self) -> int | None:
        """The count where it is cheap, else None."""
        return self._count

    @property
    def known_digest(self) -> str | None:
        """What a target tells as the digest, elsewhere the digest where it is cheap; None where there is neither."""
        return self._digest if self._told is None else self._told

    @property
    def count(self) -> int:
        """How many members; loads them where that is not known."""
        if self._count is None:
            self._count = len(self.load())
        return self._count

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal; loads the members where that is not known."""
        if self._digest is None:
            self._digest = digest_bytes(encode_members(self.load()))
        return self._digest

    def are(self, digest: str) -> bool:
        """Tell whether these are the members of that digest; loads them unless the known digest is the same."""
        if digest == self.known_digest:
            return True
        return digest == self.digest

    def __iter__(self) -> Iterator[str]:
        """Give the members by code point."""
        return iter(sorted(self.load()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and (self is other or self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        shown = (self.known_digest or "")[:8]
        return f"Members(count={self._count}, digest={shown or None!r})"


def _load_unread() -> frozenset[str]:
    message = "members that a backend left unread can only be loaded through the core"
    raise RuntimeError(message)


NO_MEMBERS: Final = Members(frozenset, count=0, digest=EMPTY_DIGEST)


def counted_only(count: int) -> Members:
    """Return members of whom only the number is known; to load them is a mistake of the caller."""

    def unknown() -> frozenset[str]:
        message = "who they are is not known"
        raise RuntimeError(message)

    return Members(unknown, count=count) if count else NO_MEMBERS
