"""`groupsync show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from groupsync.cli import common, suggest
from groupsync.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from groupsync.report.show import Sides


@click.command(cls=common.Selecting)
@click.argument("group", shell_complete=suggest.groups, required=False)
@common.selection_options
@click.option("--members", "only_members", is_flag=True, help="Print the desired members of GROUP, one a line.")
@click.option("--prior", is_flag=True, help="With --members: what the target holds instead.")
@common.full_option
@common.format_option
def command(
    *,
    group: str | None,
    config_path: Path | None,
    only_members: bool,
    prior: bool,
    full: bool,
    format_: str,
    **picked: Any,
) -> int:
    """Show groups, desired and prior side by side; with GROUP, its attributes and members."""
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.sides import both_sides

    if (only_members or prior) and not (only_members and group):
        raise click.UsageError("--members prints one group: `groupsync show GROUP --members [--prior]`.")
    config = common.read_config(config_path)
    common.recall(config)
    request = common.request_of(**picked)
    project = load_project(config, request.as_of)
    plugins = Plugins.discover()
    with open_targets(config, plugins, request.targets) as backends:
        found = both_sides(project, backends, request, group, plugins)
        common.show_diagnostics(project.findings)
        if only_members:
            _print_members(found, prior=prior)
        elif format_ == "json":
            from groupsync.report.json import iter_show_json

            common.emit(iter_show_json(found))
        else:
            from groupsync.report.text import render_show

            common.emit([render_show(found, common.output_style(full=full))])
    is_whole = all(each.code != "GS640" for each in project.findings)
    return ExitCode.OK if is_whole else ExitCode.INCOMPLETE


def _print_members(found: Sequence[Sides], *, prior: bool) -> None:
    if prior and len(found) > 1:
        names = ", ".join(each.target for each in found)
        raise ConfigError(f"`{found[0].name}` is on several targets", names, "Pick one with `--target`.")
    side = found[0].prior if prior else found[0].desired
    if side is None or side.members is None:
        what = "the target does not hold it" if prior else "no definition says who belongs to it"
        raise ConfigError(f"`{found[0].name}` has no members to print", what)
    common.emit(f"{member}\n" for member in side.members)
