"""Say which guards can't judge because no earlier run is known. Pure.

A fresh machine without the journal looks like the first run of all. Where a target holds groups of this project it is
not, and a guard that somebody wrote must not be silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from groupsync.guard_lost import Holding
    from groupsync.model import Guards, SourceRange, Tiers
    from groupsync.source_config import SourceConfig

_SHOWN: Final = 5


def unjudged(
    guards: Guards,
    sources: Iterable[SourceConfig],
    bases: Collection[str],
    holdings: Mapping[str, Sequence[Holding]],
    *,
    has_dates: bool = False,
    doubts: bool = False,
) -> Diagnostic | None:
    """Return a warning on what can't be judged where no earlier run is known; None where it may be the first run.

    Args:
        guards: the config's; those that are not written there say nothing.
        sources: that segments were computed from.
        bases: names of the groups that others are built on and that no opened target has.
        holdings: by target, all our groups there.
        has_dates: dates are ahead.
        doubts: something is refused that groups may have been built on.
    """
    held = sorted(target for target, groups in holdings.items() if any(each.prior is not None for each in groups))
    found = [
        *_written(guards, sources),
        *(f"how large `{name}` was, which no opened target has" for name in sorted(bases)),
    ]
    found += ["which dates were shown before"] if has_dates else []
    found += ["what groups were built on when they were applied last"] if doubts else []
    if not held or not found:
        return None
    rest = len(found) - _SHOWN
    shown = [*found[:_SHOWN], *([f"{rest:,} more"] if rest > 0 else [])]
    return Diagnostic(
        "GS818",
        Severity.WARNING,
        "No earlier run is known, so guards that compare with one say nothing",
        f"Not judged: {', '.join(shown)}. It is not the first run: {', '.join(held)} has groups of this project.",
        "Keep the journal from run to run; docs/journal.md says how. Until then look at the sizes yourself.",
    )


def _written(guards: Guards, sources: Iterable[SourceConfig]) -> Iterator[str]:
    for name, tiers in (("size_deviation", guards.size_deviation), ("removed_over", guards.removed_over)):
        if at := _place(tiers):
            yield f"`{name}` ({at.path}:{at.line})"
    for source in sources:
        limit = source.guards.max_shrink
        if limit is not None:
            where = f" ({limit.at.path}:{limit.at.line})" if limit.at else ""
            yield f"`max_shrink` of the source {source.name}{where}"


def _place(tiers: Tiers) -> SourceRange | None:
    limits = (tiers.refuse, tiers.warn)
    return next((each.at for each in limits if each and each.at and each.of(0) is not None), None)
