"""Which group of a target each definition meets there: the one rule of plan, guards, `show`, `who` and `why`. Pure.

A definition meets the group of its own name, whoever manages it. Where there is none it meets the group that it was
called before, if that one is ours: `previously` renames, and must never take what somebody else keeps.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from groupsync.model import Group
    from groupsync.resolve import Desired


class Whose(enum.Enum):
    """Who manages a group of a target."""

    OURS = enum.auto()
    """This project's mark is on it, or one that stands in for it."""
    OURS_BEFORE = enum.auto()
    """This project's mark is on it, by a name that the project had before."""
    ANOTHERS = enum.auto()
    """Another project's mark is on it."""
    NOBODYS = enum.auto()
    """No mark is on it."""


def whose(group: Group, project: str, earlier: Collection[str] = ()) -> Whose:
    """Tell who manages a group of a target, for one project that had the names `earlier` before."""
    if group.mark is None:
        return Whose.NOBODYS
    if group.mark.project == project:
        return Whose.OURS
    return Whose.OURS_BEFORE if group.mark.project in earlier else Whose.ANOTHERS


_OF_THIS_PROJECT: Final = (Whose.OURS, Whose.OURS_BEFORE)


@dataclass(frozen=True, slots=True)
class Paired:
    """A definition and the group of a target that it meets; at least one of them is there.

    Attributes:
        desired: what the definition says; None for a group that no definition meets.
        prior: what the target holds; None where it has no such group.
        whose: who manages `prior`; None where there is none.
    """

    desired: Desired | None
    prior: Group | None
    whose: Whose | None

    @property
    def name(self) -> str:
        """The group's name: the desired one where the two differ."""
        return self.desired.group.name if self.desired else self.prior.name if self.prior else ""

    @property
    def ours(self) -> Group | None:
        """The group on the target, if it is ours."""
        return self.prior if self.whose is Whose.OURS else None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The sides that are there, the desired one first."""
        sides = (self.desired.group if self.desired else None, self.prior)
        return tuple(side for side in sides if side)


def pair(
    project: str, desired: Iterable[Desired], groups: Iterable[Group], earlier: Collection[str] = ()
) -> tuple[Paired, ...]:
    """Pair each definition with the group that it meets, and give the groups that none meets alone; sorted by name.

    Args:
        project: the ownership mark.
        desired: what goes to the target. No two claim one earlier name; see `groupsync.references`.
        groups: all that was read of the target, with marks that stand in for those that it can't hold.
        earlier: names that the project had before.
    """
    left = {group.name: group for group in groups}
    wanted = list(desired)
    found: list[Paired] = []
    met = {each.group.name: left.pop(each.group.name, None) for each in wanted}
    for each in wanted:
        prior = met[each.group.name]
        if prior is None and each.group.lifecycle.state is State.PRESENT:
            old = (left[name] for name in each.definition.previously if name in left)
            prior = next((group for group in old if whose(group, project, earlier) in _OF_THIS_PROJECT), None)
            if prior is not None:
                del left[prior.name]
        found.append(Paired(each, prior, whose(prior, project, earlier) if prior else None))
    found += [Paired(None, group, whose(group, project, earlier)) for group in left.values()]
    return tuple(sorted(found, key=lambda each: each.name))
