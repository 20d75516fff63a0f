"""What a plan means for each person, in lines for a person. Pure but for loading members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.people import MOST, people_of
from groupsync.report.change_text import SHOWN_MEMBERS
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, GREEN, RED, counted, headline, number, wrap
from groupsync.report.totals import refused_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from groupsync.model import Change, Plan
    from groupsync.people import People, Person
    from groupsync.report.style import Style

PEOPLE_SHOWN: Final = 20
"""How many people are told of; `--full` tells of all."""
DRIFT_WORDS: Final = "where the target was changed; + on the target and not defined, - defined and not on the target"

_INDENT: Final = " " * 6


def people_of_plan(plan: Plan, most: int | None) -> People:
    """Return what a plan means for each person, without the changes that are refused."""
    refused = refused_keys(plan)
    return people_of([change for change in plan.changes if change.key not in refused], plan.lost, most)


def people_of_drift(plan: Plan, most: int | None) -> People:
    """Return what drifted of each person: in which groups a target has them, and in which it should, and has not."""
    moved = {(drift.target, drift.name) for drift in plan.drift if drift.drifted}
    return people_of([_turned(change) for change in plan.changes if change.key in moved], (), most)


def _turned(change: Change) -> Change:
    pairs = tuple((after, before) for before, after in change.readdressed)
    return replace(change, add=change.remove, remove=change.add, readdressed=pairs)


def too_many_words(found: People) -> str:
    """Say why nobody is told of."""
    return (
        f"{counted(found.too_many, 'membership comes or goes', 'memberships come and go')}: "
        f"more than the {number(MOST)} that are told by person."
    )


# --- Text -------------------------------------------------------------------------------------------------------------


def people_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give a section with a line a person and below it the groups; nothing where a plan is about nobody."""
    refused = len(refused_keys(plan))
    without = f", without {counted(refused, 'change that is', 'changes that are')} refused" if refused else ""
    yield from _section(people_of_plan(plan, _most(style)), plan, without, style)
    for loss in plan.lost:
        if loss.count > len(loss.some):
            who = f"{counted(loss.count, 'person loses', 'people lose')} every group on {escape(loss.target)}"
            yield from wrap(f"{who}, of whom {counted(len(loss.some), 'is', 'are')} marked with !.", "", style.columns)


def drift_people_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give the same of the groups that drifted."""
    yield from _section(people_of_drift(plan, _most(style)), plan, f", {DRIFT_WORDS}", style)


def _most(style: Style) -> int | None:
    return None if style.full else PEOPLE_SHOWN


def _section(found: People, plan: Plan, more: str, style: Style) -> Iterator[str]:
    if found.too_many:
        yield ""
        yield from wrap(f"By person: {too_many_words(found)}", "", style.columns)
    if not found.count:
        return
    yield ""
    for line in wrap(f"By person: {counted(found.count, 'person', 'people')}{more}", "", style.columns):
        yield style.paint(line, BOLD)
    for person in found.first:
        yield from _person_lines(person, plan, style)
    if found.count > len(found.first):
        yield style.paint(f"    … and {number(found.count - len(found.first))} more (--full shows all)", FAINT)


def _person_lines(person: Person, plan: Plan, style: Style) -> Iterator[str]:
    name = f"{escape(person.before)} → {escape(person.name)}" if person.before else escape(person.name)
    flag = style.paint("!", BOLD, RED) if person.nowhere else " "
    first, *rest = headline(f"  {flag} {style.paint(name, BOLD)}", _sum_words(person, plan, escape), style)
    yield first
    yield from (f"    {line}" for line in rest)
    most = None if style.full else SHOWN_MEMBERS
    for sign, color, keys in (("+", GREEN, person.gained), ("-", RED, person.lost)):
        for words in group_words(keys, plan, most, escape):
            start, *more = wrap(words, _INDENT + "  ", style.columns)
            yield f"{_INDENT}{style.paint(sign, color)} {start.lstrip(' ')}"
            yield from more


def _sum_words(person: Person, plan: Plan, show: Callable[[str], str]) -> str:
    """Say how many groups come and go: `+2, -1, loses every group`."""
    parts = [f"+{number(len(person.gained))}"] if person.gained else []
    parts += [f"-{number(len(person.lost))}"] if person.lost else []
    parts += [nowhere_words(person, plan, show)] if person.nowhere else []
    parts += [f"new address in {counted(person.readdressed, 'group')}"] if person.readdressed else []
    return ", ".join(parts)


def nowhere_words(person: Person, plan: Plan, show: Callable[[str], str]) -> str:
    """Say that somebody is in no group any more, and where; `show` makes names harmless."""
    where = f" on {', '.join(map(show, person.nowhere))}" if len(plan.targets) > 1 else ""
    return f"loses every group{where}"


def group_words(
    keys: Sequence[tuple[str, str]], plan: Plan, most: int | None, show: Callable[[str], str]
) -> Iterator[str]:
    """Give the names of groups, those of each target apart where a plan has several.

    Args:
        keys: targets and names.
        plan: they are of.
        most: how many names to give of a longer list; None for all.
        show: makes names harmless.
    """
    if len(plan.targets) < 2:
        yield from [_listed([name for _, name in keys], most, show)] if keys else []
        return
    by_target: dict[str, list[str]] = {}
    for target, name in keys:
        by_target.setdefault(target, []).append(name)
    for target, names in by_target.items():
        yield f"{_listed(names, most, show)} on {show(target)}"


def _listed(names: Sequence[str], most: int | None, show: Callable[[str], str]) -> str:
    shown = list(map(show, names if most is None or len(names) <= most + 1 else names[:most]))
    return ", ".join(shown) + (f" and {number(len(names) - len(shown))} more" if len(names) > len(shown) else "")
