"""The reading half of `groupsync.journal`, where the records are described."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_records import RunReader, read_link_record
from groupsync.model import DOUBTED, Diagnostic, Outcome, Run, Severity, SourceRange
from groupsync.planfile import read_plan
from groupsync.records import Fields, RecordError
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from groupsync.config_identity import ConfigId
    from groupsync.journal_records import Key
    from groupsync.links import Remembered
    from groupsync.records import Record

RUN_ENDING: Final = ".jsonl"
PLAN_ENDING: Final = ".plan"
LAST: Final = "last"
"""Stands for the newest run that had anything to change where a run is asked for."""
_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_TAIL_BYTES: Final = 65_536
_WRITTEN: Final = (Outcome.APPLIED, *DOUBTED, None)


def run_ids(folder: Path) -> list[str]:
    """Return the ids of all runs in the journal `folder`, oldest first; none only where there is no such folder.

    Raises:
        ConfigError: the folder can't be read, so that nobody knows.
    """
    runs = folder / "runs"
    try:
        names = os.listdir(runs)  # noqa: PTH208 -- names are all that is needed
    except FileNotFoundError:
        return []
    except OSError as error:
        detail = f"{runs}: {error.strerror or error}. What was applied before is not known."
        hint = "Make it readable, or move it away, and lose what it tells. Who ran groupsync before may own it."
        raise ConfigError("The journal can't be read", detail, hint) from error
    found = (name.removesuffix(RUN_ENDING) for name in names if name.endswith(RUN_ENDING))
    return sorted(name for name in found if _RUN_ID.fullmatch(name))


def run_ids_of(folder: Path, config: ConfigId) -> list[str]:
    """Return the ids of a config's runs, oldest first; also of those whose first line can't be read.

    Args:
        folder: the journal.
        config: see `Config.id`.
    """
    return [name for name in run_ids(folder) if _may_be_of(folder, name, config)]


def is_run_of(run: Run, config: ConfigId) -> bool:
    """Tell whether a run belongs to a config.

    A journal of format version 1 does not tell the config. Such a run is taken for one of the config that asks: without
    it there would be nothing to go on with, to take back or to judge by after an upgrade.
    """
    return config.is_named(run.config) if run.config else run.project == config.project


def same_store(identity: str, other: str) -> bool:
    """Tell whether two identities of targets may be of one store; one that is not known may be of any."""
    return not identity or not other or identity == other


def plan_path(folder: Path, run: str) -> Path:
    """Return where the plan of a run is saved."""
    return folder / "runs" / f"{run}{PLAN_ENDING}"


def has_names(folder: Path, run: Run) -> bool:
    """Tell whether the plan of a run may be read; of one that is withheld only the machine that ran it may have it."""
    return not run.withheld or plan_path(folder, run.id).exists()


def read_runs(folder: Path, project: str) -> Iterator[Run]:
    """Give the runs of a project, newest first.

    Raises:
        ConfigError: a file is damaged, or can't be read; `at` is the line.
    """
    for name in reversed(run_ids(folder)):
        run = read_run(folder, name)
        if run and run.project == project:
            yield run


def find_run(folder: Path, config: ConfigId, named: str, *, to_undo: bool = False) -> Run:
    """Return the run that somebody names: by its id, the beginning or the end of it, or `last`.

    `last` is the newest of that config; an id may be that of another config of the project.

    Args:
        folder: the journal.
        config: see `Config.id`.
        named: by somebody.
        to_undo: `last` is then the newest that may have written anything: a run that was refused took nothing back.

    Raises:
        ConfigError: there is none, there are several, or its file is damaged.
    """
    names = run_ids(folder)
    if named == LAST:
        outlines = (read_outline(folder, name) for name in reversed(names))
        runs = (run.id for run in outlines if run and is_run_of(run, config) and run.changes)
        newest = next((each for each in runs if not to_undo or _may_have_written(folder, each)), None)
        found = [newest] if newest else []
    else:
        found = [name for name in names if named and (name.startswith(named) or name.endswith(f"-{named}"))]
    if len(found) > 1:
        raise ConfigError(
            f"`{named}` may be any of {counted(len(found), 'run')}", ", ".join(found), "Write more of it."
        )
    run = read_run(folder, found[0]) if found else None
    if run is None or run.project != config.project:
        summary = "Nothing was applied yet" if named == LAST else f"There is no run `{named}`"
        raise ConfigError(summary, f"The journal is `{folder}`.", "`groupsync history` lists the runs.")
    return run


def open_runs(folder: Path, config: ConfigId) -> Iterator[tuple[Run, frozenset[Key]]]:
    """Give the runs of a config of which something may be left to do, newest first, and the changes that are.

    Those are changes that failed, were not tried, or of which nothing is known, and those that a resume refused, unless
    a later run applied one to the same group. Nothing is left of a run that a later one went on with or took back.

    Raises:
        ConfigError: as `read_runs` does.
    """
    names = run_ids_of(folder, config)
    doubted = {name for name in names if _end_of(folder, name).get("left") != 0}
    over: set[str] = set()
    settled: set[Key] = set()
    for name in reversed(names):
        if not doubted:
            return
        doubted.discard(name)
        run = read_run(folder, name)
        if run is None or not is_run_of(run, config):
            continue
        left = frozenset() if run.id in over else frozenset(_left(folder, run) - settled)
        if left:
            yield run, left
        over.add(run.of)
        for entry in run.entries:
            if entry.outcome is Outcome.APPLIED:
                settled |= {entry.key, (entry.target, entry.prior_name or entry.name)}


def idle_and_busy(folder: Path, config: ConfigId) -> tuple[list[str], list[str]]:
    """Return the ids of a config's runs that did nothing and left nothing to do, and of its others, oldest first."""
    idle: list[str] = []
    busy: list[str] = []
    for name in run_ids_of(folder, config):
        end = _end_of(folder, name)
        (idle if end.get("left") == end.get("applied") == 0 else busy).append(name)
    return idle, busy


