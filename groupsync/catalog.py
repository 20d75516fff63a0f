"""All groups of a project at a glance: what each is, who answers for it, how large it is. Pure but for loading members.

Nothing of a target is looked at: it is what the definitions say.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from groupsync.condition_words import in_words
from groupsync.expiring import expiring
from groupsync.model import Mode, State
from groupsync.model.criteria import Everyone
from groupsync.references import Graph, manages_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from groupsync.desired import Blocked, Desired
    from groupsync.model import MemberFile, SourceRange
    from groupsync.model.criteria import Condition, Floor, Share, Top

COMPARED_GROUPS: Final = 24
COMPARED_MEMBERS: Final = 5_000_000
"""How many groups are compared with each other, and how many members they may have together."""


class Standing(enum.StrEnum):
    """What can be said of a group from its definition."""

    ACTIVE = "active"
    EMPTY = "empty"
    INACTIVE = "inactive"
    BLOCKED = "blocked"
    UNMANAGED = "unmanaged"
    EXPIRED = "expired"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Link:
    """That a group is built from another, or another from it; `role` is the key or `in_group`."""

    role: str
    group: str


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One group.

    Attributes:
        name, kind, display_name, description, owners, labels: as defined; empty where nothing is said.
        at: where its name is written.
        standing: see `Standing`; why in `note`, a clause, where there is more to say.
        count: how many members; None where the definition doesn't say, or nobody can.
        targets: where it goes, in the order of the config.
        source: that a segment is computed from, and `criteria` in words; empty for any other kind.
        eligible: who is a customer of that source at all, in words; empty for everybody.
        holdout, sample, limit, min_size: as defined; None where nothing is said.
        is_additive: nobody is removed from the group.
        files: with members, as paths from the project's folder.
        rows: by path, which rows of a file are meant, in words; without files of which all are.
        built_from, used_by: sorted.
        expires: when the next of its entries, or the group as a whole, ceases to hold; None for never.
        is_protected: `prevent_delete` is set.
    """

    name: str
    kind: str
    at: SourceRange
    standing: Standing
    note: str = ""
    display_name: str = ""
    description: str = ""
    owners: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    targets: tuple[str, ...] = ()
    source: str = ""
    criteria: str = ""
    eligible: str = ""
    holdout: Share | None = None
    sample: Share | None = None
    limit: Top | None = None
    min_size: Floor | None = None
    is_additive: bool = False
    files: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    built_from: tuple[Link, ...] = ()
    used_by: tuple[Link, ...] = ()
    expires: datetime | None = None
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """How many members two groups have in common, at least one."""

    one: str
    other: str
    count: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """All groups of a project.

    Attributes:
        entries: sorted by name.
        excluded: groups, or patterns, that the config takes out of every other; no links of the entries.
        compared: names of the groups that were compared with each other, the largest first.
        shared: what they have in common, the most first.
    """

    project: str
    as_of: datetime
    entries: tuple[CatalogEntry, ...]
    excluded: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    shared: tuple[Shared, ...] = ()


def catalog_of(
    project: str,
    groups: Sequence[Desired],
    targets: Mapping[str, frozenset[str]],
    excluded: Sequence[str],
    as_of: datetime,
    *,
    eligible: Mapping[str, Condition] = MappingProxyType({}),
) -> Catalog:
    """Return the catalogue of a project's groups; loads the members of each once, and those of the largest together.

    Args:
        project: its name.
        groups: resolved, segments computed.
        targets: by name of target, the names of the groups that go there.
        excluded: groups, or patterns, that the config takes out of every other.
        as_of: the instant that it is about.
        eligible: by name of source, who is a customer at all, where that is not everybody.

    Raises:
        GroupsyncError: members can't be loaded.
    """
    definitions = {each.group.name: each.definition for each in groups}
    edges = Graph(definitions, ()).edges
    used: dict[str, set[Link]] = {name: set() for name in definitions}
    for name, found in edges.items():
        for edge in found:
            used[edge.target].add(Link(edge.role, name))
    entries = [
        _entry(
            each,
            tuple(name for name, there in targets.items() if each.group.name in there),
            {Link(edge.role, edge.target) for edge in edges[each.group.name]},
            used[each.group.name],
            as_of,
            eligible=eligible.get(each.definition.source or ""),
        )
        for each in sorted(groups, key=lambda each: each.group.name)
    ]
    compared, shared = _overlap(groups, {entry.name: entry.count or 0 for entry in entries})
    return Catalog(project, as_of, tuple(entries), tuple(excluded), compared, shared)


