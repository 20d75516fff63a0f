"""What ceases to hold soon: members, references and groups with an `until`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from groupsync.model import Definition, SourceRange


@dataclass(frozen=True, slots=True, order=True)
class Expiring:
    """An entry and its last instant.

    Attributes:
        until: from then on it does not hold.
        at: where it is written; of a group, where its name is.
        group: the group that it is an entry of.
        what: `members`, `include`, `exclude`, `restrict_to`, or `group` for a group as a whole.
        subject: the person, the group or pattern referred to, or the group itself.
        reason: as written.
    """

    until: datetime
    at: SourceRange
    group: str
    what: str
    subject: str
    reason: str = ""


def expiring(definitions: Iterable[Definition], as_of: datetime, end: datetime) -> list[Expiring]:
    """Return what ceases to hold after `as_of` and not after `end`, the soonest first."""
    found = (each for definition in definitions for each in _dated(definition))
    return sorted(each for each in found if as_of < each.until <= end)


def _dated(definition: Definition) -> Iterator[Expiring]:
    name = definition.name
    if definition.until is not None:
        yield Expiring(definition.until, definition.at, name, "group", name)
    for member in definition.members.timed if definition.members else ():
        if member.period.until is not None:
            yield Expiring(member.period.until, member.at, name, "members", member.address, member.reason)
    for role in ("include", "exclude", "restrict_to"):
        for entry in getattr(definition, role) or ():
            if entry.period.until is not None:
                yield Expiring(entry.period.until, entry.at, name, role, entry.target, entry.reason)
