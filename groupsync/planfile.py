r"""Saved plans: written and read line by line, whatever their size.

A plan file is JSON Lines, ASCII, every line ended by `\n` and told apart by its `record`:

    header   format version, project, config, instant, sources, targets, the run that it takes back
    change   one a change, in the plan's order; lists of up to 1,000 members are in it …
    members  … longer ones go on in lines of 1,000: first all to add, then all to remove
    later, cause, quiet, drift, link, loss, diagnostic, refusal, allowance    one a finding
    end      counts, the plan's digest, and the SHA-256 of every byte before this line

Reading keeps the changes but no names: `Change.add` and `Change.remove` read theirs from the open file when asked and
check them against the change's count and digest, so a file that is altered or replaced meanwhile is noticed too.

Version 1 had no identities of config and targets and nothing of later dates; such a plan is read, keeps its digest, and
is written again as it was. What a version adds within itself are further keys and records: a reader passes over those
that it does not know, and refuses a higher version.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from groupsync.convert import change_record, check_members, source_record, target_record
from groupsync.convert_findings import (
    allowance_record,
    cause_record,
    comparison_record,
    diagnostic_record,
    drift_record,
    first_record,
    later_record,
    link_record,
    loss_record,
    quiet_record,
    refusal_record,
)
from groupsync.disk import sync_folder
from groupsync.errors import ConfigError
from groupsync.planfile_reader import MAX_LINE_BYTES, MEMBERS_IN_LINE, PlanFile, Reader, as_written, counts
from groupsync.records import Record, RecordError, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.model import Members, Plan


def read_plan(path: Path) -> Plan:
    """Read a saved plan; the members of its changes stay in the file, which is kept open, until asked for.

    Every byte is checked: against the types of its format version, the counts, the plan's digest and the file's own
    SHA-256. That protects against damage, not against somebody who means to deceive: what was reviewed is bound by
    the plan's digest; drift, diagnostics and verdict, which it does not cover, are to be worked out anew.

    Raises:
        ConfigError: the file can't be read, is no plan, is of another format version, or is damaged; `at` is the line.
            So do its `Members` when they load what doesn't fit any more.
    """
    return Reader(PlanFile(path)).plan()


def write_plan(plan: Plan, path: Path) -> None:
    """Save a plan, wholly or not at all; the file is for its owner alone, because it holds names.

    Reads the members of one change at a time. A file that is there is replaced.

    Raises:
        ConfigError: the file can't be written, or members are not those the plan was made with.
        GroupsyncError: members could not be read.
    """
    if plan.redacted:
        raise _unwritable(path, "people have pseudonyms in it")
    place = _place(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 — the file is open already
                _write(plan, file)
                os.fsync(file.fileno())
            Path(temporary).replace(place)
        finally:
            Path(temporary).unlink(missing_ok=True)
        sync_folder(place.parent)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _place(path: Path) -> Path:
    """Return where the file really is, so that a link to it is kept."""
    try:
        place = path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle: one or the other, by version
        raise _unwritable(path, "its links lead in a circle") from error
    if place.exists() and not place.is_file():
        raise _unwritable(path, "it is not an ordinary file")
    return place


def _unwritable(path: Path, detail: str) -> ConfigError:
    return ConfigError(f"Can't save the plan as {path}", detail, "Name another file.")


def _write(plan: Plan, file: BinaryIO) -> None:
    digest = hashlib.sha256()
    for line in _lines(plan):
        digest.update(line)
        file.write(line)
    end = {"record": "end", **counts(plan.changes), "digest": plan.digest, "sha256": digest.hexdigest()}
    file.write(_encode(end))
    file.flush()


def _encode(record: Record) -> bytes:
    line = json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ConfigError(
            "The plan can't be saved", f"one of its records takes {len(line):,} bytes", "shorten its texts"
        )
    return line


def _lines(plan: Plan) -> Iterator[bytes]:
    """Give all lines but the last."""
    yield _encode(
        as_written(
            {
                "record": "header",
                "format_version": plan.format_version,
                "project": plan.project,
                "config": plan.config,
                "as_of": format_instant(plan.as_of),
                "looking": plan.looking,
                "undoes": plan.undoes,
                "compared": _compared(plan),
                "sources": [source_record(source) for source in plan.sources],
                "targets": [target_record(target) for target in plan.targets],
            }
        )
    )
    for change in plan.changes:
        yield _encode(
            {"record": "change", **change_record(change, _side_record(change.add), _side_record(change.remove))}
        )
        for members in (change.add, change.remove):
            if members.count > MEMBERS_IN_LINE:
                names = _names(members)
                for start in range(0, len(names), MEMBERS_IN_LINE):
                    yield _encode({"record": "members", "members": names[start : start + MEMBERS_IN_LINE]})
    for kind, records in (
        ("later", map(later_record, plan.later)),
        ("cause", map(cause_record, plan.compared.causes if plan.compared else ())),
        ("quiet", map(quiet_record, plan.compared.quiet if plan.compared else ())),
        ("drift", map(drift_record, plan.drift)),
        ("link", map(link_record, plan.links)),
        ("known_as", ({"owner": owner, "now": now} for owner, now in plan.known_as)),
        ("loss", map(loss_record, plan.lost)),
        ("first", map(first_record, plan.firsts)),
        ("diagnostic", map(diagnostic_record, plan.diagnostics)),
        ("refusal", map(refusal_record, plan.verdict.refusals)),
        ("allowance", map(allowance_record, plan.verdict.allowances)),
    ):
        yield from (_encode({"record": kind, **record}) for record in records)


def _compared(plan: Plan) -> Record | None:
    """Return the header's part of a comparison; its causes have lines of their own."""
    return None if plan.compared is None else comparison_record(replace(plan.compared, causes=(), quiet=()))


def _side_record(members: Members) -> Record:
    record: Record = {"count": members.count, "digest": members.digest}
    return record | {"members": _names(members)} if 0 < members.count <= MEMBERS_IN_LINE else record


def _names(members: Members) -> list[str]:
    names = members.text().decode().split("\n")[:-1]
    try:
        check_members(names, members.count, members.digest)
    except RecordError as error:
        raise ConfigError("Members changed while the plan was being saved", str(error), "Plan again.") from error
    return names
