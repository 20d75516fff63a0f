"""Both sides of groups, as `groupsync show` prints them. Pure but for loading the members that are asked for."""

from __future__ import annotations

import enum
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import ATTRIBUTES, loaded_once
from groupsync.report.change_text import SHOWN_MEMBERS
from groupsync.report.escape import cell_width, escape, pad, quote, shorten
from groupsync.report.style import BOLD, FAINT, GREEN, PLAIN, RED, YELLOW, counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import AttributeValue, Group
    from groupsync.report.style import Style


class Status(enum.StrEnum):
    """How the two sides of a group stand to each other."""

    SAME = "same"
    DIFFERS = "differs"
    TO_CREATE = "to-create"
    TO_DELETE = "to-delete"
    NOT_MANAGED = "not-managed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Sides:
    """One group, as it is desired for a target and as the target holds it; at least one side is there.

    Attributes:
        target: name of the target.
        name: of the group; where the sides' names differ (a rename), the desired one.
        desired: None where nothing defines it for this target.
        prior: None where the target does not have it.
        attributes: those that the target can keep, and so may differ in.
        blocked: why nothing can be said of who belongs to it, as a clause; empty where something can.
    """

    target: str
    name: str
    desired: Group | None
    prior: Group | None
    attributes: frozenset[str] = frozenset(ATTRIBUTES)
    blocked: str = ""

    @property
    def status(self) -> Status:
        """Compare the sides; loads members where no digest is known."""
        if self.blocked:
            return Status.BLOCKED
        if self.prior is None:
            return Status.TO_CREATE
        if self.desired is None:
            return Status.TO_DELETE if self.prior.mark else Status.NOT_MANAGED
        if self.prior.mark is None or self.desired.name != self.prior.name:
            return Status.DIFFERS
        wanted, held = self.desired.members, self.prior.members
        if wanted is not None and wanted != held:
            return Status.DIFFERS
        return Status.DIFFERS if any(map(self._differs, self.attributes)) else Status.SAME

    def _differs(self, attribute: str) -> bool:
        if self.desired is None or self.prior is None:
            return False
        wanted = self.desired.attribute(attribute)
        return wanted is not None and not self.prior.says(attribute, wanted)


_WORDS: Final = {
    Status.SAME: ("same", GREEN),
    Status.DIFFERS: ("differs", YELLOW),
    Status.TO_CREATE: ("to create", GREEN),
    Status.TO_DELETE: ("to delete", RED),
    Status.NOT_MANAGED: ("not managed", FAINT),
    Status.BLOCKED: ("left as it is", YELLOW),
}
_NAME_WIDTH: Final = 40


def render_show(groups: Sequence[Sides], style: Style = PLAIN) -> str:
    """Return a table of many groups or, for one alone, all of it on each target; ends with a line break."""
    if len({sides.name for sides in groups}) != 1:
        return "".join(line + "\n" for line in _table(groups, style))
    return "\n".join(_whole(sides, style) for sides in groups)


# --- Many -------------------------------------------------------------------------------------------------------------


def _table(groups: Sequence[Sides], style: Style) -> Iterator[str]:
    if not groups:
        yield "No groups."
        return
    several = len({sides.target for sides in groups}) > 1
    head = ("NAME", "KIND", "DESIRED", "PRIOR", "STATUS", *(["TARGET"] if several else []))
    rows = [_row(sides, style) for sides in groups]
    widths = [max(cell_width(cells[column]) for cells in (head, *rows)) for column in range(5)]
    yield style.paint(_columns(head, widths), FAINT)
    for sides, row in zip(groups, rows, strict=True):
        color = next(color for word, color in _WORDS.values() if word == row[4])
        line = _columns(row[:4], widths) + "  " + style.paint(pad(row[4], widths[4]) if several else row[4], color)
        yield f"{line}  {escape(sides.target)}" if several else line
    yield f"{counted(len(groups), 'group')}."


