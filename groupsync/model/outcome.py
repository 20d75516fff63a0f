"""What became of a plan."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupsync.model.findings import Diagnostic
    from groupsync.model.guards import Allowance
    from groupsync.model.plan import Action


class Outcome(enum.StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    FAILED = "failed"
    REFUSED = "refused"
    STALE = "stale"
    NOT_TRIED = "not-tried"
    NOT_CONVERGED = "not-converged"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change.

    Attributes:
        target, name, action: of the change.
        error: why not, one line; empty when applied.
        hint: what to do about it.
        attempts: calls of the backend, 0 when it was not tried.
        duration_seconds: wall time of them all.
        added, removed: members written.
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
    """

    plan_digest: str
    results: tuple[Result, ...]
    duration_seconds: float = 0.0
    interrupted: bool = False
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    run: str = ""
    allowances: tuple[Allowance, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many changes ended so."""
        return sum(result.outcome is outcome for result in self.results)
