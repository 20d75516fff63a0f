"""What a page tells of a plan, in the order of a reviewer's questions. Pure but for loading the names that are shown.

May this be applied? What is refused, or needs a look? Who comes to what, who goes, and what moved?
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.approvers import approvers_of
from groupsync.model import Action
from groupsync.records import format_instant, instant_words
from groupsync.report.approvers import approver_words
from groupsync.report.change_text import standing_of
from groupsync.report.drift_text import drift_words
from groupsync.report.html_facts import (
    MAX_HINT,
    Figure,
    Notices,
    Table,
    allowance_notice,
    drift_table,
    figure,
    ids_of,
    later_notices,
    listed,
    loss_notice,
    quiet_notices,
    refusal_notice,
    set_where,
    sources_table,
    targets_table,
    warning_notice,
)
from groupsync.report.html_overlap import Overlap, overlap_of
from groupsync.report.html_rows import Names, Row, bounded, change_row, drift_row
from groupsync.report.later import TITLE
from groupsync.report.markdown_escape import MAX_NAME, MAX_TEXT, clip
from groupsync.report.plan_text import nothing_words, origin_words, sum_words
from groupsync.report.quiet import TITLE as QUIET
from groupsync.report.style import counted, joined, number
from groupsync.report.totals import figures_by_action, first_words, following_words, refused_keys, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import Plan, TargetState

_WITHHELD: Final = 20
REDACTED: Final = "People have pseudonyms here, and what may name them is left out. The full plan has the names."


@dataclass(frozen=True, slots=True)
class Page:
    """All that a page tells.

    Attributes:
        kind: plan, drift or apply.
        title: what this is, as of the project.
        project, instant, moment: the project; when it was made, for people and for machines.
        tone: whether the answer is good, warn or bad.
        verdict: the answer in a word or two.
        said: sentences that say more, the first the most important.
        figures, actions: numbers at a glance, and by action or outcome.
        notices: what is refused, allowed by exception, warned of.
        rows: the groups, those that need a look first.
        overlap: who moved between groups.
        facts: sources and targets.
        ids: digest and the like, by name.
        names: what the places of sides mean.
        sides: sign and word of those who come, and of those who go.
        bars: what the two sizes of a group are.
        has_all_names: whether nobody had to be left out of the page.
        left_out: how many groups had to be.
    """

    kind: str
    title: str
    project: str
    instant: str
    moment: str
    tone: str
    verdict: str
    said: tuple[str, ...]
    figures: tuple[Figure, ...]
    actions: Table
    notices: tuple[Notices, ...]
    rows: tuple[Row, ...]
    facts: tuple[Table, ...]
    ids: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    overlap: Overlap = field(default_factory=Overlap)
    sides: tuple[tuple[str, str], tuple[str, str]] = (("+", "added"), ("−", "removed"))
    bars: tuple[str, str] = ("before", "after")
    has_all_names: bool = True
    left_out: int = 0


def plan_page(plan: Plan) -> Page:
    """Return what is told of a plan."""
    refused = refused_keys(plan)
    names = Names()
    rows = _change_rows(plan, refused, names)
    tone, verdict = _verdict(plan, len(refused))
    totals = totals_of(plan)
    said = f"Plan: {sum_words(totals)}." if totals.changes else nothing_words(plan)
    sentences = [clip(said, MAX_TEXT), *_cautions(plan)]
    if plan.compared:
        edits = sum(cause.added + cause.removed for cause in plan.compared.causes)
        since = clip(plan.compared.revision, MAX_NAME)
        sentences.append(
            f"{counted(edits, 'membership')} of these come of edits since {since}; each group says how many."
        )
    return Page(
        "plan",
        f"Undo of the run {clip(plan.undoes, MAX_NAME)}" if plan.undoes else "Plan",
        clip(plan.project, MAX_NAME),
        instant_words(plan.as_of),
        format_instant(plan.as_of),
        tone,
        verdict,
        tuple(sentences),
        _figures(plan, names),
        _actions(plan, refused),
        (
            listed("Refused", "bad", map(refusal_notice, plan.verdict.refusals)),
            listed(TITLE, "info", later_notices(plan)),
            listed(QUIET, "info", quiet_notices(plan)),
            listed("Lose every group", "bad", map(loss_notice, plan.lost)),
            listed("Warnings", "warn", map(warning_notice, plan.diagnostics)),
            listed("Allowed by exception", "info", map(allowance_notice, plan.verdict.allowances)),
        ),
        rows,
        (sources_table(plan.sources), targets_table(plan.targets), drift_table(plan)),
        ids_of(plan),
        names.names,
        overlap_of([change for change in plan.changes if change.key not in refused]),
        has_all_names=names.is_whole,
        left_out=len(plan.changes) - len(rows),
    )


def drift_page(plan: Plan) -> Page:
    """Return what is told of the groups that drifted; edits that are pending are counted."""
    changes = {change.key: change for change in plan.changes}
    names = Names()
    moved = [each for each in plan.drift if each.drifted or each.broken]
    made = (drift_row(each, changes.get((each.target, each.name)), standing_of(each), names) for each in moved)
    rows = bounded(made, len(moved), names)
    back = [changes[key] for each in moved if (key := (each.target, each.name)) in changes]
    missing, extra = sum(change.coming.count for change in back), sum(change.going.count for change in back)
    drifted, pending = (sum(getattr(each, side) for each in plan.drift) for side in ("drifted", "pending"))
    of_sources = [refusal for refusal in plan.verdict.refusals if refusal.is_about_source]
    partial = _partial(plan)
    verdict = "Changed on the target" if drifted else "No drift in what could be read" if partial else "No drift"
    return Page(
        "drift",
        "Drift",
        clip(plan.project, MAX_NAME),
        instant_words(plan.as_of),
        format_instant(plan.as_of),
        "warn" if drifted or partial else "good",
        verdict,
        (clip(drift_words(plan), MAX_TEXT), *((REDACTED,) if plan.redacted else ())),
        (
            figure(drifted, "group drifted", "groups drifted", "changed on the target", "warn"),
            figure(pending, "group pending", "groups pending", "changed here"),
            figure(missing, "member missing", "members missing", "defined, and not on the target"),
            figure(extra, "member too many", "members too many", "on the target, and not defined"),
        ),
        Table("", (), ()),
        (
            listed("Refused", "bad", map(refusal_notice, of_sources)),
            listed("Warnings", "warn", map(warning_notice, plan.diagnostics)),
        ),
        rows,
        (sources_table(plan.sources), targets_table(plan.targets)),
        ids_of(plan),
        names.names,
        sides=(("−", "missing"), ("+", "too many")),
        bars=("on the target", "as defined"),
        has_all_names=names.is_whole,
        left_out=len(moved) - len(rows),
    )


# --- The answer -------------------------------------------------------------------------------------------------------


def _verdict(plan: Plan, refused: int) -> tuple[str, str]:
    """Say whether the plan can be applied: how that reads, and in words."""
    changes = len(plan.changes)
    if plan.looking:
        return "bad", "Can't be applied"
    if not changes:
        quiet = not plan.verdict.refusals and not _partial(plan)
        return ("good", "Nothing to apply") if quiet else ("warn", "Nothing to apply, and not all could be judged")
    if refused == changes:
        return "bad", "Refused as a whole"
    if refused:
        return "warn", f"{number(changes - refused)} of {counted(changes, 'change')} can be applied"
    if plan.verdict.refusals or _partial(plan):
        return "warn", "Can be applied, with something left out"
    return "good", "Can be applied: nothing is refused"


def _partial(plan: Plan) -> list[TargetState]:
    return [target for target in plan.targets if not target.complete or target.withheld]


def _cautions(plan: Plan) -> Iterable[str]:
    if plan.redacted:
        yield REDACTED
    if plan.looking:
        yield "It looks at another time (--at), so it can't be applied."
    refused = len(refused_keys(plan))
    if refused:
        yield f"{counted(refused, 'change is', 'changes are')} refused and will not be applied."
        yield from (clip(words, MAX_TEXT) for words in following_words(plan, lambda name: clip(name, MAX_NAME)))
    if words := first_words(plan, lambda name: clip(name, MAX_NAME)):
        yield clip(words, MAX_TEXT)
    if unread := [target for target in plan.targets if target.is_unread]:
        names = joined(clip(target.name, MAX_NAME) for target in unread[:_WITHHELD])
        yield f"{names} could not be read; nothing is planned there."
    if partial := [target for target in _partial(plan) if not target.is_unread]:
        names = joined(clip(target.name, MAX_NAME) for target in partial[:_WITHHELD])
        yield f"Not everything could be read of {names}; nothing is deleted or removed because of what is missing."
    if words := approver_words(approvers_of(plan)):
        yield clip(f"Should approve: {words}.", MAX_HINT)


def _figures(plan: Plan, names: Names) -> tuple[Figure, ...]:
    totals = totals_of(plan)
    people = f"{counted(len(names.names), 'person', 'people')} in all" if names.is_whole and names.names else ""
    expired = f"{number(totals.expired)} expired" if totals.expired else ""
    moved = counted(totals.readdressed, "address", "addresses") + " changed" if totals.readdressed else ""
    drifted = sum(drift.drifted for drift in plan.drift)
    return (
        figure(
            totals.changes,
            "group changes",
            "groups change",
            ", ".join(filter(None, (f"on {counted(totals.targets, 'target')}", moved))),
        ),
        figure(totals.added, "member added", "members added", people, "good"),
        figure(totals.removed, "member removed", "members removed", expired, "bad"),
        figure(totals.refused, "change refused", "changes refused", tone="bad"),
        figure(len(plan.diagnostics), "warning", tone="warn"),
        figure(drifted, "group drifted", "groups drifted", tone="warn"),
    )


def _actions(plan: Plan, refused: frozenset[tuple[str, str]]) -> Table:
    rows = [(action.value, *map(number, figures)) for action, figures in figures_by_action(plan, refused)]
    head = ("action", "groups", "members added", "members removed", "refused")
    return Table("Changes by action", head, tuple(rows), frozenset(range(1, 5)))


# --- Groups -----------------------------------------------------------------------------------------------------------


def _change_rows(plan: Plan, refused: frozenset[tuple[str, str]], names: Names) -> tuple[Row, ...]:
    """Return the groups: those refused first, then by how many leave, so that the names of these are not cut."""
    against: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for refusal in plan.verdict.refusals:
        said = f"refused by {refusal.rule}{set_where(refusal)}: {refusal.summary}"
        against.setdefault((refusal.target, refusal.name), []).append(
            (clip(said, MAX_TEXT), clip(refusal.hint, MAX_HINT))
        )
    ordered = sorted(
        plan.changes,
        key=lambda each: (
            each.key not in refused,
            each.action is not Action.DELETE,
            -each.going.count,
            -each.coming.count,
        ),
    )
    made = (
        change_row(
            change,
            names,
            (*against.get(change.key, ()), *against.get((change.target, ""), ())),
            refused=change.key in refused,
            origin=origin_words(change, plan),
        )
        for change in ordered
    )
    return bounded(made, len(ordered), names)
