"""`groupsync init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groupsync.cli import common, suggest
from groupsync.model.plan import CONFIG_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.segment_templates import Template


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--project", metavar="NAME", help="The ownership mark. [default: from the folder's name]")
@click.option(
    "--template",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=suggest.templates,
    help="Start with this segment, or add it to a project; `groupsync templates` lists them. May be repeated.",
)
def command(*, folder: Path, project: str | None, names: Sequence[str]) -> None:
    """Start a project in FOLDER (by default this one): a config, two groups, a list of members, a local target.

    With --template it is a project of segments, with made-up customers to compute them from. Where FOLDER is a project
    already, the segment is added to it.

    Overwrites nothing: a README.md or .gitignore that is there is kept, any other file in the way stops it.
    """
    from groupsync.scaffold import add_segments, is_project, project_name, write_project

    if project is not None and project != project_name(project):
        meant = project_name(project)
        raise click.UsageError(f"{project!r} is no name for a project. Did you mean `{meant}`?")
    templates = [_template(name) for name in dict.fromkeys(names)]
    if templates and is_project(folder):
        if project is not None:
            raise click.UsageError("`--project` names a new project; this one has its name.")
        written, steps = add_segments(folder, templates), ["groupsync validate", "groupsync plan"]
    else:
        called = folder.resolve().name
        name = project or project_name(called)
        written = write_project(folder, name, templates)
        if project is None and name != called:
            common.inform(
                f"The project is called `{name}`, as near to the folder's name as can be. To call it otherwise, edit "
                "`project` in groupsync.yaml before the first apply."
            )
        steps = ["groupsync validate", "groupsync plan", "groupsync apply"]
        templates = []
    for path in written:
        common.emit(f"{folder / path}\n")
    if folder.resolve() != Path.cwd():
        steps.insert(0, f"cd {shlex.quote(str(folder))}")
    is_ready = _is_ready(folder / CONFIG_NAME, templates)
    common.inform("\n".join(["Ready. Next:" if is_ready else "Then:", *(f"  {step}" for step in steps)]))


def _is_ready(config: Path, added: Sequence[Template]) -> bool:
    """Tell whether `validate` has nothing against the project; else say what is still to do."""
    from groupsync.cli.validate import check_project
    from groupsync.config import load_config
    from groupsync.errors import GroupsyncError
    from groupsync.model import Severity
    from groupsync.segment_templates import source_text

    known = [source.name for source in load_config(config).sources]
    missing = [each for each in added if each.source not in known]
    for name in dict.fromkeys(each.source for each in missing):
        asked = sorted({attribute for each in missing if each.source == name for attribute in each.attributes})
        segments = " and ".join(each.name for each in missing if each.source == name)
        common.say(
            f"Still to do: {segments} {'ask' if len(missing) > 1 else 'asks'} a source `{name}`, which {config} does "
            f"not have. {'Add it to its `sources`' if known else 'Add it'}, with your table in place of this one:\n\n"
            f"{source_text(name, asked, is_first=not known)}\n"
            "`pip install 'groupsync[segments]'` brings what it takes, and docs/sources.md tells the rest."
        )
    if missing:
        return False
    try:
        findings, _ = check_project(config)
    except GroupsyncError as error:
        common.say("Still to do:")
        common.show_error(error)
        return False
    failed = tuple(found for found in findings if found.severity is Severity.ERROR)
    if failed:
        common.say("Still to do:")
        common.show_diagnostics(failed)
    return not failed


def _template(name: str) -> Template:
    """Find a template; for a misspelt name say which was probably meant."""
    import difflib

    from groupsync.segment_templates import segment_templates

    templates = {template.name: template for template in segment_templates()}
    if name not in templates:
        near = difflib.get_close_matches(name, templates, n=1)
        meant = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(templates)}."
        raise click.UsageError(f"No such template `{name}`. {meant}")
    return templates[name]
