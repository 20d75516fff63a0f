"""The guards one by one: what each counts, against which limit. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from groupsync.following import ON_ITS_OWN
from groupsync.guard_lost import Lost, is_consented
from groupsync.model import Action, Kind, Level, Limit, Tiers
from groupsync.wording import counted, few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from groupsync.following import Follows
    from groupsync.guard_renames import Recreated
    from groupsync.model import Change, GroupGuards, Guards, Removed, SourceRange, TargetState

CODES: Final = {
    Kind.REMOVE: "GS801",
    Kind.ADD: "GS802",
    Kind.EMPTY: "GS803",
    Kind.LOST: "GS804",
    Kind.RUN: "GS805",
    Kind.DELETE: "GS806",
    Kind.SIZE: "GS807",
    Kind.RECREATE: "GS808",
    Kind.OVER: "GS809",
    Kind.OVERALL: "GS809",
}
"""The diagnostic that warns of what each guard is about."""

_NAMED: Final = 3
"""How many of those who would be in no group a warning names."""
_MEANT: Final = "Nothing to do if that is meant."


@dataclass(frozen=True, slots=True)
class Found:
    """What one guard says of a change or a run.

    Attributes:
        kind: which guard.
        refuses: whether it refuses, or only warns.
        summary: one line with the figures, without the name of group or target.
        count: what would have to be allowed.
        limit: what passes without.
        at: where the limit is written; None for a default.
        detail: more, for a warning.
        hint: the edit that mends it, where there is one.
        defined_at: where the group is defined.
        subject: whose name an exception has to bear; empty for the group that is refused.
    """

    kind: Kind
    refuses: bool
    summary: str
    count: int = 0
    limit: int = 0
    at: SourceRange | None = None
    detail: str = ""
    hint: str = ""
    defined_at: SourceRange | None = None
    subject: str = ""

    @property
    def code(self) -> str:
        """The diagnostic's code."""
        return CODES[self.kind]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a guard counted.

    Attributes:
        kind: which guard.
        prior: what percents are of.
        count: what refuses where it is too many.
        total: the same with what is written down: that only warns.
        what: in words, behind the count: `of 300 members would go`.
        defined_at: as in `Found`.
        detail: as in `Found`.
        what_of_one: the same, behind a 1; empty where that makes no difference.
        following: how many of `total` follow from what was allowed for other groups; not in `count`.
        follows: from what.
    """

    kind: Kind
    prior: int
    count: int
    total: int
    what: str
    defined_at: SourceRange | None = None
    detail: str = ""
    what_of_one: str = ""
    following: int = 0
    follows: Follows = ON_ITS_OWN


def _over(tally: _Counted, tiers: Tiers) -> Iterator[Found]:
    """Give the refusal, or else the warning, that a count means."""
    refuse = tiers.refuse.of(tally.prior) if tiers.refuse else None
    if tiers.refuse and refuse is not None and tally.count > refuse:
        yield _found(tally, tiers.refuse, refuse, refuses=True)
        return
    for limit in (tiers.warn, tiers.refuse):
        most = limit.of(tally.prior) if limit else None
        if limit and most is not None and tally.total > most:
            yield _found(tally, limit, most, refuses=False)
            return


def _found(tally: _Counted, limit: Limit, most: int, *, refuses: bool) -> Found:
    written = tally.total - tally.count - tally.following
    number = tally.count if refuses else tally.total
    aside = f"; {counted(written, 'more is', 'more are')} written to go" if refuses and written else ""
    some = counted(written, "of them is", "of them are")
    warned = f"{some} written to go: an `until` has passed, or `state: absent`." if written else ""
    if tally.following and refuses:
        aside += f"; {tally.follows.words(tally.following, 'more', 'more')}"
    elif tally.following:
        warned = " ".join(filter(None, [warned, f"{tally.follows.words(tally.following, 'of them', 'of them')}."]))
    name = "limit" if refuses else "limit for a warning"
    return Found(
        tally.kind,
        refuses,
        f"{counted(number, tally.what_of_one or tally.what, tally.what)}; the {name} is {_words(limit, most)}{aside}",
        number,
        most,
        limit.at,
        " ".join(filter(None, [tally.detail, "" if refuses else warned])),
        "" if refuses else _MEANT,
        defined_at=tally.defined_at,
    )


def _words(limit: Limit, most: int) -> str:
    return f"{most:,}" if limit.percent is None else f"{most:,} ({limit})"


# --- A group ----------------------------------------------------------------------------------------------------------


def group_findings(
    change: Change,
    guards: GroupGuards,
    past: Sequence[int] = (),
    absent: frozenset[str] = frozenset(),
    *,
    follows: Follows = ON_ITS_OWN,
) -> Iterator[Found]:
    """Give what the guards of one group say of its change.

    Args:
        change: what to judge.
        guards: those that hold for the group.
        past: how many members it had after past runs.
        absent: names of the groups that are meant to be deleted.
        follows: what of it follows from what was allowed for other groups: that only warns.
    """
    prior, removed = change.prior_count, change.going.count
    kept = 0 if is_consented(change, absent) else removed - change.expired
    gone = min(kept, follows.gone)
    if removed:
        what = f"of {counted(prior, 'member')} would go"
        tally = _Counted(Kind.REMOVE, prior, kept - gone, removed, what, change.at, "", "", gone, follows)
        yield from _over(tally, guards.removed_members)
    if change.coming.count and change.action is not Action.CREATE:
        what, one, added = f"members would come to {prior:,}", f"member would come to {prior:,}", change.coming.count
        come = min(added, follows.come)
        tally = _Counted(Kind.ADD, prior, added - come, added, what, change.at, "", one, come, follows)
        yield from _over(tally, guards.added_members)
    yield from _emptied(change, guards, follows)
    if past and change.touches_members and change.action not in (Action.CREATE, Action.DELETE):
        yield from _over(_size(change, past, follows), guards.size_deviation)


def judged(
    change: Change,
    guards: Guards,
    own: GroupGuards | None,
    past: Sequence[int] = (),
    absent: frozenset[str] = frozenset(),
    *,
    follows: Follows = ON_ITS_OWN,
) -> tuple[list[Found], list[Found]]:
    """Return what holds of a change, and what the config's limits would find and a looser one of its own lets pass.

    The stricter of both counts, unless the config lets the group's definition loosen; for a rename, under both names.

    Args:
        change: what to judge.
        guards: the config's.
        own: those that its definition sets.
        past: how many members the group had after past runs.
        absent: names of the groups that are meant to be deleted.
        follows: what of it follows from what was allowed for other groups.
    """
    found = list(group_findings(change, guards.of_a_group, past, absent, follows=follows))
    if own is None:
        return found, []
    *stricter, own = guards_of(guards, own, change.name, change.prior_name)
    mine = list(group_findings(change, own, past, absent, follows=follows))
    if not stricter:
        levels = {each.kind: each.refuses for each in mine}
        return mine, [each for each in found if each.kind not in levels or (each.refuses and not levels[each.kind])]
    strictest: dict[Kind, Found] = {}
    for each in (*found, *mine):
        other = strictest.get(each.kind)
        if other is None or (each.refuses, -each.limit) > (other.refuses, -other.limit):
            strictest[each.kind] = each
    return list(strictest.values()), []


def guards_of(
    guards: Guards, own: GroupGuards | None, name: str, prior_name: str | None = None
) -> tuple[GroupGuards, ...]:
    """Return the guards of which each holds for a group: the config's, and with its own last those of its definition.

    The config's are not among them where it lets the definition loosen; for a rename, under both names.
    """
    if own is None:
        return (guards.of_a_group,)
    mine = own.over(guards.of_a_group)
    return (mine,) if all(map(guards.lets_loosen, {name, prior_name or name})) else (guards.of_a_group, mine)


def _emptied(change: Change, guards: GroupGuards, follows: Follows) -> Iterator[Found]:
    """Judge a group that loses everybody; one that is deleted is for other guards."""
    guard = guards.emptied_group
    left = change.prior_count + change.add.count - change.remove.count
    if guard is None or guard.level is Level.OFF or left or not change.remove.count or change.action is Action.DELETE:
        return
    count = change.prior_count - change.expired
    gone = min(count, follows.gone)
    count -= gone
    floor = (guards.removed_members.refuse.floor if guards.removed_members.refuse else None) or 0
    refuses = guard.level is Level.REFUSE and count > floor
    some = counted(change.expired, "of them has", "of them have")
    expired = f"{some} expired: a written `until` has passed." if change.expired else ""
    yield Found(
        Kind.EMPTY,
        refuses,
        f"nobody would be left of {counted(change.prior_count, 'member')}",
        count,
        floor,
        guard.at,
        " ".join(filter(None, [expired, f"{follows.words(gone, 'of them', 'of them')}." if gone else ""])),
        "" if refuses else _MEANT,
        change.at,
    )


def _size(change: Change, past: Sequence[int], follows: Follows) -> _Counted:
    mean = round(Fraction(sum(past), len(past)))
    after = change.prior_count + change.add.count - change.remove.count
    total = abs(after - mean)
    count = total if after > mean else max(0, mean - after - change.expired)
    following = min(count, follows.come if after > mean else follows.gone)
    side = "more" if after > mean else "fewer"
    what = f"{side} than the mean of {mean:,} after the last {few(len(past), 'run')}"
    would = f"It would have {counted(after, 'member')}."
    return _Counted(Kind.SIZE, mean, count - following, total, what, change.at, would, "", following, follows)


def recreated_finding(pair: Recreated, absent: frozenset[str]) -> Found:
    """Say of a group that goes as one comes with the same members what it probably is; `absent` is consent."""
    old, new = pair.deleted, pair.created
    refuses = not is_consented(old, absent)
    where = f" to {new.at.path}:{new.at.line}" if new.at else ""
    return Found(
        Kind.RECREATE,
        refuses,
        f"`{old.name}` would be deleted and `{new.name}` created with {pair.alike_percent} % of the same members: "
        "that looks like a rename",
        old.remove.count,
        at=new.at,
        hint=f"To rename it, add `previously: [{old.name}]`{where}.",
        subject=new.name,
    )


def removed_over(
    change: Change, past: Removed, guards: Guards, absent: frozenset[str], *, follows: Follows = ON_ITS_OWN
) -> Iterator[Found]:
    """Give what the limit over some days says of a change.

    Args:
        change: what to judge.
        past: what runs of these days took out of its group.
        guards: the config's.
        absent: names of the groups that are meant to be deleted.
        follows: what of it follows from what was allowed for other groups.
    """
    removed = change.going.count
    kept = 0 if is_consented(change, absent) else removed - change.expired
    gone = min(kept, follows.gone)
    prior = max(change.prior_count, past.most)
    tally = _Counted(Kind.OVER, prior, kept - gone, removed, "member", change.at, "", "", gone, follows)
    yield from _over_days(tally, past, guards)


def _over_days(tally: _Counted, past: Removed, guards: Guards) -> Iterator[Found]:
    """Add what went already. A single step only refuses: `removed_members` and `removed_in_run` warn of it."""
    if not tally.count:
        return
    steps = "an earlier run" if past.runs == 1 else counted(past.runs, "earlier run")
    some = f", {past.gone:,} of them in {steps}" if past.gone else ""
    some += f" (up to {past.doubted:,} by what has not ended)" if past.doubted else ""
    within = few(guards.days, "a day", "days")
    what = f"of {counted(tally.prior, tally.what)} would have gone within {within}{some}"
    summed = replace(tally, count=past.gone + tally.count, total=past.gone + tally.total, what=what)
    yield from _over(summed, guards.removed_over if past.gone else Tiers(refuse=guards.removed_over.refuse))


# --- A run ------------------------------------------------------------------------------------------------------------


def run_findings(
    target: TargetState,
    changes: Sequence[Change],
    guards: Guards,
    lost: Callable[[], Lost] | None = None,
    absent: frozenset[str] = frozenset(),
) -> Iterator[Found]:
    """Give what the guards of a run say of what will be done on one target.

    Args:
        target: as it was read.
        changes: those that nothing else speaks against.
        guards: the config's.
        lost: finds out who would be in no group any more; called only where somebody goes and the guard is not off.
            None: nobody can say.
        absent: names of the groups that are meant to be deleted.
    """
    total = sum(each.going.count for each in changes)
    count = sum(each.going.count - each.expired for each in changes if not is_consented(each, absent))
    what = f"of {counted(target.memberships, 'membership')} would go"
    yield from _over(_Counted(Kind.RUN, target.memberships, count, total, what), guards.removed_in_run)
    deleted = [each for each in changes if each.action is Action.DELETE]
    groups = target.groups - sum(each.action is Action.CREATE for each in changes)
    meant = sum(is_consented(each, absent) for each in deleted)
    what = f"of {counted(groups, 'group')} would be deleted"
    yield from _over(_Counted(Kind.DELETE, groups, len(deleted) - meant, len(deleted), what), guards.deleted_groups)
    limits = (guards.lost_every_group.warn, guards.lost_every_group.refuse)
    is_asked = any(each and each.of(0) is not None for each in limits)
    if lost and count and is_asked:
        found = lost()
        some = f"Among them: {', '.join(found.some[:_NAMED])}." if found.some else ""
        one, people = (f"{who} would be in no group any more" for who in ("person", "people"))
        tally = _Counted(Kind.LOST, 0, found.count, found.count, people, detail=some, what_of_one=one)
        yield from _over(tally, guards.lost_every_group)


def removed_over_target(
    target: TargetState, changes: Sequence[Change], past: Removed, guards: Guards, absent: frozenset[str]
) -> Iterator[Found]:
    """Give what the limit over some days says of all that will be done on one target; see `removed_over`."""
    total = sum(each.going.count for each in changes)
    count = sum(each.going.count - each.expired for each in changes if not is_consented(each, absent))
    prior = max(target.memberships, target.memberships - past.change)
    yield from _over_days(_Counted(Kind.OVERALL, prior, count, total, "membership"), past, guards)