def _row(sides: Sides, style: Style) -> tuple[str, ...]:
    either = sides.desired or sides.prior
    name = escape(sides.name)
    with loaded_once(sides.prior):
        return (
            name if style.full else shorten(name, _NAME_WIDTH),
            escape(either.kind) if either else "",
            _count(sides.desired, "unknown" if sides.blocked else "unmanaged"),
            _count(sides.prior, "unknown"),
            _WORDS[sides.status][0],
        )


def _count(group: Group | None, untold: str) -> str:
    if group is None:
        return "-"
    return untold if group.members is None else number(group.members.count)


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Lay out cells: texts to the left, the two counts to the right."""
    laid = [
        " " * (width - cell_width(cell)) + cell if column in (2, 3) else pad(cell, width)
        for column, (cell, width) in enumerate(zip(cells, (*widths, 0), strict=False))
    ]
    return "  ".join([*laid, *cells[len(laid) :]]).rstrip()


# --- One --------------------------------------------------------------------------------------------------------------


def _whole(sides: Sides, style: Style) -> str:
    with loaded_once(sides.prior):
        return "".join(line + "\n" for line in _one(sides, style))


def _one(sides: Sides, style: Style) -> Iterator[str]:
    word, color = _WORDS[sides.status]
    yield f"{style.paint(escape(sides.name), BOLD)} on {escape(sides.target)}: {style.paint(word, color)}"
    if sides.blocked:
        yield f"  {escape(sides.blocked)}"
    width = max(map(len, ATTRIBUTES))
    for name in ATTRIBUTES:
        wanted, held = (_value(group.attribute(name) if group else None) for group in (sides.desired, sides.prior))
        if name == "kind":  # one word of ours, no need to see where it ends
            wanted, held = wanted.strip('"'), held.strip('"')
        label = pad(name, width)
        if wanted == held or sides.prior is None:
            yield f"  {label}  {wanted}"
        elif wanted == _NONE:
            yield f"  {label}  {held}"
        else:
            yield f"  {label}  {style.paint(f'+ {wanted}', GREEN)}"
            yield f"  {' ' * width}  {style.paint(f'- {held}', RED)}"
    untold = "unknown" if sides.blocked else "unmanaged"
    desired, prior = _count(sides.desired, untold), _count(sides.prior, "unknown")
    yield f"  {pad('members', width)}  {desired} desired, {prior} on the target"
    yield from _members(sides, style)


_NONE: Final = "not set"


def _value(value: AttributeValue) -> str:
    match value:
        case None | ():
            return _NONE
        case tuple():
            return ", ".join(escape(each) if isinstance(each, str) else ": ".join(map(escape, each)) for each in value)
        case str():
            return quote(value)
        case _:
            return "yes" if value else "no"


def _members(sides: Sides, style: Style) -> Iterator[str]:
    """Give the members of both sides by code point: `+` desired alone, `-` prior alone, `=` on both."""
    wanted, held = (
        group.members.load() if group and group.members else frozenset() for group in (sides.desired, sides.prior)
    )
    if sides.desired and sides.desired.members is None:
        wanted = held
    everyone = wanted | held
    cut = not style.full and len(everyone) > 2 * SHOWN_MEMBERS + 1
    # What differs is why one looks: it is shown before what does not.
    differing = heapq.nsmallest(2 * SHOWN_MEMBERS, wanted ^ held) if cut else []
    same = heapq.nsmallest(2 * SHOWN_MEMBERS - len(differing), wanted & held) if cut else []
    shown = sorted([*differing, *same]) if cut else sorted(everyone)
    for member in shown:
        sign, color = ("=", FAINT) if member in wanted and member in held else _SIGNS[member in wanted]
        yield "  " + style.paint(f"{sign} {escape(member)}", color)
    if cut:
        yield style.paint(f"  … and {number(len(everyone) - len(shown))} more (--full shows all)", FAINT)


_SIGNS: Final = {True: ("+", GREEN), False: ("-", RED)}
