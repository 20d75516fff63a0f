"""`groupsync rename`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("old", shell_complete=suggest.groups)
@click.argument("new")
@click.option("--dry-run", "is_dry", is_flag=True, help="Write nothing; show a unified diff.")
@common.config_option
def command(*, old: str, new: str, is_dry: bool, config_path: Path | None) -> int:
    """Rename a group in its definition and wherever it is named.

    OLD goes into `previously`, so that targets rename the group and keep its members. References, conditions, the
    config and approvals follow, and so does the file, where it is named after the group. Nothing is applied.
    """
    from groupsync.cli.differing import unified_diff
    from groupsync.project import load_project
    from groupsync.renaming import renaming, write_renaming
    from groupsync.report.escape import escape

    config, as_of = common.read_config(config_path), common.instant_of(None)
    project = load_project(config, as_of)
    change = renaming(project, old, new)
    if not is_dry:
        write_renaming(config, change, as_of)
    for edit in change.edits:
        lines = unified_diff(edit.path, edit.before, edit.after) if is_dry else [f"{escape(edit.path)}\n"]
        common.emit("".join(lines))
    if change.moved:
        common.emit(f"{escape(change.moved[0])} → {escape(change.moved[1])}\n")
    if not is_dry:
        common.inform(f"{escape(old)} is {escape(new)} now. `groupsync plan` shows what becomes of it on the targets.")
    return ExitCode.OK
