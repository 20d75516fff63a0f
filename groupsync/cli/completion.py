"""`groupsync completion`."""

from __future__ import annotations

import click

from groupsync.cli import common


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> None:
    """Print a script that makes SHELL complete commands, options, names of groups, targets and labels.

    bash:  eval "$(groupsync completion bash)"  in ~/.bashrc

    zsh:   eval "$(groupsync completion zsh)"  in ~/.zshrc, behind compinit

    fish:  groupsync completion fish > ~/.config/fish/completions/groupsync.fish
    """
    from groupsync.cli import COMPLETES, groupsync
    from groupsync.cli.completing import script

    common.emit(script(groupsync, shell, COMPLETES))
