"""Tell what an edit causes from what would change anyway, by working out the groups as they were defined before.

An edge: it asks git for the files of another revision, and the sources for the segments of then. Customers are those of
now on both sides, so that what differs is what the edit does.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from groupsync.causes import with_edits
from groupsync.config import load_config
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.git import ask_git
from groupsync.links import Remembered, bases_of
from groupsync.model import Action, Cause, Comparison, Diagnostic, Severity
from groupsync.project import Project, load_project, sorted_findings
from groupsync.quiet import quiet_edits
from groupsync.rule_changes import changed_rules
from groupsync.scope import EVERYTHING, Selection
from groupsync.segments import Folder, compute_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.model import Change, Definition, MemberFile, Members, Plan
    from groupsync.plugins import Plugins

_GIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Earlier:
    """A project at a revision.

    Attributes:
        revision: as it was asked for.
        commit: its full name.
        project: of then, with the customers of now.
        hidden: the folders that were submodules, whose files git does not have.
        folder: keeps the files of then for as long as they may be read.
    """

    revision: str
    commit: str
    project: Project
    hidden: tuple[str, ...]
    folder: Folder

    def links(self) -> Remembered:
        """Return how groups were built on others, and how large the lists were that others were built on."""
        resolution = self.project.resolution
        bases = frozenset[str]().union(*resolution.built_on.values())
        known = [each.group for each in resolution.groups if each.group.name in bases]
        counts = {group.name: group.members.count for group in known if group.members is not None}
        return Remembered(resolution.built_on, counts)


def project_at(project: Project, revision: str) -> Earlier:
    """Return a project as it was at a revision.

    Args:
        project: as it is now.
        revision: anything that git takes for a commit, such as `main` or `HEAD~1`.

    Raises:
        ConfigError: git can't tell, or the project of then is not in order.
    """
    name = _commit(project.config.root, revision)
    folder, hidden = Folder(), _submodules(project.config.root, name)
    before = _project_at(project.config, name, folder.new("files"), project.as_of, hidden)
    return Earlier(revision, name, before, hidden, folder)


def compared(
    plan: Plan,
    project: Project,
    earlier: Earlier,
    plugins: Plugins | None = None,
    selection: Selection = EVERYTHING,
) -> Plan:
    """Return the plan with what of it comes of edits since a revision.

    Args:
        plan: just made of the project.
        project: as it is now.
        earlier: as it was at the revision.
        plugins: those that offer sources; None for those installed.
        selection: which groups the plan is about.

    Raises:
        ConfigError: a member file of then can't be read.
        SourceError: a source could not be asked.
    """
    before, hidden, revision = earlier.project, earlier.hidden, earlier.revision
    computed = compute_segments(before, plugins, plan.as_of, tolerant=True)
    members = {each.group.name: each.group.members for each in computed.project.resolution.groups if not each.blocked}
    defined = {each.name for each in before.definitions}
    unseen = {each.name for each in project.definitions if _lies_in(each, hidden)}
    causes = [
        _cause(change, members, defined, project)
        for change in plan.changes
        if (change.coming.count or change.going.count)
        and unseen.isdisjoint({change.name, *bases_of(project.resolution.built_on, [change.name])})
        and not (hidden and change.action is Action.DELETE and change.name not in defined)
    ]
    rules = changed_rules((before.config, before.definitions), (project.config, project.definitions), revision)
    findings = sorted_findings([*plan.diagnostics, *rules, *([_hidden(hidden, revision)] if unseen else [])])
    edited = _edited([each for each in project.definitions if each.name not in unseen], project, before)
    moved = partial(_moved, members, {each.group.name: each.group.members for each in project.resolution.groups})
    quiet = quiet_edits(plan, before, project, edited.keys(), moved, selection=selection)
    return replace(
        plan,
        changes=_with_edits(plan.changes, edited, project),
        compared=Comparison(revision, earlier.commit, tuple(filter(None, causes)), quiet),
        diagnostics=findings,
    )


def _lies_in(definition: Definition, folders: Sequence[str]) -> bool:
    """Tell whether a definition, or a member file of it, lies in one of some folders."""
    paths = [definition.at.path, *(file.path for file in definition.members_from or ())]
    return any(path.startswith(f"{folder}/") for path in paths for folder in folders)


def _hidden(folders: Sequence[str], revision: str) -> Diagnostic:
    named = ", ".join(f"`{folder}`" for folder in folders)
    return Diagnostic(
        "GS618",
        Severity.WARNING,
        f"What comes of edits since {revision} can't be told of groups in a submodule",
        f"git keeps of {named} only which commit it is at, not the files of then.",
        "Compare in the submodule's own repository, or keep definitions and member files in this one.",
    )


def _with_edits(changes: Sequence[Change], edited: Mapping[str, Sequence[str]], project: Project) -> tuple[Change, ...]:
    """Return changes with what was edited of the groups whose members they change and of those they are built on."""
    moving = {change.name for change in changes if change.touches_members}
    asked = moving | bases_of(project.resolution.built_on, moving)
    return with_edits(changes, {name: edited[name] for name in asked & edited.keys()}, project.resolution.built_on)


def _moved(then: Mapping[str, Members | None], now: Mapping[str, Members | None], group: str) -> bool:
    """Tell whether other people belong to a group by its definition of now, or nobody can say."""
    before, after = then.get(group), now.get(group)
    return before is None or after is None or before != after


def _edited(definitions: Iterable[Definition], project: Project, before: Project) -> dict[str, tuple[str, ...]]:
    """Return by name what was edited of some groups: files of definition and members that say something else now."""
    then = {definition.name: definition for definition in before.definitions}
    found: dict[str, tuple[str, ...]] = {}
    for now in definitions:
        former = next((then[name] for name in (now.name, *now.previously) if name in then), None)
        is_same = former is not None and former.content_digest == now.content_digest
        files = [
            file.path for file in now.members_from or () if _file_digest(project, file) != _file_digest(before, file)
        ]
        edited = (*([] if is_same else [now.at.path]), *dict.fromkeys(files))
        if edited:
            found[now.name] = edited
    return found


def _file_digest(project: Project, file: MemberFile) -> str:
    try:
        return project.files.digest(file)
    except InvalidDefinitions:
        return ""  # it is not there, or can't be read: then it is not the same


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


def _project_at(config: Config, commit: str, folder: Path, as_of: datetime, hidden: Sequence[str]) -> Project:
    archive = _git(config.root, "archive", "--format=tar", commit, "--", ".")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    try:
        then = load_config(folder / config.path)
        project = load_project(then, as_of)
    except InvalidDefinitions as error:
        first = error.diagnostics[0]
        detail = f"{first.subject}: {first.summary}" if first.subject else first.summary
        summary, hint = f"The project is not in order at {commit[:12]}", "Compare with another one."
        if hidden:
            hint = f"It may lack what is in a submodule ({', '.join(hidden)}): git has no files of then of it."
        raise ConfigError(summary, detail, hint) from error
    # Customers are those of now: a table that is a file of the project is read where it is now.
    return replace(project, config=replace(then, id=config.id, root=config.root, journal=config.journal))


def _commit(root: Path, revision: str) -> str:
    """Return the full name of the commit that a revision means."""
    if _ask(root, "rev-parse", "--is-inside-work-tree").returncode:
        said = _said(_ask(root, "rev-parse", "--is-inside-work-tree"))
        hint = "`--compare` takes the files of then from git: run it in a clone of the project's repository."
        raise ConfigError("git knows no repository here", f"{root.resolve()}: {said}", hint)
    found = _ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not found.returncode:
        return found.stdout.decode().strip()
    if _ask(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        detail = "This clone is shallow: it has only the last commits."
        hint = "`git fetch --unshallow`; in CI `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` in GitLab."
        raise ConfigError(f"git has no such revision here: `{revision}`", detail, hint)
    hint = "Name a commit, branch or tag of this repository; of another one's branch, after `git fetch`: `origin/main`."
    raise ConfigError(f"git has no such revision: `{revision}`", _said(found), hint)


def _submodules(root: Path, commit: str) -> tuple[str, ...]:
    """Return the folders below the project's that were submodules at a commit."""
    entries = _git(root, "ls-tree", "-r", "-z", commit).decode("utf-8", "replace").split("\0")
    return tuple(entry.partition("\t")[2] for entry in entries if entry.startswith("160000 "))


def _git(root: Path, *arguments: str) -> bytes:
    done = _ask(root, *arguments)
    if done.returncode:
        raise ConfigError("git refuses", _said(done), "`--compare` needs the files of then from git.")
    return done.stdout


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode("utf-8", "replace").strip()


def _ask(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return ask_git(root, *arguments, timeout_seconds=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError("git can't be asked", str(error), "`--compare` needs git.") from error
