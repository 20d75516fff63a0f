"""`groupsync init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from groupsync.cli import common


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--project", metavar="NAME", help="The ownership mark. [default: from the folder's name]")
def command(*, folder: Path, project: str | None) -> None:
    """Start a project in FOLDER (by default this one): a config, two groups, a list of members, a local target.

    Overwrites nothing: a README.md or .gitignore that is there is kept, any other file in the way stops it.
    """
    from groupsync.scaffold import project_name, write_project

    if project is not None and project != project_name(project):
        meant = project_name(project)
        raise click.UsageError(f"{project!r} is no name for a project. Did you mean `{meant}`?")
    for path in write_project(folder, project or project_name(folder.resolve().name)):
        common.emit(f"{folder / path}\n")
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    steps += ["groupsync validate", "groupsync plan", "groupsync apply"]
    common.say("Ready. Next:\n" + "\n".join(f"  {step}" for step in steps))