def _entry(
    desired: Desired,
    targets: tuple[str, ...],
    built_from: set[Link],
    used_by: set[Link],
    as_of: datetime,
    *,
    eligible: Condition | None,
) -> CatalogEntry:
    definition, group = desired.definition, desired.group
    count = group.members.count if group.members is not None else None
    standing, note = _standing(desired, count, as_of)
    soon = expiring([definition], as_of, as_of.max.replace(tzinfo=as_of.tzinfo))
    return CatalogEntry(
        group.name,
        group.kind or definition.kind,
        definition.at,
        standing,
        note,
        definition.display_name or "",
        definition.description or "",
        definition.owners or (),
        definition.labels or (),
        count,
        targets,
        definition.source or "",
        in_words(definition.where) if definition.where is not None else "",
        in_words(eligible) if eligible is not None else "",
        definition.holdout,
        definition.sample,
        definition.limit,
        definition.min_size,
        definition.lifecycle.mode is Mode.ADDITIVE,
        tuple(file.path for file in definition.members_from or ()),
        tuple(_rows(definition.members_from or ())),
        _sorted(built_from),
        _sorted(used_by),
        soon[0].until if soon else None,
        definition.lifecycle.prevent_delete,
    )


def _rows(files: Iterable[MemberFile]) -> Iterator[tuple[str, str]]:
    for file in files:
        where = file.reading.where if file.reading else None
        if where is not None and not isinstance(where, Everyone):
            yield file.path, in_words(where)


def _sorted(links: set[Link]) -> tuple[Link, ...]:
    return tuple(sorted(links, key=lambda link: (link.role, link.group)))


def _standing(desired: Desired, count: int | None, as_of: datetime) -> tuple[Standing, str]:
    definition = desired.definition
    if definition.lifecycle.state is State.ABSENT:
        return Standing.ABSENT, "its group is to be deleted"
    if definition.until is not None and definition.until <= as_of:
        return Standing.EXPIRED, "its `until` has passed"
    if desired.blocked is not None:
        return _blocked(desired.blocked, definition.name)
    if not manages_members(definition):
        return Standing.UNMANAGED, "it does not say who belongs to it"
    return (Standing.ACTIVE if count else Standing.EMPTY), ""


def _blocked(blocked: Blocked, name: str) -> tuple[Standing, str]:
    if blocked.by != name:
        return Standing.BLOCKED, f"it is built from {blocked.by}: {blocked.reason}"
    return (Standing.INACTIVE if blocked.size is not None else Standing.BLOCKED), blocked.reason


def _overlap(groups: Sequence[Desired], counts: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[Shared, ...]]:
    """Compare the largest groups, as many as may be held at once."""
    sets: dict[str, frozenset[str]] = {}
    held = 0
    for each in sorted(groups, key=lambda each: (-counts[each.group.name], each.group.name)):
        name, members = each.group.name, each.group.members
        held += counts[name]
        if len(sets) == COMPARED_GROUPS or held > COMPARED_MEMBERS or not counts[name] or members is None:
            break
        sets[name] = members.load()
    shared = [Shared(one, other, len(sets[one] & sets[other])) for one, other in combinations(sets, 2)]
    found = sorted((each for each in shared if each.count), key=lambda each: (-each.count, each.one, each.other))
    return tuple(sets), tuple(found)
