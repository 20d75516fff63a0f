"""The contract between groupsync and a policy: what a plugin's `groupsync_check_plan` is given, and what it answers.

A policy is a pure function of a `PolicyContext`. Whatever it objects to is shown with the plan and not applied; a
policy that fails keeps everything from being applied, so it must not raise for what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from groupsync.model import Definition, Diagnostic, Members, Overlooked, Plan, SourceRange


class Dated(Protocol):
    """What a written date does to a group, if nothing else changes until then; `groupsync.schedule.Dated` is one."""

    @property
    def at(self) -> datetime:
        """When, in UTC."""
        ...

    @property
    def entering(self) -> frozenset[str]:
        """Who comes."""
        ...

    @property
    def leaving(self) -> frozenset[str]:
        """Who goes."""
        ...

    @property
    def is_forecast(self) -> bool:
        """Whether it may turn out otherwise, because conditions, `limit` or `min_size` have a say in it."""
        ...


def no_dates(_: str) -> Sequence[Dated]:
    """Return that no date does anything."""
    return ()


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """The section `policies` of the config.

    Attributes:
        values: plain values, checked against the config's schema; never change them. `custom` has those of plugins that
            are not bundled, by a name of the plugin's choice and checked by nobody else.
        locate: returns where the value at a pointer (keys and indexes from the section's root) is written.
    """

    values: Mapping[str, Any]
    locate: Callable[[Sequence[str | int]], SourceRange]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def keys(self) -> frozenset[str]:
        """What somebody has to enforce: `size`, `custom.acme`, …; `waivers` only goes with the others."""
        own = {key for key in self.values if key not in {"custom", "waivers"}}
        return frozenset(own | {f"custom.{name}" for name in self.values.get("custom", {})})


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """What a policy may look at.

    Attributes:
        plan: what is about to be done, with what the core itself refuses of it. Looking at names of its changes' `add`
            and `remove` may do I/O; counts never do.
        definitions: every definition, sorted by name, also those of groups that the plan leaves alone. Where a run is
            taken back they say of its groups what these will be then, and there is one for each of its groups.
        options: the section `policies` of the config; empty where it has none.
        as_of: the instant at which it is asked, in UTC: for a plan that was saved, that of its apply.
        members_of: returns who belongs to a group by its definition; where that is not known (a segment of a saved
            plan), or the plan does not do what it says (a run is taken back), who is in it after the plan. None where
            nobody manages its membership, where it is meant to be absent, and for a name that is not defined. Loading
            them may do I/O: ask only for what is needed, one group after the other, and let what loading raises pass.
        count_of: returns how many these are, from what planning found out already where it did; None as `members_of`.
        canonical: maps an identifier to its canonical form; raises ValueError for text that is none.
        as_written: the same, without the config's aliases: not the address that its person has now.
        dates_of: returns what written dates will do to who belongs to a group by its definition, the earliest first and
            however far ahead, if nothing else changes until then. Nothing for a name that is not defined, for a segment
            of a saved plan and what is built on it, and where a run is taken back. It may do I/O.
        unread: files that seem to define groups, and are not read: where a name that is not defined may stand.
    """

    plan: Plan
    definitions: tuple[Definition, ...]
    options: PolicyOptions
    as_of: datetime
    members_of: Callable[[str], Members | None]
    count_of: Callable[[str], int | None]
    canonical: Callable[[str], str]
    as_written: Callable[[str], str]
    dates_of: Callable[[str], Sequence[Dated]] = no_dates
    unread: Sequence[Overlooked] = ()


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """One thing that a policy found.

    Attributes:
        found: what it is. An error refuses the groups, a warning is only shown. Its code begins with letters of the
            plugin's own (`GS` is groupsync's); its `plugin` is filled in by the core.
        groups: names of the groups it is about; none for the run as a whole.
        count, limit: what was counted and how many there may be, where that is what it is about.
        is_about_members: an error doubts who belongs to the groups, so that what is built on them is refused, too.
            False for one about names, owners and other texts.
        people: who must not come to the groups, or must not go from them, where it is about somebody. Where a run is
            taken back, this is left out of it, and the rest is done.
    """

    found: Diagnostic
    groups: tuple[str, ...] = ()
    count: int = 0
    limit: int = 0
    is_about_members: bool = True
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What a plugin says of a plan.

    Attributes:
        findings: in any order.
        enforced: which of `PolicyOptions.keys` it looked after. A key that no plugin enforces stops the run, so that a
            plugin that is missing is not taken for consent.
    """

    findings: tuple[PolicyFinding, ...] = ()
    enforced: frozenset[str] = frozenset()
