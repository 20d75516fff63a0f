"""`groupsync import`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.config import Config
    from groupsync.model import Diagnostic


@click.command("import", cls=common.Selecting)
@click.option(
    "--target",
    "-t",
    metavar="NAME",
    help="Where the groups are. [default: the config's only target]",
    shell_complete=suggest.targets,
)
@common.config_option
@click.option("--select", "-s", "names", multiple=True, metavar="PATTERN", help="Only groups whose name matches.")
@click.option("--label", "-l", "labels", type=common.Label(), multiple=True, help="Only groups with this label.")
@common.allow_empty_option
@click.option("--folder", default="groups", show_default=True, help="Where the definitions go, in the project.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(
    *,
    target: str | None,
    config_path: Path | None,
    names: Sequence[str],
    labels: Sequence[tuple[str, str]],
    may_be_empty: bool,
    folder: str,
    force: bool,
) -> int:
    """Write what a target holds as definitions and member files, and print the names of the files.

    Groups that are defined already are left alone. Planning afterwards changes nothing but the ownership mark of groups
    that had none, for which it takes consent: `--adopt`, or what `adopt` in the config lets definitions say.
    """
    from groupsync.connect import open_targets
    from groupsync.importing import Import, import_groups
    from groupsync.plugins import Plugins
    from groupsync.scope import Selection

    place = PurePosixPath(folder)
    if place.is_absolute() or ".." in place.parts:
        raise click.UsageError(f"--folder {folder!r} is not inside the project.")
    config = common.read_config(config_path)
    common.recall(config)
    target = target or _only_target(config)
    wanted = Import(config, target, str(place), Selection(tuple(names), tuple(labels)), may_be_empty, force)
    problems: list[Diagnostic] = []
    written = 0
    with open_targets(config, Plugins.discover(), [target]) as backends:
        for path in import_groups(wanted, backends[target], problems.append, common.track):
            common.emit(f"{path}\n")
            written += path.endswith(".yaml")
    common.show_diagnostics(problems)
    what = f"{written:,} group{'s' if written != 1 else ''} imported."
    common.inform(f"{what} `groupsync plan --adopt` shows what is left to do; `--adopt` consents to taking over.")
    return ExitCode.INCOMPLETE if any(found.severity == "error" for found in problems) else ExitCode.OK


def _only_target(config: Config) -> str:
    names = [target.name for target in config.targets]
    if len(names) != 1:
        found = f"{config.path} has: {', '.join(names)}." if names else f"{config.path} has none."
        raise ConfigError("Say which target to import from", found, "Name one with `--target`.")
    return names[0]
