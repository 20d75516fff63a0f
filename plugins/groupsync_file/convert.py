"""Groups as plain values and back, the same for every layout. Pure.

What is not set is left out of the values, and a key that nobody knows is refused: nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.convert import mark_record, read_mark
from groupsync.errors import BackendError
from groupsync.model import KNOWN_USER_GROUP, Group, Members
from groupsync.records import Fields, RecordError, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

Values: TypeAlias = dict[str, object]

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_OPTIONAL: Final = ("id", "kind", "display_name", "description", "owners", "labels", "mark")


def group_values(group: Group) -> Values:
    """Return everything about a group but its name, members and revision."""
    values: Values = {
        "id": group.id,
        "kind": group.kind,
        "display_name": group.display_name,
        "description": group.description,
        "owners": None if group.owners is None else list(group.owners),
        "labels": None if group.labels is None else dict(group.labels),
        "mark": group.mark and mark_record(group.mark),
    }
    return {key: value for key, value in values.items() if value is not None}


def read_group(name: object, values: object) -> Group:
    """Return the group that `group_values` wrote, without members.

    Raises:
        RecordError: the values are not a group's; the message is a clause.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RecordError(f"{kind_of(name)} is no name of a group, expected lower-case letters, digits and `._-`")
    if not isinstance(values, dict):
        raise RecordError(f"`{name}` is {kind_of(values)}, expected an object")
    fields = Fields({**dict.fromkeys(_OPTIONAL), **values}, f"`{name}`")
    group = Group(
        name,
        id=fields.text_or_none("id"),
        kind=fields.text_or_none("kind") or KNOWN_USER_GROUP,
        display_name=fields.text_or_none("display_name"),
        description=fields.text_or_none("description"),
        owners=_read_owners(fields.take("owners")),
        labels=_read_labels(fields.take("labels")),
        mark=read_mark(fields.take("mark")),
        members=None,
    )
    fields.end()
    return group


def revision_of(group: Group, digest: str) -> str:
    """Return a token that moves with everything about the group but what its mark remembers.

    Args:
        group: its name, attributes, id and mark count; its members and revision don't.
        digest: stands for the members.
    """
    kept = replace(group, mark=replace(group.mark, past=None)) if group.mark else group
    text = json.dumps([group.name, group_values(kept), digest], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def parse_members(data: bytes, path: str, canonical: Callable[[str], str]) -> frozenset[str]:
    """Return the members in a text file that somebody edited: one a line, in any order, spelling and number of times.

    Raises:
        BackendError: it has a line that is no identifier, or is not UTF-8; names the line.
    """
    members = set()
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        bad = data.count(b"\n", 0, error.start) + 1
        raise _damaged(f"{path}:{bad}", "it is not UTF-8 text") from error
    for number, line in enumerate(map(str.strip, lines), 1):
        try:
            if line:
                members.add(canonical(line))
        except ValueError as error:
            raise _damaged(f"{path}:{number}", f"{line!a}: {error}") from error
    return frozenset(members)


def _damaged(place: str, problem: str) -> BackendError:
    return BackendError(f"a line at {place} is no member", problem, "Mend the line.")


def unreadable(damage: BackendError) -> Members:
    """Return the members of a group that is there but can't be read: whoever loads them gets the error."""

    def load() -> frozenset[str]:
        raise damage

    return Members(load)


def free_id(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return an id for a new group: its first name, numbered where another group had that before."""
    number, found = 1, name
    while is_taken(found):
        number += 1
        found = f"{name}#{number}"
    return found


def _read_owners(values: object) -> tuple[str, ...] | None:
    if values is None:
        return None
    if not isinstance(values, list):
        raise RecordError(f"its owners are {kind_of(values)}, expected a list")
    return tuple(sorted({_text(value, "an owner") for value in values}))


def _read_labels(values: object) -> tuple[tuple[str, str], ...] | None:
    if values is None:
        return None
    if not isinstance(values, dict):
        raise RecordError(f"its labels are {kind_of(values)}, expected an object")
    return tuple(sorted((_text(key, "a label"), _text(value, "a label's value")) for key, value in values.items()))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{what} is {kind_of(value)}, expected text")
    return value
