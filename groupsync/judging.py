"""Bring a plan before guards and policies with what they need to know besides it: the project, the journal, targets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from groupsync.adoption import RULE as TAKING_OVER
from groupsync.approvers import known_as
from groupsync.closure import RULES, Ties, held_back
from groupsync.guard import Evidence, Judging
from groupsync.guard_overlooked import keep_what_is_not_read
from groupsync.guard_rules import guards_of
from groupsync.guard_unjudged import limits_size, silence_words, softening
from groupsync.holdings import absent_of
from groupsync.journal_read import unread_run
from groupsync.later import changes_to_come, moved_digest
from groupsync.links import NOTHING, built_on_by_now_or_then, elements_of, or_then
from groupsync.memory import past_removals, past_sizes, past_uses, remembered_links, stores_of
from groupsync.model import Action, Change, counted_only
from groupsync.pasts import Told
from groupsync.policies import Seen, ask_policies
from groupsync.project import at_instant, sorted_findings
from groupsync.unjudged import Silence, silence_of

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.errors import ConfigError
    from groupsync.guard_grants import Grant
    from groupsync.guard_lost import Holding
    from groupsync.links import Remembered
    from groupsync.model import Diagnostic, Drift, GroupGuards, Later, Plan, Refusal, Removed, Verdict
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Desired


_SIZELESS: Final = (Action.CREATE, Action.DELETE)
_NEWLY: Final = (Action.CREATE, Action.ADOPT, Action.FORGET)
"""What a target holds by these is not what the definition gave before."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known besides a plan when it is judged.

    Attributes:
        seen: which groups were looked at.
        of_sources: what speaks against the sources that segments were computed from.
        holdings: by target, all our groups there; of a target that is not in it nobody can say who is in no group.
        beside: changes that the plan leaves out, of groups that something in it is built on.
        drift_beside: how their groups stand to what was applied last.
        later_beside: what dates will do to groups that the plan leaves out and that something in it is built on.
        resumed: id of the run that is gone on with: what it took of approvals is still its own.
        adopt: the command line's consent to take over groups that are not known to be ours.
        there: by target that was read, names of our groups that it has.
        told: what marks tell of the past.
        then: how groups were built on others, and how large lists were, at the revision that the plan is compared with;
            it stands in for groups of which no run tells what they were applied with.
    """

    seen: Seen
    of_sources: Sequence[Refusal] = ()
    holdings: Mapping[str, Sequence[Holding]] = field(default_factory=dict)
    beside: Sequence[Change] = ()
    drift_beside: Sequence[Drift] = ()
    later_beside: Sequence[Later] = ()
    resumed: str = ""
    adopt: bool = False
    there: Mapping[str, frozenset[str]] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    then: Remembered = NOTHING


def judge_plan(
    plan: Plan, project: Project, looked: Looked, grants: Sequence[Grant] = (), plugins: Plugins | None = None
) -> Plan:
    """Return the plan with what guards and policies say of it: refusals and allowances in its verdict, and findings.

    One order: guards of sources and groups, policies, what is built on those refused, guards of the run on what is
    left, and what is built on what these refuse. Whom targets lose is kept as it was where nobody can say anew.

    Args:
        plan: with the core's own verdict.
        project: what it was made of.
        looked: what else is known.
        grants: exceptions from the command line, besides the project's approvals.
        plugins: whose policies are asked; see `ask_policies` for None.

    Raises:
        InvalidDefinitions: a policy could not be asked.
    """
    plan = keep_what_is_not_read(plan, project.overlooked, project.unmatched)
    config = project.config
    unread: list[ConfigError] = []
    remembered = remembered_links(config.journal, config.id, unread)
    known = looked.told.counting(remembered or NOTHING, _names(project))
    past = or_then(known, looked.then)
    by_memory = list(_changes_by_memory(plan, project, looked, past))
    looked = replace(looked, beside=(*looked.beside, *by_memory))
    remains = bool(plan.undoes or looked.resumed)
    silence = Silence()
    if not remains:
        silence = silence_of(plan, project, looked.seen.bases, looked.there, remembered=known, told=looked.told)
    built_on = built_on_by_now_or_then(project.resolution, past)
    evidence = _evidence(plan, project, looked, known, silence, built_on=built_on, unread=unread)
    judging = Judging(plan, config.guards, (*grants, *project.approvals), evidence)
    judging.judge_sources(looked.of_sources)
    judging.judge_groups()
    refused, findings = ask_policies(replace(plan, verdict=judging.verdict()), project, looked.seen, plugins)
    judging.refusals += refused
    judging.refusals += _held_back(plan, project, judging, built_on, is_recorded=remembered is not None)
    judging.judge_runs()
    judging.refusals += _held_back(plan, project, judging, built_on, is_recorded=remembered is not None)
    verdict = judging.verdict()
    is_forgotten = remembered is None and any(looked.there.values()) and not plan.undoes
    findings += _told_of_silence(judging, _unknown(plan, project, verdict, looked.told) if is_forgotten else ())
    not_believed = {each.name for each in verdict.refusals if each.is_about_source}
    losses = judging.losses + [each for each in plan.lost if each.target not in looked.holdings]
    return replace(
        plan,
        verdict=verdict,
        sources=tuple(replace(each, refused=each.name in not_believed) for each in plan.sources),
        firsts=silence.firsts,
        diagnostics=sorted_findings([*plan.diagnostics, *findings, *judging.told(), *map(unread_run, unread)]),
        lost=tuple(sorted(losses, key=lambda each: each.target)),
        known_as=known_as(plan, project.definitions, config.identity),
    )


def _names(project: Project) -> Iterator[str]:
    """Give the names that groups have, and that they had before."""
    for each in project.definitions:
        yield from (each.name, *each.previously)


def _told_of_silence(judging: Judging, others: Iterable[str]) -> list[Diagnostic]:
    stance = judging.guards.unjudged
    return [each for each in (silence_words(judging.unjudged, tuple(others), stance), softening(stance)) if each]


def _unknown(plan: Plan, project: Project, verdict: Verdict, told: Told) -> Iterator[str]:
    """Say what else is not known where no run tells what was applied last."""
    if any(each.leaving and each.members for each in plan.later):
        yield "which dates were shown before"
    lets_in = any(each.coming.count and not verdict.refusal_of(each) for each in plan.changes)
    if (project.resolution.built_on and _goes_on_beside_doubts(plan, verdict)) or (
        lets_in and told.names_others(_names(project))
    ):
        yield "what groups were built on when they were applied last"


def _goes_on_beside_doubts(plan: Plan, verdict: Verdict) -> bool:
    """Tell whether members of a group that was there before are changed while the definition of another is doubted."""
    doubts = (each for each in verdict.refusals if not each.unjudged)
    return any(each.doubts_members or each.is_about_source for each in doubts) and any(
        change.touches_members and change.action in {Action.UPDATE, Action.RENAME} and not verdict.refusal_of(change)
        for change in plan.changes
    )


def _changes_by_memory(plan: Plan, project: Project, looked: Looked, remembered: Remembered) -> Iterator[Change]:
    """Give what becomes of groups that others are built on, held against what was applied last, as far as counts tell.

    That is of those that no opened target holds, of those that come to a target only now, of those whose definition is
    gone, and of those that somebody changed on a target: what it holds proves nothing about the definition then. Their
    members are not known as they were, so that these changes have the least numbers that may come and go.
    """
    built_on = built_on_by_now_or_then(project.resolution, remembered)
    drifted = {(each.target, each.name) for each in (*plan.drift, *looked.drift_beside) if each.drifted}
    compared = (each for each in (*plan.changes, *looked.beside) if each.touches_members and each.action not in _NEWLY)
    proven = {each.name for each in compared if each.key not in drifted}
    names = frozenset[str]().union(*built_on.values()) & looked.seen.names - proven
    defined = {each.group.name: each for each in project.resolution.groups}
    for name in sorted(names):
        desired = defined.get(name)
        earlier = desired.definition.previously if desired else ()
        before = next((remembered.counts[each] for each in (name, *earlier) if each in remembered.counts), None)
        if before is None:
            continue
        if desired is None:
            yield Change("", name, Action.DELETE, name, remove=counted_only(before), prior_count=before)
        elif desired.group.members is not None and desired.group.members.count != before:
            yield _change_by_memory(desired, desired.group.members.count, before)


def _change_by_memory(desired: Desired, count: int, before: int) -> Change:
    gone = max(0, before - count)
    unexpired = len(desired.unexpired()) if gone and desired.unexpired else 0
    return Change(
        "",
        desired.group.name,
        Action.UPDATE,
        prior_name=desired.group.name,
        add=counted_only(max(0, count - before)),
        remove=counted_only(gone),
        prior_count=before,
        expired=min(gone, max(0, unexpired - count)),
        definition_digest=desired.digest(),
        at=desired.definition.at,
    )


def _held_back(
    plan: Plan, project: Project, judging: Judging, built_on: Mapping[str, frozenset[str]], *, is_recorded: bool
) -> list[Refusal]:
    own = [each for each in judging.refusals if each.rule not in RULES]
    segments: dict[str, list[str]] = {}
    for definition in project.definitions:
        if definition.source is not None:
            segments.setdefault(definition.source, []).append(definition.name)
    defined = frozenset(each.name for each in project.definitions)
    found = list(held_back(plan, own, Ties(built_on, segments, defined, is_recorded=is_recorded)))
    return [*found, *_held_before(plan, own, {(each.target, each.name) for each in found})]


def _held_before(plan: Plan, own: Sequence[Refusal], known: Container[tuple[str, str]]) -> Iterator[Refusal]:
    """Give what followed from others when the plan was saved, and does still: whoever saved it may have known more."""
    doubted = {each.name for each in own if each.doubts_members or each.is_about_source}
    for each in plan.verdict.refusals:
        if each.rule in RULES and each.because in doubted and (each.target, each.name) not in known:
            yield each


def _evidence(
    plan: Plan,
    project: Project,
    looked: Looked,
    remembered: Remembered,
    silence: Silence,
    *,
    built_on: Mapping[str, frozenset[str]],
    unread: list[ConfigError],
) -> Evidence:
    config, sized = project.config, _sized((*plan.changes, *looked.beside))
    sizes = past_sizes(config.journal, config.id, sized, config.guards.runs, stores_of(plan), unread=unread)
    definitions = project.resolution.groups
    doubted = {each.name for each in (*looked.of_sources, *plan.verdict.refusals)}
    doubted.update(each.name for each in silence.unjudged)
    own = {each.group.name: each.definition.guards for each in definitions if each.definition.guards}
    marked = _as_marked((*plan.changes, *looked.beside), config, looked.told, own, silence.unserved)
    return Evidence(
        overrides=own,
        sizes={**marked, **_as_left(plan, silence.served), **sizes},
        holdings=looked.holdings,
        unexpired={each.group.name: each.unexpired for each in definitions if each.unexpired},
        absent=absent_of(project),
        identity=config.identity,
        beside=looked.beside,
        drift_beside=looked.drift_beside,
        removals=_removals(plan, project, unread),
        to_come=tuple(changes_to_come(plan.later, project.resolution)),
        to_come_beside=tuple(changes_to_come(looked.later_beside, project.resolution)),
        announced=_announced((*plan.changes, *looked.beside), plan.as_of, project, remembered),
        remembered=frozenset(remembered.counts),
        spent=past_uses(config.journal, config.id, looked.resumed, unread) if project.approvals else (),
        now=project.as_of,
        consented=_consented(plan, project, looked),
        built_on=built_on,
        dated=lambda: project.resolution.dated,
        claimants={old: each for each in project.definitions for old in each.previously},
        segments=_segments(project, doubted),
        unjudged=silence.unjudged,
        unserved=silence.unserved,
        digests={each.group.name: each.digest for each in definitions},
    )


def _segments(project: Project, sources: Collection[str]) -> dict[str, dict[str, str]]:
    """Return by source the digests of the definitions that are computed from it, by name."""
    found: dict[str, dict[str, str]] = {}
    for each in project.resolution.groups:
        source = each.definition.source or ""
        if source in sources:
            found.setdefault(source, {})[each.group.name] = each.digest()
    return found


def _removals(plan: Plan, project: Project, unread: list[ConfigError]) -> Mapping[tuple[str, str], Removed]:
    """Return what was taken out of groups of late; nothing where nobody goes now, or nobody asks."""
    config, guards = project.config, project.config.guards
    asks = any(limit and limit.of(0) is not None for limit in (guards.removed_over.warn, guards.removed_over.refuse))
    if not asks or not any(change.remove.count for change in plan.changes):
        return {}
    since = plan.as_of - timedelta(days=guards.days)
    return past_removals(config.journal, config.id, since, stores_of(plan), unread=unread)


def _announced(
    changes: Sequence[Change], as_of: datetime, project: Project, remembered: Remembered
) -> dict[tuple[str, str], int]:
    """Return how many of those who go with a change an applied plan had shown to leave by now, for whatever date."""
    going = [change for change in changes if change.remove.count and elements_of(remembered, change, as_of)]
    if not going:
        return {}
    first = min(at for change in going for at, _, _ in elements_of(remembered, change, as_of))
    dated = at_instant(project, first - timedelta(microseconds=1)).resolution.dated
    found: dict[tuple[str, str], int] = {}
    for change in going:
        elements = elements_of(remembered, change, as_of)
        shown = {(at, digest) for at, _, digest in elements}
        of_group = [each for each in dated if each.name == change.name and (each.at, moved_digest(each)) in shown]
        leavers = frozenset[str]().union(*(each.leaving for each in of_group))
        still = len(leavers & change.remove.load()) if leavers and change.target else 0
        found[change.key] = max(still, min(change.expired, sum(leaving for _, leaving, _ in elements)))
    return found


def _as_marked(
    changes: Iterable[Change], config: Config, told: Told, own: Mapping[str, GroupGuards], unserved: Container[str]
) -> dict[tuple[str, str], Sequence[int]]:
    """Return how large groups were when their marks were written, where no run tells and somebody wrote a limit."""
    found: dict[tuple[str, str], Sequence[int]] = {}
    for change in changes:
        key = (change.target, change.prior_name or change.name)
        guards = guards_of(config.guards, own.get(change.name), change.name, change.prior_name)
        if key in told.sizes and change.target in unserved and limits_size(guards):
            found[key] = (told.sizes[key],)
    return found


def _as_left(plan: Plan, served: Container[str]) -> dict[tuple[str, str], Sequence[int]]:
    """Return how large groups are that nobody changed by hand: a kept run that served their target left them so."""
    drifted = {(each.target, each.name) for each in plan.drift if each.drifted}
    return {
        (change.target, change.prior_name or change.name): (change.prior_count,)
        for change in plan.changes
        if change.target in served and change.key not in drifted and change.prior_name is not None
    }


def _sized(changes: Iterable[Change]) -> frozenset[tuple[str, str]]:
    """Return the targets and present names of the groups whose sizes are judged by those that they had."""
    sized = [each for each in changes if each.touches_members and each.action not in _SIZELESS]
    return frozenset((change.target, change.prior_name or change.name) for change in sized)


def _consented(plan: Plan, project: Project, looked: Looked) -> frozenset[str]:
    """Return the names of the changes that may take a group over: by the command line, or by config and definition.

    For the config counts the name that the group has on the target: a definition may give it another. A run that is
    gone on with keeps the consent that it had.
    """
    refused = {each.name for each in plan.verdict.refusals if each.rule == TAKING_OVER}
    asking = {each.name for each in project.definitions if each.lifecycle.adopt}
    lets = project.config.adopt.lets
    return frozenset(
        change.name
        for change in plan.changes
        if looked.adopt
        or (looked.resumed and change.name not in refused)
        or (change.name in asking and lets(change.prior_name or change.name))
    )
