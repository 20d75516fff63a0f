"""Who would be in no group of ours any more. Pure but for loading members.

Only those who are removed from something can be among them, so that these few are looked for in what is left of the
groups. Where a group is text in canonical form it is searched as it is, never parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.errors import GroupsyncError
from groupsync.model import Action, digest_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from groupsync.model import Change, Members

_AT_ONCE: Final = 250_000
"""How many people are looked for in one pass over the groups: some 50 MB, however many are removed."""
_SHOWN: Final = 3
_SEARCHED_SHARE: Final = 200
"""Searching a text for one line costs about as much as splitting so many lines of it."""
_LINE_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Holding:
    """One of our groups on a target, with nothing loaded yet.

    Attributes:
        name: after the run.
        prior: who is in it; None where the target doesn't have it or doesn't tell.
        prior_digest: of `prior`, where something vouches for it.
        desired: who will be in it, and nobody else, if nothing speaks against it; None where others stay as well.
    """

    name: str
    prior: Members | None
    prior_digest: str | None = None
    desired: Members | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """How many people would be in no group, and the first few of them by code point."""

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
    """

    applied: Mapping[str, Change]
    left_alone: frozenset[str] = frozenset()
    holdings: Sequence[Holding] = ()
    unexpired: Mapping[str, Callable[[], frozenset[str]]] = field(default_factory=dict)


def is_consented(change: Change) -> bool:
    """Tell whether a deletion is what the definition itself asks for, with `state: absent`."""
    return change.action is Action.DELETE and bool(change.definition_digest)


def people_lost(losing: Losing) -> Lost:
    """Count the people who are removed from a group, other than by a written `until` or `absent`, and are in none then.

    A group that can't be read counts as one without them.
    """
    sources = [each for each in losing.applied.values() if each.remove.count and not is_consented(each)]
    passes = 1 + sum(each.remove.count - each.expired for each in sources) // _AT_ONCE
    count, some = 0, list[str]()
    for number in range(passes):
        people: set[str] = set()
        for change in sources:
            names = change.remove.load() - _expired(change, losing)
            people.update(names if passes == 1 else (name for name in names if hash(name) % passes == number))
        lost = _in_no_group(people, losing)
        count += len(lost)
        some = sorted([*some, *lost])[:_SHOWN]
    return Lost(count, tuple(some))


def _expired(change: Change, losing: Losing) -> frozenset[str]:
    known = losing.unexpired.get(change.name)
    return known() if known and change.expired else frozenset()


def _in_no_group(people: set[str], losing: Losing) -> set[str]:
    for holding in losing.holdings:
        if not people:
            break
        try:
            people -= _still_there(people, holding, losing)
        except GroupsyncError:
            continue
    return people


def _still_there(people: set[str], holding: Holding, losing: Losing) -> set[str]:
    """Return those of `people` who are in the group after the run."""
    change = losing.applied.get(holding.name)
    if change and change.action is Action.DELETE:
        return set()
    if holding.desired is not None and holding.name not in losing.left_alone:
        digest = change.mark.digest if change and change.mark else holding.prior_digest
        text = _vouched_text(holding.desired, digest)
        if text is not None:
            return _in_text(people, text)
    text = _vouched_text(holding.prior, holding.prior_digest) if holding.prior else None
    if text is None and holding.desired is not None and holding.name not in losing.left_alone:
        return people & holding.desired.load()
    there = _in_text(people, text) if text is not None else people & holding.prior.load() if holding.prior else set()
    if change is None:
        return there
    return (there - change.remove.load() if there else there) | people & change.add.load()


def _vouched_text(members: Members | None, digest: str | None) -> bytes | None:
    """Return the canonical text of members, where that takes no parsing."""
    if members is None or members.raw is None or digest is None:
        return None
    text = members.raw()
    return text if digest_bytes(text) == digest else None


# --- Looking for lines ------------------------------------------------------------------------------------------------


def _in_text(people: set[str], text: bytes) -> set[str]:
    """Return those who have a line in a canonical text."""
    if len(people) * _SEARCHED_SHARE < len(text) // _LINE_BYTES:
        return {name for name in people if has_line(text, name.encode())}
    return set(_decoded({name.encode() for name in people}.intersection(text.split(b"\n"))))


def _decoded(lines: set[bytes]) -> Iterator[str]:
    return (line.decode() for line in lines)


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
