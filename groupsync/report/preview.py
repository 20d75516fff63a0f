"""Whom a segment would have, as `groupsync preview` prints it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from groupsync.convert_findings import place_record, refusal_record
from groupsync.records import format_instant, instant_words
from groupsync.report.escape import cell_width, escape, pad, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, PLAIN, RED, YELLOW, counted, headline, joined, number, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from groupsync.model import Refusal, SourceRange
    from groupsync.ranges import Slice
    from groupsync.report.style import Style

SHOWN_OVERLAPS: Final = 10
_LEAST_BAR: Final = 8
_LEAST_WORDS: Final = 20
"""Columns below which a bar, or a condition in a table, is no help."""
_NAME_WIDTH: Final = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One condition of the funnel.

    Attributes:
        words: what it says.
        alone: how many eligible customers it is true for.
        together: how many it and all before it are true for.
    """

    words: str
    alone: int
    together: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another group, and how many members of the segment it has as well."""

    group: str
    count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a segment comes to.

    Attributes:
        name, source: of the segment and its source.
        at: where it is defined.
        as_of: the instant that it is about.
        size: of its group, with everything that the definition says; None where nothing can be said.
        blocked: why not; a clause.
        refusals: what speaks against the source.
        eligible: how many customers the source has.
        matched: how many of them `where` is true for.
        held_out: how many of these the holdout leaves out.
        steps: the conditions that must all hold, in the order written.
        then: in words, the keys that make its size another one.
        overlaps: groups that have members in common with it, the largest first.
        by: an attribute, and who matches by its values; None where none is asked for.
        statement: what the engine is asked; empty where that is not asked for.
    """

    name: str
    source: str
    at: SourceRange
    as_of: datetime
    size: int | None
    blocked: str
    refusals: tuple[Refusal, ...]
    eligible: int
    matched: int
    held_out: int
    steps: tuple[Step, ...]
    then: tuple[str, ...]
    overlaps: tuple[Overlap, ...]
    by: tuple[str, tuple[Slice, ...]] | None = None
    statement: str = ""


def render_preview(preview: Preview, style: Style = PLAIN) -> str:
    """Return size, funnel, overlaps and, where they are asked for, shares and statement; ends with a line break."""
    parts = [_head(preview, style), _funnel(preview, style), _overlaps(preview, style)]
    if preview.by is not None:
        parts.append(_shares(preview.by[0], preview.by[1], style))
    if preview.statement:
        parts.append(_statement(preview, style))
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts)


def percent_of(part: int, whole: int) -> str:
    """Write a share with one decimal: `12.5 %`; a dash where there is no whole."""
    if not whole:
        return "-"
    return f"{100 * part / whole:.1f} %"


# --- Parts ------------------------------------------------------------------------------------------------------------


def _head(preview: Preview, style: Style) -> Iterator[str]:
    size = "no size" if preview.size is None else counted(preview.size, "member")
    at = f"{instant_words(preview.as_of)} · {escape(str(preview.at))}"
    yield from headline(f"{style.paint(escape(preview.name), BOLD)}: {style.paint(size, BOLD)}", at, style)
    for refusal in preview.refusals:
        said = f"{refusal.rule} of the source {refusal.name}: {refusal.summary}"
        yield from (style.paint(line, RED) for line in wrap(escape(said), "  ", style.columns))
    if preview.refusals and not preview.blocked:
        said = "What is computed from it is not applied as long as that is so."
        yield from (style.paint(line, YELLOW) for line in wrap(said, "  ", style.columns))
    if preview.blocked:
        said = f"Its group is left as it is: {preview.blocked}."
        yield from (style.paint(line, YELLOW) for line in wrap(escape(said), "  ", style.columns))
    share = percent_of(preview.matched, preview.eligible)
    matched = f"It matches {number(preview.matched)} of {counted(preview.eligible, 'customer')} ({share})"
    held = f", and holds out {number(preview.held_out)} of them" if preview.held_out else ""
    yield from wrap(f"{matched}{held}.", "  ", style.columns)
    if preview.then and preview.size is not None:
        verb = "makes" if len(preview.then) == 1 else "make"
        yield from wrap(f"Then {joined(preview.then)} {verb} it {number(preview.size)}.", "  ", style.columns)


