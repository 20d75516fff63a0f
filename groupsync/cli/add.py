"""`groupsync add`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@click.command()
@click.argument("person", metavar="EMAIL")
@click.argument("group", shell_complete=suggest.groups)
@click.option("--from", "start", type=common.Instant(), help="When the entry begins to hold; 30d is from today.")
@click.option("--until", type=common.Instant(), help="When it expires, likewise.")
@click.option("--reason", default="", help="Why, for whoever reads the file.")
@common.config_option
def command(
    *,
    person: str,
    group: str,
    start: datetime | None,
    until: datetime | None,
    reason: str,
    config_path: Path | None,
) -> int:
    """Write EMAIL into the file that says who is in GROUP, in place; print where.

    Comments and layout stay. Nothing is applied.
    """
    from groupsync.evidence import explain_membership
    from groupsync.model import Period
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.report.escape import escape
    from groupsync.rewriting import Entry, addition, write_edits
    from groupsync.segments import compute_segments

    config, as_of, plugins = common.read_config(config_path), common.instant_of(None), Plugins.discover()
    if config.sources:
        common.recall(config)
    who = common.person_of(config, person, group)
    project = compute_segments(load_project(config, as_of), plugins, as_of).project
    why = explain_membership(project, plugins, who, group, as_of)
    edit, notes = addition(project, why, Entry(who, Period(start, until), reason), as_of)
    write_edits(config, [edit], as_of)
    for place in edit.places:
        common.emit(f"{escape(str(place))}  {escape(who)} added to {escape(group)}\n")
    for note in notes:
        common.say(escape(note))
    return ExitCode.OK
