"""Read what an attribute is held against: `50`, `[DE, AT]`, `{gte: 18, lt: 65}`. Pure.

Only the shape is checked here, and what has no sense for any type; `groupsync.binding` knows the types.
"""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import BY_HOURS, FROM_NOW, Operator, Test
from groupsync.patterns import portable
from groupsync.schema_words import pointer_words
from groupsync.times import instant_at
from groupsync.wording import counted
from groupsync.yaml.scalars import kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import SourceRange
    from groupsync.model.criteria import Scalar
    from groupsync.yaml.document import Document

    Pointer = tuple[str | int, ...]

MAX_VALUES: Final = 10_000
"""How many values one list may have. Engines need many seconds for longer ones."""
SHORT_LIST: Final = 20
"""Up to so many values of a list have places of their own, and are looked for one by one."""
MAX_DAYS: Final = 36_500
MAX_HOURS: Final = 24 * MAX_DAYS
FROM_ZERO: Final = frozenset([Operator.WITHIN_DAYS, Operator.MORE_THAN_DAYS_AGO])
"""Operators whose number may be 0: today, and before today."""
TEXT_OPERATORS: Final = frozenset(
    [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.MATCHES],
)
FOLDABLE: Final = TEXT_OPERATORS | {Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN}
"""Operators that `ignore_case` can stand beside."""
_LISTS: Final = frozenset([Operator.IN, Operator.NOT_IN, Operator.BETWEEN])
_IGNORE_CASE: Final = "ignore_case"
_OPERATORS: Final = (*(operator.value for operator in Operator), _IGNORE_CASE)
_OTHER_NAMES: Final = {
    **dict.fromkeys(["=", "==", "is", "equal", "equals", "equal_to", "value"], "eq"),
    **dict.fromkeys(["!=", "<>", "not", "neq", "is_not", "not_equal", "not_equals", "not_equal_to"], "ne"),
    **dict.fromkeys([">", "greater", "greater_than", "more_than", "above", "over"], "gt"),
    **dict.fromkeys([">=", "ge", "at_least", "min", "minimum", "greater_than_or_equal", "greater_or_equal"], "gte"),
    **dict.fromkeys(["<", "less", "less_than", "below", "under", "fewer_than"], "lt"),
    **dict.fromkeys(["<=", "le", "at_most", "max", "maximum", "less_than_or_equal", "less_or_equal"], "lte"),
    **dict.fromkeys(["one_of", "any_of", "any", "isin", "is_in"], "in"),
    **dict.fromkeys(["none_of", "nin", "notin", "is_not_in"], "not_in"),
    **dict.fromkeys(["range", "from", "within"], "between"),
    **dict.fromkeys(["like", "ilike", "includes", "has", "substring"], "contains"),
    **dict.fromkeys(["startswith", "prefix", "begins_with", "beginswith"], "starts_with"),
    **dict.fromkeys(["endswith", "suffix"], "ends_with"),
    **dict.fromkeys(["regex", "regexp", "pattern", "match", "matching", "rlike"], "matches"),
    **dict.fromkeys(["null", "isnull", "exists", "is_not_null", "not_null", "missing", "empty"], "is_null"),
    **dict.fromkeys(["until", "earlier_than", "older_than"], "before"),
    **dict.fromkeys(["since", "later_than", "newer_than"], "after"),
    **dict.fromkeys(["last_days", "in_last_days", "days", "within_last_days", "since_days"], "within_days"),
    **dict.fromkeys(["days_ago", "older_than_days", "more_than_days", "not_within_days"], "more_than_days_ago"),
    **dict.fromkeys(["next_days", "in_next_days", "in_days", "days_ahead"], "within_next_days"),
    **dict.fromkeys(["last_hours", "in_last_hours", "hours", "within_last_hours", "since_hours"], "within_hours"),
    **dict.fromkeys(["hours_ago", "older_than_hours", "more_than_hours", "not_within_hours"], "more_than_hours_ago"),
    **dict.fromkeys(["next_hours", "in_next_hours", "in_hours", "hours_ahead"], "within_next_hours"),
    **dict.fromkeys(["case_insensitive", "nocase", "fold", "case"], "ignore_case"),
}
_CONNECTIVES: Final = {"and": "all", "every": "all", "or": "any", "some": "any", "none": "not", "nor": "not"}


