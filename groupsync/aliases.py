"""People whose address changed: the one they have now for the one before, and who only moved. Pure but for loading.

What definitions name is mapped where it is made canonical (`Identity.canonical`). This is for what comes otherwise: the
bytes of member files, what sources answer, and the two sides of a comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Members, has_line

if TYPE_CHECKING:
    from collections.abc import Collection

    from groupsync.identity import Identity

_SEARCHED_SHARE: Final = 200
"""Searching a text for one line costs about as much as splitting so many lines of it."""


def names_former(text: bytes, identity: Identity) -> bool:
    """Tell whether a canonical text has an address that somebody had before; of any other text nothing that counts."""
    aliases = identity.aliases
    if not aliases or not text.endswith(b"\n"):
        return False
    if len(aliases) * _SEARCHED_SHARE < text.count(b"\n"):
        return any(has_line(text, former.encode()) for former in aliases)
    return not aliases.keys().isdisjoint(text.decode(errors="replace").split("\n"))


def with_present(members: Members, identity: Identity) -> Members:
    """Return the members under the addresses that they have now; the same value where all of them are.

    Args:
        members: canonical spellings; `raw`, where there is one, is their canonical text.
        identity: has the aliases.
    """
    if not identity.aliases or (members.raw is not None and not names_former(members.raw(), identity)):
        return members
    return Members(lambda: identity.present(members.load()))


def with_former(members: Members, identity: Identity) -> Members:
    """Return the members under every address that they have or had, for who may know them by either."""
    if not identity.aliases:
        return members

    def load() -> frozenset[str]:
        held = members.load()
        return held.union(former for former, now in identity.aliases.items() if now in held)

    return Members(load)


def changed_addresses(add: Collection[str], remove: Collection[str], identity: Identity) -> tuple[tuple[str, str], ...]:
    """Return who goes under one address and comes under another, as (before, after), sorted; nobody twice."""
    aliases, found = identity.aliases, dict[str, str]()
    if not aliases or not add:
        return ()
    coming = frozenset(add)
    for former in sorted(aliases.keys() & remove):
        now = aliases[former]
        if now in coming:
            found.setdefault(now, former)
    return tuple(sorted((former, now) for now, former in found.items()))
