"""Leave rows of a member file out that can't be read, where `on_bad_row` lets so many be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.members.text import error
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.model import Limit, MemberFile

_SHOWN_ROWS: Final = 20


def left_out(found: Sequence[Diagnostic], bad: int, total: int, skip: Limit, file: MemberFile) -> list[Diagnostic]:
    """Return what is told of a file with bad rows: one warning for all that are left out, or the errors and why.

    Args:
        found: on the file; its errors are those of the rows, perhaps not all of them.
        bad: how many rows can't be read.
        total: how many rows are meant.
        skip: how many of them may be left out.
        file: which it is.
    """
    errors = [each for each in found if each.severity is Severity.ERROR]
    allowed = skip.of(total) or 0
    at = (errors[0].subject if errors else None) or SourceRange(file.path, 1, 1)
    if bad > allowed:
        summary = f"{counted(bad, 'row')} of {total:,} can't be read, more than `on_bad_row` lets be left out"
        detail = f"It lets {skip} be left out, which is {allowed:,} here."
        return [*found, error("GS317", summary, detail, "Correct the rows, or look at how the file was made.", at)]
    lines = "; ".join(f"{each.subject}: {each.summary}" for each in errors[:_SHOWN_ROWS])
    more = f"; and {bad - _SHOWN_ROWS:,} more" if bad > _SHOWN_ROWS else ""
    summary = f"{counted(bad, 'row')} of {total:,} of `{file.path}` {'is' if bad == 1 else 'are'} left out"
    hint = f"Correct them; `on_bad_row` lets {skip} be left out."
    warning = Diagnostic("GS317", Severity.WARNING, summary, f"{lines}{more}.", hint, at)
    return [warning, *(each for each in found if each.severity is not Severity.ERROR)]


def too_few(members: int, file: MemberFile) -> list[Diagnostic]:
    """Return an error where a file lists fewer people than `min_rows` says."""
    fewest = file.reading.min_rows if file.reading else None
    if fewest is None or members >= fewest:
        return []
    summary = f"`{file.path}` lists {counted(members, 'member')}, fewer than `min_rows` says ({fewest:,})"
    hint = "Look at how the file was made; if it is right, lower `min_rows`."
    return [error("GS318", summary, "Nothing is made of it.", hint, file.at)]
