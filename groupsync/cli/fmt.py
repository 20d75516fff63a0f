"""`groupsync fmt`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.model import Diagnostic


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@common.config_option
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--diff", "is_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--drop-expired", is_flag=True, help="Take out entries whose `until` has passed.")
def command(
    *, paths: Sequence[Path], config_path: Path | None, is_check: bool, is_diff: bool, drop_expired: bool
) -> int:
    """Bring definitions and member files into canonical form; print the names of those that change.

    Members are sorted and spelled canonically, comments stay with their line, and nothing changes its meaning. Works on
    the whole project, or on the files and folders in PATHS.

    With --drop-expired entries of members, include, exclude and restrict_to go that can never hold again. Apply before:
    as long as they are written, guards know that who leaves by them was meant to.
    """
    from groupsync.cli.differing import unified_diff
    from groupsync.formatting import format_files, project_files
    from groupsync.writing import write_file

    config = common.read_config(config_path)
    problems: list[Diagnostic] = []
    files = project_files(config, problems.append)
    if paths:
        places = [Path(os.path.relpath(path.resolve(), config.root)).as_posix() for path in paths]
        for path, place in zip(paths, places, strict=True):
            if not len(files.within([place])):
                common.say(f"{path}: nothing there is a definition or member file of this project.")
        files = files.within(places)
    changed = total = 0
    expired_at = common.instant_of(None) if drop_expired else None
    for file in format_files(config, files, problems.append, expired_at=expired_at):
        total += 1
        if file.differs:
            changed += 1
            if not (is_check or is_diff):
                write_file(config.root, file.path, file.after, replace=True)
            common.emit("".join(unified_diff(file.path, file.before, file.after)) if is_diff else f"{file.path}\n")
    common.show_diagnostics(problems)
    would = "would be " if is_check or is_diff else ""
    common.inform(f"{_files(changed)} {would}formatted, {_files(total - changed)} in order.")
    failed = any(found.severity == "error" for found in problems)
    return ExitCode.ERROR if failed or (is_check and changed) else ExitCode.OK


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"
