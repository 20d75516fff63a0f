"""The reading half of `groupsync.journal`, where the records are described."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.errors import ConfigError
from groupsync.model import Action, Outcome, Run, RunEntry, RunKind, SourceRange
from groupsync.planfile import read_plan
from groupsync.records import Fields, RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT_VERSION: Final = 1
RUN_ENDING: Final = ".jsonl"
PLAN_ENDING: Final = ".plan"
LAST: Final = "last"
"""Stands for the newest run where a run is asked for."""
_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_TAIL_BYTES: Final = 4096

Key: TypeAlias = tuple[str, str]


def run_ids(folder: Path) -> list[str]:
    """Return the ids of all runs in the journal `folder`, oldest first."""
    try:
        names = os.listdir(folder / "runs")  # noqa: PTH208 -- names are all that is needed
    except OSError:
        return []
    found = (name.removesuffix(RUN_ENDING) for name in names if name.endswith(RUN_ENDING))
    return sorted(name for name in found if _RUN_ID.fullmatch(name))


def plan_path(folder: Path, run: str) -> Path:
    """Return where the plan of a run is saved."""
    return folder / "runs" / f"{run}{PLAN_ENDING}"


def read_runs(folder: Path, project: str) -> Iterator[Run]:
    """Give the runs of a project, newest first.

    Raises:
        ConfigError: a file is damaged, or can't be read; `at` is the line.
    """
    for name in reversed(run_ids(folder)):
        run = read_run(folder, name)
        if run and run.project == project:
            yield run


def find_run(folder: Path, project: str, named: str) -> Run:
    """Return the run that somebody names: by its id, the beginning or the end of it, or `last`.

    Raises:
        ConfigError: there is none, there are several, or its file is damaged.
    """
    names = run_ids(folder)
    if named == LAST:
        found = names[-1:]
    else:
        found = [name for name in names if named and (name.startswith(named) or name.endswith(f"-{named}"))]
    if len(found) > 1:
        raise ConfigError(f"`{named}` may be any of {len(found)} runs", ", ".join(found), "Write more of it.")
    run = read_run(folder, found[0]) if found else None
    if run is None or run.project != project:
        summary = "Nothing was applied yet" if named == LAST else f"There is no run `{named}`"
        raise ConfigError(summary, f"The journal is `{folder}`.", "`groupsync history` lists the runs.")
    return run


def open_runs(folder: Path, project: str) -> Iterator[tuple[Run, frozenset[Key]]]:
    """Give the runs of which something may be left to do, newest first, and the changes that are.

    Those are changes that failed, were not tried, or of which nothing is known, unless a later run applied one to the
    same group. Nothing is left of a run that a later one went on with or took back.

    Raises:
        ConfigError: as `read_runs` does.
    """
    names = run_ids(folder)
    doubted = {name for name in names if not _ended_well(folder, name)}
    over: set[str] = set()
    settled: set[Key] = set()
    for name in reversed(names):
        if not doubted:
            return
        doubted.discard(name)
        run = read_run(folder, name)
        if run is None or run.project != project:
            continue
        left = frozenset() if run.id in over else frozenset(_left(folder, run) - settled)
        if left:
            yield run, left
        over.add(run.of)
        for entry in run.entries:
            if entry.outcome is Outcome.APPLIED:
                settled |= {entry.key, (entry.target, entry.prior_name or entry.name)}


def past_sizes(folder: Path, project: str, runs: int = 14) -> dict[Key, list[int]]:
    """Return how many members each group had after each of the last finished runs that served its target, newest last.

    Only groups that one of those runs changed are in it. Files that can't be read are left out.

    Args:
        folder: the journal.
        project: whose runs.
        runs: how many to look at.
    """
    sizes: dict[Key, list[int]] = {}
    served: dict[str, int] = {}
    for run in _last_finished(folder, project, runs):
        applied = [entry for entry in run.entries if entry.outcome is Outcome.APPLIED]
        now: dict[Key, int] = {}
        for entry in sorted(applied, key=lambda entry: entry.action is not Action.RENAME):
            before = sizes.pop((entry.target, entry.prior_name or entry.name), None)
            if entry.action is Action.DELETE:
                continue
            known = [] if entry.action is Action.CREATE else [entry.prior_count] * served.get(entry.target, 0)
            sizes[entry.key] = known if before is None else before
            now[entry.key] = entry.count
        for (target, name), counts in sizes.items():
            if target in run.targets:
                counts.append(now.get((target, name), counts[-1] if counts else 0))
        for target in run.targets:
            served[target] = served.get(target, 0) + 1
    return sizes


def past_rows(folder: Path, project: str, runs: int = 14) -> dict[str, int]:
    """Return how many customers each source had at the last of the finished runs that it was in, by its name."""
    rows: dict[str, int] = {}
    for run in _last_finished(folder, project, runs):
        rows |= dict(run.sources)
    return rows


def read_run(folder: Path, name: str) -> Run | None:
    """Read one run; None if it ended before it began. A last line that was cut off counts for nothing.

    Raises:
        ConfigError: the file can't be read or is damaged; `at` is the line.
    """
    path = folder / "runs" / f"{name}{RUN_ENDING}"
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"Can't read the journal of the run {name}", error.strerror or str(error)) from error
    reader = _Reader()
    for number, line in enumerate(lines[:-1], 1):
        try:
            reader.read(Fields(json.loads(line), "the record"))
        except (ValueError, RecursionError) as error:
            detail = str(error) if isinstance(error, RecordError) else "it is not JSON as groupsync writes it"
            hint = "Restore the file; or move it away, and lose what it tells."
            raise ConfigError(
                f"The journal of the run {name} is damaged", detail, hint, at=SourceRange(str(path), number)
            ) from error
    return reader.run()


def _left(folder: Path, run: Run) -> set[Key]:
    """Return the changes of a run that it did not bring to an end."""
    ends = {entry.key: entry.outcome for entry in run.entries}
    if run.finished_at is None:
        ends = {change.key: ends.get(change.key) for change in read_plan(plan_path(folder, run.id)).changes}
    return {key for key, outcome in ends.items() if outcome in (None, Outcome.FAILED, Outcome.NOT_TRIED)}


def _ended_well(folder: Path, name: str) -> bool:
    """Tell by its last line alone whether a run left nothing undone."""
    try:
        with (folder / "runs" / f"{name}{RUN_ENDING}").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            *_, last, rest = [b"", *file.read().split(b"\n")]
        record = json.loads(last)
    except (OSError, ValueError, RecursionError):
        return False
    return not rest and isinstance(record, dict) and record.get("record") == "end" and record.get("left") == 0


def _last_finished(folder: Path, project: str, count: int) -> list[Run]:
    """Return the last runs that came to their end, oldest first."""
    found: list[Run] = []
    for name in reversed(run_ids(folder)):
        if len(found) == count:
            break
        with suppress(ConfigError):
            run = read_run(folder, name)
            if run and run.project == project and run.finished_at:
                found.append(run)
    return found[::-1]


class _Reader:
    """Takes the records of one run, in their order."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._entries: dict[Key, RunEntry] = {}

    def run(self) -> Run | None:
        """Return what the records told."""
        return replace(self._run, entries=tuple(self._entries.values())) if self._run else None

    def read(self, fields: Fields) -> None:
        """Take one record.

        Raises:
            RecordError: it is not as it was written, or stands where it can't.
        """
        match fields.text("record"):
            case "header" if self._run is None:
                self._run = _header(fields)
            case "before" if self._run:
                fields.text_or_none("precondition")
                entry = _intent(fields)
                self._entries[entry.key] = entry
            case "step" if self._run:
                entry = self._tried(fields)
                self._entries[entry.key] = _with_step(entry, fields)
            case "after" if self._run:
                fields.instant("at")
                entry = self._tried(fields)
                self._entries[entry.key] = _with_result(entry, fields)
            case "result" if self._run:
                entry = _intent(fields)
                self._entries[entry.key] = _with_result(entry, fields)
            case "end" if self._run:
                finished_at, interrupted = fields.instant("at"), fields.flag("interrupted")
                self._run = replace(self._run, finished_at=finished_at, interrupted=interrupted)
                fields.count("left")
            case _:
                raise RecordError("there is no record of a run in this place")
        fields.end()

    def _tried(self, fields: Fields) -> RunEntry:
        key = (fields.text("target"), fields.text("name"))
        if key not in self._entries:
            raise RecordError(f"what became of {key[1][:40]!a} is told, and not that it was tried")
        return self._entries[key]


