"""Lists and tables that a page has beside the groups: figures, refusals, warnings, sources, targets. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.model import UNREADABLE
from groupsync.report.change_text import DEFAULTED, place, standing_of
from groupsync.report.later import beyond_words, later_items
from groupsync.report.markdown_escape import MAX_NAME, MAX_TEXT, clip
from groupsync.report.quiet import EDIT_WORDS
from groupsync.report.style import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groupsync.model import Allowance, Diagnostic, Loss, Plan, Refusal, SourceState, TargetState

MAX_LISTED: Final = 200
"""How many refusals, warnings, targets and so on are listed; more are counted."""
MAX_HINT: Final = 1_000
_APPROVAL_LINES: Final = 40
_WITHHELD: Final = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of those at a glance, with its name, a word about it, and how it reads."""

    label: str
    value: str
    note: str = ""
    tone: str = "plain"


def figure(value: int, one: str, many: str = "", note: str = "", tone: str = "") -> Figure:
    """Return a number whose name agrees with it; the tone, where one is given, is for what is not zero."""
    return Figure(counted(value, one, many).partition(" ")[2], number(value), note, tone if value and tone else "plain")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that somebody has to know: what it is about, what is so, where it is written, what to do."""

    what: str
    text: str
    tag: str = ""
    where: str = ""
    hint: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """A list of notices under a heading; `more` are not shown."""

    title: str
    tone: str
    items: tuple[Notice, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row is its heading. `numeric` are the places of columns of numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    more: int = 0


def listed(title: str, tone: str, notices: Iterable[Notice]) -> Notices:
    """Return a list that is not endless."""
    waiting = iter(notices)
    shown = tuple(islice(waiting, MAX_LISTED))
    return Notices(title, tone, shown, sum(1 for _ in waiting))


def refusal_notice(refusal: Refusal) -> Notice:
    """Say what is refused, by which rule, and what would allow it."""
    name, on = clip(refusal.name, MAX_NAME), clip(refusal.target, MAX_NAME)
    if refusal.is_about_source:
        what = f"the source {name}"
    elif not refusal.target:
        what = f"{name}, on no target here"
    else:
        what = f"{name} on {on}" if refusal.name else f"all of {on}"
    lines = refusal.approval.splitlines()
    approval = "\n".join(clip(line, MAX_TEXT) for line in lines[:_APPROVAL_LINES])
    where = clip(set_where(refusal).strip(" ()"), MAX_TEXT)
    return Notice(
        what,
        clip(refusal.summary, MAX_TEXT),
        clip(refusal.rule, MAX_NAME),
        where,
        clip(refusal.hint, MAX_HINT),
        approval,
    )


def set_where(refusal: Refusal) -> str:
    """Say where the rule is set, in brackets behind a space; empty where that goes without saying."""
    return f" ({place(refusal.at)})" if refusal.at else " (by default)" if refusal.rule in DEFAULTED else ""


def later_notices(plan: Plan) -> Iterator[Notice]:
    """Say what dates will do, one after the other."""
    for instant, words in later_items(plan, lambda name: clip(name, MAX_NAME)):
        yield Notice(instant, clip(words, MAX_TEXT))
    if words := beyond_words(plan):
        yield Notice("Later still", clip(words, MAX_TEXT))


def quiet_notices(plan: Plan) -> Iterator[Notice]:
    """Say which definitions were edited without effect today."""
    for each in plan.compared.quiet if plan.compared else ():
        yield Notice(clip(each.name, MAX_NAME), EDIT_WORDS[each.edit], where=clip(place(each.at), MAX_TEXT))


def loss_notice(loss: Loss) -> Notice:
    """Say how many lose every group on a target, with the first of them."""
    names = ", ".join(clip(name, MAX_NAME) for name in loss.some)
    more = loss.count - len(loss.some)
    text = f"{names} and {number(more)} more" if more > 0 else names
    return Notice(f"{counted(loss.count, 'person', 'people')} on {clip(loss.target, MAX_NAME)}", text)


def allowance_notice(allowance: Allowance) -> Notice:
    """Say which exception was used, who gave it and why."""
    by = f"by {clip(allowance.source, MAX_NAME)}"
    return Notice(clip(str(allowance), MAX_NAME), clip(allowance.reason, MAX_TEXT) or "no reason given", "", by)


def warning_notice(found: Diagnostic) -> Notice:
    """Say what was found, and what mends it."""
    plugin = f" (plugin {clip(found.plugin, MAX_NAME)})" if found.plugin else ""
    detail = f" {clip(found.detail, MAX_TEXT)}" if found.detail else ""
    return Notice(
        f"{found.severity.value} {clip(found.code, MAX_NAME)}",
        f"{clip(found.summary, MAX_TEXT)}{plugin}.{detail}",
        "",
        clip(place(found.subject), MAX_TEXT) if found.subject else "",
        clip(found.hint, MAX_HINT),
    )


def sources_table(sources: Sequence[SourceState]) -> Table:
    """Tell of each source how large and how new it is."""
    rows = tuple(
        (
            clip(source.name, MAX_NAME),
            clip(source.plugin, MAX_NAME),
            "not read" if UNREADABLE in source.doubted_by else number(source.rows),
            number(source.segments),
            f"{source.newest:%Y-%m-%d %H:%M} UTC" if source.newest else "not known",
            "refused" if source.refused else "used",
        )
        for source in sources[:MAX_LISTED]
    )
    head = ("source", "plugin", "customers", "segments", "newest from", "state")
    return Table("Sources", head, rows, frozenset({2, 3}), max(0, len(sources) - MAX_LISTED))


def targets_table(targets: Sequence[TargetState]) -> Table:
    """Tell of each target what was read of it."""
    rows = tuple(
        (
            clip(target.name, MAX_NAME),
            clip(target.plugin, MAX_NAME),
            number(target.groups),
            number(target.memberships),
            "; ".join(_state(target)) or "read wholly",
        )
        for target in targets[:MAX_LISTED]
    )
    head = ("target", "plugin", "groups", "memberships", "state")
    return Table("Targets", head, rows, frozenset({2, 3}), max(0, len(targets) - MAX_LISTED))


def _state(target: TargetState) -> Iterable[str]:
    if not target.complete:
        what, follows = target.shortfall
        yield f"{what}: {clip(target.reason, MAX_TEXT)}; {follows}"
    if target.withheld:
        names = ", ".join(clip(name, MAX_NAME) for name in target.withheld[:_WITHHELD])
        more = len(target.withheld) - _WITHHELD
        yield f"something is left out of {names}" + (f" and {number(more)} more" if more > 0 else "")
    if target.owns:
        yield f"can't hold ownership marks: ours is {clip(target.owns, MAX_TEXT)}"


def drift_table(plan: Plan) -> Table:
    """Tell which groups moved on their target since the last apply; an edit that is pending is no drift."""
    moved = [each for each in plan.drift if each.drifted or each.broken or each.gone]
    moved.sort(key=lambda each: not each.drifted)
    rows = tuple(
        (clip(each.name, MAX_NAME), clip(each.target, MAX_NAME), standing_of(each)) for each in moved[:MAX_LISTED]
    )
    return Table("Drift", ("group", "target", "what moved"), rows, more=max(0, len(moved) - MAX_LISTED))


def ids_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return what the plan is known by."""
    ids = [("Plan digest", clip(plan.digest, MAX_NAME))]
    if plan.compared:
        ids.append(
            ("Compared with", f"{clip(plan.compared.revision, MAX_NAME)} ({clip(plan.compared.commit, MAX_NAME)})")
        )
    return tuple(ids)
