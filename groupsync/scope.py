"""Which groups of a target are ours to change, and what each of them meets on the other side. Pure.

What this project does not manage never reaches the diff. A group is ours when it carries our mark, or becomes ours when
a definition creates it or adopts it with consent.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from groupsync.model import NO_MEMBERS, Action, Diagnostic, Refusal, Severity, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import Group, Snapshot
    from groupsync.ownership import Ownership
    from groupsync.resolve import Blocked, Desired


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

    `action` is `update` where both sides exist; whether anything really changes is for the diff to find out.
    """

    action: Action
    desired: Desired | None
    prior: Group | None
    reason: str = ""


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
        elsewhere: names that are defined, but not for this target.
        selection: what the command line picked.
        adopt: the command line's consent to take over groups without a mark.
        ownership: what is ours on a target that can't hold marks, already claimed in the snapshot; None on one that
            can.
    """

    here: Sequence[Desired]
    elsewhere: frozenset[str] = frozenset()
    selection: Selection = EVERYTHING
    adopt: bool = False
    ownership: Ownership | None = None


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
        self.prior = {group.name: group for group in snapshot.groups}
        self.renamed: set[str] = set()
        self.undefined: list[str] = []
        self.found = Scoped()

    def run(self) -> Scoped:
        for desired in self.wanted.here:
            if self._is_picked(desired):
                self.found.pairs += self._desired(desired)
            else:
                self.renamed.update(desired.definition.previously)  # not ours to delete in this run
        defined = {desired.group.name for desired in self.wanted.here}
        for group in self.snapshot.groups:
            if group.name not in defined and group.name not in self.renamed and self.wanted.selection.picks(group):
                self.found.pairs += self._undefined(group)
        if self.undefined:
            self._tell_undefined()
        self.found.pairs.sort(key=lambda pair: pair.desired.group.name if pair.desired else _name(pair.prior))
        return self.found

    def _is_picked(self, desired: Desired) -> bool:
        """Tell whether a group is picked; one that is to be renamed also by what it is on the target."""
        name, former = desired.group.name, desired.definition.previously
        renamed = [self.prior[old] for old in former if old in self.prior] if name not in self.prior else []
        return any(map(self.wanted.selection.picks, (desired.group, *renamed)))

    def _desired(self, desired: Desired) -> Iterator[Pair]:
        name = desired.group.name
        prior = self.prior.get(name)
        if desired.group.lifecycle.state is State.ABSENT:
            yield from self._absent(desired, prior)
            return
        if desired.blocked is not None:
            yield from self._blocked(desired, desired.blocked, prior)
            return
        ownership = self.wanted.ownership
        if ownership is not None and not ownership.allows(name):
            self._refuse_name(desired, ownership)
        if prior is None:
            yield from self._missing(desired)
        elif prior.mark is None:
            yield from self._unmarked(desired, prior)
        elif self._is_ours(prior, desired):
            yield Pair(Action.UPDATE, desired, prior)

    def _blocked(self, desired: Desired, blocked: Blocked, prior: Group | None) -> Iterator[Pair]:
        """Leave a group alone of whose members nothing is known; one that is too small may be emptied."""
        name, definition = desired.group.name, desired.definition
        self.renamed.update(definition.previously)
        is_small = blocked.size is not None and blocked.by == name
        empties = is_small and definition.min_size is not None and definition.min_size.empties
        is_emptied = empties and prior is not None and prior.mark is not None and self._is_ours(prior, desired)
        if is_emptied:
            emptied = replace(desired, group=replace(desired.group, members=NO_MEMBERS))
            yield Pair(Action.UPDATE, emptied, prior, f"too small: {blocked.reason}")
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
        for old in desired.definition.previously:
            prior = self.prior.get(old)
            if prior is not None and prior.mark is not None and prior.mark.project == self.project:
                self.renamed.add(old)
                yield Pair(Action.RENAME, desired, prior, f"`previously: {old}`")
                return
        if not self.snapshot.complete:
            self._withhold(desired.group.name, "created, because it may exist")
            return
        yield Pair(Action.CREATE, desired, None, "defined, and not on the target")

    def _unmarked(self, desired: Desired, prior: Group) -> Iterator[Pair]:
        name = desired.group.name
        consent = desired.group.lifecycle.adopt or self.wanted.adopt
        if not consent:
            self.found.refusals.append(
                Refusal(
                    self.target,
                    name,
                    "adopt",
                    f"`{name}` exists on {self.target} and nobody's mark is on it",
                    "Take it over with `--adopt`, or with `lifecycle: {adopt: true}` in its definition.",
                    desired.definition.at,
                )
            )
        yield Pair(Action.ADOPT, desired, prior, "exists on the target without a mark")

    def _absent(self, desired: Desired, prior: Group | None) -> Iterator[Pair]:
        if prior is None:
            return
        if prior.mark is None:
            self._warn(
                "GS603",
                f"`{prior.name}` has `state: absent`, but is not ours to delete on {self.target}",
                "The group carries no ownership mark, so somebody else keeps it.",
                "Delete it there by hand, or take the definition out.",
                desired,
            )
        elif self._is_ours(prior, desired):
            yield from self._delete(prior, "`state: absent`", desired)

    def _undefined(self, group: Group) -> Iterator[Pair]:
        if group.mark is None or group.mark.project != self.project:
            return
        ownership = self.wanted.ownership
        if ownership is not None and not ownership.is_recorded:
            self.undefined.append(group.name)
        elif group.name in self.wanted.elsewhere:
            yield Pair(Action.FORGET, None, group, f"its definition no longer goes to {self.target}")
        elif is_suddenly_empty(group):
            self.found.withheld.append(group.name)
            what = "it is not deleted; `lifecycle: {state: absent}` would delete it"
            self.found.diagnostics.append(emptied(self.target, group, what))
        else:
            yield from self._delete(group, "its definition is gone", None)

    def _delete(self, group: Group, reason: str, desired: Desired | None) -> Iterator[Pair]:
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
        yield Pair(Action.DELETE, desired, group, reason)

    def _is_ours(self, prior: Group, desired: Desired) -> bool:
        if prior.mark is None or prior.mark.project == self.project:
            return True
        self.found.diagnostics.append(
            Diagnostic(
                "GS602",
                Severity.ERROR,
                f"`{prior.name}` on {self.target} belongs to the project `{prior.mark.project}`",
                f"This project is `{self.project}`; two projects must not manage one group.",
                "Rename the group here, or take its definition out of one of the two projects.",
                desired.definition.at,
            )
        )
        return False

    def _refuse_name(self, desired: Desired, ownership: Ownership) -> None:
        name = desired.group.name
        summary = f"`{name}` can't be ours on {self.target}: `owns` there is {ownership.owns}"
        hint = "Give the group another name, narrow the target's `select`, or widen its `owns`."
        self.found.refusals.append(Refusal(self.target, name, "owns", summary, hint, desired.definition.at))

    def _tell_undefined(self) -> None:
        count = len(self.undefined)
        groups = f"{count} groups on {self.target} are" if count > 1 else f"A group on {self.target} is"
        self.found.diagnostics.append(
            Diagnostic(
                "GS607",
                Severity.WARNING,
                f"{groups} ours by `owns`, without a definition for it",
                ", ".join(f"`{name}`" for name in self.undefined[:_SHOWN_NAMES])
                + (f" and {count - _SHOWN_NAMES} more" if count > _SHOWN_NAMES else ""),
                "Nothing is done with them. A definition with `lifecycle: {state: absent}` deletes one.",
            )
        )

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
        f"{count} members were applied to it last, and none were read; {what}.",
        "Look at the target: either somebody emptied the group, or it does not show its members.",
    )
