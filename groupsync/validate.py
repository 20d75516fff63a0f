"""From documents to definitions: the schema, and what a schema can't say. Pure."""

from __future__ import annotations

import json
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from groupsync.guard_config import group_guards_of
from groupsync.member_file_keys import reading_of
from groupsync.members.inline import inline_members
from groupsync.members.kinds import SAVE_AS_CSV
from groupsync.model import (
    KNOWN_USER_GROUP,
    SEGMENT,
    Definition,
    Diagnostic,
    InlineMembers,
    Lifecycle,
    MemberFile,
    Mode,
    Reference,
    Severity,
    State,
)
from groupsync.schema_check import check, sound_part
from groupsync.schema_words import pointer_words
from groupsync.times import instant_at, parse_instant, period_of
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.identity import Identity
    from groupsync.model.criteria import Condition
    from groupsync.yaml.document import Document

__all__ = [
    "broken_definition_of", "check", "check_definition", "definition_of", "duplicate_names", "group_schema",
    "parse_instant",
]  # fmt: skip

MEMBER_FILE_TYPES: Final = (".txt", ".csv", ".tsv", ".xlsx", ".xlsm", ".txt.gz", ".csv.gz", ".tsv.gz")
_SEGMENT_KEYS: Final = ("source", "where", "holdout", "sample", "limit", "min_size")
_PARQUET: Final = ".parquet"
_WORKBOOKS: Final = (".xls", ".ods", ".numbers")


