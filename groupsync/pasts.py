"""What marks remember for a machine that remembers nothing: written when a change is applied, read where no run tells.

A mark has what guards compared with when its group was applied last: how many customers the sources had that it is
computed from, and how many members the groups were given that it is built on. The newest mark that names something
counts, and whatever a run tells counts before it. Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from groupsync.convert_past import MOST_LISTS, MOST_SOURCES
from groupsync.links import bases_of
from groupsync.model import Past

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from groupsync.links import Remembered
    from groupsync.model import Change, Definition, Plan, Snapshot
    from groupsync.source_config import SourceConfig


def key_of(text: str) -> str:
    """Return what a mark has of a name: 16 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# --- Writing ----------------------------------------------------------------------------------------------------------


def with_pasts(
    plan: Plan, definitions: Iterable[Definition], sources: Iterable[SourceConfig], targets: Collection[str]
) -> Plan:
    """Return a plan with what the marks of its changes are to remember once they are applied.

    Args:
        plan: as it was judged: of a source that is refused nothing is remembered. One that takes back a run is returned
            as it is: its marks keep what they had.
        definitions: what it was made of.
        sources: of the config.
        targets: names of those that give back what marks remember; others are never handed it.
    """
    if plan.undoes:
        return plan
    built_on = {link.name: link.built_on for link in plan.links}
    counts = {link.name: link.count for link in plan.links if link.count is not None}
    source_of = {each.name: each.source for each in definitions if each.source is not None}
    identities = {source.name: source.identity for source in sources}
    believed = {each.name: each.rows for each in plan.sources if not each.refused and each.name in identities}
    rows = {name: (identities[name][:16], key_of(name), count) for name, count in believed.items()}

    def remembering(change: Change) -> Change:
        if change.mark is None or change.target not in targets:
            return change
        if change.name not in source_of and change.name not in built_on:
            return change
        bases = bases_of(built_on, [change.name])
        asked = {source_of[each] for each in (change.name, *bases) if each in source_of}
        of_sources = sorted(rows[each] for each in asked if each in rows)
        of_lists = sorted((key_of(each), counts[each]) for each in bases if each in counts)
        is_whole = len(asked) == len(of_sources) <= MOST_SOURCES and len(of_lists) <= MOST_LISTS
        past = Past(plan.as_of, tuple(of_sources[:MOST_SOURCES]), tuple(of_lists[:MOST_LISTS]), is_whole)
        return replace(change, mark=replace(change.mark, past=past if past.rows or past.counts else None))

    return replace(plan, changes=tuple(map(remembering, plan.changes)))


# --- Reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marked:
    """What the marks on one target tell.

    Attributes:
        pasts: what marks of our groups remember.
        telling: names of our groups whose marks would name what these were computed from and built on, if it was there
            when they were written. A mark of a version that remembered nothing is one: with it all begins.
        silent: names of the others that carry a mark.
        sizes: by name, how many members groups had when their marks were written.
    """

    pasts: tuple[Past, ...] = ()
    telling: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)


def marked_on(project: str, snapshot: Snapshot, *, remembers: bool) -> Marked:
    """Return what marks on a target tell.

    Args:
        project: whose marks count.
        snapshot: as it was read; with what a ledger has, in the place of marks.
        remembers: whether the target or its ledger gives back what marks remember.
    """
    marks = {group.name: group.mark for group in snapshot.groups if group.mark and group.mark.project == project}
    kept = {name: mark for name, mark in marks.items() if remembers and mark.is_finished}
    telling = frozenset(name for name, mark in kept.items() if mark.past is None or mark.past.is_whole)
    return Marked(
        tuple(mark.past for mark in kept.values() if mark.past),
        telling,
        frozenset(marks) - telling,
        {name: mark.count for name, mark in kept.items()},
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the marks on all opened targets tell.

    Attributes:
        pasts: newest first.
        telling: names of the groups whose marks tell wherever these are.
        sizes: by target and name, how many members groups had when their marks were written.
    """

    pasts: tuple[Past, ...] = ()
    telling: frozenset[str] = frozenset()
    sizes: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, marked: Mapping[str, Marked]) -> Told:
        """Put together what the marks of each target tell, by its name."""
        pasts = [past for each in marked.values() for past in each.pasts]
        silent = frozenset[str]().union(*(each.silent for each in marked.values()))
        return cls(
            tuple(sorted(pasts, key=lambda past: past.at, reverse=True)),
            frozenset[str]().union(*(each.telling for each in marked.values())) - silent,
            {(target, name): size for target, each in marked.items() for name, size in each.sizes.items()},
        )

    def rows(self, sources: Iterable[SourceConfig]) -> dict[str, tuple[int, datetime]]:
        """Return by name how many customers sources had, and when they were applied.

        As in the journal (`memory.past_rows`) a source is known by what it reads; one that reads something else than
        before is held against what had its name, unless that has another name now.
        """
        identities = {source.name: source.identity[:16] for source in sources}
        read: dict[str, tuple[int, datetime]] = {}
        named: dict[str, tuple[int, datetime]] = {}
        for past in self.pasts:
            for identity, name, rows in past.rows:
                read.setdefault(identity, (rows, past.at))
                if identity not in identities.values():
                    named.setdefault(name, (rows, past.at))
        found = {name: read.get(identity) or named.get(key_of(name)) for name, identity in identities.items()}
        return {name: rows for name, rows in found.items() if rows}

    def counting(self, remembered: Remembered, names: Iterable[str]) -> Remembered:
        """Return what is remembered, with how many members groups were given of which it does not tell.

        Args:
            remembered: what runs tell.
            names: of groups, present and former.
        """
        counts: dict[str, int] = {}
        for past in self.pasts:
            for key, count in past.counts:
                counts.setdefault(key, count)
        found = {name: counts[key] for name in names if (key := key_of(name)) in counts} if counts else {}
        return replace(remembered, counts={**found, **remembered.counts})

    def names_others(self, names: Iterable[str]) -> bool:
        """Tell whether some group was built on one that has none of these names."""
        keys = frozenset(map(key_of, names))
        return any(key not in keys for past in self.pasts for key, _ in past.counts)
