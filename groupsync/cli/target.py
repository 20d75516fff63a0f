"""`groupsync target`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.backend import Check


@click.group()
def command() -> None:
    """Try whether a target can be served."""


@command.command()
@click.argument("targets", nargs=-1, shell_complete=suggest.targets, metavar="[TARGET]...")
@common.config_option
@common.format_option
def check(*, targets: tuple[str, ...], config_path: Path | None, format_: str) -> int:
    """Try each TARGET, or all: credentials, rights, groups, members. Only reads. Exits with 1 where one has a problem.

    A target that can be read can still refuse to be written: services that tell what credentials may do are asked.
    """
    from groupsync.checking import check_target
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.report.checks import check_lines, render_checks_json, target_line

    config = common.read_config(config_path)
    plugins = {target.name: target.plugin for target in config.targets}
    style = common.output_style()
    checks: dict[str, list[Check]] = {}
    with open_targets(config, Plugins.discover(), targets) as backends:
        for name, backend in backends.items():
            checks[name] = []
            if format_ == "text":
                common.emit(target_line(name, plugins[name], style))
            for found in check_target(backend, config.project):
                checks[name].append(found)
                if format_ == "text":
                    common.emit(check_lines(found, style))
    if format_ == "json":
        common.emit(render_checks_json(checks))
    return ExitCode.ERROR if any(each.problem for found in checks.values() for each in found) else ExitCode.OK
