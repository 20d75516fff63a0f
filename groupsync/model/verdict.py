"""What guards and other rules say of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from groupsync.model.guards import RULES, SOURCE_KINDS, UNJUDGED, Kind

if TYPE_CHECKING:
    from groupsync.model.change import Change
    from groupsync.model.findings import SourceRange
    from groupsync.model.guards import Allowance, Use


NOT_COMPUTED: Final = "duplicate_ids"
"""The rule that refuses a source of which nobody can say who belongs to its segments: nothing is computed from it."""
SAVED_SOURCE: Final = "saved_source"
"""The rule that refuses a source of which a saved plan does not say what it was like."""
UNREADABLE: Final = "unreadable"
"""The rule that refuses a source that can't be read, for what lies in its data or on the way to it."""
MAX_MISFITS: Final = "max_misfits"
"""The rule that refuses a source of which too many values are none of their type; it has no exception."""
SOURCE_RULES: Final = frozenset(
    {
        NOT_COMPUTED,
        SAVED_SOURCE,
        MAX_MISFITS,
        UNREADABLE,
        f"{UNJUDGED}{RULES[Kind.MAX_SHRINK]}",
        *(RULES[kind] for kind in SOURCE_KINDS),
    }
)
"""The rules that refuse a source; any other rule is about a group or a target."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change of the plan that may not be applied as it stands, or what nothing may be built on.

    Attributes:
        target, name: of the change; an empty name refuses the whole run for that target. An empty target: `name` is a
            source, or a group that goes to no target and that others are built on.
        rule: what refused it, such as `adopt`, `prevent_delete` or the name of a guard.
        summary: one line with the figures.
        hint: the exact option or edit that would allow just this.
        at: the line of config or definition that set the rule, None for a default.
        count: what the guard counted; 0 where nothing is counted.
        limit: what it would have let pass.
        approval: the document that would approve just this, but for its reason; empty where none can.
        doubts_members: it doubts who belongs by the definition, and not only what the target holds: nothing may be
            built on the group, or for the whole run on the groups that it would change.
        because: the group or source whose refusal this one follows from; empty where it stands by itself.
    """

    target: str
    name: str
    rule: str
    summary: str
    hint: str = ""
    at: SourceRange | None = None
    count: int = 0
    limit: int = 0
    approval: str = ""
    doubts_members: bool = False
    because: str = ""

    @property
    def unjudged(self) -> str:
        """The guard that could not judge; empty where one did."""
        return self.rule.removeprefix(UNJUDGED) if self.rule.startswith(UNJUDGED) else ""

    @property
    def is_about_source(self) -> bool:
        """Whether it is about a source, and not about a group or a target."""
        return not self.target and self.rule in SOURCE_RULES


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a plan. Refused changes stay in the plan to be seen, and are not applied.

    Attributes:
        refusals: what refuses changes.
        allowances: exceptions without which there would be more of them.
        uses: how much of which approvals that takes.
    """

    refusals: tuple[Refusal, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    uses: tuple[Use, ...] = ()

    def refusal_of(self, change: Change) -> Refusal | None:
        """Return why `change` may not be applied, None if it may."""
        for refusal in self.refusals:
            if refusal.target == change.target and refusal.name in ("", change.name):
                return refusal
        return None


NOTHING_SAID: Final = Verdict()


@dataclass(frozen=True, slots=True)
class Loss:
    """People who would be in no group of ours on a target any more, if what is not refused is applied.

    Who goes because a written `until` has passed, or with a group that has `state: absent`, is not among them.

    Attributes:
        target: its name.
        count: how many they are, at least 1.
        some: the first of them by code point, `MAX_NAMED` at most.
    """

    MAX_NAMED: ClassVar[int] = 100

    target: str
    count: int
    some: tuple[str, ...]
