"""One change as requests: the members in lots, all else together with the last of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.backend import Step, member_chunks
from groupsync.errors import BackendError, IncompleteRead, StalePlanError
from groupsync.model import Action
from groupsync.wording import counted
from groupsync_scim import convert
from groupsync_scim.client import GROUPS, WITHOUT_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groupsync.model import Change, Group
    from groupsync_scim.client import ScimClient, Written
    from groupsync_scim.convert import Naming, Person, Resource
    from groupsync_scim.features import Features
    from groupsync_scim.options import ScimOptions
    from groupsync_scim.people import People

_FRESH_SECONDS: Final = 10.0
"""How long a list of names is good for telling whether one is free, where the server can't be asked for just one."""


@dataclass(frozen=True, slots=True)
class Who:
    """The users that a change is about, by address.

    Attributes:
        add: one each.
        remove: all who have the address. Nobody for one that is gone: so are its memberships.
    """

    add: Mapping[str, Person]
    remove: Mapping[str, list[Person]]


@dataclass(slots=True)
class Writer:
    """Carries out changes. Safe to use from several threads.

    Attributes:
        seen: groups as they were last read or written, by id; what is known of their members does not count.
    """

    client: ScimClient
    features: Features
    options: ScimOptions
    naming: Naming
    people: People
    seen: dict[str, Group] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _names_until: float = 0.0

    def carry_out(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Carry out one change; see `SupportsSteps`."""
        if change.action is Action.CREATE:
            return self._create(change, note)
        if change.action is not Action.DELETE:
            return self._update(change, note)
        path, doing = convert.path_of(GROUPS, _id(change)), f"delete `{change.name}`"
        self.client.write("DELETE", path, version=change.precondition, doing=doing, name=change.name)
        self._names.discard(change.name)
        return None

    # --- The kinds of change ------------------------------------------------------------------------------------------

    def _create(self, change: Change, note: Callable[[Step], None]) -> Group:
        from groupsync_scim.messages import group_body

        who = self._who(change)
        self._check_free(change)
        values = {"displayName": change.name, **self._values(change)}
        lots = list(member_chunks(change, self._limit)) or [([], [])]
        values |= self._marks(change, is_last=not lots[1:])
        body = group_body(convert.with_values({}, values, self._members(who, lots[0][0])))
        written = self.client.write("POST", GROUPS, body, doing=f"create `{change.name}`", name=change.name)
        self._names.add(change.name)
        group = self._created(change, written)
        note(Step(added=len(lots[0][0]), revision=group.revision))
        for number, (add, _) in enumerate(lots[1:], 2):
            operations = list(convert.member_operations(self._members(who, add), ()))
            if number == len(lots):
                operations += convert.attribute_operations(self._marks(change))
            written = self._patch(change.name, group.id or "", operations, group.revision)
            group = self._told(change, group, written)
            note(Step(added=len(add), revision=group.revision))
        return group

    def _update(self, change: Change, note: Callable[[Step], None]) -> Group:
        who = self._who(change)
        values = self._values(change)
        group = self._seen(change)
        if change.action is Action.RENAME:
            self._check_free(change)
            group = group or self._look(change, change.precondition)
            if group.display_name is None:
                values.setdefault("displayName", change.name)
        lots = list(member_chunks(change, self._limit)) or [([], [])]
        version = change.precondition
        written: Written | None
        for number, (add, remove) in enumerate(lots, 1):
            last = values | self._marks(change) if number == len(lots) else {}
            last |= self._marks(change, is_last=False) if number == 1 < len(lots) else {}
            if not self.features.patch or (number == len(lots) and self._empties(change)):
                written = self._put(change, who, (add, remove), last, version)
            else:
                gone = [self.people.value_of(person) for each in remove for person in who.remove.get(each, ())]
                operations = [*convert.member_operations(self._members(who, add), gone)]
                operations += convert.attribute_operations(last)
                written = self._patch(change.name, _id(change), operations, version) if operations else None
            group = self._told(change, group, written) if written else self._look(change, version)
            version = group.revision
            if written:
                note(Step(len(add), len(remove), version))
        self._names -= {change.prior_name} if change.action is Action.RENAME else set()
        return group or self._look(change, version)

    # --- Requests -----------------------------------------------------------------------------------------------------

    @property
    def _limit(self) -> int | None:
        return self.options.members_per_patch if self.features.patch else None

    def _patch(self, name: str, id_: str, operations: list[dict[str, Any]], version: str | None) -> Written:
        from groupsync_scim.messages import patch_body

        path, body = convert.path_of(GROUPS, id_), patch_body(operations)
        return self.client.write("PATCH", path, body, version=version, doing=f"change `{name}`", name=name)

    def _put(
        self,
        change: Change,
        who: Who,
        members: tuple[list[str], list[str]],
        values: Mapping[str, Any],
        version: str | None,
    ) -> Written:
        """Write the group as a whole: what it is now, with the change. Members who are nobody we know stay."""
        path = convert.path_of(GROUPS, _id(change))
        resource = self._get(change, version)
        held = convert.field(resource, "members") or []
        if not self.features.patch and len(held) < change.prior_count:
            detail = f"{counted(change.prior_count, 'member was', 'members were')} planned on, and {len(held):,} came"
            raise IncompleteRead(f"`{change.name}` was not read wholly", detail, "Plan again.", name=change.name)
        add, remove = members
        people = [person for each in remove for person in who.remove.get(each, ())]
        gone = {person.id for person in people} | {self.people.value_of(person) for person in people}
        kept = [each for each in held if convert.field(each, "value") not in gone]
        there = {convert.field(each, "value") for each in kept}
        new = [each for each in self._members(who, add) if each["value"] not in there]
        body = convert.with_values(resource, values, [*kept, *new])
        return self.client.write("PUT", path, body, version=version, doing=f"change `{change.name}`", name=change.name)

    def _get(self, change: Change, version: str | None, *, whole: bool = True) -> Resource:
        name, path = change.prior_name or change.name, convert.path_of(GROUPS, _id(change))
        params = None if whole else WITHOUT_MEMBERS
        resource = self.client.get(path, params, doing=f"show `{name}`", name=name)
        if resource is None:
            raise _stale(name, "it is not there any more")
        if version is not None and convert.version_of(resource) != version:
            raise _stale(name, "somebody changed it since it was read")
        return resource

    def _check_free(self, change: Change) -> None:
        """See that no group has the new name; SCIM has no way to say so in the write itself."""
        if self.features.filter:
            [text] = convert.filters((self.naming.attribute,), [change.name], 1)
            listing = self.client.list_all(GROUPS, 2, {"filter": text, **WITHOUT_MEMBERS})
            is_taken = any(self.naming.name_of(each)[0] == change.name for each in listing.resources)
        else:
            is_taken = change.name in self._names_there()
        if is_taken:
            raise _stale(change.prior_name or change.name, f"there is a group called `{change.name}` by now")

    def _names_there(self) -> set[str]:
        if time.monotonic() > self._names_until:
            listing = self.client.list_all(GROUPS, self.features.page(), WITHOUT_MEMBERS)
            if listing.problem:
                raise IncompleteRead("the groups were not read wholly", listing.problem, "Plan again.", retryable=True)
            self._names = {self.naming.name_of(each)[0] for each in listing.resources}
            self._names_until = time.monotonic() + _FRESH_SECONDS
        return self._names

    # --- What is meant, and what was told -----------------------------------------------------------------------------

    def _who(self, change: Change) -> Who:
        add, remove = change.add.load(), change.remove.load()
        found = self.people.find(add | remove)
        return Who(self.people.all_of(add, change.name), {each: found[each] for each in remove if each in found})

    def _members(self, who: Who, addresses: list[str]) -> list[dict[str, str]]:
        people = [who.add[each] for each in addresses]
        has_refs = self.features.needs_ref
        return [
            convert.member(self.people.value_of(each), self.client.user_ref(each.id) if has_refs else "")
            for each in people
        ]

    def _values(self, change: Change) -> dict[str, Any]:
        return convert.attribute_values(change, self.naming, extended=self.features.stores_marks)

    def _marks(self, change: Change, *, is_last: bool = True) -> dict[str, Any]:
        """Return the mark that a request writes; an unfinished one unless it is the last."""
        if not self.features.stores_marks or (change.mark is None and not is_last):
            return {}
        mark = change.mark if change.mark is None or is_last else change.mark.unfinished()
        return convert.mark_values(mark, named=self.features.names_marks, remembers=self.features.remembers)

    def _empties(self, change: Change) -> bool:
        """Tell whether nobody is left, on a server where PATCH can't do that."""
        loses_all = change.remove.count >= max(1, change.prior_count) and not change.add.count
        return self.features.needs_members and loses_all

    def _seen(self, change: Change) -> Group | None:
        """Return the group before, as it was read, if that is what was planned on."""
        seen = self.seen.get(change.id or "")
        return seen if seen and (seen.revision, seen.name) == (change.precondition, change.prior_name) else None

    def _look(self, change: Change, version: str | None) -> Group:
        return self._read(change, self._get(change, version, whole=False))

    def _created(self, change: Change, written: Written) -> Group:
        """Return the group as the server told it, after a POST, which must tell (RFC 7644, 3.3)."""
        if not convert.field(written.resource, "id"):
            summary = f"`{change.name}` was created, and the server did not say under which `id`"
            raise BackendError(summary, hint="Plan again.", name=change.name)
        return self._read(change, self._versioned(written.resource or {}, written.version))

    def _told(self, change: Change, prior: Group | None, written: Written) -> Group:
        """Return the group after a write, which may have told all of it, its version, or nothing (RFC 7644, 3.5)."""
        if written.resource is not None:
            return self._read(change, self._versioned(written.resource, written.version))
        if prior is None or (self.features.etag and not written.version):
            return self._look(change, None)
        group = convert.after(change, prior, written.version if self.features.etag else None)
        self.seen[group.id or ""] = group
        return group

    def _read(self, change: Change, resource: Resource) -> Group:
        found = convert.read_group(resource, self.naming, has_versions=self.features.etag)
        if found is None or found.group.name not in (change.name, change.prior_name):
            summary = f"the server does not keep `{self.naming.attribute}`, so `{change.name}` has no name there"
            hint = "Set `name_in: displayName` for the target, and delete the group by hand if it was just created."
            raise BackendError(
                summary, f"it was sent, and {found.group.name if found else 'nothing'!r} came back", hint
            )
        self.seen[found.group.id or ""] = found.group
        return found.group

    def _versioned(self, resource: Resource, version: str | None) -> Resource:
        return {**resource, "meta": {**(convert.field(resource, "meta") or {}), "version": version}}


def _id(change: Change) -> str:
    if not change.id:
        raise _stale(change.prior_name or change.name, "it is not known under which `id` it is there")
    return change.id


def _stale(name: str, problem: str) -> StalePlanError:
    return StalePlanError(
        f"`{name}` is not as planned", problem, "Plan again, and review what is different.", name=name
    )
