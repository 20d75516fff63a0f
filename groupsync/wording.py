"""Counts in sentences: one function, so that a number and its noun agree everywhere. Pure."""

from __future__ import annotations


def counted(value: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 group`, `1,234 groups`.

    Args:
        value: how many.
        one: what follows a 1; a clause may be, where more than the noun depends on the number.
        many: what follows any other number; empty for `one` with an s.
    """
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def few(value: int, one: str, many: str = "") -> str:
    """Write the same where a 1 needs no number: `change`, `3 changes`."""
    return one if value == 1 else counted(value, one, many)
