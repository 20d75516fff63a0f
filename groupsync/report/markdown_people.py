"""What a plan means for each person, as a section of a Markdown comment. Pure but for loading members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.report.change_text import SHOWN_MEMBERS
from groupsync.report.markdown_escape import code
from groupsync.report.markdown_fit import bounded
from groupsync.report.people import (
    DRIFT_WORDS,
    PEOPLE_SHOWN,
    group_words,
    nowhere_words,
    people_of_drift,
    people_of_plan,
    too_many_words,
)
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Plan
    from groupsync.people import People

_ROOM: Final = 5_000
"""Characters that the list may take."""
_FULL: Final = _ROOM // 10
"""More people than there is room for."""


def people_section(plan: Plan, *, full: bool) -> Iterator[str]:
    """Give a heading with an item a person; nothing where a plan is about nobody."""
    yield from _section(people_of_plan(plan, _FULL if full else PEOPLE_SHOWN), plan, "")


def drift_people_section(plan: Plan, *, full: bool) -> Iterator[str]:
    """Give the same of the groups that drifted."""
    yield from _section(people_of_drift(plan, _FULL if full else PEOPLE_SHOWN), plan, DRIFT_WORDS)


def _section(found: People, plan: Plan, words: str) -> Iterator[str]:
    if found.too_many:
        yield f"#### By person\n\n{too_many_words(found)}"
    elif found.count:
        yield f"#### By person: {counted(found.count, 'person', 'people')}"
        if words:
            yield f"Only {words}."
        further = found.count - len(found.first)
        yield "\n".join(bounded(_items(found, plan), _ROOM, "person", "people", further=further))


def _items(found: People, plan: Plan) -> Iterator[str]:
    for person in found.first:
        name = f"{code(person.before)} → {code(person.name)}" if person.before else code(person.name)
        nowhere = f"**{nowhere_words(person, plan, code)}**" if person.nowhere else ""
        address = f"new address in {counted(person.readdressed, 'group')}" if person.readdressed else ""
        sides = [
            f"{sign} {words}"
            for sign, keys in (("+", person.gained), ("−", person.lost))
            for words in group_words(keys, plan, SHOWN_MEMBERS, code)
        ]
        yield f"- {name}: " + "; ".join(filter(None, [nowhere, address, *sides]))
