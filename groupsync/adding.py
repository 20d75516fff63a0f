"""Add many people to a group at once, from a command line or a file. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.evidence import explain_membership
from groupsync.members.files import read_members
from groupsync.model import MemberFile, Severity, SourceRange
from groupsync.proving import listed
from groupsync.rewriting import Entry, added_entries, check_addition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from groupsync.identity import Identity
    from groupsync.model import Diagnostic
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.rewriting import FileEdit


@dataclass(frozen=True, slots=True)
class Additions:
    """What adding many comes to.

    Attributes:
        edit: writes those who are new; None where nobody is.
        added: who they are, sorted.
        left: for each of the others a sentence that says why they are not added.
        notes: what else there is to say.
    """

    edit: FileEdit | None
    added: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]


def people_in(
    data: bytes, name: str, identity: Identity, column: str | None = None
) -> tuple[frozenset[str], tuple[Diagnostic, ...]]:
    """Return the canonical people whom the bytes of a list or table name, and warnings; read as a member file is.

    Args:
        data: the bytes.
        name: of the file; its suffix tells what it is.
        identity: the rule of identifiers.
        column: of a table with several.

    Raises:
        InvalidDefinitions: what in it is no identifier, all at once.
        ConfigError: it names nobody.
    """
    people, found = read_members(data, MemberFile(name, column, SourceRange(name)), identity)
    told = tuple(map(_of_a_list, found))
    if errors := tuple(each for each in told if each.severity is Severity.ERROR):
        raise InvalidDefinitions(errors)
    if not people:
        raise ConfigError(f"{name} names nobody", "", "Write one address a line.")
    return people, told


def _of_a_list(found: Diagnostic) -> Diagnostic:
    """Return a finding with a hint for the command line, where it has one for a definition."""
    if found.code == "GS316":
        hint = "If not all are meant: take the others out of it, or name it in `members_from` with `where`."
        return replace(found, hint=hint)
    return replace(found, hint=found.hint.replace("`column: ", "`--column "))


def additions(project: Project, plugins: Plugins, group: str, entries: Sequence[Entry], as_of: datetime) -> Additions:
    """Return the edit that adds people to a group, but for those who are in it already.

    Args:
        project: its segments are computed.
        plugins: those that offer sources.
        group: its name.
        entries: by person, each once; at least one.
        as_of: now.

    Raises:
        ConfigError: there is no such group, it takes no members, or it has to be done by hand.
    """
    desired = next((each for each in project.resolution.groups if each.group.name == group), None)
    there = desired.group.members.load() if desired and desired.group.members is not None else frozenset[str]()
    definition = next((each for each in project.definitions if each.name == group), None)
    known = there | (listed(project, definition) if definition else frozenset())
    left: list[str] = []
    new: list[Entry] = []
    first = True
    for entry in entries:
        if first or entry.person in known:  # the first tells what is wrong with the group
            why = explain_membership(project, plugins, entry.person, group, as_of)
            try:
                check_addition(why, entry, as_of)
            except ConfigError as error:
                if entry.person not in known:
                    raise
                left.append(f"{error.summary}{f' ({error.at})' if error.at else ''}.")
                continue
            finally:
                first = False
        new.append(entry)
    if not new or definition is None:
        return Additions(None, (), tuple(left), ())
    edit, notes = added_entries(project, definition, new)
    return Additions(edit, tuple(entry.person for entry in new), tuple(left), tuple(notes))


def still_out(project: Project, group: str, added: Iterable[str]) -> list[str]:
    """Return who of those that were added is no member all the same, sorted; nobody where it can't be told.

    Args:
        project: as it loads now.
        group: its name.
        added: to its lists.
    """
    desired = next((each for each in project.resolution.groups if each.group.name == group), None)
    if desired is None or desired.group.members is None:
        return []
    return sorted(frozenset(added) - desired.group.members.load())
