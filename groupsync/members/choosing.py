"""Choose rows of a table by `where`, in the language of segments, and tell columns that call for a choice. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Final, assert_never

from groupsync.members.text import error, shown
from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import FROM_NOW, All, AnyOf, Attribute, Everyone, InGroup, Not, Test, Type
from groupsync.times import parse_instant
from groupsync.yaml.write import scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from groupsync.model import MemberFile
    from groupsync.model.criteria import Condition, Scalar

_NO_INSTANT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No condition on rows counts from now, so that it does not matter."""
_LOOKED_AT: Final = 10_000
_SHOWN_VALUES: Final = 5
_STATUS: Final = re.compile(
    r"(?:^|_)(?:status|state|opt(?:ed)?_?(?:in|out)|(?:un)?subscribed?|unsubscribe|suspended|(?:in)?active|enabled|disabled|"
    r"deleted|archived|bounced|consent|do_not_\w+|donot\w+)(?:_|$)"
)


class UnfitCell(ValueError):
    """A cell is not of the type that its column is said to have; `args` is summary, detail, hint."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition, bound to the columns of a table.

    Attributes:
        condition: bound.
        columns: index and type of each column that it tests, by name.
    """

    condition: Condition
    columns: Mapping[str, tuple[int, Type]]

    def takes(self, record: Sequence[str]) -> bool:
        """Tell whether a row as wide as the header is meant; one of which that is not known is not.

        Raises:
            UnfitCell: a cell that is tested is not of its type.
        """
        from groupsync.truth import truth

        row = {name: _value(record[index].strip(), of, name) for name, (index, of) in self.columns.items()}
        return truth(self.condition, row, "", {}) is True


def choice_of(file: MemberFile, header: tuple[str, ...]) -> Choice | list[Diagnostic] | None:
    """Return what chooses the rows of a table, None where all are meant; or what is wrong with `where`."""
    from groupsync.binding import bind

    reading = file.reading
    if reading is None or reading.where is None or isinstance(reading.where, Everyone):
        return None
    if not header:
        summary = f"`{file.path}` has no header, so `where` can't name its columns"
        return [error("GS311", summary, "", "Add a header row, or say where it is: `header_row`.", file.at)]
    types = dict(reading.types)
    tests = list(_tests(reading.where))
    twice = [test for test in tests if header.count(test.field) > 1]
    if twice:
        summary = f"`{file.path}` has several columns called `{shown(twice[0].field)}`"
        return [error("GS311", summary, "", "Give each column a name of its own.", file.at)]
    names = dict.fromkeys(header)
    attributes = {name: Attribute(name, types.get(name, Type.TEXT)) for name in names if name}
    condition, found = bind(reading.where, attributes, _NO_INSTANT, file.path, what="The file")
    found += [_no_such_type(name, header, file) for name in types if name not in names]
    if any(each.severity is Severity.ERROR for each in found):
        return found
    return Choice(condition, {test.field: (header.index(test.field), attributes[test.field].type) for test in tests})


def refused_tests(where: Condition) -> Iterator[Diagnostic]:
    """Give an error for each part of a condition that rows of a file can't be chosen by."""
    match where:
        case All() | AnyOf():
            for part in where.conditions:
                yield from refused_tests(part)
        case Not():
            yield from refused_tests(where.condition)
        case InGroup():
            hint = "Use `restrict_to` or `exclude` of the definition."
            yield error("GS218", "Rows of a file can't be chosen by `in_group`", "", hint, where.at)
        case Test(operator=operator) if operator in FROM_NOW:
            detail = "Who is in a list does not change from day to day by itself."
            hint = "Write a day: `{gte: 2026-11-01}`; or make the file a source, and the group a segment."
            yield error("GS218", f"Rows of a file can't be chosen by `{operator}`", detail, hint, where.at)
        case Test() | Everyone():
            return
        case _:
            assert_never(where)


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case All() | AnyOf():
            for part in condition.conditions:
                yield from _tests(part)
        case Not():
            yield from _tests(condition.condition)
        case Test():
            yield condition
        case _:
            return


def _no_such_type(name: str, header: tuple[str, ...], file: MemberFile) -> Diagnostic:
    detail = f"Its columns are: {', '.join(f'`{shown(each)}`' for each in header)}."
    summary = f"`types` names `{shown(name)}`, which is no column of `{file.path}`"
    return error("GS311", summary, detail, "Name one of these columns.", file.at)


# --- Cells ------------------------------------------------------------------------------------------------------------


def _value(cell: str, of: Type, name: str) -> Scalar | None:
    """Return what a cell holds; an empty one holds nothing."""
    if not cell or of is Type.TEXT:
        return cell or None
    try:
        return _typed(cell, of)
    except (ValueError, InvalidOperation) as reason:
        summary = f"`{shown(cell)}` in column `{shown(name)}` is not of its type"
        detail = f"`types` says {of}; expected {_EXPECTED[of]}."
        raise UnfitCell(summary, detail, "Correct the cell, or the type.") from reason


_EXPECTED: Final = {
    Type.INTEGER: "a whole number such as 1234",
    Type.DECIMAL: "a number such as 1234.5, with a point and no other mark",
    Type.DATE: "a date such as 2026-11-25",
    Type.INSTANT: "an instant such as 2026-11-25T10:00:00Z",
    Type.BOOLEAN: "true or false",
}
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_FRACTION: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def _typed(cell: str, of: Type) -> Scalar:
    match of:
        case Type.BOOLEAN:
            return {"true": True, "false": False}[cell.lower()] if cell.lower() in {"true", "false"} else _unfit()
        case Type.INTEGER:
            return int(cell) if _WHOLE.fullmatch(cell) else _unfit()
        case Type.DECIMAL:
            return Decimal(cell) if _FRACTION.fullmatch(cell) else _unfit()
        case Type.DATE:
            return parse_instant(cell).date() if len(cell) == len("2026-11-25") else _unfit()
        case _:
            return parse_instant(cell)


def _unfit() -> Scalar:
    raise ValueError


# --- Columns that call for a choice -----------------------------------------------------------------------------------


def _in_words(name: str) -> str:
    """Return the name of a column as words with `_` between them: `HasOptedOutOfEmail` is has_opted_out_of_email."""
    return re.sub(r"\W+", "_", _HUMP.sub("_", name).casefold()).strip("_")


_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def unused_status(file: MemberFile, header: tuple[str, ...], rows: Iterable[Sequence[str]]) -> Iterator[Diagnostic]:
    """Warn of the first column that says something of who is meant, where nothing is said of rows.

    Args:
        file: which it is.
        header: its names.
        rows: its records.
    """
    if file.reading is not None and file.reading.where is not None:
        return
    found = [index for index, name in enumerate(header) if _STATUS.search(_in_words(name))]
    for index in found[:1]:
        name = header[index]
        values = list(dict.fromkeys(each[index].strip() for each in islice(rows, _LOOKED_AT) if index < len(each)))
        if not values:
            return
        among = ", ".join(f"`{shown(value)}`" for value in values[:_SHOWN_VALUES]) + ", …" * (
            len(values) > _SHOWN_VALUES
        )
        chosen = next((value for value in values if value), "…")
        summary = f"The column `{shown(name)}` of `{file.path}` says nothing of who is a member"
        detail = f"Every row is one. Among its values are {among}."
        hint = (
            f"Choose rows, as by `where: {{{scalar(name)}: {scalar(chosen)}}}`; "
            "or say that all are meant: `where: {everyone: true}`."
        )
        yield Diagnostic("GS316", Severity.WARNING, summary, detail, hint, file.at)
