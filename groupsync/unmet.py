"""What a source is searched for besides members, and what is said of it. An edge: where something is odd it asks on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from groupsync.common_values import MOST_COUNTED, CommonValues, common_values, enough_of, same_form
from groupsync.condition_words import attributes_of
from groupsync.errors import SourceError
from groupsync.folding import fold
from groupsync.model import SourceRange
from groupsync.model.criteria import AnyOf, Everyone, Operator
from groupsync.sought import other_values, others_finding, sought_texts, unmet_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from groupsync.model import Diagnostic, Members
    from groupsync.model.criteria import Attribute, Condition, Test
    from groupsync.sought import Sought
    from groupsync.source import Source
    from groupsync.source_config import SourceConfig

_ASKED_AT_ONCE: Final = 100
EVERYONE: Final = Everyone(SourceRange(""))


@dataclass(frozen=True, slots=True)
class Others:
    """Values of an attribute besides those that the config states.

    Attributes:
        name: of the attribute.
        column: the source's name for it.
        where: true for who has one; bound.
        at: where the attribute stands in the config.
    """

    name: str
    column: str
    where: Condition
    at: SourceRange


@dataclass(frozen=True, slots=True)
class Search:
    """What customers are searched for because of one segment.

    Attributes:
        texts: of its condition and of who is eligible.
        others: of the attributes that those test.
    """

    texts: tuple[Sought, ...]
    others: tuple[Others, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All of it, as a source is asked."""
        return (*(each.bound for each in self.texts), *(each.where for each in self.others))


def search_of(where: Condition, config: SourceConfig, attributes: Mapping[str, Attribute], as_of: datetime) -> Search:
    """Return what customers are searched for because of a segment's condition; pure.

    Args:
        where: the condition as written; it binds to the attributes without an error.
        config: what the config says of the source.
        attributes: of the source, by name.
        as_of: the instant of the run.
    """
    texts, tested = sought_texts(where, attributes, as_of), attributes_of(where)
    if config.eligible is not None:
        texts += sought_texts(config.eligible, attributes, as_of, wanted_alone=True)
        tested |= attributes_of(config.eligible)
    stated = [note for note in config.attributes if note.values and note.name in tested]
    columns = {each.name: attributes[each.name].column or each.name for each in stated}
    others = (
        Others(each.name, columns[each.name], other_values(columns[each.name], each.values), each.at) for each in stated
    )
    return Search(texts, tuple(others))


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

    def common(self, column: str, where: Condition = EVERYONE) -> CommonValues:
        """Return what may be said of a column's values.

        Args:
            column: of the source.
            where: only of whom this is true for; bound.

        Raises:
            SourceError: they can't be asked for.
        """
        return common_values(self._source.shares(where, column, self._groups, self._eligible, MOST_COUNTED + 2))

    def common_or_none(self, column: str, where: Condition = EVERYONE) -> CommonValues | None:
        """Return the same; None where it can't be asked for, which is no reason to go without all the rest."""
        try:
            return self.common(column, where)
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


def search_findings(
    looked: Iterable[tuple[Search, Sequence[Condition]]], customers: Customers, source: str
) -> list[Diagnostic]:
    """Return a warning for each text that no customer has, and for attributes with values that are not stated.

    Args:
        looked: what was searched for, and which of its conditions are true for nobody.
        customers: of the source.
        source: its name.
    """
    texts: list[Sought] = []
    others: dict[str, Others] = {}
    for search, unmet in looked:
        nobody = set(unmet)
        texts += [each for each in search.texts if each.bound in nobody]
        others |= {each.name: each for each in search.others if each.where not in nobody}
    found = _unmet_findings(customers, source, texts)
    for each in others.values():
        common = customers.common_or_none(each.column, each.where)
        if common is None or common.values or common.others:  # a source may not tell what is true for nobody
            found.append(others_finding(each.name, source, common, each.at))
    return found


def _unmet_findings(customers: Customers, source: str, unmet: Sequence[Sought]) -> list[Diagnostic]:
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
