"""Plans: every difference of a run as data, with what it was made of."""

from __future__ import annotations

import enum
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model.verdict import NOTHING_SAID

if TYPE_CHECKING:
    from datetime import datetime

    from groupsync.model.change import Change, Drift
    from groupsync.model.findings import Diagnostic, SourceRange
    from groupsync.model.verdict import Loss, Verdict

CONFIG_NAME: Final = "groupsync.yaml"
"""The file of a config that is found where none is named."""
PLAN_DIGITS: Final = 16
"""Of a plan's digest, as it is printed, and the least by which somebody may name a plan: 64 bits.

Two plans with eight digits alike are found in seconds. Where nobody types it, a digest is compared whole.
"""


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target as it was read for a plan.

    Attributes:
        name: in the config.
        plugin: name of the backend.
        revision: of the target as a whole, None where it has none.
        groups: how many groups were looked at (definitions that go there and managed groups found).
        memberships: how many memberships the managed groups hold, as far as counts are known.
        complete, reason: as in the snapshot.
        withheld: names of the groups of which something is left out of the plan because the target could not be read
            wholly, sorted.
        owns: in words, what is ours on a target that can't hold marks; empty for one that can.
        records: whether what was applied last is recorded there, in marks or a ledger.
        identity: tells which store it is, see `groupsync.target_identity`; empty in a plan of format version 1.
    """

    name: str
    plugin: str
    revision: str | None = None
    groups: int = 0
    memberships: int = 0
    complete: bool = True
    reason: str = ""
    withheld: tuple[str, ...] = ()
    owns: str = ""
    records: bool = True
    identity: str = ""

    @property
    def is_unread(self) -> bool:
        """Whether nothing at all could be read, so that nothing on it is planned."""
        return not self.complete and not self.groups

    @property
    def shortfall(self) -> tuple[str, str]:
        """How it was read where not wholly, and what follows, in words; the reason belongs between the two."""
        if self.is_unread:
            return "could not be read", "nothing on it is planned"
        return "not read wholly", "nothing is deleted or removed because of what is missing"


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as segments were computed from it.

    Attributes:
        name: in the config.
        plugin: name of its plugin.
        rows: how many customers it has.
        newest: when the newest of them was updated, None where nobody knows.
        segments: how many segments were computed from it.
        refused: whether the verdict refuses it, so that nothing computed from it is applied or remembered.
        nulls, invalid: rows without an identifier, and with one that is none.
        doubted_by: the rules of its guards that speak against it, whether or not an exception lets it pass, in the
            order of the guards. The plan's digest covers them, but nothing else of it.
    """

    name: str
    plugin: str
    rows: int
    newest: datetime | None = None
    segments: int = 0
    refused: bool = False
    nulls: int = 0
    invalid: int = 0
    doubted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """How much of a change comes of edits since a revision; the rest would change anyway.

    Attributes:
        target, name: of the change.
        added, removed: how many of those that come and go were not to, or not yet to, by the definitions of then.
    """

    target: str
    name: str
    added: int
    removed: int


