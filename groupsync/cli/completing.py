"""Answer a shell that completes a command line. click finds out what is wanted; here is what it leaves to do."""

from __future__ import annotations

import os
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any, ClassVar, Final

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

if TYPE_CHECKING:
    import click

PROGRAM: Final = "groupsync"

_BASH: Final = """\
%(complete_func)s() {
    local IFS=$'\\n' line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Whole(ShellComplete):
    """For a shell that replaces the whole word: what is behind `--option=` is offered with it."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return what fits."""
        option, equals, _ = incomplete.partition("=")
        head = option + equals if equals and option.startswith("-") else ""
        found = super().get_completions(args, incomplete)
        return [CompletionItem(head + each.value, each.type, each.help) for each in found]


class Zsh(_Whole, ZshComplete):
    """Completion for zsh."""


class Fish(_Whole, FishComplete):
    """Completion for fish."""


class Bash(BashComplete):
    """Completion for bash, which takes `=`, `:` and `@` for ends of words: addresses would fall apart."""

    source_template: ClassVar[str] = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Split the line up to the cursor as bash would run it."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        incomplete = "" if not words or line[-1:].isspace() else words.pop()
        return words[1:], incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return what fits, as far as bash puts it in: behind the last of those characters."""
        found = super().get_completions(args, incomplete)
        option, equals, value = incomplete.partition("=")
        typed = value if equals and option.startswith("-") else incomplete
        start = max(typed.rfind(end) for end in "=:@") + 1
        return [CompletionItem(each.value[start:], each.type, each.help) for each in found]


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def script(command: click.Command, shell: str, variable: str) -> str:
    """Return what a shell evaluates to complete our commands."""
    made = SHELLS[shell](command, {}, PROGRAM, variable)
    return made.source_template % made.source_vars()


def answer(command: click.Command, variable: str) -> str:
    """Return what the shell asks for by its variables; nothing where that fails, since nobody asked for a message."""
    shell = os.environ[variable].removesuffix("_complete")
    given: dict[str, Any] = {}
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):  # noqa: PTH123 -- no path of ours
        try:
            return SHELLS[shell](command, given, PROGRAM, variable).complete() + "\n"
        except Exception:  # noqa: BLE001 -- a key was pressed; what is wrong is told when the command runs
            return ""
