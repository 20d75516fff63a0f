"""Whose limits hold for a group: its definition tightens those of the config, and loosens them only by leave. Pure.

Which of two limits is stricter depends on the size of the group, so they are compared by what they let pass.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from groupsync.model import RULES, Diagnostic, Kind, Level, Severity, Stance, Tiers
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groupsync.model import Definition, GroupGuards, Guards, Limit, SourceRange

_SIZES: Final[tuple[int, ...]] = tuple(10**power for power in range(1, 19))
"""These read best, and a limit that is looser for large groups alone is found by one of them."""
_LEVELS: Final = tuple(Level)


def loosenings(definitions: Iterable[Definition], guards: Guards) -> Iterator[Diagnostic]:
    """Give a warning for each limit of a definition that is looser than the config's, and may not be."""
    for definition in definitions:
        if definition.guards is not None and not guards.lets_loosen(definition.name):
            yield from _loosened(definition.name, definition.guards, guards.of_a_group)


def place_of(own: GroupGuards, kind: Kind, *, refuses: bool) -> SourceRange | None:
    """Return where a definition has its own limit for what a guard found; None where it has none."""
    written: Tiers | Stance | None = getattr(own, RULES[kind])
    match written:
        case Tiers():
            limit = written.refuse if refuses else written.warn or written.refuse
            return limit.at if limit else None
        case Stance():
            return written.at
        case None:
            return own.removed_members.refuse.at if own.removed_members.refuse else None


def _loosened(name: str, own: GroupGuards, base: GroupGuards) -> Iterator[Diagnostic]:
    for rule in ("removed_members", "added_members", "size_deviation"):
        mine: Tiers = getattr(own, rule)
        theirs: Tiers = getattr(base, rule)
        for tier, limit, other in (("warn", mine.warn, theirs.warn), ("refuse", mine.refuse, theirs.refuse)):
            size = _where_looser(limit, other) if limit and other else None
            if limit and other and size is not None:
                passes = (_passing(each.of(size)) for each in (limit, other))
                lets = " pass, and the config ".join(passes)
                detail = f"At {counted(size, 'member')} it lets {lets}; the stricter counts."
                yield _ignored(f"{rule}.{tier}", name, detail, limit.at, other.at)
    mine_emptied, theirs_emptied = own.emptied_group, base.emptied_group
    if mine_emptied and theirs_emptied and _LEVELS.index(mine_emptied.level) < _LEVELS.index(theirs_emptied.level):
        detail = f"It is `{mine_emptied.level}`, and the config has `{theirs_emptied.level}`, which counts."
        yield _ignored("emptied_group", name, detail, mine_emptied.at, theirs_emptied.at)


def _where_looser(limit: Limit, base: Limit) -> int | None:
    """Return a size at which a limit lets more pass than another; None where there is none."""
    for size in chain(_SIZES, limit.bends, base.bends, (0,)):
        most, least = limit.of(size), base.of(size)
        if least is not None and (most is None or most > least):
            return size
    return None


def _passing(most: int | None) -> str:
    return "any number" if most is None else f"{most:,}"


def _ignored(what: str, name: str, detail: str, at: SourceRange | None, other: SourceRange | None) -> Diagnostic:
    return Diagnostic(
        "GS815",
        Severity.WARNING,
        f"`guards.{what}` of `{name}` is looser than the config's, and is ignored where it is",
        detail,
        f"Make it stricter, or take it out; or let it in the config: `guards: {{may_loosen: [{name}]}}`.",
        at,
        (other,) if other else (),
    )
