"""Go on with a run that left something to do, or take one back. An edge: it reads the journal and the targets.

Both make a plan, which is shown, judged, confirmed and applied like any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from groupsync.belonging import check_run, check_stores_of
from groupsync.errors import ConfigError
from groupsync.journal_read import find_run, has_names, open_runs, plan_path, unread_run
from groupsync.model import DOUBTED, Diagnostic, Outcome, Plan, Refusal, Result, Severity, TargetState, Verdict
from groupsync.plan import sealed
from groupsync.planfile import read_plan
from groupsync.project import sorted_findings, wanted_on
from groupsync.reading import context_of, read_target, undeclared
from groupsync.report.style import counted
from groupsync.retry import Retries
from groupsync.saved_plan import RULE, check_saved
from groupsync.target_identity import target_identity
from groupsync.undo import Past, Undoing, take_back, takes_back
from groupsync.verify import problems_of, rests_of, with_members

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.backend import Backend
    from groupsync.config import TargetConfig
    from groupsync.model import Change, Run, Snapshot
    from groupsync.ownership import Ownership
    from groupsync.project import Project
    from groupsync.verify import Rest

DONE_ALREADY: Final = "done already, by the run that this one goes on with or by somebody else"
_NOT_KEPT: Final = "Who was to be added and removed was not kept: the journal's store has no key."


# --- Go on ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resumption:
    """What is left of a run that did not come to its end, or not with all of its changes.

    Attributes:
        run: which.
        plan: those of its changes of which nobody knows that they were carried out, with what was said of them then; of
            one that stopped halfway, what is left.
        proven: results of those among them that turn out to have been, by their keys.
        unknown: results of those of which it can't be told even now, because their groups can't be read.
    """

    run: Run
    plan: Plan
    proven: Mapping[tuple[str, str], Result]
    unknown: Mapping[tuple[str, str], Result]

    @property
    def settled(self) -> dict[tuple[str, str], Result]:
        """Results of the changes that must not be tried."""
        return {**self.proven, **self.unknown}


def reminded(project: Project, plan: Plan) -> Plan:
    """Return the plan with a warning, where an earlier run left something to do that this plan does, too."""
    config = project.config
    mine = {change.key for change in plan.changes}
    if not mine:
        return plan
    try:
        left = next(((run, keys) for run, keys in open_runs(config.journal, config.id) if keys & mine), None)
    except ConfigError as error:
        return replace(plan, diagnostics=sorted_findings([*plan.diagnostics, unread_run(error)]))
    if left is None:
        return plan
    run, keys = left
    both, is_late = len(keys & mine), config.store is not None
    are = "is" if both == 1 else "are"
    found = Diagnostic(
        "GS610",
        Severity.WARNING,
        f"The run {run.id} {_end_of(run)}",
        f"Of its changes {_left_words(run, keys, is_late=is_late)}; {both:,} of those {are} in this plan, too.",
        "`groupsync apply --resume` goes on with it. Applying this plan is as good."
        if has_names(config.journal, run)
        else f"Apply this plan: it does that part of it. `--resume` can't. {_NOT_KEPT}",
    )
    return replace(plan, diagnostics=sorted_findings([*plan.diagnostics, found]))


def _end_of(run: Run) -> str:
    if run.finished_at is None:
        return "was cut short, or is still going on"
    return "was interrupted" if run.interrupted else "left something to do"


def _left_words(run: Run, keys: frozenset[tuple[str, str]], *, is_late: bool) -> str:
    """Say why changes of a run are left: `1 failed, 2 were not tried`.

    Where records come to a store late, what it does not know of a run that has not ended may be done.
    """
    unknown = dict.fromkeys(keys) if is_late and run.finished_at is None else {}
    ends = unknown | {entry.key: entry.outcome for entry in run.entries}
    failed = sum(ends.get(key) is Outcome.FAILED for key in keys)
    doubtful = sum(key in ends and ends[key] is None for key in keys)
    left = len(keys) - failed - doubtful
    words = (
        (failed, "failed"),
        (left, "was not tried" if left == 1 else "were not tried"),
        (doubtful, "may be done or not"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in words if count)


def find_resumption(
    project: Project, backends: Mapping[str, Backend], retry: Retries | None = None
) -> Resumption | None:
    """Return what is left of the last run that left something to do; None if nothing is.

    A change that the definitions don't make is refused: the file of a run is no more believed than that of a plan.

    Args:
        project: whose run.
        backends: the opened targets; they are asked what was done.
        retry: how patient to be with them; None for the usual.

    Raises:
        ConfigError: the journal is damaged, or a target is another store than the run was on.
    """
    config = project.config
    run, keys = next(open_runs(config.journal, config.id), (None, frozenset()))
    if run is None:
        return None
    if not has_names(config.journal, run):
        words = _left_words(run, keys, is_late=config.store is not None)
        detail = f"{_NOT_KEPT} Of its {counted(run.changes, 'change')} {words}."
        hint = f"Apply anew with `groupsync apply`: a new plan does the rest. {_keeping('apply --resume')}"
        raise ConfigError(f"The run {run.id} can't be gone on with", detail, hint)
    saved = read_plan(plan_path(config.journal, run.id))
    changes = [change for change in saved.changes if change.key in keys]
    check_stores_of(run, {change.target for change in changes}, config, backends)
    tried = {entry.key for entry in run.entries if entry.outcome in (None, Outcome.FAILED)}
    if run.finished_at is None and config.store:
        tried |= keys  # its last records may not have come as far as the store
    begun = {entry.key for entry in run.entries if entry.steps}
    found: dict[tuple[str, str], Rest] = {}
    for target, backend in backends.items():
        if mine := [change for change in changes if change.target == target]:
            found |= rests_of(mine, backend, retry or Retries(), begun)
    looked_at = [(change, found[change.key]) for change in changes if change.key in found]
    proven = {change.key: _proof(change) for change, rest in looked_at if not rest.problem}
    unknown = {change.key: _doubt(change, rest.problem) for change, rest in looked_at if rest.is_unread}
    todo = tuple(change for change in changes if change.key not in proven)
    if saved.undoes:
        refused = tuple(_not_taken_back(saved, todo, project))
    else:
        refused = check_saved(replace(saved, changes=todo, verdict=Verdict()), project, backends).verdict.refusals
    rests = {key: rest.change for key, rest in found.items() if rest.change and key in tried}
    changes = [rests.get(change.key, change) for change in changes]
    left = tuple(replace(each, reason=DONE_ALREADY) if each.key in proven else each for each in changes)
    refusals = tuple(_still_refused(saved.verdict.refusals, keys))
    plan = replace(
        saved,
        changes=left,
        drift=tuple(each for each in saved.drift if (each.target, each.name) in keys),
        diagnostics=(),
        verdict=replace(saved.verdict, refusals=(*refusals, *refused)),
    )
    return Resumption(run, sealed(plan), proven, unknown)


def _still_refused(refusals: Sequence[Refusal], keys: Collection[tuple[str, str]]) -> Iterator[Refusal]:
    """Give the refusals of what is left of a run, and those from which they follow."""
    left = [each for each in refusals if not each.name or (each.target, each.name) in keys]
    causes = {each.because for each in left if each.because}
    return (each for each in refusals if each in left or (each.doubts_members and each.name in causes))


def _not_taken_back(saved: Plan, changes: Sequence[Change], project: Project) -> Iterator[Refusal]:
    """Refuse what does something else than to take back a part of the run that a cut undo names."""
    config = project.config
    run = find_run(config.journal, config.id, saved.undoes)
    planned = _changes_of(run, config.journal) if run.id == saved.undoes else ()
    before = {(each.target, each.prior_name or each.name): each for each in planned}
    for change in changes:
        original = before.get(change.key)
        if original is None or not takes_back(change, original):
            summary = f"the saved plan does not take back what the run {saved.undoes} did"
            yield Refusal(change.target, change.name, RULE, summary, f"Look at `groupsync undo {run.id}`.")


def _proof(change: Change) -> Result:
    """Make the result of a change that was carried out before anybody could write that down."""
    result = Result(change.target, change.name, change.action, Outcome.APPLIED, hint=f"{DONE_ALREADY}.".capitalize())
    return with_members(result, change)


def _doubt(change: Change, problem: str) -> Result:
    """Make the result of a change that may have been carried out, and can't be looked at: it is left for later."""
    hint = "Resume again once the target can be read."
    return Result(change.target, change.name, change.action, Outcome.NOT_TRIED, problem, hint)


