"""Look whether targets have somebody in a group. An edge: it reads targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.errors import BackendError, ConfigError
from groupsync.model import Mode
from groupsync.report.who import OnTarget
from groupsync.report.why import Holds
from groupsync.sides import both_sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.backend import Backend
    from groupsync.planning import Request
    from groupsync.project import Project
    from groupsync.report.show import Sides


def held_on(
    project: Project, backends: Mapping[str, Backend], request: Request, group: str, person: str
) -> list[Holds]:
    """Return for each target, in the config's order, whether it has a person in a group; one that fails says so."""
    spellings, found = project.config.identity.spellings(person), list[Holds]()
    for name, backend in backends.items():
        try:
            sides = {each.name: each for each in both_sides(project, {name: backend}, request)}
            found.append(_held(name, sides.get(group), spellings))
        except BackendError as error:
            found.append(Holds(name, None, str(error), is_unread=True))
    return found


def _held(name: str, sides: Sides | None, spellings: tuple[str, ...]) -> Holds:
    if sides is None:
        return Holds(name, has=False, note="the group does not go there")
    if sides.prior is None:
        return Holds(name, has=False, note="it does not have the group yet")
    if sides.prior.members is None:
        return Holds(name, has=None, note="it does not tell members")
    members = sides.prior.members.load()
    here = [each for each in spellings if each in members]
    notes = _whose_words(sides) or ([] if sides.desired else ["the group does not go there any more"])
    notes += [f"by the address {here[0]}"] if here and here[0] != spellings[0] else []
    return Holds(name, bool(here), ", ".join(notes))


def undefined_on(
    project: Project, backends: Mapping[str, Backend], request: Request, group: str, person: str
) -> ConfigError | None:
    """Return the error for a group that no definition defines and that a target has; None where none has it.

    It says whose it is there, and whether the person is in it: nobody but who manages it knows why.
    """
    found: list[str] = []
    for name, backend in backends.items():
        sides = next((each for each in both_sides(project, {name: backend}, request) if each.name == group), None)
        if sides is None or sides.prior is None:
            continue
        held = _held(name, sides, project.config.identity.spellings(person))
        whose = f"managed by the project `{sides.project}`" if sides.project else "managed by nobody"
        has = {True: f"{person} is in it", False: f"{person} is not in it", None: held.note}[held.has]
        found.append(f"{name} has one, {whose}: {has}.")
    if not found:
        return None
    hint = f"`groupsync show {group}` shows it."
    return ConfigError(f"No definition defines `{group}`, so that nothing here tells why", " ".join(found), hint)


def memberships_on(project: Project, backends: Mapping[str, Backend], request: Request, person: str) -> list[OnTarget]:
    """Return for each target, in the config's order, which of its groups have a person; one that fails says so.

    Reads the members of every group there.
    """
    spellings, found = project.config.identity.spellings(person), list[OnTarget]()
    for name, backend in backends.items():
        try:
            found.append(_groups_with(name, both_sides(project, {name: backend}, request), spellings))
        except BackendError as error:
            found.append(OnTarget(name, note=f"can't tell: {error}"))
    return found


def _groups_with(target: str, groups: Iterable[Sides], spellings: tuple[str, ...]) -> OnTarget:
    managed, unmanaged, others = list[str](), list[str](), list[str]()
    surplus, missing, untold = list[str](), list[str](), list[str]()
    for sides in groups:
        held = sides.prior.members if sides.prior else None
        if sides.prior is not None and held is None:
            untold.append(sides.name)
        elif held is not None and not held.load().isdisjoint(spellings):
            kind = others if sides.is_anothers else managed if sides.project else unmanaged
            kind.append(sides.name)
            if kind is managed and _may_not_have(sides, spellings[0]):
                surplus.append(sides.name)
        elif _wants(sides, spellings[0]):
            missing.append(sides.name)
    in_it = (tuple(managed), tuple(unmanaged))
    return OnTarget(target, *in_it, tuple(missing), tuple(untold), tuple(surplus), tuple(others))


def _wants(sides: Sides, person: str) -> bool:
    wanted = sides.desired.members if sides.desired else None
    return wanted is not None and not sides.blocked and person in wanted.load()


def _may_not_have(sides: Sides, person: str) -> bool:
    """Tell whether the definitions want somebody out of a group of ours, as far as they say who is in it."""
    if sides.blocked or sides.desired is None:
        return not sides.blocked
    keeps = sides.desired.members is None or sides.desired.lifecycle.mode is Mode.ADDITIVE
    return not keeps and not _wants(sides, person)


def _whose_words(sides: Sides) -> list[str]:
    if sides.is_anothers:
        return [f"the group there is managed by the project `{sides.project}`"]
    return [] if sides.project else ["nobody manages the group there"]
