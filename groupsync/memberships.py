"""The groups that one person is in, by which way and for how long: `groupsync.why` over all groups at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import Period
from groupsync.why import Included, InFile, Listed, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from groupsync.why import Way, Why


@dataclass(frozen=True, slots=True)
class Path:
    """One way into a group, down to the entry or condition that lets the person in.

    Attributes:
        steps: `Included` for each group on the way, then what lets in. One alone is in the group itself.
        period: when all that is written on the way holds.
    """

    steps: tuple[Way, ...]
    period: Period

    @property
    def is_direct(self) -> bool:
        """Whether the group itself lists the person, in `members` or a file."""
        return is_listing(self.steps[0])


@dataclass(frozen=True, slots=True)
class Membership:
    """A group and how a person gets into it.

    Attributes:
        why: what is known of the two.
        paths: for each way in that lets the person in, one path, direct ones first. None where nothing does.
        idle: entries that name the person and do not hold now.
    """

    why: Why
    paths: tuple[Path, ...]
    idle: tuple[Listed, ...]

    @property
    def is_in(self) -> bool:
        """Whether the person is in the group."""
        return self.why.state is State.IN


def memberships(whys: Iterable[Why]) -> list[Membership]:
    """Return the groups that a person is in or is named by, in the order given."""
    paths = _Paths()
    found = [Membership(why, paths.into(why), tuple(_idle(why))) for why in whys]
    return [each for each in found if each.paths or each.idle]


def is_listing(way: Way) -> bool:
    """Tell whether a way is an entry that names people one by one."""
    return isinstance(way, Listed | InFile)


def _idle(why: Why) -> list[Listed]:
    return [way for way in why.ways if isinstance(way, Listed) and not way.lets_in]


class _Paths:
    """Finds the paths into each group once: by each way the one that holds longest, so that they stay few."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Path, ...]] = {}

    def into(self, why: Why) -> tuple[Path, ...]:
        if why.group not in self.known:
            until = Period(until=why.definition.until)
            found = [self._by(way, until) for way in why.ways if way.lets_in]
            self.known[why.group] = tuple(sorted(found, key=lambda path: not path.is_direct))
        return self.known[why.group]

    def _by(self, way: Way, bounds: Period) -> Path:
        match way:
            case Listed():
                return Path((way,), overlap(bounds, way.period))
            case Included():
                rest = max(self.into(way.why), key=_lasts)
                own = overlap(bounds, way.reference.period)
                return Path((way, *rest.steps), overlap(own, rest.period))
            case _:
                return Path((way,), bounds)


_NEVER: Final = (1, 0.0)


def _lasts(path: Path) -> tuple[int, float]:
    until = path.period.until
    return _NEVER if until is None else (0, until.timestamp())


def overlap(one: Period, other: Period) -> Period:
    """Return when both hold."""
    starts = [each.start for each in (one, other) if each.start]
    ends: list[datetime] = [each.until for each in (one, other) if each.until]
    return Period(max(starts, default=None), min(ends, default=None))
