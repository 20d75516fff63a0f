"""One change of a plan, in lines for a person. Pure but for loading the names that are shown."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from groupsync.model import KINDS, RULES, Action, Kind
from groupsync.report.escape import cell_width, escape, pad, quote, shorten
from groupsync.report.style import BOLD, CYAN, FAINT, GREEN, RED, YELLOW, counted, flow, joined, number, wrap
from groupsync.report.times import note_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.model import AttributeChange, AttributeValue, Change, Drift, Members, Refusal, SourceRange
    from groupsync.report.style import Style

SHOWN_MEMBERS: Final = 10
"""How many names a side are shown of a longer list; one more is shown rather than counted."""

MEMBERS: Final = "members"
"""The role of an entry that is a member and no reference."""
NOTHING_NOTED: Final[Mapping[str, str]] = MappingProxyType({})
_SHOWN_CAUSES: Final = 5
_INDENT: Final = " " * 6
DEFAULTED: Final = KINDS.keys() - {RULES[Kind.RECREATE], RULES[Kind.ADOPT]}
"""The guards that the config sets, if only by what it leaves out."""
_CONTEXT: Final = 12
"""How much of what two long texts share is shown before the first difference."""

SYMBOLS: Final = {
    Action.CREATE: ("+", GREEN),
    Action.UPDATE: ("~", YELLOW),
    Action.RENAME: ("~", YELLOW),
    Action.DELETE: ("-", RED),
    Action.ADOPT: ("=", CYAN),
    Action.FORGET: ("x", CYAN),
}


def change_lines(change: Change, refusals: Sequence[Refusal], style: Style, origin: str = "") -> Iterator[str]:
    """Give the lines of one change, without their ends.

    Args:
        change: what to show.
        refusals: why the change may not be applied, if it may not.
        style: how.
        origin: what of it comes of edits, in words; empty where that was not asked for.
    """
    symbol, color = SYMBOLS[change.action]
    title = f"{change.action.value} {_title(change)}"
    flag = style.paint("!", BOLD, RED) if refusals else " "
    head = f"{flag} {style.paint(symbol, BOLD, color)} {style.paint(title, BOLD)}"
    size = size_words(change)
    fits = cell_width(f"! + {title}  {size}") <= style.columns
    yield f"{head}  {style.paint(size, FAINT)}" if fits else head
    if not fits:
        yield _INDENT + style.paint(size, FAINT)
    for line in flow(_why(change), _INDENT, style.columns):
        yield style.paint(line, FAINT)
    yield from wrap(origin, _INDENT, style.columns) if origin else ()
    named = [refusal for refusal in refusals if refusal.name]
    for refusal in named:
        yield from refusal_lines(refusal, _INDENT, style, tells_file=refusal is named[-1])
    yield from _attribute_lines(change, style)
    noted = {entry.name: note_words(entry) for entry in change.entries if entry.role == MEMBERS}
    yield from member_lines(change.coming, "+", GREEN, style, noted)
    yield from member_lines(change.going, "-", RED, style)
    yield from readdressed_lines(change, style)
    yield from reference_lines(change, style)
    if change.expired:
        verb = "has" if change.expired == 1 else "have"
        share = f"{number(change.expired)} of the {number(change.going.count)} removed"
        yield from wrap(f"{share} {verb} expired: a written `until` has passed", _INDENT, style.columns)


def summary_line(change: Change, style: Style, *, is_refused: bool) -> str:
    """Return one change as a line: what becomes of the group, its size, and how many come and go."""
    symbol, color = SYMBOLS[change.action]
    flag = style.paint("!", BOLD, RED) if is_refused else " "
    title = style.paint(f"{change.action.value} {_title(change)}", BOLD)
    signs = ((change.coming.count, "+"), (change.going.count, "−"), (len(change.readdressed), "~"))
    moved = " ".join(f"{sign}{number(count)}" for count, sign in signs if count)
    size = f"{size_words(change)}{f'  {moved}' if moved and change.action is not Action.CREATE else ''}"
    return f"{flag} {style.paint(symbol, BOLD, color)} {title}  {style.paint(size, FAINT)}"


def refusal_lines(refusal: Refusal, indent: str, style: Style, *, tells_file: bool = True) -> Iterator[str]:
    """Give the lines that say why something is refused, and what would allow it.

    Args:
        refusal: what to show.
        indent: starts every line.
        style: how.
        tells_file: say that a file can do it, too; once is enough for a change.
    """
    where = f" ({place(refusal.at)})" if refusal.at else " (by default)" if refusal.rule in DEFAULTED else ""
    text = f"! refused by {escape(refusal.rule)}{where}: {escape(refusal.summary)}"
    for line in wrap(text, indent, style.columns, hanging=indent + "  "):
        yield style.paint(line, RED)
    if refusal.hint:
        yield from wrap(escape(refusal.hint), indent + "  ", style.columns)
    if refusal.approval and style.full:
        yield f"{indent}  Or approve it in a reviewed file under approvals/:"
        yield from (f"{indent}    {escape(line)}" for line in refusal.approval.splitlines())
    elif refusal.approval and tells_file:
        yield from wrap("Or approve it in a reviewed file; --full prints it.", indent + "  ", style.columns)


def place(at: SourceRange) -> str:
    """Write a place without its column, escaped."""
    return f"{escape(at.path)}:{at.line}" if at.line else escape(at.path)


def count_after(change: Change) -> int:
    """Return how many members the group has after the change."""
    return change.prior_count + change.add.count - change.remove.count


def _title(change: Change) -> str:
    if change.action is Action.RENAME and change.prior_name:
        return f"{escape(change.prior_name)} → {escape(change.name)}"
    return escape(change.name)


def size_words(change: Change) -> str:
    """Say how many members there are before and after: `12 → 14 members`."""
    before, after = change.prior_count, count_after(change)
    if change.action is Action.CREATE or not change.touches_members:
        return counted(after, "member")
    return f"{number(before)} → {counted(after, 'member')}"


def _why(change: Change) -> Iterator[str]:
    """Give the reason, and where the group is defined."""
    yield escape(change.reason)
    if change.through:
        yield escape(through_words(change))
    if change.at:
        yield place(change.at)


def through_words(change: Change) -> str:
    """Say through what a change comes: `through plan-pro (members/plan-pro.txt) and beta-ledger`; empty for nothing."""
    if not change.through:
        return ""
    more = len(change.through) - _SHOWN_CAUSES
    return f"through {joined([*change.through[:_SHOWN_CAUSES], *([f'{number(more)} more'] if more > 0 else [])])}"


def standing_of(drift: Drift | None) -> str:
    """Say on which side a group moved since the last apply; empty where that is not known."""
    if drift is not None and drift.gone:
        return "was applied, and is gone from the target"
    if drift is not None and drift.broken:
        return "a run broke off here: this may be half of a change"
    match drift and (drift.drifted, drift.pending):
        case (True, True):
            return "changed here, and changed on the target since the last apply"
        case (True, False):
            return "changed on the target since the last apply"
        case (False, True):
            return "changed here since the last apply"
        case _:
            return ""


# --- Members ----------------------------------------------------------------------------------------------------------


def member_lines(
    members: Members, sign: str, color: str, style: Style, noted: Mapping[str, str] = NOTHING_NOTED
) -> Iterator[str]:
    """Give one line a member, by code point, with what is noted of them, and how many more there are."""
    count = members.count
    if not count:
        return
    if style.full or count <= SHOWN_MEMBERS + 1:
        shown, hidden = sorted(members.load()), 0
    else:
        shown, hidden = members.first(SHOWN_MEMBERS), count - SHOWN_MEMBERS
    for member in shown:
        line = _INDENT + style.paint(f"{sign} {escape(member)}", color)
        note = noted.get(member)
        yield f"{line}  {style.paint(escape(note), FAINT)}" if note else line
    if hidden:
        rest = f"… and {number(hidden)} more (--full shows all)"
        yield f"{_INDENT}{style.paint(sign, color)} {style.paint(rest, FAINT)}"


def reference_lines(change: Change, style: Style) -> Iterator[str]:
    """Give one line a group that the change's group is built on with a date or a reason."""
    for said in reference_words(change):
        yield from (style.paint(line, FAINT) for line in wrap(escape(said), _INDENT, style.columns))


