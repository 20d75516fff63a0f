"""`groupsync templates`."""

from __future__ import annotations

import click

from groupsync.cli import common


@click.command()
@common.format_option
def command(*, format_: str) -> None:
    """List segments to start from: what each is for, and what it asks of customers."""
    from groupsync.report.listing import render_templates, render_templates_json
    from groupsync.segment_templates import segment_templates

    templates = segment_templates()
    if format_ == "json":
        common.emit(render_templates_json(templates))
    else:
        common.emit(render_templates(templates, common.output_style()))
        common.inform("`groupsync init FOLDER --template NAME` starts a project with one, or adds it to one.")
