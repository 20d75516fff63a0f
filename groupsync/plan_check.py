"""Hold a plan that was saved against the definitions: what follows from files is worked out again, never believed.

A change has to be what the definition makes of the group, as of the plan's instant: its members, its attributes, its
mark, and what guards go by. Who comes to and goes from a group that follows from files alone is known to the last
member; of a segment only bounds are (`groupsync.bounds`), since its source is not asked. What the plan says of the
target is held against that, as far as reading it takes no members. Pure but for loading members.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.aliases import changed_addresses
from groupsync.canonical import canonical_count
from groupsync.model import ATTRIBUTES, NO_MEMBERS, Action, Mode, State, decode_members, digest_bytes, lines_among
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Set

    from groupsync.bounds import Bounds
    from groupsync.diff import Context
    from groupsync.identity import Identity
    from groupsync.model import AttributeChange, Change, Group, Mark, Members
    from groupsync.resolve import Desired

_NAMED: Final = 3
_PROTECTION: Final = "prevent_delete"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the changes of a plan to one target are held against, as of the plan's instant.

    Attributes:
        project: the ownership mark.
        identity: the rule of canonical form, and the aliases.
        here: the groups that go to the target, by name.
        elsewhere: names that are defined, but not for the target.
        attributes: those that the target can store.
        complete: whether the target was read wholly for the plan; if not, nobody may be removed.
        bounds: returns what can be said of some people and groups whose segments are not computed.
    """

    project: str
    identity: Identity
    here: Mapping[str, Desired]
    elsewhere: frozenset[str]
    attributes: frozenset[str]
    complete: bool
    bounds: Callable[[frozenset[str]], Bounds]


def contradiction(change: Change, basis: Basis) -> str:
    """Return what in a change does not follow from the definitions, as a clause; empty where nothing is found.

    A change whose definition is another one by now is not looked at: it is stale, and says so when it is applied.

    Raises:
        GroupsyncError: members could not be loaded.
    """
    desired = basis.here.get(change.name)
    if change.definition_digest != (desired.digest() if desired else ""):
        return ""
    return next(_problems(change, desired, basis), "")


def _problems(change: Change, desired: Desired | None, basis: Basis) -> Iterator[str]:
    match change.action:
        case Action.DELETE:
            yield from _deletion(change, desired, basis)
        case Action.FORGET:
            yield from _forgetting(change, desired, basis)
        case _ if desired is None:
            yield f"no definition gives it to {change.target}"
        case _ if desired.group.lifecycle.state is State.ABSENT:
            yield "its definition has `state: absent`"
        case _:
            yield from _written(change, desired, basis)


# --- Groups that go ---------------------------------------------------------------------------------------------------


def _deletion(change: Change, desired: Desired | None, basis: Basis) -> Iterator[str]:
    if desired is not None and desired.group.lifecycle.state is State.PRESENT:
        yield "it would be deleted, and its definition wants it"
    if change.name in basis.elsewhere:
        yield f"it would be deleted, and is defined, though not for {change.target}"
    if change.remove.count != change.prior_count:
        yield f"it had {counted(change.prior_count, 'member')}, and {change.remove.count:,} would go with it"
    yield from _nothing_of_the_definition(change)


def _forgetting(change: Change, desired: Desired | None, basis: Basis) -> Iterator[str]:
    if desired is not None or change.name not in basis.elsewhere:
        yield "its mark would be taken off, and no definition says so"
    if change.remove.count:
        yield "a group that is given up keeps its members"
    if any(each.name != _PROTECTION for each in change.attributes):
        yield "a group that is given up keeps its attributes"
    yield from _nothing_of_the_definition(change)


def _nothing_of_the_definition(change: Change) -> Iterator[str]:
    if change.prior_name != change.name:
        yield f"it is called {change.prior_name} there"
    if change.add.count or change.mark or change.expired or change.readdressed:
        yield "nothing may come with a group that goes"
    if any(each.after for each in change.attributes):
        yield "nothing may be written to a group that goes"


# --- Groups that are written ------------------------------------------------------------------------------------------


def _written(change: Change, desired: Desired, basis: Basis) -> Iterator[str]:
    mark = change.mark
    if mark is None:
        yield "it would have no mark"
        return
    yield from _names(change, desired)
    yield from _attributes(change, desired, basis)
    yield from _owners(change, desired.group, basis.identity)
    yield from _marked(mark, desired, basis)
    after = change.prior_count + change.add.count - change.remove.count
    if mark.count != after:
        yield f"its figures don't add up: they leave {counted(after, 'member')}, and its mark says {mark.count:,}"
    removes = basis.complete and desired.group.lifecycle.mode is Mode.AUTHORITATIVE
    if change.remove.count and not removes:
        yield "it would remove members, and may only add some"
    if change.readdressed != _readdressed(change, basis.identity):
        yield "its changed addresses are not those of `aliases`"
    yield from _members(change, mark, desired, basis, removes=removes)


