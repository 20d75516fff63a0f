"""What became of a plan."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from groupsync.model.change import Action
    from groupsync.model.findings import Diagnostic
    from groupsync.model.guards import Allowance


class Outcome(enum.StrEnum):
    """What became of a change.

    Attributes:
        APPLIED: written, and found so when it was read again.
        FAILED: the target did not do it.
        REFUSED: a guard, a policy or protection forbids it.
        STALE: the group or its definition moved since the plan; nothing was written.
        NOT_TRIED: not begun.
        NOT_CONVERGED: the target said that it was written, and it is not so when it is read again.
        CHANGED_SINCE: written, and by the time of reading again somebody else had changed it.
        UNCHECKED: the target said that it was written, and the group could not be read again.
    """

    APPLIED = "applied"
    FAILED = "failed"
    REFUSED = "refused"
    STALE = "stale"
    NOT_TRIED = "not-tried"
    NOT_CONVERGED = "not-converged"
    CHANGED_SINCE = "changed-since"
    UNCHECKED = "unchecked"


DOUBTED: Final = (Outcome.NOT_CONVERGED, Outcome.CHANGED_SINCE, Outcome.UNCHECKED)
"""The target said that it was done, and another look did not find it so."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change.

    Attributes:
        target, name, action: of the change.
        error: why not, one line; empty when applied.
        hint: what to do about it; of an applied one, that it was found so and nobody knows whose doing it is.
        attempts: calls of the backend, 0 when it was not tried.
        duration_seconds: wall time of them all.
        added, removed: members that are known to have come and gone.
        unseen_added, unseen_removed: members that the target said it added and removed besides, and that another look
            did not find there, or gone.
        readdressed: how many of both are people whose address changed; 0 where not all was written.
        revision: of the group as the change left it; None where the target tells none, or nothing was written.
    """

    target: str
    name: str
    action: Action
    outcome: Outcome
    error: str = ""
    hint: str = ""
    attempts: int = 0
    duration_seconds: float = 0.0
    added: int = 0
    removed: int = 0
    readdressed: int = 0
    revision: str | None = None
    unseen_added: int = 0
    unseen_removed: int = 0

    @property
    def is_done_already(self) -> bool:
        """Whether a run that went on with another found its group as planned, and did not write it."""
        return self.outcome is Outcome.APPLIED and not self.attempts and bool(self.hint)

    @property
    def is_doubted(self) -> bool:
        """Whether the target said that it was done, and another look did not find it so."""
        return self.outcome in DOUBTED

    @property
    def coming(self) -> int:
        """How many people came: those added, but for whose address changed."""
        return self.added - self.readdressed

    @property
    def going(self) -> int:
        """How many people went: those removed, but for whose address changed."""
        return self.removed - self.readdressed


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did: one result a change of the plan, in the plan's order.

    Attributes:
        allowances: exceptions from guards that were used.
        run: the id under which the journal has it; empty where it was not written down.
        is_resumable: whether the journal keeps who was to come and go wherever it is read, so that any clone can go on.
    """

    plan_digest: str
    results: tuple[Result, ...]
    duration_seconds: float = 0.0
    interrupted: bool = False
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    run: str = ""
    allowances: tuple[Allowance, ...] = ()
    is_resumable: bool = True

    @property
    def written(self) -> list[Result]:
        """The results of all changes but those that were done already."""
        return [result for result in self.results if not result.is_done_already]

    def count(self, outcome: Outcome) -> int:
        """How many changes ended so."""
        return len(self.of(outcome))

    def of(self, *outcomes: Outcome) -> list[Result]:
        """Return the results of the changes that ended so."""
        return [result for result in self.results if result.outcome in outcomes]
