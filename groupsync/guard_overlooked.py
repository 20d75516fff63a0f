"""Refuse deletions that come of a slip: definitions that are not read, and not gone. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.model import Action, Refusal, SourceRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Overlooked, Plan

UNMATCHED: Final = "unmatched_pattern"
UNREAD: Final = "unread_definition"


def keep_what_is_not_read(
    plan: Plan, overlooked: Sequence[Overlooked], unmatched: Sequence[tuple[str, SourceRange | None]]
) -> Plan:
    """Return the plan with each deletion refused, of whatever size, that files which are not read may explain.

    A deletion that a definition asks for by `state: absent` is none of these, and neither is one that takes a run back.

    Args:
        plan: with all its changes.
        overlooked: files that seem to hold definitions, of which none is read.
        unmatched: the patterns of `definitions` that match no file, each with where it is written.
    """
    if plan.undoes or not (overlooked or unmatched):
        return plan
    found = tuple(_refusals(plan, overlooked, unmatched))
    return replace(plan, verdict=replace(plan.verdict, refusals=(*plan.verdict.refusals, *found)))


def _refusals(
    plan: Plan, overlooked: Sequence[Overlooked], unmatched: Sequence[tuple[str, SourceRange | None]]
) -> Iterator[Refusal]:
    files = {name: each for each in overlooked for name in each.names}
    known = {(each.target, each.name, each.rule) for each in plan.verdict.refusals}
    for change in plan.changes:
        if change.action is not Action.DELETE or change.definition_digest:
            continue
        if (file := files.get(change.name)) and (*change.key, UNREAD) not in known:
            summary = f"`{file.path}` has a definition of that name: {file.why}"
            hint = f"{file.cure} If the group is to go, delete the file."
            yield Refusal(change.target, change.name, UNREAD, summary, hint, SourceRange(file.path))
        if unmatched and (*change.key, UNMATCHED) not in known:
            pattern, at = unmatched[0]
            summary = f"the pattern `{pattern}` of `definitions` matches no file, so its definition may only be missing"
            hint = "Bring the files back, or take the pattern out; `lifecycle: {state: absent}` deletes a group."
            yield Refusal(change.target, change.name, UNMATCHED, summary, hint, at)
