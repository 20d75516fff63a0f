"""`groupsync apply`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groupsync.cli import applying, common, rendering
from groupsync.cli.redacting import redact_option
from groupsync.errors import ConfigError, ExitCode
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.config import Config
    from groupsync.guard_grants import Grant
    from groupsync.model import Plan
    from groupsync.planning import Request
    from groupsync.plugins import Plugins
    from groupsync.project import Project
    from groupsync.recovery import Resumption


@click.command(cls=common.Selecting)
@click.argument("saved", required=False, type=click.Path(path_type=Path), metavar="[PLAN]")
@click.option(
    "--resume", is_flag=True, help="Go on with the last run that left something to do: finish it, or prove it done."
)
@click.option(
    "--strict",
    is_flag=True,
    help="With PLAN or --resume: ask the sources of segments again, and leave alone what they make otherwise by now.",
)
@common.selection_options
@click.option("--adopt", is_flag=True, help="Consent to take over groups that are not known to be this project's.")
@common.allow_option
@applying.yes_option
@applying.expect_option
@rendering.fail_on_option
@common.full_option
@redact_option
@rendering.written
@rendering.annotated
def command(
    *,
    saved: Path | None,
    resume: bool,
    strict: bool,
    config_path: Path | None,
    adopt: bool,
    grants: tuple[Grant, ...],
    yes: bool,
    expect: str | None,
    stops: tuple[str, ...],
    full: bool,
    output: Path | None,
    format_: str,
    **picked: Any,
) -> int:
    """Make the targets agree with the definitions.

    Without PLAN it plans, shows the plan and asks. With PLAN, saved by `groupsync plan --out`, it does what was
    reviewed: a group whose target or definition moved since is left alone and listed, the others go on. It is done
    whole: -t may name the targets that it changes, and none may be missing.

    What the file says is checked: a change that is not what the definitions make of its group is refused, and one whose
    members are others by now, because a written date has passed, is left alone. Who matched a segment is believed;
    --strict asks again.

    With --resume it goes on with a run that was killed, interrupted or partly failed: what turns out to be done is
    noted as done, what is as it was planned on is applied, and what moved meanwhile is left alone and listed. What it
    reads is checked and judged as a saved plan is; an exception that the run had is given again with --allow.
    """
    from groupsync import engine
    from groupsync.belonging import check_expected
    from groupsync.connect import open_targets
    from groupsync.plugins import Plugins
    from groupsync.project import load_project
    from groupsync.retry import Retries
    from groupsync.strictly import turned_since

    request = common.request_of(**picked, adopt=adopt, grants=grants)
    _check_usage(request, saved, resume=resume, strict=strict)
    config = common.read_config(config_path)
    journal = common.recall(config)
    project = load_project(config, request.as_of)
    plugins = Plugins.discover()
    with open_targets(config, plugins, request.targets, to_write=True) as backends:
        resumption = _resumption(project, backends, request, plugins) if resume else None
        if resume and resumption is None:
            common.say(f"Nothing to resume: no run of {config.path} left anything to do.")
            return ExitCode.OK
        plan = resumption.plan if resumption else _plan(project, backends, request, plugins, saved)
        if saved is not None:
            named = f" -c {shlex.quote(str(config_path))}" if config_path else ""
            check_expected(plan, expect, f"groupsync apply {shlex.quote(str(saved))}{named}")
        if strict and plan.undoes:
            raise click.UsageError("--strict asks sources again, and a plan that takes a run back comes of none.")
        return applying.carry_out(
            project,
            plan,
            backends,
            journal,
            partial(
                engine.judge_again,
                plugins=plugins,
                backends=backends,
                grants=request.grants,
                adopt=request.adopt,
                resumption=resumption,
            ),
            asks_again=partial(turned_since, plugins=plugins, backends=backends, retry=Retries()) if strict else None,
            resumption=resumption,
            expect=expect,
            stops=stops,
            yes=yes,
            full=full,
            format_=format_,
            output=output,
        )


def _check_usage(request: Request, saved: Path | None, *, resume: bool, strict: bool) -> None:
    from groupsync.scope import EVERYTHING

    if strict and saved is None and not resume:
        raise click.UsageError("--strict goes with a saved plan or --resume: otherwise sources are asked anyway.")
    selected = request.selection != EVERYTHING or request.may_be_empty
    narrowed = request.looking or selected
    if saved is not None and narrowed:
        raise click.UsageError("A saved plan is applied as it is: --at, --select and --label don't go with it.")
    if resume and (saved is not None or narrowed or request.targets or request.adopt):
        raise click.UsageError(
            "--resume goes on with a run as it was planned, with the consent that it had: no plan, no selection and no "
            "--adopt go with it."
        )


def _resumption(
    project: Project, backends: Mapping[str, Backend], request: Request, plugins: Plugins
) -> Resumption | None:
    from groupsync import engine
    from groupsync.recovery import find_resumption

    found = find_resumption(project, backends)
    if found is None:
        return None
    proven = len(found.proven)
    done = f", {proven:,} of which {'turns' if proven == 1 else 'turn'} out to be done" if proven else ""
    common.inform(f"Going on with the run {found.run.id}: {counted(len(found.plan.changes), 'change')} left{done}.")
    plan = engine.judge_again(project, found.plan, plugins, backends=backends, grants=request.grants, resumption=found)
    common.show_diagnostics(plan.diagnostics)
    return replace(found, plan=plan)


def _plan(
    project: Project, backends: Mapping[str, Backend], request: Request, plugins: Plugins, saved: Path | None
) -> Plan:
    """Make the plan, or read the one that was saved and judge it again; show what there is to say."""
    from groupsync import engine
    from groupsync.recovery import reminded

    if saved is None:
        plan = reminded(project, engine.make_plan(project, backends, request, plugins))
        common.show_diagnostics(plan.diagnostics)
        return plan
    from groupsync.planfile import read_plan

    if not saved.exists() and set(str(saved)).isdisjoint("./"):
        hint = f"To apply a group alone: `groupsync apply --select {shlex.quote(str(saved))}`."
        raise ConfigError(f"There is no plan file {saved}", "", hint)
    reviewed = read_plan(saved)
    _check_targets(reviewed, project.config, request.targets)
    if reviewed.undoes:
        from groupsync.undoing import check_undo

        plan = check_undo(reviewed, project, backends, plugins)
    else:
        plan = reviewed
    grants, adopt = request.grants, request.adopt
    plan = engine.judge_again(project, plan, plugins, backends=backends, grants=grants, adopt=adopt)
    plan = reminded(project, plan)
    common.show_diagnostics(found for found in plan.diagnostics if found not in reviewed.diagnostics)
    return plan


def _check_targets(plan: Plan, config: Config, targets: Sequence[str]) -> None:
    """Refuse to apply a part of a saved plan: what was reviewed is done as it is."""
    known = {target.name for target in config.targets}
    left_out = sorted({change.target for change in plan.changes if change.target in known} - set(targets))
    if targets and left_out:
        names = " and ".join(f"`{name}`" for name in left_out)
        picked = " ".join(f"-t {shlex.quote(name)}" for name in targets)
        raise click.UsageError(
            f"A saved plan is applied as it is, and this one changes groups on {names}, too. Leave -t out, or plan "
            f"anew: `groupsync plan {picked} --out FILE`."
        )
