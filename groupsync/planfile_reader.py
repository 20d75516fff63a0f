"""The reading half of `groupsync.planfile`, where the format is described."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import weakref
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.convert import checked_members, member_list, read_change, read_source, read_target
from groupsync.convert_findings import (
    read_allowance,
    read_cause,
    read_comparison,
    read_diagnostic,
    read_drift,
    read_first,
    read_later,
    read_link,
    read_loss,
    read_quiet,
    read_refusal,
)
from groupsync.errors import ConfigError
from groupsync.model import (
    EMPTY_DIGEST,
    NO_MEMBERS,
    Allowance,
    Cause,
    Change,
    Diagnostic,
    Drift,
    First,
    Later,
    Link,
    Loss,
    Members,
    Plan,
    QuietEdit,
    Refusal,
    SourceRange,
    Verdict,
)
from groupsync.plan import plan_digest
from groupsync.records import Fields, Record, RecordError
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from groupsync.model import Comparison, TargetState

FORMAT_VERSION: Final = 2
MEMBERS_IN_LINE: Final = 1000
MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_MEMBERS_START: Final = b'{"record":"members",'
_BLOCK_BYTES: Final = 64 * 1024
_AGAIN: Final = "Make the plan again: groupsync plan --out FILE"


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return the counts that the last line gives."""
    return {
        "changes": len(changes),
        "added": sum(change.add.count for change in changes),
        "removed": sum(change.remove.count for change in changes),
    }


def as_written(header: Record) -> Record:
    """Return a header as its format version has it."""
    if header["format_version"] != 1:
        return header
    targets = [{key: value for key, value in each.items() if key != "identity"} for each in _targets(header)]
    return {key: value for key, value in header.items() if key != "config"} | {"targets": targets}


def _as_newest(header: Record) -> Record:
    """Return a header with what its format version lacks, empty."""
    if header["format_version"] != 1:
        return header
    return header | {"config": "", "targets": [each | {"identity": ""} for each in _targets(header)]}


def _targets(header: Record) -> list[Record]:
    targets = header.get("targets")
    return [each for each in targets if isinstance(each, dict)] if isinstance(targets, list) else []


