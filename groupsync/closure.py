"""What is not believed is not built on: a refusal reaches all that is built on the group that it is about. Pure.

A refusal travels where it doubts who belongs to a group by its definition: then nobody is moved in that group on any
target, nor in any group that is built on it, by whatever key and over however many groups. A refusal that is about a
target alone (somebody changed the group there, it is nobody's yet, it is protected) stays where it is: otherwise
whoever can write on one target could stop every group.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import Action, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from groupsync.model import Change, Drift, Plan

BUILT_ON: Final = "built_on"
"""The rule of a refusal that follows from one of another group."""
HELD: Final = "held"
"""The rule of a refusal that follows from one of the same group on another target."""
RULES: Final = frozenset({BUILT_ON, HELD})

_HAD_MEMBERS: Final = frozenset({Action.UPDATE, Action.RENAME})
_GIVES_MEMBERS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.RENAME, Action.ADOPT})


def doubts_definition(change: Change, drift: Drift | None) -> bool:
    """Tell whether a refusal of a change doubts what the definitions say, and not only what the target holds.

    Args:
        change: what a guard refuses.
        drift: how its group stands to what was applied last; None where that is not known.
    """
    if change.action is Action.ADOPT or not change.touches_members:
        return False
    return drift is None or drift.gone or drift.pending or not drift.drifted


@dataclass(frozen=True, slots=True)
class Ties:
    """What groups are built on.

    Attributes:
        built_on: by a group's name, the groups that it is built on directly: by the definitions of now and by those
            that were applied last.
        segments: by a source's name, those that are computed from it.
        defined: names of all groups that are defined.
        is_recorded: whether it is known what was applied last. Where it is not, any group may have been built on one
            whose definition is gone.
    """

    built_on: Mapping[str, Collection[str]]
    segments: Mapping[str, Collection[str]]
    defined: Collection[str]
    is_recorded: bool


def held_back(plan: Plan, refusals: Sequence[Refusal], ties: Ties) -> Iterator[Refusal]:
    """Give a refusal for each change of members that follows from what other refusals doubt.

    Args:
        plan: with all its changes.
        refusals: those that don't follow from others.
        ties: what groups are built on.
    """
    doubted = _doubted(plan, refusals, ties.segments)
    if not doubted:
        return
    ways = ways_to(doubted, ties.built_on)
    gone = None if ties.is_recorded else next((name for name in sorted(doubted) if name not in ties.defined), None)
    own = {(each.target, each.name) for each in refusals}
    for change in plan.changes:
        if not change.touches_members:
            continue
        cause = doubted.get(change.name)
        if cause is not None and _holds(cause, change, own):
            yield Refusal(change.target, change.name, HELD, _held(cause), because=cause.name)
        way = ways.get(change.name, ())
        if way and change.action in _GIVES_MEMBERS and not _is_of_source(cause, doubted[way[-1]]):
            cause = doubted[way[-1]]
            summary = f"{way_words(way)}, {_standing(cause, change.target)}"
            because = cause.name if cause.is_about_source else way[-1]
            yield Refusal(change.target, change.name, BUILT_ON, summary, because=because)
        elif gone is not None and change.action in _HAD_MEMBERS and change.name not in doubted:
            summary = f"no record tells whether it was built on `{gone}`, {_standing(doubted[gone], change.target)}"
            yield Refusal(change.target, change.name, BUILT_ON, summary, because=gone)


def _holds(cause: Refusal, change: Change, own: Collection[tuple[str, str]]) -> bool:
    """Tell whether a change waits for a refusal of its group elsewhere, or for its source, besides any of its own."""
    if cause.is_about_source:
        return change.action in _GIVES_MEMBERS
    return change.key not in own and (change.target, "") not in own


def _is_of_source(cause: Refusal | None, other: Refusal) -> bool:
    """Tell whether a group and the one that it is built on are doubted because of one source."""
    return cause is not None and cause.is_about_source and cause.name == other.name and other.is_about_source


def _doubted(plan: Plan, refusals: Iterable[Refusal], segments: Mapping[str, Collection[str]]) -> dict[str, Refusal]:
    """Return by name the groups whose definition is doubted, each with the first refusal that does."""
    found: dict[str, Refusal] = {}
    for refusal in refusals:
        if refusal.is_about_source:
            names: Iterable[str] = segments.get(refusal.name, ())
        elif not refusal.doubts_members:
            continue
        elif refusal.name:
            names = (refusal.name,)
        else:
            names = _doubted_by_run(plan, refusal.target)
        for name in names:
            found.setdefault(name, refusal)
    return found


def _doubted_by_run(plan: Plan, target: str) -> list[str]:
    drift = {(each.target, each.name): each for each in plan.drift if each.target == target}
    return [
        change.name
        for change in plan.changes
        if change.target == target and doubts_definition(change, drift.get(change.key))
    ]


def ways_to(doubted: Collection[str], built_on: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    """Return for each group that is built on a doubted one the shortest way to it: the nearest group first."""
    above: dict[str, list[str]] = {}
    for name in sorted(built_on):
        for base in built_on[name]:
            above.setdefault(base, []).append(name)
    ways: dict[str, tuple[str, ...]] = {}
    waiting = deque(sorted(doubted))
    while waiting:
        base = waiting.popleft()
        for name in above.get(base, ()):
            if name not in ways:
                ways[name] = (base, *(ways[base] if base not in doubted else ()))
                waiting.append(name)
    return ways


def way_words(way: Sequence[str]) -> str:
    """Say how a group is built on another, as a clause: by the way that `ways_to` has."""
    return "built on " + ", and that on ".join(f"`{name}`" for name in way)


def _standing(cause: Refusal, target: str) -> str:
    """Say what is refused, as a clause behind the name of the doubted group."""
    if cause.is_about_source:
        return f"whose source `{cause.name}` is refused"
    if not cause.name:
        return f"which is refused with the run on {cause.target}"
    return f"which is refused on {cause.target}" if cause.target not in ("", target) else "which is refused"


def _held(cause: Refusal) -> str:
    if cause.is_about_source:
        return f"its source `{cause.name}` is refused"
    if not cause.name:
        return f"the run on {cause.target} is refused, and it changes this group there, too"
    where = f" on {cause.target}" if cause.target else ""
    return f"it is refused{where}, so nobody is moved in it on any target"
