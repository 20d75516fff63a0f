"""Check a plan that was saved, and was perhaps altered, before it is carried out. An edge: it reads files.

What follows from the definitions is worked out again (`groupsync.plan_check`), as of the plan's instant; and whether it
still is so now, when some of the dates that are written there may have passed. What the plan says of dates to come, and
of how groups are built on each other, is worked out again as well. Sources are not asked: their guards judge what the
plan says of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.later import laters_again
from groupsync.links import bases_of, links_again
from groupsync.memory import is_outdated, past_rows, remembered_links
from groupsync.model import SAVED_SOURCE, Outcome, Refusal, Result
from groupsync.plan_check import Basis, contradiction, has_turned, misstatement
from groupsync.project import at_instant, wanted_on
from groupsync.source import Census
from groupsync.source_guards import judge_source, since_apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groupsync.backend import Backend
    from groupsync.config import TargetConfig
    from groupsync.diff import Context
    from groupsync.model import Change, Plan, Snapshot, SourceState
    from groupsync.pasts import Told
    from groupsync.project import Project
    from groupsync.resolve import Desired
    from groupsync.source_config import SourceConfig

RULE: Final = "saved_plan"
_HINT: Final = "Plan again. If this is new to you, find out who could write to the file."


def check_saved(plan: Plan, project: Project, backends: Mapping[str, Backend]) -> Plan:
    """Return the plan with a refusal of each change that is not what the definitions make of its group.

    Args:
        plan: one that takes back a run is returned as it is: the definitions don't say what it does.
        project: whose plan it is.
        backends: the opened targets; they say what they can store.

    Raises:
        InvalidDefinitions: a member file can't be read.
    """
    if plan.undoes:
        return plan
    then = at_instant(project, plan.as_of)
    refusals = []
    for target in project.config.targets:
        changes = [change for change in plan.changes if change.target == target.name]
        basis = _basis(plan, then, target, backends) if changes else None
        for change in changes:
            if basis and (found := contradiction(change, basis)):
                summary = f"the saved plan is not what `{change.name}` is defined as: {found}"
                refusals.append(Refusal(change.target, change.name, RULE, summary, _HINT, change.at))
    remembered = remembered_links(project.config.journal, project.config.id)
    later, altered = laters_again(plan, then.resolution, remembered)
    for target_name, name in altered:
        if any(change.key == (target_name, name) and _is_stale(change, project) for change in plan.changes):
            continue
        summary = f"the dates that are written for `{name}` do something else than the saved plan says"
        hint = "Plan again: its definition is another one by now, or the file was altered."
        refusals.append(Refusal(target_name, name, RULE, summary, hint))
    verdict = replace(plan.verdict, refusals=(*plan.verdict.refusals, *refusals))
    return replace(plan, verdict=verdict, later=later, links=links_again(plan.links, then.resolution))


def check_target(plan: Plan, target: str, snapshot: Snapshot, context: Context) -> Plan:
    """Return the plan with a refusal of each change of a target that says of its group there what is not so.

    Args:
        plan: what is refused of it already is left as it is.
        target: its name.
        snapshot: what it holds now, with the marks that stand in for those it can't hold.
        context: of the target.
    """
    held = {group.name: group for group in snapshot.groups}
    refusals = []
    for change in plan.changes:
        if change.target != target or plan.verdict.refusal_of(change):
            continue
        if found := misstatement(change, held.get(change.prior_name or change.name), context):
            summary = f"the saved plan is not about `{change.name}` as it is on {target}: {found}"
            refusals.append(Refusal(target, change.name, RULE, summary, _HINT, change.at))
    return replace(plan, verdict=replace(plan.verdict, refusals=(*plan.verdict.refusals, *refusals)))


def sources_again(plan: Plan, project: Project, told: Told, *, is_rest: bool = False) -> list[Refusal]:
    """Return what speaks against the sources that a saved plan was computed from, by what it says of them.

    Args:
        plan: from a file; one that takes back a run is not computed from any source.
        project: whose plan it is.
        told: by the marks on its targets.
        is_rest: it is the rest of a run, in which what guards had said was allowed: what they say now is what counts.
    """
    if plan.undoes or not project.config.sources:
        return []
    config = project.config
    # Where later rows were believed since, fewer of them here are none that are gone.
    is_old = is_outdated(config.journal, config.id, plan.as_of)
    past = {} if is_old else _past_of_sources(plan, project, told)
    moving = {change.name for change in plan.changes if change.touches_members and not _is_stale(change, project)}
    moving |= bases_of(project.resolution.built_on, moving)
    needed = {each.source for each in project.definitions if each.name in moving}
    states = {state.name: state for state in plan.sources}
    found: list[Refusal] = []
    for source in config.sources:
        if (state := states.get(source.name)) is not None:
            found += _judged_again(source, state, past.get(source.name), plan)
            found += () if is_rest else _told_then(source, state, (*found, *plan.verdict.refusals))
        elif source.name in needed:
            summary = "the saved plan does not say what it was like, and has changes that are computed from it"
            found.append(Refusal("", source.name, SAVED_SOURCE, summary, _HINT, source.at))
    return found


def _past_of_sources(plan: Plan, project: Project, told: Told) -> dict[str, tuple[int, str]]:
    """Return by name how many customers sources had before, and since when that was."""
    config = project.config
    by_marks = {name: (rows, at) for name, (rows, at) in told.rows(config.sources).items() if at <= plan.as_of}
    by_runs = past_rows(config.journal, config.id, {source.name: source.identity for source in config.sources})
    found = {name: (rows, since_apply(at)) for name, (rows, at) in by_marks.items()}
    return found | {name: (rows, "the last run") for name, rows in by_runs.items()}


def _judged_again(source: SourceConfig, state: SourceState, past: tuple[int, str] | None, plan: Plan) -> list[Refusal]:
    census = Census(state.rows, state.nulls, state.invalid, newest=state.newest)
    return judge_source(source, census, *((past[0], plan.as_of, past[1]) if past else (None, plan.as_of)))


def _told_then(source: SourceConfig, state: SourceState, known: Iterable[Refusal]) -> Iterator[Refusal]:
    """Give what guards said of a source when the plan was made, where they don't now and the file keeps quiet of it."""
    told = {each.rule for each in known if each.is_about_source and each.name == source.name}
    for rule in state.doubted_by:
        if rule not in told:
            summary = "it spoke against the source when the plan was made"
            yield Refusal("", source.name, rule, summary, "Plan again, to see it anew.", source.at)


