"""What the commands share: their options, and how things reach the terminal. stdout is for the payload alone."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from groupsync import clock
from groupsync.cli import settings, suggest
from groupsync.cli.redacting import PseudonymKeyError, error_words, redaction
from groupsync.errors import ConfigError, InvalidDefinitions, OutputError
from groupsync.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from groupsync.config import Config
    from groupsync.errors import GroupsyncError
    from groupsync.guard_grants import Grant
    from groupsync.journal import Journal
    from groupsync.model import Diagnostic, SourceRange
    from groupsync.planning import Request
    from groupsync.report.style import Style

Command = TypeVar("Command", bound="Callable[..., Any]")
Item = TypeVar("Item")

_PROGRESS_AFTER_SECONDS: Final = 0.5

_root: ContextVar[Path] = ContextVar("project root", default=Path())
"""Where the paths of diagnostics start."""


# --- Options ----------------------------------------------------------------------------------------------------------

config_option = click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    is_eager=True,
    help=settings.CONFIG_HELP,
)
targets_option = click.option(
    "--target",
    "-t",
    "targets",
    multiple=True,
    metavar="NAME",
    help="Serve this target only; may be repeated.",
    shell_complete=suggest.targets,
)
full_option = click.option("--full", is_flag=True, help="Show every member, however many.")
summary_option = click.option(
    "--summary", is_flag=True, help="Show one line a group; what is refused and warned of is named all the same."
)
format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the output.",
)


class Instant(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.5
    """A point in time: a date (00:00 UTC), an ISO 8601 date and time, or so many days or weeks from today."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse, or fail with what was expected."""
        from groupsync.times import parse_instant_from

        if isinstance(value, datetime):
            return value
        try:
            return parse_instant_from(str(value), clock.now())
        except ValueError as reason:
            self.fail(f"{value!r} is not a time: {reason}. 30d and 2w mean so long from today.", param, ctx)


