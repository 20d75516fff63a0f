"""What the journal tells of past applies."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.model.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from groupsync.model.change import Action, Change
    from groupsync.model.guards import Use


class RunKind(enum.StrEnum):
    """What a run was for."""

    APPLY = "apply"
    RESUME = "resume"
    UNDO = "undo"

    def leaves(self, outcome: Outcome | None) -> bool:
        """Tell whether a change with this outcome is left to be done; None is that of a change that nobody knows of.

        What is refused when a run is gone on with was not refused by that run, so that it is still to be done.
        """
        if outcome is Outcome.REFUSED:
            return self is RunKind.RESUME
        return outcome in (None, Outcome.FAILED, Outcome.NOT_TRIED)


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What is known of one change of a run.

    Attributes:
        target, name, action, prior_name: of the change.
        outcome: what became of it; None for a change that was begun and of which nothing more is known.
        prior_count: members before.
        count: members after it, if it is carried out.
        error, hint, attempts, added, removed, readdressed, unseen_added, unseen_removed: as in the result; of one
            without outcome, what is known to be written.
        steps: how many writes are known of a change that takes several.
        revision: of the group after it, where the target told one.
        consented: how many of those to remove go by written consent: an `until` that has passed, or `state: absent`.
    """

    target: str
    name: str
    action: Action
    outcome: Outcome | None
    prior_name: str | None = None
    prior_count: int = 0
    count: int = 0
    error: str = ""
    hint: str = ""
    attempts: int = 0
    added: int = 0
    removed: int = 0
    readdressed: int = 0
    unseen_added: int = 0
    unseen_removed: int = 0
    revision: str | None = None
    steps: int = 0
    consented: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Target and name of the change."""
        return (self.target, self.name)

    @property
    def is_done_already(self) -> bool:
        """Whether a run that went on with another found its group as planned, and did not write it."""
        return self.is_found_done and not self.attempts

    @property
    def is_found_done(self) -> bool:
        """Whether its group was found as planned, and nobody can tell whether the run did that or somebody else."""
        return self.outcome is Outcome.APPLIED and bool(self.hint)


@dataclass(frozen=True, slots=True)
class Removed:
    """What some past runs took out of a group, or out of all groups of a target.

    Attributes:
        gone: how many people went, less those whom an undo brought back; not those who went by written consent.
        runs: how many runs took some.
        most: the most members that the group had before or after one of them.
        change: how many members more it has by them; negative where they are fewer.
        doubted: how many of `gone` may have gone: runs that were cut short were to remove them, and nobody knows more.
    """

    gone: int = 0
    runs: int = 0
    most: int = 0
    change: int = 0
    doubted: int = 0


@dataclass(frozen=True, slots=True)
class PastSource:
    """A source as a run found it.

    Attributes:
        name: in the config.
        rows: how many customers it had.
        identity: what it read, whatever its name; empty where that is not known.
    """

    name: str
    rows: int
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One apply, as the journal has it.

    Attributes:
        id: sorts by time.
        of: the run that this one goes on with or takes back; empty for an apply.
        project: the ownership mark.
        plan_digest: of the plan that was applied.
        as_of: the plan's instant.
        targets: names of the targets that the plan serves.
        config: the identity of the config that it belongs to, see `Config.id`; empty where the journal's format
            version 1 does not tell.
        identities: by name, which store each target was, see `groupsync.target_identity`; empty likewise.
        user, host, pid: who ran it, and where.
        version: of groupsync.
        allowances: what was allowed by exception, as it was written on the command line or in an approval.
        changes: how many the plan has; all of them have an entry once the run is finished.
        entries: in the order in which they were written down.
        finished_at: None where the run ended without saying so.
        interrupted: it was asked to stop, and did.
        uses: how much of which approvals the plan takes; what was taken depends on what became of its changes.
        sources: those that segments were computed from and no guard refused, with how many customers each had; once
            the run has ended only those to compare with from then on.
        withheld: its records come from a store that others can read and that has no key: names of people, who ran it
            and where, digests, errors and allowances are empty, because they were not kept.
        planned: of such a run, what it was to do, without outcomes; its plan is kept nowhere else.
    """

    id: str
    kind: RunKind
    of: str
    project: str
    plan_digest: str
    as_of: datetime
    started_at: datetime
    targets: tuple[str, ...]
    user: str
    host: str
    pid: int
    version: str
    allowances: tuple[str, ...]
    changes: int
    entries: tuple[RunEntry, ...] = ()
    finished_at: datetime | None = None
    interrupted: bool = False
    sources: tuple[PastSource, ...] = ()
    uses: tuple[Use, ...] = ()
    config: str = ""
    identities: tuple[tuple[str, str], ...] = ()
    withheld: bool = False
    planned: tuple[RunEntry, ...] = ()

    @property
    def who(self) -> str:
        """Who ran it, as `user@host`."""
        return f"{self.user}@{self.host}"

    def count(self, outcome: Outcome) -> int:
        """How many changes are known to have ended so; what has no entry in a run that is over was not tried."""
        found = sum(entry.outcome is outcome for entry in self.entries)
        return found + (self.changes - len(self.entries) if outcome is Outcome.NOT_TRIED and self.finished_at else 0)

    @property
    def is_idle(self) -> bool:
        """Whether it came to its end and had nothing to change."""
        return self.finished_at is not None and not self.changes

    @property
    def doubtful(self) -> int:
        """Of how many changes nobody knows what became of them.

        They were begun; or the run was cut short, or is still going on, and may have come to them since its last record
        that is here.
        """
        unseen = 0 if self.finished_at else self.changes - len(self.entries)
        return unseen + sum(entry.outcome is None for entry in self.entries)

    @property
    def is_unfinished(self) -> bool:
        """Whether something of it may be left to do: cut short, or with changes that failed or were not tried."""
        left = self.count(Outcome.FAILED) + self.count(Outcome.NOT_TRIED) + self.doubtful
        return self.finished_at is None or left > 0


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A past run, with who was to come and go.

    Attributes:
        run: its entries are those that were asked for alone.
        changes: by target and name, what was planned; without those whose members could not be read when it began.
        untold: why nobody can say who it was, as a clause; empty where the plan is there.
    """

    run: Run
    changes: Mapping[tuple[str, str], Change]
    untold: str = ""
