"""What is written of the people whom a plan brings in, and of the groups that it builds on: dates and reasons. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.model import ALWAYS, Action, EntryNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from groupsync.model import Change, Definition

_REFERENCES: Final = ("include", "exclude", "restrict_to")


def with_entries(changes: Iterable[Change], definitions: Iterable[Definition], as_of: datetime) -> tuple[Change, ...]:
    """Return changes, in their order, with the `from`, `until` and `reason` that reviewers have to see.

    Of members those who come with the change; of references all that have not expired, where anybody comes or goes,
    since nobody knows which of them are new.

    Args:
        changes: as they were compared; who comes is loaded only where a definition has such members.
        definitions: of all groups.
        as_of: the plan's instant.
    """
    known = {definition.name: definition for definition in definitions}
    return tuple(_with_entries(change, known.get(change.name), as_of) for change in changes)


def _with_entries(change: Change, definition: Definition | None, as_of: datetime) -> Change:
    if definition is None or change.action in (Action.DELETE, Action.FORGET):
        return replace(change, entries=()) if change.entries else change
    found = (*_members(change, definition), *_references(change, definition, as_of))
    return change if found == change.entries else replace(change, entries=found)


def _members(change: Change, definition: Definition) -> Iterator[EntryNote]:
    timed = definition.members.timed if definition.members and change.add.count else ()
    told = [each for each in timed if each.period != ALWAYS or each.reason]
    coming = change.add.load() if told else frozenset()
    for each in sorted(told, key=lambda member: member.address):
        if each.address in coming:
            yield EntryNote("members", each.address, each.period, each.reason)


def _references(change: Change, definition: Definition, as_of: datetime) -> Iterator[EntryNote]:
    if not change.touches_members and change.action is not Action.CREATE:
        return
    for role in _REFERENCES:
        for each in getattr(definition, role) or ():
            if (each.period != ALWAYS or each.reason) and not each.period.expired(as_of):
                yield EntryNote(role, each.target, each.period, each.reason)
