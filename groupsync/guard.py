"""Hold a plan against its guards, and say what may not be applied as it stands. Pure but for loading members.

Guards of one group refuse its change. Guards of a run look at what is left, and refuse all of a target. What goes
because a written `until` has passed, or with a group that has `state: absent`, is only warned of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from groupsync import closure
from groupsync.adoption import RULE as TAKING_OVER
from groupsync.adoption import is_takeover, refused
from groupsync.following import ON_ITS_OWN, Following
from groupsync.guard_grants import (
    allowing_hint,
    approval_for,
    option_for,
    run_definition,
    source_definition,
    undo_command,
)
from groupsync.guard_limits import place_of
from groupsync.guard_lost import Holding, Losing, people_lost
from groupsync.guard_renames import recreated_groups
from groupsync.guard_rules import (
    Found,
    guards_of,
    judged,
    recreated_finding,
    removed_over,
    removed_over_target,
    run_findings,
)
from groupsync.guard_unjudged import Unjudged, unjudged_change, unjudged_target
from groupsync.identity import Identity
from groupsync.model import (
    KINDS,
    RULES,
    UNJUDGED,
    Action,
    Allowance,
    Diagnostic,
    Guards,
    Kind,
    Level,
    Loss,
    Refusal,
    Removed,
    Severity,
    Verdict,
    subject_of,
)
from groupsync.records import instant_words
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from groupsync.following import Follows
    from groupsync.guard_grants import Grant
    from groupsync.guard_lost import Lost
    from groupsync.model import Change, Definition, Drift, GroupGuards, Plan, TargetState, Use
    from groupsync.schedule import Dated


@dataclass(frozen=True, slots=True)
class Evidence:
    """What guards need to know besides the plan. Without any, those that need it say nothing.

    Attributes:
        overrides: guards that definitions set, by the definition's name.
        sizes: how many members a group had after past runs, oldest first, by target and name.
        holdings: by target, all our groups there.
        unexpired: by name, who would belong to a group if no written `until` had passed.
        absent: names of the groups that are meant to be deleted, by their own definitions.
        identity: knows the aliases, by which people are found again.
        beside: changes that the plan leaves out, of groups that something in it is built on: what is refused of them
            counts.
        drift_beside: how their groups stand to what was applied last.
        to_come: what dates that no applied plan had shown will do to members who are there, as changes, with the dates.
        to_come_beside: the same of groups that the plan leaves out, and that something in it is built on.
        announced: by key of a change, how many of those who go an applied plan had shown to leave by now; who expires
            besides them is judged as anybody who goes. None: everybody who expires was shown.
        remembered: names of the groups whose definition is held against what was applied last, besides the target.
        spent: how much of approvals past runs took.
        now: when it is judged; None for when the plan was made.
        removals: what past runs took out of groups within the days of `removed_over`, by target and present name; out
            of all groups of a target without a name.
        consented: names of the changes that may take a group over.
        claimants: by a name that a definition had before, that definition.
        built_on: by a group's name, the groups that it is built on directly, by now or when it was applied last.
        dated: what written dates will do to groups.
        segments: by name of a source that something speaks against, the digests of the definitions that are computed
            from it, by their names.
        unjudged: the sources, and the lists on no target, that a guard can't judge.
        unserved: names of the targets that no kept run is known to have served.
        digests: by name, returns the digest of a group's definition.
    """

    overrides: Mapping[str, GroupGuards] = field(default_factory=dict)
    sizes: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)
    holdings: Mapping[str, Sequence[Holding]] = field(default_factory=dict)
    unexpired: Mapping[str, Callable[[], frozenset[str]]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    identity: Identity = field(default_factory=Identity)
    beside: Sequence[Change] = ()
    drift_beside: Sequence[Drift] = ()
    to_come: Sequence[tuple[datetime, Change]] = ()
    to_come_beside: Sequence[tuple[datetime, Change]] = ()
    announced: Mapping[tuple[str, str], int] | None = None
    remembered: frozenset[str] = frozenset()
    spent: Sequence[Use] = ()
    now: datetime | None = None
    removals: Mapping[tuple[str, str], Removed] = field(default_factory=dict)
    consented: frozenset[str] = frozenset()
    claimants: Mapping[str, Definition] = field(default_factory=dict)
    built_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dated: Callable[[], Sequence[Dated]] = tuple
    segments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unjudged: Sequence[Unjudged] = ()
    unserved: frozenset[str] = frozenset()
    digests: Mapping[str, Callable[[], str]] = field(default_factory=dict)


NO_EVIDENCE: Final = Evidence()
_GONE: Final = "its group is not defined any more"
_OWN_LIMIT: Final = "a limit of its own, by `guards.may_loosen`"


class Judging:
    """A plan before its guards: first those of its sources and groups, then those of the run.

    What the plan's verdict has already is kept; of its guards' refusals those that a grant allows are not, nor those
    that follow from others, which are worked out anew. Allowances that it has count for nothing.

    Args:
        plan: with its digest, and what other rules refuse.
        guards: the config's.
        grants: exceptions that somebody gave.
        evidence: what else is known.
    """

    def __init__(
        self, plan: Plan, guards: Guards, grants: Sequence[Grant] = (), evidence: Evidence = NO_EVIDENCE
    ) -> None:
        self.plan = plan
        self.guards = guards
        self.grants = grants
        self.evidence = evidence
        self.refusals = [each for each in plan.verdict.refusals if each.rule not in {*KINDS, *closure.RULES}]
        self.stored = {
            (each.target, each.name, each.rule): each for each in plan.verdict.refusals if each.rule in KINDS
        }
        self.expired = {change.key: change.expired for change in (*evidence.beside, *plan.changes)}
        self.changes = {change.key: self._as_announced(change) for change in (*evidence.beside, *plan.changes)}
        dated = (*evidence.to_come, *evidence.to_come_beside)
        known = (*(change for _, change in dated), *self.changes.values())
        self.definitions = {change.key: change.definition_digest for change in known}
        self.drift = {(each.target, each.name): each for each in (*evidence.drift_beside, *plan.drift)}
        self.findings: list[Diagnostic] = []
        self.losses: list[Loss] = []
        self.unjudged: list[Unjudged] = []
        self.loosened: list[Allowance] = []
        self.used: dict[Grant, int] = {}
        self.uses: dict[tuple[Grant, str], int] = {}
        self.useless: dict[Grant, str] = {}
        known_people = [change for change in self.changes.values() if change.target]
        self.following = Following(known_people, evidence.built_on, evidence.dated)

    def judge_sources(self, found: Iterable[Refusal]) -> None:
        """Refuse the sources that something speaks against; where no exception can be given the rule has no kind."""
        for refusal in found:
            self.stored.pop((refusal.target, refusal.name, refusal.rule), None)
            if refusal.rule in KINDS:
                self._refuse(replace(refusal, hint=""), refusal.name, refusal.hint)
            else:
                self.refusals.append(refusal)

    def judge_groups(self) -> None:
        """Judge each change by the guards of its group, those beside the plan as well."""
        changes = list(self.changes.values())
        if self.grants:  # then what follows from another comes after it
            changes.sort(key=lambda change: self.following.depth(change.name))
        for change in changes:
            held, passed = self._judged(change)
            is_beside = change.key in self._beside
            if is_takeover(change, undoes=bool(self.plan.undoes)) and not is_beside:
                self._settle_takeover(change)
            for found in held:
                if found.refuses or not is_beside:
                    is_allowed = self._settle(self._with_surprise(found, change), change.target, change.name)
                    if is_allowed:
                        self.following.allow(change.name)
            for found in () if is_beside else passed:
                self._let_pass(found, change)
            self._judge_silence(change, {RULES[found.kind] for found in held if found.refuses})
        for each in self.evidence.unjudged:
            self._settle_unjudged(each)
        self._judge_dates()
        self._keep_superseded()
        for target in self.plan.targets:
            for pair in recreated_groups(each for each in self.plan.changes if each.target == target.name):
                found = recreated_finding(pair, self.evidence.absent)
                self._settle(found, target.name, pair.created.name)
                self._settle(found, target.name, pair.deleted.name)
        self._settle_stored(bool)

    def _judged(self, change: Change) -> tuple[list[Found], list[Found]]:
        """Return what holds of a change without those who follow from what was allowed, and what is let pass."""
        own, past, removed = self.evidence.overrides.get(change.name), self._past(change), self._removed(change)

        def found(follows: Follows) -> tuple[list[Found], list[Found]]:
            held, passed = judged(change, self.guards, own, past, self.evidence.absent, follows=follows)
            return [*held, *removed_over(change, removed, self.guards, self.evidence.absent, follows=follows)], passed

        follows = self.following.of(change)
        held, passed = found(follows)
        if follows != ON_ITS_OWN:
            refused = {each.kind for each in held if each.refuses}
            for each in found(ON_ITS_OWN)[0]:
                if each.refuses and each.kind not in refused:
                    self.stored.pop((change.target, change.name, RULES[each.kind]), None)
        return held, passed

    def _judge_dates(self) -> None:
        """Judge what written dates will do; of groups beside the plan only what refuses is told."""
        dates = [(at, change, True) for at, change in self.evidence.to_come_beside]
        dates += [(at, change, False) for at, change in self.evidence.to_come]
        if self.grants:
            dates.sort(key=lambda each: self.following.depth(each[1].name))
        for at, change, is_beside in dates:
            own, follows = self.evidence.overrides.get(change.name), self.following.of_date(change, at)
            for found in judged(change, self.guards, own, (), self.evidence.absent, follows=follows)[0]:
                said = replace(found, summary=f"by {instant_words(at)}, as it is written: {found.summary}")
                if found.refuses or not is_beside:
                    is_allowed = self._settle(said, change.target, change.name, is_least=False)
                    if is_allowed:
                        self.following.allow_dates(change.name)

    def judge_runs(self) -> None:
        """Judge what is left to be done on each target by the guards of a run."""
        for target in self.plan.targets:
            self._judge_run(target)
        self._settle_stored(lambda name: not name)

    def verdict(self) -> Verdict:
        """Return what was refused and what was allowed so far."""
        uses = tuple(grant.use(target, count) for (grant, target), count in self.uses.items() if not grant.is_option)
        return Verdict(tuple(dict.fromkeys(self.refusals)), self._allowances(), uses)

    def told(self) -> list[Diagnostic]:
        """Return warnings of what is near a limit, and exceptions that are worth nothing."""
        return [*dict.fromkeys(self.findings), *self._useless_grants()]

    @cached_property
    def _beside(self) -> frozenset[tuple[str, str]]:
        return frozenset(change.key for change in self.evidence.beside)

    def _doubts_definition(self, change: Change) -> bool:
        """Tell it by what a target holds; where somebody changed that, by what was applied last, if that is known."""
        drift = self.drift.get(change.key)
        if drift is not None and drift.drifted and change.target and change.name in self.evidence.remembered:
            return False
        return closure.doubts_definition(change, drift)

    def _with_surprise(self, found: Found, change: Change) -> Found:
        """Say in a refusal how many have expired by a date that no applied plan had shown."""
        unannounced = self.expired.get(change.key, 0) - change.expired
        if unannounced <= 0 or not found.refuses or found.kind not in (Kind.REMOVE, Kind.EMPTY):
            return found
        aside = f"{unannounced:,} of them have expired, and no applied plan had shown that date"
        return replace(found, summary=f"{found.summary}; {aside}")

    def _as_announced(self, change: Change) -> Change:
        """Return a change with those alone as expired whom an applied plan had shown to expire."""
        announced = self.evidence.announced
        return change if announced is None else replace(change, expired=announced.get(change.key, 0))

    def _past(self, change: Change) -> Sequence[int]:
        past = self.evidence.sizes.get((change.target, change.prior_name or change.name), ())
        return past[-self.guards.runs :]

    def _removed(self, change: Change) -> Removed:
        return self.evidence.removals.get((change.target, change.prior_name or change.name), Removed())

    # --- What can't be judged -----------------------------------------------------------------------------------------

    def _judge_silence(self, change: Change, refused: Collection[str]) -> None:
        """Say what guards can't judge of a change where no run is known to have served its target."""
        if change.target not in self.evidence.unserved:
            return
        own = self.evidence.overrides.get(change.name)
        guards = guards_of(self.guards, own, change.name, change.prior_name)
        for each in unjudged_change(change, self.guards, guards, self.evidence.absent):
            if each.guard == RULES[Kind.SIZE] and self._past(change):
                continue
            if each.guard not in refused and (each.refuses or change.key not in self._beside):
                self._settle_unjudged(each, doubts=self._doubts_definition(change))

    def _settle_unjudged(self, each: Unjudged, *, doubts: bool = True) -> None:
        """Refuse what a guard that refuses can't judge, unless a grant allows it; note what is warned of."""
        rule = f"{UNJUDGED}{each.guard}"
        refusal = Refusal(each.target, each.name, rule, each.lacks, at=each.at, count=each.count, doubts_members=doubts)
        refusal = replace(refusal, doubts_members=doubts and not refusal.is_about_source)
        if not each.refuses or self.guards.unjudged.level is Level.WARN:
            self.unjudged.append(each)
            return
        self.stored.pop((each.target, each.name, rule), None)
        if not self._refuse(refusal, each.name or each.target, ""):
            self.unjudged.append(each)

    # --- A run --------------------------------------------------------------------------------------------------------

    def _judge_run(self, target: TargetState) -> None:
        """Judge what will be done on one target if nothing else speaks against it."""
        refused = {each.name for each in self.refusals if each.target == target.name}
        changes = [self.changes[each.key] for each in self.plan.changes if each.target == target.name]
        applied = [each for each in changes if each.name not in refused]

        evidence = self.evidence

        def lost() -> Lost:
            left_alone = frozenset(refused.union(target.withheld))
            named = {each.name: each for each in applied}
            holdings = evidence.holdings[target.name]
            found = people_lost(
                Losing(named, left_alone, holdings, evidence.unexpired, evidence.absent, evidence.identity)
            )
            self.losses += [Loss(target.name, found.count, found.some)] if found.count else []
            return found

        can_tell = lost if target.name in evidence.holdings else None
        past = evidence.removals.get((target.name, ""), Removed())
        over = list(removed_over_target(target, applied, past, self.guards, evidence.absent))
        for found in (*run_findings(target, applied, self.guards, can_tell, evidence.absent), *over):
            self._settle(found, target.name, "")
        if target.name in evidence.unserved and not any(found.refuses for found in over):
            for each in unjudged_target(target.name, applied, self.guards, evidence.absent):
                self._settle_unjudged(each)

    # --- Refuse, allow or warn ----------------------------------------------------------------------------------------

    def _settle(self, found: Found, target: str, name: str, *, is_least: bool = True) -> bool:
        """Refuse what a finding is about unless a grant allows it, and tell whether one does.

        A finding that only warns is told.
        """
        if not found.refuses:
            self.findings.append(_warning(found, target, name))
            return False
        self.stored.pop((target, name, RULES[found.kind]), None)
        change = self.changes.get((target, name))
        is_least = is_least and not target and found.kind in (Kind.REMOVE, Kind.ADD)
        summary = f"at least {found.summary}" if is_least else found.summary
        refusal = Refusal(
            target,
            name,
            RULES[found.kind],
            summary,
            at=found.at,
            count=found.count,
            limit=found.limit,
            doubts_members=change is None or self._doubts_definition(change),
        )
        return self._refuse(refusal, found.subject or name or target, found.hint)

    def _let_pass(self, found: Found, change: Change) -> None:
        """Tell of a limit of the config that does not count, since the group's definition has a looser one by leave."""
        own = self.evidence.overrides[change.name]
        at = place_of(own, found.kind, refuses=found.refuses) or change.at
        done = "refuse" if found.refuses else "warn"
        detail = f"The config would {done}; the definition has a limit of its own, and `guards.may_loosen` lets it."
        told = replace(found, at=at, defined_at=found.at, detail=detail, hint="Nothing to do if that is meant.")
        self.findings.append(replace(_warning(told, change.target, change.name), code="GS816"))
        if found.refuses:
            source = f"{at.path}:{at.line}" if at else "its definition"
            self.loosened.append(Allowance(found.kind, change.name, found.count, source, _OWN_LIMIT))

    def _settle_takeover(self, change: Change) -> None:
        """Refuse to take a group over unless somebody consents now, whatever was said when the plan was made."""
        refusal = refused(change)
        self.stored.pop((refusal.target, refusal.name, refusal.rule), None)
        if change.name not in self.evidence.consented:
            self._refuse(replace(refusal, hint=""), change.name, refusal.hint)

    def _keep_superseded(self) -> None:
        """Refuse to delete a group whose name a definition had before, where that one's group is not taken over."""
        refused = {(each.target, each.name) for each in self.refusals if each.rule == TAKING_OVER}
        for old in self.plan.changes:
            claimant = self.evidence.claimants.get(old.name)
            if claimant is None or old.action is not Action.DELETE or old.definition_digest:
                continue
            self.stored.pop((old.target, old.name, TAKING_OVER), None)
            if (old.target, claimant.name) in refused:
                summary = (
                    f"`{old.name}` stays as long as `{claimant.name}`, which it is an earlier name of, is not ours"
                )
                hint = f"Rename or delete the `{claimant.name}` that is on {old.target}, or take it over."
                self.refusals.append(Refusal(old.target, old.name, TAKING_OVER, summary, hint, claimant.at))

    def _settle_stored(self, of_this_stage: Callable[[str], bool]) -> None:
        """Keep what the plan was refused for when it was made, though the guards may be others now."""
        for key in [key for key in self.stored if of_this_stage(key[1])]:
            refusal = self.stored.pop(key)
            self._refuse(refusal, refusal.name or refusal.target, "")

    def _refuse(self, refusal: Refusal, subject: str, first_hint: str) -> bool:
        """Refuse unless a grant allows it, and tell whether one does."""
        kind, definition = KINDS[refusal.rule], self._definition_of(refusal, subject)
        subject = f"{refusal.unjudged}:{subject}" if refusal.unjudged else subject
        if self._is_granted(refusal, subject, definition):
            return True
        option = option_for(kind, subject, refusal.count, self.plan.digest)
        approval = approval_for(kind, subject, refusal.count, definition, self.evidence.now or self.plan.as_of)
        hint = allowing_hint(first_hint, " ".join(filter(None, (undo_command(self.plan), option))))
        self.refusals.append(replace(refusal, hint=hint, approval=approval))
        return False

    def _definition_of(self, refusal: Refusal, subject: str) -> str:
        """Return the digest that an approval is bound to; empty where it can be bound to nothing."""
        match subject_of(KINDS[refusal.rule], refusal.unjudged):
            case "target":
                return run_definition(each for each in self.plan.changes if each.target == refusal.target)
            case "source":
                state = next((each for each in self.plan.sources if each.name == refusal.name), None)
                segments = self.evidence.segments.get(refusal.name, {})
                return source_definition(refusal, state, segments) if state else ""
            case _ if refusal.unjudged and not refusal.target:
                return self.evidence.digests[subject]() if subject in self.evidence.digests else ""
            case _:
                return self.definitions.get((refusal.target, subject), "")

    def _is_granted(self, refusal: Refusal, subject: str, definition: str) -> bool:
        kind = KINDS[refusal.rule]
        for grant in self.grants:
            if (grant.kind, grant.name) != (kind, subject):
                continue
            digest = self.plan.digest if grant.is_option else definition
            if not digest or not digest.startswith(grant.digest):
                self.useless[grant] = _other_digest(grant, digest)
                continue
            spent = [each for each in self.evidence.spent if grant.is_taken_by(each, refusal.target)]
            left = max(0, grant.ceiling - sum(each.count for each in spent))
            if refusal.count > left:
                self.useless[grant] = _too_little(grant, spent, refusal.count)
                continue
            self.used[grant] = min(left, self.used.get(grant, left))
            self.uses[grant, refusal.target] = max(refusal.count, self.uses.get((grant, refusal.target), 0))
            return True
        return False

    def _allowances(self) -> tuple[Allowance, ...]:
        used = [replace(grant.allowance, ceiling=left) for grant, left in self.used.items()]
        return tuple(dict.fromkeys([*used, *self.loosened]))

    def _useless_grants(self) -> Iterable[Diagnostic]:
        """Say which exceptions are worth nothing. An approval that nobody needs waits for its day, and is no news."""
        for grant in dict.fromkeys(self.grants):
            problem = self.useless.get(grant, "")
            if grant in self.used or (not problem and not grant.is_option):
                continue
            yield Diagnostic(
                "GS810" if grant.is_option else "GS811",
                Severity.WARNING,
                f"`{grant if grant.is_option else grant.allowance}` is worth nothing here",
                problem or self._nothing_to_allow(grant),
                _hint(grant, problem, self.evidence.spent),
                grant.at,
            )

    def _nothing_to_allow(self, grant: Grant) -> str:
        if not self.plan.digest.startswith(grant.digest):
            return _other_digest(grant, self.plan.digest)
        return f"No guard refuses `{grant.kind}` for `{grant.name}`."


