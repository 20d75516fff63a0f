"""What lets somebody into a group or keeps them out, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from groupsync.report.style import number
from groupsync.report.times import day_words, period_words
from groupsync.why import Included, InFile, Listed, Matched, Rule, State
from groupsync.wording import counted

if TYPE_CHECKING:
    from groupsync.model import Definition, Period
    from groupsync.model.criteria import Floor, Share, Top
    from groupsync.why import Bar, Way, Why


def way_words(way: Way) -> str:
    """Say what a way into a group is, and whether it holds."""
    match way:
        case Listed():
            return "listed in `members`" + _entry(way.period, way.reason, way.lets_in)
        case InFile():
            return f"listed in {way.path}" if way.lets_in else f"not listed in {way.path}"
        case Matched() if way.where is None:
            return f"`where`: the source {way.source} has no such customer"
        case Matched():
            return f"`where` over the source {way.source}"
        case Included():
            holds = way.lets_in or way.why.state is not State.IN
            return f"include {way.reference.target}{_path(way)}" + _entry(
                way.reference.period, way.reference.reason, holds
            )
        case _:
            assert_never(way)


def _path(way: Included) -> str:
    return f" → {way.why.group}" if way.reference.is_pattern else ""


def _entry(period: Period, reason: str, holds: bool) -> str:
    """Say when an entry holds and why it was made."""
    doubt = "" if holds else ", but it does not hold now"
    return doubt + period_words(period) + (f", {reason}" if reason else "")


def bar_words(bar: Bar, why: Why) -> str:
    """Say what keeps somebody out of the group that `why` is about, or does not."""
    definition = why.definition
    match bar.rule:
        case Rule.UNTIL:
            return f"the group has no members any more, until {day_words(definition.until) if definition.until else ''}"
        case Rule.EXCLUDE:
            everywhere = ", as from every group" if bar.everywhere else ""
            return f"exclude {_other(bar)}{everywhere}: {_are_in(bar)}"
        case Rule.RESTRICT_TO:
            return f"restrict_to {_other(bar)}: {_are_in(bar)}"
        case Rule.HOLDOUT:
            return f"held out: {share_words(definition.holdout)}"
        case Rule.SAMPLE:
            return f"not in the sample: {share_words(definition.sample)}"
        case Rule.LIMIT:
            return _limit_words(definition, why.rank)
        case _:
            assert_never(bar.rule)


def _are_in(bar: Bar) -> str:
    return "they are in it" if bar.why is not None and bar.why.state is State.IN else "they are not in it"


def _other(bar: Bar) -> str:
    group = bar.why.group if bar.why else ""
    entry = bar.reference
    if entry is None:
        return group
    return group + _entry(entry.period, entry.reason, holds=True)


def share_words(share: Share | None) -> str:
    """Say which part of all people a holdout or sample is; empty for none."""
    return f"{share.percent} % by the seed {share.seed}" if share else ""


def _limit_words(definition: Definition, rank: int | None) -> str:
    limit = definition.limit
    if limit is None or rank is None:
        return "beyond the limit"
    stays = _stays_words(limit) if limit.keep_until_rank is not None and rank <= limit.keep_until_rank else ""
    return f"rank {number(rank)} by {limit.field}, {_order_words(limit)}, and {places_words(limit.count)}{stays}"


def top_words(limit: Top | None) -> str:
    """Say whom a limit lets in; empty for none."""
    if limit is None:
        return ""
    return f"only the first {number(limit.count)} by {limit.field}, {_order_words(limit)}{_stays_words(limit)}"


def _order_words(limit: Top) -> str:
    return f"the {'largest' if limit.descending else 'smallest'} first"


def _stays_words(limit: Top) -> str:
    if limit.keep_until_rank is None:
        return ""
    return f"; who is in already stays as far as rank {number(limit.keep_until_rank)}"


def floor_words(floor: Floor | None) -> str:
    """Say which size a segment needs, and what becomes of a smaller one; empty for none."""
    if floor is None:
        return ""
    return f"{counted(floor.count, 'member')}; a smaller one is {'emptied' if floor.empties else 'left as it is'}"


def places_words(count: int) -> str:
    """Say how many places a limit has."""
    return f"there {'is' if count == 1 else 'are'} {counted(count, 'place')}"
