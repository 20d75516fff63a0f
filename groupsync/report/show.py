"""Both sides of groups, as `groupsync show` prints them. Pure but for loading the members that are asked for."""

from __future__ import annotations

import enum
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model import ATTRIBUTES, Action, Mode, loaded_once
from groupsync.report.change_text import SHOWN_MEMBERS
from groupsync.report.escape import cell_width, escape, pad, quote, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, GREEN, PLAIN, RED, YELLOW, counted, number, wrap

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
    TO_FORGET = "to-forget"
    NOT_MANAGED = "not-managed"
    ANOTHERS = "another-projects"
    BLOCKED = "blocked"
    LEFT = "left"


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
        is_anothers: another project manages the group that the target holds.
        fate: what the next apply does to a group of ours that no definition is for; None if it leaves it alone.
    """

    target: str
    name: str
    desired: Group | None
    prior: Group | None
    attributes: frozenset[str] = frozenset(ATTRIBUTES)
    blocked: str = ""
    is_anothers: bool = False
    fate: Action | None = Action.DELETE

    @property
    def groups(self) -> tuple[Group, ...]:
        """The sides that are there, the desired one first."""
        return tuple(side for side in (self.desired, self.prior) if side)

    @property
    def names(self) -> frozenset[str]:
        """What the group is called, on either side."""
        return frozenset({self.name, *(side.name for side in self.groups)})

    @property
    def project(self) -> str | None:
        """The project that manages the group on the target, None where none does."""
        return self.prior.mark.project if self.prior and self.prior.mark else None

    @property
    def status(self) -> Status:
        """Compare the sides; loads members where no digest is known."""
        if self.is_anothers:
            return Status.ANOTHERS
        if self.blocked:
            return Status.BLOCKED
        if self.prior is None:
            return Status.TO_CREATE
        if self.prior.mark is None:
            return Status.NOT_MANAGED
        if self.desired is None:
            return _FATES.get(self.fate, Status.LEFT)
        return Status.DIFFERS if self._are_different(self.desired, self.prior) else Status.SAME

    def _are_different(self, desired: Group, prior: Group) -> bool:
        if desired.name != prior.name:
            return True
        if desired.members is not None and desired.members != prior.members and not _may_hold_more(desired, prior):
            return True
        return any(
            wanted is not None and not prior.says(name, wanted)
            for name, wanted in ((name, desired.attribute(name)) for name in self.attributes)
        )


def _may_hold_more(desired: Group, prior: Group) -> bool:
    """Tell whether the target has all who are desired, and may have others besides."""
    if desired.lifecycle.mode is not Mode.ADDITIVE or not desired.members or not prior.members:
        return False
    return desired.members.load() <= prior.members.load()


_FATES: Final[dict[Action | None, Status]] = {Action.DELETE: Status.TO_DELETE, Action.FORGET: Status.TO_FORGET}


_WORDS: Final = {
    Status.SAME: ("same", GREEN),
    Status.DIFFERS: ("differs", YELLOW),
    Status.TO_CREATE: ("to create", GREEN),
    Status.TO_DELETE: ("to delete", RED),
    Status.TO_FORGET: ("to forget", CYAN),
    Status.NOT_MANAGED: ("not managed", FAINT),
    Status.ANOTHERS: ("another project's", FAINT),
    Status.BLOCKED: ("left as it is", YELLOW),
    Status.LEFT: ("left as it is", YELLOW),
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
    if sum(widths) + 2 * 4 > style.columns:
        yield from _narrow(groups, rows, style, several=several)
        yield f"{counted(len(groups), 'group')}."
        return
    yield style.paint(_columns(head, widths), FAINT)
    for sides, (*row, color) in zip(groups, rows, strict=True):
        line = _columns(row[:4], widths) + "  " + style.paint(pad(row[4], widths[4]) if several else row[4], color)
        yield f"{line}  {escape(sides.target)}" if several else line
    yield f"{counted(len(groups), 'group')}."


def _narrow(groups: Sequence[Sides], rows: Sequence[tuple[str, ...]], style: Style, *, several: bool) -> Iterator[str]:
    """Give each group with its status, and the other columns below it."""
    for sides, (name, kind, desired, prior, status, color) in zip(groups, rows, strict=True):
        yield f"{name}  {style.paint(status, color)}"
        where = f" on {escape(sides.target)}" if several else ""
        yield from wrap(f"{kind}{where}, {desired} desired, {prior} prior", "  ", style.columns, hanging="    ")


def _row(sides: Sides, style: Style) -> tuple[str, ...]:
    either = sides.desired or sides.prior
    name = escape(sides.name)
    with loaded_once(sides.prior):
        return (
            name if style.full else shorten(name, _NAME_WIDTH),
            escape(either.kind) if either else "",
            _count(sides.desired, "unknown" if sides.blocked else "unmanaged"),
            _count(sides.prior, "unknown"),
            *_status_words(sides),
        )


def _status_words(sides: Sides) -> tuple[str, str]:
    """Return the status in words, and its color."""
    status = sides.status
    word, color = _WORDS[status]
    return (f"{word}: {escape(sides.project or '')}" if status is Status.ANOTHERS else word), color


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
    word, color = _status_words(sides)
    yield f"{style.paint(escape(sides.name), BOLD)} on {escape(sides.target)}: {style.paint(word, color)}"
    if sides.prior and sides.prior.name != sides.name:
        yield f"  called {escape(sides.prior.name)} there: the next apply renames it"
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
    elif sides.desired and sides.desired.lifecycle.mode is Mode.ADDITIVE:
        wanted |= held
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