@contextmanager
def collecting(unread: list[ConfigError] | None) -> Iterator[None]:
    """Leave out a run that can't be read, and hand back what is wrong with it."""
    try:
        yield
    except ConfigError as error:
        if unread is not None:
            unread.append(error)


def unread_run(error: ConfigError) -> Diagnostic:
    """Return the warning that what a run did is not known, for one that can't be read."""
    where = f" ({error.at})" if error.at else ""
    detail = f"{error.detail}{where}. Guards that compare with past runs go without it, and so does `--resume`."
    return Diagnostic("GS611", Severity.WARNING, error.summary, detail, error.hint)


def read_outline(folder: Path, name: str) -> Run | None:
    """Read of one run how it began and how it ended alone; its entries are left out.

    Raises:
        ConfigError: the file can't be read or its first line is damaged.
    """
    try:
        with _path(folder, name).open("rb") as file:
            first = file.readline()
    except OSError as error:
        raise _unreadable(name, error) from error
    if not first.endswith(b"\n"):
        return None
    reader = RunReader()
    _take(reader, folder, name, 1, first)
    if end := _end_of(folder, name):
        with suppress(ValueError):
            reader.read(Fields(end, "the record"))
    return reader.run()


def read_run(folder: Path, name: str, keys: Container[Key] | None = None) -> Run | None:
    """Read one run; None if it ended before it began. A last line that was cut off counts for nothing.

    Args:
        folder: the journal.
        name: the run's id.
        keys: targets and names of the changes to read; all others are left out, unchecked. None for all.

    Raises:
        ConfigError: the file can't be read or is damaged; `at` is the line.
    """
    try:
        lines = _path(folder, name).read_bytes().split(b"\n")
    except OSError as error:
        raise _unreadable(name, error) from error
    reader = RunReader(keys)
    for number, line in enumerate(lines[:-1], 1):
        _take(reader, folder, name, number, line)
    return reader.run()


def read_links(folder: Path, name: str) -> Remembered | None:
    """Return how groups were built on others after a run; None where it does not say.

    Raises:
        ConfigError: the file can't be read, or that line is damaged.
    """
    try:
        lines = _path(folder, name).read_bytes().split(b"\n")
    except OSError as error:
        raise _unreadable(name, error) from error
    for number, line in enumerate(lines[:-1], 1):
        if line.startswith(b'{"record":"links"'):
            try:
                fields = Fields(json.loads(line), "the record")
                fields.text("record")
                return read_link_record(fields)
            except (ValueError, RecursionError) as error:
                raise _damaged(folder, name, number, error) from error
    return None


def _take(reader: RunReader, folder: Path, name: str, number: int, line: bytes) -> None:
    try:
        record = json.loads(line)
        if reader.wants(record):
            reader.read(Fields(record, "the record"))
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, name, number, error) from error


def _damaged(folder: Path, name: str, line: int, error: Exception) -> ConfigError:
    detail = str(error) if isinstance(error, RecordError) else "it is not JSON as groupsync writes it"
    hint = "Restore the file; or move it away, and lose what it tells."
    at = SourceRange(str(_path(folder, name)), line)
    return ConfigError(f"The journal of the run {name} is damaged", detail, hint, at=at)


def _path(folder: Path, name: str) -> Path:
    return folder / "runs" / f"{name}{RUN_ENDING}"


def _unreadable(name: str, error: OSError) -> ConfigError:
    hint = "Make it readable, or move it away, and lose what it tells."
    return ConfigError(f"Can't read the journal of the run {name}", error.strerror or str(error), hint)


def _may_be_of(folder: Path, name: str, config: ConfigId) -> bool:
    try:
        run = read_outline(folder, name)
    except ConfigError:
        return True
    return run is not None and is_run_of(run, config)


def _may_have_written(folder: Path, name: str) -> bool:
    """Tell whether a run wrote anything, as far as is known: one that does not say how it ended may have."""
    end = _end_of(folder, name)
    if not end or end.get("applied"):
        return True
    run = read_run(folder, name)
    return run is not None and any(entry.steps or entry.outcome in _WRITTEN for entry in run.entries)


def _left(folder: Path, run: Run) -> set[Key]:
    """Return the changes of a run that it did not bring to an end."""
    ends = {entry.key: entry.outcome for entry in run.entries}
    if run.finished_at is None and run.changes:
        planned = read_plan(plan_path(folder, run.id)).changes if has_names(folder, run) else run.planned
        ends = {each.key: ends.get(each.key) for each in planned}
    return {key for key, outcome in ends.items() if run.kind.leaves(outcome)}


def _end_of(folder: Path, name: str) -> Record:
    """Return the record with which a run ended, by its last line alone; nothing where it did not."""
    try:
        with _path(folder, name).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            *_, last, rest = [b"", *file.read().split(b"\n")]
        record = json.loads(last)
    except (OSError, ValueError, RecursionError):
        return {}
    return record if not rest and isinstance(record, dict) and record.get("record") == "end" else {}
