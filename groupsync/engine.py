"""The straight line: read → scope → diff → plan → apply → verify; `groupsync.project` is the stretch before it.

Each function is a stretch of it; the commands of `groupsync.cli` call one or two of them and print what comes back.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from groupsync import apply as applying
from groupsync.believing import believed, computed_from
from groupsync.belonging import check_plan, check_tells_whose
from groupsync.causes import with_causes
from groupsync.connect import locked
from groupsync.entries import with_entries
from groupsync.errors import BackendError, ConfigError
from groupsync.guard_grants import later_hint, written
from groupsync.holdings import holdings_of, names_of, needs_holdings
from groupsync.journal import APPLYING, Journal, Purpose
from groupsync.judging import Looked, judge_plan
from groupsync.later import laters_of
from groupsync.ledger import Ledgers
from groupsync.links import NOTHING, applied_links, bases_of, built_on_by_now_or_then, links_of, or_then
from groupsync.memory import is_outdated, remembered_links
from groupsync.model import Outcome, Plan, Report, RunKind, Verdict
from groupsync.pasts import Told, with_pasts
from groupsync.plan import sealed
from groupsync.planning import Draft, Request, plan_targets
from groupsync.policies import Seen, changed_groups
from groupsync.progress import Track, untracked
from groupsync.project import Project, at_instant, sorted_findings, stop_on_errors, wanted_on
from groupsync.reading import context_of, marks_on, read_target, remembers
from groupsync.retry import Retries
from groupsync.saved_plan import check_saved, check_target, moved, sources_again
from groupsync.segments import compute_segments
from groupsync.selecting import Search
from groupsync.undoing import after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.guard_grants import Grant
    from groupsync.links import Remembered
    from groupsync.model import PastSource, Result
    from groupsync.plugins import Plugins
    from groupsync.recovery import Resumption

__all__ = ["Request", "apply_plan", "judge_again", "make_plan"]

# --- read → scope → diff → plan ---------------------------------------------------------------------------------------


def make_plan(
    project: Project, backends: Mapping[str, Backend], request: Request, plugins: Plugins | None = None
) -> Plan:
    """Read the targets, work out every change, and ask guards and policies. Writes nothing.

    Args:
        project: what is desired.
        backends: the opened targets.
        request: what the command line asks for.
        plugins: whose policies and sources are asked; see `ask_policies` and `compute_segments` for None.

    Raises:
        InvalidDefinitions: all that member files get wrong, conditions that don't fit their source, and groups that
            belong to another project.
        ConfigError: the selection names what is nowhere.
        SourceError: a source changed while it was asked.
        BackendError: a target could not be read at all.
    """
    computed = compute_segments(project, plugins, request.as_of, tolerant=True)
    search = Search(request.selection, may_be_empty=request.may_be_empty)
    project = computed.project
    remembered = remembered_links(project.config.journal, project.config.id)
    built_on = built_on_by_now_or_then(project.resolution, or_then(remembered or NOTHING, request.then))
    draft = Draft(search=search, built_on=built_on)
    backends = plan_targets(project, backends, request, draft)
    search.check()
    told = Told.of(draft.marked)
    computed = computed.judged_by_marks(told)
    project.findings.extend(draft.findings)
    stop_on_errors(project.findings)
    compared = frozenset[str]().union(*draft.looked_at.values())
    bases = bases_of(built_on, compared)
    held = _held_by(project, backends)
    ordered = sorted(draft.changes, key=lambda change: change.key)
    drift = (*draft.drift, *draft.drift_beside)
    changes = with_causes(ordered, drift, project.definitions, project.resolution.built_on)
    changes = with_entries(changes, project.definitions, request.as_of)
    drafted = Plan(
        project.config.project,
        request.as_of,
        tuple(draft.states),
        changes,
        "",
        drift=tuple(sorted(draft.drift, key=lambda each: (each.target, each.name))),
        diagnostics=sorted_findings(project.findings),
        verdict=Verdict(tuple(draft.refusals)),
        looking=request.looking,
        sources=computed.sources,
        config=str(project.config.id),
        links=links_of(project.resolution, compared, draft.counts, remembered or NOTHING),
        later=laters_of(
            project.resolution,
            draft.looked_at | {"": bases.difference(*held.values())},
            changes,
            draft.counts,
            remembered,
            as_of=request.as_of,
        ),
    )
    seen = Seen(draft.looked_at, draft.counts, bases)
    beside = {target: names & bases for target, names in held.items()}
    dates = laters_of(project.resolution, beside, draft.beside, draft.counts, remembered, as_of=request.as_of)
    looked = Looked(
        seen,
        computed.refusals,
        draft.holdings,
        draft.beside,
        draft.drift_beside,
        dates,
        adopt=request.adopt,
        there={name: names_of(holdings) for name, holdings in draft.holdings.items()},
        told=told,
        then=request.then,
    )
    return judge_plan(sealed(drafted), project, looked, request.grants, plugins)


def _held_by(project: Project, backends: Mapping[str, Backend]) -> dict[str, frozenset[str]]:
    """Return by opened target the names of the groups that go there."""
    opened = [target for target in project.config.targets if target.name in backends]
    return {target.name: frozenset(each.group.name for each in wanted_on(project, target).here) for target in opened}


def judge_again(
    project: Project,
    plan: Plan,
    plugins: Plugins | None = None,
    *,
    backends: Mapping[str, Backend] | None = None,
    grants: Sequence[Grant] = (),
    adopt: bool = False,
    retry: Retries | None = None,
    resumption: Resumption | None = None,
) -> Plan:
    """Return a plan that was saved with what speaks against it now, besides what did when it was made.

    What in it does not follow from the definitions is refused: a file is not believed.

    Args:
        project: whose plan it is.
        plan: what its guards refused stays refused but for new grants; what it says was allowed counts for nothing.
        plugins: whose policies are asked; see `ask_policies` for None.
        backends: the opened targets; one is read again only where so many go that more people than may could be in no
            group any more. None: nobody can say.
        grants: exceptions from guards.
        adopt: the command line's consent to take over groups that are not known to be ours.
        retry: how patient to be with targets while they are read; None for the usual.
        resumption: where it is the rest of a run. What is over already is not judged then; and the rest is not what
            definitions make of a group: the run's own plan was held against them when it was found.

    Raises:
        ConfigError: the plan belongs to another config, or was made for other stores than the targets are.
        InvalidDefinitions: a policy could not be asked, or a member file not be read.
        BackendError: a target could not be read at all.
    """
    check_tells_whose(plan)
    check_plan(plan, project.config, backends or {})
    if resumption is None:
        judged, resumed = check_saved(plan, project, backends or {}), ""
    else:
        left = tuple(change for change in plan.changes if change.key not in resumption.settled)
        judged, resumed = replace(plan, changes=left), resumption.run.id
    asked = set() if resumption or plan.undoes else {change.target for change in judged.changes}
    needed = needs_holdings(judged, project)
    holdings, there, marked = {}, {}, {}
    for target in project.config.targets:
        backend = (backends or {}).get(target.name)
        if backend is None or target.name not in needed | asked:
            continue
        wanted = wanted_on(project, target)
        try:
            wanted, snapshot = read_target(project.config, target, backend, wanted, retry or Retries())
        except BackendError:
            if target.name in needed:
                raise
            continue  # what is to be done there will fail by itself
        if target.name in asked:
            context = context_of(project.config, target, backend, wanted, snapshot)
            judged = check_target(judged, target.name, snapshot, context)
        held = holdings_of(project.config.project, wanted, snapshot)
        there[target.name] = names_of(held)
        marked[target.name] = marks_on(project.config, target, backend, snapshot)
        if target.name in needed:
            holdings[target.name] = held
    groups = changed_groups(judged)
    remembered = remembered_links(project.config.journal, project.config.id)
    built_on = built_on_by_now_or_then(project.resolution, remembered or NOTHING)
    bases = bases_of(built_on, frozenset[str]().union(*groups.values()))
    seen = Seen(groups, bases=bases, after=partial(after, backends or {}, retry or Retries()))
    told_of = {each.key for each in plan.later}
    beside = {
        target: {name for name in names & bases if (target, name) not in told_of}
        for target, names in _held_by(project, backends or {}).items()
    }
    then = at_instant(project, plan.as_of).resolution
    dates = laters_of(then, {} if plan.undoes else beside, (), {}, remembered, as_of=plan.as_of)
    told = Told.of(marked)
    looked = Looked(
        seen,
        sources_again(plan, project, told, is_rest=resumption is not None),
        holdings,
        later_beside=dates,
        resumed=resumed,
        adopt=adopt,
        there=there,
        told=told,
    )
    changes = plan.changes if plan.undoes else with_entries(plan.changes, project.definitions, plan.as_of)
    return replace(judge_plan(judged, project, looked, grants, plugins), changes=changes)


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
        RunsSinceError: others began to apply since the journal was fetched; judge the plan again. Nothing was changed.
        BackendError: a target could not be locked.
    """
    _check_applicable(project, plan, backends)
    plan = with_pasts(plan, project.definitions, project.config.sources, _that_remember(project, plan, backends))
    started = time.monotonic()
    refused = _objections(project, plan) | dict(settled or {})
    allowances = plan.verdict.allowances
    allowed = tuple(written(each, plan.digest) for each in allowances)
    purpose = replace(purpose, allowances=allowed, uses=plan.verdict.uses)
    retry = retry or Retries()
    recording = journal.run(plan, purpose, pause=retry.pause) if journal and plan.changes else nullcontext()
    with locked(project.config, _to_lock(plan, backends, refused), retry) as keeper, recording as run:
        if run:
            refused |= run.lost
            run.settle(plan, refused.values())
        books = Ledgers.of(project.config, backends, run)
        results = applying.execute(
            plan,
            backends,
            refused,
            stopped=stopped,
            track=track,
            journal=books,
            retry=retry,
            keep=keeper.keep,
            goes_to=_held_by(project, backends),
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
            is_resumable=project.config.store is None or bool(project.config.store.keys),
        )
        if run and journal:
            journal.catch_up()
            unwritten = run.finish(
                plan, report, _believed(project, plan, results), _to_remember(project, plan, results)
            )
            report = replace(report, run=run.id, diagnostics=(*report.diagnostics, *unwritten))
    if journal and not plan.changes and purpose.kind is RunKind.APPLY:
        unwritten = journal.note_unchanged(plan, report, _believed(project, plan, ()), _to_remember(project, plan, ()))
        report = replace(report, diagnostics=(*report.diagnostics, *unwritten))
    return report


