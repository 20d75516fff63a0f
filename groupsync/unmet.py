"""Ask a source what it has in place of texts that no customer has. An edge: it asks only where there are such."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import normalize

from groupsync.common_values import MOST_COUNTED, CommonValues, common_values, enough_of, same_form
from groupsync.errors import SourceError
from groupsync.folding import fold
from groupsync.model import SourceRange
from groupsync.model.criteria import AnyOf, Everyone, Operator
from groupsync.sought import unmet_finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupsync.model import Diagnostic, Members
    from groupsync.model.criteria import Condition, Test
    from groupsync.sought import Sought
    from groupsync.source import Source

_ASKED_AT_ONCE = 100


class Customers:
    """The eligible customers of one source, as far as values are asked for."""

    def __init__(self, source: Source, groups: Mapping[str, Members], eligible: Condition | None) -> None:
        """Begin; nothing is asked yet.

        Args:
            source: is asked.
            groups: members of those that `eligible` names.
            eligible: who is a customer; bound.
        """
        self._source = source
        self._groups = groups
        self._eligible = eligible

    def common(self, column: str) -> CommonValues:
        """Return what may be said of a column's values.

        Raises:
            SourceError: they can't be asked for.
        """
        where = Everyone(SourceRange(""))
        return common_values(self._source.shares(where, column, self._groups, self._eligible, MOST_COUNTED + 2))

    def common_or_none(self, column: str) -> CommonValues | None:
        """Return the same; None where it can't be asked for, which is no reason to go without all the rest."""
        try:
            return self.common(column)
        except SourceError:
            return None

    def other_forms(self, tests: Sequence[Test]) -> dict[str, str]:
        """Return the most frequent value that differs from a text in case or Unicode form alone, by what they share.

        Args:
            tests: bound, of one column, each for one text.
        """
        forms = {
            fold(normalize(form, str(test.value))): test for test in tests[:_ASKED_AT_ONCE] for form in ("NFC", "NFD")
        }
        if not forms:
            return {}
        parts = tuple(replace(test, value=form, ignore_case=True) for form, test in forms.items())
        where = AnyOf(parts, parts[0].at)
        try:
            shares = self._source.shares(where, parts[0].field, self._groups, self._eligible, MOST_COUNTED)
        except SourceError:
            return {}
        return {same_form(str(value)): str(value) for value, _ in reversed(enough_of(shares))}


def unmet_findings(customers: Customers, source: str, unmet: Sequence[Sought]) -> list[Diagnostic]:
    """Return a warning for each text that no customer has, with what may be said of the values there are.

    Args:
        customers: of the source.
        source: its name.
        unmet: the texts.
    """
    found: list[Diagnostic] = []
    for column in dict.fromkeys(each.bound.field for each in unmet):
        own = [each for each in unmet if each.bound.field == column]
        common = customers.common_or_none(column)
        equal = [each.bound for each in own if each.bound.operator is Operator.EQ]
        forms = customers.other_forms(equal) if common is None or common.is_many else {}
        for each in own:
            form = same_form(str(each.written.value))
            found.append(unmet_finding(each, source, common, forms.get(form, "")))
    return found
