"""Small worlds for tests: definitions by hand, and member files without a disk."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from groupsync.model import Definition, InlineMembers, MemberFile, Members, Period, Reference, SourceRange, TimedMember

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
FUTURE = datetime(2027, 1, 1, tzinfo=UTC)
HERE = SourceRange("groups/a.yaml", 1, 1)


class HeldFiles:
    """Member files that are held in memory, by path."""

    def __init__(self, files=()):
        self.files = dict(files)

    def members(self, file):
        return Members.of(self.files[file.path])

    def digest(self, file):
        return hashlib.sha256("\n".join(sorted(self.files[file.path])).encode()).hexdigest()


def place(line):
    """Make a place that tells entries apart."""
    return SourceRange("groups/a.yaml", line, 1)


def references(*entries):
    """Make references from names, globs, or (name, period) pairs."""
    pairs = [entry if isinstance(entry, tuple) else (entry, Period()) for entry in entries]
    return tuple(Reference(name, place(n + 1), "*" in name, period) for n, (name, period) in enumerate(pairs))


def definition(name, *, plain=None, timed=(), files=None, include=None, **more):
    """Make a definition; `plain` are bare members, `timed` are (address, Period) pairs, `files` are paths."""
    members = None
    if plain is not None or timed:
        entries = tuple(TimedMember(address, period, "", HERE) for address, period in timed)
        members = InlineMembers("\n".join(plain or ()), entries)
    for role in ("exclude", "restrict_to"):
        if role in more:
            more[role] = references(*more[role])
    return Definition(
        more.pop("kind", "known-user-group"),
        name,
        more.pop("at", SourceRange(f"groups/{name}.yaml", 1, 1)),
        members=members,
        members_from=None if files is None else tuple(MemberFile(path, None, HERE) for path in files),
        include=None if include is None else references(*include),
        **more,
    )
