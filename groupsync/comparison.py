"""Tell what an edit causes from what would change anyway, by working out the groups as they were defined before.

An edge: it asks git for the files of another revision, and the sources for the segments of then. Customers are those of
now on both sides, so that what differs is what the edit does.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

from groupsync.config import load_config
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.model import Action, Cause, Comparison
from groupsync.project import Project, load_project
from groupsync.segments import Folder, compute_segments

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.model import Change, Members, Plan
    from groupsync.plugins import Plugins

_GIT_SECONDS = 60


def compared(plan: Plan, project: Project, revision: str, plugins: Plugins | None = None) -> Plan:
    """Return the plan with what of it comes of edits since a revision.

    Args:
        plan: just made of the project.
        project: as it is now.
        revision: anything that git takes for a commit, such as `main` or `HEAD~1`.
        plugins: those that offer sources; None for those installed.

    Raises:
        ConfigError: git can't tell, or the project of then is not in order.
        SourceError: a source could not be asked.
    """
    commit = _git(project.config.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    name = commit.decode().strip()
    folder = Folder()
    before = _project_at(project.config, name, folder.new("files"), plan)
    computed = compute_segments(before, plugins, plan.as_of)
    members = {each.group.name: each.group.members for each in computed.project.resolution.groups if not each.blocked}
    defined = {each.name for each in before.definitions}
    causes = [
        _cause(change, members, defined, project)
        for change in plan.changes
        if change.coming.count or change.going.count
    ]
    return replace(plan, compared=Comparison(revision, name, tuple(filter(None, causes))))


def _cause(change: Change, members: dict[str, Members | None], defined: set[str], project: Project) -> Cause | None:
    """Split one change; None where nobody can say who belonged to the group by the definitions of then."""
    names = [change.name, *_earlier_names(project, change.name)]
    name = next((each for each in names if each in defined), None)
    if name is None:
        return Cause(change.target, change.name, change.coming.count, change.going.count)
    held = members.get(name)
    if held is None:
        return None
    before = held.load()
    gone = change.going.count if change.action is Action.DELETE else len(change.going.load() & before)
    return Cause(change.target, change.name, len(change.coming.load() - before), gone)


def _earlier_names(project: Project, name: str) -> tuple[str, ...]:
    return next((each.previously for each in project.definitions if each.name == name), ())


def _project_at(config: Config, commit: str, folder: Path, plan: Plan) -> Project:
    archive = _git(config.root, "archive", "--format=tar", commit, "--", ".")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    try:
        then = load_config(folder / config.path)
        project = load_project(then, plan.as_of)
    except InvalidDefinitions as error:
        first = error.diagnostics[0]
        detail = f"{first.subject}: {first.summary}" if first.subject else first.summary
        raise ConfigError(
            f"The project is not in order at {commit[:12]}", detail, "Compare with another one."
        ) from error
    # Customers are those of now: a table that is a file of the project is read where it is now.
    return replace(project, config=replace(then, root=config.root, journal=config.journal))


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 -- git, with arguments that can be no options
            ["git", "-C", str(root), *arguments],  # noqa: S607 -- the user's own git
            capture_output=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError("git can't be asked", str(error), "`--compare` needs git.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        summary = (
            f"git has no such revision: `{arguments[-1].removesuffix('^{commit}')}`" if not said else "git refuses"
        )
        raise ConfigError(summary, said, "Name a commit, branch or tag of this repository.")
    return done.stdout
