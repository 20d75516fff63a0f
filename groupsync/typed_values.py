"""Values of conditions as the attribute's own type has them. Pure."""

from __future__ import annotations

import math
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NoReturn

from groupsync.model.criteria import Type
from groupsync.times import parse_instant
from groupsync.yaml.scalars import kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime, tzinfo

    from groupsync.model.criteria import Scalar

SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1
_MAX_DIGITS: Final = 38
_INSTANT_HINT: Final = "Write it with its zone, as `2027-01-31T18:00:00Z`, or as a date, meaning its 00:00."
TYPE_WORDS: Final = {
    Type.TEXT: "a text", Type.INTEGER: "a whole number", Type.NUMBER: "a number", Type.DECIMAL: "a decimal number",
    Type.BOOLEAN: "true or false", Type.DATE: "a date", Type.INSTANT: "an instant",
    Type.OTHER: "of a type that conditions can't test",
}  # fmt: skip


class UnfitValue(ValueError):
    """A value is none that the attribute can have; `args` are what was found and expected, and what to do."""


def typed(value: Scalar, of: Type, zone: tzinfo = UTC) -> Scalar:
    """Return a written value as a value of a type; a number with a fraction stays so for an attribute of whole numbers.

    A date is an instant, too: its 00:00 in `zone`.

    Raises:
        UnfitValue: the attribute can't have it, nor be compared with it.
    """
    if of is Type.OTHER:
        _unfit(value, of, "Only `is_null` can be asked of it.")
    return _instant(value, zone) if of is Type.INSTANT else _READERS[of](value)


def _unfit(value: Scalar, of: Type, hint: str = "") -> NoReturn:
    raise UnfitValue(f"Found {kind_of(value)}, `{shown(value)}`; the attribute is {TYPE_WORDS[of]}.", hint)


def _text(value: Scalar) -> str:
    if not isinstance(value, str):
        _unfit(value, Type.TEXT, f'Put quotes around it: "{shown(value)}".')
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise UnfitValue(f"`{shown(value)}` has a character that no text in a database has.", "Take it out.")
    return value


def _number(value: Scalar, of: Type) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _unfit(value, of, "Write it without quotes." if isinstance(value, str) and _reads_as_number(value) else "")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnfitValue(f"`{shown(value)}` is no number that anything could be compared with.", "")
    return value


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _integer(written: Scalar) -> int | float:
    value = _number(written, Type.INTEGER)
    if not SMALLEST <= value <= LARGEST:
        raise UnfitValue(f"`{shown(value)}` does not fit in 64 bits, so no whole number in a source is like it.", "")
    return int(value) if value == int(value) else value


def _double(written: Scalar) -> float:
    value = _number(written, Type.NUMBER)
    try:
        return float(value)
    except OverflowError:
        raise UnfitValue("The number is larger than any that a source holds.", "") from None


def _decimal(written: Scalar) -> Decimal:
    value = _number(written, Type.DECIMAL)
    found = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    _, digits, exponent = found.as_tuple()
    if not isinstance(exponent, int) or len(digits) + max(exponent, 0) > _MAX_DIGITS or -exponent > _MAX_DIGITS:
        raise UnfitValue(f"`{shown(value)}` has more than {_MAX_DIGITS} digits, more than a source can hold.")
    return found


def _flag(value: Scalar) -> bool:
    if not isinstance(value, bool):
        is_word = str(value).lower() in {"true", "false", "yes", "no", "on", "off", "0", "1"}
        _unfit(value, Type.BOOLEAN, "Write `true` or `false`, without quotes." if is_word else "")
    return value


def _day(value: Scalar) -> date:
    if not isinstance(value, str):
        _unfit(value, Type.DATE, "Write a date as `2027-01-31`.")
    try:
        found = parse_instant(value)
    except ValueError as reason:
        raise UnfitValue(f"`{shown(value)}`: {reason}.", "Write a date as `2027-01-31`.") from reason
    if "T" in value:
        raise UnfitValue("The attribute holds days, without a time.", f"Write the day alone: `{value[:10]}`.")
    return found.date()


def _instant(value: Scalar, zone: tzinfo) -> datetime:
    if not isinstance(value, str):
        _unfit(value, Type.INSTANT, _INSTANT_HINT)
    try:
        return parse_instant(value, zone)
    except ValueError as reason:
        raise UnfitValue(f"`{shown(value)}`: {reason}.", _INSTANT_HINT) from reason


_READERS: Final[Mapping[Type, Callable[[Scalar], Scalar]]] = {
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.NUMBER: _double,
    Type.DECIMAL: _decimal,
    Type.BOOLEAN: _flag,
    Type.DATE: _day,
}
