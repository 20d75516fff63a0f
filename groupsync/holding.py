"""Look whether targets have somebody in a group. An edge: it reads targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.errors import BackendError
from groupsync.report.why import Holds
from groupsync.sides import both_sides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.backend import Backend
    from groupsync.planning import Request
    from groupsync.project import Project
    from groupsync.report.show import Sides


def held_on(
    project: Project, backends: Mapping[str, Backend], request: Request, group: str, person: str
) -> list[Holds]:
    """Return for each target, in the config's order, whether it has a person in a group; one that fails says so."""
    found: list[Holds] = []
    for name, backend in backends.items():
        try:
            sides = {each.name: each for each in both_sides(project, {name: backend}, request)}
            found.append(_held(name, sides.get(group), person))
        except BackendError as error:
            found.append(Holds(name, None, str(error)))
    return found


def _held(name: str, sides: Sides | None, person: str) -> Holds:
    if sides is None:
        return Holds(name, has=False, note="the group does not go there")
    if sides.prior is None:
        return Holds(name, has=False, note="it does not have the group yet")
    if sides.prior.members is None:
        return Holds(name, has=None, note="it does not tell members")
    note = "" if sides.desired else "the group does not go there any more"
    return Holds(name, person in sides.prior.members.load(), note)
