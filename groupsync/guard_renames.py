"""A delete and a create that look like a rename. Pure but for loading members.

Two groups are alike when at least four in five of their members are in both (Jaccard ≥ 0.8) and each has three or more.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from groupsync.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groupsync.model import Change, Members

_MIN_MEMBERS: Final = 3
_MAX_PREFIX: Final = 64


@dataclass(frozen=True, slots=True)
class Recreated:
    """A group that goes and one that comes with nearly the same members; `alike_percent` of them, rounded down."""

    deleted: Change
    created: Change
    alike_percent: int


def recreated_groups(changes: Iterable[Change]) -> list[Recreated]:
    """Return for each create the deleted group that is most like it, if one is; all changes are of one target.

    Nothing is loaded unless there are both deletes and creates, of sizes that can be alike.
    """
    candidates = [each for each in changes if each.action in (Action.DELETE, Action.CREATE)]
    deleted = [each for each in candidates if each.action is Action.DELETE and each.remove.count >= _MIN_MEMBERS]
    created = [each for each in candidates if each.action is Action.CREATE and each.add.count >= _MIN_MEMBERS]
    deleted = _of_like_size(deleted, created)
    created = _of_like_size(created, deleted)
    if not created:
        return []
    by_token: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, one in enumerate(deleted):
        for token in _prefix(one.remove):
            by_token[token].append(index)
    best = (_best(one, deleted, by_token) for one in created)
    return [each for each in best if each]


def _size(change: Change) -> int:
    return max(change.add.count, change.remove.count)


def _of_like_size(changes: Iterable[Change], others: Iterable[Change]) -> list[Change]:
    """Return those of `changes` that can be alike one of `others`, by their sizes."""
    sizes = sorted(map(_size, others))
    found = []
    for change in changes:
        index = bisect_left(sizes, -(-4 * _size(change) // 5))
        if index < len(sizes) and 4 * sizes[index] <= 5 * _size(change):
            found.append(change)
    return found


def _best(created: Change, deleted: Sequence[Change], by_token: dict[bytes, list[int]]) -> Recreated | None:
    near = {index for token in _prefix(created.add) for index in by_token.get(token, ())}
    found = list(_alike(created, [deleted[index] for index in sorted(near)]))
    return max(found, key=lambda each: each.alike_percent, default=None)


def _alike(created: Change, deleted: Iterable[Change]) -> Iterator[Recreated]:
    wanted: frozenset[str] | None = None
    for one in deleted:
        if one.remove.digest == created.add.digest:
            yield Recreated(one, created, 100)
        elif _of_like_size([one], [created]):
            wanted = created.add.load() if wanted is None else wanted
            there = one.remove.load()
            shared = len(wanted & there)
            either = len(wanted) + len(there) - shared
            if 5 * shared >= 4 * either:
                yield Recreated(one, created, 100 * shared // either)


def _prefix(members: Members) -> list[bytes]:
    """Return few of the members, the same few wherever they are: two sets that are alike share one of these.

    Chaudhuri, Ganti, Kaushik: A primitive operator for similarity joins in data cleaning, ICDE 2006 (prefix filter).
    Of long prefixes the start is enough: that two sets so alike share none of their 64 least hashes has a chance of
    less than 1 in 10^40 (Broder, On the resemblance and containment of documents, 1997).
    """
    kept = -(-4 * members.count // 5)
    length = min(members.count - kept + 1, _MAX_PREFIX)
    return heapq.nsmallest(length, (blake2b(name.encode(), digest_size=8).digest() for name in members.load()))
