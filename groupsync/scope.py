"""Which groups of a target are ours to change, and what each of them meets on the other side. Pure.

What this project does not manage never reaches the diff. A group is ours when it carries our mark, or becomes ours when
a definition creates it or adopts it with consent.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from groupsync.adoption import UNKNOWN, UNMARKED, Takeover, with_mark_of
from groupsync.model import NO_MEMBERS, Action, Diagnostic, Refusal, Severity, State
from groupsync.pairing import Whose, pair
from groupsync.strayed import renamed_from, strayed
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Group, Snapshot
    from groupsync.ownership import Ownership
    from groupsync.pairing import Paired
    from groupsync.resolve import Blocked, Desired
    from groupsync.strayed import Strayed


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command line picked. It works on both sides alike, so it never deletes what it leaves out.

    Attributes:
        names: globs over names, any of which must match; empty for all.
        labels: pairs, all of which the group must have.
    """

    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def picks(self, group: Group) -> bool:
        """Tell whether the group is picked, by the name and labels it has on its side."""
        return (not self.names or any(fnmatch.fnmatchcase(group.name, pattern) for pattern in self.names)) and set(
            self.labels
        ) <= set(group.labels or ())


EVERYTHING: Final = Selection()
_SHOWN_NAMES: Final = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """One group to look at: what is desired, what is there, and what to do about it if they differ.

    `action` is `update` where both sides exist; whether anything really changes is for the diff to find out. `takeover`
    says why the group is not known to be ours, None where it is.
    """

    action: Action
    desired: Desired | None
    prior: Group | None
    reason: str = ""
    takeover: Takeover | None = None