class PlanFile:
    """An open file; closed when nobody refers to it any more, so that lazy members can go on reading."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self.handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        weakref.finalize(self, os.close, self.handle)
        if not stat.S_ISREG(os.fstat(self.handle).st_mode):
            raise self._unreadable("it is not an ordinary file")

    def lines(self, offset: int, block_bytes: int = _BLOCK_BYTES) -> Iterator[bytes]:
        """Give the lines from `offset` on, each with its end; what follows the last end of line comes last."""
        rest = b""
        while block := self._block(offset, block_bytes):
            offset += len(block)
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > MAX_LINE_BYTES:
                break
        if rest:
            yield rest

    def damaged(self, line: int, detail: str) -> ConfigError:
        """Return the error for a line that is not as it was written."""
        return ConfigError(f"The plan file {self.name} is damaged", detail, _AGAIN, at=SourceRange(self.name, line))

    def _block(self, offset: int, block_bytes: int) -> bytes:
        try:
            return os.pread(self.handle, block_bytes, offset)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error

    def _unreadable(self, detail: str) -> ConfigError:
        return ConfigError(f"Can't read the plan file {self.name}", detail, _AGAIN)


class Reader:
    """Goes through the lines of a plan file once."""

    def __init__(self, file: PlanFile) -> None:
        self.file = file
        self.lines = file.lines(0)
        self.line = b""
        self.number = 0  # of that line, from 1
        self.offset = 0  # where it starts
        self.sha256 = hashlib.sha256()  # of all lines before it
        self.targets: dict[str, TargetState] = {}
        self.changes: list[Change] = []
        self.later: list[Later] = []
        self.causes: list[Cause] = []
        self.quiet: list[QuietEdit] = []
        self.drift: list[Drift] = []
        self.links: list[Link] = []
        self.lost: list[Loss] = []
        self.firsts: list[First] = []
        self.known_as: list[tuple[str, str]] = []
        self.diagnostics: list[Diagnostic] = []
        self.refusals: list[Refusal] = []
        self.allowances: list[Allowance] = []

    def plan(self) -> Plan:
        """Return the plan in the file."""
        header = self._header()
        try:
            compared = read_comparison(header.take("compared"))
            self.targets = {target.name: target for target in header.each("targets", read_target)}
            plan = Plan(
                project=header.text("project"),
                as_of=header.instant("as_of"),
                targets=tuple(self.targets.values()),
                changes=(),
                digest="",
                looking=header.flag("looking"),
                undoes=header.text("undoes"),
                sources=header.each("sources", read_source),
                config=header.text("config"),
                format_version=header.count("format_version"),
            )
            return self._body(plan, compared)
        except (ValueError, RecursionError) as error:  # RecordError, or what json makes of other text
            raise self.file.damaged(self.number, _clause(error)) from error

    def _header(self) -> Fields:
        try:
            self._advance()
            record = json.loads(self.line)
            header = Fields(record, "the header")
            if header.text("record") != "header":
                raise RecordError("it does not start with a header")
            version = header.count("format_version")
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"{self.file.name} is not a plan file",
                _clause(error),
                "Give the file that `groupsync plan --out FILE` wrote; --format json is for other programs.",
                at=SourceRange(self.file.name, self.number),
            ) from error
        if not 1 <= version <= FORMAT_VERSION:
            detail = f"it has format version {version}, this groupsync reads versions 1 to {FORMAT_VERSION}"
            raise ConfigError(f"The plan file {self.file.name} is from another groupsync", detail, _AGAIN)
        return Fields(_as_newest(record), "the header")

    def _body(self, plan: Plan, compared: Comparison | None) -> Plan:
        """Read all records after the header, and return the plan with what is in them."""
        while True:
            self._advance()
            record = json.loads(self.line)
            match record.pop("record", None) if isinstance(record, dict) else None:
                case "change":
                    self._change(Fields(record, "the change"))
                case "end":
                    return self._end(Fields(record, "the end"), self._filled(plan, compared))
                case "header" | "members":
                    raise RecordError("there is a record in this line that can't be here")
                case str() as kind:
                    self._finding(kind, record)
                case _:
                    raise RecordError("there is no record of a plan in this line")

    def _finding(self, kind: str, record: object) -> None:
        """Take a record of one line; one that this version does not know is of a later groupsync, and passed over."""
        match kind:
            case "later":
                self.later.append(read_later(record))
            case "cause":
                self.causes.append(read_cause(record))
            case "quiet":
                self.quiet.append(read_quiet(record))
            case "drift":
                self.drift.append(read_drift(record))
            case "link":
                self.links.append(read_link(record))
            case "known_as":
                fields = Fields(record, "who an owner is")
                self.known_as.append((fields.text("owner"), fields.text("now")))
            case "loss":
                self.lost.append(read_loss(record))
            case "first":
                self.firsts.append(read_first(record))
            case "diagnostic":
                self.diagnostics.append(read_diagnostic(record))
            case "refusal":
                self.refusals.append(read_refusal(record))
            case "allowance":
                self.allowances.append(read_allowance(record))

    def _filled(self, plan: Plan, compared: Comparison | None) -> Plan:
        return replace(
            plan,
            changes=tuple(self.changes),
            later=tuple(self.later),
            drift=tuple(self.drift),
            links=tuple(self.links),
            lost=tuple(self.lost),
            firsts=tuple(self.firsts),
            known_as=tuple(self.known_as),
            diagnostics=tuple(self.diagnostics),
            verdict=Verdict(tuple(self.refusals), tuple(self.allowances)),
            compared=replace(compared, causes=tuple(self.causes), quiet=tuple(self.quiet)) if compared else None,
        )

    def _advance(self) -> None:
        self.sha256.update(self.line)
        self.offset += len(self.line)
        self.number += 1
        self.line = next(self.lines, b"")
        if not self.line.endswith(b"\n"):
            raise RecordError("the line is too long" if len(self.line) > MAX_LINE_BYTES else "the file ends too early")

    def _change(self, fields: Fields) -> None:
        line = _Place(self.file, self.offset, self.number, len(self.line))
        add, remove = (_Side.read(name, fields.take(name)) for name in ("add", "remove"))
        change = read_change(fields, add.members(line), remove.members(line))
        if change.target not in self.targets:
            raise RecordError(f"its target {change.target[:40]!a} is not in the header")
        if self.changes and self.changes[-1].key >= change.key:
            raise RecordError(f"the change of {change.name[:40]!a} is out of order")
        if add.is_long:
            change = replace(change, add=self._continued(add))
        if remove.is_long:
            change = replace(change, remove=self._continued(remove))
        self.changes.append(change)

    def _continued(self, side: _Side) -> Members:
        """Pass the lines that a long list goes on in; what they hold is checked when it is loaded."""
        first = _Place(self.file, self.offset + len(self.line), self.number + 1, _BLOCK_BYTES)
        for _ in range(-(-side.count // MEMBERS_IN_LINE)):
            self._advance()
            if not self.line.startswith(_MEMBERS_START):
                raise RecordError(f"{_announced(side.count, side.name)}, and fewer are there")
        return side.members(first)

    def _end(self, end: Fields, plan: Plan) -> Plan:
        digest = end.digest("digest")
        for key, expected in counts(self.changes).items():
            if end.count(key) != expected:
                raise RecordError(f"{key!r} does not fit what comes before it: {expected:,}")
        if end.digest("sha256") != self.sha256.hexdigest():
            raise RecordError("the lines before it are not those that were written: their SHA-256 differs")
        if next(self.lines, b""):
            self.number += 1
            raise RecordError("there is something after the last record")
        if plan_digest(plan) != digest:
            raise RecordError("the changes don't have the digest that is given for the plan")
        return replace(plan, digest=digest)


def _announced(count: int, name: str) -> str:
    return counted(count, f"member to {name} is announced", f"members to {name} are announced")


@dataclass(frozen=True, slots=True)
class _Side:
    """What a change's line says of the members to add or to remove."""

    name: str
    count: int
    digest: str

    @classmethod
    def read(cls, name: str, value: object) -> _Side:
        fields = Fields(value, f"{name!r}")
        side = cls(name, fields.count("count"), fields.digest("digest"))
        if 0 < side.count <= MEMBERS_IN_LINE and len(fields.each("members", str)) != side.count:
            raise RecordError(f"{_announced(side.count, name)}, and another number is there")
        if not side.count and side.digest != EMPTY_DIGEST:
            raise RecordError(f"no members to {name} are announced, and a digest of some")
        return side

    @property
    def is_long(self) -> bool:
        """Whether the list goes on in further lines."""
        return self.count > MEMBERS_IN_LINE

    def members(self, place: _Place) -> Members:
        """Return the members, to be loaded from the line at `place`."""
        if not self.count:
            return NO_MEMBERS
        load, text = partial(self._load, place), partial(self._text, place)
        return Members(load, count=self.count, digest=self.digest, raw=text)

    def _load(self, place: _Place) -> frozenset[str]:
        with place.damage():
            return checked_members(self._names(place), self.count, self.digest)

    def _text(self, place: _Place) -> bytes:
        with place.damage():
            return "\n".join([*self._names(place), ""]).encode()

    def _names(self, place: _Place) -> list[str]:
        names: list[str] = []
        for line in islice(place.file.lines(place.offset, place.length_bytes), -(-self.count // MEMBERS_IN_LINE)):
            record = json.loads(line)
            names += member_list((record if self.is_long else record[self.name])["members"])
        return names


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line starts in the file, its number from 1, and how many bytes to read at once from there."""

    file: PlanFile
    offset: int
    number: int
    length_bytes: int

    @contextmanager
    def damage(self) -> Iterator[None]:
        """Raise what goes wrong with the line as damage of the file."""
        try:
            yield
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise self.file.damaged(self.number, _clause(error)) from error


def _clause(error: BaseException) -> str:
    return str(error) if isinstance(error, RecordError) else "it is not JSON as groupsync writes it"
