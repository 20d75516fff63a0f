"""Guards: limits that a plan must respect before it may be applied."""

from __future__ import annotations

import enum
import fnmatch
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from groupsync.model.findings import SourceRange


class Kind(enum.StrEnum):
    """What can be allowed by exception; `subject_of` tells what each is about."""

    REMOVE = "remove"
    ADD = "add"
    EMPTY = "empty"
    SIZE = "size"
    RECREATE = "recreate"
    OVER = "over"
    ADOPT = "adopt"
    RUN = "run"
    LOST = "lost"
    DELETE = "delete"
    OVERALL = "overall"
    MIN_ROWS = "min_rows"
    MAX_SHRINK = "max_shrink"
    MAX_AGE = "max_age"
    MAX_NULL_IDS = "max_null_ids"
    UNJUDGED = "unjudged"


RULES: Final = {
    Kind.REMOVE: "removed_members",
    Kind.ADD: "added_members",
    Kind.EMPTY: "emptied_group",
    Kind.SIZE: "size_deviation",
    Kind.RECREATE: "recreated_group",
    Kind.OVER: "removed_over",
    Kind.ADOPT: "adopt",
    Kind.RUN: "removed_in_run",
    Kind.LOST: "lost_every_group",
    Kind.DELETE: "deleted_groups",
    Kind.OVERALL: "removed_over_target",
    Kind.MIN_ROWS: "min_rows",
    Kind.MAX_SHRINK: "max_shrink",
    Kind.MAX_AGE: "max_age",
    Kind.MAX_NULL_IDS: "max_null_ids",
    Kind.UNJUDGED: "unjudged",
}
"""The guard behind each kind, as the config calls it; `recreated_group` and `adopt` have no limits."""

UNJUDGED: Final = "unjudged:"
"""Begins the rule of a refusal by a guard that can't judge; the guard's own name follows."""
UNJUDGEABLE: Final = tuple(
    RULES[kind] for kind in (Kind.MAX_SHRINK, Kind.REMOVE, Kind.EMPTY, Kind.SIZE, Kind.OVER, Kind.OVERALL)
)
"""The guards that compare with earlier runs, if only for some subjects."""

KINDS: Final = {rule: kind for kind, rule in RULES.items() if kind is not Kind.UNJUDGED} | {
    f"{UNJUDGED}{guard}": Kind.UNJUDGED for guard in UNJUDGEABLE
}

RUN_KINDS: Final = (Kind.RUN, Kind.LOST, Kind.DELETE, Kind.OVERALL)

SOURCE_KINDS: Final = (Kind.MIN_ROWS, Kind.MAX_SHRINK, Kind.MAX_AGE, Kind.MAX_NULL_IDS)


def subject_of(kind: Kind, name: str = "") -> str:
    """Return what an exception of a kind is about: `group`, `target` or `source`.

    Args:
        kind: its kind.
        name: as in the exception; of `unjudged`, which may be about any of them, it begins with the guard.
    """
    if kind is Kind.UNJUDGED:
        kind = KINDS.get(name.partition(":")[0], kind)
    return "target" if kind in RUN_KINDS else "source" if kind in SOURCE_KINDS else "group"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many may pass: `min(count, max(floor, percent of prior))`, of what is given; nothing given is no limit.

    Attributes:
        percent: of what was there before.
        floor: so many may always pass, however few were there.
        count: and never more than so many.
        at: where it is written; None for a default.
    """

    percent: int | float | None = None
    floor: int | None = None
    count: int | None = None
    at: SourceRange | None = None

    @property
    def bends(self) -> tuple[int, ...]:
        """The sizes at which, and just before which, the limit begins to be another of its parts."""
        share = Fraction(str(self.percent)) if self.percent else None
        parts = [each for each in (self.floor, self.count) if each is not None and share]
        sizes = [math.ceil(part * 100 / share) for part in parts if share]
        return tuple(each for size in sizes for each in (max(0, size - 1), size))

    def of(self, prior: int | Fraction) -> int | None:
        """Return the largest number that may pass, exactly; None for no limit."""
        share = None if self.percent is None else int(Fraction(str(self.percent)) * prior / 100)
        relative = max((each for each in (share, self.floor) if each is not None), default=None)
        return min((each for each in (relative, self.count) if each is not None), default=None)

    def __str__(self) -> str:
        several = self.percent is not None
        parts = [
            f"{self.percent} %" if several else "",
            "" if self.floor is None else f"{self.floor:,}" if not several else f"at least {self.floor:,}",
            "" if self.count is None else f"at most {self.count:,}",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Tiers:
    """Two limits: past the one there is a warning, past the other a refusal. None: not said here."""

    warn: Limit | None = None
    refuse: Limit | None = None

    def over(self, base: Tiers) -> Tiers:
        """Return what holds where `base` is what holds otherwise."""
        return Tiers(self.warn or base.warn, self.refuse or base.refuse)


NO_TIERS: Final = Tiers()


class Level(enum.StrEnum):
    """What is done about something that is not counted."""

    OFF = "off"
    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Stance:
    """What is done about something that is not counted. `at` is where that is written, None for the default."""

    level: Level
    at: SourceRange | None = None


@dataclass(frozen=True, slots=True)
class GroupGuards:
    """The guards of one group, as a definition overrides them; what it doesn't name is as in the config."""

    removed_members: Tiers = NO_TIERS
    added_members: Tiers = NO_TIERS
    emptied_group: Stance | None = None
    size_deviation: Tiers = NO_TIERS

    def over(self, base: GroupGuards) -> GroupGuards:
        """Return what holds where `base` is what holds otherwise."""
        return GroupGuards(
            self.removed_members.over(base.removed_members),
            self.added_members.over(base.added_members),
            self.emptied_group or base.emptied_group,
            self.size_deviation.over(base.size_deviation),
        )


