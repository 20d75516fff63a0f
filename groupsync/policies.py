"""Ask the policies what speaks against a plan, and refuse what they object to.

Only what the run looks at is refused, and what that is built on: a finding about any other group that `--select` or
`--target` left out is not this run's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from groupsync.errors import InvalidDefinitions
from groupsync.model import (
    ATTRIBUTES,
    KNOWN_USER_GROUP,
    Action,
    Definition,
    Members,
    Refusal,
    Severity,
    SourceRange,
    State,
)
from groupsync.policy import PolicyContext, PolicyFinding, PolicyOptions, no_dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from groupsync.model import Change, Diagnostic, Plan
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Desired
    from groupsync.schedule import Dated

_NO_OPTIONS: Final = PolicyOptions({}, lambda _: SourceRange(""))


@dataclass(frozen=True, slots=True)
class Seen:
    """What planning looked at.

    Attributes:
        groups: by target, the names of the groups that were compared, with changes or without.
        counts: how many members a definition gives its group, where that was found out on the way.
        bases: names of the groups that these are built on and that are on no target of the run, or left out of it.
        after: returns who is in a group once a change of it is carried out, None where it is gone then; None where
            nobody can say.
    """

    groups: Mapping[str, frozenset[str]]
    counts: Mapping[str, int] = field(default_factory=dict)
    bases: frozenset[str] = frozenset()
    after: Callable[[Change], Members | None] | None = None

    @property
    def names(self) -> frozenset[str]:
        """All groups that findings may be about."""
        return self.bases.union(*self.groups.values())


def changed_groups(plan: Plan) -> dict[str, frozenset[str]]:
    """Return by target the names of the groups that a plan changes."""
    names: dict[str, set[str]] = {target.name: set() for target in plan.targets}
    for change in plan.changes:
        names.setdefault(change.target, set()).add(change.name)
    return {target: frozenset(each) for target, each in names.items()}


def ask_policies(
    plan: Plan, project: Project, seen: Seen, plugins: Plugins | None = None
) -> tuple[list[Refusal], list[Diagnostic]]:
    """Return what the policies refuse of a plan, and all that they find.

    Args:
        plan: with what guards refuse of its groups.
        project: what it was made of.
        seen: what may be refused.
        plugins: those to ask; None asks those installed if the config has policies, and nobody otherwise.

    Raises:
        InvalidDefinitions: a policy could not be asked, or nobody enforces one that the config names.
    """
    findings = _findings(plan, project, seen, plugins)
    refusals = [refusal for each in findings for refusal in _refusals(each, plan, seen)]
    return refusals, [each.found for each in findings]


def forbidden_people(
    plan: Plan, project: Project, seen: Seen, plugins: Plugins | None = None
) -> dict[str, dict[frozenset[str], Diagnostic]]:
    """Return by group who must not come to it, or go from it, with what says so; raises as `ask_policies` does."""
    found: dict[str, dict[frozenset[str], Diagnostic]] = {}
    for each in _findings(plan, project, seen, plugins):
        if each.people and each.found.severity is Severity.ERROR:
            for name in each.groups:
                found.setdefault(name, {})[each.people] = each.found
    return found


def _findings(plan: Plan, project: Project, seen: Seen, plugins: Plugins | None) -> list[PolicyFinding]:
    options = project.config.policies or _NO_OPTIONS
    if plugins is None:
        if not options:
            return []
        from groupsync.plugins import Plugins

        plugins = Plugins.discover()
    findings, problems = plugins.check_plan(_context(plan, project, options, seen))
    if problems:
        raise InvalidDefinitions([*problems, *(each.found for each in findings), *plan.diagnostics])
    return [each for each in findings if not each.groups or not seen.names.isdisjoint(each.groups)]


def _context(plan: Plan, project: Project, options: PolicyOptions, seen: Seen) -> PolicyContext:
    desired = {each.group.name: each for each in project.resolution.groups}
    after = _after(plan, desired, seen)

    def members_of(name: str) -> Members | None:
        return after[name] if name in after else _members(desired.get(name))

    def count_of(name: str) -> int | None:
        members = members_of(name)
        if members is None:
            return None
        if members.known_count is None and name in seen.counts:
            return seen.counts[name]
        return members.count

    found = _as_left(plan, project.definitions) if plan.undoes else project.definitions
    definitions = tuple(sorted(found, key=lambda definition: definition.name))
    identity = project.config.identity
    forms = (identity.named, identity.held.as_written)
    dates_of = no_dates if plan.undoes else _dates_of(project)
    asked = (members_of, count_of, *forms, dates_of, project.overlooked)
    return PolicyContext(plan, definitions, options, project.as_of, *asked)


def _dates_of(project: Project) -> Callable[[str], Sequence[Dated]]:
    """Return what tells the dates of a group; they are worked out for all groups when somebody asks."""

    @cache
    def by_name() -> dict[str, list[Dated]]:
        found: dict[str, list[Dated]] = {}
        for each in project.resolution.dated:
            found.setdefault(each.name, []).append(each)
        return found

    return lambda name: by_name().get(name, ())


def _after(plan: Plan, desired: Mapping[str, Desired], seen: Seen) -> dict[str, Members | None]:
    """Return by name who is in a group after the plan, where it is not known that this is who the definition has."""
    found: dict[str, Members | None] = {}
    for change in plan.changes if seen.after else ():
        definition = desired.get(change.name)
        if seen.after and (plan.undoes or (definition is not None and definition.blocked)):
            found[change.name] = _both(found.get(change.name), seen.after(change))
    return found


def _both(one: Members | None, other: Members | None) -> Members | None:
    """Return who is in either of two groups: a group has other members on another target."""
    if one is None or other is None:
        return one or other
    return Members(lambda: one.load() | other.load())


def _as_left(plan: Plan, definitions: Iterable[Definition]) -> Iterable[Definition]:
    """Return the definitions as if they said what taking back a run leaves of its groups."""
    found = {definition.name: definition for definition in definitions}
    for change in plan.changes:
        written = {each.name: each.after for each in change.attributes if each.name in ATTRIBUTES[1:]}
        made = Definition(KNOWN_USER_GROUP, change.name, change.at or SourceRange(""))
        left: Definition = replace(found.get(change.name, made), **cast("dict[str, Any]", written))
        found[change.name] = replace(left, lifecycle=replace(left.lifecycle, state=_state_after(change)))
    return found.values()


def _state_after(change: Change) -> State:
    return State.ABSENT if change.action in {Action.DELETE, Action.FORGET} else State.PRESENT


def _members(desired: Desired | None) -> Members | None:
    if desired is None or desired.group.lifecycle.state is State.ABSENT:
        return None
    return desired.group.members


def _refusals(finding: PolicyFinding, plan: Plan, seen: Seen) -> Iterator[Refusal]:
    """Give the refusals that an error means; a warning means none."""
    found = finding.found
    if found.severity is not Severity.ERROR:
        return
    for target, names in [*((each.name, seen.groups.get(each.name, ())) for each in plan.targets), ("", seen.bases)]:
        refused = [name for name in finding.groups if name in names]
        if not finding.groups and target:
            refused = [""]
        for name in refused:
            yield Refusal(
                target,
                name,
                f"policy:{found.code}",
                found.summary,
                found.hint,
                found.subject,
                count=finding.count,
                limit=finding.limit,
                doubts_members=bool(name) and finding.is_about_members,
            )
