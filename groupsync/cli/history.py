"""`groupsync history`."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.model import Run


@click.command()
@click.argument("run", required=False, shell_complete=suggest.runs)
@click.option("--limit", "-n", type=click.IntRange(min=1), help="List only so many lines, the newest.")
@click.option("--full", is_flag=True, help="Name who came and went; goes with RUN or --group.")
@click.option("--who", "person", metavar="EMAIL", help="What brought somebody into groups and took them out.")
@click.option("--group", metavar="NAME", shell_complete=suggest.groups, help="What changed a group.")
@common.config_option
@common.format_option
def command(
    *,
    run: str | None,
    limit: int | None,
    full: bool,
    person: str | None,
    group: str | None,
    config_path: Path | None,
    format_: str,
) -> None:
    """List what was applied, newest first; or show RUN: its id, the beginning or the end of that, or `last`.

    Runs that had nothing to do are remembered, too; those that follow on each other share a line. `last` is the newest
    that had something to do. Names are those of the plans that the journal keeps: where it has none, that is said.
    """
    from groupsync.journal_read import find_run, read_runs
    from groupsync.report import history

    narrowed = person is not None or group is not None
    if full and (person is not None or (run is None and group is None)):
        raise click.UsageError("--full goes with RUN or --group. `--who EMAIL` names that person alone.")
    if limit is not None and (narrowed or run is not None):
        raise click.UsageError("--limit goes with the list of runs: not with RUN, --who or --group.")
    config = common.read_config(config_path)
    common.recall(config)
    found = find_run(config.journal, config.id, run) if run is not None else None
    style, is_json = common.output_style(), format_ == "json"
    if narrowed:
        common.emit(_narrowed(config, found, person, group, full=full, is_json=is_json))
    elif found is not None and full:
        from groupsync.past_names import named
        from groupsync.report import history_names

        whole = named(config.journal, found)
        text = history_names.render_named_run_json(whole) if is_json else history_names.render_named_run(whole, style)
        common.emit(text)
    elif found is not None:
        common.emit(history.render_run_json(found) if is_json else history.render_run(found, style))
    else:
        runs = list(islice(history.folded(read_runs(config.journal, config.project)), limit))
        each = list(chain.from_iterable(runs))
        common.emit(history.render_runs_json(each) if is_json else history.render_runs(runs, config.id.is_named, style))


def _narrowed(
    config: Config, run: Run | None, person: str | None, group: str | None, *, full: bool, is_json: bool
) -> str:
    """Return what changed a person or a group, or both."""
    from groupsync.past_names import named, named_runs, of_group, of_people
    from groupsync.report.escape import escape
    from groupsync.report.history_names import render_named_runs, render_named_runs_json

    runs = [named(config.journal, run)] if run is not None else named_runs(config.journal, config.project)
    people = frozenset(config.identity.spellings(common.person_of(config, person))) if person is not None else None
    found, names = [], {group or ""}
    for each in runs:
        narrowed = of_group(each, names) if group is not None else each
        if narrowed.run.entries and people is not None:
            narrowed = of_people(narrowed, people)
            if narrowed.untold and not narrowed.run.entries:
                found.append(narrowed)
        if narrowed.run.entries:
            found.append(narrowed)
    whose = f"memberships of {escape(person)}" if person is not None else ""
    subject = " in ".join(filter(None, (whose, escape(group or ""))))
    if is_json:
        return render_named_runs_json(found)
    return render_named_runs(found, subject, common.output_style(), names=full or people is not None)
