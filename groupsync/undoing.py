"""Make the plan that takes a run back, without what policies forbid, and hold a saved one against it. An edge.

An undo does what definitions don't say, so that policies are asked about what it would leave on the targets. Whoever
they forbid to come, or to go, is left out and named; the rest is taken back.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_read import find_run
from groupsync.model import Action, Diagnostic, Members, Refusal, Severity
from groupsync.plan import change_digest, sealed
from groupsync.policies import Seen, changed_groups, forbidden_people
from groupsync.project import sorted_findings
from groupsync.reading import members_after, members_now
from groupsync.recovery import undo_plan
from groupsync.retry import Retries
from groupsync.saved_plan import RULE
from groupsync.undo import without

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from groupsync.backend import Backend
    from groupsync.model import Change, Plan, Run
    from groupsync.plugins import Plugins
    from groupsync.project import Project

_NAMED: Final = 5


def plan_undo(
    project: Project,
    backends: Mapping[str, Backend],
    run: Run,
    as_of: datetime,
    *,
    plugins: Plugins | None = None,
    retry: Retries | None = None,
) -> Plan:
    """Return the plan that takes a run back, as far as its groups and the policies let it; not judged yet.

    Raises:
        InvalidDefinitions: a policy could not be asked.
        ConfigError, BackendError: as `undo_plan` raises them.
    """
    retry = retry or Retries()
    plan = undo_plan(project, backends, run, as_of, retry)
    while True:  # ends: each round takes somebody out of a change
        seen = Seen(changed_groups(plan), after=partial(after, backends, retry))
        forbidden = forbidden_people(plan, project, seen, plugins)
        changes: list[Change] = []
        left_out: list[Diagnostic] = []
        for change in plan.changes:
            left: Change | None = change
            for people, found in forbidden.get(change.name, {}).items():
                kept = _moved(left, people) if left else frozenset()
                if left and kept and left.action is not Action.DELETE:
                    left_out.append(_left_out(change, kept, found))
                    left = without(left, kept, members_now(left, backends[left.target], retry))
            changes += [left] if left else []
        if not left_out:
            return plan
        findings = sorted_findings([*plan.diagnostics, *left_out])
        plan = sealed(replace(plan, changes=tuple(changes), diagnostics=findings))


def _moved(change: Change, people: frozenset[str]) -> frozenset[str]:
    return (change.add.load() | change.remove.load()) & people


def _left_out(change: Change, people: frozenset[str], found: Diagnostic) -> Diagnostic:
    names = sorted(people)
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return Diagnostic(
        "GS613",
        Severity.WARNING,
        f"Not all of `{change.name}` on {change.target} is taken back: a policy forbids it ({found.code})",
        f"Left as they are now: {', '.join(names[:_NAMED])}{more}. {found.summary}.",
        "Nothing to do if the policy is right.",
        found.subject,
    )


def after(backends: Mapping[str, Backend], retry: Retries, change: Change) -> Members | None:
    """Return who is in a group once a change of it is carried out; see `members_after`."""
    return members_after(change, backends[change.target], retry) if change.target in backends else None


def check_undo(
    plan: Plan,
    project: Project,
    backends: Mapping[str, Backend],
    plugins: Plugins | None = None,
    retry: Retries | None = None,
) -> Plan:
    """Return a saved plan that takes a run back with a refusal of each change that taking it back would not make now.

    Raises:
        ConfigError: the journal has no such run; or as `undo_plan` raises it.
        InvalidDefinitions, BackendError: as `plan_undo` raises them.
    """
    run = find_run(project.config.journal, project.config.id, plan.undoes)
    if run.id != plan.undoes:
        raise ConfigError(
            "This plan takes back a run that the journal does not have",
            f"It names `{plan.undoes}`.",
            "`groupsync history` lists the runs, and `groupsync undo RUN` takes one back.",
        )
    now = plan_undo(project, backends, run, plan.as_of, plugins=plugins, retry=retry)
    made = {change.key: change_digest(change) for change in now.changes}
    why = {found.summary.split("`")[1]: found.detail for found in now.diagnostics if found.code == "GS612"}
    refusals = tuple(
        Refusal(
            change.target,
            change.name,
            RULE,
            f"the saved plan is not what `groupsync undo {run.id}` makes now",
            why.get(change.name, "Run that, and see what differs."),
        )
        for change in plan.changes
        if made.get(change.key) != change_digest(change)
    )
    return replace(plan, verdict=replace(plan.verdict, refusals=(*plan.verdict.refusals, *refusals)))
