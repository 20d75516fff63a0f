"""Which guards can't judge, because what they compare with is not known. Pure.

A fresh machine without the journal looks like the first run of all. What comes for the first time is told for each
subject: a source, list or group that neither a run nor a mark on a target names has nothing to be compared with. Where
anything else can't be judged, the guard does what it is there for: one that refuses refuses, one that warns warns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.guard_lost import is_consented
from groupsync.links import bases_of
from groupsync.model import (
    RULES,
    Action,
    Diagnostic,
    First,
    FirstOf,
    Kind,
    Level,
    Severity,
    Tiers,
)
from groupsync.wording import few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from groupsync.links import Remembered
    from groupsync.memory import KnownRuns
    from groupsync.model import Change, GroupGuards, Guards, SourceRange, Stance
    from groupsync.source_config import SourceConfig

_SHOWN: Final = 5
_SHRINK: Final = RULES[Kind.MAX_SHRINK]
_NEW: Final = frozenset({Action.CREATE, Action.ADOPT, Action.FORGET})


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A guard that can't judge something.

    Attributes:
        guard: which, as the config calls it.
        target, name: of what, as in the refusal of it.
        lacks: what is not known, as a clause.
        refuses: whether the guard would refuse, or only warn; one that nobody wrote only warns.
        at: where it is written; None for a default.
        count: how many memberships come and go with what it would have judged.
    """

    guard: str
    target: str
    name: str
    lacks: str
    refuses: bool = False
    at: SourceRange | None = None
    count: int = 0

    def __str__(self) -> str:
        where = f" ({self.at.path}:{self.at.line})" if self.at else ""
        guard = f"`{self.guard}`{where} of"
        if self.guard == _SHRINK:
            return f"{guard} the source `{self.name}`"
        if not self.target:
            return f"{guard} `{self.name}`, which no opened target has"
        return f"{guard} `{self.name}` on {self.target}" if self.name else f"{guard} all of {self.target}"


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the time before a run.

    Attributes:
        runs: what kept runs looked at.
        remembered: what was applied last, as far as runs and marks tell.
        rows: names of the sources of which it is known how many customers they had.
        there: names of the groups of ours that were on some target, or may have been on one that was not read wholly,
            and whose marks don't tell what they were computed from and built on.
        taken: names of the groups that an opened target takes.
        above: by a group's name, the groups that are built on it directly.
        changes: of the plan, that touch members.
    """

    runs: KnownRuns
    remembered: Remembered
    rows: frozenset[str]
    there: frozenset[str]
    taken: frozenset[str]
    above: Mapping[str, Collection[str]]
    changes: Sequence[Change]

    def was_there(self, name: str) -> bool:
        """Tell whether a group was there and nothing tells of it: on a target, or by what is built on it."""
        waiting, seen = [name], set[str]()
        while waiting:
            each = waiting.pop()
            if each in self.there:
                return True
            if each not in self.taken and each not in seen:
                seen.add(each)
                waiting += self.above.get(each, ())
        return False

    def is_doubted(self, what: FirstOf, name: str) -> bool:
        """Tell whether a run is known to have refused a source or list."""
        return First(what, name) in self.remembered.doubted

    def moved(self, names: Iterable[str]) -> int | None:
        """Return how many memberships come and go in some groups and what is built on them; None if nothing changes."""
        names = frozenset(names)
        all_ = bases_of(self.above, names) | names
        found = [change for change in self.changes if change.name in all_]
        return sum(_moved(change) for change in found) if found else None


def unjudged_sources(
    sources: Iterable[SourceConfig], segments: Mapping[str, Collection[str]], past: Past
) -> Iterator[Unjudged | First]:
    """Give the sources whose `max_shrink` can't judge, where other things hang on them, and those that are new.

    Args:
        sources: those that the plan's segments were computed from.
        segments: by a source's name, the groups that are computed from it.
        past: what is known.
    """
    for source in sources:
        limit, computed = source.guards.max_shrink, segments.get(source.name, ())
        count = past.moved(computed)
        if limit is None or limit.of(0) is None or source.name in past.rows or count is None:
            continue
        is_unnamed = past.runs.is_any and source.name not in past.runs.sources
        if (is_unnamed and not past.is_doubted(FirstOf.SOURCE, source.name)) or not any(map(past.was_there, computed)):
            yield First(FirstOf.SOURCE, source.name)
        else:
            lacks = "how many customers it had before is not known"
            yield Unjudged(_SHRINK, "", source.name, lacks, refuses=True, at=limit.at, count=count)


def unjudged_lists(lists: Mapping[str, tuple[int, Sequence[GroupGuards]]], past: Past) -> Iterator[Unjudged | First]:
    """Give the lists that a guard can't judge, where others change with them, and those that are new.

    Args:
        lists: those on no opened target of which no run tells how large they were: by name, how many members each has,
            and the guards of which each holds for it.
        past: what is known.
    """
    for name, (size, guards) in sorted(lists.items()):
        count = past.moved([name])
        if count is None:
            continue
        if (past.runs.is_any and not past.is_doubted(FirstOf.LIST, name)) or not past.was_there(name):
            yield First(FirstOf.LIST, name)
            continue
        guard = RULES[Kind.REMOVE]
        refuses, at = _level(each.removed_members for each in guards) or (False, None)
        emptied = _refusing(each.emptied_group for each in guards)
        if emptied and not refuses and not size:
            guard, refuses, at = RULES[Kind.EMPTY], True, emptied
        yield Unjudged(guard, "", name, "how many members it had before is not known", refuses, at, count)


def unjudged_change(
    change: Change, config: Guards, guards: Sequence[GroupGuards], absent: frozenset[str]
) -> Iterator[Unjudged]:
    """Give the guards that somebody wrote and that can't judge a change, as no run is known to have served its target.

    Args:
        change: of a group that may have been there.
        config: the config's guards.
        guards: those of which each holds for the group.
        absent: names of the groups that are meant to be deleted.
    """
    if not change.touches_members or change.action in _NEW:
        return
    sized = _level(each.size_deviation for each in guards)
    if sized and change.action is not Action.DELETE:
        lacks = "its earlier sizes are not known"
        yield Unjudged(RULES[Kind.SIZE], change.target, change.name, lacks, *sized, _moved(change))
    over, going = _level([config.removed_over]), _going(change, absent)
    if over and going:
        lacks = f"how many went from it within {few(config.days, 'a day', 'days')} is not known"
        yield Unjudged(RULES[Kind.OVER], change.target, change.name, lacks, *over, going)


def unjudged_target(
    target: str, changes: Iterable[Change], config: Guards, absent: frozenset[str]
) -> Iterator[Unjudged]:
    """Give the same for a target as a whole.

    Args:
        target: its name.
        changes: those of it that nothing else speaks against.
        config: the config's guards.
        absent: names of the groups that are meant to be deleted.
    """
    over, going = _level([config.removed_over]), sum(_going(change, absent) for change in changes)
    if over and going:
        lacks = f"how many memberships went from it within {few(config.days, 'a day', 'days')} is not known"
        yield Unjudged(RULES[Kind.OVERALL], target, "", lacks, *over, going)


def has_written(config: Guards, own: Iterable[GroupGuards | None]) -> bool:
    """Tell whether somebody wrote a limit for groups or targets that compares with earlier runs."""
    sized = [config.size_deviation, *(each.size_deviation for each in own if each)]
    return _level([config.removed_over, *sized]) is not None


def limits_size(guards: Iterable[GroupGuards]) -> bool:
    """Tell whether somebody wrote a limit for the size of a group by those that it had."""
    return _level(each.size_deviation for each in guards) is not None


def silence_words(found: Sequence[Unjudged], others: Sequence[str], softened: Stance) -> Diagnostic | None:
    """Return a warning on what can't be judged; None where there is nothing.

    Args:
        found: the guards that can't judge.
        others: what else is not known, in words.
        softened: `guards.unjudged` of the config.
    """
    words = [*map(str, found), *others]
    if not words:
        return None
    rest = len(words) - _SHOWN
    shown = [*words[:_SHOWN], *([f"{rest:,} more"] if rest > 0 else [])]
    refused = softened.level is not Level.WARN and any(each.refuses for each in found)
    once = " Until then a refusal names what allows just this, once." if refused else ""
    return Diagnostic(
        "GS818",
        Severity.WARNING,
        "This is not the first run, and what guards compare with is not known here",
        f"Not judged: {', '.join(shown)}.",
        f"Keep the journal from run to run: `journal: {{store: git}}`, or a folder that stays (docs/journal.md).{once}",
    )


def softening(stance: Stance) -> Diagnostic | None:
    """Return the warning that guards which can't judge only warn in a project; None where they do what they are for."""
    if stance.level is not Level.WARN:
        return None
    return Diagnostic(
        "GS819",
        Severity.WARNING,
        "A guard that can't judge only warns in this project",
        "`guards.unjudged` of the config is `warn`.",
        "Take it out once the journal is kept from run to run.",
        stance.at,
    )


def _moved(change: Change) -> int:
    return change.coming.count + change.going.count


def _going(change: Change, absent: frozenset[str]) -> int:
    touched = change.touches_members and change.action not in _NEW and not is_consented(change, absent)
    return change.going.count - change.expired if touched else 0


def _level(candidates: Iterable[Tiers]) -> tuple[bool, SourceRange] | None:
    """Return whether limits that somebody wrote refuse, or only warn, and where; None where nobody wrote any."""
    candidates = tuple(candidates)
    for refuses in (True, False):
        for tiers in candidates:
            limit = tiers.refuse if refuses else tiers.warn
            if limit and limit.at and limit.of(0) is not None:
                return refuses, limit.at
    return None


def _refusing(candidates: Iterable[Stance | None]) -> SourceRange | None:
    return next((each.at for each in candidates if each and each.level is Level.REFUSE and each.at), None)
