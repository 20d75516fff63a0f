"""What a column of texts looks like, and so how the config could say that it is something else. Pure.

Nothing is read by it: it only makes the hint of an error that a condition on such a column is.
"""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from groupsync.model.criteria import Type
from groupsync.typed_values import TYPE_WORDS
from groupsync.yaml.scalars import shown
from groupsync.yaml.write import scalar
from groupsync_ibis.cells import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATE: Final = re.compile(r"(\d{1,4})([./-])\d{1,2}\2(\d{1,4})(.*)")
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_COMMA: Final = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?")
_POINT: Final = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)(\.\d+)?")
_KINDS: Final = (Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.INSTANT)


def hint_for(column: str, cells: Sequence[str], *, is_csv: bool) -> str:
    """Return how the config could say that a column of texts is something else; empty where nothing is likely.

    Args:
        column: its name.
        cells: some of them, without blanks around them.
        is_csv: whether the source is CSV files, whose numbers may be written with a comma.
    """
    if not cells:
        return ""
    name = scalar(column)
    return _dates(name, cells) or (_numbers(cells) if is_csv else "") or _mostly(name, cells)


def hint_for_guess(column: str) -> str:
    """Return how the config could say that a column is a text, which is something else by its cells."""
    return f"With `types: {{{scalar(column)}: text}}` in the source it is a text."


def _dates(name: str, cells: Sequence[str]) -> str:
    found = _DATE.fullmatch(cells[0])
    if not found or len(found[1]) == len(found[3]) == 4:
        return ""
    mark, year = found[2], "%Y" if 4 in {len(found[1]), len(found[3])} else "%y"
    days = (["%Y", "%m", "%d"],) if len(found[1]) == 4 else (["%d", "%m", year], ["%m", "%d", year])
    forms = [mark.join(day) + time for day, time in itertools.product(days, _TIMES)]
    fitting = [form for form in forms if all(_read(cell, form) for cell in cells)]
    if not fitting:
        return ""
    ways = " or ".join(f'`formats: {{{name}: "{form}"}}`' for form in fitting)
    cell = next((each for each in cells if len({_read(each, form) for form in fitting}) > 1), cells[0])
    days_read = " or ".join(f"{_read(cell, form):%-d %B %Y}" for form in fitting)
    which = f"`{shown(cell)}` can be {days_read}: say which" if len(fitting) > 1 else "Say how it is written"
    return f"{which} in the source, {ways}."


def _read(cell: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(cell, form)
    except ValueError:
        return None


def _numbers(cells: Sequence[str]) -> str:
    if not any("," in cell for cell in cells):
        return ""
    fitting = [(mark, way) for mark, way in ((",", _COMMA), (".", _POINT)) if all(map(way.fullmatch, cells))]
    ways = " or ".join(f'`decimal: "{mark}"`' for mark, _ in fitting)
    if len(fitting) > 1:
        cell = next(each for each in cells if "," in each)
        read = f"`{cell.replace(',', '.')}` or `{cell.replace(',', '')}`"
        return f"`{shown(cell)}` can be {read}: say which in the source, {ways}, for all of its columns."
    return f"Say how its numbers are written in the source, {ways}, for all of its columns." if fitting else ""


def _mostly(name: str, cells: Sequence[str]) -> str:
    """Return the hint for cells that are of one type, or of which most are."""
    patterns = {kind: re.compile(PLAIN.pattern("", kind, strictly=False)) for kind in _KINDS}
    odd = {kind: [cell for cell in cells if not pattern.fullmatch(cell)] for kind, pattern in patterns.items()}
    kind = min(_KINDS, key=lambda each: len(odd[each]))
    if not odd[kind]:
        return f"With `types: {{{name}: {kind}}}` in the source it is {TYPE_WORDS[kind]}."
    if len(odd[kind]) > len(cells) / 2:
        return ""
    why = f"`{shown(odd[kind][0])}` is not {TYPE_WORDS[kind]}"
    return f"{why}: with `types: {{{name}: {kind}}}` in the source, such values are unknown and counted."
