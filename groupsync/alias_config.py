"""The aliases of a project: who has another address now. An edge: they may lie in a file of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from groupsync.files import UnreadableFile, read_text_file
from groupsync.model import Diagnostic, Severity
from groupsync.schema_check import check
from groupsync.wording import counted
from groupsync.yaml.events import parse_yaml
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from groupsync.identity import Identity
    from groupsync.model import SourceRange
    from groupsync.yaml.document import Document

SECTION: Final = "aliases"
MAX_FILE_BYTES: Final = 16 << 20
"""A bound against mistakes; a file of that size has some three hundred thousand entries."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One changed address: the one that came after it, canonical, and where the one before is written."""

    now: str
    at: SourceRange


def read_aliases(
    config: Document, written: str | Mapping[str, str], folder: Path, identity: Identity, schema: Mapping[str, Any]
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return by each address that somebody had before the one they have now, both canonical, and all that is wrong.

    Where an address changed again, all that were before it lead to the last one.

    Args:
        config: the config's document.
        written: its section, which fits its schema: the mapping, or the path of a file with one.
        folder: the project's.
        identity: how addresses are made canonical.
        schema: of such a file.
    """
    if not isinstance(written, str):
        return _aliases(config, (SECTION,), identity)
    at = config.locate((SECTION,))
    try:
        documents, found = parse_yaml(read_text_file(folder, written, MAX_FILE_BYTES), written)
    except UnreadableFile as error:
        hint = "Name a file of the project, such as `people/aliases.yaml`."
        return {}, [replace(error.diagnostic, hint=hint, subject=at)]
    if not found:
        found = [problem for each in documents for problem in check(each, schema)]
    if not found and len(documents) != 1:
        count = counted(len(documents), "document")
        detail = f"Found {count}, expected one: a mapping from addresses before to addresses now."
        hint = "Write one entry a line, without `---`; `{}` means none."
        found = [Diagnostic("GS203", Severity.ERROR, f"`{written}` is not one document", detail, hint, at)]
    return _aliases(documents[0], (), identity) if not found else ({}, found)


def _aliases(document: Document, pointer: Sequence[str], identity: Identity) -> tuple[dict[str, str], list[Diagnostic]]:
    found: list[Diagnostic] = []
    entries = _entries(document, pointer, identity, found)
    ends: dict[str, str] = {}
    for old in entries:
        chain: dict[str, None] = {}
        now = old
        while now in entries and now not in ends and now not in chain:
            chain[now] = None
            now = entries[now].now
        if now in chain:
            names = list(chain)
            found.append(_circle(names[names.index(now) :], entries))
        ends |= dict.fromkeys(chain, ends.get(now, now))
    return ends, found


def _entries(
    document: Document, pointer: Sequence[str], identity: Identity, found: list[Diagnostic]
) -> dict[str, _Entry]:
    written: Any = document.value
    for part in pointer:
        written = written[part]
    entries: dict[str, _Entry] = {}
    for key, value in written.items():
        at = document.locate((*pointer, key), key=True)
        old = _canonical(key, identity, at, found)
        now = _canonical(value, identity, document.locate((*pointer, key)), found)
        if old in entries:
            found.append(_twice(old, entries[old].at, at))
        elif old and now:
            entries[old] = _Entry(now, at)
    return entries


def _canonical(written: str, identity: Identity, at: SourceRange, found: list[Diagnostic]) -> str:
    """Return an address in its canonical form; empty, after reporting it, where it is none."""
    try:
        return identity.canonical(written)
    except ValueError as reason:
        noun = "e-mail address" if identity.type == "email" else "identifier"
        detail = f"{str(reason)[:1].upper()}{str(reason)[1:]}."
        hint = "Correct it. An entry is the address before, a colon, and the address now."
        found.append(Diagnostic("GS507", Severity.ERROR, f"`{shown(written)}` is not an {noun}", detail, hint, at))
        return ""


def _twice(old: str, first: SourceRange, at: SourceRange) -> Diagnostic:
    detail = f"The first time at {first}; nobody can tell which of the two is meant."
    hint = "Take one of them out."
    return Diagnostic("GS508", Severity.ERROR, f"`{shown(old)}` is changed twice", detail, hint, at, (first,))


def _circle(names: Sequence[str], entries: dict[str, _Entry]) -> Diagnostic:
    """Report addresses of which each leads to the next, and the last to the first, where the first is written."""
    start = min(range(len(names)), key=lambda index: entries[names[index]].at)
    ordered = [*names[start:], *names[:start]]
    at, *others = (entries[each].at for each in ordered)
    steps = " → ".join(f"`{shown(each)}`" for each in [*ordered, ordered[0]])
    summary = f"`{shown(ordered[0])}` leads back to itself"
    hint = "Keep only what leads to the address that they have now."
    return Diagnostic("GS509", Severity.ERROR, summary, f"Found {steps}.", hint, at, tuple(others))
