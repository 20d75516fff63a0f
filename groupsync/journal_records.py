"""Read the records of one run of the journal, each as `groupsync.journal` writes it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from groupsync.links import Remembered
from groupsync.model import Action, First, FirstOf, Kind, Outcome, PastSource, Run, RunEntry, RunKind, Use
from groupsync.records import Fields, RecordError, kind_of

if TYPE_CHECKING:
    from collections.abc import Container

    from groupsync.links import Element

FORMAT_VERSION: Final = 2

Key: TypeAlias = tuple[str, str]


class RunReader:
    """Takes the records of one run, in their order."""

    def __init__(self, keys: Container[Key] | None = None) -> None:
        self._run: Run | None = None
        self._entries: dict[Key, RunEntry] = {}
        self._planned: list[RunEntry] = []
        self._keys = keys
        self._renamed: set[object] = set()

    def wants(self, record: object) -> bool:
        """Tell whether a record is about the run, or about a change that is to be read, by either name of its group."""
        if self._keys is None or not isinstance(record, dict) or "name" not in record:
            return True
        target, name = record.get("target"), record["name"]
        if (target, record.get("prior_name")) in self._keys:
            self._renamed.add((target, name))
        return (target, name) in self._keys or (target, name) in self._renamed

    def run(self) -> Run | None:
        """Return what the records told."""
        if self._run is None:
            return None
        return replace(self._run, entries=tuple(self._entries.values()), planned=tuple(self._planned))

    def read(self, fields: Fields) -> None:
        """Take one record.

        Raises:
            RecordError: it is not as it was written, or stands where it can't.
        """
        match fields.text("record"):
            case "header" if self._run is None:
                self._run = _header(fields)
            case "planned" if self._run and self._run.withheld:
                self._planned.append(replace(_intent(fields), removed=fields.count("removed")))
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
            case "links" if self._run:
                read_link_record(fields)
            case "end" if self._run:
                finished_at, interrupted = fields.instant("at"), fields.flag("interrupted")
                self._run = replace(self._run, finished_at=finished_at, interrupted=interrupted)
                fields.count("left")
                if fields.has("sources"):
                    fields.count("applied")
                    self._run = replace(self._run, sources=fields.each("sources", _source))
            case "header" | "planned" | "before" | "step" | "after" | "result" | "end":
                raise RecordError("there is a record in this place that can't be here")
            case _ if self._run is None:
                raise RecordError("there is no header before it")
            case _:
                pass  # of a later groupsync

    def _tried(self, fields: Fields) -> RunEntry:
        key = (fields.text("target"), fields.text("name"))
        if key not in self._entries:
            raise RecordError(f"what became of {key[1][:40]!a} is told, and not that it was tried")
        return self._entries[key]


def _header(fields: Fields) -> Run:
    version = fields.count("format_version")
    if not 1 <= version <= FORMAT_VERSION:
        raise RecordError(f"it has format version {version}, this groupsync reads versions 1 to {FORMAT_VERSION}")
    targets = fields.each("targets", _named if version == 1 else _target)
    uses = fields.each("approvals", _use) if fields.has("approvals") else ()
    is_withheld = fields.flag_or("withheld", default=False)
    return Run(
        id=fields.text("run"),
        kind=fields.one_of("kind", RunKind),
        of=fields.text("of"),
        project=fields.text("project"),
        plan_digest="" if is_withheld else fields.digest("plan_digest"),
        as_of=fields.instant("as_of"),
        started_at=fields.instant("started_at"),
        config="" if version == 1 else fields.text("config"),
        targets=tuple(name for name, _ in targets),
        identities=targets,
        changes=fields.count("changes"),
        user=fields.text("user"),
        host=fields.text("host"),
        pid=fields.count("pid"),
        version=fields.text("version"),
        allowances=fields.each("allowances", str),
        sources=fields.each("sources", _source),
        uses=uses,
        withheld=is_withheld,
    )


def _use(value: object) -> Use:
    fields = Fields(value, "what is taken of an approval")
    return Use(
        kind=fields.one_of("kind", Kind),
        name=fields.text("name"),
        path=fields.text("path"),
        definition=fields.text("definition"),
        target=fields.text("target"),
        count=fields.count("count"),
    )


def _named(value: object) -> tuple[str, str]:
    return str(value), ""


def _target(value: object) -> tuple[str, str]:
    fields = Fields(value, "a target")
    return fields.text("name"), fields.text("identity")


def read_link_record(fields: Fields) -> Remembered:
    """Return how groups were built on others, as a record of links tells.

    Raises:
        RecordError: it is not as it was written.
    """
    built_on, counts = fields.take("built_on"), fields.take("counts")
    if not isinstance(built_on, dict) or not isinstance(counts, dict):
        raise RecordError("its links are no objects")
    found = {name: frozenset(_name(each) for each in bases) for name, bases in built_on.items()}
    numbers = Fields(counts, "the counts")
    later: dict[Key, tuple[Element, ...]] = {}
    for key, element in fields.each("later", _element) if fields.has("later") else ():
        later[key] = (*later.get(key, ()), element)
    doubted = frozenset(fields.each("doubted", _doubted)) if fields.has("doubted") else frozenset[First]()
    return Remembered(found, {name: numbers.count(name) for name in counts}, later, doubted)


def _element(value: object) -> tuple[Key, Element]:
    keys = ("target", "name", "at", "leaving", "digest")
    if not isinstance(value, list) or len(value) != len(keys):
        raise RecordError(f"a date is {kind_of(value)}, expected a list of {len(keys)}")
    fields = Fields(dict(zip(keys, value, strict=True)), "a date")
    element = (fields.instant("at"), fields.count("leaving"), fields.text("digest"))
    return (fields.text("target"), fields.text("name")), element


def _doubted(value: object) -> First:
    keys = ("what", "name")
    if not isinstance(value, list) or len(value) != len(keys):
        raise RecordError(f"what was refused is {kind_of(value)}, expected a list of {len(keys)}")
    fields = Fields(dict(zip(keys, value, strict=True)), "what was refused")
    return First(fields.one_of("what", FirstOf), fields.text("name"))


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise RecordError(f"a group that another is built on is {kind_of(value)}, expected text")
    return value


def _source(value: object) -> PastSource:
    fields = Fields(value, "a source")
    identity = fields.text("identity") if fields.has("identity") else ""
    return PastSource(fields.text("name"), fields.count("rows"), identity)


def _intent(fields: Fields) -> RunEntry:
    return RunEntry(
        target=fields.text("target"),
        name=fields.text("name"),
        action=fields.one_of("action", Action),
        outcome=None,
        prior_name=fields.text_or_none("prior_name"),
        prior_count=fields.count("prior_count"),
        count=fields.count("count"),
        consented=fields.count("consented") if fields.has("consented") else 0,
    )


def _with_step(entry: RunEntry, fields: Fields) -> RunEntry:
    added, removed = entry.added + fields.count("added"), entry.removed + fields.count("removed")
    revision = fields.text_or_none("revision")
    return replace(entry, steps=entry.steps + 1, added=added, removed=removed, revision=revision)


def _with_result(entry: RunEntry, fields: Fields) -> RunEntry:
    unseen = (fields.count(key) if fields.has(key) else 0 for key in ("unseen_added", "unseen_removed"))
    unseen_added, unseen_removed = unseen
    return replace(
        entry,
        unseen_added=unseen_added,
        unseen_removed=unseen_removed,
        outcome=fields.one_of("outcome", Outcome),
        error=fields.text("error"),
        hint=fields.text("hint"),
        attempts=fields.count("attempts"),
        added=fields.count("added"),
        removed=fields.count("removed"),
        readdressed=fields.count("readdressed"),
        revision=fields.text_or_none("revision"),
    )
