"""Which sources guards may compare with after a run: those that were believed, and applied. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.model import Outcome
from groupsync.references import Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import Definition, Plan, Result, SourceState
    from groupsync.project import Project


def believed(plan: Plan, results: Iterable[Result], project: Project) -> tuple[SourceState, ...]:
    """Return the sources of a plan whose figures are to be the past from now on.

    What a guard of the source refused is none of them, nor a source of whose changes not one could be applied: the
    targets still hold what was computed from an earlier state of it.

    Args:
        plan: that was carried out.
        results: what became of its changes.
        project: whose plan it is.
    """
    sources = [source for source in plan.sources if not source.refused]
    if not sources or not plan.changes:
        return tuple(sources)
    graph = Graph({each.name: each for each in project.definitions}, project.config.exclude)
    built = {source.name: _built_on(source.name, project.definitions, graph) for source in sources}
    ends = [(result.name, result.outcome is Outcome.APPLIED) for result in results]
    ends_of = {name: [applied for group, applied in ends if group in groups] for name, groups in built.items()}
    return tuple(source for source in sources if not ends_of[source.name] or any(ends_of[source.name]))


def _built_on(source: str, definitions: Sequence[Definition], graph: Graph) -> frozenset[str]:
    """Return the names of the groups that are computed from a source, through however many others."""
    users: dict[str, list[str]] = {}
    for name, edges in graph.edges.items():
        for edge in edges:
            users.setdefault(edge.target, []).append(name)
    found: set[str] = set()
    waiting = [each.name for each in definitions if each.where is not None and each.source == source]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += users.get(name, [])
    return frozenset(found)
