"""Who gets the places of a `limit`, and which segments can be computed together. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from groupsync.model import Definition
    from groupsync.model.criteria import Top
    from groupsync.references import Graph


def places(limit: Top, ranked: Iterable[str], prior: Collection[str] = ()) -> frozenset[str]:
    """Return who gets the places: first those who have one, as far as `keep_until_rank`, then the others in order.

    What comes of it, given as `prior`, comes of it again.

    Args:
        limit: how many places, and how far people stay.
        ranked: everybody who competes, the first one first; no one twice.
        prior: who has a place now, and maybe others.
    """
    first = list(islice(ranked, max(limit.count, limit.keep_until_rank or 0)))
    held = frozenset(prior) if limit.keep_until_rank else frozenset()
    staying = [each for each in first if each in held][: limit.count]
    taken = frozenset(staying)
    coming = [each for each in first if each not in taken][: limit.count - len(staying)]
    return taken.union(coming)


def segment_stages(graph: Graph) -> list[list[Definition]]:
    """Return the segments by when they can be computed, each list in the order of names.

    Those of one list need nothing but lists and segments of earlier ones: a condition may name another group, whose
    final members count. The graph has no cycles.
    """
    computed: dict[str, int] = {}
    final: dict[str, int] = {}

    def visit(name: str) -> int:
        """Return after how many stages the group's final members are known."""
        if name in final:
            return final[name]
        after = [(edge.role, visit(edge.target)) for edge in graph.edges[name]]
        known = max((stage for role, stage in after if role != "in_group"), default=0)
        if graph.definitions[name].where is not None:
            computed[name] = 1 + max((stage for role, stage in after if role == "in_group"), default=0)
            known = max(known, computed[name])
        final[name] = known
        return known

    for name in sorted(graph.definitions):
        visit(name)
    stages: list[list[Definition]] = [[] for _ in range(max(computed.values(), default=0))]
    for name in sorted(computed):
        stages[computed[name] - 1].append(graph.definitions[name])
    return stages
