"""How groups are built on others: what a plan notes of it, and what is remembered once it is applied. Pure.

A refusal reaches what is built on a group by the definitions of now, and by those that were applied last: who takes the
line that excludes a list out of a definition, in the very edit that empties the list, builds on it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.model import Action, Link, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from groupsync.model import Definition, Plan, Result
    from groupsync.resolve import Resolution


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of the definitions that were applied last.

    Attributes:
        built_on: by a group's name, the groups that it was built on directly.
        counts: by name, how many members a group had that others were built on, when it was last believed.
    """

    built_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


NOTHING: Final = Remembered()


def links_of(
    resolution: Resolution, compared: Collection[str], counts: Mapping[str, int], remembered: Remembered
) -> tuple[Link, ...]:
    """Return the links of the groups that a run compared and of those that these are built on, sorted by name.

    Args:
        resolution: the definitions of now.
        compared: names of the groups that were compared on some target.
        counts: how many members definitions give their groups, where that was found out.
        remembered: what was applied last; a group that the run leaves out keeps what it was built on, too.
    """
    referenced = frozenset[str]().union(*resolution.built_on.values())
    bases = resolution.bases_of(compared)
    desired = {each.group.name: each.group for each in resolution.groups}
    found: list[Link] = []
    for name in sorted(bases.union(compared).intersection(desired)):
        built_on, before = resolution.built_on.get(name, frozenset()), remembered.built_on.get(name, frozenset())
        count = counts.get(name) if name in referenced else None
        members = desired[name].members
        if name in referenced and count is None and members is not None:
            count = members.count
        if built_on or before or count is not None:
            now = built_on if name in compared else built_on | before
            found.append(Link(name, tuple(sorted(now)), count))
    return tuple(found)


def built_on_by_now_or_then(resolution: Resolution, remembered: Remembered) -> dict[str, frozenset[str]]:
    """Return by name the groups that a group is built on: by the definitions of now and by those applied last."""
    renamed = {old: each.group.name for each in resolution.groups for old in each.definition.previously}
    found = dict(resolution.built_on)
    for name, bases in remembered.built_on.items():
        name_now = renamed.get(name, name)
        found[name_now] = found.get(name_now, frozenset()).union(renamed.get(base, base) for base in bases)
    return found


def applied_links(
    plan: Plan, results: Iterable[Result], definitions: Iterable[Definition], remembered: Remembered
) -> Remembered:
    """Return what is to be remembered after a run: of what was refused or not applied what was known before, too.

    Args:
        plan: that was carried out.
        results: what became of its changes.
        definitions: of the project; of others only what could not be deleted is kept.
        remembered: what was known before the run.
    """
    results = tuple(results)
    doubted = {each.name for each in plan.verdict.refusals if each.doubts_members or each.because}
    open_ = doubted.union(each.name for each in results if each.outcome is not Outcome.APPLIED)
    deleted = {each.name for each in results if each.action is Action.DELETE} - open_
    built_on, counts = dict(remembered.built_on), dict(remembered.counts)
    for link in plan.links:
        if link.name in open_:
            built_on[link.name] = built_on.get(link.name, frozenset()).union(link.built_on)
            continue
        built_on[link.name] = frozenset(link.built_on)
        if link.count is not None:
            counts[link.name] = link.count
    known = {each.name for each in definitions}.union(_former(definitions), open_) - deleted
    return Remembered(
        {name: built_on[name] for name in sorted(built_on) if built_on[name] and name in known},
        {name: counts[name] for name in sorted(counts) if name in known},
    )


def _former(definitions: Iterable[Definition]) -> Iterator[str]:
    return (old for each in definitions for old in each.previously)
