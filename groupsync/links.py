"""How groups are built on others and what dates will do to them: noted in a plan, remembered once it is applied. Pure.

A refusal reaches what is built on a group by the definitions of now, and by those that were applied last: who takes the
line that excludes a list out of a definition, in the very edit that empties the list, builds on it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from groupsync.model import Action, First, FirstOf, Link, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from groupsync.model import Change, Definition, Plan, Result
    from groupsync.resolve import Resolution

    Element: TypeAlias = tuple[datetime, int, str]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of the definitions that were applied last.

    Attributes:
        built_on: by a group's name, the groups that it was built on directly.
        counts: by name, how many members a group had that others were built on, when it was last believed.
        later: by target and group, what written dates were going to do: when, how many leave, and a digest of them.
        doubted: sources and lists that a run refused: they are not new on the next one, whatever is known of them.
    """

    built_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    later: Mapping[tuple[str, str], tuple[Element, ...]] = field(default_factory=dict)
    doubted: frozenset[First] = frozenset()


NOTHING: Final = Remembered()


def elements_of(remembered: Remembered, change: Change, as_of: datetime) -> tuple[Element, ...]:
    """Return what dates that have come were going to do to a group, as an applied plan had shown it."""
    before = (change.target, change.prior_name or change.name)
    elements = (*remembered.later.get(change.key, ()), *remembered.later.get(before, ()))
    return tuple(element for element in dict.fromkeys(elements) if element[0] <= as_of)


def bases_of(built_on: Mapping[str, Collection[str]], names: Iterable[str]) -> frozenset[str]:
    """Return the groups that some groups are built on, over any number of steps; not these themselves."""
    waiting = list(names)
    given, found = frozenset(waiting), set[str]()
    while waiting:
        new = set(built_on.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found - given)


def above_of(built_on: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return by name the groups that are built on a group directly."""
    above: dict[str, set[str]] = {}
    for name, bases in built_on.items():
        for base in bases:
            above.setdefault(base, set()).add(name)
    return {base: frozenset(names) for base, names in above.items()}


def links_of(
    resolution: Resolution, compared: Collection[str], counts: Mapping[str, int], remembered: Remembered
) -> tuple[Link, ...]:
    """Return the links of the groups that a run compared and of those that these are built on, sorted by name.

    A group that is built on nothing has one, too, where dates are or were ahead of it.

    Args:
        resolution: the definitions of now.
        compared: names of the groups that were compared on some target.
        counts: how many members definitions give their groups, where that was found out.
        remembered: what was applied last; a group that the run leaves out keeps what it was built on, too.
    """
    referenced = frozenset[str]().union(*resolution.built_on.values())
    bases = bases_of(resolution.built_on, compared)
    desired = {each.group.name: each.group for each in resolution.groups}
    dated = {each.name for each in resolution.dated}.union(name for _, name in remembered.later)
    found: list[Link] = []
    for name in sorted(bases.union(compared).intersection(desired)):
        built_on, before = resolution.built_on.get(name, frozenset()), remembered.built_on.get(name, frozenset())
        count = counts.get(name) if name in referenced else None
        members = desired[name].members
        if name in referenced and count is None and members is not None:
            count = members.count
        if built_on or before or count is not None or (name in dated and name in compared):
            now = built_on if name in compared else built_on | before
            found.append(Link(name, tuple(sorted(now)), count))
    return tuple(found)


def links_again(links: Iterable[Link], resolution: Resolution) -> tuple[Link, ...]:
    """Work out again what a saved plan says of how groups are built, as far as that takes no source.

    Args:
        links: from a file; what a group was built on besides is kept.
        resolution: the definitions as of the plan's instant.
    """
    desired = {each.group.name: each.group for each in resolution.groups}
    found: list[Link] = []
    for link in links:
        group = desired.get(link.name)
        count = group.members.count if link.count is not None and group and group.members is not None else link.count
        built_on = resolution.built_on.get(link.name, frozenset()).union(link.built_on)
        found.append(Link(link.name, tuple(sorted(built_on)), count))
    return tuple(found)


def or_then(known: Remembered, then: Remembered) -> Remembered:
    """Return what is known, and of groups of which nothing is what was so at another revision."""
    return replace(known, built_on={**then.built_on, **known.built_on}, counts={**then.counts, **known.counts})


def built_on_by_now_or_then(resolution: Resolution, remembered: Remembered) -> dict[str, frozenset[str]]:
    """Return by name the groups that a group is built on: by the definitions of now and by those applied last."""
    renamed = {old: each.group.name for each in resolution.groups for old in each.definition.previously}
    found = dict(resolution.built_on)
    for name, bases in remembered.built_on.items():
        name_now = renamed.get(name, name)
        found[name_now] = found.get(name_now, frozenset()).union(renamed.get(base, base) for base in bases)
    return found


def applied_links(
    plan: Plan,
    results: Iterable[Result],
    definitions: Iterable[Definition],
    remembered: Remembered,
    doubted: Collection[str] = (),
) -> Remembered:
    """Return what is to be remembered after a run: of what was refused or not applied what was known before, too.

    Args:
        plan: that was carried out.
        results: what became of its changes.
        definitions: of the project; of others only what could not be deleted is kept.
        remembered: what was known before the run.
        doubted: names of groups that are not believed, though nothing changes in them.
    """
    results = tuple(results)
    refused = {each.name for each in plan.verdict.refusals if each.doubts_members or each.because}
    open_ = refused.union(doubted, (each.name for each in results if each.outcome is not Outcome.APPLIED))
    deleted = {each.name for each in results if each.action is Action.DELETE} - open_
    built_on, counts = dict(remembered.built_on), dict(remembered.counts)
    for link in plan.links:
        if link.name in open_:
            if link.name in built_on:  # otherwise nobody knows what it was applied with
                built_on[link.name] = built_on[link.name].union(link.built_on)
            continue
        built_on[link.name] = frozenset(link.built_on)
        if link.count is not None:
            counts[link.name] = link.count
    known = {each.name for each in definitions}.union(_former(definitions), open_) - deleted
    known |= bases_of(built_on, known) - deleted
    return Remembered(
        {name: built_on[name] for name in sorted(built_on) if built_on[name] and name in known},
        {name: counts[name] for name in sorted(counts) if name in known},
        _later(plan, open_, known, remembered),
        remembered.doubted.union(_doubted(plan)),
    )


def _doubted(plan: Plan) -> Iterator[First]:
    """Give the sources and the lists on no target that are refused."""
    yield from (First(FirstOf.SOURCE, source.name) for source in plan.sources if source.refused)
    for refusal in plan.verdict.refusals:
        if not refusal.target and not refusal.is_about_source:
            yield First(FirstOf.LIST, refusal.name)


def _later(
    plan: Plan, open_: Collection[str], known: Collection[str], remembered: Remembered
) -> dict[tuple[str, str], tuple[Element, ...]]:
    """Return the dates to remember: of what was compared and is settled those of the plan, of all else those before."""
    targets = {"", *(target.name for target in plan.targets)}
    settled = {link.name for link in plan.links} - set(open_)
    found = {
        key: elements
        for key, elements in remembered.later.items()
        if key[1] in known and not (key[0] in targets and key[1] in settled)
    }
    for later in plan.later:
        if later.name in settled:
            found[later.key] = (*found.get(later.key, ()), (later.at, later.leaving, later.digest))
    return found


def _former(definitions: Iterable[Definition]) -> Iterator[str]:
    return (old for each in definitions for old in each.previously)
