"""The ledger of a target that can't hold marks: what is ours there, and what it was when it was last applied.

A file of the project, kept in git; or, where the journal has a store with a key, one in that store, which the
project's began. One JSON object a line, sorted by name. While a run lasts lines are added to it, and the last one of
a name counts. One without digest says that the group is no longer ours, one with an empty digest that a change of it
was begun. When the run is over the file is put in order. A crash loses nothing but, at the worst, a half-written last
line. An edge: it does I/O.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from groupsync import disk
from groupsync.convert_past import past_record, read_past
from groupsync.errors import ConfigError
from groupsync.model import Action, Diagnostic, Mark, Outcome, Severity
from groupsync.our_groups import groups_of_ours
from groupsync.ownership import WHAT_IS_DEFINED, Ownership, OwnsRule
from groupsync.records import Fields, RecordError
from groupsync.target_identity import target_identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from groupsync.apply import Recorder
    from groupsync.backend import Backend, Step
    from groupsync.config import Config, TargetConfig
    from groupsync.model import Change, Result
    from groupsync.resolve import Desired

_HINT: Final = "Restore it from git, or mend the line."


class Ledger:
    """A ledger's file. Safe to use from several threads.

    Attributes:
        problem: why it could not be written any further; empty as long as it could.
    """

    def __init__(self, root: Path, path: str, project: str, kept: Sequence[Path] = ()) -> None:
        """Name the file; reads nothing.

        Args:
            root: the project's folder.
            path: from there, `/` between the parts.
            project: whose groups they are.
            kept: where it is kept instead, and where that was before: the first of these and the project's file that
                there is began it.

        Raises:
            ConfigError: the path leads out of the project, into a hidden folder, or to another kind of file.
        """
        inside = (root / path).resolve()
        self._path, *begun_by = (*kept, inside)
        self._begun_by = begun_by
        self._shown = path
        self._project = project
        self._mutex = threading.Lock()
        self._valid_bytes: int | None = None
        self._begun: set[str] = set()
        self.problem = ""
        if not inside.is_relative_to(root.resolve()):
            raise ConfigError(f"The ledger `{path}` leads out of the project", f"It is `{inside}`.", "Move it in.")
        within = inside.relative_to(root.resolve())
        if within.suffix != ".jsonl" or any(part.startswith(".") for part in within.parts):
            hint = "Name a file that ends in `.jsonl`, in no hidden folder, and without links to such."
            raise ConfigError(f"The ledger `{path}` can't lie there", f"It is `{inside}`.", hint)

    def read(self) -> dict[str, Mark]:
        """Return what the ledger has, by name; nothing where there is no file yet.

        Raises:
            ConfigError: it can't be read, or is damaged.
        """
        marks: dict[str, Mark] = {}
        for number, line in enumerate(self._whole_lines().splitlines(), 1):
            try:
                name, mark = _entry(json.loads(line), self._project)
            except (ValueError, RecursionError) as error:
                raise ConfigError(
                    f"Line {number} of the ledger `{self._shown}` is damaged", str(error), _HINT
                ) from error
            marks.pop(name, None)
            if mark is not None:
                marks[name] = mark
        return marks

    @property
    def is_there(self) -> bool:
        """Whether there is a file."""
        return self._found() is not None

    def _found(self) -> Path | None:
        return next((each for each in (self._path, *self._begun_by) if each.exists()), None)

    def check(self) -> None:
        """Refuse to go on where nothing can be recorded; the first time it is tried, before anything is changed.

        Raises:
            ConfigError: the ledger can't be written.
        """
        if self._valid_bytes is None:
            self._write(b"")
        if self.problem:
            raise ConfigError(f"The ledger `{self._shown}` can't be written", self.problem, "Make it writable.")

    def begin(self, change: Change) -> None:
        """Record that a change was begun, and not all of it is written: the group is ours, whatever comes."""
        if change.mark is not None and change.name not in self._begun:
            self._begun.add(change.name)
            self.record(replace(change, mark=change.mark.unfinished()))

    def record(self, change: Change) -> None:
        """Record what a change made of its group."""
        self._write(b"".join(_line(name, mark) for name, mark in _entries(change).items()))

    def _write(self, lines: bytes) -> None:
        with self._mutex:
            if not self.problem:
                try:
                    self._append(lines)
                except (OSError, ConfigError) as error:
                    self.problem = str(error)

    def tidy(self, applied: Iterable[Change]) -> Diagnostic | None:
        """Put the file in order, with the changes that turned out to be applied; return a warning if it can't be."""
        try:
            marks: dict[str, Mark | None] = dict(self.read())
            for change in applied:
                marks |= _entries(change)
            lines = [_line(name, mark) for name, mark in sorted(marks.items()) if mark is not None]
            disk.write_atomically(self._path, b"".join(lines))
        except (OSError, ConfigError) as error:
            summary = f"The ledger `{self._shown}` is not what was applied"
            hint = "Make it writable, and apply again with `--adopt`."
            return Diagnostic("GS608", Severity.WARNING, summary, self.problem or str(error), hint)
        return None

    def _append(self, lines: bytes) -> None:
        if self._valid_bytes is None:
            disk.make_folder(self._path.parent)
            whole = self._whole_lines()
            if not self._path.exists() and whole:
                disk.write_atomically(self._path, whole)
            self._valid_bytes = len(whole)
        disk.append(self._path, lines, self._valid_bytes)
        self._valid_bytes += len(lines)

    def _whole_lines(self) -> bytes:
        try:
            found = self._found()
            data = disk.read_file(found) if found else b""
        except FileNotFoundError:
            return b""
        except OSError as error:
            detail = error.strerror or str(error)
            raise ConfigError(f"The ledger `{self._shown}` can't be read", detail, _HINT) from error
        return data[: data.rfind(b"\n") + 1]


