"""One group of a plan in Markdown: a line, or a block that opens to its detail. Pure but for loading shown names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Action
from groupsync.report.change_text import (
    MEMBERS,
    NOTHING_NOTED,
    SHOWN_MEMBERS,
    SYMBOLS,
    former_words,
    place,
    reference_words,
    shown_elements,
    shown_pairs,
    shown_value,
    size_words,
    through_words,
)
from groupsync.report.markdown_escape import MAX_TEXT, code, html, literal, prose
from groupsync.report.markdown_fit import Entry
from groupsync.report.style import counted, number
from groupsync.report.times import note_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from groupsync.model import AttributeChange, Change, Drift, Members

_FENCE: Final = "```"


def change_entry(change: Change, is_refused: bool, origin: Callable[[], str], *, full: bool) -> Entry:
    """Return one change in every size.

    Args:
        change: what to show.
        is_refused: whether it may not be applied; why not is told elsewhere.
        origin: tells what of it comes of edits, in words; nothing where that was not asked for.
        full: show all names.
    """
    title = f"{change.action.value} {_title(change)}"
    size = f"{size_words(change)}{_moved(change)}"
    refused = "**refused**, " if is_refused else ""

    def block(*, with_names: bool) -> str:
        symbol, _ = SYMBOLS[change.action]
        flag = "<b>refused</b>, " if is_refused else ""
        head = f"{symbol} {change.action.value} {_html_title(change)}: {flag}{size}"
        body = [*_why(change, origin()), *map(prose, reference_words(change))]
        diff = list(_attribute_lines(change))
        if with_names:
            noted = {entry.name: note_words(entry) for entry in change.entries if entry.role == MEMBERS}
            diff += [*_names(change.coming, "+", full=full, noted=noted), *_names(change.going, "-", full=full)]
            diff += _readdressed(change, full=full)
        return _details(head, body, diff)

    names = (lambda: block(with_names=True)) if change.touches_members else None
    return Entry(f"- {title}: {refused}{size}", lambda: block(with_names=False), names)


def drift_entry(drift: Drift, change: Change | None, standing: str, *, full: bool) -> Entry:
    """Return one group that moved, in every size.

    Args:
        drift: which, and how.
        change: what the plan would do about it; None where nothing.
        standing: on which side it moved, in words.
        full: show all names.
    """
    lacks, has = (change.coming, change.going) if change else (None, None)
    body = [
        f"{counted(members.count, 'member')} {what}."
        for members, what in ((lacks, "defined, and not on the target"), (has, "on the target, and not defined"))
        if members is not None and members.count
    ]
    if change and change.readdressed:
        body.append(f"{former_words(change)}.")

    def block(*, with_names: bool) -> str:
        head = f"<code>{html(drift.name)}</code> on <code>{html(drift.target)}</code>: {standing}"
        sides = [(lacks, "-"), (has, "+")] if with_names else []
        diff = [line for side, sign in sides if side for line in _names(side, sign, full=full)]
        diff += _readdressed(change, full=full) if change and with_names else []
        return _details(head, body, diff)

    names = (lambda: block(with_names=True)) if body else None
    row = f"- {code(drift.name)} on {code(drift.target)}: {standing}"
    return Entry(row, lambda: block(with_names=False), names)


def _title(change: Change) -> str:
    name = code(change.name)
    if change.action is Action.RENAME and change.prior_name:
        name = f"{code(change.prior_name)} → {name}"
    return f"{name} on {code(change.target)}"


def _html_title(change: Change) -> str:
    name = f"<code>{html(change.name)}</code>"
    if change.action is Action.RENAME and change.prior_name:
        name = f"<code>{html(change.prior_name)}</code> → {name}"
    return f"{name} on <code>{html(change.target)}</code>"


def _moved(change: Change) -> str:
    if not change.touches_members or change.action is Action.CREATE:
        return ""
    coming, going, moved = change.coming.count, change.going.count, len(change.readdressed)
    parts = [f"+{number(coming)} −{number(going)}"] if coming or going else []
    parts += [f"{number(change.expired)} expired"] if change.expired else []
    parts += [counted(moved, "new address", "new addresses")] if moved else []
    return f" ({', '.join(parts)})"


def _why(change: Change, origin: str) -> Iterator[str]:
    where = code(place(change.at)) if change.at else ""
    said = " · ".join(filter(None, (prose(change.reason), prose(through_words(change)), where)))
    if said:
        yield said
    if origin:
        yield prose(origin)


def _details(head: str, body: list[str], diff: list[str]) -> str:
    fenced = ["\n".join([f"{_FENCE}diff", *diff, _FENCE])] if diff else []
    return "\n\n".join([f"<details><summary>{head}</summary>", *body, *fenced, "</details>"])


def _names(members: Members, sign: str, *, full: bool, noted: Mapping[str, str] = NOTHING_NOTED) -> Iterator[str]:
    count = members.count
    shown = sorted(members.load()) if full or count <= SHOWN_MEMBERS + 1 else members.first(SHOWN_MEMBERS)
    for member in shown:
        note = f"  {literal(noted[member], MAX_TEXT)}" if member in noted else ""
        yield f"{sign} {literal(member, MAX_TEXT)}{note}"
    if count > len(shown):
        yield f"{sign} … and {number(count - len(shown))} more"


def _readdressed(change: Change, *, full: bool) -> Iterator[str]:
    """Give one line a person whose address changed."""
    shown, hidden = shown_pairs(change, full=full)
    yield from (f"~ {literal(before, MAX_TEXT)} → {literal(after, MAX_TEXT)}" for before, after in shown)
    if hidden:
        yield f"~ … and {number(hidden)} more"


def _attribute_lines(change: Change) -> Iterator[str]:
    for attribute in () if change.action is Action.DELETE else change.attributes:
        if isinstance(attribute.before, tuple) or isinstance(attribute.after, tuple):
            yield from _element_lines(attribute)
            continue
        if attribute.before is not None:
            yield f"- {attribute.name}: {literal(shown_value(attribute.before), MAX_TEXT)}"
        yield f"+ {attribute.name}: {literal(shown_value(attribute.after), MAX_TEXT)}"


def _element_lines(attribute: AttributeChange) -> Iterator[str]:
    before, after = shown_elements(attribute.before), shown_elements(attribute.after)
    for element in sorted({*before, *after}):
        if element not in after:
            yield f"- {attribute.name}: {literal(element, MAX_TEXT)}"
        elif element not in before:
            yield f"+ {attribute.name}: {literal(element, MAX_TEXT)}"
    if not before and not after:
        yield f"+ {attribute.name}: none"
