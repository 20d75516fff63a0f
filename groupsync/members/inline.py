"""The `members` of a definition: from what is written to canonical members. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from groupsync.lookalikes import odd_letters
from groupsync.members.text import looks_like_another, mend
from groupsync.model import Diagnostic, InlineMembers, Severity, TimedMember
from groupsync.times import period_of
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.identity import Identity
    from groupsync.yaml.document import Document

SHOWN_FINDINGS: Final = 100
"""Findings of one kind shown for one list; the rest is counted."""


def inline_members(
    document: Document, items: Sequence[Any], identity: Identity, found: list[Diagnostic]
) -> InlineMembers:
    """Return the members of a list that fits the schema.

    What is no identifier is left out and added to `found` as an error, what is there twice as a warning. Positions
    are looked up only for what is wrong: a list in order is checked all at once.
    """
    texts = items if set(map(type, items)) == {str} else [item for item in items if type(item) is str]
    plain = identity.canonical_plain(texts)
    if plain is not None and len(texts) == len(items) == len(set(plain)):
        return InlineMembers("\n".join(plain))
    wrong: list[tuple[int, str, str]] = []
    written: list[tuple[int, str]] = []
    timed: list[TimedMember] = []
    known = dict(zip(texts, plain, strict=True)) if plain is not None else {}
    for index, item in enumerate(items):
        text = item if type(item) is str else item["email"]
        try:
            address = known.get(text) or identity.canonical(text)
        except ValueError as reason:
            wrong.append((index, text, str(reason)))
            continue
        written.append((index, address))
        if text is not item:
            period = period_of(document, ("members", index), item, found)
            at = document.locate(("members", index))
            timed.append(TimedMember(address, period, item.get("reason", ""), at))
    found += _bounded(_not_identifiers(document, wrong, identity), len(wrong))
    if identity.type == "email":
        odd = [(index, address, letters) for index, address in written if (letters := odd_letters(address))]
        told = (looks_like_another(address, each, document.locate(("members", at))) for at, address, each in odd)
        found += _bounded(told, len(odd))
    repeated = _repeated(items, written)
    found += _bounded(_duplicates(document, items, repeated), len(repeated))
    return InlineMembers("\n".join(address for index, address in written if type(items[index]) is str), tuple(timed))


def _repeated(items: Sequence[Any], written: Iterable[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """Return earlier index, index and address of each member that is there already.

    A member may have several periods; one without any makes periods pointless, so that counts as repeated, too.
    """
    first: dict[tuple[str, object], int] = {}
    always: dict[str, int] = {}
    repeated = []
    for index, address in written:
        item = items[index]
        period = ("", "") if type(item) is str else (item.get("from", ""), item.get("until", ""))
        earlier = first.setdefault((address, period), index)
        if period == ("", ""):
            always.setdefault(address, index)
        if earlier != index:
            repeated.append((earlier, index, address))
    for (address, written_period), index in first.items():
        if written_period != ("", "") and address in always:
            earlier, later = sorted((index, always[address]))
            repeated.append((earlier, later, address))
    return sorted(repeated, key=lambda one: one[1])


def _not_identifiers(
    document: Document, wrong: Iterable[tuple[int, str, str]], identity: Identity
) -> Iterable[Diagnostic]:
    noun = "e-mail address" if identity.type == "email" else "identifier"
    for index, text, reason in wrong:
        item: Any = document.value
        pointer = ("members", index) if item["members"][index] == text else ("members", index, "email")
        detail = f"{reason[:1].upper()}{reason[1:]}."
        at = document.locate(pointer)
        yield Diagnostic("GS307", Severity.ERROR, f"`{shown(text)}` is not an {noun}", detail, mend(text, identity), at)


def _duplicates(
    document: Document, items: Sequence[Any], repeated: Iterable[tuple[int, int, str]]
) -> Iterable[Diagnostic]:
    for earlier, index, address in repeated:
        first, at = (document.locate(("members", place)) for place in (earlier, index))
        before, after = (item if type(item) is str else item["email"] for item in (items[earlier], items[index]))
        detail = f"Line {first.line} has `{shown(before)}`, line {at.line} has `{shown(after)}`."
        summary = f"`{shown(address)}` is listed twice"
        yield Diagnostic("GS308", Severity.WARNING, summary, detail, "Take one of the two out.", at, (first,))


def _bounded(findings: Iterable[Diagnostic], count: int) -> Iterable[Diagnostic]:
    """Give the first findings, and one that says how many there are besides."""
    last = None
    for shown_so_far, last in enumerate(findings, 1):
        yield last
        if shown_so_far == SHOWN_FINDINGS:
            break
    if last is not None and count > SHOWN_FINDINGS:
        summary = f"{count - SHOWN_FINDINGS:,} more of the same kind in this list"
        yield Diagnostic(last.code, last.severity, summary, "", "Check how the list was made.", last.subject)