@lru_cache(maxsize=1)
def group_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of definitions. Reads the package's own data the first time."""
    from importlib import resources

    text = resources.files("groupsync.schemas").joinpath("group.v1.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@lru_cache(maxsize=1)
def _checked_schema() -> Mapping[str, Any]:
    """Return the schema without what it says of conditions.

    That part is for editors; `groupsync.criteria` tells what is wrong with a condition better than any schema can.
    """
    schema = group_schema()
    file = schema["$defs"]["member_file"]
    file = {**file, "properties": {**file["properties"], "where": {}}}
    properties, definitions = {**schema["properties"], "where": {}}, {**schema["$defs"], "member_file": file}
    return {**schema, "properties": properties, "$defs": definitions}


def check_definition(document: Document) -> list[Diagnostic]:
    """Return everything in which a document does not fit the schema, but for `where`, which `definition_of` reads."""
    return check(document, _checked_schema())


def definition_of(document: Document, identity: Identity) -> tuple[Definition | None, list[Diagnostic]]:
    """Turn a document that fits its schema into a definition.

    Returns:
        The definition, or None if there was an error; and everything found, warnings too.
    """
    definition, found = _read(document, document.value, identity)
    return None if _has_error(found) else definition, found


def broken_definition_of(document: Document, identity: Identity) -> tuple[Definition | None, list[Diagnostic]]:
    """Read what can be read of a document that does not fit its schema, so that all its mistakes are found at once.

    Returns:
        A definition that names the group, and its references as far as they fit, good for nothing but checking; None
        where not even the name can be told. And what was found besides the schema's findings.
    """
    value = sound_part(document, _checked_schema())
    if "name" not in value:
        return None, []
    return _read(document, {"kind": SEGMENT if "where" in value else KNOWN_USER_GROUP, **value}, identity)


def _read(document: Document, value: Any, identity: Identity) -> tuple[Definition, list[Diagnostic]]:
    reader = _Reader(document, value, identity)
    return reader.definition(), reader.found


def _has_error(found: Iterable[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in found)


def duplicate_names(definitions: Iterable[Definition]) -> list[Diagnostic]:
    """Return an error for every definition whose name an earlier one has, in the order of files and lines."""
    first: dict[str, Definition] = {}
    found = []
    for definition in sorted(definitions, key=lambda one: one.at):
        earlier = first.setdefault(definition.name, definition)
        if earlier is not definition:
            found.append(
                Diagnostic(
                    "GS210",
                    Severity.ERROR,
                    f"Two definitions have the name `{definition.name}`",
                    f"The first is at {earlier.at}, the second at {definition.at}.",
                    "Rename one of them, or bring their members together.",
                    definition.at,
                    (earlier.at,),
                )
            )
    return found


class _Reader:
    """Reads one document, and collects what is wrong with it."""

    def __init__(self, document: Document, value: dict[str, Any], identity: Identity) -> None:
        self.document = document
        self.identity = identity
        self.value = value
        self.name: str = value["name"]
        self.found: list[Diagnostic] = []

    def definition(self) -> Definition:
        """Return the definition as far as it could be read."""
        value = self.value
        labels = value.get("labels")
        return Definition(
            kind=value["kind"],
            name=self.name,
            at=self.document.locate(("name",)),
            display_name=value.get("display_name"),
            description=value.get("description"),
            owners=_sorted_texts(map(self.identity.owner, value["owners"]) if "owners" in value else None),
            labels=None if labels is None else tuple(sorted(labels.items())),
            members=self._members(),
            members_from=self._member_files() if "members_from" in value else None,
            include=self._references("include") if "include" in value else None,
            exclude=self._references("exclude"),
            restrict_to=self._references("restrict_to"),
            until=instant_at(self.document, ("until",), value["until"], self.found) if "until" in value else None,
            previously=self._previously(),
            lifecycle=_lifecycle(value.get("lifecycle", {})),
            targets=_sorted_texts(value.get("targets")),
            guards=group_guards_of(self.document, value),
            **self._segment(),
        )

    def _segment(self) -> dict[str, Any]:
        """Return what the keys say that came with segments; their rooms are entered only where there is one."""
        written: Any = self.document.value
        if written.get("kind") != SEGMENT and not any(key in written for key in _SEGMENT_KEYS):
            return {}
        from groupsync.segment_keys import check_kind, floor_of, share_of, top_of

        value = self.value
        check_kind(self.document, self.found)
        return {
            "source": value.get("source"),
            "where": self._where(),
            "holdout": share_of(self.document, value, "holdout", self.found),
            "sample": share_of(self.document, value, "sample", self.found),
            "limit": top_of(self.document, value, self.found),
            "min_size": floor_of(value),
        }

    def _members(self) -> InlineMembers | None:
        if "members" not in self.value:
            return None
        return inline_members(self.document, self.value["members"], self.identity, self.found)

    def _where(self) -> Condition | None:
        if "where" not in self.value:
            return None
        from groupsync.condition_words import groups_of
        from groupsync.criteria import read_condition

        where = read_condition(self.document, ("where",), self.value["where"], self.found)
        own = [mention for mention in groups_of(where) if mention.group == self.name] if where else []
        for mention in own[:1]:
            summary = f"`where` of `{self.name}` names the group itself"
            detail, hint = "A group can't be built from itself.", "Take it out."
            self.found.append(Diagnostic("GS213", Severity.ERROR, summary, detail, hint, mention.at))
        return where

    def _references(self, role: str) -> tuple[Reference, ...]:
        references: dict[tuple[object, ...], Reference] = {}
        for index, item in enumerate(self.value.get(role, ())):
            pointer = (role, index)
            at = self.document.locate(pointer)
            if isinstance(item, str):
                reference = Reference(item, at)
            else:
                period = period_of(self.document, pointer, item, self.found)
                target, reason = item.get("group") or item["match"], item.get("reason", "")
                reference = Reference(target, at, is_pattern="match" in item, period=period, reason=reason)
            if reference.target == self.name and not reference.is_pattern:
                summary = f"`{role}` of `{self.name}` names the group itself"
                self._error("GS213", pointer, summary, "A group can't be built from itself.", "Take it out.")
            key = (reference.target, reference.is_pattern, reference.period)
            references.setdefault(key, reference)
        return tuple(references.values())

    def _previously(self) -> tuple[str, ...]:
        names = self.value.get("previously", [])
        for index, name in enumerate(names):
            if name == self.name:
                summary = f"`previously` names `{name}`, which is the group's name now"
                self._error("GS214", ("previously", index), summary, "Expected only earlier names.", "Take it out.")
        return tuple(dict.fromkeys(names))

    def _member_files(self) -> tuple[MemberFile, ...]:
        files: dict[str, MemberFile] = {}
        for index, item in enumerate(self.value["members_from"]):
            column = item.get("column")
            path = self._member_path(item["path"], ("members_from", index, "path"))
            if path is not None:
                at = self.document.locate(("members_from", index))
                file = MemberFile(path, column, at, reading_of(self.document, index, item, self.found))
                files.setdefault(file.key, file)
        return tuple(files.values())

    def _member_path(self, written: str, pointer: tuple[str | int, ...]) -> str | None:
        """Return the path from the project's folder; None after reporting why there is none."""
        thing = f"{pointer_words(pointer)} is `{shown(written)}`"
        if "\\" in written or not written.isprintable() or written.startswith(("/", "~")):
            expected = "Expected a path relative to this file, with `/` between its parts."
            self._error("GS212", pointer, thing, expected, "Write it as `members/beta.csv`.")
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.document.path), written))
        if path == ".." or path.startswith("../"):
            hint = "Keep the file inside the project's folder."
            self._error("GS212", pointer, f"{thing}, which leads out of the project", "", hint)
            return None
        ending = posixpath.splitext(path)[1].lower()
        if path.lower().endswith(MEMBER_FILE_TYPES):
            return path
        expected = f"Expected a file that ends in {', '.join(MEMBER_FILE_TYPES)}."
        hint = SAVE_AS_CSV if ending in _WORKBOOKS else "Name the file by what it holds: .txt for a list of addresses."
        hint = "Export it as .csv; .parquet needs a plugin." if ending == _PARQUET else hint
        self._error("GS212", pointer, thing, expected, hint)
        return None

    def _error(self, code: str, pointer: tuple[str | int, ...], summary: str, detail: str, hint: str) -> None:
        at = self.document.locate(pointer)
        self.found.append(Diagnostic(code, Severity.ERROR, summary, detail, hint, at))


def _sorted_texts(texts: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(sorted(set(texts)))


def _lifecycle(value: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        state=State(value.get("state", State.PRESENT)),
        mode=Mode(value.get("mode", Mode.AUTHORITATIVE)),
        prevent_delete=value.get("prevent_delete", False),
        adopt=value.get("adopt", False),
    )
