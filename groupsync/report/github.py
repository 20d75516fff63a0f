"""Annotations for GitHub Actions: workflow commands, which GitHub shows at file and line of a pull request. Pure.

Escaping is that of `@actions/toolkit` (packages/core/src/command.ts): `%`, CR and LF in a message; `:` and `,` too in a
property. GitHub shows ten errors and ten warnings a step, so no more are written, and one line counts the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Severity
from groupsync.report.escape import escape
from groupsync.report.markdown_escape import clip
from groupsync.report.notes import counts_of
from groupsync.report.style import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.report.notes import Note

MAX_SHOWN: Final = 10
_MAX_MESSAGE: Final = 4_000
_MAX_PROPERTY: Final = 1_000


def render_github(notes: Iterable[Note]) -> str:
    """Return a line for each note, errors first, in their order; ends with a line break where there are any."""
    found = sorted(notes, key=lambda note: note.severity is not Severity.ERROR)
    lines = []
    for severity, count in zip((Severity.ERROR, Severity.WARNING), counts_of(found), strict=True):
        of_it = [note for note in found if note.severity is severity]
        shown = count if count <= MAX_SHOWN else MAX_SHOWN - 1
        lines += [_annotation(note) for note in of_it[:shown]]
        if count > shown:
            more = counted(count - shown, f"more {severity.value}")
            lines.append(f"::{severity.value} title=groupsync::{more}; `groupsync plan` shows all of them")
    return "".join(f"{line}\n" for line in lines)


def _annotation(note: Note) -> str:
    properties = []
    if note.at:
        properties.append(f"file={_property(note.at.path)}")
        properties += [f"line={note.at.line}"] if note.at.line else []
        properties += [f"col={note.at.column}"] if note.at.line and note.at.column else []
    properties.append(f"title={_property(note.rule)}")
    message = "\n".join(map(escape, note.message[: _MAX_MESSAGE + 1].split("\n")))
    return f"::{note.severity.value} {','.join(properties)}::{_data(_clip_lines(message))}"


def _clip_lines(message: str) -> str:
    """Return as much of an escaped message as an annotation should have."""
    return message if len(message) <= _MAX_MESSAGE else message[: _MAX_MESSAGE - 1] + "…"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clip(text, _MAX_PROPERTY)).replace(":", "%3A").replace(",", "%2C")
