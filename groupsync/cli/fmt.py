"""`groupsync fmt`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from groupsync.cli import common
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.formatting import FileFormat
    from groupsync.model import Diagnostic

_MAX_DIFF_BYTES: Final = 2_000_000


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@common.config_option
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--diff", "is_diff", is_flag=True, help="Write nothing; show what would change.")
def command(*, paths: Sequence[Path], config_path: Path | None, is_check: bool, is_diff: bool) -> int:
    """Bring definitions and member files into canonical form; print the names of those that change.

    Members are sorted and spelled canonically, comments stay with their line, and nothing changes its meaning. Works on
    the whole project, or on the files and folders in PATHS.
    """
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
    for file in format_files(config, files, problems.append):
        total += 1
        if file.differs:
            changed += 1
            if not (is_check or is_diff):
                write_file(config.root, file.path, file.after, replace=True)
            common.emit("".join(_diff(file)) if is_diff else f"{file.path}\n")
    common.show_diagnostics(problems)
    would = "would be " if is_check or is_diff else ""
    common.say(f"{_files(changed)} {would}formatted, {_files(total - changed)} in order.")
    failed = any(found.severity == "error" for found in problems)
    return ExitCode.ERROR if failed or (is_check and changed) else ExitCode.OK


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"


def _diff(file: FileFormat) -> Iterator[str]:
    """Give the lines of a unified diff. Long lists only get its head: finding their least difference takes for ever."""
    if len(file.before) > _MAX_DIFF_BYTES:
        yield f"--- {file.path}\n+++ {file.path}\n(too long to compare: {len(file.before):,} bytes)\n"
        return
    before, after = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (file.before, file.after))
    for line in difflib.unified_diff(before, after, file.path, file.path):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
