"""What a target holds of ours, for guards that ask who would be in no group any more. Pure: loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.guard_lost import Holding, is_consented
from groupsync.model import Mode, State
from groupsync.pairing import pair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import Group, Members, Plan, Snapshot
    from groupsync.pairing import Paired
    from groupsync.project import Project
    from groupsync.scope import Wanted


def holdings_of(project: str, wanted: Wanted, snapshot: Snapshot) -> tuple[Holding, ...]:
    """Return our groups on a target, those that cost little to read first; loads nothing.

    Args:
        project: the ownership mark.
        wanted: what the definitions and the command line say about the target.
        snapshot: what was read of it.
    """
    found: list[Holding] = []
    for each in pair(project, wanted.here, snapshot.groups):
        if each.desired is not None and each.desired.group.lifecycle.state is State.PRESENT:
            found.append(_holding(each.name, each.ours, _whole(each, wanted, snapshot)))
        elif each.ours is not None:
            found.append(_holding(each.ours.name, each.ours, None))
    return tuple(sorted(found, key=lambda each: each.desired is None))


def names_of(holdings: Iterable[Holding]) -> frozenset[str]:
    """Return the names of the groups that a target has."""
    return frozenset(each.name for each in holdings if each.is_there)


def _holding(name: str, prior: Group | None, desired: Members | None) -> Holding:
    members = prior.members if prior else None
    return Holding(name, members, members.known_digest if members else None, desired, is_there=prior is not None)


def _whole(paired: Paired, wanted: Wanted, snapshot: Snapshot) -> Members | None:
    """Return who will be in a group and nobody else; None where others may stay."""
    group = paired.desired.group if paired.desired else None
    if group is None or not snapshot.complete or not any(map(wanted.selection.picks, paired.groups)):
        return None
    return group.members if group.lifecycle.mode is Mode.AUTHORITATIVE else None


def needs_holdings(plan: Plan, project: Project) -> frozenset[str]:
    """Return the targets of a plan from which so many go that more than may could be in no group any more."""
    refuse = project.config.guards.lost_every_group.refuse
    most = refuse.of(0) if refuse else None
    absent = absent_of(project)
    counts: dict[str, int] = {}
    for change in plan.changes:
        if not is_consented(change, absent):
            counts[change.target] = counts.get(change.target, 0) + change.going.count
    return frozenset(target for target, count in counts.items() if most is not None and count > most)


def absent_of(project: Project) -> frozenset[str]:
    """Return the names of the groups that are meant to be deleted, by their own definitions."""
    return frozenset(each.name for each in project.definitions if each.lifecycle.state is State.ABSENT)
