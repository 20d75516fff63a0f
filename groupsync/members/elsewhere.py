"""Look at the cells of a table that are not read: other columns with addresses, cells that swallow rows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.members.columns import claim_of
from groupsync.members.layout import is_identifier, records_of
from groupsync.members.text import shown
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.identity import Identity
    from groupsync.members.layout import Layout

_SHOWN_CELLS: Final = 20
_SHOWN_ADDRESSES: Final = 3


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was found.

    Attributes:
        holding: indexes of the columns that hold addresses, of those that matter; where none does, of those with an
            @-sign.
        swallowed: the line on which the row of a cell over several lines starts, and the addresses in that cell.
    """

    holding: tuple[int, ...]
    swallowed: tuple[tuple[int, tuple[str, ...]], ...]


def look_elsewhere(text: str, layout: Layout, identity: Identity) -> Elsewhere:
    """Look at the cells of a table with addresses, no longer than is needed.

    Where a name chose the column, and it holds addresses, only others that are called like it matter.
    """
    open_ = set(range(layout.width))
    telling = {index for index, name in enumerate(layout.header) if claim_of(name)} if layout.certain else open_
    with_sign: set[int] = set()
    holding: set[int] = set()
    swallowed: list[tuple[int, tuple[str, ...]]] = []
    has_quotes = '"' in text
    for line, record in islice(records_of(text, layout.delimiter), layout.skipped, None):
        for index in tuple(open_):
            cell = record[index] if index < len(record) else ""
            if "@" in cell:
                with_sign.add(index)
                if is_identifier(cell, identity):
                    holding.add(index)
                    open_.discard(index)
        if has_quotes:
            swallowed += ((line, lost) for lost in _swallowed(record, layout, identity))
        elif telling.isdisjoint(open_):
            break
    return Elsewhere(tuple(sorted(holding or with_sign)), tuple(swallowed))


def _swallowed(record: Sequence[str], layout: Layout, identity: Identity) -> Iterator[tuple[str, ...]]:
    for index, cell in enumerate(record):
        if "\n" in cell and "@" in cell and index != layout.index:
            lost = tuple(_rows_in(cell, layout, identity))
            if lost:
                yield lost


def _rows_in(cell: str, layout: Layout, identity: Identity) -> Iterator[str]:
    """Give the addresses that would be cells of their own if the lines of a cell were rows."""
    for line in cell.split("\n"):
        if "@" in line:
            yield from (each.strip() for each in line.split(layout.delimiter) if is_identifier(each, identity))


def swallowed_rows(swallowed: Sequence[tuple[int, tuple[str, ...]]], path: str) -> Iterator[Diagnostic]:
    """Warn of cells over several lines that look as if they had swallowed rows."""
    for line, lost in swallowed[:_SHOWN_CELLS]:
        names = ", ".join(f"`{shown(each)}`" for each in lost[:_SHOWN_ADDRESSES])
        more = f" and {len(lost) - _SHOWN_ADDRESSES:,} more" if len(lost) > _SHOWN_ADDRESSES else ""
        are = "is" if len(lost) == 1 else "are"
        summary = f"A quoted cell over several lines has {counted(len(lost), 'address', 'addresses')} in it"
        detail = f"The row that starts on line {line} goes on behind a quote mark; {names}{more} {are} not read."
        hint = "If these are rows of their own, take out the quote mark that begins the cell, and the one that ends it."
        yield Diagnostic("GS313", Severity.WARNING, summary, detail, hint, SourceRange(path, line))
    if len(swallowed) > _SHOWN_CELLS:
        more_cells = len(swallowed) - _SHOWN_CELLS
        summary = counted(more_cells, "more cell has addresses in it", "more cells have addresses in them")
        at = SourceRange(path, swallowed[_SHOWN_CELLS][0])
        yield Diagnostic("GS313", Severity.WARNING, summary, "", "Check how the file was made.", at)
