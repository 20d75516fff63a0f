"""The layout `path: state.yaml` or `state.json`: everything in one document, for targets that people read.

Every commit replaces the file as a whole, so it is wholly before or wholly after at any moment.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync import disk
from groupsync.errors import BackendError
from groupsync.model import Members, Snapshot, digest_bytes, encode_members
from groupsync_file.convert import free_id, revision_of, unreadable
from groupsync_file.document_text import format_document, parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.backend import BackendContext
    from groupsync.model import Group
    from groupsync_file.place import Place

MAX_BYTES: Final = 64 * 1024 * 1024


class DocumentStore:
    """A state document. Every call but `guard` and `close` is made while `guard` is held."""

    def __init__(self, place: Place, context: BackendContext) -> None:
        self._place = place
        self._context = context
        self._is_json = place.path.suffix == ".json"
        self._groups: dict[str, Group] = {}
        self._seen: disk.Signature | None = None

    @contextmanager
    def guard(self, *, exclusive: bool) -> Iterator[None]:
        """Keep other processes out (a writer) or keep writers out (a reader), and see what they did meanwhile."""
        folder = self._place.path.parent
        self._place.check(folder)
        if exclusive:
            disk.make_folder(folder)
        with disk.guard(folder, exclusive=exclusive) if folder.exists() else nullcontext():
            self._refresh()
            yield

    def read(self, names: frozenset[str] | None) -> Snapshot:
        """Return the groups of these names, or all."""
        groups = (group for name, group in sorted(self._groups.items()) if names is None or name in names)
        return Snapshot(tuple(groups))

    def find(self, name: str) -> Group | None:
        """Return one group as it is now, None if there is none."""
        return self._groups.get(name)

    def write(self, prior: Group | None, after: Group) -> Group:
        """Make `prior` (None: nothing) into `after`, and return that with its revision."""
        groups = {name: group for name, group in self._groups.items() if prior is None or name != prior.name}
        taken = {group.id for group in self._groups.values()}
        members = after.members.load() if after.members else frozenset()
        held = replace(after, id=after.id or free_id(after.name, taken.__contains__), members=_held(members))
        held = replace(held, revision=revision_of(held, held.members.digest if held.members else ""))
        self._replace({**groups, held.name: held})
        return held

    def remove(self, prior: Group) -> None:
        """Delete a group."""
        self._replace({name: group for name, group in self._groups.items() if name != prior.name})

    def close(self) -> None:
        """Let go of what was read."""
        self._groups, self._seen = {}, None

    def _refresh(self) -> None:
        path = self._place.path
        seen = disk.signature_of(path)
        if seen is not None and seen == self._seen:
            return
        self._seen, self._groups = None, {}
        if seen is not None:
            shown = self._place.shown(path)
            found = parse_document(disk.read_file(path), shown, is_json=self._is_json)
            self._groups = {group.name: self._group(group, names, shown) for group, names in found}
        self._seen = seen

    def _replace(self, groups: dict[str, Group]) -> None:
        data = format_document(groups.values(), is_json=self._is_json)
        path = self._place.path
        if len(data) > MAX_BYTES:
            summary = f"{self._place.shown(path)} would grow to {len(data) >> 20} MiB, more than can be read again"
            raise BackendError(summary, "", "Keep large groups in a state folder: `path: state/`.")
        self._seen = None
        disk.write_atomically(path, data)
        self._groups = groups
        self._seen = disk.signature_of(path)

    def _group(self, group: Group, names: list[str], shown: str) -> Group:
        try:
            members = self._members(group, names)
        except ValueError as error:
            summary = f"a member of `{group.name}` in {shown} is no identifier"
            damage = BackendError(summary, str(error), "Mend or remove it.", name=group.name)
            return replace(group, members=unreadable(damage), revision=revision_of(group, "damaged"))
        return replace(group, members=members, revision=revision_of(group, members.digest))

    def _members(self, group: Group, names: list[str]) -> Members:
        text = "".join(f"{name}\n" for name in names).encode()
        mark = group.mark
        if mark and mark.identity == self._context.identity and mark.digest == digest_bytes(text):
            return _held(frozenset(text.decode().split("\n")[:-1]))
        return _held(frozenset(map(self._context.canonical, names)))


def _held(members: frozenset[str]) -> Members:
    return Members(lambda: members, count=len(members), digest=digest_bytes(encode_members(members)))
