"""What a memory target holds, and how it misbehaves when told to."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from groupsync.errors import BackendError, SourceError
from groupsync.model import Group, Members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupsync.backend import LockInfo

Call: TypeAlias = Literal["read", "members", "apply", "lock", "attributes", "evaluate", "rows", "count", "shares"]
"""Of the backend, and of the source."""
_OF_SOURCES: Final = frozenset(["attributes", "evaluate", "rows", "count", "shares"])


@dataclass(slots=True)
class _Failure:
    """A failure that is due at the nth call from now."""

    call: Call
    calls_left: int
    after_write: bool
    error: BaseException


@dataclass(slots=True)
class _Deed:
    """What somebody else does right before the nth call from now."""

    call: Call
    calls_left: int
    do: Callable[[], object]


@dataclass(slots=True)
class MemoryStore:
    """Groups by name, as they are at this moment. Safe to use from several threads.

    Attributes:
        groups: what the target holds; use `put` and `remove` to change it as a stranger would.
        lock: who holds the target's lock.
        incomplete: reason of a partial read; empty for a complete one.
        hidden: names that a read leaves out, together with `incomplete`.
        truncated: by name, how many members are streamed at most, whatever the count says.
        short: by name, how many members there seem to be at most: count and stream agree, and are both wrong.
        repeated: names of groups whose first page of members comes twice.
        spells: the target spells members its own way, which is what it tells a digest of.
        asked: by name, how often a group's members were asked for, whatever came of it.
        mutex: held during each call.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    lock: LockInfo | None = None
    incomplete: str = ""
    hidden: frozenset[str] = frozenset()
    truncated: dict[str, int] = field(default_factory=dict)
    short: dict[str, int] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    spells: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    mutex: threading.RLock = field(default_factory=threading.RLock)
    _failures: list[_Failure] = field(default_factory=list)
    _deeds: list[_Deed] = field(default_factory=list)
    _writes: int = 0
    _created: int = 0

    _named: ClassVar[dict[str, MemoryStore]] = {}

    @classmethod
    def named(cls, name: str) -> MemoryStore:
        """Return the store of that name, which lives as long as the process; an empty one at first."""
        return cls._named.setdefault(name, cls())

    @classmethod
    def drop(cls, name: str) -> None:
        """Forget a named store, so that the name begins empty again."""
        cls._named.pop(name, None)

    def put(self, group: Group) -> Group:
        """Write a group as it is, as somebody else would, and return it with its id and new revision.

        Its members are loaded here and held.
        """
        with self.mutex:
            self._writes += 1
            if group.id is None:
                self._created += 1
                group = replace(group, id=f"g{self._created}")
            names = group.members.load() if group.members else frozenset()
            members = Members.of(names)
            held = replace(group, members=Members(members.load, count=len(names), digest=members.digest))
            held = replace(held, revision=f"r{self._writes}")
            self.groups[held.name] = held
            return held

    def remove(self, name: str) -> None:
        """Take a group away, as somebody else would; nothing happens if it isn't there."""
        with self.mutex:
            self.groups.pop(name, None)

    def set_members(self, name: str, members: Iterable[str]) -> None:
        """Give a group other members by hand. Its mark stays, so this is drift; its revision moves."""
        with self.mutex:
            self.put(replace(self.groups[name], members=Members.of(members)))

    def move(self, name: str) -> None:
        """Give a group a new revision and nothing else, as a target does that counts every write."""
        self.put(self.groups[name])

    def meanwhile(self, do: Callable[[], object], call: Call = "apply", nth: int = 1) -> None:
        """Let somebody else do something right before a call, once.

        Args:
            do: what.
            call: before which call.
            nth: the how many-th from now on, from 1.
        """
        self._deeds.append(_Deed(call, nth, do))

    def fail(self, call: Call, nth: int = 1, *, after_write: bool = False, error: BaseException | None = None) -> None:
        """Let a call fail, once.

        Args:
            call: which.
            nth: the how many-th from now on, from 1.
            after_write: fail when the work is done, as a target whose answer gets lost does.
            error: what to raise; None for a SourceError of a source, and of a backend a BackendError that may be
                retried. `KeyboardInterrupt` is the end of the process as far as the backend can tell.
        """
        message = f"{call} failed on demand"
        usual = SourceError(message) if call in _OF_SOURCES else BackendError(message, retryable=True)
        self._failures.append(_Failure(call, nth, after_write, error or usual))

    @contextmanager
    def failing(self, call: Call) -> Iterator[None]:
        """Do the work of one call between what somebody else does, and the failures that are due before and after."""
        for deed in [deed for deed in self._deeds if deed.call == call]:
            deed.calls_left -= 1
            if not deed.calls_left:
                self._deeds.remove(deed)
                deed.do()
        due: list[_Failure] = []
        for failure in [failure for failure in self._failures if failure.call == call]:
            failure.calls_left -= 1
            if not failure.calls_left:
                self._failures.remove(failure)
                due.append(failure)
        for failure in due:
            if not failure.after_write:
                raise failure.error
        yield
        for failure in due:
            raise failure.error
