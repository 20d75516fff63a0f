"""`groupsync offboard`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from groupsync.report.who import OnTarget


@click.command()
@click.argument("person", metavar="EMAIL")
@click.option("--dry-run", "is_dry", is_flag=True, help="Write nothing; show a unified diff.")
@click.option("--no-targets", "is_offline", is_flag=True, help="Don't look at targets for groups that nobody manages.")
@common.config_option
def command(*, person: str, is_dry: bool, is_offline: bool, config_path: Path | None) -> int:
    """Take EMAIL out of all definitions and member files at once; print where they stood, and what is left.

    Ends with 4 where something is left. Nothing is applied.
    """
    from groupsync.cli.differing import unified_diff
    from groupsync.connect import open_targets
    from groupsync.evidence import explain_memberships
    from groupsync.holding import memberships_on
    from groupsync.memberships import memberships
    from groupsync.offboarding import offboarded, outcomes
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.proving import proof
    from groupsync.report.escape import escape
    from groupsync.rewriting import write_edits
    from groupsync.segments import compute_segments

    config, plugins, request = common.read_config(config_path), Plugins.discover(), common.request_of()
    common.recall(config)
    who, as_of = common.person_of(config, person), request.as_of
    project = compute_segments(load_project(config, as_of), plugins, as_of).project
    found = memberships(explain_memberships(project, plugins, who, as_of))
    edits, left = offboarded(project, found, who)
    held: Sequence[OnTarget] = ()
    if not is_offline:
        with open_targets(config, plugins) as backends:
            held = memberships_on(project, backends, request, who)
    if not is_dry:
        meant = outcomes(project, found, edits, left, who)
        going = {(each.name, who) for each in project.definitions}
        write_edits(config, edits, as_of, proof(project, plugins, [each.path for each in edits], meant, going))
    for edit in edits:
        lines = [f"{escape(str(place))}  {escape(who)} removed\n" for place in edit.places]
        common.emit("".join(unified_diff(edit.path, edit.before, edit.after) if is_dry else lines))
    told = [f"{f'{each.at}: ' if each.at else ''}{each.words}. {each.hint}" for each in left]
    told += [f"{each.target}: {words}." for each in held for words in _left_on(each)]
    for line in told or ([] if edits else [f"{who} is named nowhere."]):
        common.say(escape(line))
    return ExitCode.INCOMPLETE if told else ExitCode.OK


def _left_on(found: OnTarget) -> list[str]:
    words = [f"in {name}, which nobody manages" for name in found.unmanaged]
    words += [f"in {name}, which another project manages" for name in found.others]
    words += [f"does not tell whether they are in {name}" for name in found.untold]
    return [*words, found.note.rstrip(".")] if found.note else words
