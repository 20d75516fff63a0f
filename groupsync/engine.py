"""The straight line: read → scope → diff → plan → apply → verify; `groupsync.project` is the stretch before it.

Each function is a stretch of it; the commands of `groupsync.cli` call one or two of them and print what comes back.
"""

from __future__ import annotations

import difflib
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from groupsync import apply as applying
from groupsync.connect import locked
from groupsync.diff import compare
from groupsync.errors import BackendError, ConfigError
from groupsync.guard_grants import written
from groupsync.journal import APPLYING, Journal, Purpose
from groupsync.judging import check_guards, holdings_of, needs_holdings
from groupsync.ledger import Ledgers
from groupsync.model import Diagnostic, Mode, Outcome, Plan, Report, Severity, State, TargetState, Verdict
from groupsync.plan import plan_digest
from groupsync.policies import Seen, check_policies
from groupsync.progress import Track, untracked
from groupsync.project import Project, collecting, sorted_findings, stop_on_errors, wanted_on
from groupsync.reading import context_of, read_target, refilled, undeclared
from groupsync.report.show import Sides
from groupsync.retry import Retries
from groupsync.scope import EVERYTHING, Scoped, Selection, Wanted, scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from groupsync.backend import Backend
    from groupsync.config import TargetConfig
    from groupsync.guard_grants import Grant
    from groupsync.guard_lost import Holding
    from groupsync.model import Change, Drift, Refusal, Result, Snapshot
    from groupsync.ownership import Ownership
    from groupsync.plugins import Plugins
    from groupsync.resolve import Desired
    from groupsync.scope import Pair


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    Attributes:
        as_of: the instant at which `from` and `until` are judged, in UTC.
        looking: `as_of` was chosen with `--at`: what comes of it may be looked at, not applied.
        targets: names of the targets to serve; empty for all.
        selection: which groups.
        adopt: consent to take over groups without a mark.
        track: shows progress.
        retry: how patient to be with targets while they are read.
        grants: exceptions from guards.
    """

    as_of: datetime
    looking: bool = False
    targets: tuple[str, ...] = ()
    selection: Selection = EVERYTHING
    adopt: bool = False
    track: Track = untracked
    retry: Retries = field(default_factory=Retries)
    grants: tuple[Grant, ...] = ()


# --- read → scope → diff → plan ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """A plan while it is being put together."""

    states: list[TargetState] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    looked_at: dict[str, frozenset[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    holdings: dict[str, tuple[Holding, ...]] = field(default_factory=dict)


def make_plan(
    project: Project, backends: Mapping[str, Backend], request: Request, plugins: Plugins | None = None
) -> Plan:
    """Read the targets, work out every change, and ask guards and policies. Writes nothing.

    Args:
        project: what is desired.
        backends: the opened targets.
        request: what the command line asks for.
        plugins: whose policies are asked; see `check_policies` for None.

    Raises:
        InvalidDefinitions: all that member files get wrong, and groups that belong to another project.
        BackendError: a target could not be read at all.
    """
    draft = _Draft()
    for target in project.config.targets:
        if target.name in backends:
            _plan_target(project, target, backends[target.name], request, draft)
    project.findings.extend(draft.findings)
    stop_on_errors(project.findings)
    changes = sorted(draft.changes, key=lambda change: change.key)
    plan = Plan(
        project.config.project,
        request.as_of,
        tuple(draft.states),
        tuple(changes),
        plan_digest(draft.states, changes),
        drift=tuple(sorted(draft.drift, key=lambda each: (each.target, each.name))),
        diagnostics=sorted_findings(project.findings),
        verdict=Verdict(tuple(draft.refusals)),
        looking=request.looking,
    )
    plan = check_guards(plan, project, draft.holdings, request.grants)
    return check_policies(plan, project, Seen(draft.looked_at, draft.counts), plugins)


def judge_again(
    project: Project,
    plan: Plan,
    plugins: Plugins | None = None,
    *,
    backends: Mapping[str, Backend] | None = None,
    grants: Sequence[Grant] = (),
    retry: Retries | None = None,
) -> Plan:
    """Return a plan that was saved with what speaks against it now, besides what did when it was made.

    Args:
        project: whose plan it is.
        plan: what its guards refused stays refused but for new grants; what it says was allowed counts for nothing.
        plugins: whose policies are asked; see `check_policies` for None.
        backends: the opened targets; one is read again only where so many go that more people than may could be in no
            group any more. None: nobody can say.
        grants: exceptions from guards.
        retry: how patient to be with targets while they are read; None for the usual.

    Raises:
        InvalidDefinitions: a policy could not be asked.
        BackendError: a target could not be read at all.
    """
    holdings = {}
    for target in project.config.targets:
        if backends and target.name in backends and target.name in needs_holdings(plan, project):
            wanted = wanted_on(project, target)
            wanted, snapshot = read_target(project.config, target, backends[target.name], wanted, retry or Retries())
            holdings[target.name] = holdings_of(project.config.project, wanted, snapshot)
    plan = check_guards(plan, project, holdings, grants)
    return check_policies(plan, project, Seen.of(plan), plugins)


def _plan_target(project: Project, target: TargetConfig, backend: Backend, request: Request, draft: _Draft) -> None:
    config = project.config
    wanted = wanted_on(project, target, request.selection, request.adopt)
    wanted, snapshot = read_target(config, target, backend, wanted, request.retry)
    scoped = scope(target.name, config.project, wanted, snapshot)
    context = context_of(config, target, backend, wanted, snapshot)
    withheld = set(scoped.withheld)
    draft.refusals += scoped.refusals
    draft.findings += [*snapshot.diagnostics, *scoped.diagnostics]
    for pair in request.track(f"Comparing {target.name}", scoped.pairs):
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
    draft.states.append(_state(target, snapshot, scoped, withheld, wanted.ownership))
    draft.holdings[target.name] = holdings_of(config.project, wanted, snapshot)
    draft.looked_at[target.name] = frozenset(map(_name, scoped.pairs))


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
        f"{count} removals from `{name}` are held back: {target} was not read wholly",
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


def both_sides(
    project: Project, backends: Mapping[str, Backend], request: Request, name: str | None = None
) -> list[Sides]:
    """Return the groups of both sides, target by target in the config's order, by name; unmanaged ones too.

    Args:
        project: what is desired.
        backends: the opened targets.
        request: the selection.
        name: one group alone.

    Raises:
        ConfigError: there is no group called `name`, desired or prior.
    """
    found: list[Sides] = []
    for target in project.config.targets:
        if target.name in backends:
            backend = backends[target.name]
            wanted, snapshot = read_target(project.config, target, backend, wanted_on(project, target), request.retry)
            project.findings.extend(snapshot.diagnostics)
            found += _sides(target.name, wanted, snapshot)
    picked = [
        each
        for each in found
        if name in (None, each.name)
        and any(request.selection.picks(side) for side in (each.desired, each.prior) if side)
    ]
    if name is not None and not picked:
        raise unknown_group(name, {each.name for each in found})
    return picked


def _sides(target: str, wanted: Wanted, snapshot: Snapshot) -> list[Sides]:
    prior = {group.name: group for group in snapshot.groups}
    found: list[Sides] = []
    for desired in wanted.here:
        if desired.group.lifecycle.state is State.ABSENT:
            continue
        old = next((name for name in (desired.group.name, *desired.definition.previously) if name in prior), None)
        found.append(Sides(target, desired.group.name, desired.group, prior.pop(old) if old else None))
    found += [Sides(target, group.name, None, group) for group in prior.values()]
    return sorted(found, key=lambda sides: sides.name)


def unknown_group(name: str, known: Iterable[str]) -> ConfigError:
    """Make the error for a group that is nowhere, with the name that was probably meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "`groupsync show` lists all groups."
    return ConfigError(f"There is no group `{name}`", "Neither a definition nor a target has it.", hint)