@dataclass(slots=True)
class Scoped:
    """The pairs of one target in the order of their names, with what may not be done and what is odd."""

    pairs: list[Pair] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the definitions and the command line say about one target.

    Attributes:
        here: the desired groups that go to this target, sorted by name.
        elsewhere: names, earlier ones too, of groups that are defined, but not for this target.
        selection: what the command line picked.
        ownership: what is ours on a target that can't hold marks, already claimed in the snapshot; None on one that
            can.
        approvers: whom the config names for taking over groups.
        earlier: names that the project had before.
    """

    here: Sequence[Desired]
    elsewhere: frozenset[str] = frozenset()
    selection: Selection = EVERYTHING
    ownership: Ownership | None = None
    approvers: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


def scope(target: str, project: str, wanted: Wanted, snapshot: Snapshot) -> Scoped:
    """Pair what is wanted with what is there."""
    return _Scoping(target, project, wanted, snapshot).run()


class _Scoping:
    """One target's pairing; a class because every step needs the same four things."""

    def __init__(self, target: str, project: str, wanted: Wanted, snapshot: Snapshot) -> None:
        self.target = target
        self.project = project
        self.wanted = wanted
        self.snapshot = snapshot
        self.strayed: dict[str, Strayed] = {}
        self.earlier = {old: each for each in wanted.here for old in each.definition.previously}
        self.undefined: list[str] = []
        self.left_behind: list[str] = []
        self.found = Scoped()

    def run(self) -> Scoped:
        pairs = pair(self.project, self.wanted.here, self.snapshot.groups, self.wanted.earlier)
        picked = [each for each in pairs if any(map(self.wanted.selection.picks, each.groups))]
        self.strayed = strayed(pairs)
        for paired in picked:
            if paired.desired is not None:
                self.found.pairs += self._desired(paired, paired.desired)
                if paired.name in self.strayed:
                    self.found.diagnostics.append(self.strayed[paired.name].finding(self.target, self.wanted.here))
        for paired in picked:
            if paired.desired is None and paired.ours is not None:
                self.found.pairs += self._undefined(paired.ours)
            elif paired.desired is None and paired.whose is Whose.OURS_BEFORE:
                self.left_behind.append(paired.name)
        if self.undefined:
            hint = "Nothing is done with them. A definition with `lifecycle: {state: absent}` deletes one."
            what = "ours by `owns`, without a definition for it"
            self._tell_undefined("GS607", self.undefined, what, hint)
        if self.left_behind:
            hint = "Nothing is done with them. Define them to take them along, or delete them there by hand."
            what = "marked as this project was called before, without a definition for it"
            self._tell_undefined("GS623", self.left_behind, what, hint)
        self.found.pairs.sort(key=lambda pair: pair.desired.group.name if pair.desired else _name(pair.prior))
        return self.found

    def _desired(self, paired: Paired, desired: Desired) -> Iterator[Pair]:
        prior = paired.prior
        if desired.group.lifecycle.state is State.ABSENT:
            yield from self._absent(desired, paired)
            return
        if desired.blocked is not None:
            yield from self._blocked(desired, desired.blocked, paired)
            return
        ownership = self.wanted.ownership
        if ownership is not None and not ownership.allows(desired.group.name):
            self._refuse_name(desired, ownership)
        if prior is None:
            yield from self._missing(desired)
        elif paired.whose is Whose.ANOTHERS:
            self._tell_anothers(desired, prior)
        elif prior.name != desired.group.name:
            yield Pair(Action.RENAME, desired, prior, f"`previously: {prior.name}`", self._takeover(prior))
        elif takeover := self._takeover(prior):
            yield Pair(Action.ADOPT, desired, prior, takeover=takeover)
        else:
            yield Pair(Action.UPDATE, desired, prior)

    def _blocked(self, desired: Desired, blocked: Blocked, paired: Paired) -> Iterator[Pair]:
        """Leave a group alone of whose members nothing is known; one that is too small may be emptied."""
        name, definition, prior = desired.group.name, desired.definition, paired.prior
        is_small = blocked.size is not None and blocked.by == name
        empties = is_small and definition.min_size is not None and definition.min_size.empties
        ours = paired.ours
        is_emptied = empties and ours is not None and ours.name == name and not self._takeover(ours)
        if is_emptied:
            emptied = replace(desired, group=replace(desired.group, members=NO_MEMBERS))
            yield Pair(Action.UPDATE, emptied, prior, f"too small: {blocked.reason}")
        elif empties and prior is not None and paired.whose is Whose.ANOTHERS:
            self._tell_anothers(desired, prior)
        if is_small:
            what = "emptied" if is_emptied else "left as it is" if prior else "not made"
            hint = "Loosen its conditions, lower `min_size`, or wait until there are more."
            self._warn("GS621", f"`{name}` is small, so it is {what}", f"Inactive: {blocked.reason}.", hint, desired)
            return
        self.found.withheld.append(name)
        if blocked.by != name:
            summary = f"`{name}` is left as it is: it is built from `{blocked.by}`"
            detail = f"Of that group nothing can be said: {blocked.reason}."
            self._warn("GS622", summary, detail, f"See to `{blocked.by}`, or take the reference out.", desired)

    def _missing(self, desired: Desired) -> Iterator[Pair]:
        if not self.snapshot.complete:
            self._withhold(desired.group.name, "created, because it may exist")
            return
        if (found := renamed_from(desired, self.strayed.values())) is not None:
            self.found.refusals.append(found.refusal(self.target, desired))
        yield Pair(Action.CREATE, desired, None, "defined, and not on the target")

    def _takeover(self, prior: Group) -> Takeover | None:
        """Return why a group is not known to be ours; None where it is, or is another project's."""
        ownership = self.wanted.ownership
        if prior.mark is None:
            why = UNMARKED
        elif prior.mark.project in self.wanted.earlier:
            why = with_mark_of(prior.mark.project)
        elif ownership is not None and not ownership.knows(prior.name):
            why = UNKNOWN
        else:
            return None
        return Takeover(why, self.wanted.approvers)

    def _absent(self, desired: Desired, paired: Paired) -> Iterator[Pair]:
        prior = paired.prior
        if prior is None:
            return
        if paired.whose is Whose.NOBODYS:
            self._warn(
                "GS603",
                f"`{prior.name}` has `state: absent`, but is not ours to delete on {self.target}",
                "The group carries no ownership mark, so somebody else keeps it.",
                "Delete it there by hand, or take the definition out.",
                desired,
            )
        elif paired.whose is Whose.ANOTHERS:
            self._tell_anothers(desired, prior)
        else:
            yield from self._delete(prior, "`state: absent`", desired, self._takeover(prior))

    def _undefined(self, group: Group) -> Iterator[Pair]:
        ownership = self.wanted.ownership
        if ownership is not None and not ownership.is_recorded:
            self.undefined.append(group.name)
        elif group.name in self.wanted.elsewhere:
            yield Pair(Action.FORGET, None, group, f"its definition no longer goes to {self.target}")
        elif group.name in self.strayed:
            self.found.diagnostics.append(self.strayed[group.name].finding(self.target, self.wanted.here))
        elif is_suddenly_empty(group):
            self.found.withheld.append(group.name)
            what = "it is not deleted; `lifecycle: {state: absent}` would delete it"
            self.found.diagnostics.append(emptied(self.target, group, what))
        else:
            yield from self._superseded(group)

    def _superseded(self, group: Group) -> Iterator[Pair]:
        """Delete a group without a definition, unless one that it was to be renamed for can't take its place yet.

        Where that one is to be taken over first, the guards refuse both without consent.
        """
        claimant = self.earlier.get(group.name)
        if claimant is None or claimant.group.lifecycle.state is State.ABSENT:
            yield from self._delete(group, "its definition is gone", None)
            return
        if claimant.blocked is None:
            reason = f"`{claimant.group.name}` was called so before, and is on {self.target}, too"
            yield from self._delete(group, reason, None)

    def _delete(
        self, group: Group, reason: str, desired: Desired | None, takeover: Takeover | None = None
    ) -> Iterator[Pair]:
        if not self.snapshot.complete:
            self._withhold(group.name, "deleted")
            return
        stored = group.mark is not None and group.mark.prevent_delete
        if stored or (desired and desired.group.lifecycle.prevent_delete):
            self.found.refusals.append(
                Refusal(
                    self.target,
                    group.name,
                    "prevent_delete",
                    f"`{group.name}` is protected from deletion",
                    "Apply its definition with `prevent_delete: false` first, then delete it.",
                    desired.definition.at if desired else None,
                )
            )
        yield Pair(Action.DELETE, desired, group, reason, takeover)

    def _tell_anothers(self, desired: Desired, prior: Group) -> None:
        project = prior.mark.project if prior.mark else ""
        self.found.diagnostics.append(
            Diagnostic(
                "GS602",
                Severity.ERROR,
                f"`{prior.name}` on {self.target} belongs to the project `{project}`",
                f"This project is `{self.project}`; two projects must not manage one group.",
                "Rename the group here, or take its definition out of one of the two projects. If this project was "
                f"called `{project}` before, say so in the config: `previously_project: [{project}]`.",
                desired.definition.at,
            )
        )

    def _refuse_name(self, desired: Desired, ownership: Ownership) -> None:
        name = desired.group.name
        summary = f"`{name}` can't be ours on {self.target}: `owns` there is {ownership.owns}"
        hint = "Give the group another name, narrow the target's `select`, or widen its `owns`."
        self.found.refusals.append(Refusal(self.target, name, "owns", summary, hint, desired.definition.at))

    def _tell_undefined(self, code: str, names: list[str], what: str, hint: str) -> None:
        on = f"on {self.target}"
        groups = f"{counted(len(names), 'group')} {on} are" if len(names) > 1 else f"A group {on} is"
        listed = ", ".join(f"`{name}`" for name in names[:_SHOWN_NAMES])
        more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
        self.found.diagnostics.append(Diagnostic(code, Severity.WARNING, f"{groups} {what}", f"{listed}{more}", hint))

    def _withhold(self, name: str, what: str) -> None:
        self.found.withheld.append(name)
        self.found.diagnostics.append(
            Diagnostic(
                "GS601",
                Severity.WARNING,
                f"`{name}` is not {what}: {self.target} was not read wholly",
                self.snapshot.reason,
                "Plan again once the target can be read.",
            )
        )

    def _warn(self, code: str, summary: str, detail: str, hint: str, desired: Desired) -> None:
        self.found.diagnostics.append(Diagnostic(code, Severity.WARNING, summary, detail, hint, desired.definition.at))


def _name(group: Group | None) -> str:
    return group.name if group else ""


def is_suddenly_empty(group: Group) -> bool:
    """Tell whether a group to which members were applied last reads as empty."""
    held = group.members
    return group.mark is not None and group.mark.count > 0 and held is not None and held.known_count == 0


def emptied(target: str, group: Group, what: str) -> Diagnostic:
    """Make the finding on a group that is suddenly empty; `what` says what is done about it."""
    count = group.mark.count if group.mark else 0
    return Diagnostic(
        "GS606",
        Severity.WARNING,
        f"`{group.name}` on {target} is suddenly empty",
        f"{counted(count, 'member was', 'members were')} applied to it last, and nobody was read; {what}.",
        "Look at the target: either somebody emptied the group, or it does not show its members.",
    )
