"""`groupsync add`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groupsync.cli import common, suggest
from groupsync.errors import ConfigError, ExitCode
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from groupsync.config import Config
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.rewriting import Entry

_STDIN: Final = "-"
_SHOWN: Final = 10
"""How many of those who stay out are named."""


class _Start(common.Instant):
    """A point in time, where somebody may expect that a file is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse, or say by which option a file is named."""
        if isinstance(value, str) and Path(value).is_file():
            self.fail(f"{value!r} is a file, and --from says when entries begin: `--from-file {value}`.", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("people", nargs=-1, metavar="[EMAIL]...", shell_complete=suggest.groups)
@click.argument("group", shell_complete=suggest.groups)
@click.option(
    "--from-file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Add everybody whom a file lists: .txt, .csv or .tsv.",
)
@click.option("--column", metavar="NAME", help="Of a table with several: the one with addresses.")
@click.option("--from", "start", type=_Start(), help="When the entry begins to hold; 30d is from today.")
@click.option("--until", type=common.Instant(), help="When it expires, likewise.")
@click.option("--reason", default="", help="Why, for whoever reads the file.")
@common.config_option
def command(
    *,
    people: tuple[str, ...],
    group: str,
    file: Path | None,
    column: str | None,
    start: datetime | None,
    until: datetime | None,
    reason: str,
    config_path: Path | None,
) -> int:
    """Write each EMAIL into the file that says who is in GROUP, in place; print where.

    `-` reads addresses from stdin, one a line. Who is in already, of several, is told and left. Comments and layout
    stay. Nothing is applied.
    """
    from groupsync.model import Period
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.rewriting import Entry
    from groupsync.segments import compute_segments

    if not people and file is None:
        raise click.UsageError("Name whom to add: `groupsync add EMAIL GROUP`, `-` for stdin, or --from-file FILE.")
    if column is not None and file is None:
        raise click.UsageError("--column goes with --from-file.")
    config, as_of, plugins = common.read_config(config_path), common.instant_of(None), Plugins.discover()
    if config.sources:
        common.recall(config)
    is_many = len(people) > 1 or file is not None or _STDIN in people
    found = _people(config, people, group, file, column)
    project = compute_segments(load_project(config, as_of), plugins, as_of).project
    entries = [Entry(who, Period(start, until), reason) for who in found]
    if is_many:
        _add_many(project, plugins, group, entries, as_of)
    else:
        _add_one(project, plugins, group, entries[0], as_of)
    return ExitCode.OK


def _people(config: Config, named: Sequence[str], group: str, file: Path | None, column: str | None) -> list[str]:
    """Return whom the command line, stdin and a file name, canonical and sorted, each once; say what is odd of them."""
    from groupsync.adding import people_in
    from groupsync.members.text import odd_address

    found = {common.person_of(config, each, group) for each in named if each != _STDIN}
    if config.identity.type == "email":
        common.show_diagnostics(filter(None, map(odd_address, sorted(found))))
    if _STDIN in named:
        listed, warnings = people_in(sys.stdin.buffer.read(), "stdin.txt", config.identity)
        common.show_diagnostics(warnings)
        found |= listed
    if file is not None:
        common.show_paths_from(Path())
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"Can't read {file}", error.strerror or str(error)) from error
        listed, warnings = people_in(data, str(file), config.identity, column)
        common.show_diagnostics(warnings)
        found |= listed
        common.show_paths_from(config.root)
    return sorted(found)


def _add_one(project: Project, plugins: Plugins, group: str, entry: Entry, as_of: datetime) -> None:
    from groupsync.evidence import explain_membership
    from groupsync.report.escape import escape
    from groupsync.rewriting import addition, write_edits

    why = explain_membership(project, plugins, entry.person, group, as_of)
    edit, notes = addition(project, why, entry, as_of)
    write_edits(project.config, [edit], as_of)
    for place in edit.places:
        common.emit(f"{escape(str(place))}  {escape(entry.person)} added to {escape(group)}\n")
    for note in notes:
        common.say(escape(note))


def _add_many(project: Project, plugins: Plugins, group: str, entries: Sequence[Entry], as_of: datetime) -> None:
    from groupsync.adding import additions, still_out
    from groupsync.report.escape import escape
    from groupsync.rewriting import write_edits

    found = additions(project, plugins, group, entries, as_of)
    outside: list[str] = []
    if found.edit is not None:
        write_edits(
            project.config, [found.edit], as_of, lambda after: outside.extend(still_out(after, group, found.added))
        )
        for person in found.added:
            common.emit(f"{escape(found.edit.path)}  {escape(person)} added to {escape(group)}\n")
    for said in (*found.left, *found.notes):
        common.say(escape(said))
    for person in outside[:_SHOWN]:
        common.say(escape(f"{person} stays out of {group} all the same: `groupsync why {person} {group}` tells why."))
    if (more := len(outside) - _SHOWN) > 0:
        common.say(f"{counted(more, 'person', 'people')} more stay out likewise.")
    common.inform(f"{counted(len(found.added), 'person', 'people')} added, {len(found.left):,} left as they are.")
