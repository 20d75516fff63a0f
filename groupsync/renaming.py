"""Give a group another name, in its definition and wherever it is named. An edge: it does I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from groupsync.edits.names import in_approval, in_config, in_definition, patterns_left, with_name, with_references
from groupsync.edits.text import CannotEdit
from groupsync.errors import ConfigError
from groupsync.files import find_files, path_expression
from groupsync.fmt.texts import format_definition
from groupsync.lookup import group_named
from groupsync.model import SourceRange
from groupsync.project import load_project
from groupsync.rewriting import FileEdit, read_project_file, write_edits
from groupsync.wording import nearest_name
from groupsync.writing import write_file
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.edits.names import Places
    from groupsync.model import Definition
    from groupsync.project import Project

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Renaming:
    """A group that gets another name.

    Attributes:
        old, new: its names.
        edits: of the files that name it, sorted by path; by the path that each has before.
        moved: the path of its file before and after, where that is named after the group; None where it stays.
    """

    old: str
    new: str
    edits: tuple[FileEdit, ...]
    moved: tuple[str, str] | None = None


def renaming(project: Project, old: str, new: str) -> Renaming:
    """Return what it takes to give a group another name; reads the files of the project.

    Args:
        project: which is in order.
        old: the name of one of its groups.
        new: the name to come.

    Raises:
        ConfigError: there is no such group, the other name is none or taken, a pattern takes one of both alone, or it
            has to be done by hand.
    """
    definition = group_named(project, old).definition
    _check_name(project, new)
    edits: list[FileEdit] = []
    lost: list[str] = []
    for path, places in _files(project.config):
        data = read_project_file(project.config, path)
        lost += [f"{at}: `{pattern}`" for at, pattern in patterns_left(data, path, places, old, new)]
        try:
            after = with_references(data, path, places, old, new)
            if path == definition.at.path:
                after = with_name(after, path, old, new, project.config.identity)
        except CannotEdit as error:
            summary = f"`{path}` can't be edited for `{new}`"
            detail = f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing was written."
            raise ConfigError(summary, detail, "Rename it there by hand.", at=SourceRange(path)) from error
        if after != data:
            edits.append(FileEdit(path, data, _formatted(project.config, path, data, after, places), ()))
    if lost:
        hint = "Choose a name that they take likewise, or edit them first."
        raise ConfigError(f"Patterns take one of `{old}` and `{new}` and not the other", "\n".join(lost), hint)
    return Renaming(old, new, tuple(edits), _moved(project.config, definition, new))


def write_renaming(config: Config, change: Renaming, as_of: datetime) -> None:
    """Write what `renaming` returned; where the project does not load with it, put everything back.

    Raises:
        ConfigError: a file was changed meanwhile, or can't be written; or lists would have other members.
        InvalidDefinitions: what would be wrong.
    """
    before = _sizes(load_project(config, as_of))
    expected = {change.new if name == change.old else name: size for name, size in before.items()}

    def check(project: Project) -> None:
        if _sizes(project) != expected:
            raise ConfigError("Groups would have other members", "Nothing was written.", "Rename it by hand.")

    if change.moved is None:
        write_edits(config, change.edits, as_of, check)
        return
    source, place = change.moved
    mine = next(edit for edit in change.edits if edit.path == source)
    write_file(config.root, place, mine.after, replace=False)
    try:
        (config.root / source).unlink()
        write_edits(config, [edit for edit in change.edits if edit.path != source], as_of, check)
    except BaseException:
        (config.root / place).unlink(missing_ok=True)
        write_file(config.root, source, mine.before, replace=True)
        raise


def _check_name(project: Project, new: str) -> None:
    if not _NAME.fullmatch(new):
        near = nearest_name(new)
        hint = f"Did you mean `{near}`?" if near else ""
        detail = "Expected lower-case letters, digits, `.`, `_` and `-`, at most 128, starting with a letter or digit."
        raise ConfigError(f"`{new}` is not a name for a group", detail, hint)
    taken = next((each for each in project.definitions if each.name == new), None)
    if taken is not None:
        raise ConfigError(f"There is a group `{new}` already", "", "Choose another name.", at=taken.at)


def _files(config: Config) -> Iterator[tuple[str, Places]]:
    """Give every file that may name a group, and where it does so."""
    definitions, _ = find_files(config.root, config.definitions)
    approvals, _ = find_files(config.root, [f"{config.approvals}/**/*.yaml", f"{config.approvals}/**/*.yml"])
    configs = [config.path, *_bases(config)]
    for paths, places in ((definitions, in_definition), (configs, in_config), (approvals, in_approval)):
        yield from ((path, places) for path in sorted(paths))


def _bases(config: Config) -> Iterator[str]:
    documents, _ = parse_yaml(read_project_file(config, config.path), config.path)
    value: Any = documents[0].value if documents else None
    base = value.get("extends") if isinstance(value, dict) else None
    if isinstance(base, str):
        yield base


def _formatted(config: Config, path: str, before: bytes, after: bytes, places: Places) -> bytes:
    """Return a definition file in canonical form, if it was in it before."""
    identity = config.identity.unaliased
    if places is not in_definition or format_definition(before, path, identity).data != before:
        return after
    return format_definition(after, path, identity).data


def _moved(config: Config, definition: Definition, new: str) -> tuple[str, str] | None:
    """Return where the file of a definition goes that is named after it and has nothing else."""
    path = PurePosixPath(definition.at.path)
    place = str(path.with_name(f"{new}{path.suffix}"))
    documents, _ = parse_yaml(read_project_file(config, str(path)), str(path))
    is_named_after = path.stem == definition.name and len(documents) == 1
    is_found = any(path_expression(pattern).fullmatch(place) for pattern in config.definitions)
    return (str(path), place) if is_named_after and is_found and not (config.root / place).exists() else None


def _sizes(project: Project) -> dict[str, int | None]:
    """Return by name how many members each group has; None for one that is not known without its source."""
    groups = [each.group for each in project.resolution.groups]
    return {each.name: each.members.count if each.members is not None else None for each in groups}