class Span(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # the same
    """A span of time in days or weeks, as `14d` or `2w`."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse, or fail with what was expected."""
        from groupsync.times import parse_span

        if isinstance(value, timedelta):
            return value
        try:
            return parse_span(str(value))
        except ValueError as reason:
            self.fail(f"{value!r} is not a span of time: {reason}.", param, ctx)


class Allow(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # the same
    """An exception from a guard as `kind:name<=ceiling@digest`."""

    name = "kind:name<=n@digest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Grant:
        """Parse, or fail with what was expected."""
        from groupsync.guard_grants import Grant, parse_allow

        if isinstance(value, Grant):
            return value
        try:
            return parse_allow(str(value))
        except ValueError as reason:
            self.fail(f"{value!r} allows nothing: {reason}.", param, ctx)


class Label(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # the same
    """A label as `key=value`."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split, or fail with what was expected."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is no label. Expected `key=value`.", param, ctx)
        return key, text


allow_option = click.option(
    "--allow",
    "grants",
    type=Allow(),
    multiple=True,
    metavar="EXCEPTION",
    help="Allow just what a refusal shows, such as 'remove:beta<=9@3f9a1c2b4d5e6f70', for that plan; may be repeated.",
)


allow_empty_option = click.option(
    "--allow-empty-selection",
    "may_be_empty",
    is_flag=True,
    help="Go on where a pattern or a label matches no group.",
)


class Selecting(click.Command):
    """A command with `--select`, which says so to somebody who names a group without it."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, or fail with what was probably meant."""
        left = super().parse_args(ctx, args)
        if left and not ctx.resilient_parsing:
            meant = " ".join(f"--select {shlex.quote(each)}" for each in left)
            ctx.fail(f"Got unexpected extra argument ({' '.join(left)}). To pick groups: `{ctx.command_path} {meant}`.")
        return left


def selection_options(command: Command) -> Command:
    """Add the options that pick groups and time."""
    for option in (
        allow_empty_option,
        click.option("--at", type=Instant(), help="Look at another time; nothing made so can be applied."),
        click.option(
            "--label",
            "-l",
            "labels",
            type=Label(),
            multiple=True,
            shell_complete=suggest.labels,
            help="Only groups with this label; may be repeated, all must hold.",
        ),
        click.option(
            "--select",
            "-s",
            "names",
            multiple=True,
            metavar="PATTERN",
            shell_complete=suggest.groups,
            help="Only groups whose name matches, such as `beta-*`; may be repeated.",
        ),
        targets_option,
        config_option,
    ):
        command = option(command)
    return command


def config_path_of(path: Path | None) -> Path:
    """Return the config that is meant: that of the option, of the environment, or the one from here upwards.

    Raises:
        ConfigError: there is none, or none where the environment says that it is.
    """
    from groupsync.config import find_config

    given = settings.config_given(path)
    if given is None:
        return find_config(Path.cwd())
    found, by = given
    if by == settings.CONFIG_VARIABLE and not found.exists():
        raise ConfigError(f"There is no {found}", f"{by} in the environment names it.", f"Correct {by}, or unset it.")
    return found


def read_config(path: Path | None) -> Config:
    """Load the config that is meant, see `config_path_of`."""
    from groupsync.config import load_config

    found = config_path_of(path)
    show_paths_from(found.parent)
    config = load_config(found)
    if redacted := redaction():
        redacted.read(config)
    return config


def recall(config: Config) -> Journal:
    """Bring what past runs did to this machine, where the journal has a store that outlives it; return the journal.

    Each command that judges by it, or shows it, does so first: everything reads the folder.
    """
    from groupsync.journal import Journal

    journal = Journal.of(config)
    show_diagnostics(journal.fetch())
    return journal


def person_of(config: Config, written: str, group: str = "") -> str:
    """Return who is named on the command line, by the address that they have now; says so where it is another one.

    Args:
        config: has the rule of identifiers.
        written: by somebody.
        group: what they wrote behind it, to see whether it is the other way round.

    Raises:
        ConfigError: it is no identifier.
    """
    from groupsync.evidence import person_named
    from groupsync.report.escape import escape

    try:
        person, spelled = (person_named(written, rule) for rule in (config.identity, config.identity.unaliased))
    except ConfigError as error:
        if _is_person(config, group):
            turned = shlex.join([*click.get_current_context().command_path.split(), group, written])
            raise ConfigError(error.summary, "The address comes first, then the group.", f"Try `{turned}`.") from error
        raise
    if person != spelled:
        say(escape(f"{spelled} is now {person}."))
    return person


def _is_person(config: Config, written: str) -> bool:
    try:
        return bool(written) and bool(config.identity.canonical(written.strip()))
    except ValueError:
        return False


def show_paths_from(folder: Path) -> None:
    """Say where the paths of diagnostics start."""
    _root.set(folder)


def instant_of(at: datetime | None) -> datetime:
    """Return the instant to look at: the one asked for, or now, to the second."""
    return at or clock.now().replace(microsecond=0)


def request_of(
    at: datetime | None = None,
    targets: Sequence[str] = (),
    names: Sequence[str] = (),
    labels: Sequence[tuple[str, str]] = (),
    *,
    may_be_empty: bool = False,
    adopt: bool = False,
    grants: Sequence[Grant] = (),
) -> Request:
    """Make a request from the options of `selection_options`."""
    from groupsync.planning import Request
    from groupsync.scope import Selection

    return Request(
        as_of=instant_of(at),
        looking=at is not None,
        targets=tuple(targets),
        selection=Selection(tuple(names), tuple(labels)),
        may_be_empty=may_be_empty,
        adopt=adopt,
        track=track,
        grants=tuple(grants),
    )


# --- Output -----------------------------------------------------------------------------------------------------------


def style_for(stream: Any, *, full: bool = False) -> Style:
    """Tell how to write to `stream`: colour only on a terminal that wants it, and its width."""
    from groupsync.report.style import Style

    on_terminal = stream.isatty()
    color = settings.has_color(on_terminal=on_terminal)
    return Style(color=color, width=shutil.get_terminal_size((80, 24)).columns if on_terminal else 80, full=full)


def emit(text: str | Iterable[str], output: Path | None = None) -> None:
    """Write the payload to stdout, or to a file where one is asked for; pieces go out as they come."""
    pieces = [text] if isinstance(text, str) else text
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            file.writelines(map(scrub, pieces))
    except OSError as error:
        raise OutputError(f"Can't write {output}", error.strerror or str(error)) from error


def output_style(
    *, full: bool = False, by_person: bool = False, summary: bool = False, output: Path | None = None
) -> Style:
    """Tell how to write to stdout, or plainly where the output goes to a file."""
    from dataclasses import replace

    from groupsync.report.style import Style

    style = style_for(sys.stdout, full=full) if output is None else Style(full=full)
    return replace(style, by_person=by_person, summary=summary)


def say(text: str) -> None:
    """Write talk to stderr; on a terminal its lines break between words."""
    if not sys.stderr.isatty():
        click.echo(text, err=True)
        return
    from groupsync.report.style import wrap

    width = style_for(sys.stderr).columns
    for line in text.split("\n"):
        words = line.lstrip(" ")
        indent = " " * (len(line) - len(words))
        click.echo("\n".join(wrap(words, indent, width)), err=True)


def say_as_it_stands(text: str) -> None:
    """Write talk to stderr that is laid out already: parts of reports, and lines of files."""
    click.echo(text, err=True)


def inform(text: str) -> None:
    """Write talk to stderr that only says that all is well, or what may be done next; `--quiet` leaves it out."""
    if not settings.is_quiet():
        say(text)


def source_line(place: SourceRange) -> str | None:
    """Read the line of a place, None where it can't be read any more."""
    try:
        with (_root.get() / place.path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if number == place.line:
                    return line.decode("utf-8", "replace").rstrip("\r\n")
    except OSError:
        return None
    return None


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print findings on stderr."""
    found = tuple(diagnostics)
    if found:
        sys.stderr.write(finding_text(found, style_for(sys.stderr)))


def finding_text(found: tuple[Diagnostic, ...], style: Style) -> str:
    """Return findings as text; what is redacted shows no line of a file."""
    from groupsync.report.diagnostics import render_diagnostics

    if redaction():
        from groupsync.redaction import redacted_findings

        return render_diagnostics(redacted_findings(found), lambda _: None, style)
    return render_diagnostics(found, source_line, style)


def show_error(error: GroupsyncError) -> None:
    """Print on stderr what stopped the run."""
    from groupsync.report.diagnostics import render_error

    if isinstance(error, InvalidDefinitions):
        show_diagnostics(error.diagnostics)
    elif redaction() and not isinstance(error, PseudonymKeyError):
        say(error_words(error))
    else:
        sys.stderr.write(render_error(error, style_for(sys.stderr)))


def track(what: str, items: Sequence[Item]) -> Iterable[Item]:
    """Show a progress bar on stderr for a loop that takes more than half a second, where somebody is watching."""
    is_watched = sys.stderr.isatty() and not settings.is_quiet()
    return _bar(what, items) if is_watched and len(items) > 1 else items


def _bar(what: str, items: Sequence[Item]) -> Iterator[Item]:
    started = time.monotonic()
    waiting = iter(enumerate(items))
    for _, item in waiting:
        yield item
        if time.monotonic() - started > _PROGRESS_AFTER_SECONDS:
            break
    for done, item in waiting:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(what, total=len(items), completed=done)
            yield item
            progress.advance(task)
            for _, later in waiting:
                yield later
                progress.advance(task)
