"""Whose a plan or a run is: of which config, for which stores. What is another's is refused before anything is done."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from groupsync.errors import ConfigError
from groupsync.model import PLAN_DIGITS
from groupsync.target_identity import shown_identity, target_identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.backend import Backend
    from groupsync.config import Config
    from groupsync.model import Plan, Run


def stores_now(config: Config, backends: Mapping[str, Backend]) -> dict[str, str]:
    """Return which store each opened target is, by name."""
    return {
        target.name: target_identity(target.plugin, target.options.values, backends[target.name])
        for target in config.targets
        if target.name in backends
    }


def check_plan(plan: Plan, config: Config, backends: Mapping[str, Backend]) -> None:
    """Refuse a plan that was made with another config, or for other stores than the targets are now.

    A plan of format version 1 does not tell; it is taken for one of this config.

    Raises:
        ConfigError: it belongs to another one.
    """
    if plan.project != config.project:
        raise ConfigError(
            "This plan belongs to another project",
            f"It was made for `{plan.project}`; {config.path} is `{config.project}`.",
            "Apply it in its own project.",
        )
    _check_config("This plan", plan.config, config)
    stores = {target.name: target.identity for target in plan.targets}
    _check_stores(
        "this plan was made for", stores, {each.target for each in plan.changes}, stores_now(config, backends)
    )


def check_tells_whose(plan: Plan) -> None:
    """Refuse a saved plan that does not tell its config and stores, as every plan of its format version does.

    Raises:
        ConfigError: it was altered.
    """
    if plan.format_version > 1 and not (plan.config and all(target.identity for target in plan.targets)):
        raise ConfigError(
            "This plan does not say which config and stores it was made for",
            "Every plan of its format version does, so the file was altered.",
            "Plan again. If this is new to you, find out who could write to the file.",
        )


def check_expected(plan: Plan, expect: str | None, command: str) -> None:
    """Refuse a saved plan that names neither config nor stores, as in format version 1, unless its digest is expected.

    One of a later version could be altered into such a plan, with a digest that fits, to be applied with any config.
    What was reviewed can't.

    Args:
        plan: as it was read.
        expect: the digest that the command line asks for; None where it asks for none.
        command: that applies the plan, but for `--expect`.

    Raises:
        ConfigError: it is such a plan, and no digest is asked for.
    """
    if plan.format_version > 1 or expect is not None:
        return
    digest = plan.digest[:PLAN_DIGITS]
    raise ConfigError(
        "This plan does not say which config and stores it was made for",
        f"An earlier groupsync wrote it, in format version 1, or it was altered. Its digest is {digest}.",
        f"If {digest} is the digest that was reviewed, for this config: {command} --expect {digest}",
    )


def check_run(run: Run, config: Config) -> None:
    """Refuse a run of another config.

    Raises:
        ConfigError: it belongs to another one.
    """
    _check_config(f"The run {run.id}", run.config, config, f"groupsync undo {run.id} ")


def check_stores_of(run: Run, targets: Iterable[str], config: Config, backends: Mapping[str, Backend]) -> None:
    """Refuse to look at a run's changes on targets that are other stores by now.

    Raises:
        ConfigError: one of them is.
    """
    _check_stores(f"the run {run.id} was on", dict(run.identities), targets, stores_now(config, backends))


def _check_config(what: str, found: str, config: Config, command: str = "") -> None:
    if found and not config.id.is_named(found):
        raise ConfigError(
            f"{what} belongs to another config",
            f"It was made with `{found}`, and this is `{config.id}`.",
            f"Name its own config: {command}-c {shlex.quote(_path_from_here(found, config))}",
        )


def _path_from_here(found: str, config: Config) -> str:
    """Return the path of another config of the repository, as it is named from the present folder."""
    top = config.root.parents[config.id.path.count("/") - 1] if config.id.folder else config.root
    places = [folder / found.partition("/")[2] for folder in (top, config.root)]
    return os.path.relpath(next((each for each in places if each.is_file()), places[0]))


def _check_stores(what: str, then: Mapping[str, str], targets: Iterable[str], now: Mapping[str, str]) -> None:
    moved = [name for name in sorted(targets) if then.get(name) and then[name] != now.get(name, then[name])]
    if moved:
        names = ", ".join(f"`{name}`" for name in moved)
        found = "; ".join(
            f"`{name}` was {shown_identity(then[name])}, and is {shown_identity(now[name])} now" for name in moved
        )
        raise ConfigError(
            f"{names} is another store than {what}" if len(moved) == 1 else f"{names} are other stores than {what}",
            f"{found}.",
            "Put back what the target's options say of its place; or plan again.",
        )
