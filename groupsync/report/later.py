"""What written dates will do, in lines for every format. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from groupsync.records import instant_words
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.model import Later, Plan

TITLE: Final = "Later, by what is written"
_HORIZON: Final = timedelta(days=90)


def later_items(plan: Plan, show: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return what becomes of groups within the next 90 days, by date: the instant, and what happens.

    Args:
        plan: with what dates will do.
        show: makes names harmless.
    """
    end = plan.as_of + _HORIZON
    shown = sorted((each for each in plan.later if each.at <= end), key=lambda each: (each.at, each.key))
    return [(instant_words(each.at), _words(each, plan, show)) for each in shown]


def beyond_words(plan: Plan) -> str:
    """Say how much happens after these 90 days; empty for nothing."""
    beyond = [each for each in plan.later if each.at > plan.as_of + _HORIZON]
    if not beyond:
        return ""
    groups = counted(len({each.key for each in beyond}), "group")
    last = instant_words(max(each.at for each in beyond))
    new = sum(each.is_new for each in beyond)
    return f"After 90 days: {counted(len(beyond), 'date')} in {groups}, the last on {last}" + (
        f"; {counted(new, 'of these is', 'of these are')} new or changed." if new else "."
    )


def _words(later: Later, plan: Plan, show: Callable[[str], str]) -> str:
    """Say what happens to one group: `customers: 10,000 members leave (new)`."""
    moves = [counted(later.entering, "member enters", "members enter")] if later.entering else []
    moves += [counted(later.leaving, "member leaves", "members leave")] if later.leaving else []
    where = f" on {show(later.target)}" if len(plan.targets) > 1 and later.target else ""
    notes = [word for word, holds in (("new or changed", later.is_new), ("a forecast", later.is_forecast)) if holds]
    return f"{show(later.name)}{where}: {', '.join(moves)}" + (f" ({', '.join(notes)})" if notes else "")
