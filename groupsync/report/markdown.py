"""A plan, or what moved on the targets, as a comment on a pull request. Pure but for loading the names that are shown.

It has at most `BUDGET` characters, whatever the plan. What does not fit goes in this order: names of members, then the
detail of groups, then groups that are only counted. Figures, refusals, warnings, sources, targets and the digest stay;
where even these are too many, the first ones are there and the others counted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.approvers import approvers_of
from groupsync.model import UNREADABLE, Verdict
from groupsync.records import instant_words
from groupsync.report.approvers import approver_items
from groupsync.report.change_text import DEFAULTED, place, standing_of
from groupsync.report.drift_text import drift_words
from groupsync.report.later import TITLE, beyond_words, later_items
from groupsync.report.markdown_change import change_entry, drift_entry
from groupsync.report.markdown_escape import code, html, marker, prose
from groupsync.report.markdown_fit import BUDGET, bounded, fit
from groupsync.report.markdown_people import drift_people_section, people_section
from groupsync.report.plan_text import nothing_words, origin_words, sum_words
from groupsync.report.quiet import quiet_items, quiet_title
from groupsync.report.style import counted, joined, number
from groupsync.report.totals import figures_by_action, first_words, following_words, refused_keys, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groupsync.model import Allowance, Diagnostic, Plan, Refusal, SourceState, TargetState
    from groupsync.report.markdown_fit import Entry, Fitted

_ROOM: Final = {
    "refusals": 20_000,
    "warnings": 10_000,
    "allowances": 5_000,
    "sources": 5_000,
    "targets": 8_000,
    "approvers": 3_000,
    "later": 5_000,
    "quiet": 3_000,
}
"""Characters that each list of facts may take; together with head, people and notes less than the budget."""
_NOTES: Final = 1_000
_LOST_SHOWN: Final = 3
"""Of how many targets, and of each how many by name, those who lose every group are told."""
_HINT: Final = 1_000


def render_plan_markdown(plan: Plan, *, full: bool = False, by_person: bool = False) -> str:
    """Return the plan as Markdown that ends with a line break.

    Args:
        plan: what to show.
        full: show all names where there is room for them.
        by_person: also say what becomes of each person.
    """
    refused = refused_keys(plan)
    entries = [
        change_entry(change, change.key in refused, partial(origin_words, change, plan), full=full)
        for change in plan.changes
    ]
    what = f"Undo of the run {code(plan.undoes)}" if plan.undoes else "Plan"
    totals = totals_of(plan)
    said = f"Plan: {sum_words(totals)}." if totals.changes else nothing_words(plan)
    facts = [*_head(what, plan, ""), f"**{prose(said)}**"]
    if totals.refused:
        facts.append(f"**{counted(totals.refused, 'change is', 'changes are')} refused and will not be applied.**")
        facts += [f"**{words}**" for words in following_words(plan, code)]
    facts += [words] if (words := first_words(plan, code)) else []
    facts += [*_lost(plan), *_table(plan, refused)]
    facts += [*_approvers(plan), *(people_section(plan, full=full) if by_person else ())]
    return _comment([*facts, *_facts(plan)], entries, plan)


def render_drift_markdown(plan: Plan, *, full: bool = False, by_person: bool = False) -> str:
    """Return the groups that drifted, or in which a run broke off, as Markdown; edits that are pending are counted.

    Args:
        plan: what to show.
        full: show all names where there is room for them.
        by_person: also say what moved of each person.
    """
    changes = {change.key: change for change in plan.changes}
    entries = [
        drift_entry(drift, changes.get((drift.target, drift.name)), standing_of(drift), full=full)
        for drift in plan.drift
        if drift.drifted or drift.broken
    ]
    facts = [*_head("Drift", plan, "drift"), f"**{prose(drift_words(plan))}**"]
    if by_person:
        facts += drift_people_section(plan, full=full)
    of_sources = tuple(refusal for refusal in plan.verdict.refusals if refusal.is_about_source)
    return _comment([*facts, *_facts(replace(plan, verdict=Verdict(of_sources)))], entries, plan)


def _comment(facts: Sequence[str], entries: Sequence[Entry], plan: Plan) -> str:
    parts = list(facts)
    digest = f"Plan digest: {code(plan.digest)}"
    taken = sum(len(part) + 2 for part in parts) + len(digest) + _NOTES
    fitted = fit(entries, BUDGET - taken)
    if entries:
        parts += ["#### Groups", *fitted.pieces, *_notes(fitted)]
    return "\n\n".join([*parts, digest]) + "\n"


def _notes(fitted: Fitted) -> Iterator[str]:
    """Say what there was no room for."""
    if fitted.left_out:
        more = "more " if fitted.pieces else ""
        yield f"… and {counted(fitted.left_out, f'{more}group')}, counted above. {_ELSEWHERE}"
    elif fitted.bare:
        yield f"There is no room for the detail of {counted(fitted.bare, 'group')}. {_ELSEWHERE}"
    elif fitted.nameless:
        yield f"There is no room for the members of {counted(fitted.nameless, 'group')}. {_ELSEWHERE}"


_ELSEWHERE: Final = "The plan as text, or `groupsync report` on the saved plan, shows all of it."


def _head(what: str, plan: Plan, purpose: str) -> Iterator[str]:
    instant = instant_words(plan.as_of)
    yield marker(plan.project, purpose)
    yield f"### {what} for {code(plan.project)}, as of {instant}"
    if plan.redacted:
        yield "People have pseudonyms here, and what may name them is left out. The full plan has the names."
    if plan.looking:
        yield "It looks at another time (`--at`), so it can't be applied."


def _table(plan: Plan, refused: frozenset[tuple[str, str]]) -> Iterator[str]:
    """Give the figures of each action that there is, as one table."""
    rows = [
        f"| {action.value} | " + " | ".join(map(number, figures)) + " |"
        for action, figures in figures_by_action(plan, refused)
    ]
    if rows:
        head = "| action | groups | members added | members removed | refused |\n|---|--:|--:|--:|--:|"
        yield "\n".join([head, *rows])


def _lost(plan: Plan) -> Iterator[str]:
    """Say on which targets people lose every group, with the first of them."""
    for loss in plan.lost[:_LOST_SHOWN]:
        who = counted(loss.count, "person loses", "people lose")
        names = [code(name) for name in loss.some[:_LOST_SHOWN]]
        if loss.count > len(names):
            names.append(f"{number(loss.count - len(names))} more")
        yield f"**{who} every group** on {code(loss.target)}: {joined(names)}."
    if len(plan.lost) > _LOST_SHOWN:
        yield f"… and people on {counted(len(plan.lost) - _LOST_SHOWN, 'more target')}."


def _approvers(plan: Plan) -> Iterator[str]:
    items = list(approver_items(approvers_of(plan)))
    if items:
        yield "#### Should approve\n\n" + "\n".join(bounded(items, _ROOM["approvers"], "item"))


def _facts(plan: Plan) -> Iterator[str]:
    """Give the lists of what is always told, each under its heading."""
    lists: tuple[tuple[str, str, str, Iterable[str]], ...] = (
        ("Refused", "refusals", "refusal", map(_refusal, plan.verdict.refusals)),
        (TITLE, "later", "group", _later(plan)),
        (quiet_title(plan, code), "quiet", "definition", (f"- {words}" for words in quiet_items(plan, code))),
        ("Allowed by exception", "allowances", "exception", map(allowance_line, plan.verdict.allowances)),
        ("Warnings", "warnings", "warning", map(_warning, plan.diagnostics)),
        ("Sources", "sources", "source", map(_source, plan.sources)),
        ("Targets", "targets", "target", map(_target, plan.targets)),
    )
    for title, key, one, lines in lists:
        shown = list(bounded(lines, _ROOM[key], one))
        if shown:
            yield f"#### {title}\n\n" + "\n".join(shown)


def _later(plan: Plan) -> Iterator[str]:
    yield from (f"- {instant}: {words}" for instant, words in later_items(plan, code))
    if words := beyond_words(plan):
        yield f"- {words}"


def _refusal(refusal: Refusal) -> str:
    if refusal.is_about_source:
        what = f"the source {code(refusal.name)}"
    elif not refusal.target:
        what = f"{code(refusal.name)}, on no target here"
    else:
        what = f"{code(refusal.name)} on {code(refusal.target)}" if refusal.name else f"all of {code(refusal.target)}"
    where = f" ({code(place(refusal.at))})" if refusal.at else " (by default)" if refusal.rule in DEFAULTED else ""
    return f"- {what}, by {code(refusal.rule)}{where}: {prose(refusal.summary)}{hint_line(refusal.hint)}"


def allowance_line(allowance: Allowance) -> str:
    """Say which exception was used: what it allows, who gave it and why."""
    reason = f": {prose(allowance.reason)}" if allowance.reason else ""
    return f"- {code(str(allowance))}, by {code(allowance.source)}{reason}"


def _warning(found: Diagnostic) -> str:
    where = f" {code(place(found.subject))}" if found.subject else ""
    plugin = f" (plugin {code(found.plugin)})" if found.plugin else ""
    detail = f" {prose(found.detail)}" if found.detail else ""
    said = f"{prose(found.summary)}{plugin}.{detail}"
    return f"- {found.severity.value} {code(found.code)}{where}: {said}{hint_line(found.hint)}"


def hint_line(hint: str) -> str:
    """Return a line below an item, to be copied as it is."""
    return f"\n  <pre>{html(hint, _HINT)}</pre>" if hint else ""


def _source(source: SourceState) -> str:
    newest = f", newest from {instant_words(source.newest.replace(microsecond=0))}" if source.newest else ""
    refused = "; **refused**" if source.refused else ""
    size = "not read" if UNREADABLE in source.doubted_by else counted(source.rows, "customer")
    figures = f"{size}, {counted(source.segments, 'segment')}"
    return f"- {code(source.name)} ({code(source.plugin)}): {figures}{newest}{refused}"


def _target(target: TargetState) -> str:
    figures = f"{counted(target.groups, 'group')}, {counted(target.memberships, 'membership')}"
    parts = [f"- {code(target.name)} ({code(target.plugin)}): {figures}"]
    if target.owns:
        parts.append(f"can't hold ownership marks: ours is {prose(target.owns)}")
    if not target.complete:
        what, follows = target.shortfall
        parts.append(f"**{what}**: {prose(target.reason)}; {follows}")
    if target.withheld:
        parts.append(f"something is left out of {_names(target.withheld)}")
    return "; ".join(parts)


def _names(names: Sequence[str]) -> str:
    shown = [code(name) for name in names[:10]]
    return ", ".join(shown) + (f" and {number(len(names) - 10)} more" if len(names) > 10 else "")
