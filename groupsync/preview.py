"""Try a segment: how many it has, what each condition does to that, and who they are. An edge: it asks the source."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from groupsync.aliases import with_former
from groupsync.binding import bind
from groupsync.condition_words import groups_of, in_words
from groupsync.lookup import attribute_named, segment_named
from groupsync.model import NO_MEMBERS
from groupsync.model.criteria import All, Everyone
from groupsync.ranges import slices_of
from groupsync.report.preview import Overlap, Preview, Step
from groupsync.segments import compute_segments, open_sources
from groupsync.source import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from groupsync.identity import Identity
    from groupsync.model import Definition, Reference
    from groupsync.model.criteria import Condition
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.ranges import Slice
    from groupsync.resolve import Desired
    from groupsync.segments import OpenSource


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for besides the usual.

    Attributes:
        by: an attribute whose values are counted; empty for none.
        statement: whether to show what the engine is asked.
    """

    by: str = ""
    statement: bool = False


def preview_segment(project: Project, plugins: Plugins, name: str, as_of: datetime, wish: Wish) -> Preview:
    """Compute a project's segments, and say more of one of them. Writes nothing, reads no target.

    Raises:
        ConfigError: there is no such segment, or the source knows no such attribute.
        InvalidDefinitions, PluginError, SourceError: as `compute_segments` raises them.
    """
    definition = segment_named(project, name)
    computed = compute_segments(project, plugins, as_of)
    desired = {each.definition.name: each for each in computed.project.resolution.groups}
    source = definition.source or ""
    with open_sources(project.config, plugins, as_of, [source]) as opened:
        asked = _Asked(opened[source], definition, desired, project.config.identity)
        eligible, steps = asked.funnel()
        matched, held_out = asked.matched()
        by = (wish.by, asked.shares(wish.by)) if wish.by else None
        statement = asked.statement() if wish.statement else ""
    mine, blocked = desired[name].group.members, desired[name].blocked
    return Preview(
        name,
        source,
        definition.at,
        as_of,
        mine.count if mine is not None else None,
        blocked.reason if blocked is not None else "",
        tuple(refusal for refusal in computed.refusals if refusal.name == source),
        eligible,
        matched,
        held_out,
        steps,
        _then(definition, project.config.exclude),
        _overlaps(name, desired) if mine is not None else (),
        by,
        statement,
    )


class _Asked:
    """One segment, put to its source."""

    def __init__(
        self,
        opened: OpenSource,
        definition: Definition,
        desired: Mapping[str, Desired],
        identity: Identity,
    ) -> None:
        self.opened = opened
        self.definition = definition
        if definition.where is None:
            raise ValueError("it is no segment")
        self.written = definition.where
        self.where = self._bound(definition.where)
        asked = [self.where] if opened.eligible is None else [self.where, opened.eligible]
        named = {group.group for each in asked for group in groups_of(each)}
        members = {group: desired[group].group.members or NO_MEMBERS for group in named}
        self.groups = {group: with_former(each, identity) for group, each in members.items()}

    def _bound(self, condition: Condition) -> Condition:
        # It was bound without errors when the segments were computed.
        return bind(condition, self.opened.attributes, self.opened.as_of, self.opened.config.name)[0]

    def funnel(self) -> tuple[int, tuple[Step, ...]]:
        """Return how many customers there are, and what becomes of them, in one pass."""
        written = self.written.conditions if isinstance(self.written, All) else (self.written,)
        bound = [self._bound(each) for each in written]
        together = [All(tuple(bound[: number + 1]), self.written.at) for number in range(len(bound))]
        conditions = [Everyone(self.written.at), *bound, *together]
        everybody, *counts = self.opened.source.count(conditions, self.groups, self.opened.eligible)
        alone, narrowed = counts[: len(bound)], counts[len(bound) :]
        steps = zip(written, alone, narrowed, strict=True)
        return everybody, tuple(Step(in_words(each), single, joint) for each, single, joint in steps)

    def matched(self) -> tuple[int, int]:
        """Return how many the condition is true for, and how many of them are held out."""
        with tempfile.TemporaryDirectory(prefix="groupsync-") as folder:
            found = self.opened.source.evaluate([self._question()], self.groups, Path(folder), self.opened.eligible)
        answer = found.answers[self.definition.name]
        return answer.matched, answer.held_out

    def shares(self, by: str) -> tuple[Slice, ...]:
        """Return who matches by the values of an attribute."""
        attribute = attribute_named(self.opened.attributes, by, self.opened.config.name)
        source, eligible = self.opened.source, self.opened.eligible
        return slices_of(source.shares(self.where, attribute.column or by, self.groups, eligible))

    def statement(self) -> str:
        """Return what the engine is asked."""
        return self.opened.source.statement(self._question(), self.opened.eligible)

    def _question(self) -> Question:
        one = self.definition
        top = one.limit
        return Question(one.name, self.where, one.holdout, one.sample, top)


def _then(definition: Definition, everywhere: Sequence[Reference]) -> tuple[str, ...]:
    """Return, in words, the keys that change who belongs once the condition and the holdout have spoken."""
    keys = ("members", "members_from", "include", "exclude", "restrict_to", "sample", "limit", "until")
    found = [f"`{key}`" for key in keys if getattr(definition, key)]
    if everywhere:
        found.append("the config's `exclude`")
    return tuple(found)


def _overlaps(name: str, desired: Mapping[str, Desired]) -> tuple[Overlap, ...]:
    """Return the groups that have members in common with one, the largest first; each is in memory by itself."""
    mine = desired[name].group.members
    people = mine.load() if mine is not None else frozenset()
    found = [
        Overlap(other, len(people & each.group.members.load()))
        for other, each in desired.items()
        if other != name and each.group.members is not None
    ]
    return tuple(sorted((each for each in found if each.count), key=lambda each: (-each.count, each.group)))