# --- apply → verify ---------------------------------------------------------------------------------------------------


def apply_plan(
    project: Project,
    plan: Plan,
    backends: Mapping[str, Backend],
    *,
    stopped: Callable[[], bool] = lambda: False,
    track: Track = untracked,
    journal: Journal | None = None,
    purpose: Purpose = APPLYING,
    settled: Mapping[tuple[str, str], Result] | None = None,
    retry: Retries | None = None,
) -> Report:
    """Apply what may be applied of `plan`, read the result again, and say what became of each change.

    Args:
        project: whose plan it is.
        plan: what to do.
        backends: the opened targets.
        stopped: asked before each change; once true, what is left is not tried.
        track: shows progress.
        journal: where the run is written down; None for nowhere.
        purpose: what it is for; written down with it.
        settled: results of changes that are over already and must not be tried, by their keys.
        retry: how patient to be; None for the usual.

    Raises:
        ConfigError: the plan is not one of this project, or was made only to be looked at; or the journal can't be
            written. Nothing was changed.
        BackendError: a target could not be locked.
    """
    _check_applicable(project, plan, backends)
    started = time.monotonic()
    refused = _objections(project, plan) | dict(settled or {})
    allowances = plan.verdict.allowances
    purpose = replace(purpose, allowances=tuple(written(each, plan.digest) for each in allowances))
    recording = journal.run(plan, purpose) if journal and plan.changes else nullcontext()
    retry = retry or Retries()
    with locked(project.config, _to_lock(plan, backends, refused), retry) as keeper, recording as run:
        if run:
            refused |= run.lost
            run.settle(plan, refused.values())
        books = Ledgers.of(project.config, backends, run)
        results = applying.execute(
            plan, backends, refused, stopped=stopped, track=track, journal=books, retry=retry, keep=keeper.keep
        )
        results = applying.verify(plan, backends, results, retry)
        untidy = books.tidy(plan.changes, results)
        took = time.monotonic() - started
        report = Report(
            plan.digest,
            results,
            took,
            interrupted=stopped(),
            diagnostics=(*plan.diagnostics, *untidy),
            allowances=allowances,
        )
        if run:
            report = replace(report, run=run.id, diagnostics=(*report.diagnostics, *run.finish(plan, report)))
    return report


