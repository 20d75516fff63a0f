"""Bring groups that a target holds into the project, as definitions and member files. An edge: it does I/O."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.errors import BackendError, ConfigError, InvalidDefinitions
from groupsync.export import Layout, export_groups
from groupsync.load import find_files, load_definitions
from groupsync.model import Diagnostic, Scope, Severity
from groupsync.retry import Retries
from groupsync.scope import EVERYTHING, Selection
from groupsync.selecting import Search
from groupsync.validate import group_schema
from groupsync.wording import counted
from groupsync.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.backend import Backend
    from groupsync.config import Config
    from groupsync.model import Group
    from groupsync.progress import Track

GROUP_SCHEMA: Final = "schemas/group.v1.schema.json"
"""Where `groupsync init` puts the schema; definitions point editors to it where it is there."""


@dataclass(frozen=True, slots=True)
class Import:
    """What to import.

    Attributes:
        config: of the project.
        target: name of the target that the groups come from.
        folder: where definitions go, from the project's folder, `/` between the parts.
        selection: which groups.
        may_be_empty: consent to a selection that matches nothing.
        overwrite: write over files that an earlier import, or somebody, left there.
    """

    config: Config
    target: str
    folder: str = "groups"
    selection: Selection = EVERYTHING
    may_be_empty: bool = False
    overwrite: bool = False

    @property
    def layout(self) -> Layout:
        """Say how the definitions are to look in this project. Looks whether the schema is there."""
        has_schema = (self.config.root / GROUP_SCHEMA).is_file()
        modeline = os.path.relpath(GROUP_SCHEMA, self.folder).replace(os.sep, "/") if has_schema else ""
        targets = (self.target,) if len(self.config.targets) > 1 else ()
        return Layout(self.config.project, group_schema(), self.folder, modeline, targets, self.config.adopt)


def import_groups(
    wanted: Import, backend: Backend, report: Callable[[Diagnostic], None], track: Track
) -> Iterator[str]:
    """Write the groups that `backend` holds and no definition defines; give the path of each file written.

    Nothing is written unless all files can be. Groups that are defined already are left alone.

    Args:
        wanted: what, and where to.
        backend: the target.
        report: is told what is left out, as warnings; as an error what could not be read.
        track: shows progress.

    Raises:
        InvalidDefinitions: what is in the project is not in order, so nobody can say what is defined.
        ConfigError: files are in the way, or the selection names what the target does not hold.
        BackendError: the target can't be read at all.
    """
    config, layout = wanted.config, wanted.layout
    snapshot = Retries().call(lambda: backend.read(Scope()))
    search = Search(wanted.selection, may_be_empty=wanted.may_be_empty)
    search.look_at(wanted.target, snapshot.groups, is_whole=snapshot.complete)
    search.check()
    for found in snapshot.diagnostics:
        report(found)
    if not snapshot.complete:
        report(_unread(f"`{wanted.target}` was not read wholly: groups may be missing", snapshot.reason))
    groups = list(_undefined(wanted, [group for group in snapshot.groups if wanted.selection.picks(group)], report))
    if not wanted.overwrite:
        _refuse_to_overwrite(config, layout, groups)
    written = set()
    for group in track("Importing", groups):
        try:
            for path, data in export_groups([group], layout, report):
                write_file(config.root, path, data, replace=wanted.overwrite)
                written.add(path)
                yield path
        except BackendError as error:
            report(_unread(f"`{group.name}` is not imported: it could not be read", str(error), error.hint))
    _warn_of_unmatched(config, {path for path in written if path.endswith(".yaml")}, report)


def _undefined(wanted: Import, groups: list[Group], report: Callable[[Diagnostic], None]) -> Iterator[Group]:
    """Give the groups that may be written: those of which no other definition, and no other's file, is in the way."""
    loaded = load_definitions(wanted.config.root, wanted.config.definitions, wanted.config.identity)
    if any(found.severity is Severity.ERROR for found in loaded.diagnostics):
        raise InvalidDefinitions(loaded.diagnostics)
    places = {definition.name: definition.at for definition in loaded.definitions}
    neighbours = {definition.at.path: set[str]() for definition in loaded.definitions}
    for definition in loaded.definitions:
        neighbours[definition.at.path].add(definition.name)
    for group in groups:
        path = wanted.layout.definition_path(group.name)
        at = places.get(group.name)
        may_replace = (
            wanted.overwrite and neighbours.get(path, set()) <= {group.name} and (at is None or at.path == path)
        )
        if may_replace or (at is None and not wanted.overwrite):
            yield group
        else:
            summary = f"`{group.name}` is not imported: it is defined already" if at else f"`{path}` has other groups"
            hint = "Take the definition out to import the group anew." if at else "Move them to another file."
            report(Diagnostic("GS690", Severity.WARNING, summary, "", hint, at))


def _refuse_to_overwrite(config: Config, layout: Layout, groups: list[Group]) -> None:
    paths = [path for group in groups for path in (layout.definition_path(group.name), layout.member_path(group.name))]
    there = [path for path in paths if os.path.lexists(config.root / path)]
    if there:
        more = f" and {len(there) - 5:,} more" if len(there) > 5 else ""
        raise ConfigError(
            f"{len(there):,} file{'s are' if len(there) != 1 else ' is'} in the way",
            f"{', '.join(f'`{path}`' for path in there[:5])}{more}. Nothing was written.",
            "Move them away, choose another `--folder`, or write over them with `--force`.",
        )


def _warn_of_unmatched(config: Config, written: set[str], report: Callable[[Diagnostic], None]) -> None:
    unmatched = sorted(written.difference(find_files(config.root, config.definitions)[0]))
    if unmatched:
        are = counted(len(unmatched), "of the definitions written is", "of the definitions written are")
        report(
            Diagnostic(
                "GS692",
                Severity.WARNING,
                f"{are} not read by this project",
                f"No pattern under `definitions` in {config.path} matches `{unmatched[0]}`.",
                "Add a pattern.",
            )
        )


def _unread(summary: str, detail: str, hint: str = "Import again once it can be read.") -> Diagnostic:
    return Diagnostic("GS693", Severity.ERROR, summary, detail, hint)