# --- Take back --------------------------------------------------------------------------------------------------------


def undo_plan(
    project: Project, backends: Mapping[str, Backend], run: Run, as_of: datetime, retry: Retries | None = None
) -> Plan:
    """Return the plan that takes a run back, as far as its groups are still as it left them; not judged yet.

    Args:
        project: whose run.
        backends: the opened targets; what was done on others stays.
        run: which.
        as_of: now.
        retry: how patient to be with the targets; None for the usual.

    Raises:
        ConfigError: the run is one of another config, or was on another store; its plan is damaged; or `owns` of a
            target does not go with it.
        BackendError: a target could not be read at all.
    """
    check_run(run, project.config)
    planned = _changes_of(run, project.config.journal)
    check_stores_of(run, {change.target for change in planned}, project.config, backends)
    outcomes = {entry.key: entry.outcome for entry in run.entries}
    states: list[TargetState] = []
    undoing = Undoing((), (), ())
    for target in project.config.targets:
        changes = [each for each in planned if each.target == target.name and _may_be_done(each, outcomes)]
        if changes and target.name in backends:
            backend = backends[target.name]
            state, found = _undo_on(project, target, backend, run, changes, retry=retry or Retries())
            states.append(state)
            undoing = Undoing(
                (*undoing.changes, *found.changes),
                (*undoing.refusals, *found.refusals),
                (*undoing.left_out, *found.left_out),
            )
    left_out = (*undoing.left_out, *_elsewhere(planned, outcomes, {target.name for target in project.config.targets}))
    changes = sorted(undoing.changes, key=lambda change: change.key)
    plan = Plan(
        project.config.project,
        as_of,
        tuple(states),
        tuple(changes),
        "",
        diagnostics=sorted_findings([*project.findings, *left_out]),
        verdict=Verdict(undoing.refusals),
        undoes=run.id,
        config=str(project.config.id),
    )
    return sealed(plan)


