"""A YAML document as plain values that know where they are written. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from groupsync.model import SourceRange

if TYPE_CHECKING:
    from collections.abc import Sequence


class Mark(Protocol):
    """A place as the parser gives it; both count from 0. Kept as it is: unpacking a million of them takes time."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column, in characters."""


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A place in a file of its own: what a document has from another one."""

    path: str
    line: int
    column: int


def range_of(path: str, mark: Mark) -> SourceRange:
    """Return a place as people count it: line and column from 1; `path` is the file of a mark that names none."""
    return SourceRange(mark.path if isinstance(mark, PlacedMark) else path, mark.line + 1, mark.column + 1)


@dataclass(slots=True)
class MappingPlaces:
    """Where a mapping starts, and where each of its keys and values does."""

    at: Mark
    keys: dict[str, Mark] = field(default_factory=dict)
    values: dict[str, Spot] = field(default_factory=dict)


@dataclass(slots=True)
class SequencePlaces:
    """Where a list starts, and where each of its items does."""

    at: Mark
    items: list[Spot] = field(default_factory=list)


Spot: TypeAlias = Mark | MappingPlaces | SequencePlaces
"""Where a value is written: a scalar's mark, or where a collection and all in it is."""


def start_of(spot: Spot) -> Mark:
    """Return where a value starts."""
    return spot.at if isinstance(spot, MappingPlaces | SequencePlaces) else spot


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    Attributes:
        path: the file, as it is to be shown.
        value: `dict` with text keys in the order written, `list`, `str`, `int`, `float`, `bool` or None. What is
            written once and referred to by aliases is one shared object: never change it.
        spot: positions, for `locate`.
        sound: whether the file could be read without an error; otherwise something may be missing from `value`.
    """

    path: str
    value: object
    spot: Spot = field(repr=False, compare=False)
    sound: bool = True

    def locate(self, pointer: Sequence[str | int], *, key: bool = False) -> SourceRange:
        """Return where the value at `pointer` is written or, with `key`, the key that leads to it.

        Where there is no such value, the nearest one around it. Lines and columns count from 1, columns in characters.

        Args:
            pointer: keys and indexes from the document's root; empty for the root.
            key: point to the last key of `pointer` instead of its value; without effect on an index.
        """
        spot = self.spot
        at = start_of(spot)
        last = len(pointer) - 1
        for depth, part in enumerate(pointer):
            match spot, part:
                case MappingPlaces(), str() if part in spot.values:
                    at = spot.keys[part]
                    spot = spot.values[part]
                    if not (key and depth == last):
                        at = start_of(spot)
                case SequencePlaces(), int() if 0 <= part < len(spot.items):
                    spot = spot.items[part]
                    at = start_of(spot)
                case _:
                    break
        return range_of(self.path, at)