def _header(fields: Fields) -> Run:
    version = fields.count("format_version")
    if version != FORMAT_VERSION:
        raise RecordError(f"it has format version {version}, this groupsync reads version {FORMAT_VERSION}")
    return Run(
        id=fields.text("run"),
        kind=fields.one_of("kind", RunKind),
        of=fields.text("of"),
        project=fields.text("project"),
        plan_digest=fields.digest("plan_digest"),
        as_of=fields.instant("as_of"),
        started_at=fields.instant("started_at"),
        targets=fields.each("targets", str),
        changes=fields.count("changes"),
        user=fields.text("user"),
        host=fields.text("host"),
        pid=fields.count("pid"),
        version=fields.text("version"),
        allowances=fields.each("allowances", str),
        sources=fields.each("sources", _source),
    )


def _source(value: object) -> tuple[str, int]:
    fields = Fields(value, "a source")
    found = (fields.text("name"), fields.count("rows"))
    fields.end()
    return found


def _intent(fields: Fields) -> RunEntry:
    return RunEntry(
        target=fields.text("target"),
        name=fields.text("name"),
        action=fields.one_of("action", Action),
        outcome=None,
        prior_name=fields.text_or_none("prior_name"),
        prior_count=fields.count("prior_count"),
        count=fields.count("count"),
    )


def _with_step(entry: RunEntry, fields: Fields) -> RunEntry:
    added, removed = entry.added + fields.count("added"), entry.removed + fields.count("removed")
    revision = fields.text_or_none("revision")
    return replace(entry, steps=entry.steps + 1, added=added, removed=removed, revision=revision)


def _with_result(entry: RunEntry, fields: Fields) -> RunEntry:
    return replace(
        entry,
        outcome=fields.one_of("outcome", Outcome),
        error=fields.text("error"),
        hint=fields.text("hint"),
        attempts=fields.count("attempts"),
        added=fields.count("added"),
        removed=fields.count("removed"),
        readdressed=fields.count("readdressed"),
        revision=fields.text_or_none("revision"),
    )
