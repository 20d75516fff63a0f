"""The figures of a plan that every renderer gives. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import Action
from groupsync.report.style import counted, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.model import Plan

_CAUSES: Final = 5
"""Of how many refused groups it is said how much follows from each; and how many new things are named."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a plan comes to.

    Attributes:
        actions: how many changes of each kind, in the order of `Action`; kinds without any are there with 0.
        added, removed: memberships of people who come and who go, over all changes.
        expired: how many of `removed` go because a written `until` has passed.
        readdressed: memberships under another address than before; neither among `added` nor among `removed`.
        refused: changes that may not be applied.
        targets: targets that any change goes to.
    """

    actions: tuple[tuple[Action, int], ...]
    added: int
    removed: int
    expired: int
    readdressed: int
    refused: int
    targets: int

    @property
    def changes(self) -> int:
        """How many changes there are."""
        return sum(count for _, count in self.actions)


def totals_of(plan: Plan) -> Totals:
    """Count; loads no names."""
    of_action = dict.fromkeys(Action, 0)
    for change in plan.changes:
        of_action[change.action] += 1
    return Totals(
        actions=tuple(of_action.items()),
        added=sum(change.coming.count for change in plan.changes),
        removed=sum(change.going.count for change in plan.changes),
        expired=sum(change.expired for change in plan.changes),
        readdressed=sum(len(change.readdressed) for change in plan.changes),
        refused=len(refused_keys(plan)),
        targets=len({change.target for change in plan.changes}),
    )


def refused_keys(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return the keys of the changes that may not be applied."""
    if not plan.verdict.refusals:
        return frozenset()
    refused = {(refusal.target, refusal.name) for refusal in plan.verdict.refusals}
    return frozenset(change.key for change in plan.changes if change.key in refused or (change.target, "") in refused)


def following_words(plan: Plan, show: Callable[[str], str]) -> list[str]:
    """Say how many changes are refused because a source or group that they are built on is, a sentence for each.

    Args:
        plan: with its verdict.
        show: makes names harmless.
    """
    of_cause: dict[str, set[tuple[str, str]]] = {}
    for refusal in plan.verdict.refusals:
        if refusal.because:
            of_cause.setdefault(refusal.because, set()).add((refusal.target, refusal.name))
    sources = {refusal.name for refusal in plan.verdict.refusals if refusal.is_about_source}
    most = sorted(of_cause, key=lambda name: (-len(of_cause[name]), name))
    words = [
        f"{counted(count, 'change follows', 'changes follow')} from "
        f"{'the source ' if name in sources else ''}{show(name)}, which is refused, and "
        f"{'waits' if count == 1 else 'wait'} until that is settled."
        for name, count in ((name, len(of_cause[name])) for name in most[:_CAUSES])
    ]
    if rest := len(most) - len(words):
        causes = counted(rest, "more refused source or group", "more refused sources or groups")
        words.append(f"Other changes follow from {causes}.")
    return words


def first_words(plan: Plan, show: Callable[[str], str]) -> str:
    """Say what guards have nothing to compare with yet; empty where there is no such thing.

    Args:
        plan: to be told about.
        show: makes names harmless.
    """
    named = [f"the {first.what.value} {show(first.name)}" for first in plan.firsts[:_CAUSES]]
    if not named:
        return ""
    named += [f"{rest:,} more"] if (rest := len(plan.firsts) - _CAUSES) > 0 else []
    return f"New, so that guards have nothing to compare with yet: {joined(named)}."


def figures_by_action(plan: Plan, refused: frozenset[tuple[str, str]]) -> list[tuple[Action, tuple[int, ...]]]:
    """Return for each action that there is how many groups, people who come, people who go, and refused changes."""
    found: list[tuple[Action, tuple[int, ...]]] = []
    for action in Action:
        of_it = [change for change in plan.changes if change.action is action]
        if of_it:
            coming, going = (sum(side) for side in zip(*((c.coming.count, c.going.count) for c in of_it), strict=True))
            found.append((action, (len(of_it), coming, going, sum(change.key in refused for change in of_it))))
    return found