def _changes_of(run: Run, folder: Path) -> tuple[Change, ...]:
    """Return the changes of a run that is to be taken back."""
    if not run.changes:
        return ()
    if not has_names(folder, run):
        raise ConfigError(f"The run {run.id} can't be taken back", _NOT_KEPT, _keeping(f"undo {run.id}"))
    return read_plan(plan_path(folder, run.id)).changes


def _keeping(command: str) -> str:
    """Say what lets names be kept from now on, and where they may be of a run until now."""
    return (
        "Give `journal.key` in the config, and the names of later runs are kept; docs/journal.md. The machine that ran "
        f"this one may still have its own copy: try `groupsync {command}` there."
    )


def _elsewhere(
    planned: Iterable[Change], outcomes: Mapping[tuple[str, str], Outcome | None], known: Collection[str]
) -> Iterator[Diagnostic]:
    """Say of each target that the config does not have any more how much of the run stays as it is there."""
    missing = Counter(each.target for each in planned if each.target not in known and _may_be_done(each, outcomes))
    for target, count in sorted(missing.items()):
        yield Diagnostic(
            "GS612",
            Severity.WARNING,
            f"What the run did on {target} is not taken back",
            f"{counted(count, 'change')} of it went there, and the config has no target of that name.",
            "Give the target the name that it had, and take the run back again.",
        )


def _may_be_done(change: Change, outcomes: Mapping[tuple[str, str], Outcome | None]) -> bool:
    return change.key in outcomes and outcomes[change.key] in (Outcome.APPLIED, *DOUBTED, Outcome.FAILED, None)


def _undo_on(
    project: Project,
    target: TargetConfig,
    backend: Backend,
    run: Run,
    changes: Sequence[Change],
    *,
    retry: Retries,
) -> tuple[TargetState, Undoing]:
    # What is held is read before it is looked at: who changes a group between the two is found out at the write.
    wanted, snapshot = read_target(project.config, target, backend, wanted_on(project, target), retry)
    problems = problems_of(changes, backend, retry)
    outcomes = {entry.key: entry.outcome for entry in run.entries}
    begun = {entry.key for entry in run.entries if entry.steps}
    found = {entry.key for entry in run.entries if entry.is_found_done}
    past = [
        Past(each, outcomes[each.key], problems[each.key], is_begun=each.key in begun, is_found=each.key in found)
        for each in changes
    ]
    context = context_of(project.config, target, backend, wanted, snapshot)
    undoing = take_back(past, {group.name: group for group in snapshot.groups}, context)
    refusals = [refusal for each in undoing.changes if (refusal := undeclared(target.name, backend, each))]
    state = _state(target, snapshot, project.config.project, wanted.ownership)
    state = replace(state, identity=target_identity(target.plugin, target.options.values, backend))
    return state, replace(undoing, refusals=(*undoing.refusals, *refusals))


def _state(target: TargetConfig, snapshot: Snapshot, project: str, ownership: Ownership | None) -> TargetState:
    ours = [group for group in snapshot.groups if group.mark and group.mark.project == project]
    return TargetState(
        target.name,
        target.plugin,
        snapshot.revision,
        groups=len(ours),
        memberships=sum((group.members.known_count or 0) for group in ours if group.members),
        complete=snapshot.complete,
        reason=snapshot.reason,
        owns=str(ownership.owns) if ownership else "",
        records=ownership is None or ownership.is_recorded,
    )
