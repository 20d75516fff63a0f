"""A plan for a person. Pure but for loading the names that are shown."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from groupsync.approvers import approvers_of
from groupsync.model import NOT_COMPUTED, PLAN_DIGITS, UNREADABLE
from groupsync.records import instant_words
from groupsync.report.approvers import approver_words
from groupsync.report.attention import attention_lines
from groupsync.report.change_text import SHOWN_MEMBERS, change_lines, refusal_lines, summary_line
from groupsync.report.escape import escape
from groupsync.report.later import TITLE, beyond_words, later_items
from groupsync.report.people import people_lines
from groupsync.report.quiet import quiet_items, quiet_title
from groupsync.report.style import BOLD, FAINT, PLAIN, RED, YELLOW, counted, flow, joined, number, wrap
from groupsync.report.totals import Totals, first_words, following_words, refused_keys, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Allowance, Change, Plan, Refusal, TargetState
    from groupsync.report.style import Style


def render_plan(plan: Plan, style: Style = PLAIN) -> str:
    """Return the plan as text that ends with a line break; the last line gives its digest."""
    return "".join(iter_plan(plan, style))


def iter_plan(plan: Plan, style: Style = PLAIN) -> Iterator[str]:
    """Give the same text line by line, with the names of one change in memory at a time."""
    for line in _lines(plan, style):
        yield line + "\n"


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield from heading(f"Undo of the run {escape(plan.undoes)}" if plan.undoes else "Plan", plan, style)
    refusals: dict[tuple[str, str], list[Refusal]] = {}
    for each in plan.verdict.refusals:
        refusals.setdefault((each.target, each.name), []).append(each)
    by_target: dict[str, list[Change]] = {target.name: [] for target in plan.targets}
    for name, changes in groupby(plan.changes, key=lambda change: change.target):
        by_target.setdefault(name, []).extend(changes)
    refused = refused_keys(plan)
    yield from source_lines(plan, style)
    yield from _base_lines(plan, style)
    for target in plan.targets:
        yield ""
        yield from target_lines(target, style)
        whole = refusals.get((target.name, ""), [])
        for refusal in whole:
            yield from refusal_lines(refusal, "  ", style)
        keys = {change.key for change in by_target[target.name]}
        for refusal in plan.verdict.refusals:
            if refusal.target == target.name and refusal.name and (refusal.target, refusal.name) not in keys:
                yield ""
                yield f"! {style.paint(escape(refusal.name), BOLD)}  nothing changes in this run"
                yield from refusal_lines(refusal, "    ", style)
        if style.summary and by_target[target.name]:
            yield ""
        for change in by_target[target.name]:
            if style.summary:
                yield summary_line(change, style, is_refused=change.key in refused)
                continue
            yield ""
            speak_against = [*refusals.get(change.key, ()), *whole]
            yield from change_lines(change, speak_against, style, origin_words(change, plan))
    yield from people_lines(plan, style) if style.by_person else ()
    yield from _later_lines(plan, style)
    yield from _quiet_lines(plan, style)
    yield ""
    yield from _summary_lines(plan, style)


def _base_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give what is refused of groups that others are built on and that go to no target here."""
    for refusal in plan.verdict.refusals:
        if not refusal.target and not refusal.is_about_source:
            yield ""
            yield f"{style.paint(escape(refusal.name), BOLD)} (others are built on it; it goes to no target here):"
            yield from refusal_lines(refusal, "  ", style)


def _later_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give what dates will do, below each date."""
    if not plan.later:
        return
    yield ""
    yield style.paint(f"{TITLE}:", BOLD)
    for instant, items in groupby(later_items(plan, escape), key=itemgetter(0)):
        yield f"  {instant}"
        for _, words in items:
            yield from wrap(words, "    ", style.columns, hanging="      ")
    if words := beyond_words(plan):
        yield from wrap(words, "  ", style.columns)


def _quiet_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give the definitions that were edited without effect today."""
    items = quiet_items(plan, escape)
    if not items:
        return
    yield ""
    yield style.paint(f"{quiet_title(plan, escape)}:", BOLD)
    shown = items if style.full or len(items) <= SHOWN_MEMBERS + 1 else items[:SHOWN_MEMBERS]
    for words in shown:
        yield from wrap(words, "  ", style.columns, hanging="    ")
    if len(shown) < len(items):
        yield f"  … and {number(len(items) - len(shown))} more (--full shows all)"


