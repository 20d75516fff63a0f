"""What came of trying a target, as `groupsync target check` prints it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from groupsync.report.escape import escape
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.backend import Check
    from groupsync.report.style import Style

_INDENT = " " * 11


def check_lines(check: Check, style: Style = PLAIN) -> Iterator[str]:
    """Give the lines that tell of one thing that was tried, each ended by a line break."""
    word, color = ("problem", RED) if check.problem else ("ok", GREEN)
    first, *more = wrap(escape(check.what), _INDENT, style.columns)
    yield f"  {style.paint(f'{word:<9}', color)}{first.strip()}\n"
    yield from (f"{line}\n" for line in more)
    for text, hue in ((check.found, FAINT), (check.problem, RED), (check.hint, None)):
        for line in wrap(escape(text), _INDENT + "  ", style.columns) if text else ():
            yield f"{style.paint(line, hue) if hue else line}\n"


def target_line(name: str, plugin: str, style: Style = PLAIN) -> str:
    """Return the line that stands above what was tried of a target."""
    return f"{style.paint(escape(name), BOLD)} ({escape(plugin)})\n"


def render_checks_json(checks: Mapping[str, Sequence[Check]]) -> str:
    """Return `{"targets": {name: {"ok", "checks": […]}}}` as text that ends with a line break."""
    targets = {
        name: {"ok": not any(each.problem for each in found), "checks": [asdict(each) for each in found]}
        for name, found in checks.items()
    }
    return json.dumps({"targets": targets}, indent=2) + "\n"
