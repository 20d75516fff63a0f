"""Read one target and work out what changes there: read → scope → diff. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.behind import Beside, left_behind
from groupsync.diff import compare
from groupsync.errors import BackendError
from groupsync.holdings import holdings_of
from groupsync.journal_read import unread_run
from groupsync.last_applied import left_on
from groupsync.links import NOTHING, bases_of
from groupsync.model import Action, Diagnostic, Drift, Mode, Severity, TargetState
from groupsync.progress import Track, untracked
from groupsync.project import collecting, wanted_on
from groupsync.reading import context_of, marks_on, nothing_of, read_target, refilled, undeclared, unread_target
from groupsync.retry import Retries
from groupsync.scope import EVERYTHING, Scoped, Selection, scope
from groupsync.selecting import Search
from groupsync.target_identity import target_identity
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import datetime

    from groupsync.backend import Backend
    from groupsync.config import Config, TargetConfig
    from groupsync.diff import Context
    from groupsync.errors import ConfigError
    from groupsync.guard_grants import Grant
    from groupsync.guard_lost import Holding
    from groupsync.links import Remembered
    from groupsync.model import Change, Refusal, Snapshot
    from groupsync.ownership import Ownership
    from groupsync.pasts import Marked
    from groupsync.project import Project
    from groupsync.scope import Pair, Wanted

_GONE: Final = "was applied, and is gone from the target"


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    Attributes:
        as_of: the instant at which `from` and `until` are judged, in UTC.
        looking: `as_of` was chosen with `--at`: what comes of it may be looked at, not applied.
        targets: names of the targets to serve; empty for all.
        selection: which groups.
        may_be_empty: consent to a selection that matches nothing.
        adopt: consent to take over groups without a mark.
        track: shows progress.
        retry: how patient to be with targets while they are read.
        grants: exceptions from guards.
        then: how groups were built on others, and how large lists were, at the revision that the plan is compared with;
            it stands in for groups of which no run tells what they were applied with.
    """

    as_of: datetime
    looking: bool = False
    targets: tuple[str, ...] = ()
    selection: Selection = EVERYTHING
    may_be_empty: bool = False
    adopt: bool = False
    track: Track = untracked
    retry: Retries = field(default_factory=Retries)
    grants: tuple[Grant, ...] = ()
    then: Remembered = NOTHING