def origin_words(change: Change, plan: Plan) -> str:
    """Say what of a change comes of edits: `of edits since main: 2 of 12 added; the rest …`."""
    compared = plan.compared
    if compared is None or not (change.coming.count or change.going.count):
        return ""
    cause = compared.cause_of(change)
    since = escape(compared.revision)
    if cause is None:
        return f"what of it comes of edits since {since} can't be told"
    sides = ((cause.added, change.coming.count, "added"), (cause.removed, change.going.count, "removed"))
    parts = [f"{number(part) if part else 'none'} of {number(whole)} {word}" for part, whole, word in sides if whole]
    rest = change.coming.count + change.going.count - cause.added - cause.removed
    if not rest:
        return f"all of it comes of edits since {since}"
    return f"of edits since {since}: {', '.join(parts)}; the rest would change anyway"


def heading(what: str, plan: Plan, style: Style) -> Iterator[str]:
    """Give the first lines: what this is, of which project, at which instant."""
    instant = instant_words(plan.as_of)
    for line in flow([f"{what} for {escape(plan.project)},", f"as of {instant}"], "", style.columns, separator=" "):
        yield style.paint(line, BOLD)
    if plan.redacted:
        yield from wrap("People have pseudonyms here, and what may name them is left out.", "", style.columns)
    if plan.looking:
        yield from wrap("It looks at another time (--at), so it can't be applied.", "", style.columns)


