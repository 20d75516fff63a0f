"""The command line: parse, call the engine, print, exit. No logic.

`main` is the only place that turns exceptions into exit codes.
"""

from __future__ import annotations

import os
import sys
from contextvars import copy_context
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from groupsync.cli.streams import close_streams, open_streams, silence
from groupsync.errors import ExitCode, GroupsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

COMMANDS: Final = {
    "init": "groupsync.cli.init",
    "validate": "groupsync.cli.validate",
    "plan": "groupsync.cli.plan",
    "apply": "groupsync.cli.apply",
    "drift": "groupsync.cli.drift",
    "accept": "groupsync.cli.accept",
    "report": "groupsync.cli.report",
    "approvers": "groupsync.cli.approvers",
    "show": "groupsync.cli.show",
    "why": "groupsync.cli.why",
    "who": "groupsync.cli.who",
    "expiring": "groupsync.cli.expiring",
    "preview": "groupsync.cli.preview",
    "catalog": "groupsync.cli.catalog",
    "attributes": "groupsync.cli.attributes",
    "history": "groupsync.cli.history",
    "undo": "groupsync.cli.undo",
    "import": "groupsync.cli.import_",
    "add": "groupsync.cli.add",
    "remove": "groupsync.cli.remove",
    "offboard": "groupsync.cli.offboard",
    "fmt": "groupsync.cli.fmt",
    "target": "groupsync.cli.target",
    "lock": "groupsync.cli.lock",
    "profile": "groupsync.cli.profile",
    "templates": "groupsync.cli.templates",
    "plugins": "groupsync.cli.plugins",
    "schema": "groupsync.cli.schema",
    "completion": "groupsync.cli.completion",
    "version": "groupsync.cli.version",
}
"""Name of each command and the module whose `command` it is, in the order of `--help`."""

SUMMARIES: Final = {
    "init": "Start a project: a small, commented, working one.",
    "validate": "Check config, definitions and member files.",
    "plan": "Show what apply would do, and save it if asked.",
    "apply": "Make the targets agree with the definitions.",
    "drift": "Show what somebody else changed on the targets.",
    "accept": "Write into the definitions what somebody else changed there.",
    "report": "Show a saved plan, in any form.",
    "approvers": "Tell who should approve a saved plan.",
    "show": "Show groups, desired and prior side by side.",
    "why": "Tell why somebody is in a group, or is not.",
    "who": "List the groups that somebody is in.",
    "expiring": "List what ceases to hold soon.",
    "preview": "Show whom a segment would have.",
    "catalog": "List all groups, or make a page of them.",
    "attributes": "List what can be asked of customers.",
    "history": "List past runs, or what one of them did.",
    "undo": "Take a run back.",
    "import": "Write what a target holds as definitions.",
    "add": "Write somebody into a group.",
    "remove": "Take somebody out of a group.",
    "offboard": "Take somebody out of everything.",
    "fmt": "Bring definitions and member files into canonical form.",
    "target": "Try whether targets can be served.",
    "lock": "See who holds a target's lock, or break it.",
    "profile": "Try a profile of the backend `rest` on its service.",
    "templates": "List segments to start from.",
    "plugins": "List the plugins, their hooks and capabilities.",
    "schema": "Print a JSON Schema.",
    "completion": "Print a script that completes commands in a shell.",
    "version": "Show versions, and which YAML parser runs.",
}
"""One line a command, here so that `--help` needs to import none of them."""

COMPLETES: Final = "_GROUPSYNC_COMPLETE"
"""The variable by which a shell asks what would complete a command line."""


class LazyGroup(click.Group):
    """Imports a command only when it is called, so that `--version` and completion stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the names in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's
        """Import and return one command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(module).command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the commands without importing them."""
        from click.shell_completion import CompletionItem

        commands = [CompletionItem(name, help=told) for name, told in SUMMARIES.items() if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a misspelt one say which was probably meant."""
        unknown = args and args[0] not in COMMANDS and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:
            from groupsync.cli.meant import command_meant

            raise click.UsageError(f"No such command `{args[0]}`. {command_meant(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"groupsync {version('groupsync')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def groupsync() -> None:
    """Keep customer groups under version control.

    Groups are YAML in git. groupsync validates them, shows exactly who would be added to or removed from what, and
    makes the targets agree.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code. What it learns of the project is forgotten with it."""
    return copy_context().run(_run, arguments)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command line. The only place that catches."""
    try:
        result = groupsync.main(list(arguments) if arguments is not None else None, "groupsync", standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption):
            from groupsync.cli.meant import with_nearest

            error = with_nearest(error)
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us left. Nothing may be flushed to the closed pipe when Python ends.
        silence()
        return ExitCode.OK
    except GroupsyncError as error:
        from groupsync.cli.common import show_error

        show_error(error)
        return error.exit_code
    return result if isinstance(result, int) else ExitCode.OK


def main() -> None:
    """Run the command line of this process, or complete it for a shell, and exit."""
    if COMPLETES in os.environ:
        from groupsync.cli.completing import answer

        sys.stdout.buffer.write(answer(groupsync, COMPLETES).encode())
        sys.exit()
    open_streams()
    sys.exit(close_streams(run()))
