"""SARIF 2.1.0, for code scanning and editors: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Pure.

The text is ASCII, so that nothing in it acts on a terminal; messages are plain text, escaped as for one.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from groupsync.report.escape import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.records import Record
    from groupsync.report.notes import Note

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT: Final = "groupsync/v1"
_LINKS: Final = str.maketrans({"\\": "\\\\", "[": "\\[", "]": "\\]"})
"""In SARIF, `[text](target)` in a message is a link."""


def render_sarif(notes: Iterable[Note], version: str) -> str:
    """Return one run with all notes as text that ends with a line break; `version` is that of groupsync."""
    found = list(notes)
    rules = {note.rule: note.meaning for note in found}
    numbers = {rule: number for number, rule in enumerate(sorted(rules))}
    driver: Record = {
        "name": "groupsync",
        "version": version,
        "rules": [{"id": escape(rule), "shortDescription": {"text": escape(rules[rule])}} for rule in numbers],
    }
    run: Record = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"PROJECT": {"description": {"text": "The folder of groupsync.yaml."}}},
        "results": [_result(note, numbers[note.rule]) for note in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(note: Note, number: int) -> Record:
    what = f"{note.rule}\0{note.at.path if note.at else ''}\0{note.message}"
    result: Record = {
        "ruleId": escape(note.rule),
        "ruleIndex": number,
        "level": note.severity.value,
        "message": {"text": "\n".join(escape(line) for line in note.message.split("\n")).translate(_LINKS)},
        "partialFingerprints": {_FINGERPRINT: hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()},
    }
    if note.at:
        uri = quote(note.at.path.encode("utf-8", "surrogatepass"), safe="/")
        place: Record = {"artifactLocation": {"uri": uri, "uriBaseId": "PROJECT"}}
        if note.at.line:
            column: Record = {"startColumn": note.at.column} if note.at.column else {}
            place["region"] = {"startLine": note.at.line, **column}
        result["locations"] = [{"physicalLocation": place}]
    return result
