"""From definitions to desired groups: who belongs to each, worked out only when somebody asks. Pure.

    members = ((members ∪ members_from ∪ where ∪ include) − exclude) ∩ every one of restrict_to, at the instant `as_of`,
              then less the holdout, then only the sample, then only the first of `limit`

A reference always means the other group's final members. What is pure here is the reasoning: member files are read
through the `files` that the caller passes in, and who a segment's `where` holds for is asked of the caller.
"""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from groupsync.desired import Blocked, Desired
from groupsync.evaluation import Ask, Evaluator, MemberReader
from groupsync.model import Diagnostic, Severity
from groupsync.references import NO_DOUBTS, Doubts, Graph, rename_conflicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from groupsync.bounds import Bounds
    from groupsync.identity import Identity
    from groupsync.model import Definition, Reference
    from groupsync.schedule import Dated

__all__ = ["Ask", "Blocked", "Desired", "MemberReader", "Resolution", "resolve"]


class Resolution:
    """All desired groups, with what is wrong between them.

    Attributes:
        diagnostics: errors, which leave it without groups, and warnings.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], evaluator: Evaluator | None = None) -> None:
        self.diagnostics = diagnostics
        self._evaluator = evaluator

    @cached_property
    def groups(self) -> tuple[Desired, ...]:
        """The groups sorted by name, made when first asked for; none where anything is wrong."""
        return self._evaluator.all() if self._evaluator else ()

    @cached_property
    def built_on(self) -> Mapping[str, frozenset[str]]:
        """By name, the groups that a group is built on directly, by any key; those built on none are left out."""
        return self._evaluator.built_on() if self._evaluator else {}

    @cached_property
    def dated(self) -> tuple[Dated, ...]:
        """What written dates will do to the groups of which anything can be said, by name and date."""
        return self._evaluator.dated() if self._evaluator else ()

    def ranking(self, name: str) -> list[str]:
        """Return everybody who competes for the places of a computed segment's `limit`, the first one first."""
        return self._evaluator.ranking(name) if self._evaluator else []

    def bounds(self, people: frozenset[str], identity: Identity) -> Bounds:
        """Return what can be said, without asking any source, of which of `people` belong to which group."""
        if self._evaluator is None:
            message = "there are no groups to speak of"
            raise RuntimeError(message)
        return self._evaluator.bounds(people, identity)

    def turns(self, name: str, later: datetime) -> bool:
        """Tell whether some `from` or `until`, of a group or what it is built from, comes by a later instant."""
        return self._evaluator is not None and self._evaluator.turns(name, later)

    def computed(self, ask: Ask) -> Resolution:
        """Return the same with every segment computed.

        Segments are asked for together, as many at a time as possible: those whose conditions name no segment first,
        then those that name only these, and so on.

        Args:
            ask: answers for every segment that it is given; is not asked for those that build on a blocked one.
        """
        return Resolution(self.diagnostics, self._evaluator.computed(ask) if self._evaluator else None)


def resolve(
    definitions: Sequence[Definition],
    files: MemberReader,
    as_of: datetime,
    exclude: Sequence[Reference] = (),
    doubts: Doubts = NO_DOUBTS,
    *,
    sources: Mapping[str, str] = MappingProxyType({}),
) -> Resolution:
    """Resolve `definitions`, whose names are distinct.

    Args:
        definitions: in any order.
        files: reads member files.
        as_of: the instant at which `from` and `until` are judged, in UTC.
        exclude: the config's own, from every group but those named there and what they are built from.
        doubts: what could not be read; references are checked all the same.
        sources: by name, the digest of what the config says about a source.

    Returns:
        The groups, with segments still to be computed; none where there is an error among the diagnostics or a doubt.
    """
    by_name = {definition.name: definition for definition in (*doubts.broken, *definitions)}
    graph = Graph(by_name, exclude, doubts)
    diagnostics = (*graph.diagnostics, *graph.skipping(), *rename_conflicts(by_name))
    if not _has_error(diagnostics):
        diagnostics = (*diagnostics, *graph.cycles())
    if _has_error(diagnostics) or doubts != NO_DOUBTS:
        return Resolution(diagnostics)
    return Resolution(diagnostics, Evaluator(graph, files, as_of, sources))


def _has_error(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(found.severity is Severity.ERROR for found in diagnostics)
