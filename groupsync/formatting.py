"""Format the files of a project: definitions, and the member files that they name. An edge: it does I/O."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.edits.expired import drop_expired
from groupsync.fmt.texts import format_definition, format_member_file
from groupsync.load import UnreadableFile, find_files, load_definitions, read_text_file
from groupsync.members.files import MAX_FILE_BYTES as MAX_MEMBER_FILE_BYTES
from groupsync.model import Diagnostic, Severity
from groupsync.yaml.events import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.fmt.texts import Formatted
    from groupsync.identity import Identity


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file before and after, its path from the project's folder."""

    path: str
    before: bytes
    after: bytes

    @property
    def differs(self) -> bool:
        """Whether formatting changes anything."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """What can be formatted: definitions, and member files with the column first named for them; sorted by path."""

    definitions: tuple[str, ...]
    members: tuple[tuple[str, str | None], ...]

    def within(self, places: Sequence[str]) -> ProjectFiles:
        """Return those that are one of `places`, or below one; paths from the project's folder, `.` for all of it."""
        return ProjectFiles(
            tuple(path for path in self.definitions if _is_within(path, places)),
            tuple((path, column) for path, column in self.members if _is_within(path, places)),
        )

    def __len__(self) -> int:
        return len(self.definitions) + len(self.members)


def project_files(config: Config, report: Callable[[Diagnostic], None]) -> ProjectFiles:
    """Find what can be formatted. Member files of definitions with errors are not known.

    A member file that any entry reads by a number of its column, or with more keys, is none.

    Args:
        config: of the project.
        report: is told what is wrong with the patterns.
    """
    definitions, found = find_files(config.root, config.definitions)
    for each in found:
        report(each)
    known = load_definitions(config.root, config.definitions, config.identity).definitions
    files = [file for definition in known for file in definition.members_from or ()]
    # Whoever reads a file in a way of its own may mean its rows where they stand.
    left = {file.path for file in files if file.reading is not None or isinstance(file.column, int)}
    # Of several entries the first names the column.
    columns = {file.path: file.column for file in reversed(files) if not isinstance(file.column, int)}
    members = [(path, column) for path, column in sorted(columns.items()) if path not in left]
    return ProjectFiles(tuple(definitions), tuple(members))


def format_files(
    config: Config,
    files: ProjectFiles,
    report: Callable[[Diagnostic], None],
    *,
    expired_at: datetime | None = None,
) -> Iterator[FileFormat]:
    """Give each file that can be formatted, whether it changes or not; writes nothing.

    Args:
        config: of the project.
        files: which.
        report: is told why a file was left alone.
        expired_at: entries of definitions whose `until` has passed then go; None: they stay.
    """
    identity = config.identity.unaliased  # who is meant is for readers to say; how it is spelled is all that changes
    for path in files.definitions:
        with _reporting(report):
            data = read_text_file(config.root, path, MAX_FILE_BYTES)
            current = data if expired_at is None else _without_expired(data, path, identity, expired_at, report)
            yield from _formatted(path, data, format_definition(current, path, identity), report)
    for path, column in files.members:
        with _reporting(report):
            data = read_text_file(config.root, path, MAX_MEMBER_FILE_BYTES)
            yield from _formatted(path, data, format_member_file(data, path, identity, column), report)


def _without_expired(
    data: bytes, path: str, identity: Identity, as_of: datetime, report: Callable[[Diagnostic], None]
) -> bytes:
    dropped = drop_expired(data, path, identity, as_of)
    for at, reason in dropped.left:
        detail = f"It can't be taken out: {reason}."
        hint = "Take it out by hand."
        report(Diagnostic("GS198", Severity.WARNING, "An entry has expired", detail, hint, at))
    return dropped.data


def _formatted(path: str, data: bytes, result: Formatted, report: Callable[[Diagnostic], None]) -> Iterator[FileFormat]:
    for found in result.diagnostics:
        report(found)
    if not result.diagnostics:
        yield FileFormat(path, data, result.data)


@contextlib.contextmanager
def _reporting(report: Callable[[Diagnostic], None]) -> Iterator[None]:
    try:
        yield
    except UnreadableFile as error:
        report(error.diagnostic)


def _is_within(path: str, places: Sequence[str]) -> bool:
    return any(place in (".", path) or path.startswith(f"{place}/") for place in places)
