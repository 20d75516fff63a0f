"""`groupsync approvers`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groupsync.cli import common, forms
from groupsync.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from groupsync.identity import Identity
    from groupsync.model import Plan


@click.command()
@click.argument("saved", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--check", "is_check", is_flag=True, help="End with 3 where a group still needs approval.")
@click.option(
    "--approved", multiple=True, metavar="OWNER", help="Somebody who approved; may be repeated. Goes with --check."
)
@click.option(
    "--fallback",
    multiple=True,
    metavar="OWNER",
    help="Somebody who approves for groups that nobody owns; may be repeated.",
)
@common.config_option
@forms.written("text", "json")
def command(
    *,
    saved: Path,
    is_check: bool,
    approved: tuple[str, ...],
    fallback: tuple[str, ...],
    config_path: Path | None,
    output: Path | None,
    format_: str,
) -> int:
    """Tell who should approve a plan that `groupsync plan --out PLAN` saved: the owners of each group that changes.

    One owner a group is enough; where a group changes hands, one of those before and one of those after. Besides the
    plan the config of its project is read, where there is one: somebody with two addresses (`aliases`) is one owner.
    """
    from groupsync.approvers import approvers_of
    from groupsync.planfile import read_plan
    from groupsync.report.approvers import render_approvers, render_approvers_json
    from groupsync.report.escape import escape

    if approved and not is_check:
        raise click.UsageError("--approved goes with --check, which ends with 3 also while nobody has approved.")
    plan = read_plan(saved)
    found = approvers_of(plan, fallback, _identity(plan, config_path))
    for stranger in found.strangers(approved):
        common.say(f"{escape(stranger)} approved, and owns no group that changes.")
    if format_ == "json":
        text = render_approvers_json(found, approved)
    else:
        text = render_approvers(found, approved, is_check=is_check, style=common.output_style(output=output))
    common.emit(text, output)
    return ExitCode.REFUSED if is_check and found.missing(approved) else ExitCode.OK


def _identity(plan: Plan, config_path: Path | None) -> Identity:
    """Return who is who in the project of a plan, as far as the config tells that is named, or found from here."""
    from groupsync.config import load_config
    from groupsync.identity import Identity

    try:
        path = common.config_path_of(config_path)
    except ConfigError:
        return Identity()
    config = load_config(path)
    return config.identity if config.project == plan.project else Identity()
