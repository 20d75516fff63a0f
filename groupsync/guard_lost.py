"""Who would be in no group of ours any more. Pure but for loading members.

Only those who are removed from something can be among them, so that these few are looked for in what is left of the
groups. Where a group is text in canonical form it is searched as it is, never parsed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.errors import GroupsyncError
from groupsync.identity import Identity
from groupsync.model import NO_MEMBERS, Action, Loss, digest_bytes, lines_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groupsync.model import Change, Members

_AT_ONCE: Final = 250_000
"""How many people are looked for in one pass over the groups: some 50 MB, however many are removed."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One of our groups on a target, with nothing loaded yet.

    Attributes:
        name: after the run.
        prior: who is in it; None where the target doesn't have it or doesn't tell.
        prior_digest: of `prior`, where something vouches for it.
        desired: who will be in it, and nobody else, if nothing speaks against it; None where others stay as well.
        is_there: whether the target has it.
    """

    name: str
    prior: Members | None
    prior_digest: str | None = None
    desired: Members | None = None
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """How many people would be in no group, and the first of them by code point, as many as a `Loss` may name."""

    count: int = 0
    some: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Losing:
    """What one target comes to.

    Attributes:
        applied: the changes that will be carried out, by name.
        left_alone: names of the groups that stay as they are, whatever is desired.
        holdings: all our groups, those that cost little to read first.
        unexpired: by name, who would belong to a group if no written `until` had passed.
        absent: names of the groups that are meant to be deleted.
        identity: knows the aliases: who is removed under an address of before may be there under the one of now.
    """

    applied: Mapping[str, Change]
    left_alone: frozenset[str] = frozenset()
    holdings: Sequence[Holding] = ()
    unexpired: Mapping[str, Callable[[], frozenset[str]]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    identity: Identity = field(default_factory=Identity)


def is_consented(change: Change, absent: frozenset[str]) -> bool:
    """Tell whether a deletion is what the definition itself asks for; `absent` are the names that have that state."""
    return change.action is Action.DELETE and change.name in absent


def people_lost(losing: Losing) -> Lost:
    """Count the people who are removed from a group, other than by a written `until` or `absent`, and are in none then.

    A group that can't be read counts as one without them.
    """
    sources = [each for each in losing.applied.values() if each.remove.count and not is_consented(each, losing.absent)]
    passes = 1 + sum(each.going.count - each.expired for each in sources) // _AT_ONCE
    count, some = 0, list[str]()
    for number in range(passes):
        people: set[str] = set()
        for change in sources:
            names = losing.identity.present(change.going.load() - _expired(change, losing))
            people.update(names if passes == 1 else (name for name in names if hash(name) % passes == number))
        lost = _in_no_group(people, losing)
        count += len(lost)
        some = sorted([*some, *lost])[: Loss.MAX_NAMED]
    return Lost(count, tuple(some))


def _expired(change: Change, losing: Losing) -> frozenset[str]:
    known = losing.unexpired.get(change.name)
    return known() if known and change.expired else frozenset()


def _in_no_group(names: set[str], losing: Losing) -> set[str]:
    people = _People(names)
    for holding in losing.holdings:
        if not people.lines:
            break
        with suppress(GroupsyncError):
            people.strike(_still_there(people, holding, losing))
    return people.names


class _People:
    """Those who are still looked for, as texts and as lines; either is made only when it is asked for."""

    def __init__(self, names: set[str]) -> None:
        self.lines = {name.encode() for name in names}
        self._names: set[str] | None = names

    @property
    def names(self) -> set[str]:
        if self._names is None:
            self._names = {line.decode() for line in self.lines}
        return self._names

    def strike(self, found: set[bytes]) -> None:
        if found:
            self.lines -= found
            self._names = None

    def among(self, members: Members | None, text: bytes | None) -> set[bytes]:
        """Return the lines of those who are members; `text` is their canonical text where it is known."""
        if text is None:
            return {name.encode() for name in self.names & members.load()} if members else set()
        return lines_among(self.lines, text)


def _still_there(people: _People, holding: Holding, losing: Losing) -> set[bytes]:
    """Return the lines of those who are in the group after the run."""
    change = losing.applied.get(holding.name)
    if change and change.action is Action.DELETE:
        return set()
    desired = None if holding.name in losing.left_alone else holding.desired
    text = _vouched_text(desired, change.mark.digest if change and change.mark else holding.prior_digest)
    if desired is not None and text is not None:
        return people.among(desired, text)
    text = _vouched_text(holding.prior, holding.prior_digest)
    if desired is not None and text is None:
        return people.among(desired, None)
    there = people.among(holding.prior, text)
    if change is None:
        return there
    return there - _lines(change.remove if there else NO_MEMBERS) | people.among(change.add, None)


def _lines(members: Members) -> set[bytes]:
    return {name.encode() for name in members.load()}


def _vouched_text(members: Members | None, digest: str | None) -> bytes | None:
    """Return the canonical text of members, where that takes no parsing."""
    if members is None or members.raw is None or digest is None:
        return None
    text = members.raw()
    return text if digest_bytes(text) == digest else None