class Edit(enum.StrEnum):
    """What was done to a definition since a revision."""

    NEW = "new"
    EDITED = "edited"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class QuietEdit:
    """A definition that is another than at a revision, itself or by a member file, and that changes no group today.

    Attributes:
        name: of the group.
        edit: what was done.
        at: where it is written, or was.
        owners: of now, sorted.
        owners_before: of then, sorted.
    """

    name: str
    edit: Edit
    at: SourceRange
    owners: tuple[str, ...] = ()
    owners_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of a plan comes of edits since a revision of the project's repository.

    Attributes:
        revision: as it was asked for.
        commit: its full name.
        causes: sorted by target and name; a change of which nobody can say is not among them.
        quiet: edits without effect today, sorted by name; of groups that were not looked at, or not wholly, nobody can
            say that, so that they are not among them.
    """

    revision: str
    commit: str
    causes: tuple[Cause, ...] = ()
    quiet: tuple[QuietEdit, ...] = ()

    def cause_of(self, change: Change) -> Cause | None:
        """Return how much of a change comes of edits; None where nobody can say."""
        at = bisect_left(self.causes, change.key, key=lambda cause: (cause.target, cause.name))
        found = self.causes[at : at + 1]
        return next((cause for cause in found if (cause.target, cause.name) == change.key), None)


@dataclass(frozen=True, slots=True)
class Later:
    """What a written date will do to a group, if nothing else changes until then.

    Attributes:
        target, name: of the group; an empty target for one that others are built on and that no opened target has.
        at: when, in UTC: after the plan's instant.
        entering: how many members enter at that instant.
        leaving: how many leave.
        digest: a short digest of who they are.
        owners: of the group, sorted. The plan's digest covers all of this, but nothing of what follows.
        members: how many the group has on the target now; 0 where the plan creates it.
        ending: how many of these will have left by then of whom no applied plan that is remembered had shown it:
            memberships that exist and get an end.
        is_new: no applied plan that is remembered had shown it.
        is_forecast: it may turn out otherwise, because conditions, `limit` or `min_size` have a say in it.
    """

    target: str
    name: str
    at: datetime
    entering: int
    leaving: int
    digest: str
    owners: tuple[str, ...] = ()
    members: int = 0
    ending: int = 0
    is_new: bool = True
    is_forecast: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Target and name of the group."""
        return (self.target, self.name)


@dataclass(frozen=True, slots=True)
class Link:
    """What later runs have to know of a group that is built on others, or that others are built on.

    Attributes:
        name: of the group.
        built_on: names of the groups that it is built on directly, by any key, sorted.
        count: how many members it has by its definition, where others are built on it; None where that is not known.
    """

    name: str
    built_on: tuple[str, ...] = ()
    count: int | None = None


class FirstOf(enum.StrEnum):
    """What there can be for the first time; a list is a group that goes to no target here and that others build on."""

    SOURCE = "source"
    LIST = "list"


@dataclass(frozen=True, slots=True, order=True)
class First:
    """What guards would compare with earlier runs, if any had named it: it is judged as the first time that it is.

    Attributes:
        what: it is.
        name: its name.
    """

    what: FirstOf
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change of a run, as data that can be saved, reviewed and applied.

    Attributes:
        project: the ownership mark.
        as_of: the instant at which `from` and `until` were judged, in UTC.
        looking: made with `--at`, so that it can be looked at but not applied.
        targets: in the order of the config.
        changes: sorted by target and name.
        drift: managed groups that drifted or have an edit pending, sorted by target and name.
        diagnostics: warnings, sorted.
        verdict: what was refused.
        digest: over all that a decision hangs on, see `groupsync.plan`; not over as_of, diagnostics, verdict.
        undoes: id of the run that it takes back, whatever the definitions say; empty for any other plan. The digest
            covers it.
        sources: those that segments were computed from, in the order of the config.
        compared: what of it comes of edits since a revision, where that was asked for. Not covered by the digest.
        redacted: people have pseudonyms in it, so that it can be looked at but not applied or saved.
        lost: by target, sorted, the people who would be in no group any more, as far as a guard has looked for them.
            Not covered by the digest.
        known_as: owners of its groups who have another address by now, as they are written, and that address. Only to
            be shown: not covered by the digest.
        links: how the groups that were looked at are built on others, sorted by name; they are remembered once they are
            applied. Not covered by the digest.
        config: the identity of the config that it was made with, see `Config.id`; empty in a plan of format version 1.
        later: what written dates will do, sorted by target, name and instant. The digest covers it.
        firsts: what is new to the guards that compare with earlier runs, sorted. Not covered by the digest.
        format_version: of its file, and of the rule of its digest.
    """

    project: str
    as_of: datetime
    targets: tuple[TargetState, ...]
    changes: tuple[Change, ...]
    digest: str
    drift: tuple[Drift, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    verdict: Verdict = NOTHING_SAID
    looking: bool = False
    undoes: str = ""
    sources: tuple[SourceState, ...] = ()
    compared: Comparison | None = None
    redacted: bool = False
    lost: tuple[Loss, ...] = ()
    config: str = ""
    later: tuple[Later, ...] = ()
    links: tuple[Link, ...] = ()
    firsts: tuple[First, ...] = ()
    known_as: tuple[tuple[str, str], ...] = ()
    format_version: int = 2
