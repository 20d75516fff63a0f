"""Which sources guards may compare with after a run: those that were believed, and applied. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.links import above_of, bases_of
from groupsync.model import DOUBTED, Outcome, PastSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from groupsync.model import Plan, Result
    from groupsync.project import Project


def believed(plan: Plan, results: Iterable[Result], project: Project) -> tuple[PastSource, ...]:
    """Return the sources of a plan whose figures are to be the past from now on.

    What is refused of a source is none of them, nor a source of whose changes not one could be applied: the
    targets still hold what was computed from an earlier state of it.

    Args:
        plan: that was carried out.
        results: what became of its changes.
        project: whose plan it is.
    """
    identities = {source.name: source.identity for source in project.config.sources}
    sources = [
        PastSource(source.name, source.rows, identities.get(source.name, ""))
        for source in plan.sources
        if not source.refused
    ]
    if not sources or not plan.changes:
        return tuple(sources)
    built = {source.name: computed_from([source.name], project) for source in sources}
    ends = [(result.name, result.outcome in (Outcome.APPLIED, *DOUBTED)) for result in results]
    ends_of = {name: [applied for group, applied in ends if group in groups] for name, groups in built.items()}
    return tuple(source for source in sources if not ends_of[source.name] or any(ends_of[source.name]))


def computed_from(sources: Collection[str], project: Project) -> frozenset[str]:
    """Return the names of the groups that are computed from some sources, through however many others."""
    segments = [each.name for each in project.definitions if each.source in sources]
    return bases_of(above_of(project.resolution.built_on), segments).union(segments)
