"""What written dates bring: a policy judges it when the dates are written, and not only on the day. Pure.

Nobody comes on a date that was not written, so that a policy over who may come can judge all dates there are. How few
are left in a group is for the day: somebody else may be written until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.records import instant_words
from groupsync_policies.breach import SHOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from groupsync.policy import PolicyContext


def entering(context: PolicyContext, name: str) -> dict[str, datetime]:
    """Return who comes to a group on some date, each with the first one."""
    return _first({each.at: each.entering for each in context.dates_of(name)})


def leaving(context: PolicyContext, name: str) -> dict[str, datetime]:
    """Return who goes from a group on some date, each with the first one."""
    return _first({each.at: each.leaving for each in context.dates_of(name)})


def sharing(context: PolicyContext, held: Mapping[str, frozenset[str]]) -> dict[str, datetime]:
    """Return who will be in both of two groups, each with the first date of it.

    Args:
        context: tells the dates.
        held: the two groups, with who is in them now.
    """
    moves = {name: {each.at: each for each in context.dates_of(name)} for name in held}
    members = {name: set(people) for name, people in held.items()}
    found: dict[datetime, Collection[str]] = {}
    for at in sorted({at for dates in moves.values() for at in dates}):
        come: set[str] = set()
        for name, dates in moves.items():
            if move := dates.get(at):
                members[name] = (members[name] - move.leaving) | move.entering
                come |= move.entering
        found[at] = come.intersection(*members.values())
    return _first(found)


def growing(context: PolicyContext, name: str, count: int, most: int) -> tuple[datetime, int] | None:
    """Return when a group first has more than `most` members, and how many; None where it never has.

    Args:
        context: tells the dates.
        name: of the group.
        count: how many it has now.
        most: how many it may have.
    """
    for each in context.dates_of(name):
        count += len(each.entering) - len(each.leaving)
        if count > most:
            return each.at, count
    return None


def when(people: Mapping[str, datetime]) -> str:
    """Name some people with their dates, the earliest first, and count the rest."""
    ordered = sorted(people, key=lambda person: (people[person], person))
    more = len(ordered) - SHOWN
    shown = ", ".join(f"`{person}` on {instant_words(people[person])}" for person in ordered[:SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _first(found: Mapping[datetime, Collection[str]]) -> dict[str, datetime]:
    return {person: at for at in sorted(found, reverse=True) for person in found[at]}
