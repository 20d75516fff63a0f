"""Groups in SQLite: every change one transaction, which also keeps count, digest and revision.

Readers don't wait for writers (WAL); writers wait for each other, at most `busy_seconds`. A change is answered only
when it is on disk (`synchronous=FULL`).
"""

from __future__ import annotations

import hashlib
import json
import queue
import secrets
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from group_service.cursors import StaleCursorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

Row: TypeAlias = dict[str, Any]
"""A group as the API tells it: plain values by the names of `models.Group`."""

_STRUCTURED: Final = ("owners", "labels", "mark")
_UNSET: Final = dict.fromkeys(("kind", "display_name", "description", *_STRUCTURED))
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS groups (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT, display_name TEXT, description TEXT, owners TEXT, labels TEXT, mark TEXT,
    member_count INTEGER NOT NULL DEFAULT 0,
    member_digest TEXT NOT NULL DEFAULT '',
    revision TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS members (
    group_key INTEGER NOT NULL REFERENCES groups (key) ON DELETE CASCADE,
    member TEXT NOT NULL,
    PRIMARY KEY (group_key, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY CHECK (only = 1), now INTEGER NOT NULL, names TEXT NOT NULL)
STRICT;
INSERT OR IGNORE INTO clock VALUES (1, 0, '');
CREATE VIEW IF NOT EXISTS shown AS
SELECT CAST(key AS TEXT) AS id, name, kind, display_name, description, owners, labels, member_count, member_digest,
    mark, revision
FROM groups;
"""
_COUNT_ALL: Final = "SELECT count(*) FROM shown"
_LIST_ALL: Final = "SELECT * FROM shown WHERE name > :after ORDER BY name LIMIT :limit"
_COUNT_NAMED: Final = "SELECT count(*) FROM shown WHERE name IN (SELECT value FROM json_each(:names))"
_LIST_NAMED: Final = """
SELECT * FROM shown WHERE name IN (SELECT value FROM json_each(:names)) AND name > :after ORDER BY name LIMIT :limit
"""
_SET: Final = """
UPDATE groups SET name = :name, kind = :kind, display_name = :display_name, description = :description,
    owners = :owners, labels = :labels, mark = :mark
WHERE key = :id
"""
_COUNT_AND_DIGEST: Final = """
UPDATE groups SET member_digest = ?, member_count = (SELECT count(*) FROM members WHERE group_key = key) WHERE key = ?
"""


class AbsentError(Exception):
    """There is no such group."""


class NameTakenError(Exception):
    """There is a group of that name."""


class MovedError(Exception):
    """The group's revision is none of those that were asked for."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        items: groups, or members.
        total: items on all pages.
        state: what the list was at; the next page must be asked for with it.
        after: the last item, where there are more; else None.
    """

    items: list[Any]
    total: int
    state: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change of a group.

    Attributes:
        values: attributes, `name` and `mark` by name; what is not named stays.
        remove, add: members, in this order: who is in both is in the group afterwards.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    add: Sequence[str] = ()
    remove: Sequence[str] = ()


class Store:
    """A database. May be used from any number of threads."""

    def __init__(self, path: str, busy_seconds: float = 10) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close all connections; none must be in use."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def groups(self, names: Collection[str], limit: int, state: str | None = None, after: str = "") -> Page:
        """Return groups sorted by name: all, or those of certain names.

        Args:
            names: only these; all if empty.
            limit: groups on the page at most.
            state: of the page before; None on the first.
            after: where the page before ended.

        Raises:
            StaleCursorError: a group was created, renamed or deleted since the first page.
        """
        values = {"names": json.dumps(sorted(names)), "after": after, "limit": limit + 1}
        with self._transaction("DEFERRED") as connection:
            (now,) = connection.execute("SELECT names FROM clock").fetchone()
            if state is not None and state != now:
                raise StaleCursorError
            (total,) = connection.execute(_COUNT_NAMED if names else _COUNT_ALL, values).fetchone()
            found = [_shown(row) for row in connection.execute(_LIST_NAMED if names else _LIST_ALL, values)]
        return Page(found[:limit], total, now, found[limit - 1]["name"] if len(found) > limit else None)

    def group(self, name: str) -> Row:
        """Return one group.

        Raises:
            AbsentError: there is none.
        """
        with self._transaction("DEFERRED") as connection:
            return _find(connection, name)

    def members(self, name: str, limit: int, state: str | None = None, after: str = "") -> Page:
        """Return members, sorted by code points; the arguments as those of `groups`.

        Raises:
            AbsentError: there is no such group.
            StaleCursorError: the group changed since the first page.
        """
        with self._transaction("DEFERRED") as connection:
            group = _find(connection, name)
            if state is not None and state != group["revision"]:
                raise StaleCursorError
            sql = "SELECT member FROM members WHERE group_key = ? AND member > ? ORDER BY member LIMIT ?"
            found = [member for (member,) in connection.execute(sql, (group["id"], after, limit + 1))]
        last = found[limit - 1] if len(found) > limit else None
        return Page(found[:limit], group["member_count"], group["revision"], last)

    def create(self, edit: Edit) -> Row:
        """Make a group.

        Raises:
            NameTakenError: there is one of that name.
        """
        name = edit.values["name"]
        with self._transaction("IMMEDIATE") as connection:
            _require_free(connection, name)
            key = connection.execute("INSERT INTO groups (name) VALUES (?)", (name,)).lastrowid
            before = _UNSET | {"id": str(key), "name": name, "member_digest": ""}
            _write(connection, before, edit)
            _move(connection, key, names=True)
            return _find(connection, name)

    def change(self, name: str, edit: Edit, revisions: Collection[str] | None = None) -> Row:
        """Change a group, wholly or not at all. What changes nothing does not move the revision.

        Args:
            name: which.
            edit: what to change.
            revisions: the group must be at one of these; None for any.

        Raises:
            AbsentError: there is no such group.
            MovedError: it is at another revision.
            NameTakenError: it should be renamed to a name that another one has.
        """
        after = edit.values.get("name", name)
        with self._transaction("IMMEDIATE") as connection:
            group = _expected(connection, name, revisions)
            if after != name:
                _require_free(connection, after)
            if _write(connection, group, edit):
                _move(connection, group["id"], names=after != name)
            return _find(connection, after)

    def delete(self, name: str, revisions: Collection[str] | None = None) -> None:
        """Delete a group; arguments and exceptions as those of `change`."""
        with self._transaction("IMMEDIATE") as connection:
            group = _expected(connection, name, revisions)
            connection.execute("DELETE FROM groups WHERE key = ?", (group["id"],))
            _move(connection, group["id"], names=True)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            connection.execute(f"BEGIN {kind}")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        finally:
            self._idle.put(connection)


def member_digest(members: Iterable[str]) -> str:
    """Return SHA-256 over sorted members, each ended by a line feed, in hexadecimal."""
    digest = hashlib.sha256()
    for member in members:
        digest.update(f"{member}\n".encode())
    return digest.hexdigest()


def _shown(row: sqlite3.Row) -> Row:
    shown = dict(row)
    return shown | {name: shown[name] and json.loads(shown[name]) for name in _STRUCTURED}


def _find(connection: sqlite3.Connection, name: str) -> Row:
    row = connection.execute("SELECT * FROM shown WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise AbsentError
    return _shown(row)


def _expected(connection: sqlite3.Connection, name: str, revisions: Collection[str] | None) -> Row:
    group = _find(connection, name)
    if revisions is not None and group["revision"] not in revisions:
        raise MovedError
    return group


def _require_free(connection: sqlite3.Connection, name: str) -> None:
    if connection.execute("SELECT 1 FROM groups WHERE name = ?", (name,)).fetchone():
        raise NameTakenError


def _write(connection: sqlite3.Connection, before: Row, edit: Edit) -> bool:
    """Write values and members; return whether that changed anything."""
    after, key = {**before, **edit.values}, before["id"]
    if after != before:
        stored = {name: None if after[name] is None else json.dumps(after[name]) for name in _STRUCTURED}
        connection.execute(_SET, after | stored)
    earlier = connection.total_changes
    removed, added = [[(key, member) for member in members] for members in (set(edit.remove) - set(edit.add), edit.add)]
    connection.executemany("DELETE FROM members WHERE group_key = ? AND member = ?", removed)
    connection.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", added)
    touched = connection.total_changes > earlier
    if touched or not before["member_digest"]:
        sql = "SELECT member FROM members WHERE group_key = ? ORDER BY member"
        digest = member_digest(member for (member,) in connection.execute(sql, (key,)))
        connection.execute(_COUNT_AND_DIGEST, (digest, key))
    return touched or after != before


def _move(connection: sqlite3.Connection, key: int | str | None, *, names: bool) -> None:
    """Give a group a revision that nothing ever had, not even in a database that this one is a backup of."""
    (now,) = connection.execute("SELECT now + 1 FROM clock").fetchone()
    revision = f"{now}-{secrets.token_hex(4)}"
    connection.execute("UPDATE clock SET now = ?, names = iif(?, ?, names)", (now, names, revision))
    connection.execute("UPDATE groups SET revision = ? WHERE key = ?", (revision, key))
