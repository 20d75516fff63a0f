"""Groups: the same type on both sides; and what is read of a target."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.model.definition import USUAL_LIFECYCLE, Lifecycle
from groupsync.model.members import NO_MEMBERS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from groupsync.model.findings import Diagnostic
    from groupsync.model.members import Members


KNOWN_USER_GROUP: Final = "known-user-group"
SEGMENT: Final = "segment"

AttributeValue: TypeAlias = str | bool | tuple[str, ...] | tuple[tuple[str, str], ...] | None
"""Text, a flag, a sorted tuple (owners), sorted pairs (labels), or None: not set."""


@dataclass(frozen=True, slots=True)
class Past:
    """What guards compare with, as a mark keeps it for machines that remember nothing. It names nobody.

    Names and identities are keys of 16 hexadecimal digits, see `groupsync.pasts`.

    Attributes:
        at: the instant as of which the group was planned when it was last applied, in UTC.
        rows: of the sources that the group is computed from, through other groups too: identity, name, and how many
            customers it had; sorted, at most 8.
        counts: of the groups that it is built on: name, and how many members it was given; sorted, at most 32.
        is_whole: whether that is all of them. If not, one that is missing is not known to be new.
    """

    at: datetime
    rows: tuple[tuple[str, str, int], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """The ownership mark that is stored with a managed group on its target.

    A change in several writes puts an unfinished mark on the group with the first of them, and the finished one with
    the last: no mark claims members that are not there yet.

    Attributes:
        project: the project that manages the group.
        digest: of the members last applied; empty in an unfinished mark, and where it was not recorded (see
            `groupsync.ownership`).
        count: of the members last applied; 0 in an unfinished mark.
        identity: how identifiers were made canonical then, such as `email/fold`. A digest vouches for a member file
            only under the same rule.
        prevent_delete: protection that outlives the definition.
        name: of the group that it was written for; empty where that is not known, as in marks of earlier versions. Two
            marks that differ in it alone are equal: it never causes a change.
        past: what guards compared with when the members were applied; None in an unfinished mark, in marks of earlier
            versions, and on targets that have no room for it. Like the name it never causes a change.
    """

    project: str
    digest: str
    count: int
    identity: str
    prevent_delete: bool = False
    name: str = field(default="", compare=False)
    past: Past | None = field(default=None, compare=False)

    @property
    def is_finished(self) -> bool:
        """Whether it stands for members that were applied, all of them."""
        return bool(self.digest)

    def unfinished(self) -> Mark:
        """Return the mark while not all writes of a change are done."""
        return replace(self, digest="", count=0, past=None)

    def is_of(self, other: Mark | None) -> bool:
        """Tell whether it is another mark, or that mark while it was not finished."""
        return other is not None and self in (other, other.unfinished())


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of members, prior or desired.

    Attributes:
        name: the key on both sides.
        members: None on the desired side means that membership is not managed; None on the prior side that the target
            does not tell.
        id: the target's own identifier; never causes a change.
        mark: prior side: the mark found, None for a group that nobody manages. Desired side: None.
        revision: prior side: a token that every change of the group moves; the precondition of changes to it. None
            where the target has none.
        lifecycle: desired side only; never causes a change.
        display_name, description, owners (sorted), labels (sorted pairs): None means not managed (desired) or not
            set (prior).
    """

    name: str
    kind: str = KNOWN_USER_GROUP
    display_name: str | None = None
    description: str | None = None
    owners: tuple[str, ...] | None = None
    labels: tuple[tuple[str, str], ...] | None = None
    members: Members | None = NO_MEMBERS
    id: str | None = None
    mark: Mark | None = None
    revision: str | None = None
    lifecycle: Lifecycle = USUAL_LIFECYCLE

    def attribute(self, name: str) -> AttributeValue:
        """Return one of `ATTRIBUTES` by name."""
        value: AttributeValue = getattr(self, name)
        return value

    def says(self, name: str, value: AttributeValue) -> bool:
        """Tell whether an attribute has a value.

        Not set and empty are the same. So is a display name that only repeats the name: some targets must have one.
        """
        return self._telling(name, self.attribute(name)) == self._telling(name, value)

    def _telling(self, name: str, value: AttributeValue) -> AttributeValue:
        return None if name == "display_name" and value == self.name else value or None


def loaded_once(group: Group | None) -> AbstractContextManager[None]:
    """Hold a group's members while they are looked at, see `Members.loaded_once`; for no group there is nothing to do.

    Whoever asks a target's group for both its digest and its members, or for a count and then either, would read it
    again for each.
    """
    return nullcontext() if group is None or group.members is None else group.members.loaded_once()


ATTRIBUTES: Final = ("kind", "display_name", "description", "owners", "labels")
"""The attributes that are compared and written, in the order shown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read from a target. `names` None means every group; otherwise at least these, absent ones left out."""

    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a target held when it was read.

    Attributes:
        groups: sorted by name, no name twice.
        revision: of the target as a whole, None where it has none.
        complete: False for a partial read: nothing is deleted or removed because of what is missing from it.
        reason: why it is not complete; empty otherwise.
        diagnostics: warnings about odd things in the target that do not make the read incomplete, such as a file whose
            name no group can have.
    """

    groups: tuple[Group, ...]
    revision: str | None = None
    complete: bool = True
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
