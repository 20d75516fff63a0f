"""`groupsync plugins`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import BackendError, ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from groupsync.backend import Backend, Capabilities
    from groupsync.plugins import Plugins


@click.command()
@common.config_option
@common.format_option
def command(*, config_path: Path | None, format_: str) -> int:
    """List the plugins and, inside a project, what its targets can do. Exits with 1 where a plugin is broken."""
    from groupsync.plugins import Plugins
    from groupsync.report.listing import render_plugins, render_plugins_json

    plugins = Plugins.discover()
    listing = plugins.listing()
    with _capabilities(plugins, config_path) as targets:
        if format_ == "json":
            common.emit(render_plugins_json(listing, targets))
        else:
            common.emit(render_plugins(listing, targets, common.output_style()))
    return ExitCode.ERROR if plugins.broken else ExitCode.OK


@contextmanager
def _capabilities(plugins: Plugins, config_path: Path | None) -> Iterator[Mapping[str, Capabilities]]:
    """Give what the targets of the present project can do; outside a project there are none."""
    from groupsync.connect import open_targets

    try:
        found = common.config_path_of(config_path)
    except ConfigError:
        yield {}
        return
    with open_targets(common.read_config(found), plugins) as backends:
        yield dict(_told(backends))


def _told(backends: Mapping[str, Backend]) -> Iterator[tuple[str, Capabilities]]:
    """Give what each target can do; of one that can't be asked, say why on stderr."""
    for name, backend in backends.items():
        try:
            yield name, backend.capabilities
        except BackendError as error:
            common.say(f"{name} can't be asked what it can do: {error}. `groupsync target check {name}` tells more.")