def _that_remember(project: Project, plan: Plan, backends: Mapping[str, Backend]) -> frozenset[str]:
    """Return the targets with changes that give back what marks remember."""
    busy = {change.target for change in plan.changes}
    targets = [target for target in project.config.targets if target.name in busy]
    return frozenset(target.name for target in targets if remembers(target, backends[target.name]))


def _believed(project: Project, plan: Plan, results: Iterable[Result]) -> tuple[PastSource, ...]:
    """Return the sources to compare with from now on; none of a plan that was saved before a later run found others."""
    config = project.config
    return () if is_outdated(config.journal, config.id, plan.as_of) else believed(plan, results, project)


def _to_remember(project: Project, plan: Plan, results: Iterable[Result]) -> Remembered:
    """Return how groups are built on others by what is applied now."""
    before = remembered_links(project.config.journal, project.config.id) or NOTHING
    doubted = computed_from([source.name for source in plan.sources if source.refused], project)
    return applied_links(plan, results, project.definitions, before, doubted)


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
    if plan.redacted:
        raise ConfigError(
            "This plan can't be applied", "People have pseudonyms in it.", "Apply the plan that it was made from."
        )
    check_plan(plan, project.config, backends)
    missing = sorted({change.target for change in plan.changes} - set(backends))
    if missing:
        raise ConfigError(
            f"The plan's target `{missing[0]}` is not in the config", "", "Plan again with the present config."
        )


def _objections(project: Project, plan: Plan) -> dict[tuple[str, str], Result]:
    """Return results for the changes that must not be tried: refused by a rule, or moved by the definitions since."""
    found = moved(plan, project)
    for change in plan.changes:
        refusal = plan.verdict.refusal_of(change)
        if refusal is not None:
            found[change.key] = applying.outcome_of(change, Outcome.REFUSED, refusal.summary, refusal.hint)
    if len(found) == len(plan.changes):
        return found
    return {key: replace(result, hint=later_hint(result.hint)) for key, result in found.items()}