def _names(change: Change, desired: Desired) -> Iterator[str]:
    match change.action:
        case Action.CREATE if change.prior_name is not None or change.prior_count or change.remove.count:
            yield "it would be created, and had something before"
        case Action.RENAME if change.prior_name not in desired.definition.previously:
            yield f"its definition has no `previously: [{change.prior_name}]`"
        case Action.UPDATE | Action.ADOPT if change.prior_name != change.name:
            yield f"its definition calls it {change.name}, and it is called {change.prior_name} there"


def _attributes(change: Change, desired: Desired, basis: Basis) -> Iterator[str]:
    group = desired.group
    for each in change.attributes:
        if each.name == _PROTECTION:
            if each.after != group.lifecycle.prevent_delete:
                yield "its protection is not that of the definition"
        elif each.name not in ATTRIBUTES or each.after is None or each.after != group.attribute(each.name):
            yield f"the `{each.name}` to write is not that of the definition"
    if change.action is Action.CREATE:
        written = {each.name for each in change.attributes}
        for name in ATTRIBUTES:
            if name in basis.attributes and name not in written and group.attribute(name) is not None:
                yield f"the `{name}` of the definition is left out"


def _owners(change: Change, group: Group, identity: Identity) -> Iterator[str]:
    """Compare who answers for the group; of one whose definition names nobody, only the target knows."""
    if group.owners is None and change.action is not Action.CREATE:
        return
    edited = next((each for each in change.attributes if each.name == "owners"), None)
    before = _texts(edited)
    if change.owners != identity.owners(group.owners or (), before):
        yield "its owners are not those of the definition"


def _texts(edited: AttributeChange | None) -> tuple[str, ...]:
    before = edited.before if edited else None
    return tuple(each for each in before if isinstance(each, str)) if isinstance(before, tuple) else ()


def _marked(mark: Mark, desired: Desired, basis: Basis) -> Iterator[str]:
    if (mark.project, mark.identity) != (basis.project, basis.identity.rule):
        yield "its mark is not one of this project and its `identity`"
    if mark.prevent_delete != desired.group.lifecycle.prevent_delete:
        yield "its mark has another protection than the definition"


def _readdressed(change: Change, identity: Identity) -> tuple[tuple[str, str], ...]:
    if not identity.aliases or not change.add.count or not change.remove.count:
        return ()
    return changed_addresses(change.add.load(), change.remove.load(), identity)


# --- Members ----------------------------------------------------------------------------------------------------------


def _members(change: Change, mark: Mark, desired: Desired, basis: Basis, *, removes: bool) -> Iterator[str]:
    members = desired.group.members
    if desired.blocked is None and members is None:
        if change.touches_members or change.expired:
            yield "it would change who belongs, and its definition says nothing of that"
    elif members is None or desired.settled is not None:
        yield from _within_bounds(change, mark, desired, basis, removes=removes)
    else:
        with members.loaded_once():
            yield from _as_defined(
                change, mark, desired, _Known.of(members, basis.identity, change, mark), removes=removes
            )


def _as_defined(change: Change, mark: Mark, desired: Desired, known: _Known, *, removes: bool) -> Iterator[str]:
    foreign, kept = known.lacking(change.add), known.having(change.remove)
    if foreign:
        yield f"it would add {_some(foreign)}, whom the definition does not name"
    if kept:
        yield f"it would remove {_some(kept)}, whom the definition names"
    if mark.count < known.count or (removes and mark.count != known.count):
        yield f"it leaves {counted(mark.count, 'member')}, and the definition has {known.count:,}"
    if removes and mark.digest != known.digest:
        yield "its mark has the digest of other members"
    lapsed = len(change.remove.load() & desired.unexpired()) if desired.unexpired and change.remove.count else 0
    if change.expired != lapsed:
        yield f"{_lapsed(change.expired)}, and {counted(lapsed, 'has', 'have')}"