def read_tests(document: Document, pointer: Pointer, value: object, found: list[Diagnostic]) -> list[Test]:
    """Return the tests of the attribute that the last part of `pointer` names; adds to `found` what is wrong."""
    reader = _Reader(document, pointer, found)
    match value:
        case dict():
            return reader.operators(value)
        case list():
            return reader.test(Operator.IN, pointer, value, False)
        case _:
            return reader.test(Operator.EQ, pointer, value, False)


class _Reader:
    """Reads the tests of one attribute."""

    def __init__(self, document: Document, pointer: Pointer, found: list[Diagnostic]) -> None:
        self.document = document
        self.pointer = pointer
        self.field = str(pointer[-1])
        self.found = found

    def operators(self, value: dict[str, Any]) -> list[Test]:
        if not value:
            detail = "Expected an operator and its value, such as `{gte: 50}`."
            self._error("GS207", self.pointer, f"{pointer_words(self.pointer)} is empty", detail, "")
        folds = self._ignores_case(value)
        tests: list[Test] = []
        for key, sought in value.items():
            if key in _OPERATORS[:-1]:
                operator = Operator(key)
                tests += self.test(operator, (*self.pointer, key), sought, folds and operator in FOLDABLE)
            elif key != _IGNORE_CASE:
                self._unknown(key)
        return tests

    def test(self, operator: Operator, pointer: Pointer, value: Any, folds: bool) -> list[Test]:
        """Return a test, as a list that is empty after telling what is wrong with it."""
        before = len(self.found)
        if operator in _LISTS:
            value = self._values(operator, pointer, value)
        elif operator is Operator.IS_NULL:
            self._check(isinstance(value, bool), pointer, value, "`true` or `false`")
        elif operator in FROM_NOW:
            self._count(operator, pointer, value)
        elif operator in TEXT_OPERATORS:
            self._text(operator, pointer, value, folds)
        elif operator in {Operator.BEFORE, Operator.AFTER}:
            if self._check(isinstance(value, str), pointer, value, "a date such as `2027-01-31`"):
                instant_at(self.document, pointer, value, self.found)
        else:
            self._scalar(pointer, value)
        if len(self.found) > before:
            return []
        at, field_at = self.document.locate(pointer), self.document.locate(self.pointer, key=True)
        places: tuple[SourceRange, ...] = ()
        if operator in _LISTS and len(value) <= SHORT_LIST:
            places = tuple(self.document.locate((*pointer, index)) for index in range(len(value)))
        return [Test(self.field, operator, value, at, folds, field_at, places)]

    def _ignores_case(self, value: dict[str, Any]) -> bool:
        if _IGNORE_CASE not in value:
            return False
        pointer = (*self.pointer, _IGNORE_CASE)
        if not self._check(isinstance(value[_IGNORE_CASE], bool), pointer, value[_IGNORE_CASE], "`true` or `false`"):
            return False
        others = [key for key in value if key in _OPERATORS[:-1]]
        if any(key not in FOLDABLE for key in others) or len(value) == 1:
            listed = ", ".join(f"`{operator}`" for operator in Operator if operator in FOLDABLE)
            summary = f"{pointer_words(pointer)} stands beside nothing that it could apply to"
            if others:
                odd = next(key for key in others if key not in FOLDABLE)
                summary = f"{pointer_words(pointer)} does not go with `{odd}`"
            self._error("GS208", pointer, summary, f"It goes with {listed}.", "Take it out.")
        return bool(value[_IGNORE_CASE])

    def _values(self, operator: Operator, pointer: Pointer, value: Any) -> tuple[Scalar, ...]:
        if not self._check(isinstance(value, list), pointer, value, "a list", f"Write `[{shown(value)}]`."):
            return ()
        if operator is Operator.BETWEEN and len(value) != 2:
            summary = f"{pointer_words(pointer)} has {counted(len(value), 'value')}"
            self._error("GS207", pointer, summary, "Expected two, the lowest and the highest: `[18, 64]`.", "")
        elif not value:
            detail = "Nothing is in an empty list; expected at least one value."
            self._error("GS207", pointer, f"{pointer_words(pointer)} is empty", detail, "Take it out, or fill it.")
        elif len(value) > MAX_VALUES:
            summary = f"{pointer_words(pointer)} has {counted(len(value), 'value')}"
            hint = "List people in a group of its own, and refer to that by `in_group`."
            self._error("GS207", pointer, summary, f"Expected at most {MAX_VALUES:,}.", hint)
            return ()
        for index, one in enumerate(value):
            self._scalar((*pointer, index), one)
        return tuple(value)

    def _scalar(self, pointer: Pointer, value: object) -> None:
        match value:
            case None:
                self._null(pointer)
            case str():
                self._no_nul(pointer, value)
            case float() if not math.isfinite(value):
                summary = f"{pointer_words(pointer)} is `{shown(value)}`"
                self._error("GS206", pointer, summary, "Expected a number that there is.", self._null_hint())
            case list() | dict():
                word = _CONNECTIVES.get(self.field.lower(), "")
                hint = f"Is `{self.field}` meant to be `{word}`?" if word else ""
                self._check(False, pointer, value, "a text, a number, `true` or `false`", hint)
            case _:
                pass

    def _null(self, pointer: Pointer) -> None:
        summary = f"{pointer_words(pointer)} has no value"
        detail = "Nothing is equal to null, nor unequal, less or more."
        self._error("GS204", pointer, summary, detail, self._null_hint())

    def _null_hint(self) -> str:
        return f"Write `{shown(self.field)}: {{is_null: true}}` to test for null."

    def _count(self, operator: Operator, pointer: Pointer, value: Any) -> None:
        """Check how many days or hours a test counts from the plan's instant."""
        unit, most = ("hours", MAX_HOURS) if operator in BY_HOURS else ("days", MAX_DAYS)
        least = 0 if operator in FROM_ZERO else 1
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if self._check(is_whole, pointer, value, f"a whole number of {unit}") and not least <= value <= most:
            is_ahead = -most <= value < 0 and operator in {Operator.WITHIN_DAYS, Operator.WITHIN_HOURS}
            hint = f"Write `within_next_{unit}: {-value}` for what is to come." if is_ahead else ""
            summary = f"{pointer_words(pointer)} is {shown(value)}"
            self._error("GS207", pointer, summary, f"Expected {least} to {most:,} {unit}.", hint)

    def _text(self, operator: Operator, pointer: Pointer, value: Any, folds: bool) -> None:
        hint = f'Put quotes around it: "{shown(value)}".' if isinstance(value, int | float) else ""
        if not self._check(isinstance(value, str), pointer, value, "a text", hint):
            return
        if operator is Operator.MATCHES:
            self._pattern(pointer, value, folds)
        elif not value:
            summary = f"{pointer_words(pointer)} is empty"
            hint = f"Write `{shown(self.field)}: {{is_null: false}}` for everybody whose text is known."
            self._error("GS207", pointer, summary, "An empty text is in every text.", hint)
        self._no_nul(pointer, value)

    def _pattern(self, pointer: Pointer, value: str, folds: bool) -> None:
        try:
            portable(value, ignore_case=folds)
        except ValueError as reason:
            summary = f"The pattern in {pointer_words(pointer)} would not mean the same everywhere"
            detail = f"In `{shown(value)}`: {reason}."
            hint = "docs/criteria.md lists what a pattern can have."
            self._error("GS217", pointer, summary, detail, hint)

    def _no_nul(self, pointer: Pointer, value: str) -> None:
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            summary = f"{pointer_words(pointer)} has a character that no text in a database has"
            self._error("GS206", pointer, summary, f"Found `{shown(value)}`.", "Take it out.")

    def _unknown(self, key: str) -> None:
        near = _OTHER_NAMES.get(key.lower(), "") or "".join(_closest(key.lower(), _OPERATORS))
        summary = f"The operator `{shown(key)}` is unknown in {pointer_words(self.pointer)}"
        detail = f"Operators: {', '.join(sorted(_OPERATORS))}."
        at = self.document.locate((*self.pointer, key), key=True)
        hint = f"Did you mean `{near}`?" if near else ""
        self.found.append(Diagnostic("GS201", Severity.ERROR, summary, detail, hint, at))

    def _check(self, is_right: bool, pointer: Pointer, value: object, expected: str, hint: str = "") -> bool:
        """Return whether a value is of the right kind, after telling if it is not."""
        if not is_right and value is None:
            self._null(pointer)
        elif not is_right:
            scalar = "" if isinstance(value, list | dict) else f" `{shown(value)}`"
            detail = f"Found {kind_of(value)}{scalar}. Expected {expected}."
            self._error("GS203", pointer, f"{pointer_words(pointer)} is {kind_of(value)}", detail, hint)
        return is_right

    def _error(self, code: str, pointer: Pointer, summary: str, detail: str, hint: str) -> None:
        at = self.document.locate(pointer)
        self.found.append(Diagnostic(code, Severity.ERROR, summary, detail, hint, at))


def _closest(word: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, known, n=1, cutoff=0.6)
