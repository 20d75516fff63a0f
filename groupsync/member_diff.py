"""What differs between two memberships. Pure but for loading members.

Equal digests end the comparison before anything is loaded. Where both sides are text in canonical form, the texts are
compared and never split; otherwise as two sets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from groupsync.aliases import changed_addresses
from groupsync.canonical import canonical_count, text_difference
from groupsync.errors import StalePlanError
from groupsync.model import NO_MEMBERS, Members, Mode, decode_members, digest_bytes, encode_members
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.identity import Identity
    from groupsync.model import Group

_HELD_MEMBERS: Final = 1_000
"""Up to so many added or removed names a group stay in memory with the plan; more are worked out again when asked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of a membership.

    Attributes:
        add, remove: disjoint; counts and digests known.
        after: digest of the whole membership once they are applied.
        after_count: its size.
        withheld: how many would be removed, had the target been read wholly.
        readdressed: as in `Change`.
    """

    add: Members
    remove: Members
    after: str
    after_count: int
    withheld: int = 0
    readdressed: tuple[tuple[str, str], ...] = ()


def difference_of(desired: Group, prior: Group, identity: Identity, *, is_complete: bool) -> Difference | None:
    """Return what becomes of a membership; None where nobody manages it. May load both sides.

    Args:
        desired: the group as it is to be on this target.
        prior: the group as the target holds it.
        identity: the rule of canonical form, and the aliases.
        is_complete: the target was read wholly; if not, nobody is removed.
    """
    if desired.members is None:
        return None
    held = prior.members or NO_MEMBERS
    removes = is_complete and desired.lifecycle.mode is Mode.AUTHORITATIVE
    if desired.members.known_digest is not None and desired.members.known_digest == held.known_digest:
        return _no_difference(held, desired.members.known_digest)
    found = _compare_texts(desired.members, prior, identity) if removes else None
    if found is not None:
        return found
    found = _compare_sets(desired.members, held, identity, removes=removes)
    return replace(found, withheld=0) if is_complete else found


def _no_difference(members: Members, digest: str) -> Difference:
    return Difference(NO_MEMBERS, NO_MEMBERS, digest, members.count)


def _compare_texts(desired: Members, prior: Group, identity: Identity) -> Difference | None:
    """Compare a member file with the text that the target holds, if the mark vouches for the latter; else None.

    A text is known to be canonical when its digest is the one last applied, under the same rule of canonical form. What
    the desired text shares with it needs no second look, so that only the lines that were added are checked.
    """
    held = prior.members
    if desired.raw is None or held is None or held.raw is None or prior.mark is None:
        return None
    if held.known_digest != prior.mark.digest or prior.mark.identity != identity.rule:
        return None
    text = desired.raw()
    digest = digest_bytes(text)
    if digest == held.known_digest:
        return _no_difference(held, digest)
    # Should the target move between `read` and here, the change is refused at the write: its precondition is older.
    found = text_difference(held.raw(), text)
    if found is None:
        return None
    add, remove = found
    if add and identity.canonical_plain(add) != add:
        return None
    moved = changed_addresses(add, remove, identity)
    count = held.count + len(add) - len(remove)
    return Difference(Members.of(add), Members.of(remove), digest, count, readdressed=moved)


def _compare_sets(desired: Members, prior: Members, identity: Identity, *, removes: bool) -> Difference:
    wanted = desired.load()
    digest = desired.known_digest or digest_bytes(encode_members(wanted))
    if digest == prior.known_digest:
        return _no_difference(prior, digest)
    there = prior.load()
    missing, extra = wanted - there, there - wanted
    add = _hold(missing, lambda: desired.load() - prior.load())
    if removes:
        remove = _hold(extra, lambda: prior.load() - desired.load())
        moved = changed_addresses(missing, extra, identity)
        return Difference(add, remove, digest, len(wanted), readdressed=moved)
    after = there | missing
    digest = digest_bytes(encode_members(after)) if missing else prior.digest
    return Difference(add, NO_MEMBERS, digest, len(after), withheld=len(extra))


def _hold(names: frozenset[str], again: Callable[[], frozenset[str]]) -> Members:
    """Keep few names; for many keep only count and digest, and how to find them again."""
    held = Members.of(names)
    return held if len(names) <= _HELD_MEMBERS else certain(Members(again, count=len(names), digest=held.digest))


def kept(members: Members) -> Members:
    """Keep the names of a small group, which can't be asked for once it is deleted; of a large one count and digest."""
    return Members.of(members.load()) if members.count <= _HELD_MEMBERS else certain(members)


def vouched(members: Members, identity: Identity) -> Members:
    """Learn count and digest of a member file from its bytes alone, where they are in canonical form."""
    if members.raw is None or members.known_digest is not None:
        return members
    text = members.raw()
    count = canonical_count(text, identity)
    return members if count is None else Members(members.load, count=count, digest=digest_bytes(text), raw=members.raw)


def certain(members: Members) -> Members:
    """Return the same membership, which from now on either loads as what it was here or refuses.

    A plan's members are often worked out again when they are applied; by then a file may have changed.
    """
    digest, count = members.digest, members.count  # in this order one load tells both

    def load() -> frozenset[str]:
        if members.raw is not None and digest_bytes(text := members.raw()) == digest:
            return decode_members(text)
        loaded = members.load()
        if digest_bytes(encode_members(loaded)) != digest:
            raise StalePlanError(
                "the members changed since they were planned",
                f"{counted(count, 'was', 'were')} planned, {counted(len(loaded), 'is', 'are')} there now",
                "Plan again.",
            )
        return loaded

    return Members(load, count=count, digest=digest, raw=members.raw)