class Ledgers:
    """The ledgers of a run, and the recorder behind them; a recorder itself."""

    def __init__(self, ledgers: Mapping[str, Ledger], journal: Recorder | None) -> None:
        self._ledgers = ledgers
        self._journal = journal

    @classmethod
    def of(cls, config: Config, backends: Iterable[str], journal: Recorder | None) -> Ledgers:
        """Return the ledgers of those targets that have one."""
        named = {target.name: ledger_of(config, target) for target in config.targets if target.name in set(backends)}
        return cls({name: ledger for name, ledger in named.items() if ledger is not None}, journal)

    def before(self, change: Change) -> None:
        """Refuse what could not be recorded; see `Recorder.before`."""
        if change.target in self._ledgers:
            self._ledgers[change.target].check()
        if self._journal:
            self._journal.before(change)

    def step(self, change: Change, step: Step) -> None:
        """Record that a change was begun, unless its first write was all of it; see `Recorder.step`."""
        is_part = step.added + step.removed < change.add.count + change.remove.count
        if is_part and change.target in self._ledgers:
            self._ledgers[change.target].begin(change)
        if self._journal:
            self._journal.step(change, step)

    def after(self, change: Change, result: Result) -> None:
        """Record what became of a change; see `Recorder.after`."""
        if result.outcome is Outcome.APPLIED and change.target in self._ledgers:
            self._ledgers[change.target].record(change)
        if self._journal:
            self._journal.after(change, result)

    def tidy(self, changes: Iterable[Change], results: Iterable[Result]) -> tuple[Diagnostic, ...]:
        """Put every ledger in order once the results are final; return a warning for each that can't be."""
        done = {(result.target, result.name) for result in results if result.outcome is Outcome.APPLIED}
        applied = [change for change in changes if change.key in done]
        found = [
            ledger.tidy(mine)
            for target, ledger in self._ledgers.items()
            if (mine := [change for change in applied if change.target == target])
        ]
        return tuple(each for each in found if each)


def ledger_of(config: Config, target: TargetConfig) -> Ledger | None:
    """Return the ledger that a target names, None where it names none. A store of the journal with a key keeps it.

    Raises:
        ConfigError: it leads out of the project.
    """
    if target.owns is None or target.owns.rule is not OwnsRule.LEDGER:
        return None
    path = target.owns.path
    kept: list[Path] = []
    if config.store and config.store.keys:
        # Of a config in a folder it had the same name as that of one in another folder, until the folder was in it.
        earlier = (path,) if config.id.folder and config.id.earlier else ()
        kept = [config.journal / "ledgers" / quote(each, safe="") for each in (config.id.folder + path, *earlier)]
    return Ledger(config.root, path, config.project, kept)


def ownership_of(config: Config, target: TargetConfig, backend: Backend, here: Iterable[Desired]) -> Ownership | None:
    """Return what is ours on a target that can't hold marks, None on one that can. Reads the ledger, or the journal.

    Args:
        config: of the project.
        target: which target.
        backend: its backend.
        here: what is desired there.

    Raises:
        ConfigError: `owns` does not go with the target, or the ledger can't be read.
    """
    if backend.capabilities.ownership:
        if target.owns is None:
            return None
        summary = f"`owns` does not go with the target `{target.name}`"
        detail = "It can hold ownership marks, and they tell what is this project's."
        raise ConfigError(summary, detail, "Take `owns` out.", at=target.at)
    names = {name for each in here for name in (each.group.name, *each.definition.previously)}
    if target.owns is None:
        store = target_identity(target.plugin, target.options.values, backend)
        known = groups_of_ours(config.journal, config.id, target.name, store)
        return Ownership(WHAT_IS_DEFINED, config.project, names, {}, known)
    ledger = ledger_of(config, target)
    recorded = ledger.read() if ledger else {}
    return Ownership(target.owns, config.project, names, recorded, is_there=ledger is None or ledger.is_there)


def _entries(change: Change) -> dict[str, Mark | None]:
    gone: dict[str, Mark | None] = {change.prior_name: None} if change.prior_name else {}
    is_over = change.action in {Action.DELETE, Action.FORGET}
    return gone | {change.name: None if is_over else change.mark}


def _entry(value: object, project: str) -> tuple[str, Mark | None]:
    fields = Fields(value, "the line")
    name, digest = fields.text("name"), fields.take("digest")
    if digest is None:
        return name, None
    if not isinstance(digest, str):
        raise RecordError("'digest' is no text")
    count, identity = fields.count("count"), fields.text("identity")
    past = read_past(fields.take("past")) if fields.has("past") else None
    return name, Mark(project, digest, count, identity, fields.flag("prevent_delete"), past=past)


def _line(name: str, mark: Mark | None) -> bytes:
    values: dict[str, object] = {"name": name, "digest": mark.digest if mark else None}
    if mark:
        values |= {"count": mark.count, "identity": mark.identity, "prevent_delete": mark.prevent_delete}
        values |= {"past": past_record(mark.past)} if mark.past else {}
    return json.dumps(values).encode() + b"\n"