def reference_words(change: Change) -> Iterator[str]:
    """Say what is written of the groups that a change's group is built on: `include staff, until 2027-01-31, trial`."""
    for entry in change.entries:
        if entry.role != MEMBERS:
            yield f"{entry.role} {entry.name}, {note_words(entry)}"


def readdressed_lines(change: Change, style: Style) -> Iterator[str]:
    """Give one line a person whose address changed, by the address before, and how many more there are."""
    shown, hidden = shown_pairs(change, full=style.full)
    for before, after in shown:
        yield _INDENT + style.paint(f"~ {escape(before)} → {escape(after)}", YELLOW)
    if hidden:
        rest = f"… and {number(hidden)} more (--full shows all)"
        yield f"{_INDENT}{style.paint('~', YELLOW)} {style.paint(rest, FAINT)}"


def former_words(change: Change) -> str:
    """Say of how many the target has the address before: `2 members on the target, by the address before`."""
    return f"{counted(len(change.readdressed), 'member')} on the target, by the address before"


def shown_pairs(change: Change, *, full: bool) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return the changed addresses that are shown, and how many are not; one more is shown rather than counted."""
    pairs = change.readdressed
    shown = pairs if full or len(pairs) <= SHOWN_MEMBERS + 1 else pairs[:SHOWN_MEMBERS]
    return shown, len(pairs) - len(shown)


# --- Attributes -------------------------------------------------------------------------------------------------------


def _attribute_lines(change: Change, style: Style) -> Iterator[str]:
    if not change.attributes or change.action is Action.DELETE:
        return
    width = max(len(attribute.name) for attribute in change.attributes)
    for attribute in change.attributes:
        label = pad(attribute.name, width)
        if isinstance(attribute.before, tuple) or isinstance(attribute.after, tuple):
            values = list(_element_lines(attribute, style))
        else:
            values = list(_value_lines(attribute, style.columns - len(_INDENT) - width - 2, style))
        for index, value in enumerate(values):
            yield f"{_INDENT}{label if not index else ' ' * width}  {value}"


def _element_lines(attribute: AttributeChange, style: Style) -> Iterator[str]:
    """Show what comes into and goes from owners or labels."""
    before, after = shown_elements(attribute.before), shown_elements(attribute.after)
    for element in sorted({*before, *after}):
        if element not in after:
            yield style.paint(f"- {element}", RED)
        elif element not in before:
            yield style.paint(f"+ {element}", GREEN)
    if not before and not after:
        yield "none"


def shown_elements(value: AttributeValue) -> list[str]:
    """Return owners or labels, each escaped; nothing for any other value."""
    if not isinstance(value, tuple):
        return []
    return [escape(each) if isinstance(each, str) else ": ".join(map(escape, each)) for each in value]


def _value_lines(attribute: AttributeChange, width: int, style: Style) -> Iterator[str]:
    before, after = shown_value(attribute.before), shown_value(attribute.after)
    if attribute.name == "kind":  # one word of ours, no need to see where it ends
        before, after = before.strip('"'), after.strip('"')
    if attribute.before is None:
        yield style.paint(after if style.full else shorten(after, width), GREEN)
        return
    if cell_width(before) + cell_width(after) + 3 <= width:
        yield f"{style.paint(before, RED)} → {style.paint(after, GREEN)}"
        return
    if not style.full:
        before, after = _around_difference(before, after, width - 2)
    yield style.paint(f"- {before}", RED)
    yield style.paint(f"+ {after}", GREEN)


def shown_value(value: AttributeValue) -> str:
    """Write a value that is no list, escaped, in quotes where it is a text."""
    match value:
        case None:
            return "not set"
        case str():
            return quote(value)
        case _:
            return "yes" if value else "no"


def _around_difference(before: str, after: str, width: int) -> tuple[str, str]:
    """Cut two texts so that the first difference is in sight."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = same - _CONTEXT
    if start > 1 and max(cell_width(before), cell_width(after)) > width:
        before, after = "…" + before[start:], "…" + after[start:]
    return shorten(before, width), shorten(after, width)