def _to_lock(
    plan: Plan, backends: Mapping[str, Backend], settled: Mapping[tuple[str, str], Result]
) -> dict[str, Backend]:
    """Return the targets on which something is to be tried."""
    busy = {change.target for change in plan.changes if change.key not in settled}
    return {name: backend for name, backend in backends.items() if name in busy}


def _check_applicable(project: Project, plan: Plan, backends: Mapping[str, Backend]) -> None:
    if plan.looking:
        raise ConfigError(
            "This plan can't be applied",
            "It was made with `--at`, to look at another time.",
            "Plan again without `--at`.",
        )
    if plan.project != project.config.project:
        raise ConfigError(
            "This plan belongs to another project",
            f"It was made for `{plan.project}`; {project.config.path} is `{project.config.project}`.",
            "Apply it in its own project.",
        )
    missing = sorted({change.target for change in plan.changes} - set(backends))
    if missing:
        raise ConfigError(
            f"The plan's target `{missing[0]}` is not in the config", "", "Plan again with the present config."
        )


def _objections(project: Project, plan: Plan) -> dict[tuple[str, str], Result]:
    """Return results for the changes that must not be tried: refused by a rule, or the definition moved since."""
    desired = {
        (target.name, each.group.name): each
        for target in project.config.targets
        for each in wanted_on(project, target).here
    }
    found: dict[tuple[str, str], Result] = {}
    for change in plan.changes:
        refusal = plan.verdict.refusal_of(change)
        if refusal is not None:
            found[change.key] = applying.outcome_of(change, Outcome.REFUSED, refusal.summary, refusal.hint)
        elif not plan.undoes and change.definition_digest != _digest_of(desired.get(change.key)):
            error = "its definition, or something it is built from, changed since the plan"
            found[change.key] = applying.outcome_of(change, Outcome.STALE, error, "Plan again.")
    return found


def _digest_of(desired: Desired | None) -> str:
    return desired.digest() if desired else ""
