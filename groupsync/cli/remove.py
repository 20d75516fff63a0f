"""`groupsync remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("person", metavar="EMAIL")
@click.argument("group", shell_complete=suggest.groups)
@common.config_option
def command(*, person: str, group: str, config_path: Path | None) -> int:
    """Take EMAIL out of the files that say who is in GROUP, in place; print where they stood.

    Comments on lines of their own stay. Nothing is applied.
    """
    from groupsync.evidence import explain_membership
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.proving import Outcome, proof
    from groupsync.report.escape import escape
    from groupsync.rewriting import removal, write_edits
    from groupsync.segments import compute_segments

    config, as_of, plugins = common.read_config(config_path), common.instant_of(None), Plugins.discover()
    if config.sources:
        common.recall(config)
    who = common.person_of(config, person, group)
    project = compute_segments(load_project(config, as_of), plugins, as_of).project
    edits = removal(project, explain_membership(project, plugins, who, group, as_of), who)
    paths, outcomes = [each.path for each in edits], [Outcome(group, who, is_in=False)]
    write_edits(config, edits, as_of, proof(project, plugins, paths, outcomes, {(group, who)}))
    for place in (place for edit in edits for place in edit.places):
        common.emit(f"{escape(str(place))}  {escape(who)} removed from {escape(group)}\n")
    return ExitCode.OK
