"""Groups of ours whose ownership mark was written for another name: somebody copied or renamed them. Pure.

None of them is deleted because it has no definition, and none is made anew in silence under the name that it had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.model import Diagnostic, Refusal, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model import Group
    from groupsync.pairing import Paired
    from groupsync.resolve import Desired


@dataclass(frozen=True, slots=True)
class Strayed:
    """One such group.

    Attributes:
        group: as the target holds it.
        origin: the name that its mark was written for.
        is_copy: a group of that name is there, too.
        is_defined: there is a definition of its present name.
    """

    group: Group
    origin: str
    is_copy: bool
    is_defined: bool

    def finding(self, target: str, here: Sequence[Desired]) -> Diagnostic:
        """Return the warning that tells of it; `here` is what goes to the target."""
        name = self.group.name
        what = f"is a copy of `{self.origin}`" if self.is_copy else f"was `{self.origin}` when it was last applied"
        detail = "Its definition is applied to it." if self.is_defined else "No definition is for it. It is left alone."
        claimant = next((each for each in here if self.origin in _names(each)), None)
        if self.is_defined:
            hint = "Nothing needs to be done: the next change of it writes a mark of its own."
        elif claimant is not None and not self.is_copy:
            hint = self._edits(claimant)
        else:
            hint = f"Delete it there; or let a definition of `{name}` with `lifecycle: {{state: absent}}` do it."
        at = claimant.definition.at if claimant and not self.is_copy else None
        summary = f"`{name}` on {target} {what}, by its ownership mark"
        return Diagnostic("GS615", Severity.WARNING, summary, detail, hint, at)

    def refusal(self, target: str, desired: Desired) -> Refusal:
        """Refuse to make the group anew that this one was."""
        name = desired.group.name
        summary = f"`{self.group.name}` on {target} was `{self.origin}` when it was last applied: somebody renamed it"
        return Refusal(target, name, "renamed", summary, self._edits(desired), desired.definition.at)

    def _edits(self, desired: Desired) -> str:
        """Give the two edits of a definition that keep the group, and the one that does not."""
        now, name = self.group.name, desired.group.name
        return (
            f"To give it its name back, write `previously: [{now}]` into the definition of `{name}`; to keep the new "
            f"name, `name: {now}` and `previously: [{name}]`. A definition of `{now}` with "
            "`lifecycle: {state: absent}` deletes it."
        )


def strayed(pairs: Iterable[Paired]) -> dict[str, Strayed]:
    """Return by name the groups of ours whose marks were written for another, unless a definition renames them."""
    found = list(pairs)
    there = {each.prior.name for each in found if each.prior}
    return {
        each.ours.name: Strayed(each.ours, each.ours.mark.name, each.ours.mark.name in there, each.desired is not None)
        for each in found
        if each.ours and each.ours.mark and _is_strayed(each, each.ours.mark.name)
    }


def renamed_from(desired: Desired, groups: Iterable[Strayed]) -> Strayed | None:
    """Return the group that was this one before somebody renamed it, if it is there and nothing else defines it."""
    names = _names(desired)
    return next((each for each in groups if each.origin in names and not each.is_copy and not each.is_defined), None)


def _is_strayed(paired: Paired, origin: str) -> bool:
    known = (paired.name, *_names(paired.desired)) if paired.desired else (paired.name,)
    return origin != "" and origin not in known


def _names(desired: Desired) -> tuple[str, ...]:
    return (desired.group.name, *desired.definition.previously)
