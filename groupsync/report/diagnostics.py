"""Findings for a person: each with its place, the line itself and a caret, what is wrong and what mends it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.errors import PluginError
from groupsync.model import Severity
from groupsync.report.escape import cell_width, escape, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, PLAIN, RED, YELLOW, counted, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupsync.errors import GroupsyncError
    from groupsync.model import Diagnostic, SourceRange
    from groupsync.report.style import Style

_TAB: Final = "    "
_INDENT: Final = "  "


def render_diagnostics(
    diagnostics: Iterable[Diagnostic],
    source_line: Callable[[SourceRange], str | None],
    style: Style = PLAIN,
) -> str:
    """Return all findings, sorted by place, and their number; empty for none, else ends with a line break.

    Args:
        diagnostics: in any order.
        source_line: gives the line of a place, without its end; None where it can't be had.
        style: how.
    """
    found = sorted(diagnostics, key=lambda each: each.sort_key)
    if not found:
        return ""
    lines = [line for each in found for line in (*_finding_lines(each, source_line, style), "")]
    return "".join(line + "\n" for line in [*lines, _sum(found, style)])


def render_error(error: GroupsyncError, style: Style = PLAIN) -> str:
    """Return what stopped a run: summary, place, detail and hint; ends with a line break."""
    plugin = f" (plugin {escape(error.plugin)} {escape(error.version)})" if isinstance(error, PluginError) else ""
    head = f"{style.paint('error', BOLD, RED)}: "
    where = f"{escape(str(error.at))}: " if error.at else ""
    summary = "\n".join(wrap(where + escape(error.summary) + plugin, "", style.columns, hanging=_INDENT))
    lines = [head + style.paint(summary, BOLD), *_talk(error.detail, error.hint, style)]
    return "".join(line + "\n" for line in lines)


def _finding_lines(found: Diagnostic, source_line: Callable[[SourceRange], str | None], style: Style) -> Iterator[str]:
    color = RED if found.severity is Severity.ERROR else YELLOW
    plugin = f" (plugin {escape(found.plugin)})" if found.plugin else ""
    label = f"{found.severity.value}[{escape(found.code)}]"
    first, *rest = wrap(f"{label}: {escape(found.summary)}{plugin}", "", style.columns, hanging=_INDENT)
    yield style.paint(label, BOLD, color) + style.paint(first[len(label) :], BOLD)
    yield from (style.paint(line, BOLD) for line in rest)
    if found.subject:
        yield f"{_INDENT}{style.paint('at', FAINT)} {escape(str(found.subject))}"
        yield from _excerpt(found.subject, source_line(found.subject), color, style)
    yield from _talk(found.detail, found.hint, style)
    for place in found.related:
        yield f"{_INDENT}{style.paint('see', FAINT)} {escape(str(place))}"
        yield from _excerpt(place, source_line(place), CYAN, style)


def _talk(detail: str, hint: str, style: Style) -> Iterator[str]:
    for line in detail.split("\n") if detail else ():
        yield from wrap(escape(line), _INDENT, style.columns)
    if hint:
        first, *rest = wrap(f"hint: {escape(hint)}", _INDENT, style.columns, hanging=_INDENT + " " * 6)
        yield first.replace("hint:", style.paint("hint:", CYAN), 1)
        yield from rest


def _excerpt(place: SourceRange, line: str | None, color: str, style: Style) -> Iterator[str]:
    """Give the line of a place in its gutter and, where the column is known, a caret under it."""
    if not place.line or line is None:
        return
    gutter = f"{_INDENT}{place.line} | "
    text, caret = _window(line, place.column, style.columns - len(gutter))
    yield style.paint(gutter, FAINT) + text
    if place.column:
        bar = " " * (len(gutter) - 2) + "| "
        yield style.paint(bar, FAINT) + " " * caret + style.paint("^", BOLD, color)


def _window(line: str, column: int, width: int) -> tuple[str, int]:
    """Return the part of `line` around `column` that fits, escaped, and how many columns come before its caret.

    Tabs are shown as four spaces. What is cut off on either side is marked by `…`.
    """
    at = min(max(column - 1, 0), len(line))
    # Nothing further away than the width can be in sight, so a line of megabytes costs no more than any other.
    start = max(0, at - width)
    before = [_cell(character) for character in line[start:at]]
    after = "".join(map(_cell, line[at : at + width]))
    if start or cell_width("".join(before) + after) > width:
        while cell_width("".join(before)) > width // 2:
            del before[0]
            start += 1
    left = ("…" if start else "") + "".join(before)
    return left + shorten(after, width - cell_width(left)), cell_width(left)


def _cell(character: str) -> str:
    return _TAB if character == "\t" else escape(character)


def _sum(found: list[Diagnostic], style: Style) -> str:
    errors = sum(each.severity is Severity.ERROR for each in found)
    warnings = len(found) - errors
    files = len({each.subject.path for each in found if each.subject})
    parts = [counted(errors, "error")] if errors else []
    parts += [counted(warnings, "warning")] if warnings else []
    where = f" in {counted(files, 'file')}" if files else ""
    return style.paint(f"{', '.join(parts)}{where}.", BOLD, RED if errors else YELLOW)
