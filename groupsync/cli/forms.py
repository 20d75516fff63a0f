"""In which form a command writes, by `--format` or by the name of the file that it writes to."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from groupsync.cli.common import Command, config_path_of, say
from groupsync.errors import GroupsyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUFFIXES: Final = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html", ".sarif": "sarif"}
"""What the suffix of a file says of its form."""
_ALSO: Final = {"github": ".txt", "sarif": ".json"}
"""Suffixes that fit a form besides its own."""


def written(*formats: str, told: str = "Form of the output") -> Callable[[Command], Command]:
    """Give a command `-o` and `--format`, and tell it the form by both; `told` is the help of `--format`."""

    def add(command: Command) -> Command:
        @wraps(command)
        def run(*, format_: str | None, output: Path | None, **rest: Any) -> Any:
            return command(format_=form_of(formats, format_, output), output=output, **rest)

        return options(*formats, told=told)(cast(Command, run))

    return add


def options(*formats: str, told: str = "Form of the output") -> Callable[[Command], Command]:
    """Add `-o` and `--format` alone, for a command that asks `form_of` itself."""
    both = (
        click.option(
            "--format",
            "format_",
            type=click.Choice(formats),
            help=f"{told}. [default: by the suffix of FILE, else {formats[0]}]",
        ),
        click.option(
            "-o",
            "--output",
            "output",
            type=click.Path(path_type=Path),
            callback=check_output,
            metavar="FILE",
            help="Write the output to a file instead of stdout.",
        ),
    )

    def add(command: Command) -> Command:
        for option in both:
            command = option(command)
        return command

    return add


def form_of(formats: Sequence[str], format_: str | None, output: Path | None) -> str:
    """Return the form that is asked for; says on stderr where the file's name tells another.

    Raises:
        click.UsageError: only the file's name could tell, and it doesn't, or tells a form that the command can't write.
    """
    if output is None or _is_device(output):
        return format_ or formats[0]
    meant = SUFFIXES.get(output.suffix.lower())
    if format_ is None:
        if meant is not None and meant in formats:
            return meant
        raise click.UsageError(_unclear(formats, meant, output))
    if meant not in (None, format_) and _ALSO.get(format_) != output.suffix.lower():
        say(f"{output} is written as {format_}, as --format says; its name ends as that of {meant} does.")
    return format_


def _is_device(output: Path) -> bool:
    """Tell whether a name is that of a terminal, a pipe or the like, which has no suffix."""
    return output.exists() and not output.is_file() and not output.is_dir()


def _unclear(formats: Sequence[str], meant: str | None, output: Path) -> str:
    suffixes = [suffix for suffix, form in SUFFIXES.items() if form in formats]
    ways = f"end its name in {', '.join(suffixes[:-1])} or {suffixes[-1]}, or say the form with --format"
    if str(output) in formats:
        ways = f"for {output} on stdout: `--format {output}`; for a file, {ways}"
    saves = any("--out" in each.opts for each in click.get_current_context().command.params)
    to_save = (
        f" To save the plan for `groupsync apply`: `--out {output.with_suffix('.plan')}`."
        if saves and meant is None
        else ""
    )
    why = "does not say in which form" if meant is None else f"reads as {meant}, which this command does not write"
    return f"-o {output} writes the output to a file, and its name {why}: {ways}.{to_save}"


def check_output(ctx: click.Context, _param: click.Parameter, output: Path | None) -> Path | None:
    """Refuse to write over what is no report, as the callback of `-o`."""
    if output is not None and output.is_file():
        use = _use_of(ctx, output)
        if not use and output.suffix.lower() in {".yaml", ".yml"}:
            use = "YAML"
        if not use and output.stat().st_size and _is_plan(output):
            use = "a saved plan"
        if use:
            raise click.UsageError(_not_over(output, use, "-o", output.with_name(f"{output.stem}.report.txt")))
    return output


def _use_of(ctx: click.Context, path: Path) -> str:
    """Return in words what the project, if there is one, uses a file for; empty where it does not."""
    from groupsync.kept_files import use_of

    try:
        config = config_path_of(ctx.params.get("config_path"))
        return use_of(config, path.resolve())
    except (GroupsyncError, OSError, RuntimeError):
        return ""  # the command itself says what is wrong


def _not_over(path: Path, use: str, option: str, other: Path) -> str:
    name = Path(f"new-{other.name}" if other.exists() else other.name)
    return f"{path} is {use}, and {option} does not write over it. Name another file: `{option} {name}`."


def _is_plan(path: Path) -> bool:
    """Tell whether a file may be a plan: it is one by its first record, or is empty."""
    import json

    try:
        with path.open("rb") as file:
            first = file.readline(1 << 20)
        return not first or json.loads(first)["record"] == "header"
    except (OSError, ValueError, TypeError, KeyError):
        return False


def check_saved(ctx: click.Context, _param: click.Parameter, saved: Path | None) -> Path | None:
    """Refuse to save a plan under the name of a report or over what is no plan, as the callback of `--out`."""
    if saved is not None and saved.suffix.lower() in SUFFIXES:
        raise click.UsageError(
            f"--out saves the plan for `groupsync apply`, and {saved} is the name of a report. To write the output "
            f"there: `-o {saved}`. To save the plan: `--out {saved.with_suffix('.plan')}`."
        )
    if saved is not None and saved.is_file():
        use = _use_of(ctx, saved) or ("" if _is_plan(saved) else "no saved plan")
        if use:
            raise click.UsageError(_not_over(saved, use, "--out", saved.with_suffix(".plan")))
    return saved
