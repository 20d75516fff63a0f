"""Definitions that were edited without effect today, in lines for every format. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from groupsync.model import Edit

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupsync.model import Plan, SourceRange

EDIT_WORDS: Final = {Edit.NEW: "is new", Edit.EDITED: "was edited", Edit.GONE: "is gone"}


TITLE: Final = "Changed without effect today"


def quiet_title(plan: Plan, show: Callable[[str], str]) -> str:
    """Return the title of the list: `Changed without effect today, since main`."""
    return f"{TITLE}, since {show(plan.compared.revision)}" if plan.compared else TITLE


def quiet_items(plan: Plan, show: Callable[[str], str]) -> list[str]:
    """Return a line a definition: what was done, and where it is written or was.

    Args:
        plan: held against a revision; nothing for any other.
        show: makes names harmless.
    """
    quiet = plan.compared.quiet if plan.compared else ()
    return [f"{show(each.name)} {EDIT_WORDS[each.edit]} · {show(_place(each.at))}" for each in quiet]


def _place(at: SourceRange) -> str:
    return f"{at.path}:{at.line}" if at.line else at.path
