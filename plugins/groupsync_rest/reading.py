"""Read groups and members, wholly or with the reason why not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.errors import BackendError, IncompleteRead, StaleRead
from groupsync.http.failures import failure_of
from groupsync.model import Group, Snapshot
from groupsync_rest.client import Refused, is_done, meaning
from groupsync_rest.convert import canonical_members, group_of, twice
from groupsync_rest.pages import NotWhole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupsync.http import Answer
    from groupsync_rest.client import Wire
    from groupsync_rest.pages import Page

_FEW: Final = 3
"""So many groups are asked for one by one, where that can be done, rather than by listing all."""
_NAMES_LENGTH: Final = 4_000
"""So many characters of names go into one query; longer addresses are refused by some servers and proxies."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one service.

    Attributes:
        wire: to the service.
        canonical: makes of a member what it is compared by.
        spellings: by group and member, how the service writes a member; only where that is another way.
    """

    wire: Wire
    canonical: Callable[[str], str]
    spellings: dict[tuple[str, str], str] = field(default_factory=dict)

    def canonical_in(self, name: str, spelled: str) -> str:
        """Return what a member of a group is compared by; ValueError where it is none."""
        member = self.canonical(spelled)
        if member != spelled:
            self.spellings[name, member] = spelled
        return member

    def read(self, names: frozenset[str] | None) -> Snapshot:
        """Read these groups at least, or all.

        Raises:
            BackendError: the service did not answer, or refused.
        """
        groups: dict[str, Group] = {}
        try:
            for group in self._groups(names):
                if group.name in groups:
                    raise NotWhole(f"the group `{group.name}` came twice")  # noqa: TRY301 - the one way out
                groups[group.name] = group
        except NotWhole as stop:
            found = tuple(sorted(groups.values(), key=lambda group: group.name))
            return Snapshot(found, complete=False, reason=str(stop))
        return Snapshot(tuple(sorted(groups.values(), key=lambda group: group.name)))

    def members(self, group: Group) -> Iterator[str]:
        """Give the members of a group as they come.

        Raises:
            IncompleteRead: fewer or more came than the service announced.
            StaleRead: the group moved since it was read.
        """
        call = self.wire.profile.calls.get("members")
        if call is None:  # they came with the group, or are not told at all
            yield from group.members.load() if group.members is not None else ()
            return
        seen: dict[str, str] = {}
        values = {"name": group.name} | ({"id": group.id} if group.id is not None else {})
        size = self.wire.profile.limits.member_page
        try:
            for page in self.wire.pages(call, values, size):
                self._hold_revision(group, page)
                for member, spelled in canonical_members(page.items, group.name, self.canonical_in):
                    if member in seen:
                        raise twice(group.name, [(member, seen[member]), (member, spelled)])
                    seen[member] = spelled
                    yield member
        except NotWhole as stop:
            summary = f"`{group.name}` was not read wholly"
            raise IncompleteRead(summary, str(stop), "Plan again.", name=group.name, retryable=True) from stop
        except Refused as error:
            raise self._refused(group, error) from error

    def group(self, raw: object, revision: str | None) -> Group:
        """Return a group as one answer tells it; BackendError where that can't be understood."""
        try:
            return group_of(raw, self.wire.profile, self.canonical_in, revision)
        except NotWhole as error:
            hint = "Compare the profile with what the service answers: `groupsync profile check`."
            raise BackendError("the service's answer can't be understood", str(error), hint) from error

    def one(self, name: str, id_: str | None = None) -> Group | None:
        """Ask for one group; None where it is not there."""
        call = self.wire.profile.calls["get"]
        answer = self.wire.send(call, {"name": name} | ({"id": id_} if id_ is not None else {}))
        if not is_done(call, answer):
            if meaning(call, answer) == "absent":
                return None
            raise failure_of(answer, f"tell of `{name}`", name)
        body = answer.json()
        return self._read(call.group.of(body) if call.group is not None else body, answer)

    # --- Groups -------------------------------------------------------------------------------------------------------

    def _groups(self, names: frozenset[str] | None) -> Iterator[Group]:
        calls = self.wire.profile.calls
        can_filter = "names" in calls["list"].carries
        if names is not None and not can_filter and "get" in calls and len(names) <= _FEW:
            yield from filter(None, map(self.one, sorted(names)))
        elif names is not None and can_filter:
            for some in _lots(sorted(names)):
                yield from self._listed({"names": some})
        else:
            yield from self._listed({})

    def _listed(self, values: dict[str, Any]) -> Iterator[Group]:
        call, limits = self.wire.profile.calls["list"], self.wire.profile.limits
        try:
            for page in self.wire.pages(call, values, limits.page):
                if call.then_get:
                    yield from self._each(page.items)
                else:
                    yield from (self._read(raw, None) for raw in page.items)
        except Refused as error:
            failure = failure_of(error.answer, "list the groups")
            if error.meaning == "conflict":
                hint = "Plan again."
                summary = "the list of groups changed while it was read"
                raise BackendError(summary, failure.detail, hint, retryable=True) from error
            raise failure from error

    def _each(self, items: list[Any]) -> Iterator[Group]:
        """Ask for each group of a page; one that went meanwhile makes the read no less whole."""
        found = [self._read(raw, None) for raw in items]
        with ThreadPoolExecutor(self.wire.profile.limits.in_flight) as pool:
            yield from filter(None, pool.map(lambda group: self.one(group.name, group.id), found))

    def _read(self, raw: object, answer: Answer | None) -> Group:
        profile = self.wire.profile
        header = profile.revision_header
        revision = answer.headers.get(header) if answer is not None and header else None
        return group_of(raw, profile, self.canonical_in, revision)

    # --- Members ------------------------------------------------------------------------------------------------------

    def _hold_revision(self, group: Group, page: Page) -> None:
        call = self.wire.profile.calls["members"]
        found = call.revision.of(page.body) if call.revision is not None else None
        if found is not None and group.revision is not None and str(found) != group.revision:
            raise _moved(group)

    def _refused(self, group: Group, error: Refused) -> BackendError:
        if error.meaning in {"absent", "conflict"}:
            return _moved(group)
        return failure_of(error.answer, f"tell the members of `{group.name}`", group.name)


def _moved(group: Group) -> StaleRead:
    return StaleRead(f"`{group.name}` changed since it was read", hint="Plan again.", name=group.name)


def _lots(names: Iterable[str]) -> Iterator[list[str]]:
    """Give names in lots that fit into an address."""
    lot: list[str] = []
    length = 0
    for name in names:
        if lot and length + len(name) > _NAMES_LENGTH:
            yield lot
            lot, length = [], 0
        lot.append(name)
        length += len(name) + len("&name=")
    if lot:
        yield lot