def _within_bounds(change: Change, mark: Mark, desired: Desired, basis: Basis, *, removes: bool) -> Iterator[str]:
    """Compare with what is certain of a segment, or of a group that is built on one, without its source."""
    definition = desired.definition
    if definition.min_size is not None and definition.min_size.empties and not mark.count and not change.add.count:
        return  # too few match, for all that can be known
    added, removed = change.add.load(), change.remove.load()
    bounds = basis.bounds(added | removed)
    foreign, kept = added - bounds.most(change.name), removed & bounds.least(change.name)
    if foreign:
        yield f"it would add {_some(foreign)}, who can't belong to it by its definition"
    if kept:
        yield f"it would remove {_some(kept)}, who belong to it by its definition"
    if definition.limit is not None and removes:
        listed = definition.members
        most = definition.limit.count + (len(listed.plain_members()) + len(listed.timed) if listed else 0)
        if mark.count > most:
            yield f"it leaves {counted(mark.count, 'member')}, and `limit` lets in {most:,} at most"
    lapsed = len(removed & bounds.lapsed(change.name)) if change.expired else 0
    if change.expired > lapsed:
        yield f"{_lapsed(change.expired)}, and {lapsed:,} can have"


@dataclass(frozen=True, slots=True)
class _Known:
    """A membership as the definition has it.

    Attributes:
        count, digest: its own.
        among: gives those of some people who belong.
    """

    count: int
    digest: str
    among: Callable[[frozenset[str]], Set[str]]

    @classmethod
    def of(cls, members: Members, identity: Identity, change: Change, mark: Mark) -> _Known:
        """Learn all of it, in the cheapest way where the digest is expected to be that of `mark`.

        A file whose bytes have that digest is not parsed: its lines are its members, and few are searched for in it.
        """
        text = members.raw() if members.raw else None
        if text is not None:
            found = digest_bytes(text)
            is_whole = found == mark.digest and (not text or text.endswith(b"\n"))
            count = text.count(b"\n") if is_whole else canonical_count(text, identity)
            if count is not None:
                is_few = (change.add.count + change.remove.count) * _FEW < count
                return cls(count, found, partial(_searched, text) if is_few else decode_members(text).intersection)
        return cls(members.count, members.digest, lambda names: names & members.load())

    def lacking(self, names: Members) -> Set[str]:
        """Return who of `names` does not belong."""
        if not names.count or (names.count, names.digest) == (self.count, self.digest):
            return frozenset()
        wanted = names.load()
        return wanted - self.among(wanted)

    def having(self, names: Members) -> Set[str]:
        """Return who of `names` belongs."""
        return self.among(names.load()) if names.count else frozenset()


_FEW: Final = 8
"""So many lines are decoded in the time that it takes to search for one of few people."""


def _searched(text: bytes, names: frozenset[str]) -> Set[str]:
    return {line.decode() for line in lines_among({name.encode() for name in names}, text)}


def _lapsed(count: int) -> str:
    return counted(count, "of those to remove is", "of those to remove are") + " said to have expired"


def _some(names: Collection[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


# --- The target -------------------------------------------------------------------------------------------------------


def misstatement(change: Change, group: Group | None, context: Context) -> str:
    """Return what a change says of its group on the target and is not so, as a clause; empty where nothing is found.

    A group that moved since the plan is left to the change's precondition.

    Args:
        change: of a saved plan.
        group: what goes by its name before the change; None where nothing does.
        context: of the target.
    """
    if change.action is Action.CREATE or group is None:
        return ""
    return next(_misstatements(change, group, context), "")


def _misstatements(change: Change, group: Group, context: Context) -> Iterator[str]:
    mark = group.mark
    if change.action is not Action.ADOPT and (mark is None or mark.project != context.project):
        yield "the group there is not ours"
    if change.action is Action.DELETE and mark and mark.prevent_delete:
        yield "the group there is protected from deletion"
    if not context.revisions or group.revision != change.precondition:
        return
    count = group.members.known_count if group.members else None
    if count is not None and count != change.prior_count:
        yield f"it has {counted(count, 'member')} there, and not {change.prior_count:,}"
    if group.id != change.id:
        yield f"its id there is {group.id}, and not {change.id}"
    for each in change.attributes:
        if each.name in ATTRIBUTES and not group.says(each.name, each.before):
            yield f"its `{each.name}` there is not what it is said to be"


# --- Time -------------------------------------------------------------------------------------------------------------


def has_turned(before: Desired, after: Desired) -> bool:
    """Tell whether a group has other members at a later instant, where a written time passed that decides of them.

    Of a segment, and of a group that is built on one, nobody knows: there the time alone is reason enough.
    """
    if before.blocked or after.blocked:
        return True
    return (before.group.members or NO_MEMBERS) != (after.group.members or NO_MEMBERS)
