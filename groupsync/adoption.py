"""Taking over groups that exist and are not known to be this project's: who consents, and what is told. Pure.

Whoever defines a group of that name does not consent for those who have it: a command line does (`--adopt`), a reviewed
approval, or the config, which names the groups whose definitions may say so themselves (`adopt.match`).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import RULES, Action, Kind, Refusal
from groupsync.wording import counted

if TYPE_CHECKING:
    from groupsync.model import Change

RULE: Final = RULES[Kind.ADOPT]
UNMARKED: Final = "nobody's mark is on it"
UNKNOWN: Final = "no run of this project is known to have made it"


@dataclass(frozen=True, slots=True)
class Adoption:
    """The section `adopt` of the config.

    Attributes:
        match: globs over the names of groups that a definition may take over by `lifecycle: {adopt: true}`.
        approvers: who is asked about taking over a group, besides the owners that the target tells.
    """

    match: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()

    def lets(self, name: str) -> bool:
        """Tell whether a definition may take over the group of that name."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.match)


NO_ADOPTION: Final = Adoption()


@dataclass(frozen=True, slots=True)
class Takeover:
    """Why a group is not known to be this project's.

    Attributes:
        why: as a clause.
        approvers: the config's, see `Adoption`.
    """

    why: str
    approvers: tuple[str, ...] = ()


def with_mark_of(project: str) -> str:
    """Say that a group carries the mark of a project which this one was before."""
    return f"it carries the mark of `{project}`, as this project was called before"


def takeover_words(takeover: Takeover, members: int) -> str:
    """Say what is taken over, for the reason of a change: how many are in the group, and why it is not ours."""
    return f"exists there with {_counted(members)}; {takeover.why}"


def is_takeover(change: Change, *, undoes: bool = False) -> bool:
    """Tell whether a change takes a group over; `undoes` where it is of a plan that takes a run back."""
    return change.consenting is not None or (change.action is Action.ADOPT and not undoes)


def refused(change: Change) -> Refusal:
    """Refuse to take a group over without consent; the hint gives the ways to consent."""
    name = change.prior_name or change.name
    summary = (
        f"`{name}` exists on {change.target} with {_counted(change.prior_count)}, and is not known to be this project's"
    )
    hint = (
        "Take it over with `--adopt`, or with an approval of the kind `adopt`, "
        f"or let its definition: `adopt: {{match: [{name}]}}` in the config and `lifecycle: {{adopt: true}}` in it."
    )
    return Refusal(change.target, change.name, RULE, summary, hint, change.at, count=change.prior_count)


def _counted(members: int) -> str:
    return counted(members, "member") if members else "no members"
