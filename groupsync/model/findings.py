"""Places in files, and what is wrong or odd there."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceRange:
    """A place in a file of the user's.

    Attributes:
        path: relative to the project's folder where it lies inside it, with `/` between the parts.
        line: from 1; 0 means the file as a whole.
        column: in characters from 1; 0 means the line as a whole.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])


class Severity(enum.StrEnum):
    """How much a finding matters: an error stops the run, a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that is wrong, or odd, in what the user wrote.

    Attributes:
        code: `GSnnn`, listed in `groupsync.codes`; never reused for another meaning.
        severity: error or warning.
        summary: one line that names the thing; no file name in it, `subject` says where.
        detail: what was found and what was expected; may have several lines.
        hint: the edit or the command that mends it.
        subject: where; None where no file is to blame.
        related: other places that belong to it, such as the first of two definitions.
        plugin: `name version` of the plugin that reports it, None for the core.
    """

    code: str
    severity: Severity
    summary: str
    detail: str = ""
    hint: str = ""
    subject: SourceRange | None = None
    related: tuple[SourceRange, ...] = ()
    plugin: str | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order for people: by file, line and column; findings without a place come last."""
        place = self.subject or SourceRange("\U0010ffff")
        return (place.path, place.line, place.column, self.code, self.summary)
