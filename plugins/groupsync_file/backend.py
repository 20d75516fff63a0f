"""The backend `file`: options, locking, and the order of one apply; the layouts do the rest."""

from __future__ import annotations

import posixpath
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

from groupsync.backend import Capabilities, carry_out, check_precondition
from groupsync.errors import BackendError, ConfigError, StaleRead
from groupsync.lease import FileSlot, Lease
from groupsync.model import Action
from groupsync.secrets import Secret
from groupsync_file.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from groupsync.backend import BackendContext, JsonSchema, LockInfo
    from groupsync.model import Change, Group, Scope, Snapshot

_DOCUMENTS: Final = frozenset({".yaml", ".yml", ".json"})
_CAPABILITIES: Final = Capabilities(
    actions=frozenset(Action), digests=True, revisions=True, ownership=True, remembers=True, concurrent=1, locks=True
)


class Store(Protocol):
    """A layout. Every call but `guard` and `close` is made while `guard` is held; any may raise `OSError`."""

    def guard(self, *, exclusive: bool) -> AbstractContextManager[None]:
        """Keep others out (a writer) or keep writers out (a reader), and see what they did meanwhile."""
        ...

    def read(self, names: frozenset[str] | None) -> Snapshot:
        """Return the groups of these names, or all."""
        ...

    def find(self, name: str) -> Group | None:
        """Return one group as it is now, None if there is none."""
        ...

    def write(self, prior: Group | None, after: Group) -> Group:
        """Make `prior` (None: nothing) into `after`, wholly or not at all; return that with its revision."""
        ...

    def remove(self, prior: Group) -> None:
        """Delete a group, wholly or not at all."""
        ...

    def close(self) -> None:
        """Let go of everything; may be called twice."""
        ...


def _path(options: Mapping[str, Any]) -> str:
    path = options["path"]
    return path.reveal() if isinstance(path, Secret) else str(path)


class FileBackend:
    """Groups in files of the project's own: readable, diffable, fit to be kept in git."""

    name: ClassVar[str] = "file"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "minLength": 1,
                "title": "Path",
                "description": "Where the groups are kept, relative to the project's folder and inside it. A name that "
                "ends in .yaml or .json is one readable document; any other is a folder with one member file a group, "
                "good for millions of memberships.",
                "examples": ["state/", "state.yaml", "state.json"],
            }
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Choose the layout. Looks at the path, but reads and writes nothing yet.

        Raises:
            ConfigError: the path leads out of the project, or holds something else.
        """
        written = _path(options)
        place = Place.inside(context.root, written)
        path = place.path
        is_document = path.suffix in _DOCUMENTS and not written.endswith("/")
        if path.exists() and path.is_dir() is is_document:
            found, expected = ("a folder", "a file") if is_document else ("a file", "a folder")
            hint = "End the path in `/` for a folder, in `.yaml` or `.json` for a document."
            raise ConfigError(f"the state path `{written}` is {found}", f"expected {expected}", hint)
        lock_path = path.with_name(f".{path.name}.lock") if is_document else path / ".lock"
        return cls(_store(place, context, is_document=is_document), Lease(FileSlot(lock_path), context.target))

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """The path from the project's folder, so that every clone of the project means the same store."""
        return {"path": posixpath.normpath(_path(options))}

    @property
    def capabilities(self) -> Capabilities:
        """Everything but concurrency."""
        return _CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read the groups in scope as they are at one moment; where nothing was ever written there are none."""
        with _explained("can't be read"), self._store.guard(exclusive=False):
            return self._store.read(scope.names)

    def members(self, group: Group) -> Iterator[str]:
        """Stream the members, if the group is still the one that was read."""
        with _explained("can't be read"), self._store.guard(exclusive=False):
            found = self._store.find(group.name)
            if found is None or found.revision != group.revision:
                raise StaleRead(f"`{group.name}` changed since it was read", hint="Plan again.", name=group.name)
            members = found.members.load() if found.members else frozenset()
        yield from members

    def apply(self, change: Change) -> Group | None:
        """Check the precondition and write, under one lock that keeps every other process out."""
        with _explained("can't be written"), self._store.guard(exclusive=True):
            name = change.prior_name or change.name
            prior = self._store.find(name)
            is_taken = change.name != name and self._store.find(change.name) is not None
            check_precondition(change, prior, name_is_taken=is_taken)
            after = carry_out(change, prior)
            if after is not None:
                return self._store.write(prior, after)
            if prior is not None:
                self._store.remove(prior)
            return None

    def close(self) -> None:
        """Leave the files tidy."""
        self._store.close()

    def lock(self, ttl_seconds: float) -> LockInfo:
        """Take the lock file, or renew it; one whose process died on this machine is taken over at once."""
        return self._lease.lock(ttl_seconds)

    def unlock(self, lock: LockInfo) -> None:
        """Remove the lock file, if it still is ours."""
        self._lease.unlock(lock)

    def lock_status(self) -> LockInfo | None:
        """Return who holds the lock file."""
        return self._lease.lock_status()

    def break_lock(self) -> LockInfo | None:
        """Remove the lock file, whoever's it is."""
        return self._lease.break_lock()


def _store(place: Place, context: BackendContext, *, is_document: bool) -> Store:
    """Make a layout's store; each is imported when it is used, for the sake of start-up."""
    if is_document:
        from groupsync_file.document import DocumentStore

        return DocumentStore(place, context)
    from groupsync_file.folder import FolderStore

    return FolderStore(place, context)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        summary = f"{error.filename or 'the state'} {what}"
        raise BackendError(summary, error.strerror or str(error), "See to the file, and run again.") from error
