"""One group as the definitions want it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.model import Definition, Group


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing can be said of who belongs to a group, so that the group is left as it is.

    Attributes:
        by: name of the group it comes from: the group itself, or one that it is built from.
        reason: about that one, as a clause.
        size: of a segment that is too small to be active; None for any other reason.
    """

    by: str
    reason: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """One group as the definitions want it.

    Attributes:
        group: the desired group; `members` None where membership is not managed, or not known: a segment that was not
            computed or is blocked, and what builds on it.
        definition: what it comes from.
        digest: returns the definition digest, over the definition and all it is built from; reads member files.
        unexpired: returns who would belong if no written `until` of `members` or `include` had passed; None where
            none has.
        settled: returns who belongs for those who belong on a target now, where that makes a difference
            (`limit.keep_until_rank`); None where it makes none.
        bypassing: returns how many listed members are in past its sample or limit; None where it has neither.
        blocked: why the group is left as it is; None where it isn't.
    """

    group: Group
    definition: Definition
    digest: Callable[[], str]
    unexpired: Callable[[], frozenset[str]] | None = None
    settled: Callable[[frozenset[str]], frozenset[str]] | None = None
    bypassing: Callable[[], int] | None = None
    blocked: Blocked | None = None
