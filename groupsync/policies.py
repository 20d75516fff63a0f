"""Ask the policies what speaks against a plan, and refuse what they object to.

Only what the run looks at is refused: a finding about a group that `--select` or `--target` left out is not this run's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from groupsync.errors import InvalidDefinitions
from groupsync.model import Refusal, Severity, SourceRange, State
from groupsync.policy import PolicyContext, PolicyFinding, PolicyOptions
from groupsync.project import sorted_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from groupsync.model import Members, Plan
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.resolve import Desired

_NO_OPTIONS: Final = PolicyOptions({}, lambda _: SourceRange(""))


@dataclass(frozen=True, slots=True)
class Seen:
    """What planning looked at.

    Attributes:
        groups: by target, the names of the groups that were compared, with changes or without.
        counts: how many members a definition gives its group, where that was found out on the way.
    """

    groups: Mapping[str, frozenset[str]]
    counts: Mapping[str, int]

    @classmethod
    def of(cls, plan: Plan, counts: Mapping[str, int] | None = None) -> Seen:
        """Return what a plan alone tells: the groups that it changes."""
        names: dict[str, set[str]] = {target.name: set() for target in plan.targets}
        for change in plan.changes:
            names.setdefault(change.target, set()).add(change.name)
        return cls({target: frozenset(each) for target, each in names.items()}, counts or {})


def check_policies(plan: Plan, project: Project, seen: Seen, plugins: Plugins | None = None) -> Plan:
    """Return the plan with what the policies say of it: refusals in its verdict, findings among its diagnostics.

    Args:
        plan: with the core's own verdict.
        project: what it was made of.
        seen: what may be refused.
        plugins: those to ask; None asks those installed if the config has policies, and nobody otherwise.

    Raises:
        InvalidDefinitions: a policy could not be asked, or nobody enforces one that the config names.
    """
    options = project.config.policies or _NO_OPTIONS
    if plugins is None:
        if not options:
            return plan
        from groupsync.plugins import Plugins

        plugins = Plugins.discover()
    findings, problems = plugins.check_plan(_context(plan, project, options, seen))
    if problems:
        raise InvalidDefinitions([*problems, *(each.found for each in findings), *plan.diagnostics])
    relevant = [each for each in findings if not each.groups or any(map(set(each.groups).intersection, _names(seen)))]
    refusals = [refusal for each in relevant for refusal in _refusals(each, plan, seen)]
    shown = sorted_findings([*plan.diagnostics, *(each.found for each in relevant)])
    verdict = replace(plan.verdict, refusals=tuple(dict.fromkeys([*plan.verdict.refusals, *refusals])))
    return replace(plan, diagnostics=shown, verdict=verdict)


def _names(seen: Seen) -> Iterable[frozenset[str]]:
    return seen.groups.values()


def _context(plan: Plan, project: Project, options: PolicyOptions, seen: Seen) -> PolicyContext:
    desired = {each.group.name: each for each in project.resolution.groups}

    def members_of(name: str) -> Members | None:
        return _members(desired.get(name))

    def count_of(name: str) -> int | None:
        members = _members(desired.get(name))
        if members is None:
            return None
        if members.known_count is None and name in seen.counts:
            return seen.counts[name]
        return members.count

    definitions = tuple(sorted(project.definitions, key=lambda definition: definition.name))
    canonical = project.config.identity.canonical
    return PolicyContext(plan, definitions, options, plan.as_of, members_of, count_of, canonical)


def _members(desired: Desired | None) -> Members | None:
    if desired is None or desired.group.lifecycle.state is State.ABSENT:
        return None
    return desired.group.members


def _refusals(finding: PolicyFinding, plan: Plan, seen: Seen) -> Iterator[Refusal]:
    """Give the refusals that an error means; a warning means none."""
    found = finding.found
    if found.severity is not Severity.ERROR:
        return
    for target in plan.targets:
        names = [name for name in finding.groups if name in seen.groups.get(target.name, ())]
        for name in names if finding.groups else [""]:
            yield Refusal(
                target.name,
                name,
                f"policy:{found.code}",
                found.summary,
                found.hint,
                found.subject,
                count=finding.count,
                limit=finding.limit,
            )
