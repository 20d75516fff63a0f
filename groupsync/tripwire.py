"""What `--fail-on` stops at: kinds of changes that somebody does not want in a plan at all. Pure.

It looks at what a plan would do, whether or not a guard refuses it besides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.model import Action
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import Change, Plan

_NAMED: Final = 10


class Stop(enum.StrEnum):
    """A kind of change."""

    REMOVE = "remove"
    """Somebody goes from a group, or with it; a new address is not a removal."""
    DELETE = "delete"
    """A group is deleted."""
    ANY = "any"
    """Anything changes."""


@dataclass(frozen=True, slots=True)
class Tripped:
    """What a plan has of one kind, at least one change."""

    stop: Stop
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        """Say it in a sentence that holds names as they are: `14 members would go from 2 groups: …`."""
        names = [self._name(change) for change in self.changes[:_NAMED]]
        if len(self.changes) > _NAMED:
            names.append(f"and {len(self.changes) - _NAMED:,} more")
        return f"{self._count()}: {', '.join(names)}."

    def _count(self) -> str:
        groups = counted(len(self.changes), "group")
        match self.stop:
            case Stop.REMOVE:
                members = counted(sum(change.leaving for change in self.changes), "member")
                return f"{members} would go from {groups}"
            case Stop.DELETE:
                return f"{groups} would be deleted"
            case Stop.ANY:
                return f"{groups} would change"
            case _:
                assert_never(self.stop)

    def _name(self, change: Change) -> str:
        where = f" on {change.target}" if len({each.target for each in self.changes}) > 1 else ""
        deleted = ["deleted"] if change.action is Action.DELETE else []
        match self.stop:
            case Stop.REMOVE:
                notes = [f"{change.leaving:,}", *deleted]
            case Stop.DELETE:
                notes = []
            case Stop.ANY:
                notes = [change.action.value]
            case _:
                assert_never(self.stop)
        return f"{change.name}{where}" + (f" ({', '.join(notes)})" if notes else "")


def tripped(changes: Sequence[Change], stops: Iterable[Stop]) -> tuple[Tripped, ...]:
    """Return what there is of the kinds in `stops`, each once, in the order of `Stop`."""
    wanted = frozenset(stops)
    found = (Tripped(stop, tuple(change for change in changes if _is(change, stop))) for stop in Stop if stop in wanted)
    return tuple(each for each in found if each.changes)


def drifted_changes(plan: Plan) -> tuple[Change, ...]:
    """Return the changes of the groups that somebody else changed on their targets."""
    drifted = {(each.target, each.name) for each in plan.drift if each.drifted}
    return tuple(change for change in plan.changes if change.key in drifted)


def _is(change: Change, stop: Stop) -> bool:
    is_deleted = change.action is Action.DELETE
    match stop:
        case Stop.REMOVE:
            return is_deleted or change.leaving > 0
        case Stop.DELETE:
            return is_deleted
        case Stop.ANY:
            return True
        case _:
            assert_never(stop)
