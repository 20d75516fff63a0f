"""Guards of a source as a whole: judged before any segment that is computed from it counts. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from groupsync.model import MAX_MISFITS, NOT_COMPUTED, Refusal
from groupsync.records import instant_words
from groupsync.times import in_words
from groupsync.wording import counted
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from groupsync.model import SourceState
    from groupsync.pasts import Told
    from groupsync.source import Census
    from groupsync.source_config import SourceConfig

_SAMPLES: Final = 3
_AHEAD: Final = timedelta(minutes=15)
"""How far clocks may be apart."""
_SHOWN: Final = "What is computed from it is shown, and not applied; lists go on."
_KEPT: Final = "Nothing that is computed from it is planned; lists go on."


def judge_source(
    source: SourceConfig, census: Census, past_rows: int | None, as_of: datetime, since: str = "the last run"
) -> list[Refusal]:
    """Return what speaks against a source; empty where what is computed from it may be applied.

    Args:
        source: with its guards.
        census: what it holds.
        past_rows: how many customers it had then; None where that is not known.
        as_of: the instant from which ages are counted.
        since: when that was, in words.
    """
    return [
        *_too_few(source, census),
        *_shrunk(source, census.rows, past_rows, since),
        *_odd_ids(source, census),
        *_odd_values(source, census),
        *_too_old(source, census, as_of),
    ]


def such_as(samples: Sequence[str]) -> str:
    """Return a clause with some values, in quotes so that blanks can be seen; empty where there is none."""
    quoted = [f"'{shown(each)}'" for each in samples[:_SAMPLES]]
    return f", such as {', '.join(quoted)}" if quoted else ""


def judge_by_marks(
    sources: Iterable[SourceConfig], states: Sequence[SourceState], told: Told, known: Collection[str]
) -> dict[str, Refusal]:
    """Return by name what `max_shrink` has against sources of which no run tells, by what marks remember of them.

    Args:
        sources: of the config.
        states: what they hold now.
        told: by the marks on the opened targets.
        known: names of those of which runs tell.
    """
    sources = tuple(sources)
    past, rows = told.rows(sources), {state.name: state.rows for state in states}
    found: dict[str, Refusal] = {}
    for source in sources:
        if source.name in rows and source.name in past and source.name not in known:
            before, at = past[source.name]
            for each in _shrunk(source, rows[source.name], before, since_apply(at)):
                found[source.name] = each
    return found


def since_apply(at: datetime) -> str:
    """Say when marks were written that remember something."""
    return f"the apply of {instant_words(at)}"


def _too_few(source: SourceConfig, census: Census) -> Iterator[Refusal]:
    guards = source.guards
    missing = (guards.min_rows.count or 0) - census.rows if guards.min_rows else 0
    if guards.min_rows and missing > 0:
        yield Refusal(
            "",
            source.name,
            "min_rows",
            f"{counted(census.rows, 'customer')}, and there must be {guards.min_rows.count:,}: "
            f"that is {missing:,} too few",
            f"{_SHOWN} See whether the source was loaded wholly, or lower `min_rows`.",
            guards.min_rows.at,
            count=missing,
        )


def _shrunk(source: SourceConfig, rows: int, past_rows: int | None, since: str) -> Iterator[Refusal]:
    guards = source.guards
    most = guards.max_shrink.of(past_rows) if guards.max_shrink and past_rows is not None else None
    if guards.max_shrink and past_rows is not None and most is not None and past_rows - rows > most:
        gone = past_rows - rows
        yield Refusal(
            "",
            source.name,
            "max_shrink",
            f"{gone:,} of {counted(past_rows, 'customer')} {'is' if gone == 1 else 'are'} gone since {since}, "
            f"and {most:,} may be",
            f"{_SHOWN} See whether the source was loaded wholly, or raise `max_shrink`.",
            guards.max_shrink.at,
            count=gone,
            limit=most,
        )


def _odd_ids(source: SourceConfig, census: Census) -> Iterator[Refusal]:
    if census.duplicates:
        yield Refusal(
            "",
            source.name,
            NOT_COMPUTED,
            f"{counted(census.duplicates, 'identifier has', 'identifiers have')} more than one row"
            f"{such_as(census.duplicate_samples)}",
            f"{_KEPT} The source must have one row for each customer: name such a table, or a query that makes one.",
            source.at,
            count=census.duplicates,
        )
    limit, odd = source.guards.max_null_ids, census.nulls + census.invalid
    most = limit.of(census.rows)
    if most is not None and odd > most:
        yield Refusal(
            "",
            source.name,
            "max_null_ids",
            f"{counted(census.nulls, 'row has', 'rows have')} no identifier and "
            f"{counted(census.invalid, 'has', 'have')} none that can be one"
            f"{such_as(census.invalid_samples)}; {most:,} may",
            f"{_SHOWN} See whether `id` names the right column, or raise `max_null_ids`.",
            limit.at or source.at,
            count=odd,
            limit=most,
        )


def _odd_values(source: SourceConfig, census: Census) -> Iterator[Refusal]:
    limit = source.guards.max_misfits
    most = limit.of(census.rows)
    if most is None:
        return
    for each in (column for column in census.misfits if column.count > most):
        yield Refusal(
            "",
            source.name,
            MAX_MISFITS,
            f"{counted(each.count, 'value')} of `{each.column}` {'is' if each.count == 1 else 'are'} none of its type"
            f"{such_as(each.samples)}; {most:,} may be",
            f"{_SHOWN} Correct them where they are kept, or how the source is read, or raise `max_misfits`.",
            limit.at or source.at,
            count=each.count,
            limit=most,
        )


def _too_old(source: SourceConfig, census: Census, as_of: datetime) -> Iterator[Refusal]:
    most = source.guards.max_age
    if most is None:
        return
    if census.newest is None:
        summary, hint = "nobody knows how old it is", "Name the column that tells in `updated_at`."
    elif census.newest - as_of > _AHEAD:
        when = f"{census.newest:%Y-%m-%dT%H:%M:%SZ}"
        summary = f"its newest row is of {when}, after the plan's instant, so nobody knows how old it is"
        hint = "Correct the time where it is kept."
    elif as_of - census.newest > most:
        summary = f"its newest row is {in_words(as_of - census.newest)} old, and may be {in_words(most)}"
        hint = "See whether the source is still loaded, or raise `max_age`."
    else:
        return
    yield Refusal("", source.name, "max_age", summary, f"{_SHOWN} {hint}", source.guards.max_age_at)
