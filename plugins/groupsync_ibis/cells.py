"""What a text in a cell is as a value of a type, in DuckDB's words: never guessed from other rows. Pure.

A time without a zone is read in that of the session.
A number, date or time has one way to be read, or is written with a format; what does not fit is null where the config
says what type a column has, and makes the column a text where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.model.criteria import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

GUESSED: Final = (Type.INTEGER, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.INSTANT)
"""What a column of texts can be without being told; the first that each of its cells fits."""
BLANKS: Final = "".join(c for c in map(chr, range(0x3001)) if c.isspace())
"""What `str.strip` takes off."""
_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_ZONE: Final = r"(Z| UTC|[+-][0-9]{2}(:?[0-9]{2})?)?"
_EXPONENT: Final = "([eE][+-]?[0-9]{1,3})?"


@dataclass(frozen=True, slots=True)
class Notation:
    """How a source writes values.

    Attributes:
        types: what columns are, where the config says so.
        formats: how the dates or times of a column are written, in words of strptime.
        decimal: the mark before a fraction; the other of comma and point may then part thousands. Empty for a point,
            and thousands that are not parted.
    """

    types: Mapping[str, Type]
    formats: Mapping[str, str]
    decimal: str = ""

    def declared(self, column: str) -> Type | None:
        """Return what the config says a column is; None where it does not."""
        if column in self.types:
            return self.types[column]
        if column not in self.formats:
            return None
        return Type.INSTANT if "%H" in self.formats[column] or "%I" in self.formats[column] else Type.DATE

    def fits(self, column: str, cell: str, kind: Type, *, strictly: bool) -> str:
        """Return the DuckDB expression for whether a cell is a value of a type.

        Args:
            column: its name.
            cell: the expression for its text, which is not null and has no blanks around it.
            kind: the type.
            strictly: whether it has to be written as nothing else is: without zeros in front, as `true`.
        """
        read = f"{self.value(column, cell, kind)} IS NOT NULL"
        pattern = self.pattern(column, kind, strictly=strictly)
        if not pattern:
            return read
        matches = f"regexp_full_match({cell}, '{pattern}')"
        return matches if strictly and kind in {Type.INTEGER, Type.BOOLEAN} else f"({matches} AND {read})"

    def value(self, column: str, cell: str, kind: Type) -> str:
        """Return the DuckDB expression for the value of a cell that fits; never raises."""
        form = self.formats.get(column)
        if form is not None and kind in {Type.DATE, Type.INSTANT}:
            read = _strptime(cell, form)
            return f"TRY_CAST({read} AS {'DATE' if kind is Type.DATE else 'TIMESTAMPTZ'})"
        number = self._number(cell)
        return {
            Type.INTEGER: rf"TRY_CAST(regexp_replace({number}, '\.0*$', '') AS BIGINT)",
            Type.NUMBER: f"TRY_CAST({number} AS DOUBLE)",
            Type.DECIMAL: f"TRY_CAST({number} AS DECIMAL(38, 10))",
            Type.BOOLEAN: f"(lower({cell}) IN ('true', 'yes', '1'))",
            Type.DATE: f"TRY_CAST({cell} AS DATE)",
            Type.INSTANT: f"TRY_CAST(replace({cell}, ' UTC', 'Z') AS TIMESTAMPTZ)",
        }.get(kind, cell)

    def _number(self, cell: str) -> str:
        if not self.decimal:
            return cell
        plain = f"replace({cell}, '{',' if self.decimal == '.' else '.'}', '')"
        return plain if self.decimal == "." else f"replace({plain}, ',', '.')"

    def pattern(self, column: str, kind: Type, *, strictly: bool) -> str:
        """Return what all of a cell must match to be a value of a type, for RE2 and Python; empty for anything."""
        if column in self.formats and kind in {Type.DATE, Type.INSTANT}:
            return ""
        mark = rf"\{self.decimal or '.'}"
        parted = rf"|[1-9][0-9]{{0,2}}(\{',' if self.decimal == '.' else '.'}[0-9]{{3}}){{1,5}}" if self.decimal else ""
        # A whole number is as exact among fractions as it is alone.
        fraction = f"(0|[1-9][0-9]*{parted})?({mark}[0-9]+{_EXPONENT}|[eE][+-]?[0-9]{{1,3}})"
        strict = {
            Type.INTEGER: f"-?(0|[1-9][0-9]{{0,17}}{parted})",
            Type.NUMBER: f"-?(0|[1-9][0-9]{{0,14}}{parted}|{fraction})",
            Type.BOOLEAN: "(?i)(true|false)",
            Type.INSTANT: f"{_DAY}[T ]{_TIME}{_ZONE}",
        }
        loose = {
            Type.INTEGER: f"[+-]?([0-9]+{parted})({mark}0+)?",
            Type.NUMBER: f"[+-]?([0-9]+{parted})?({mark}[0-9]+)?{_EXPONENT}",
            Type.DECIMAL: f"[+-]?([0-9]{{1,28}}{parted})?({mark}[0-9]{{1,10}})?",
            Type.BOOLEAN: "(?i)(true|false|yes|no|1|0)",
            Type.DATE: _DAY,
            Type.INSTANT: f"{_DAY}([T ]{_TIME}{_ZONE})?",
        }
        return (strict if strictly and kind in strict else loose).get(kind, "")


PLAIN: Final = Notation({}, {})
"""Nothing is said."""


def trimmed(column: str) -> str:
    """Return the DuckDB expression for a text without blanks around it; null where nothing is left."""
    bare = f"nullif(trim({column}, '{BLANKS}'), '')"  # ten times slower than to see that there is none
    return f"CASE WHEN regexp_full_match({column}, '[!-~](.*[!-~])?') THEN {column} ELSE {bare} END"


def _strptime(cell: str, form: str) -> str:
    quoted = form.replace("'", "''")
    read = f"try_strptime({cell}, '{quoted}')"
    if "%Y" not in form:
        return read
    return f"CASE WHEN year({read}) >= 1000 THEN {read} END"  # `1/2/26` is not the year 26
