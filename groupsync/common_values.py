"""Which values of an attribute may be named: those that enough customers have, where they are few. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupsync.model.criteria import Scalar

LEAST_CUSTOMERS: Final = 10
"""A value that fewer customers have could tell who they are, and is never named."""
MOST_VALUES: Final = 20
"""Where more values than that could be named, none is."""
MOST_COUNTED: Final = 1_000
"""So many values of an attribute are counted at most."""
_MOST_COMPARED: Final = 100
"""Among more, only one that differs in form alone is near: comparing letters takes too long."""


@dataclass(frozen=True, slots=True)
class CommonValues:
    """What may be said of the values of one attribute.

    Attributes:
        values: those that may be named, with how many customers have each: the most frequent first.
        others: how many more values there are; at least so many, where `is_cut`.
        is_cut: whether there are more values than were counted.
        is_many: whether none is named because too many could be.
        unknown: how many customers have no value; None where nobody knows.
    """

    values: tuple[tuple[Scalar, int], ...] = ()
    others: int = 0
    is_cut: bool = False
    is_many: bool = False
    unknown: int | None = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """The values that may be named and are texts."""
        return tuple(value for value, _ in self.values if isinstance(value, str))


def common_values(shares: Sequence[tuple[Scalar | None, int]]) -> CommonValues:
    """Return what may be said, of values with the number of customers that have each.

    Args:
        shares: the most frequent first, those of `MOST_COUNTED + 2` values at most; None for no value.
    """
    is_cut = len(shares) > MOST_COUNTED + 1
    known = [(value, count) for value, count in shares if value is not None]
    unknown = next((count for value, count in shares if value is None), None if is_cut else 0)
    common = tuple(enough_of(known))
    if len(common) > MOST_VALUES:
        return CommonValues((), len(known), is_cut, is_many=True, unknown=unknown)
    return CommonValues(common, len(known) - len(common), is_cut, unknown=unknown)


def enough_of(shares: Iterable[tuple[Scalar | None, int]]) -> list[tuple[Scalar, int]]:
    """Return the values that enough customers have to be named."""
    return [(value, count) for value, count in shares if value is not None and count >= LEAST_CUSTOMERS]


def same_form(text: str) -> str:
    """Return what a text has in common with all that differ from it in case, blanks and Unicode form alone."""
    return unicodedata.normalize("NFKC", " ".join(text.split())).casefold()


def nearest(text: str, known: Iterable[str]) -> str:
    """Return which of some texts was probably meant; empty where none is near."""
    forms: dict[str, str] = {}
    for each in known:
        forms.setdefault(same_form(each), each)
    form = same_form(text)
    if form in forms or len(forms) > _MOST_COMPARED:
        return forms.get(form, "")
    near = get_close_matches(form, forms, n=1, cutoff=0.6)
    return forms[near[0]] if near else ""