def source_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Give a line about each source that segments were computed from, and why one was refused."""
    for source in plan.sources:
        yield ""
        name, plugin = escape(source.name), escape(source.plugin)
        is_unread = UNREADABLE in source.doubted_by
        facts = ["not read" if is_unread else counted(source.rows, "customer"), counted(source.segments, "segment")]
        if source.newest:
            facts.append(f"newest from {source.newest:%Y-%m-%d %H:%M} UTC")
        first, *rest = flow([f"{name} ({plugin}):", ", ".join(facts)], "", style.columns, separator=" ")
        yield style.paint(name, BOLD) + first.removeprefix(name)
        yield from rest
        for refusal in plan.verdict.refusals:
            if refusal.is_about_source and refusal.name == source.name:
                yield from refusal_lines(refusal, "  ", style)


def target_lines(target: TargetState, style: Style) -> Iterator[str]:
    """Give the line about one target, and what could not be read of it."""
    size = f"{counted(target.groups, 'group')}, {counted(target.memberships, 'membership')}"
    name, plugin = escape(target.name), escape(target.plugin)
    first, *rest = flow([f"{name} ({plugin}):", size], "", style.columns, separator=" ")
    yield style.paint(name, BOLD) + first.removeprefix(name)
    yield from rest
    if target.owns:
        text = f"can't hold ownership marks: ours is {escape(target.owns)}; only `state: absent` deletes"
        if target.records:
            text = f"can't hold ownership marks: ours is {escape(target.owns)}"
        for line in wrap(text, "  ", style.columns, hanging="    "):
            yield style.paint(line, FAINT)
    if not target.complete:
        what, follows = target.shortfall
        for line in wrap(f"! {what}: {escape(target.reason)}; {follows}", "  ", style.columns, hanging="    "):
            yield style.paint(line, YELLOW)
    if target.withheld:
        names = [escape(name) for name in target.withheld]
        if not style.full and len(names) > SHOWN_MEMBERS:
            names[SHOWN_MEMBERS:] = [f"{number(len(names) - SHOWN_MEMBERS)} more"]
        for line in wrap(f"! something is left out of: {joined(names)}", "  ", style.columns, hanging="    "):
            yield style.paint(line, YELLOW)


def _summary_lines(plan: Plan, style: Style) -> Iterator[str]:
    totals = totals_of(plan)
    text = nothing_words(plan) if not totals.changes else f"Plan: {sum_words(totals)}."
    for line in wrap(text, "", style.columns):
        yield style.paint(line, BOLD)
    if totals.refused:
        subject = counted(totals.refused, "change is", "changes are")
        text = f"{subject} refused, marked with !, and will not be applied."
        for line in [text, *following_words(plan, lambda name: f"`{escape(name)}`")]:
            yield from (style.paint(part, RED) for part in wrap(line, "", style.columns))
    yield from attention_lines(plan, style)
    if words := first_words(plan, lambda name: f"`{escape(name)}`"):
        yield from wrap(words, "", style.columns)
    for allowance in plan.verdict.allowances:
        yield from wrap(allowed_words(allowance), "", style.columns, hanging="  ")
    if words := approver_words(approvers_of(plan)):
        yield from wrap(f"Should approve: {words}.", "", style.columns, hanging="  ")
    yield f"Plan digest: {plan.digest if style.full else plan.digest[:PLAN_DIGITS]}"


def allowed_words(allowance: Allowance) -> str:
    """Say which exception was used: `Allowed by exception: remove:beta<=120, by --allow`."""
    reason = f": {escape(allowance.reason)}" if allowance.reason else ""
    return f"Allowed by exception: {escape(str(allowance))}, by {escape(allowance.source)}{reason}"


def nothing_words(plan: Plan) -> str:
    """Say that there is nothing to do, and on what that stands."""
    if plan.undoes:
        return "Nothing to take back."
    if any(refusal.rule in {NOT_COMPUTED, UNREADABLE} for refusal in plan.verdict.refusals):
        return "No changes in what is not computed from a refused source."
    partial = [target for target in plan.targets if not target.complete or target.withheld]
    if partial:
        names = joined(escape(target.name) for target in partial)
        return f"No changes in what could be read; {names} could not be read wholly."
    if plan.verdict.refusals:
        refused = sorted({_refused_words(each) for each in plan.verdict.refusals})
        if all(each.is_about_source for each in plan.verdict.refusals):
            return f"No changes, though {joined(refused)} {'is' if len(refused) == 1 else 'are'} refused."
        return f"No changes in what is not refused; {joined(refused)} {'is' if len(refused) == 1 else 'are'}."
    groups = sum(target.groups for target in plan.targets)
    verb = "matches its definition" if groups == 1 else "match their definitions"
    is_unread = any(found.code == "GS611" for found in plan.diagnostics)
    doubt = "; guards were asked without a run that can't be read" if is_unread else ""
    return f"No changes. {counted(groups, 'group')} on {counted(len(plan.targets), 'target')} {verb}{doubt}."


def _refused_words(refusal: Refusal) -> str:
    return f"the source {escape(refusal.name)}" if refusal.is_about_source else escape(refusal.name or refusal.target)


def sum_words(totals: Totals) -> str:
    """Say what a plan with changes comes to: `1 to create; 2 members added, none removed, in 1 group on 1 target`."""
    actions = ", ".join(f"{number(count)} to {action.value}" for action, count in totals.actions if count)
    where = f"in {counted(totals.changes, 'group')} on {counted(totals.targets, 'target')}"
    return f"{actions}; {members_moved(totals.added, totals.removed, totals.expired, totals.readdressed)}, {where}"


def members_moved(added: int, removed: int, expired: int = 0, readdressed: int = 0) -> str:
    """Say how many memberships come and go: `120 members added, 14 removed (3 expired), 2 addresses changed`."""
    moved = f"{counted(readdressed, 'address', 'addresses')} changed" if readdressed else ""
    if not added and not removed:
        return moved or "no members added or removed"
    come = f"{counted(added, 'member') if added else 'no members'} added"
    gone = f"{number(removed) if removed else 'none'} removed" + (f" ({number(expired)} expired)" if expired else "")
    return ", ".join(filter(None, (come, gone, moved)))
