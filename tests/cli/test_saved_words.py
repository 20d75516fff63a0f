"""What is said of a plan that was saved holds of the very file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from groupsync.cli.saving import saved_words
from groupsync.guard_grants import PLAN_DIGITS
from groupsync.model import Action, Allowance, Change, Kind, Later, Refusal, Verdict
from tests.plans import people, plan_of

NOW = datetime(2027, 1, 1, tzinfo=UTC)
A, B = (Change("local", name, Action.CREATE, add=people(2)) for name in "ab")
REFUSED = Verdict((Refusal("local", "a", "removed_members", "no"),))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (plan_of(A, B), "; `groupsync apply p.plan` does just this."),
        (plan_of(), "; there is nothing in it to apply."),
        (
            plan_of(later=(Later("local", "a", NOW, 0, 1, "3f9a1c2b"),)),
            "; there is nothing in it to apply today. To apply it remembers that its dates were shown.",
        ),
        (plan_of(A, looking=True), ", to be looked at: a plan that was made with `--at` can't be applied."),
        (
            plan_of(A, B, verdict=REFUSED),
            "; `groupsync apply p.plan` does just this, but for 1 change that is refused.",
        ),
        (plan_of(A, verdict=REFUSED), "; all of it is refused, and `groupsync apply p.plan` does nothing."),
    ],
)
def test_what_apply_does_with_it_is_what_is_said(plan, expected):
    """An empty plan, one to look at and one that is refused in part or whole are no plan that is done as it is."""
    assert f"Saved to p.plan{expected}" == saved_words(plan, Path("p.plan"))


def test_consent_from_the_command_line_has_to_be_typed_again():
    """A plan that takes a group over was made with `--adopt`, and its file does not say so."""
    plan = plan_of(Change("local", "a", Action.ADOPT, "a", add=people(2)))
    assert "`groupsync apply p.plan --adopt` does just this" in saved_words(plan, Path("p.plan"), adopt=True)
    assert "--adopt" not in saved_words(plan_of(A), Path("p.plan"), adopt=True)


def test_an_exception_from_the_command_line_has_to_be_typed_again():
    """An approval in the repository holds by itself."""
    allowances = (
        Allowance(Kind.REMOVE, "a", 3, "--allow"),
        Allowance(Kind.REMOVE, "b", 3, "approvals/b.yaml:1", "why"),
    )
    plan = plan_of(A, B, verdict=Verdict((), allowances))
    typed = f"groupsync apply 'my plan' --allow 'remove:a<=3@{plan.digest[:PLAN_DIGITS]}'"
    assert f"Saved to my plan; `{typed}` does just this." == saved_words(plan, Path("my plan"))
