"""Read approvals: reviewed exceptions from guards, each for one definition and a few days. An edge: it does I/O."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from groupsync import clock
from groupsync.files import UnreadableFile, find_files, read_found_file
from groupsync.guard_grants import APPROVAL_DAYS, DEFINITION_DIGITS, Grant
from groupsync.model import UNJUDGEABLE, Diagnostic, Kind, Severity, subject_of, unread_as
from groupsync.schema_check import check
from groupsync.times import instant_at
from groupsync.yaml.events import MAX_FILE_BYTES, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from groupsync.model import Overlooked
    from groupsync.yaml.document import Document


_SUBJECTS: Final = ("group", "target", "source")
_SHORT: Final = re.compile(rf"[0-9a-f]{{12,{DEFINITION_DIGITS - 1}}}")
"""What an earlier groupsync bound approvals by."""


@lru_cache(maxsize=1)
def approval_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of approvals. Reads the package's own data the first time."""
    from importlib import resources

    text = resources.files("groupsync.schemas").joinpath("approval.v1.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def load_approvals(
    root: Path,
    folder: str,
    as_of: datetime,
    known: Mapping[str, Collection[str]],
    now: Callable[[], datetime] = clock.now,
    *,
    unread: Sequence[Overlooked] = (),
) -> tuple[tuple[Grant, ...], list[Diagnostic]]:
    """Load the approvals of a project that hold at `as_of`.

    Args:
        root: the project's folder.
        folder: with approvals, from there; it need not be there.
        as_of: the instant at which `until` is judged, in UTC.
        known: the names that there are, under `group`, `target` and `source`.
        unread: files that seem to define groups, and are not read.
        now: tells the time, from which days ahead are counted where `as_of` has passed.

    Returns:
        The approvals in the order of files and lines, and what is wrong or odd; with an error none is worth anything.
    """
    if not (root / folder).is_dir():
        return (), []
    files, found = find_files(root, [f"{folder}/**/*.yaml", f"{folder}/**/*.yml"])
    found = [each for each in found if each.code != "GS112"]
    grants: list[Grant] = []
    latest = max(as_of, now()) + timedelta(days=APPROVAL_DAYS)
    for path in files:
        try:
            documents, problems = parse_yaml(read_found_file(root, path, MAX_FILE_BYTES), path)
        except UnreadableFile as error:
            found.append(error.diagnostic)
            continue
        found += problems
        for document in documents:
            problems = [_with_way_out(each, document) for each in check(document, approval_schema())]
            found += problems
            grants += [] if problems else _grants(document, (as_of, latest), known, found, unread)
    return tuple(grants), found


def _with_way_out(found: Diagnostic, document: Document) -> Diagnostic:
    """Say of an approval that an earlier groupsync printed, with fewer digits, how to get a new one."""
    value: Any = document.value
    written = str(value.get("definition")) if isinstance(value, dict) else ""
    if found.code != "GS206" or found.subject != document.locate(("definition",)) or not _SHORT.fullmatch(written):
        return found
    detail = f"It has {len(written)} digits, and may be the digest of another definition, too."
    hint = "Delete it if it has ended. Otherwise plan again: `groupsync plan --full` prints the approval anew."
    summary = f"`definition` of an approval needs at least the first {DEFINITION_DIGITS} digits"
    return replace(found, summary=summary, detail=detail, hint=hint)


def _grants(
    document: Document,
    between: tuple[datetime, datetime],
    known: Mapping[str, Collection[str]],
    found: list[Diagnostic],
    unread: Sequence[Overlooked],
) -> list[Grant]:
    """Return the approval in a document that fits its schema, if it holds; adds what is wrong or odd to `found`."""
    value: Any = document.value
    subject = next(each for each in _SUBJECTS if each in value)
    name, kind, guard = value[subject], Kind(value["kind"]), value.get("guard", "")
    until = instant_at(document, ("until",), value["until"], found)
    if (kind is Kind.UNJUDGED) != bool(guard):
        found.append(_wrong_guard(document, kind))
    elif subject != (right := subject_of(kind, guard)):
        found.append(_wrong_subject(document, subject, f"{kind}:{guard}" if guard else kind, right))
    elif name not in known[subject]:
        found.append(_unknown(document, subject, name, unread_as(name, unread) if subject == "group" else None))
    if until is None:
        return []
    if until <= between[0]:
        found.append(_ended(document, name))
        return []
    if until > between[1]:
        found.append(_too_long(document))
    at = document.locate((subject,))
    source = f"{at.path}:{at.line}"
    name = f"{guard}:{name}" if guard else name
    return [Grant(kind, name, value["ceiling"], source, value["definition"], value["reason"], at)]


def _wrong_guard(document: Document, kind: Kind) -> Diagnostic:
    if kind is not Kind.UNJUDGED:
        summary, at = f"An approval of the kind `{kind}` names no guard", document.locate(("guard",), key=True)
        return Diagnostic("GS208", Severity.ERROR, summary, "Found `guard`.", "Take `guard` out.", at)
    summary, guards = f"An approval of the kind `{kind}` names the guard that can't judge", ", ".join(UNJUDGEABLE)
    hint = "Write `guard: …`, as the refusal names it."
    return Diagnostic("GS208", Severity.ERROR, summary, f"Expected one of {guards}.", hint, document.locate(("kind",)))


def _wrong_subject(document: Document, subject: str, kind: str, right: str) -> Diagnostic:
    return Diagnostic(
        "GS208",
        Severity.ERROR,
        f"An approval of the kind `{kind}` is about a {right}",
        f"Found `{subject}`.",
        f"Name the {right}: `{right}: …`.",
        document.locate((subject,), key=True),
    )


def _unknown(document: Document, subject: str, name: str, unread: Overlooked | None) -> Diagnostic:
    where = "no definition defines" if subject == "group" else "the config does not have"
    return Diagnostic(
        "GS814",
        Severity.WARNING,
        f"The approval names the {subject} `{name}`, which {where}",
        f"It is worth nothing. {unread}" if unread else "It is worth nothing.",
        unread.cure if unread else "Correct the name, or delete the approval.",
        document.locate((subject,)),
    )


def _ended(document: Document, name: str) -> Diagnostic:
    return Diagnostic(
        "GS812",
        Severity.WARNING,
        f"The approval for `{name}` has ended",
        "It is ignored.",
        "Delete it.",
        document.locate(("until",)),
    )


def _too_long(document: Document) -> Diagnostic:
    return Diagnostic(
        "GS813",
        Severity.ERROR,
        "The approval holds for too long",
        f"`until` is more than {APPROVAL_DAYS} days ahead: it would outlive what was reviewed.",
        f"Choose a day within {APPROVAL_DAYS} days.",
        document.locate(("until",)),
    )
