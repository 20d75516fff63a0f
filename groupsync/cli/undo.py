"""`groupsync undo`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groupsync.cli import applying, common, forms, rendering, suggest
from groupsync.cli.redacting import redact_option

if TYPE_CHECKING:
    from groupsync.guard_grants import Grant


@click.command()
@click.argument("run", shell_complete=suggest.runs)
@common.targets_option
@common.config_option
@common.allow_option
@applying.yes_option
@applying.expect_option
@click.option(
    "--out",
    "saved",
    type=click.Path(path_type=Path),
    callback=forms.check_saved,
    help="Save the plan, for `groupsync apply FILE`, and stop there.",
)
@common.full_option
@redact_option
@common.format_option
def command(
    *,
    run: str,
    targets: tuple[str, ...],
    config_path: Path | None,
    grants: tuple[Grant, ...],
    yes: bool,
    expect: str | None,
    saved: Path | None,
    full: bool,
    format_: str,
) -> int:
    """Take a run back: RUN is its id, the beginning or the end of that, or `last`; `groupsync history` lists them.

    `last` is the newest run that wrote anything: an undo that was refused is none.

    It makes the plan that does the opposite, shows it and asks, like any other. A group that is not as the run left it
    any more stays as it is, and is listed. Whoever a policy forbids to come back, or to go, is left out and listed.
    The definitions stay as they are: until they are edited, the next plan wants the same again.
    """
    from groupsync import engine
    from groupsync.cli.plan import exit_code_of
    from groupsync.connect import open_targets
    from groupsync.journal_read import find_run
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.undoing import plan_undo

    config = common.read_config(config_path)
    journal = common.recall(config)
    found = find_run(config.journal, config.id, run, to_undo=True)
    as_of = common.instant_of(None)
    project = load_project(config, as_of)
    plugins = Plugins.discover()
    with open_targets(config, plugins, targets, to_write=saved is None) as backends:
        plan = plan_undo(project, backends, found, as_of, plugins=plugins)
        plan = engine.judge_again(project, plan, plugins, backends=backends, grants=grants)
        common.show_diagnostics(plan.diagnostics)
        if saved is None:
            judge = partial(engine.judge_again, plugins=plugins, backends=backends, grants=grants)
            return applying.carry_out(
                project, plan, backends, journal, judge, expect=expect, yes=yes, full=full, format_=format_
            )
        from groupsync.cli.saving import saved_words
        from groupsync.planfile import write_plan

        rendering.emit_plan(plan, format_, full=full)
        write_plan(plan, saved)
        common.say(saved_words(plan, saved))
    return exit_code_of(plan, detailed=False)
