"""What somebody probably meant who typed a command or an option that there is not. Nothing but a suggestion."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Collection

SYNONYMS: Final = {
    "check": "validate",
    "delete": "remove",
    "diff": "plan",
    "doctor": "target check",
    "format": "fmt",
    "lint": "validate",
    "list": "show",
    "log": "history",
    "ls": "show",
    "mv": "rename",
    "revert": "undo",
    "rm": "remove",
    "rollback": "undo",
    "status": "show",
    "sync": "apply",
    "test": "validate",
}
"""What other tools call things, and the command that does them here."""
_NEAR: Final = 0.7
"""How like a name must be to be offered: `edit` and `drift` have four letters in common, and are two things."""


def command_meant(typed: str, commands: Collection[str]) -> str:
    """Return a sentence that names the command that was probably meant, or all of them."""
    near = difflib.get_close_matches(typed, [*commands, *SYNONYMS], n=1, cutoff=_NEAR)
    if not near:
        return f"There are: {', '.join(commands)}."
    return f"Did you mean `{SYNONYMS.get(near[0], near[0])}`?"


def with_nearest(error: click.NoSuchOption) -> click.NoSuchOption:
    """Return the same with one option to offer, that which is most like the one that was typed."""
    near = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1, cutoff=0)
    return click.NoSuchOption(error.option_name, error.message, near, error.ctx)
