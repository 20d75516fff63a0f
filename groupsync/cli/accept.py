"""`groupsync accept`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from groupsync.cli import common
from groupsync.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.accepting import Acceptance
    from groupsync.config import Config
    from groupsync.drifted import Drifted, Item
    from groupsync.model import Plan
    from groupsync.planning import Request
    from groupsync.plugins import Plugins
    from groupsync.project import Project


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the command line says is kept."""

    everything: bool
    people: tuple[str, ...]
    attributes: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.everything or self.people or self.attributes)


@click.command()
@click.argument("groups", nargs=-1, metavar="[GROUP]...")
@click.option("--keep-all", "everything", is_flag=True, help="Keep all that is known to be changed on the targets.")
@click.option("--keep", "people", multiple=True, metavar="EMAIL", help="Keep what became of somebody; may be repeated.")
@click.option(
    "--keep-attribute",
    "attributes",
    multiple=True,
    type=click.Choice(["display_name", "description", "owners", "labels"]),
    help="Keep an attribute; may be repeated.",
)
@click.option(
    "--until",
    type=common.Instant(),
    help="When entries of members who are kept expire; 30d is from today.",
)
@click.option("--reason", default="", help="Why they are kept, for whoever reads the file.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Write nothing; show a unified diff.")
@common.allow_empty_option
@common.targets_option
@common.config_option
def command(
    *,
    groups: tuple[str, ...],
    everything: bool,
    people: tuple[str, ...],
    attributes: tuple[str, ...],
    until: datetime | None,
    reason: str,
    is_dry: bool,
    may_be_empty: bool,
    targets: tuple[str, ...],
    config_path: Path | None,
) -> int:
    """Write into the definitions what somebody changed on the targets by hand, as far as you want to keep it.

    It asks for each member who came or went there, and each attribute that changed: keep it, or leave the definition as
    it is, so that the next apply puts the target back. All edits are written together at the end, comments and layout
    stay, and targets are only read. Without GROUP it goes through all groups.
    """
    from groupsync.accepting import Acceptance, Terms
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.segments import compute_segments

    chosen = _Chosen(everything, people, attributes)
    config, plugins = common.read_config(config_path), Plugins.discover()
    common.recall(config)
    request = common.request_of(targets=targets, names=groups, may_be_empty=may_be_empty)
    project = compute_segments(load_project(config, request.as_of), plugins, request.as_of).project
    acceptance = Acceptance(project, plugins, request.as_of, Terms(until, reason))
    drifted, plan = _drifted(project, plugins, request)
    items = acceptance.judged(drifted.items)
    _tell_gone(drifted, acceptance, plan)
    is_whole = all(each.complete and not each.withheld for each in plan.targets)
    if not items:
        whole = "." if is_whole else ", as far as could be read."
        common.say(f"Nothing else was changed on the targets{whole}" if drifted.gone else f"No drift to accept{whole}")
        return ExitCode.OK if is_whole else ExitCode.INCOMPLETE
    kept, left = _choose(items, chosen, config)
    if kept is None:
        common.say("Nothing was written.")
        return ExitCode.ERROR
    if not _write(acceptance, kept, config, is_dry=is_dry, asks=chosen.is_empty):
        common.say("Nothing was written.")
        return ExitCode.ERROR
    for each in left:
        common.say(_left_words(each))
    return ExitCode.OK if is_whole and not left else ExitCode.INCOMPLETE


def _drifted(project: Project, plugins: Plugins, request: Request) -> tuple[Drifted, Plan]:
    """Read the targets and tell what was changed there."""
    from groupsync import engine
    from groupsync.connect import open_targets
    from groupsync.drifted import find_drift
    from groupsync.journal_read import unread_run
    from groupsync.last_applied import read_past
    from groupsync.lookup import group_named

    config = project.config
    for name in request.selection.names:
        if not set("*?[") & set(name) and not request.may_be_empty:
            group_named(project, name)
    with open_targets(config, plugins, request.targets) as backends:
        plan = engine.make_plan(project, backends, request, plugins)
        # What guards and policies say is about applying, which is not what happens here.
        common.show_diagnostics(each for each in plan.diagnostics if not each.code.startswith("GS8"))
        unread: list[ConfigError] = []
        past = read_past(config.journal, config.id, plan, unread)
        common.show_diagnostics(found for found in map(unread_run, unread) if found not in plan.diagnostics)
        return find_drift(plan, {each.group.name: each for each in project.resolution.groups}, past), plan


