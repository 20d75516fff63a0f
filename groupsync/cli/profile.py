"""`groupsync profile`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from groupsync.cli import common, suggest
from groupsync.errors import ConfigError, ExitCode, InvalidDefinitions

if TYPE_CHECKING:
    from groupsync.backend import Backend, Check
    from groupsync.identity import Identity
    from groupsync.yaml.document import Document

BACKEND: Final = "rest"
_PLACE: Final = "(command line)"


@click.group()
def command() -> None:
    """Try a profile of the backend `rest` while it is being written."""


@command.command()
@click.argument("profile", metavar="FILE", shell_complete=suggest.files)
@click.option("--url", required=True, metavar="URL", help="Where the service is.")
@click.option(
    "--option",
    "-o",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another option of the target, as in the config: VALUE is YAML, secrets are ${env:…}. May be repeated.",
)
@click.option(
    "--identity", type=click.Choice(["email", "id"]), default="email", show_default=True, help="What a member is."
)
@common.format_option
def check(*, profile: str, url: str, options: tuple[str, ...], identity: Literal["email", "id"], format_: str) -> int:
    """Make the requests of a profile that only read.

    Tells what is missing in it, and exits with 1 where that is so.

    FILE is a profile, or the name of one that is shipped.

        groupsync profile check crm.yaml --url https://crm.example.com/api -o 'auth={bearer: "${env:CRM_TOKEN}"}'
    """
    from groupsync.checking import check_target
    from groupsync.identity import Identity
    from groupsync.report.checks import check_lines, render_checks_json, target_line

    path = Path(profile)
    folder = path.parent if path.suffix else Path()
    style = common.output_style()
    found: list[Check] = []
    common.show_paths_from(folder)
    document = _target({"profile": path.name if path.suffix else profile, "url": url}, options)
    backend = _opened(folder, document, Identity(identity))
    try:
        if format_ == "text":
            common.emit(target_line(profile, BACKEND, style))
        for each in check_target(backend, ""):
            found.append(each)
            if format_ == "text":
                common.emit(check_lines(each, style))
    finally:
        backend.close()
    if format_ == "json":
        common.emit(render_checks_json({profile: found}))
    return ExitCode.ERROR if any(each.problem for each in found) else ExitCode.OK


def _target(given: dict[str, str], options: tuple[str, ...]) -> Document:
    """Return a document that says what a config would say of the target."""
    from groupsync.yaml.events import parse_yaml

    lines = [f"{key}: {json.dumps(value)}" for key, value in given.items()]
    for option in options:
        key, separator, value = option.partition("=")
        if not separator:
            raise ConfigError(f"`{option}` is no option", "expected KEY=VALUE", "Such as `-o timeout_seconds=5`.")
        lines.append(f"{key}: {value}")
    text = "targets:\n  profile:\n" + "".join(f"    {line}\n" for line in ["plugin: " + BACKEND, *lines])
    documents, findings = parse_yaml(text.encode(), _PLACE)
    if findings:
        raise InvalidDefinitions(findings)
    return documents[0]


def _opened(folder: Path, document: Document, identity: Identity) -> Backend:
    from groupsync.backend import BackendContext
    from groupsync.plugin_options import check_options
    from groupsync.plugins import Plugins
    from groupsync.targets import target_config

    plugin = Plugins.discover().backend(BACKEND)
    target = target_config(document, "profile", Path())
    findings = check_options(target.options, plugin.options_schema())
    if findings:
        raise InvalidDefinitions(findings)
    context = BackendContext(folder, "", "profile", identity.canonical, identity.rule)
    return plugin.cls.from_options(target.options.values, context).for_reading()
