"""`--redact`: what is shown has pseudonyms in place of people, on stdout and stderr."""

from __future__ import annotations

import os
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Final

import click

from groupsync.cli import settings
from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from groupsync.config import Config
    from groupsync.errors import GroupsyncError
    from groupsync.redaction import Pseudonyms

VARIABLE: Final = "GROUPSYNC_REDACT_KEY"


class PseudonymKeyError(ConfigError):
    """The key of pseudonyms can't be had, or is too short; its texts are ours and name nobody."""


class Redaction:
    """How a run redacts; its key is that of the environment, or else of the config, or else one of its own."""

    def __init__(self) -> None:
        """Begin.

        Raises:
            PseudonymKeyError: the key in the environment is too short.
        """
        key = os.environ.get(VARIABLE)
        self._key = _long_enough(key, f"`{VARIABLE}` in the environment") if key else None

    def read(self, config: Config) -> None:
        """Take the key of a config, where the environment has none.

        Raises:
            PseudonymKeyError: it can't be had, or is too short.
        """
        if self._key is None and config.redact_key:
            self._key = _long_enough(_referred(config), "`redact.key` in the config")

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Return the pseudonyms of this run; says on stderr where they are good for no other."""
        import secrets

        from groupsync.redaction import Pseudonyms

        if self._key is None:
            text = (
                f"Names in this output are pseudonyms of this run alone; set `{VARIABLE}` to have the same ones again."
            )
            click.echo(text, err=True)
        return Pseudonyms(self._key or secrets.token_bytes(32))


_current: ContextVar[Redaction | None] = ContextVar("redaction", default=None)


def redaction() -> Redaction | None:
    """Return how this run redacts, None where it doesn't."""
    return _current.get()


def _begin(_ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    settings.check_redacted(verbose=settings.is_verbose(), redacted=wanted)
    _current.set(Redaction() if wanted else None)


redact_option = click.option(
    "--redact",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_begin,
    help="Show pseudonyms in place of people, and no text that may name them.",
)


def error_words(error: GroupsyncError) -> str:
    """Say what stopped a run without any text that may name somebody, as a line."""
    from groupsync.errors import BackendError, PlanStopped, PluginError, SourceError
    from groupsync.report.escape import escape

    match error:
        case PlanStopped():  # has names of groups and targets alone
            return escape(" ".join([f"{error.summary}.", *error.detail.splitlines()]))
        case BackendError():
            what = "a target could not be served"
        case SourceError():
            what = "a source could not be asked"
        case PluginError():
            what = "a plugin is out of order"
        case ConfigError():
            what = "the config, a file or what was asked for is not in order"
        case _:
            what = "something is out of order"
    where = f" ({error.at})" if error.at else ""
    return f"The run was stopped: {what}{where}. Without `--redact` it says more."


def _referred(config: Config) -> str:
    from groupsync.secret_references import resolve_references
    from groupsync.secrets import Secret

    found = resolve_references(config.redact_key, config.root)
    match found:
        case Secret():
            return found.reveal()
        case list():
            raise PseudonymKeyError(f"`redact.key`: {found[0].summary}", found[0].detail, found[0].hint)
        case _:
            return found


def _long_enough(key: str, where: str) -> bytes:
    from groupsync.redaction import MIN_KEY_BYTES

    if len(key.encode()) < MIN_KEY_BYTES:
        raise PseudonymKeyError(
            "The key of pseudonyms is too short",
            f"{where} has {len(key.encode())} bytes, and at least {MIN_KEY_BYTES} are needed: names could be guessed.",
            "Make one: `openssl rand -hex 32`.",
        )
    return key.encode()
