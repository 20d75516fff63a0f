"""What there is to use, as text: the plugins that are installed, what targets can do, templates of segments. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from groupsync.model import ATTRIBUTES
from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, PLAIN, RED, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.backend import Capabilities
    from groupsync.discovery import PluginInfo
    from groupsync.report.style import Style
    from groupsync.segment_templates import Template


def render_plugins(
    plugins: Sequence[PluginInfo], targets: Mapping[str, Capabilities], style: Style = PLAIN
) -> Iterator[str]:
    """Give the listing line by line.

    Args:
        plugins: in the order shown, broken and disabled ones too.
        targets: of the present project, by name; empty where there is none.
        style: how to write.
    """
    for plugin in plugins:
        origin = escape(f"{plugin.distribution} {plugin.version}".strip())
        yield f"{style.paint(escape(plugin.name), BOLD)}  {origin}\n"
        yield from _lines("backends", ", ".join(plugin.backends), style)
        yield from _lines("sources", ", ".join(plugin.sources), style)
        yield from _lines("hooks", ", ".join(plugin.hooks), style)
        if plugin.is_disabled:
            yield from _lines("state", "left out by GROUPSYNC_DISABLE_PLUGINS", style)
        if plugin.error:
            yield style.paint("".join(_lines("error", plugin.error, style)), RED)
    for name, capabilities in targets.items():
        yield f"\n{style.paint(escape(name), BOLD)}  target of this project\n"
        for what, value in describe(capabilities).items():
            yield from _lines(what, value, style)


def describe(capabilities: Capabilities) -> dict[str, str]:
    """Put into words what a target can do, in a fixed order."""

    def limit(value: int | None) -> str:
        return "no limit" if value is None else f"{value:,}"

    def yes(value: bool) -> str:
        return "yes" if value else "no"

    return {
        "actions": ", ".join(sorted(capabilities.actions)),
        "attributes": ", ".join(name for name in ATTRIBUTES if name in capabilities.attributes) or "none",
        "members a page": limit(capabilities.member_page_size),
        "changes a request": limit(capabilities.bulk_limit),
        "at once": f"{capabilities.concurrent}",
        "ownership marks": "with a past" if capabilities.remembers else yes(capabilities.ownership),
        "digests": yes(capabilities.digests),
        "revisions": yes(capabilities.revisions),
        "native segments": yes(capabilities.native_segments),
        "locks": yes(capabilities.locks),
    }


def render_plugins_json(plugins: Sequence[PluginInfo], targets: Mapping[str, Capabilities]) -> str:
    """Return `{"plugins": […], "targets": {name: capabilities}}` as text that ends with a line break."""
    document = {
        "plugins": [asdict(plugin) for plugin in plugins],
        "targets": {
            name: asdict(capabilities)
            | {"actions": sorted(capabilities.actions), "attributes": sorted(capabilities.attributes)}
            for name, capabilities in targets.items()
        },
    }
    return json.dumps(document, indent=2) + "\n"


def render_templates(templates: Sequence[Template], style: Style = PLAIN) -> Iterator[str]:
    """Give the listing of segments to start from, line by line."""
    for template in templates:
        yield f"{style.paint(escape(template.name), BOLD)}\n"
        yield from _lines("for", template.purpose, style)
        yield from _lines("asks", f"{template.source}: {', '.join(template.attributes)}", style)


def render_templates_json(templates: Sequence[Template]) -> str:
    """Return `{"templates": [{"name", "purpose", "source", "attributes"}, …]}` as text that ends with a line break."""
    fields = ("name", "purpose", "source", "attributes")
    document = {"templates": [{field: getattr(template, field) for field in fields} for template in templates]}
    return json.dumps(document, indent=2) + "\n"


def _lines(label: str, value: str, style: Style) -> Iterator[str]:
    if value:
        lines = wrap(escape(value), " " * 22, style.columns)
        yield style.paint(f"  {label:<20}", FAINT) + "\n".join(lines).lstrip() + "\n"
