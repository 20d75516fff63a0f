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

from groupsync.cli import settings
from groupsync.cli.streams import close_streams, open_streams, silence
from groupsync.errors import ExitCode, GroupsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

SECTIONS: Final = {
    "Start": ("init", "import", "templates"),
    "Look before you plan": ("validate", "fmt", "preview", "attributes", "catalog"),
    "Plan and apply": ("plan", "approvers", "apply", "report", "history", "undo"),
    "What others changed on the targets": ("drift", "accept"),
    "Ask about people and groups": ("show", "why", "who", "expiring"),
    "Edit definitions": ("add", "remove", "offboard", "rename"),
    "Targets": ("target", "lock", "profile"),
    "This installation": ("plugins", "schema", "completion", "version", "help"),
}
"""The commands in the order of `--help`, by what they are for."""

COMMANDS: Final = {
    name: f"groupsync.cli.{'import_' if name == 'import' else name}" for names in SECTIONS.values() for name in names
}
"""Name of each command and the module whose `command` it is."""

SUMMARIES: Final = {
    "init": "Start a project: a small, commented, working one.",
    "validate": "Check config, definitions and member files.",
    "plan": "Show what apply would do, and save it if asked.",
    "apply": "Make the targets agree with the definitions.",
    "drift": "Show what somebody else changed on the targets.",
    "accept": "Write into the definitions what somebody else changed.",
    "report": "Show a saved plan, in any form.",
    "approvers": "Tell who should approve a saved plan.",
    "show": "Show groups, desired and prior side by side.",
    "why": "Tell why a person is in a group, or is not.",
    "who": "List the groups that a person is in.",
    "expiring": "List members, references and groups that expire soon.",
    "preview": "Preview a segment's members.",
    "catalog": "List all groups, or make a page of them.",
    "attributes": "List what can be asked of customers.",
    "history": "List past runs, or what one of them did.",
    "undo": "Take a run back.",
    "import": "Write what a target holds as definitions.",
    "add": "Add a person to a group.",
    "remove": "Remove a person from a group.",
    "offboard": "Remove a person from every group.",
    "rename": "Rename a group, wherever it is named.",
    "fmt": "Bring definitions and member files into canonical form.",
    "target": "Try whether targets can be served.",
    "lock": "See who holds a target's lock, or break it.",
    "profile": "Try a profile of the backend `rest` on its service.",
    "templates": "List segments to start from.",
    "plugins": "List the plugins, their hooks and capabilities.",
    "schema": "Print a JSON Schema.",
    "completion": "Print a script that completes commands in a shell.",
    "version": "Show versions, and which YAML parser runs.",
    "help": "Show the help of groupsync or of a command.",
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
        return complete(command, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the commands without importing them."""
        from click.shell_completion import CompletionItem

        commands = [CompletionItem(name, help=SUMMARIES[name]) for name in COMMANDS if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's
        """List the commands without importing them."""
        width = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), SUMMARIES[name]) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a misspelt one say which was probably meant."""
        unknown = args and args[0] not in COMMANDS and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:
            from groupsync.cli.meant import command_meant

            raise click.UsageError(f"No such command `{args[0]}`. {command_meant(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def complete(command: click.Command, name: str) -> click.Command:
    """Give a command, and those below it, what all have: the options of every command, and examples."""
    from groupsync.cli.examples import epilog

    known = {param.name for param in command.params}
    command.params += [option for option in settings.options(is_top=False) if option.name not in known]
    command.epilog = command.epilog or epilog(name)
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            complete(each, f"{name} {below}")
    return command


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"groupsync {version('groupsync')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    epilog="Every command takes --color, --quiet and --verbose behind its name, too. `groupsync help COMMAND` shows "
    "the options of a command, with examples.",
    params=list(settings.options(is_top=True)),
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.pass_context
def groupsync(ctx: click.Context) -> int | None:
    """Keep customer groups under version control.

    Groups are YAML in git. groupsync validates them, shows exactly who would be added to or removed from what, and
    makes the targets agree.
    """
    if ctx.invoked_subcommand is not None:
        return None
    click.echo(ctx.get_help())
    return ExitCode.USAGE


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code. What it learns of the project is forgotten with it."""
    return copy_context().run(_run, arguments)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command line. The only place that catches."""
    settings.begin()
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
