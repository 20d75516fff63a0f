"""Take out of a definition what can never hold again: entries whose `until` has passed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.edits.found import Found
from groupsync.edits.members import drop_entries
from groupsync.edits.text import CannotEdit
from groupsync.times import parse_instant
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from datetime import datetime

    from groupsync.identity import Identity
    from groupsync.model import SourceRange

KEYS: Final = ("members", "include", "exclude", "restrict_to")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file without its expired entries.

    Attributes:
        data: its bytes; those given where nothing has expired.
        places: where the entries that are gone stood.
        left: the first expired entry of each list that can't be edited, with the reason, a clause.
    """

    data: bytes
    places: tuple[SourceRange, ...] = ()
    left: tuple[tuple[SourceRange, str], ...] = ()


def drop_expired(data: bytes, path: str, identity: Identity, as_of: datetime) -> Dropped:
    """Take out the entries of all groups of a file that had their last instant before or at `as_of`.

    A group's own `until` stays: without it the group would have its members back. What is no definition stays as it is.
    """
    documents, wrong = parse_yaml(data, path)
    if wrong or b"until" not in data:
        return Dropped(data)
    result = data
    places: list[SourceRange] = []
    left: list[tuple[SourceRange, str]] = []
    for document in documents:
        value: Any = document.value
        for key in KEYS if isinstance(value, dict) else ():
            gone = _expired(value.get(key), as_of)
            if not gone:
                continue
            stood = [document.locate((key, index)) for index in gone]
            try:
                result = drop_entries(Found(result, path, str(value.get("name")), identity), gone, key).data
            except CannotEdit as reason:
                left.append((stood[0], str(reason)))
            else:
                places += stood
    return Dropped(result, tuple(places), tuple(left))


def _expired(entries: object, as_of: datetime) -> list[int]:
    if not isinstance(entries, list):
        return []
    return [index for index, entry in enumerate(entries) if isinstance(entry, dict) and _has_passed(entry, as_of)]


def _has_passed(entry: dict[str, Any], as_of: datetime) -> bool:
    until = entry.get("until")
    try:
        return isinstance(until, str) and parse_instant(until) <= as_of
    except ValueError:
        return False