def _is_stale(change: Change, project: Project) -> bool:
    """Tell whether a group has another definition by now, which is told when the plan is applied."""
    desired = desired_by_key(project).get(change.key)
    return change.definition_digest != (desired.digest() if desired else "")


def _basis(plan: Plan, then: Project, target: TargetConfig, backends: Mapping[str, Backend]) -> Basis:
    wanted, backend = wanted_on(then, target), backends.get(target.name)
    return Basis(
        then.config.project,
        then.config.identity,
        {each.group.name: each for each in wanted.here},
        wanted.elsewhere,
        backend.capabilities.attributes if backend else frozenset(),
        all(state.complete for state in plan.targets if state.name == target.name),
        lambda people: then.resolution.bounds(people, then.config.identity),
    )


def moved(plan: Plan, project: Project) -> dict[tuple[str, str], Result]:
    """Return results for the changes whose definition, or the members by it, are others by now.

    Args:
        plan: of one that takes back a run nothing is moved by definitions.
        project: its definitions, as of now.

    Raises:
        InvalidDefinitions: a member file can't be read.
    """
    if plan.undoes:
        return {}
    first, last = sorted((plan.as_of, project.as_of))
    then, now = at_instant(project, first), at_instant(project, last)
    before, after = desired_by_key(then), desired_by_key(now)
    found = {}
    for change in plan.changes:
        one, other = before.get(change.key), after.get(change.key)
        if change.definition_digest != (other.digest() if other else ""):
            error = "its definition, or something it is built from, changed since the plan"
        elif one and other and then.resolution.turns(change.name, last) and has_turned(one, other):
            error = "a written `from` or `until` has passed since the plan, which decides who belongs to it"
        else:
            continue
        found[change.key] = Result(change.target, change.name, change.action, Outcome.STALE, error, "Plan again.")
    return found


def desired_by_key(project: Project) -> dict[tuple[str, str], Desired]:
    """Return what is desired of each group on each target, by target and name."""
    return {
        (target.name, each.group.name): each
        for target in project.config.targets
        for each in wanted_on(project, target).here
    }
