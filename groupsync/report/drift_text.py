"""What moved since the last apply, for a person. Pure but for loading the names that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.model import Action
from groupsync.report.change_text import former_words, member_lines, readdressed_lines, standing_of
from groupsync.report.escape import escape
from groupsync.report.people import drift_people_lines
from groupsync.report.plan_text import heading, source_lines, target_lines
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, flow, number, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Change, Drift, Plan
    from groupsync.report.style import Style

_INDENT = " " * 6
_SEE_PLAN = "see `groupsync plan`."


def render_drift(plan: Plan, style: Style = PLAIN) -> str:
    """Return the groups that drifted, or in which a run broke off, as text that ends with a line break.

    Edits that are pending are counted.

    Only groups whose members differ from the definitions are there to be shown: a plan knows of no others.
    """
    return "".join(line + "\n" for line in _lines(plan, style))


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield from heading("Drift", plan, style)
    changes = {change.key: change for change in plan.changes}
    yield from source_lines(plan, style)
    for target in plan.targets:
        yield ""
        yield from target_lines(target, style)
        for drift in plan.drift:
            if drift.target == target.name and (drift.drifted or drift.broken):
                yield ""
                yield from _drift_lines(drift, changes.get((drift.target, drift.name)), style)
    yield from drift_people_lines(plan, style) if style.by_person else ()
    yield ""
    yield from wrap(drift_words(plan), "", style.columns)


def _drift_lines(drift: Drift, change: Change | None, style: Style) -> Iterator[str]:
    yield f"  {style.paint('!', BOLD, YELLOW)} {style.paint(escape(drift.name), BOLD)}"
    for line in flow([standing_of(drift)], _INDENT, style.columns):
        yield style.paint(line, FAINT)
    if change is None or not change.touches_members:
        return
    for members, what, sign, painted in (
        (change.coming, "defined, and not on the target", "-", RED),
        (change.going, "on the target, and not defined", "+", GREEN),
    ):
        if members.count:
            yield f"{_INDENT}{counted(members.count, 'member')} {what}:"
            yield from member_lines(members, sign, painted, style)
    if change.readdressed:
        yield f"{_INDENT}{former_words(change)}:"
        yield from readdressed_lines(change, style)


def drift_words(plan: Plan) -> str:
    """Say how many groups drifted, of what that can't be told, and why the command ends with another code than 0."""
    drifted = sum(drift.drifted for drift in plan.drift)
    groups = sum(target.groups for target in plan.targets)
    targets = sum(not target.is_unread for target in plan.targets)
    of_all = f"of {counted(groups, 'group')} on {counted(targets, 'target')}"
    found = f"Drift: {number(drifted)}" if drifted else "No drift: none"
    return " ".join([f"{found} {of_all} changed on the target since the last apply.", *_asides(plan)])


def _asides(plan: Plan) -> Iterator[str]:
    sides = ("gone", "broken", "pending")
    gone, broken, pending = (sum(getattr(drift, side) for drift in plan.drift) for side in sides)
    if gone:
        yield f"{_are(gone)} gone from the target."
    if broken:
        yield f"In {counted(broken, 'group')} a run broke off: the next apply goes on with it."
    if pending:
        yield f"{counted(pending, 'group')} {'has' if pending == 1 else 'have'} edits pending: {_SEE_PLAN}"
    absent = sum(change.action is Action.CREATE for change in plan.changes) - gone
    if absent > 0:
        yield f"{_are(absent)} not on the target, and as far as records here tell never applied."
    if rules := sorted({refusal.rule for refusal in plan.verdict.refusals}):
        yield f"An apply would be refused in part, by {', '.join(map(escape, rules))}: {_SEE_PLAN}"
    if unread := [escape(target.name) for target in plan.targets if target.is_unread]:
        yield f"Of {', '.join(unread)} nothing could be read."
    if partial := [escape(target.name) for target in plan.targets if not target.complete and not target.is_unread]:
        yield f"Of {', '.join(partial)} not everything could be read."
    if left_out := [escape(target.name) for target in plan.targets if target.complete and target.withheld]:
        yield f"On {', '.join(left_out)} something is left out."
    if unrecorded := [escape(target.name) for target in plan.targets if not target.records]:
        yield f"On {', '.join(unrecorded)} drift can't be told from edits: see `groupsync plan`."


def _are(groups: int) -> str:
    return f"{counted(groups, 'group')} {'is' if groups == 1 else 'are'}"