@dataclass(slots=True)
class Draft:
    """A plan while it is being put together.

    Attributes:
        looked_at: by target, the names of the groups that were compared.
        counts: by name, how many members a definition gives its group, where comparing found that out.
        holdings: by target, all our groups there.
        marked: by target, what its marks tell of the past.
        search: for what the selection names.
        beside: changes of groups that the selection leaves out and that a selected one is built on; not to be applied.
        drift_beside: how their groups stand to what was applied last.
        built_on: by a group's name, the groups that it is built on directly, by now or when it was applied last.
    """

    states: list[TargetState] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    looked_at: dict[str, frozenset[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    holdings: dict[str, tuple[Holding, ...]] = field(default_factory=dict)
    marked: dict[str, Marked] = field(default_factory=dict)
    search: Search = field(default_factory=lambda: Search(EVERYTHING))
    beside: list[Change] = field(default_factory=list)
    drift_beside: list[Drift] = field(default_factory=list)
    built_on: Mapping[str, frozenset[str]] = field(default_factory=dict)


def plan_target(project: Project, target: TargetConfig, backend: Backend, request: Request, draft: Draft) -> None:
    """Add to the draft of a plan what changes on one target, and what there is to say of it.

    Raises:
        BackendError: the target could not be read at all.
        ConfigError: `owns` does not go with the target, or its ledger can't be read.
    """
    config = project.config
    wanted = wanted_on(project, target, request.selection)
    wanted, snapshot = read_target(config, target, backend, wanted, request.retry)
    draft.search.look(target.name, wanted, snapshot)
    scoped = scope(target.name, config.project, wanted, snapshot)
    context = context_of(config, target, backend, wanted, snapshot)
    identity = target_identity(target.plugin, target.options.values, backend)
    recorded = wanted.ownership.recorded if wanted.ownership else {}
    gone = _gone(config, target.name, identity, scoped.pairs, recorded, findings=draft.findings)
    withheld = set(scoped.withheld)
    draft.refusals += scoped.refusals
    draft.findings += [*snapshot.diagnostics, *scoped.diagnostics]
    draft.drift += [Drift(target.name, name, drifted=True, pending=False, gone=True) for name in gone]
    pairs = [replace(pair, reason=_GONE) if _name(pair) in gone else pair for pair in scoped.pairs]
    for pair in request.track(f"Comparing {target.name}", pairs):
        name = _name(pair)
        try:
            with collecting(draft.findings):
                compared = request.retry.call(partial(compare, pair, context))
                draft.counts |= _count_of(pair, compared.change, snapshot)
                if compared.change:
                    draft.changes.append(compared.change)
                    refusal = undeclared(target.name, backend, compared.change)
                    draft.refusals += [refusal] if refusal else []
                draft.drift += [compared.drift] if compared.drift else []
                if warning := refilled(target.name, pair, compared.change):
                    withheld.add(name)
                    draft.findings.append(warning)
                if compared.withheld:
                    withheld.add(name)
                    draft.findings.append(_removals_withheld(target.name, name, compared.withheld, snapshot.reason))
        except BackendError as error:
            withheld.add(name)
            draft.findings.append(_unreadable(target.name, name, error))
    bases = replace(wanted, selection=Selection(_bases(project, request, draft)))
    withheld |= _look_beside(bases, snapshot, context, request, draft) if bases.selection.names else set()
    if request.selection != EVERYTHING:
        draft.findings += _left_behind(project, target, wanted, snapshot, draft)
    state = _state(target, snapshot, scoped, withheld, wanted.ownership)
    draft.states.append(replace(state, identity=identity))
    draft.holdings[target.name] = holdings_of(config.project, wanted, snapshot)
    draft.marked[target.name] = marks_on(config, target, backend, snapshot)
    draft.looked_at[target.name] = frozenset(map(_name, scoped.pairs))


def plan_targets(
    project: Project, backends: Mapping[str, Backend], request: Request, draft: Draft
) -> Mapping[str, Backend]:
    """Add to the draft what changes on each of the opened targets; return those that could be read.

    A target that can't be read is told and left out; on the others all goes on.

    Raises:
        BackendError: none of them could be read.
        ConfigError: as `plan_target` raises it.
    """
    unread: dict[str, BackendError] = {}
    for target in project.config.targets:
        if target.name not in backends:
            continue
        backend = backends[target.name]
        try:
            plan_target(project, target, backend, request, draft)
        except BackendError as error:
            unread[target.name] = error
            wanted = wanted_on(project, target, request.selection)
            draft.search.look(target.name, wanted, nothing_of(error))
            draft.states.append(_unread_state(target, wanted, backend, error))
            draft.findings.append(unread_target(target.name, error))
    if unread and unread.keys() == backends.keys():
        raise next(iter(unread.values()))
    return {name: backend for name, backend in backends.items() if name not in unread}


def _unread_state(target: TargetConfig, wanted: Wanted, backend: Backend, error: BackendError) -> TargetState:
    return TargetState(
        target.name,
        target.plugin,
        complete=False,
        reason=error.detail,
        withheld=tuple(sorted(each.group.name for each in wanted.here if wanted.selection.picks(each.group))),
        identity=target_identity(target.plugin, target.options.values, backend),
    )


def _bases(project: Project, request: Request, draft: Draft) -> tuple[str, ...]:
    """Return the groups that the selection leaves out and that a selected one is built on, sorted."""
    picks = request.selection.picks
    picked = [each.group.name for each in project.resolution.groups if picks(each.group)]
    return tuple(sorted(bases_of(draft.built_on, picked)))


def _look_beside(bases: Wanted, snapshot: Snapshot, context: Context, request: Request, draft: Draft) -> set[str]:
    """Compare what selected groups are built on, to be judged and not to be applied; return what could not be read."""
    unread: set[str] = set()
    for pair in scope(context.target, context.project, bases, snapshot).pairs:
        name = _name(pair)
        try:
            with collecting(draft.findings):
                compared = request.retry.call(partial(compare, pair, context))
                draft.counts |= _count_of(pair, compared.change, snapshot)
                draft.beside += [compared.change] if compared.change else []
                draft.drift_beside += [compared.drift] if compared.drift else []
        except BackendError as error:
            unread.add(name)
            draft.findings.append(_unreadable(context.target, name, error))
    return unread


def _left_behind(
    project: Project, target: TargetConfig, wanted: Wanted, snapshot: Snapshot, draft: Draft
) -> list[Diagnostic]:
    """Return what the selection leaves behind; errors in files of what is left out are not this run's."""
    config = project.config
    changing = {each.name for each in draft.changes if each.target == target.name and each.touches_members}
    said = len(project.findings)
    beside = Beside(config.project, config.identity, project.resolution.built_on, changing)
    found = left_behind(target.name, wanted, snapshot, beside)
    project.findings[said:] = [each for each in project.findings[said:] if each.severity is not Severity.ERROR]
    return [found] if found else []


def _gone(
    config: Config,
    target: str,
    identity: str,
    pairs: Sequence[Pair],
    recorded: Container[str],
    *,
    findings: list[Diagnostic],
) -> frozenset[str]:
    """Return which groups that the target does not have were applied to it, as far as ledger and journal know."""
    names = {
        _name(pair): (_name(pair), *pair.desired.definition.previously)
        for pair in pairs
        if pair.action is Action.CREATE and pair.desired is not None
    }
    listed = {name for name, every in names.items() if any(called in recorded for called in every)}
    rest = {name: every for name, every in names.items() if name not in listed}
    unread: list[ConfigError] = []
    left = left_on(config.journal, config.id, target, identity, rest, unread=unread)
    findings.extend(map(unread_run, unread))
    return left | listed


def _name(pair: Pair) -> str:
    return pair.desired.group.name if pair.desired else pair.prior.name if pair.prior else ""


def _count_of(pair: Pair, change: Change | None, snapshot: Snapshot) -> dict[str, int]:
    """Return how many members a definition gives its group, by its name, where comparing found that out."""
    group = pair.desired.group if pair.desired else None
    if group is None or group.members is None or group.lifecycle.mode is not Mode.AUTHORITATIVE:
        return {}
    if change is not None:
        count = change.mark.count if change.mark and snapshot.complete else None
    else:
        count = pair.prior.members.known_count if pair.prior and pair.prior.members and snapshot.complete else None
    return {} if count is None else {group.name: count}


def _state(
    target: TargetConfig, snapshot: Snapshot, scoped: Scoped, withheld: set[str], ownership: Ownership | None
) -> TargetState:
    return TargetState(
        target.name,
        target.plugin,
        snapshot.revision,
        groups=len(scoped.pairs),
        memberships=sum(
            (pair.prior.members.known_count or 0) for pair in scoped.pairs if pair.prior and pair.prior.members
        ),
        complete=snapshot.complete,
        reason=snapshot.reason,
        withheld=tuple(sorted(withheld)),
        owns=str(ownership.owns) if ownership else "",
        records=ownership is None or ownership.is_recorded,
    )


def _removals_withheld(target: str, name: str, count: int, reason: str) -> Diagnostic:
    return Diagnostic(
        "GS604",
        Severity.WARNING,
        f"{counted(count, f'removal from `{name}` is', f'removals from `{name}` are')} held back: "
        f"{target} was not read wholly",
        reason,
        "Plan again once the target can be read.",
    )


def _unreadable(target: str, name: str, error: BackendError) -> Diagnostic:
    return Diagnostic(
        "GS605",
        Severity.WARNING,
        f"`{name}` is left out of the plan: it could not be read from {target}",
        str(error),
        error.hint or "Plan again; if it persists, look at the target.",
    )