@dataclass(frozen=True, slots=True)
class Guards:
    """All guards of a project.

    Attributes:
        removed_members: members that go from a group at once; a deletion removes all.
        added_members: members that come to a group at once, not at its creation.
        emptied_group: a group that had members and has none.
        lost_every_group: people who were in a group of ours on a target and are in none.
        removed_in_run: memberships that go from a target at once.
        deleted_groups: groups that go from a target at once.
        size_deviation: how far a group's size is from the mean of what it was after past runs.
        runs: how many past runs make up that mean.
        removed_over: members that go from a group, and memberships that go from a target, at once or in small steps.
        days: over how many days.
        may_loosen: globs over the names of groups whose definitions may have looser limits than these.
        unjudged: whether a guard that can't judge acts at its own level, or only warns.
    """

    removed_members: Tiers = Tiers(Limit(5, 5), Limit(20, 5, 500))
    added_members: Tiers = Tiers(Limit(100, 50))
    emptied_group: Stance = Stance(Level.REFUSE)
    lost_every_group: Tiers = Tiers(Limit(count=1), Limit(count=100))
    removed_in_run: Tiers = Tiers(refuse=Limit(10, 50))
    deleted_groups: Tiers = Tiers(refuse=Limit(10, 1, 5))
    size_deviation: Tiers = Tiers(Limit(50, 50))
    runs: int = 14
    removed_over: Tiers = Tiers(Limit(20, 10))
    days: int = 7
    may_loosen: tuple[str, ...] = ()
    unjudged: Stance = Stance(Level.REFUSE)

    @property
    def of_a_group(self) -> GroupGuards:
        """Those that are about one group, as they hold where its definition sets none."""
        return GroupGuards(self.removed_members, self.added_members, self.emptied_group, self.size_deviation)

    def lets_loosen(self, name: str) -> bool:
        """Tell whether the definition of a group may have looser limits."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.may_loosen)


DEFAULT_GUARDS: Final = Guards()


@dataclass(frozen=True, slots=True)
class Allowance:
    """An exception that was used.

    Attributes:
        kind: what is allowed.
        name: of the group, or for a limit of the run of the target, or for a guard of a source of that; for `unjudged`
            the guard and its subject, as in `max_shrink:customers`.
        ceiling: up to how many.
        source: `--allow`, or where the approval is written.
        reason: why, as the approval says; empty for an option.
    """

    kind: Kind
    name: str
    ceiling: int
    source: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}<={self.ceiling}"


@dataclass(frozen=True, slots=True)
class Use:
    """How much of an approval is taken on one target.

    Attributes:
        kind, name: of the approval.
        path: the file that it is written in.
        definition: the first digits of the digest that it is bound to.
        target: where it is taken.
        count: how many.
        run: the id of the run that took it; empty for a plan, which would.
    """

    kind: Kind
    name: str
    path: str
    definition: str
    target: str
    count: int
    run: str = ""
