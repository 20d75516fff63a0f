"""What a plan says of dates to come: of the groups that it compared, and against what was announced before. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.links import NOTHING
from groupsync.model import NO_MEMBERS, Action, Change, Later, Mode, State, counted_only

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from groupsync.links import Element, Remembered
    from groupsync.model import Members, Plan
    from groupsync.resolve import Desired, Resolution
    from groupsync.schedule import Dated

_DIGITS: Final = 16
_GONE: Final = frozenset({Action.DELETE, Action.FORGET})


def laters_of(
    resolution: Resolution,
    compared: Mapping[str, Collection[str]],
    changes: Iterable[Change],
    counts: Mapping[str, int],
    remembered: Remembered | None,
    *,
    as_of: datetime,
) -> tuple[Later, ...]:
    """Return what dates will do to the groups that were compared, sorted by target, name and date.

    Args:
        resolution: the definitions, with segments computed.
        compared: by target, the names of its groups; under an empty name those that others are built on and that no
            opened target has.
        changes: of the plan.
        counts: how many members definitions give their groups, where comparing found that out.
        remembered: what applied plans had shown; None where no run is known, so that nothing can be called new.
        as_of: the plan's instant.
    """
    of_group: dict[str, list[Dated]] = {}
    for each in resolution.dated:
        of_group.setdefault(each.name, []).append(each)
    desired = {each.group.name: each for each in resolution.groups if each.group.lifecycle.state is State.PRESENT}
    changed = {change.key: change for change in changes}
    found: list[Later] = []
    for target in sorted(compared):
        for name in sorted(of_group.keys() & desired.keys() & set(compared[target])):
            change = changed.get((target, name))
            if change is None or change.action not in _GONE:
                count = change.prior_count if change else _count(desired[name], counts)
                count = count if target else (remembered or NOTHING).counts.get(name, 0)
                laters = _laters(desired[name], of_group[name], change.add if change else NO_MEMBERS)
                told = (replace(each, target=target, members=count) for each in laters)
                if remembered is None:
                    found += (replace(each, ending=0, is_new=False) for each in told)
                else:
                    names = (name, *desired[name].definition.previously)
                    found += _against(_ahead(remembered, target, names, as_of), told)
    return tuple(found)


def _against(known: Collection[Element], laters: Iterable[Later]) -> Iterator[Later]:
    """Tell what had been shown before: as many as were to leave by a date are no surprise on it, whoever they are.

    Where more are to leave than that, all who will have left by then count: an end in small steps is an end.
    """
    ending = 0
    for later in laters:
        ending += later.ending
        shown = sum(leaving for at, leaving, _ in known if at <= later.at)
        surprising = max(0, ending - shown)
        is_known = any(at == later.at for at, _, _ in known) and not (later.entering and _element(later) not in known)
        yield replace(later, ending=ending if surprising else 0, is_new=surprising > 0 or not is_known)


def laters_again(
    plan: Plan, resolution: Resolution, remembered: Remembered | None
) -> tuple[tuple[Later, ...], tuple[tuple[str, str], ...]]:
    """Work out again what a saved plan says of dates.

    Of a group of whose segments no source was asked only that is known anew whether a date was announced before.

    Args:
        plan: that was read from a file.
        resolution: the definitions as of its instant.
        remembered: what applied plans had shown.

    Returns:
        What holds; and target and name of the groups of which the file says something else.
    """
    unknown = {each.group.name for each in resolution.groups if each.blocked}
    compared: dict[str, set[str]] = {}
    for each in plan.later:
        compared.setdefault(each.target, set()).add(each.name)
    again = laters_of(resolution, compared, plan.changes, {}, remembered, as_of=plan.as_of)
    found = {key: tuple(each for each in again if each.key == key) for key in {each.key for each in again}}
    kept: list[Later] = []
    altered: list[tuple[str, str]] = []
    for key in dict.fromkeys(each.key for each in plan.later):
        told = tuple(each for each in plan.later if each.key == key)
        if key[1] in unknown:
            known = _ahead(remembered or NOTHING, key[0], (key[1],), plan.as_of)
            is_known = remembered is not None
            kept += (replace(each, is_new=is_known and _element(each) not in known) for each in told)
        elif [_told(each) for each in told] == [_told(each) for each in found.get(key, ())]:
            kept += found[key]
        else:
            altered.append(key)
            kept += told
    return tuple(kept), tuple(altered)


def _ahead(remembered: Remembered, target: str, names: Iterable[str], as_of: datetime) -> tuple[Element, ...]:
    found = (element for name in names for element in remembered.later.get((target, name), ()))
    return tuple(element for element in dict.fromkeys(found) if element[0] > as_of)


def _told(later: Later) -> tuple[object, ...]:
    return (later.at, later.entering, later.leaving, later.digest, later.owners)


def _laters(desired: Desired, dated: Iterable[Dated], coming: Members) -> Iterator[Later]:
    """Give what dates will do to a group, wherever it is; who comes with the plan, or by then, is no member yet."""
    entered = set(coming.load())
    for each in dated:
        leaving = frozenset[str]() if desired.group.lifecycle.mode is Mode.ADDITIVE else each.leaving
        if each.entering or leaving:
            yield Later(
                "",
                each.name,
                each.at,
                len(each.entering),
                len(leaving),
                _digest(each.entering, leaving),
                owners=tuple(sorted(desired.group.owners or ())),
                ending=len(leaving - entered),
                is_forecast=each.is_forecast,
            )
        entered |= each.entering


def _element(later: Later) -> Element:
    return (later.at, later.leaving, later.digest)


def _count(desired: Desired, counts: Mapping[str, int]) -> int:
    members = desired.group.members
    if desired.group.name in counts or members is None:
        return counts.get(desired.group.name, 0)
    return members.count


def moved_digest(dated: Dated) -> str:
    """Return the digest of who comes and goes, as a plan has it."""
    return _digest(dated.entering, dated.leaving)


def _digest(entering: frozenset[str], leaving: frozenset[str]) -> str:
    lines = [f"+{name}\n" for name in sorted(entering)] + [f"-{name}\n" for name in sorted(leaving)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:_DIGITS]


def changes_to_come(laters: Iterable[Later], resolution: Resolution) -> Iterator[tuple[datetime, Change]]:
    """Give each date that is new as the change that it will be, for guards; of whom it is about only the number."""
    desired = {each.group.name: each for each in resolution.groups}
    for later in laters:
        if later.is_new and later.members and later.name in desired:
            group = desired[later.name]
            yield (
                later.at,
                Change(
                    later.target,
                    later.name,
                    Action.UPDATE,
                    prior_name=later.name,
                    add=counted_only(later.entering),
                    remove=counted_only(later.ending),
                    prior_count=later.members,
                    definition_digest=group.digest(),
                    at=group.definition.at,
                ),
            )
