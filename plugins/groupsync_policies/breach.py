"""What every policy needs: rules that pick groups, and breaches of them. Pure."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groupsync.model import SourceRange, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from groupsync.model import Definition
    from groupsync.policy import PolicyContext

SHOWN = 5
"""So many of those who break a policy are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A policy that does not hold.

    Attributes:
        groups: those it is about.
        summary, detail, hint: as in a Diagnostic.
        at: the definition or the entry to blame; None where the policy itself is.
        rule: where the policy is written.
        count, limit: as in a Refusal.
        until: when it is so at the latest, for what comes on a written date; None for what is so now.
        is_about_members, people: as in a PolicyFinding.
    """

    groups: tuple[str, ...]
    summary: str
    rule: SourceRange
    detail: str = ""
    hint: str = ""
    at: SourceRange | None = None
    others: tuple[SourceRange, ...] = ()
    count: int = 0
    limit: int = 0
    is_about_members: bool = True
    people: frozenset[str] = frozenset()
    until: datetime | None = None


def present(context: PolicyContext) -> Iterator[Definition]:
    """Give the definitions of the groups that are meant to be there."""
    return (each for each in context.definitions if each.lifecycle.state is State.PRESENT)


def picked(rule: Mapping[str, Any], context: PolicyContext) -> Iterator[Definition]:
    """Give the definitions that a rule's `groups` and `except` pick."""
    wanted, unwanted = rule.get("groups", ["*"]), rule.get("except", [])
    for definition in present(context):
        if _matches(definition.name, wanted) and not _matches(definition.name, unwanted):
            yield definition


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def because(rule: Mapping[str, Any]) -> str:
    """Return a rule's reason as a line of its own, or nothing."""
    return f"\nReason: {rule['reason']}" if "reason" in rule else ""


def listed(names: Iterable[str]) -> str:
    """Name some and count the rest."""
    ordered = sorted(names)
    more = len(ordered) - SHOWN
    shown = ", ".join(f"`{name}`" for name in ordered[:SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def entry_of(definition: Definition, members: Iterable[str]) -> SourceRange:
    """Return where one of `members` is written, as far as that is known; else where the definition is."""
    wanted = frozenset(members)
    timed = definition.members.timed if definition.members else ()
    return next((each.at for each in timed if each.address in wanted), definition.at)
