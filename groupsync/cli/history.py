"""`groupsync history`."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("run", required=False, shell_complete=suggest.runs)
@click.option("--limit", "-n", type=click.IntRange(min=1), help="List only so many lines, the newest.")
@common.config_option
@common.format_option
def command(*, run: str | None, limit: int | None, config_path: Path | None, format_: str) -> None:
    """List what was applied, newest first; or show RUN: its id, the beginning or the end of that, or `last`.

    Runs that had nothing to do are remembered, too; those that follow on each other share a line. `last` is the newest
    that had something to do.
    """
    from groupsync.journal_read import find_run, read_runs
    from groupsync.report import history

    config = common.read_config(config_path)
    common.recall(config)
    if run is not None:
        found = find_run(config.journal, config.id, run)
        text = history.render_run_json(found) if format_ == "json" else history.render_run(found, common.output_style())
    else:
        runs = list(islice(history.folded(read_runs(config.journal, config.project)), limit))
        each = list(chain.from_iterable(runs))
        text = (
            history.render_runs_json(each)
            if format_ == "json"
            else history.render_runs(runs, config.id.is_named, common.output_style())
        )
    common.emit(text)
