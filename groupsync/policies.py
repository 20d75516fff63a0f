"""Ask the policies what speaks against a plan, and refuse what they object to.

Only what the run looks at is refused, and what that is built on: a finding about any other group that `--select` or
`--target` left out is not this run's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.errors import InvalidDefinitions
from groupsync.model import Refusal, Severity, SourceRange, State
from groupsync.policy import PolicyContext, PolicyFinding, PolicyOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groupsync.model import Diagnostic, Members, Plan
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
        bases: names of the groups that these are built on and that are on no target of the run, or left out of it.
    """

    groups: Mapping[str, frozenset[str]]
    counts: Mapping[str, int] = field(default_factory=dict)
    bases: frozenset[str] = frozenset()

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
    options = project.config.policies or _NO_OPTIONS
    if plugins is None:
        if not options:
            return [], []
        from groupsync.plugins import Plugins

        plugins = Plugins.discover()
    findings, problems = plugins.check_plan(_context(plan, project, options, seen))
    if problems:
        raise InvalidDefinitions([*problems, *(each.found for each in findings), *plan.diagnostics])
    relevant = [each for each in findings if not each.groups or not seen.names.isdisjoint(each.groups)]
    refusals = [refusal for each in relevant for refusal in _refusals(each, plan, seen)]
    return refusals, [each.found for each in relevant]


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
    return PolicyContext(plan, definitions, options, project.as_of, members_of, count_of, canonical)


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
