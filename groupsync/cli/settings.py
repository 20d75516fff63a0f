"""Options that every command takes, before its name or behind it; they hold for one run of the command line."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import click

from groupsync.trace import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG_VARIABLE: Final = "GROUPSYNC_CONFIG"
"""The variable that names the config where no option does."""
CONFIG_HELP: Final = (
    f"The config file; {CONFIG_VARIABLE} names it, too. [default: groupsync.yaml here or in a folder above]"
)
_given: ContextVar[dict[str, Any] | None] = ContextVar("settings", default=None)


def begin() -> None:
    """Forget what another run in this process was given."""
    _given.set({})


def is_quiet() -> bool:
    """Tell whether talk that only informs is left out."""
    return bool((_given.get() or {}).get("quiet"))


def is_verbose() -> bool:
    """Tell whether it is told what is asked of whom."""
    return bool((_given.get() or {}).get("verbose"))


def has_color(*, on_terminal: bool) -> bool:
    """Tell whether a stream gets colours: by `--color`, else by NO_COLOR, FORCE_COLOR and what the stream is."""
    wanted = (_given.get() or {}).get("color") or "auto"
    if wanted != "auto":
        return bool(wanted == "always")
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return on_terminal and os.environ.get("TERM") != "dumb"


def config_given(path: Path | None) -> tuple[Path, str] | None:
    """Return the config that is named, and by what: behind the command, before it, or by the environment."""
    from pathlib import Path

    if path is not None:
        return path, "--config"
    if before := (_given.get() or {}).get("config"):
        return Path(before), "--config"
    named = os.environ.get(CONFIG_VARIABLE)
    return (Path(named), CONFIG_VARIABLE) if named else None


def options(*, is_top: bool) -> Iterator[click.Option]:
    """Give the options; those of a command are in its help only as a hint to those of all."""
    rest: dict[str, Any] = {"expose_value": False, "callback": _keep, "hidden": not is_top}
    yield click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        help="Colours: `auto` for a terminal. NO_COLOR and FORCE_COLOR in the environment say the same.",
        **rest,
    )
    yield click.Option(["--quiet", "-q"], is_flag=True, help="Leave out talk that only informs.", **rest)
    yield click.Option(
        ["--verbose", "-v"], is_flag=True, help="Tell what is asked of whom, and how long it takes.", **rest
    )
    if is_top:
        yield click.Option(
            ["--config", "-c"],
            metavar="PATH",
            help=CONFIG_HELP,
            **rest,
        )


def check_redacted(*, verbose: bool, redacted: bool) -> None:
    """Refuse to tell what is asked where people must not be named: an address of a service may have a name in it."""
    if verbose and redacted:
        raise click.UsageError("--verbose may tell names of people: it does not go with --redact.")


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if not value or not param.name:
        return
    was_verbose = is_verbose()
    _given.set({**(_given.get() or {}), param.name: value})
    if is_verbose() and not was_verbose and not ctx.resilient_parsing:
        from groupsync.cli.redacting import redaction

        check_redacted(verbose=True, redacted=redaction() is not None)
        ctx.with_resource(listening(_tell))


def _tell(what: str) -> None:
    from groupsync.report.escape import escape

    sys.stderr.write(f"{escape(what)}\n")
