"""`groupsync help`."""

from __future__ import annotations

import click

from groupsync.cli import common


@click.command()
@click.argument("names", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(ctx: click.Context, *, names: tuple[str, ...]) -> None:
    """Show the help of groupsync, or of COMMAND, as `COMMAND --help` does."""
    found = ctx.find_root()
    for name in names:
        if not isinstance(found.command, click.Group):
            raise click.UsageError(f"`{found.command_path}` has no commands below it.")
        _, below, _ = found.command.resolve_command(found, [name])
        if below is None:
            raise click.UsageError(f"No such command `{name}`.")
        found = click.Context(below, parent=found, info_name=name)
    common.emit(f"{found.get_help()}\n")
