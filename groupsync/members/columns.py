"""Tell which column of a table holds the members: by its name, and by what the columns hold. Pure.

A name never beats what the columns hold, and between two that hold addresses nothing chooses but a name.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from groupsync.members.text import error, is_member_column, shown
from groupsync.wording import counted
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.model import Diagnostic, MemberFile

_EXACT, _ALIKE, _USER = 3, 2, 1


def claim_of(name: str) -> int:
    """Return how much a column's name says that it holds addresses: 0 for nothing.

    `E-mail` says more than `Work mail`, and that more than `user`.
    """
    is_mail = "mail" in name.casefold()
    if is_member_column(name):
        return _EXACT if is_mail else _USER
    return _ALIKE if is_mail else 0


def column_with_addresses(
    names: tuple[str, ...], header: tuple[str, ...], holding: Sequence[int], file: MemberFile
) -> int | Diagnostic:
    """Return the only column that can be meant, by what the columns hold and how they are called.

    Args:
        names: the cells of the first record.
        header: the same where that is a header; else empty.
        holding: indexes of the columns that hold addresses, ascending.
        file: which it is.
    """
    claiming = [index for index in holding if header and claim_of(header[index])] or holding
    if len(claiming) != 1:
        return which_column(names, header, claiming, file)
    best = claim_of(header[claiming[0]]) if header else 0
    better = [
        index
        for index, name in enumerate(header)
        if index not in holding and is_member_column(name) and claim_of(name) > best
    ]
    return _contradiction(header, claiming[0], better[0], file) if better else claiming[0]


def named_column(names: tuple[str, ...], column: str | int, file: MemberFile) -> int | Diagnostic:
    """Return the index of the column that is called so, in any case, or has that number."""
    if isinstance(column, int):
        return column - 1 if column <= len(names) else _no_such_number(names, column, file)
    exact = [index for index, name in enumerate(names) if name == column.strip()]
    alike = [index for index, name in enumerate(names) if name.casefold() == column.strip().casefold()]
    found = exact or alike
    if len(found) == 1:
        return found[0]
    if found:
        summary = f"`{file.path}` has several columns called `{column}`"
        return error("GS311", summary, _listing(names), "Give each column a name of its own.", file.at)
    if not names:
        summary = f"`{file.path}` is empty, so it has no column `{column}`"
        return error("GS311", summary, "A table with a named column starts with a header.", "Export it again.", file.at)
    if any("@" in name for name in names):
        summary = f"`{file.path}` has no header, so it has no column `{column}`"
        detail = f"The first row holds an address: {' | '.join(map(shown, names))}."
        return error("GS311", summary, detail, "Add a header row, or take `column` out.", file.at)
    near = difflib.get_close_matches(column.casefold(), [name.casefold() for name in names], n=1)
    meant = [name for name in names if name.casefold() in near]
    hint = f"Did you mean `{meant[0]}`?" if meant else "Name one of these columns."
    return error("GS311", f"`{file.path}` has no column `{shown(column)}`", _listing(names), hint, file.at)


def which_column(names: tuple[str, ...], header: tuple[str, ...], found: Sequence[int], file: MemberFile) -> Diagnostic:
    """Say that none of the columns, or more than one (`found`), can be meant."""
    if not header:
        detail = f"There is no header, and the first row is: {' | '.join(map(shown, names))}."
        hint = "Say which one by its number: `column: 2`; or add a header row, and name it."
        if all("@" in name for name in names if name):
            hint = f"{hint[:-1]}. If every cell is a member, name the file .txt."
    elif found:
        both = " and ".join(f"`{shown(header[index])}`" for index in found)
        detail = f"{_listing(header)} Of these, {both} could hold the member."
        hint = f"Name the right one: {' or '.join(_key(header[index]) for index in found)}."
    else:
        detail = f"{_listing(header)} Of these, none of them says that it holds the member."
        hint = f"Name it, such as {_key(header[0])}."
    return error("GS311", f"It is not clear which column of `{file.path}` to read", detail, hint, file.at)


def _contradiction(header: tuple[str, ...], holding: int, called: int, file: MemberFile) -> Diagnostic:
    summary = f"It is not clear which column of `{file.path}` to read"
    detail = f"`{shown(header[called])}` is called like it, and only `{shown(header[holding])}` holds addresses."
    return error("GS311", summary, detail, f"If that is the right one, name it: {_key(header[holding])}.", file.at)


def _no_such_number(names: tuple[str, ...], column: int, file: MemberFile) -> Diagnostic:
    summary = f"`{file.path}` has no column {column}"
    detail = f"Its first row has {counted(len(names), 'cell')}."
    return error("GS311", summary, detail, "Correct the number; the first column is 1.", file.at)


def _key(name: str) -> str:
    return f"`column: {scalar(name)}`"


def _listing(names: Sequence[str]) -> str:
    return f"Its columns are: {', '.join(f'`{shown(name)}`' for name in names)}."