def _funnel(preview: Preview, style: Style) -> Iterator[str]:
    cells = [
        [*_figures(step.alone, preview.eligible), *_figures(step.together, preview.eligible)] for step in preview.steps
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    alone, together = (widths[at] + widths[at + 1] + 2 for at in (0, 2))
    alone, together = max(alone, len("ALONE")), max(together, len("TOGETHER"))
    widths[0], widths[2] = alone - widths[1] - 2, together - widths[3] - 2
    room = style.columns - alone - together - 6
    if room < _LEAST_WORDS:
        yield from _narrow_funnel(preview, style)
        return
    width = max(len("CONDITION"), min(room, max(cell_width(escape(step.words)) for step in preview.steps)))
    head = f"  {'CONDITION':<{width}}  {'ALONE':>{alone}}  {'TOGETHER':>{together}}"
    yield style.paint(head, FAINT)
    for step, figures in zip(preview.steps, cells, strict=True):
        first, *more = wrap(escape(step.words), "", width, hanging="  ")
        right = "  ".join(f"{cell:>{size}}" for cell, size in zip(figures, widths, strict=True))
        yield f"  {pad(first, width) if cell_width(first) <= width else first}  {right}"
        yield from (f"  {line}" for line in more)


def _narrow_funnel(preview: Preview, style: Style) -> Iterator[str]:
    """Give each condition with its figures below it."""
    yield style.paint("CONDITIONS", FAINT)
    for step in preview.steps:
        yield from wrap(escape(step.words), "  ", style.columns, hanging="    ")
        yield f"    alone {' = '.join(_figures(step.alone, preview.eligible))}"
        yield f"    together {' = '.join(_figures(step.together, preview.eligible))}"


def _figures(count: int, whole: int) -> tuple[str, str]:
    return number(count), percent_of(count, whole)


def _overlaps(preview: Preview, style: Style) -> Iterator[str]:
    if not preview.size:
        yield (
            "No group is compared with it: it has no members." if preview.size == 0 else "No group is compared with it."
        )
        return
    if not preview.overlaps:
        yield "No other group has any of its members."
        return
    yield style.paint("ALSO IN", FAINT)
    shown = preview.overlaps if style.full else preview.overlaps[:SHOWN_OVERLAPS]
    names = [escape(each.group) if style.full else shorten(escape(each.group), _NAME_WIDTH) for each in shown]
    width = max(map(cell_width, names))
    counts = [_figures(each.count, preview.size) for each in shown]
    sizes = [max(map(len, column)) for column in zip(*counts, strict=True)]
    for name, (count, share) in zip(names, counts, strict=True):
        yield f"  {pad(name, width)}  {count:>{sizes[0]}}  {share:>{sizes[1]}}"
    if len(preview.overlaps) > len(shown):
        left = counted(len(preview.overlaps) - len(shown), "group")
        yield style.paint(f"  … and {left} more (--full shows all)", FAINT)


def _shares(attribute: str, slices: Sequence[Slice], style: Style) -> Iterator[str]:
    yield style.paint(f"WHO MATCHES, BY {escape(attribute)}", FAINT)
    if not slices:
        yield "  Nobody matches."
        return
    whole, most = sum(each.count for each in slices), max(each.count for each in slices)
    labels = [shorten(_label(each), max(10, style.columns // 3)) for each in slices]
    counts = [_figures(each.count, whole) for each in slices]
    width = max(map(cell_width, labels))
    sizes = [max(map(len, column)) for column in zip(*counts, strict=True)]
    room = style.columns - width - sum(sizes) - 8
    for each, label, (count, share) in zip(slices, labels, counts, strict=True):
        filled = max(1, round(room * each.count / most)) if room >= _LEAST_BAR and each.count else 0
        bar = f"  {style.paint('█' * filled, CYAN)}" if filled else ""
        yield f"  {pad(label, width)}  {count:>{sizes[0]}}  {share:>{sizes[1]}}{bar}"


def _label(each: Slice) -> str:
    if each.label == "others" and each.values > 1:
        return f"others ({counted(each.values, 'value')})"
    return escape(each.label)


def _statement(preview: Preview, style: Style) -> Iterator[str]:
    yield style.paint(f"WHAT {escape(preview.source)} IS ASKED", FAINT)
    for line in preview.statement.splitlines():
        yield f"  {escape(line)}".rstrip()


# --- For programs -----------------------------------------------------------------------------------------------------


def render_preview_json(preview: Preview) -> str:
    """Return everything that the text has, with every overlap, as one document that ends with a line break."""
    document = {
        "name": preview.name,
        "source": preview.source,
        "at": place_record(preview.at),
        "as_of": format_instant(preview.as_of),
        "size": preview.size,
        "blocked": preview.blocked or None,
        "refusals": [refusal_record(refusal) for refusal in preview.refusals],
        "eligible": preview.eligible,
        "matched": preview.matched,
        "held_out": preview.held_out,
        "then": list(preview.then),
        "funnel": [asdict(step) for step in preview.steps],
        "overlaps": [asdict(overlap) for overlap in preview.overlaps],
        "by": None,
        "statement": preview.statement or None,
    }
    if preview.by is not None:
        document["by"] = {"attribute": preview.by[0], "slices": [asdict(each) for each in preview.by[1]]}
    return json.dumps(document, indent=2) + "\n"
