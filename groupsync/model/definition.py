"""What a user wrote, checked but not yet resolved."""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from groupsync.model.members import digest_bytes, encode_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model.criteria import Condition, Floor, Share, Top, Type
    from groupsync.model.findings import SourceRange
    from groupsync.model.guards import GroupGuards, Limit


@dataclass(frozen=True, slots=True)
class Period:
    """When an entry holds: `start ≤ as_of < until`, in UTC. None leaves that side open."""

    start: datetime | None = None
    until: datetime | None = None

    def holds(self, as_of: datetime) -> bool:
        """Tell whether the entry holds at `as_of`."""
        return (self.start is None or self.start <= as_of) and not self.expired(as_of)

    def expired(self, as_of: datetime) -> bool:
        """Tell whether a written `until` has passed."""
        return self.until is not None and self.until <= as_of


ALWAYS: Final = Period()


@dataclass(frozen=True, slots=True)
class TimedMember:
    """A member written as a mapping: `{email: …, from: …, until: …, reason: …}`. `address` is canonical."""

    address: str
    period: Period
    reason: str
    at: SourceRange


@dataclass(frozen=True, slots=True)
class InlineMembers:
    """The `members` of a definition.

    Attributes:
        plain: the members written as bare strings, canonical, in the order written, joined by newlines. One string and
            not a tuple because it crosses from the loading processes as one block of memory; see `plain_members`.
        timed: the members written as mappings, in the order written.
    """

    plain: str = ""
    timed: tuple[TimedMember, ...] = ()

    def plain_members(self) -> list[str]:
        """Return the bare members, in the order written."""
        return self.plain.split("\n") if self.plain else []


@dataclass(frozen=True, slots=True)
class Reading:
    """How a member file is to be read, beyond what can be told from it.

    Attributes:
        encoding: of a text that is not UTF-8, as Python names it; None for UTF-8.
        delimiter: between the cells; None: it is found.
        header_row: the line on which the header stands, from 1; 0 where there is none; None: it is found.
        skip: how many rows that can't be read may be left out; None for none.
        min_rows: the fewest members; None for any number.
        sheet: of a workbook: its name, or its number from 1; None for the only one that is filled.
        where: which rows are meant, as written; `Everyone` for all; None where nothing is said.
        types: of columns whose cells are no texts, by name.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    where: Condition | None = None
    types: tuple[tuple[str, Type], ...] = ()
    sheet: str | int | None = field(default=None, metadata={"said": "where it is there"})
    skip: Limit | None = field(default=None, metadata={"said": "where it is there"})
    min_rows: int | None = field(default=None, metadata={"said": "where it is there"})


@dataclass(frozen=True, slots=True)
class MemberFile:
    """One entry of `members_from`.

    Attributes:
        path: the file, relative to the project's folder, `/` between the parts; already known to lie inside it.
        column: name of the column that holds the member, or its number from 1; None for a text file or a table in which
            only one can be meant.
        at: where the entry is written.
        reading: how to read it, where that is said.
    """

    path: str
    column: str | int | None
    at: SourceRange
    reading: Reading | None = field(default=None, metadata={"said": "where it is there"})

    @property
    def key(self) -> str:
        """What two entries share that mean the same members, wherever they are written."""
        return json.dumps(said(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of `include`, `exclude` or `restrict_to`: a group's name or, with `is_pattern`, a glob over names."""

    target: str
    at: SourceRange
    is_pattern: bool = False
    period: Period = ALWAYS
    reason: str = ""


class State(enum.StrEnum):
    """Whether the group should exist on its targets."""

    PRESENT = "present"
    ABSENT = "absent"


class Mode(enum.StrEnum):
    """Whether groupsync may remove members (authoritative) or only add them."""

    AUTHORITATIVE = "authoritative"
    ADDITIVE = "additive"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How a group may come, change and go."""

    state: State = State.PRESENT
    mode: Mode = Mode.AUTHORITATIVE
    prevent_delete: bool = False
    adopt: bool = False


USUAL_LIFECYCLE: Final = Lifecycle()


@dataclass(frozen=True, slots=True)
class Definition:
    """One YAML document, checked against its schema.

    For `members`, `members_from` and `include`, None means that the key is not there, an empty tuple that it is `[]`.
    An attribute that is None is not managed: the target keeps what it has.

    Attributes:
        kind: `known-user-group` or `segment`.
        name: the key; `[a-z0-9][a-z0-9._-]{0,127}`.
        at: where the document's name is written.
        until: after it the group has no members; None for never.
        previously: earlier names, to rename from.
        targets: names of the targets it goes to, None for every one.
        guards: limits of its own; None where it has none.
        source, where: of a segment: name of the source in the config, and the condition as written. Both or neither.
        holdout: a part of all people that is left out.
        sample: the only part of all people that is let in; inline members are, too.
        limit: of a segment: only the first by an attribute; inline members besides.
        min_size: of a segment: the smallest size at which it is active; None for any.
    """

    kind: str
    name: str
    at: SourceRange
    display_name: str | None = None
    description: str | None = None
    owners: tuple[str, ...] | None = None
    labels: tuple[tuple[str, str], ...] | None = None
    members: InlineMembers | None = None
    members_from: tuple[MemberFile, ...] | None = None
    include: tuple[Reference, ...] | None = None
    exclude: tuple[Reference, ...] = ()
    restrict_to: tuple[Reference, ...] = ()
    until: datetime | None = None
    previously: tuple[str, ...] = ()
    lifecycle: Lifecycle = USUAL_LIFECYCLE
    targets: tuple[str, ...] | None = None
    guards: GroupGuards | None = None
    source: str | None = None
    where: Condition | None = None
    holdout: Share | None = None
    sample: Share | None = None
    limit: Top | None = None
    min_size: Floor | None = None

    @property
    def content_digest(self) -> str:
        """SHA-256 over what the definition says, in hexadecimal.

        Neither where and how it is written counts, nor the order of members, owners or references.
        """
        values = [said(getattr(self, name)) for name in _names(self)]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def said(value: object) -> object:
    """Return a value as plain JSON, without places and in an order of its own."""
    match value:
        case InlineMembers():
            return [digest_bytes(encode_members(value.plain_members())), said(value.timed)]
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case Decimal() | date():
            return str(value)
        case tuple():
            return sorted(map(said, value), key=repr)
        case _ if is_dataclass(value):
            # Conditions differ by what they are, not by what they hold: `all` and `any` hold the same.
            return [type(value).__name__, *(said(getattr(value, name)) for name in _names(value))]
        case _:
            message = f"{type(value).__name__} has no place in a definition"
            raise TypeError(message)


def _names(value: Any) -> list[str]:
    """Return the names of what a value says; not of what came later, and is not there."""
    return [
        each.name
        for each in fields(value)
        if each.name not in {"at", "field_at", "values_at"}
        and not (each.metadata and getattr(value, each.name) is None)
    ]


@dataclass(frozen=True, slots=True)
class Overlooked:
    """A file of the project that seems to hold definitions, of which none is read.

    Attributes:
        path: from the project's folder.
        names: of the groups that it seems to define, in its order, each once.
        why: it is not read, as a clause.
        cure: the command or edit that mends it.
    """

    path: str
    names: tuple[str, ...]
    why: str
    cure: str

    def __str__(self) -> str:
        return f"`{self.path}` has that name, but {self.why}."


def unread_as(name: str, overlooked: Iterable[Overlooked]) -> Overlooked | None:
    """Return the first file that is not read and seems to define a group of that name."""
    return next((each for each in overlooked if name in each.names), None)