def _other_digest(grant: Grant, digest: str) -> str:
    what = "plan" if grant.is_option else "definition"
    gone = "nothing is computed from it any more" if subject_of(grant.kind) == "source" else _GONE
    found = f"this one's digest is {digest[: len(grant.digest)]}" if digest else gone
    return f"It was given for another {what}, {grant.digest}; {found}."


def _hint(grant: Grant, problem: str, spent: Iterable[Use]) -> str:
    if not problem:
        return "Leave it out."
    if any(grant.is_taken_by(each, each.target) for each in spent):
        return "Delete it. What is needed now is in the refusal: approve that in a file of another name."
    return "Take it from the refusal, which shows what is needed."


def _too_little(grant: Grant, spent: Sequence[Use], count: int) -> str:
    if not spent:
        return f"It allows {grant.ceiling:,}, and this is {count:,}."
    taken = sum(each.count for each in spent)
    others = f", {counted(len(spent), 'run')} in all" if spent[1:] else ""
    last = f"the run {spent[-1].run} took {spent[-1].count:,} of it{others}"
    left = counted(grant.ceiling - taken, "is left", "are left") if taken < grant.ceiling else "nothing is left"
    return f"It allows {grant.ceiling:,}, once: {last}, {left}, and this is {count:,}."


def _warning(found: Found, target: str, name: str) -> Diagnostic:
    subject = found.at or found.defined_at
    related = (found.defined_at,) if found.at and found.defined_at and found.defined_at != subject else ()
    about = f"`{name}` on {target}" if name else target
    return Diagnostic(
        found.code, Severity.WARNING, f"{about}: {found.summary}", found.detail, found.hint, subject, related
    )
