"""A saved plan of a given size, made by a fixed recipe, to be shown in the forms that people read."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groupsync.model import Action, Change, Members, Plan, SourceRange, TargetState
from groupsync.plan import sealed
from groupsync.planfile import write_plan

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = 10_000
CHANGES = 10
"""Members that come or go, a group."""


def write(path: Path, groups: int) -> None:
    """Save a plan in which so many groups change, the same each time; some people move from one group to another."""
    targets = (TargetState("local", "file", groups=groups, memberships=groups * 1_000),)
    chance = random.Random(7)
    changes = tuple(_change(number, groups, chance) for number in range(groups))
    write_plan(sealed(Plan("bench", datetime(2026, 12, 1, tzinfo=UTC), targets, changes, "")), path)


def _change(number: int, groups: int, chance: random.Random) -> Change:
    people = [f"user{each:07d}@example.com" for each in chance.sample(range(groups * CHANGES), CHANGES)]
    name = f"group-{number:05d}"
    return Change(
        "local",
        name,
        Action.UPDATE,
        name,
        reason="the definition changed",
        add=Members.of(people[: CHANGES // 2]),
        remove=Members.of(people[CHANGES // 2 :]),
        prior_count=1_000,
        at=SourceRange(f"groups/{name}.yaml", 2, 7),
        owners=("growth@example.com",),
    )
