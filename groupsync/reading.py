"""Read a target for a plan: its groups, with what is ours among them, and what it can't do. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync.diff import Context
from groupsync.errors import BackendError
from groupsync.ledger import ownership_of
from groupsync.model import ATTRIBUTES, Action, Diagnostic, Members, Refusal, Scope, Severity, Snapshot
from groupsync.ownership import OwnsRule
from groupsync.pasts import Marked, marked_on
from groupsync.scope import emptied, is_suddenly_empty
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.backend import Backend
    from groupsync.config import Config, TargetConfig
    from groupsync.model import Change
    from groupsync.ownership import Ownership
    from groupsync.retry import Retries
    from groupsync.scope import Pair, Wanted


def read_target(
    config: Config, target: TargetConfig, backend: Backend, wanted: Wanted, retry: Retries
) -> tuple[Wanted, Snapshot]:
    """Read all groups of a target; where it can't hold marks, those that are ours get one that stands in for it.

    Returns:
        `wanted` with what is ours on the target, and what was read.

    Raises:
        BackendError: nothing could be read.
        ConfigError: `owns` does not go with the target, or its ledger can't be read.
    """
    try:
        ownership = ownership_of(config, target, backend, wanted.here)
        snapshot = retry.call(lambda: backend.read(Scope()))
    except BackendError as error:
        error.summary, error.detail = f"{target.name} could not be read", str(error)
        raise
    warnings = tuple(_not_kept(target.name, wanted, backend.capabilities.attributes))
    snapshot = replace(snapshot, diagnostics=(*snapshot.diagnostics, *warnings))
    if ownership is not None:
        found = () if ownership.is_there else tuple(_without_ledger(target.name, ownership, snapshot))
        snapshot = replace(
            snapshot, groups=ownership.claim(snapshot.groups), diagnostics=(*snapshot.diagnostics, *found)
        )
    return replace(wanted, ownership=ownership), snapshot


def nothing_of(error: BackendError) -> Snapshot:
    """Return what is known of a target that could not be read."""
    return Snapshot((), complete=False, reason=error.detail)


def unread_target(target: str, error: BackendError) -> Diagnostic:
    """Return the warning on a target that is left out while the others are not."""
    hint = error.hint or "Try again once it can be read."
    return Diagnostic("GS640", Severity.WARNING, f"{target} is left out: it could not be read", error.detail, hint)


def members_now(change: Change, backend: Backend, retry: Retries) -> Members:
    """Return who is in the group of a change now, read from its target each time they are loaded."""

    def load() -> frozenset[str]:
        if change.prior_name is None:
            return frozenset()
        snapshot = backend.read(Scope(frozenset({change.prior_name})))
        members = next((group.members for group in snapshot.groups if group.name == change.prior_name), None)
        return members.load() if members else frozenset()

    return Members(lambda: retry.call(load))


def members_after(change: Change, backend: Backend, retry: Retries) -> Members | None:
    """Return who is in the group of a change once it is carried out; None where the group is gone, or given up."""
    if change.action in {Action.DELETE, Action.FORGET}:
        return None
    held = members_now(change, backend, retry)
    return Members(lambda: (held.load() - change.remove.load()) | change.add.load())


def context_of(config: Config, target: TargetConfig, backend: Backend, wanted: Wanted, snapshot: Snapshot) -> Context:
    """Return what the diff of a target needs to know."""
    can, ownership = backend.capabilities, wanted.ownership
    records = ownership is None or ownership.is_recorded
    return Context(
        target.name,
        config.project,
        config.identity,
        snapshot.complete,
        revisions=can.revisions,
        marks=can.ownership,
        records=records,
        attributes=can.attributes,
    )


def marks_on(config: Config, target: TargetConfig, backend: Backend, snapshot: Snapshot) -> Marked:
    """Return what the marks on a target tell of the past, and those of its ledger.

    Anybody who writes to the target could have written them: where the journal is encrypted, it alone is believed.
    """
    if config.store and config.store.keys:
        return Marked()
    return marked_on(config.project, snapshot, remembers=remembers(target, backend))


def remembers(target: TargetConfig, backend: Backend) -> bool:
    """Tell whether a target, or its ledger, gives back what marks remember."""
    is_listed = target.owns is not None and target.owns.rule is OwnsRule.LEDGER
    can = backend.capabilities
    return is_listed or (can.ownership and can.remembers)


def _not_kept(target: str, wanted: Wanted, kept: frozenset[str]) -> Iterator[Diagnostic]:
    """Give a warning for each attribute that groups have and the target can't keep; a kind is not worth one."""
    for name in ATTRIBUTES[1:]:
        groups = [each for each in wanted.here if each.group.attribute(name)] if name not in kept else []
        if groups:
            count = "a group" if len(groups) == 1 else counted(len(groups), "group")
            yield Diagnostic(
                "GS609",
                Severity.WARNING,
                f"`{name}` of {count} is not kept on {target}",
                "The target has no place for it. All else is as it should be.",
                "Nothing needs to be done; what is written in the definition counts elsewhere.",
                groups[0].definition.at,
            )


def _without_ledger(target: str, ownership: Ownership, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Give a warning where there is no ledger and there are groups that it may have listed."""
    there = sorted(group.name for group in snapshot.groups if group.name in ownership.defined)
    if there:
        groups = f"`{there[0]}` is" if len(there) == 1 else f"{counted(len(there), 'group')} that are defined are"
        yield Diagnostic(
            "GS616",
            Severity.WARNING,
            f"The ledger `{ownership.owns.path}` of {target} is not there",
            f"{groups} on the target, and without a ledger nothing there is known to be ours.",
            "Bring it back from git. Before a first apply there is none: take the groups over with `--adopt`.",
        )


def refilled(target: str, pair: Pair, change: Change | None) -> Diagnostic | None:
    """Return a warning on a group that lost all its members to somebody else and is filled again."""
    if change is None or pair.prior is None or not change.add.count or not is_suddenly_empty(pair.prior):
        return None
    return emptied(target, pair.prior, "nobody is removed from it, and what is missing is added again")


def undeclared(target: str, backend: Backend, change: Change) -> Refusal | None:
    """Refuse a change that the target does not declare it can carry out."""
    can = backend.capabilities
    action = change.action
    if not can.ownership and action in {Action.ADOPT, Action.FORGET}:
        action = Action.UPDATE  # the core's own doing: see `groupsync.makeshift`
    if action in can.actions:
        return None
    summary = f"{target} can't {action.value} a group"
    hint = "Do it there by hand, or take the group away from the target with `targets` or `select`."
    return Refusal(target, change.name, "capability", summary, hint, change.at)