def _tell_gone(drifted: Drifted, acceptance: Acceptance, plan: Plan) -> None:
    from groupsync.report.escape import escape

    changes = {change.key: change for change in plan.changes}
    for target, name in drifted.gone:
        at, change = acceptance.definitions[name].at, changes.get((target, name))
        refusal = plan.verdict.refusal_of(change) if change else None
        if refusal is not None:
            why = f"{refusal.summary}. {refusal.hint}".strip()
            common.say(escape(f"{name} is gone from {target}, and the next apply does not create it again: {why}"))
            continue
        common.say(
            f"{name} is gone from {target}: the next apply creates it again. To keep it gone, delete its definition "
            f"({escape(str(at))})."
        )
    for target, name in drifted.broken:
        common.say(
            f"A run broke off in {name} on {target}: what is there may be half of a change, so nothing of it is kept. "
            "`groupsync apply` goes on with it."
        )


# --- Choices ----------------------------------------------------------------------------------------------------------


def _choose(items: Sequence[Item], chosen: _Chosen, config: Config) -> tuple[list[Item] | None, list[Item]]:
    """Return what is kept, None where somebody quits; and what was to be kept and can't be.

    Raises:
        ConfigError: nobody is there to decide, or nothing changed of what is named.
    """
    if not chosen.is_empty:
        wanted = _named(items, chosen, config)
        return [each for each in wanted if _can_be_kept(each, chosen)], [
            each for each in wanted if not _can_be_kept(each, chosen)
        ]
    if not sys.stdin.isatty():
        from groupsync.report.accept import render_items

        common.emit(render_items(items, common.style_for(sys.stdout)))
        raise ConfigError(
            "Nobody is there to decide",
            "`accept` asks what to keep, and stdin is no terminal.",
            "Add `--keep-all`, `--keep EMAIL` or `--keep-attribute NAME`; with `--dry-run` to see the edit first.",
        )
    from groupsync.cli.deciding import Quit, decide

    try:
        return decide(items, common.style_for(sys.stderr)), []
    except Quit:
        return None, []


def _named(items: Sequence[Item], chosen: _Chosen, config: Config) -> list[Item]:
    from groupsync.drifted import What
    from groupsync.evidence import person_named

    people = {person_named(each, config.identity) for each in chosen.people}
    missing = people.difference(each.name for each in items if each.what is not What.ATTRIBUTE)
    attributes = set(chosen.attributes)
    missing |= attributes.difference(each.name for each in items if each.what is What.ATTRIBUTE)
    if missing:
        hint = "`groupsync accept` lists what changed; `groupsync drift` and `groupsync plan` show all differences."
        raise ConfigError(f"`{min(missing)}` was not changed on the targets", "Nothing was written.", hint)
    return [
        each
        for each in items
        if chosen.everything or each.name in (attributes if each.what is What.ATTRIBUTE else people)
    ]


def _can_be_kept(item: Item, chosen: _Chosen) -> bool:
    """Tell whether an item can be kept unseen; what may be an edit that is pending has to be named."""
    from groupsync.drifted import Moved

    is_named = item.name in {*chosen.people, *chosen.attributes}
    return not item.obstacle and (is_named or item.moved is not Moved.UNKNOWN or not chosen.everything)


def _left_words(item: Item) -> str:
    from groupsync.report.escape import escape

    reason = item.obstacle or "nobody can say whether the target or the definition changed; name it to keep it"
    return escape(f"{item.group} on {item.target}: {item.name} is not kept: {reason}.")


# --- Edits ------------------------------------------------------------------------------------------------------------


def _write(acceptance: Acceptance, kept: Sequence[Item], config: Config, *, is_dry: bool, asks: bool) -> bool:
    """Write the edits, or show them; return whether nobody minds."""
    from groupsync.cli.differing import unified_diff
    from groupsync.report.accept import edit_words
    from groupsync.report.escape import escape
    from groupsync.rewriting import write_edits

    if not kept:
        common.say("Nothing is kept: the definitions stay as they are, and the next apply puts the targets back.")
        return True
    edits = acceptance.edits(kept)
    diff = "".join(line for edit in edits for line in unified_diff(edit.path, edit.before, edit.after))
    if is_dry:
        common.emit(diff)
        return True
    if asks:
        from groupsync.cli.deciding import may_write

        if not may_write(diff, len(kept), len(edits)):
            return False
    write_edits(config, edits, acceptance.as_of, acceptance.check(kept, edits))
    for line in dict.fromkeys(map(edit_words, kept)):
        common.emit(f"{line}\n")
    common.say(escape(f"Written: {', '.join(edit.path for edit in edits)}."))
    for name, other in acceptance.built_from(each.group for each in kept):
        common.say(f"{other} is built from {name}: see `groupsync plan` for what that changes.")
    return True
