"""Edit a project's files for one person, and see that they still load. An edge: it does I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.config import load_config
from groupsync.edits.files import add_lines, has_other_columns, remove_lines
from groupsync.edits.members import add_members, entry_text, remove_member
from groupsync.edits.text import CannotEdit
from groupsync.errors import ConfigError, GroupsyncError
from groupsync.files import UnreadableFile, read_text_file
from groupsync.members.files import MAX_FILE_BYTES, is_editable, is_list
from groupsync.memberships import Membership, memberships
from groupsync.model import ALWAYS, Period, State
from groupsync.project import load_project
from groupsync.references import manages_members
from groupsync.report.who import path_words
from groupsync.report.why_words import bar_words
from groupsync.why import InFile, Listed, Rule
from groupsync.wording import counted
from groupsync.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.edits.text import Edited
    from groupsync.model import Definition, MemberFile, SourceRange
    from groupsync.project import Project
    from groupsync.why import Why


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file before and after, and the places of what was added (after) or taken out (before)."""

    path: str
    before: bytes
    after: bytes
    places: tuple[SourceRange, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who is to be added, canonical, and what is said of that."""

    person: str
    period: Period = ALWAYS
    reason: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether nothing is said but who."""
        return self.period == ALWAYS and not self.reason


def addition(project: Project, why: Why, entry: Entry, as_of: datetime) -> tuple[FileEdit, list[str]]:
    """Return the edit that adds somebody to a group, and what there is to say of it.

    Args:
        project: of the group.
        why: what is known of person and group.
        entry: what to add.
        as_of: now.

    Raises:
        ConfigError: they are in already, or it has to be done by hand; says why.
    """
    check_addition(why, entry, as_of)
    edit, notes = added_entries(project, why.definition, [entry])
    return edit, [*_still_out(why), *notes]


def added_entries(project: Project, definition: Definition, entries: Sequence[Entry]) -> tuple[FileEdit, list[str]]:
    """Return the edit that adds people to a group who are not listed in it, and what there is to say of that.

    Args:
        project: of the group.
        definition: of the group.
        entries: by person, each once; at least one. With a date or a reason they are all written into `members`.

    Raises:
        ConfigError: it has to be done by hand.
    """
    identity, notes = project.config.identity, list[str]()
    people = [entry.person for entry in entries]
    whom = people[0] if len(people) == 1 else counted(len(people), "person", "people")
    is_bare = all(entry.is_bare for entry in entries)
    file = own_file(project, definition) if is_bare and definition.members is None else None
    if file is not None:
        data = read_project_file(project.config, file.path)
        if not has_other_columns(data, file, identity):
            with _by_hand(file.at, whom, definition.name):
                return _file_edit(file.path, data, add_lines(data, file, people, identity)), notes
        notes.append(
            f"{file.path} has more columns than the one with members, so `members` of {definition.name} is used."
        )
    path = definition.at.path
    data = read_project_file(project.config, path)
    texts = [entry_text(entry.person, entry.period, entry.reason) for entry in entries]
    with _by_hand(definition.at, whom, definition.name):
        return _file_edit(path, data, add_members(data, path, definition.name, texts, identity)), notes


def removal(project: Project, why: Why, person: str) -> list[FileEdit]:
    """Return the edits that take somebody out of a group.

    Raises:
        ConfigError: they are not in it, are in it by other groups or a condition, or it has to be done by hand.
    """
    listed = _listings(why)
    derived = [path for path in _membership(why).paths if not path.is_direct]
    if derived:
        detail = "\n".join(f"{path.steps[0].at}: {path_words(path)}" for path in derived)
        hint = "Remove them there, or from all groups with an entry of `exclude`."
        raise ConfigError(f"`{person}` is in `{why.group}` not only by an entry of its own", detail, hint)
    if not listed:
        hint = f"`groupsync who {person}` lists the groups that they are in."
        raise ConfigError(f"`{person}` is not in `{why.group}`", "None of its entries names them.", hint)
    found: list[FileEdit] = []
    identity, definition = project.config.identity, why.definition
    if any(isinstance(way, Listed) for way in listed):
        data = read_project_file(project.config, definition.at.path)
        with _by_hand(definition.at, person, why.group):
            edited = remove_member(data, definition.at.path, why.group, person, identity)
            found.append(_file_edit(definition.at.path, data, edited))
    paths = {way.path for way in listed if isinstance(way, InFile)}
    files = {project.files.place(file.path): file for file in definition.members_from or () if file.path in paths}
    for file in files.values():
        _check_not_shared(project, file, why.group)
        data = read_project_file(project.config, file.path)
        with _by_hand(file.at, person, why.group):
            found.append(_file_edit(file.path, data, remove_lines(data, file, person, identity)))
    return found


def write_edits(
    config: Config, edits: Sequence[FileEdit], as_of: datetime, check: Callable[[Project], None] | None = None
) -> None:
    """Write files; where the project does not load with them, put all of them back.

    Args:
        config: of the project.
        edits: one a file.
        as_of: now.
        check: is given the project as it loads then; what it raises undoes the edits, too.

    Raises:
        ConfigError: a file was changed meanwhile, or can't be written.
        InvalidDefinitions: what would be wrong.
    """
    for edit in edits:
        if read_project_file(config, edit.path) != edit.before:
            raise ConfigError(f"`{edit.path}` was changed meanwhile", "Nothing was written.", "Try again.")
    written: list[FileEdit] = []
    try:
        for edit in edits:
            write_file(config.root, edit.path, edit.after, replace=True)
            written.append(edit)
        project = load_project(load_config(config.root / config.path), as_of)
        if check:
            check(project)
    except BaseException:
        for edit in written:
            write_file(config.root, edit.path, edit.before, replace=True)
        raise


class _by_hand:  # noqa: N801 -- read as a word after `with`
    """Says for an edit that can't be made what to do instead."""

    def __init__(self, at: SourceRange, person: str, group: str) -> None:
        self.at, self.person, self.group = at, person, group

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Turn what an edit raises into an error for people."""
        if isinstance(error, CannotEdit):
            summary = f"`{self.group}` can't be edited for `{self.person}`"
            detail = f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing was written."
            raise ConfigError(summary, detail, "Edit the file by hand.", at=self.at) from error


def check_addition(why: Why, entry: Entry, as_of: datetime) -> None:
    """Check that somebody may be added to a group.

    Raises:
        ConfigError: the entry would never hold, the group takes nobody, or they are in already; says why.
    """
    start, until = entry.period.start, entry.period.until
    if until is not None and until <= max(as_of, start or as_of):
        hint = "Choose a later `--until`; a bare date is that day's 00:00 UTC."
        raise ConfigError("The entry would never hold", "It would end before it begins, or has ended already.", hint)
    if why.definition.lifecycle.state is State.ABSENT or not manages_members(why.definition):
        detail = "It has `state: absent`." if manages_members(why.definition) else "It does not say who belongs to it."
        hint = "Write `members: []` there if it is to have just the members that are listed."
        raise ConfigError(f"`{why.group}` takes no members", detail, hint, at=why.definition.at)
    current = [way for way in _listings(why) if not (isinstance(way, Listed) and way.period.expired(as_of))]
    passed = [way for way in _listings(why) if way not in current]
    if current:
        hint = "Change the entry there, or remove it first."
        raise ConfigError(f"`{entry.person}` is listed in `{why.group}` already", "", hint, at=current[0].at)
    if passed and entry.period == ALWAYS:
        detail = "The entry has passed, and one without a time would make it pointless."
        hint = f"`groupsync remove {entry.person} {why.group}` takes it out."
        raise ConfigError(f"`{entry.person}` is listed in `{why.group}` already", detail, hint, at=passed[0].at)
    for path in _membership(why).paths:
        detail = f"By this way: {path_words(path)}."
        at = path.steps[0].at
        raise ConfigError(f"`{entry.person}` is in `{why.group}` already", detail, "Nothing needs to be done.", at=at)


def _membership(why: Why) -> Membership:
    return next(iter(memberships([why])), Membership(why, (), ()))


def _listings(why: Why) -> list[Listed | InFile]:
    """Return the entries that name the person, those that don't hold now, too."""
    return [way for way in why.ways if isinstance(way, Listed) or (isinstance(way, InFile) and way.lets_in)]


def _still_out(why: Why) -> Iterator[str]:
    for bar in why.bars:
        if bar.rule not in {Rule.SAMPLE, Rule.LIMIT}:
            yield f"They stay out of {why.group} all the same: {bar_words(bar, why)} ({bar.at})."


def own_file(project: Project, definition: Definition) -> MemberFile | None:
    """Return the only member file of a group, if no other group has it, too, and all of it is read as it stands."""
    files = definition.members_from or ()
    is_plain = len(files) == 1 and files[0].reading is None and is_editable(files[0])
    return files[0] if is_plain and not other_readers(project, files[0], definition.name) else None


def other_readers(project: Project, file: MemberFile, group: str) -> list[str]:
    """Return in words who else reads a member file, by a link too, so that what goes from it would go from there.

    Of the group itself these are other entries that read the same table: a row may name others in them.
    """
    place = project.files.place(file.path)
    return [
        f"`{each.name}` ({other.at})"
        for each in project.definitions
        for other in each.members_from or ()
        if (each.name, other.at) != (group, file.at)
        and (each.name != group or not is_list(file))
        and project.files.place(other.path) == place
    ]


def _check_not_shared(project: Project, file: MemberFile, group: str) -> None:
    if others := other_readers(project, file, group):
        detail = f"It is read for {' and '.join(others)}, too: others could go from there. Nothing was written."
        hint = "Edit the file by hand, and see who else is in the rows that go."
        raise ConfigError(f"`{file.path}` is not for this entry of `{group}` alone", detail, hint, at=file.at)


def _file_edit(path: str, before: bytes, edited: Edited) -> FileEdit:
    return FileEdit(path, before, edited.data, edited.places)


def read_project_file(config: Config, path: str) -> bytes:
    """Return the bytes of a definition or member file.

    Raises:
        GroupsyncError: it can't be read.
    """
    try:
        return read_text_file(config.root, path, MAX_FILE_BYTES)
    except UnreadableFile as error:
        raise GroupsyncError(error.diagnostic.summary, error.diagnostic.detail, error.diagnostic.hint) from error
