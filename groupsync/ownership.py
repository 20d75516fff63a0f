"""What is ours on a target that can't hold ownership marks. Pure.

There the config says it (`owns` of a target). Groups that are ours get a mark that stands in for the one that the
target can't hold, so that every later stage treats them as ours; one of a ledger has the digest last applied in it, any
other has none, and drift can't be told from an edit.
"""

from __future__ import annotations

import enum
import fnmatch
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from groupsync.model import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from groupsync.model import Group


class OwnsRule(enum.StrEnum):
    """How it is told what is ours."""

    DEFINED = "defined"
    ALL = "all"
    MATCH = "match"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Owns:
    """The `owns` of a target.

    Attributes:
        rule: how it is told.
        pattern: a glob over names, for `match`.
        path: the ledger's file, relative to the project's folder, for `ledger`.
    """

    rule: OwnsRule
    pattern: str = ""
    path: str = ""

    def __str__(self) -> str:
        match self.rule:
            case OwnsRule.DEFINED:
                return "what has a definition"
            case OwnsRule.ALL:
                return "every group"
            case OwnsRule.MATCH:
                return f"what matches `{self.pattern}`"
            case OwnsRule.LEDGER:
                return f"what `{self.path}` lists"


WHAT_IS_DEFINED: Final = Owns(OwnsRule.DEFINED)


@dataclass(frozen=True, slots=True)
class Ownership:
    """What is ours on one target.

    Attributes:
        owns: as configured.
        project: the project whose groups they are.
        defined: names that have a definition for this target, and those that they were called before.
        recorded: by name, what the ledger has; empty without one.
        known: names of the groups that runs are known to have made or changed; None where the config says what is ours.
        is_there: whether the ledger that is named is there; True where none is.
    """

    owns: Owns
    project: str
    defined: Set[str]
    recorded: Mapping[str, Mark]
    known: Set[str] | None = None
    is_there: bool = True

    @property
    def is_recorded(self) -> bool:
        """Whether there is a record of what was applied last, as marks are one."""
        return self.owns.rule is OwnsRule.LEDGER

    def claim(self, groups: Iterable[Group]) -> tuple[Group, ...]:
        """Return the groups, each that is ours with a mark."""
        return tuple(replace(group, mark=self.mark_of(group.name)) for group in groups)

    def mark_of(self, name: str) -> Mark | None:
        """Return what stands in for the mark of the group of that name; None if it is not ours."""
        match self.owns.rule:
            case OwnsRule.LEDGER:
                return self.recorded.get(name)
            case OwnsRule.DEFINED:
                is_ours = name in self.defined
            case OwnsRule.ALL:
                is_ours = True
            case OwnsRule.MATCH:
                is_ours = self.allows(name)
        return Mark(self.project, "", 0, "") if is_ours else None

    def knows(self, name: str) -> bool:
        """Tell whether a group that is ours by its name alone is known to be; where the config says so, it is."""
        return self.known is None or name in self.known

    def allows(self, name: str) -> bool:
        """Tell whether a group may have that name and be ours."""
        return self.owns.rule is not OwnsRule.MATCH or fnmatch.fnmatchcase(name, self.owns.pattern)
