"""What a narrowed run leaves behind: groups that are built on those it picks, and would change too. Pure.

Nothing more is read of a target than was read already: a group is behind where its mark tells that other members were
applied last than the definitions say now. Where no mark tells, it is behind if what it is built on changes in the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.errors import InvalidDefinitions
from groupsync.model import Diagnostic, Mode, Severity, State
from groupsync.pairing import pair
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from groupsync.identity import Identity
    from groupsync.model import Snapshot
    from groupsync.pairing import Paired
    from groupsync.scope import Wanted

_SHOWN_GROUPS: Final = 10


@dataclass(frozen=True, slots=True)
class Beside:
    """What has to be known besides a target.

    Attributes:
        project: the ownership mark.
        identity: the rule of canonical form, under which a digest of a mark means something.
        built_on: by a group's name, the groups that it is built on directly.
        changing: names of the groups whose members change on the target in this run.
    """

    project: str
    identity: Identity
    built_on: Mapping[str, Collection[str]]
    changing: Collection[str]


def left_behind(target: str, wanted: Wanted, snapshot: Snapshot, beside: Beside) -> Diagnostic | None:
    """Return a warning on the groups that a selection leaves out and that wait for what it picks.

    Args:
        target: the target's name.
        wanted: what the definitions and the command line say about it.
        snapshot: what was read of it.
        beside: what else has to be known.
    """
    pairs = {each.name: each for each in pair(beside.project, wanted.here, snapshot.groups)}
    picked = {name for name, each in pairs.items() if any(map(wanted.selection.picks, each.groups))}
    moved = _built_on(picked.intersection(beside.changing), beside.built_on)
    found: dict[str, str] = {}
    for name, base in _built_on(picked, beside.built_on).items():
        waits = _waits(pairs[name], beside.identity) if name in pairs and name not in picked else False
        if waits or (waits is None and name in moved):
            found[name] = moved.get(name, base)
    return _warning(target, found, wanted, pairs) if found else None


def _built_on(picked: Collection[str], built_on: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the groups built on picked ones over any number of steps, the nearest first, each with one of these."""
    users: dict[str, list[str]] = {}
    for name in sorted(built_on):
        for base in built_on[name]:
            users.setdefault(base, []).append(name)
    found: dict[str, str] = {}
    waiting = [(user, base) for base in sorted(picked) for user in users.get(base, ())]
    for name, base in waiting:
        if name not in found:
            found[name] = base
            waiting += [(user, base) for user in users.get(name, ())]
    return found


def _waits(paired: Paired, identity: Identity) -> bool | None:
    """Tell whether a group has other members by its definition than were applied last; None where nobody can say."""
    desired, prior = paired.desired, paired.prior
    members = desired.group.members if desired and desired.group.lifecycle.state is State.PRESENT else None
    if desired is None or members is None:
        return False
    if prior is None:
        return True
    mark = paired.ours.mark if paired.ours else None
    if mark is None:
        return False
    is_told = mark.digest and mark.identity == identity.rule and desired.group.lifecycle.mode is Mode.AUTHORITATIVE
    if not is_told or desired.settled is not None:
        return None
    try:
        return members.digest != mark.digest
    except InvalidDefinitions:
        return None  # what is wrong with its files is not this run's


def _warning(target: str, found: Mapping[str, str], wanted: Wanted, pairs: Mapping[str, Paired]) -> Diagnostic:
    names = sorted(found)
    if len(names) == 1:
        summary = f"`{names[0]}` is built on `{found[names[0]]}` and is not in this run"
        detail = f"By the definitions it would change on {target}."
    else:
        summary = f"{counted(len(names), 'group')} that are built on the selection are not in this run"
        detail = f"By the definitions they would change on {target}: {', '.join(_shown(names, found))}."
    more = " ".join(f"--select {name}" for name in names[:_SHOWN_GROUPS])
    has_names = wanted.selection.names and not wanted.selection.labels and len(names) <= _SHOWN_GROUPS
    hint = (
        f"To take {'it' if len(names) == 1 else 'them'} along: `{more}`." if has_names else "Plan without a selection."
    )
    desired = pairs[names[0]].desired
    return Diagnostic("GS619", Severity.WARNING, summary, detail, hint, desired.definition.at if desired else None)


def _shown(names: list[str], found: Mapping[str, str]) -> Iterator[str]:
    for name in names[:_SHOWN_GROUPS]:
        yield f"`{name}` (built on `{found[name]}`)"
    if len(names) > _SHOWN_GROUPS:
        yield f"and {len(names) - _SHOWN_GROUPS:,} more"
