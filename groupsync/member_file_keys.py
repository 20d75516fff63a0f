"""The entries of `members_from`: which file, and how it is to be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Limit, Reading, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.model.criteria import Condition
    from groupsync.yaml.document import Document

_KEYS: Final = ("encoding", "delimiter", "header_row", "sheet", "where", "types", "on_bad_row", "min_rows")


def reading_of(document: Document, index: int, item: Mapping[str, Any], found: list[Diagnostic]) -> Reading | None:
    """Return how an entry of `members_from` is to be read, or None; adds what is wrong to `found`."""
    if not any(key in item for key in _KEYS):
        return None
    pointer = ("members_from", index)
    from groupsync.model.criteria import Type

    return Reading(
        encoding=_encoding(document, (*pointer, "encoding"), item.get("encoding"), found),
        delimiter=item.get("delimiter"),
        header_row=item.get("header_row"),
        sheet=item.get("sheet"),
        skip=Limit(**item["on_bad_row"]["skip"]) if "on_bad_row" in item else None,
        min_rows=item.get("min_rows"),
        where=_where(document, (*pointer, "where"), item["where"], found) if "where" in item else None,
        types=tuple(sorted((name, Type(of)) for name, of in item.get("types", {}).items())),
    )


def _encoding(
    document: Document, pointer: tuple[str | int, ...], name: str | None, found: list[Diagnostic]
) -> str | None:
    if name is None:
        return None
    from groupsync.members.text import codec_of

    try:
        codec = codec_of(name)
    except ValueError:
        summary = f"There is no encoding `{name}`"
        detail = "Expected a name such as `windows-1252`, `utf-16` or `shift_jis`."
        at = document.locate(pointer)
        found.append(Diagnostic("GS205", Severity.ERROR, summary, detail, "Correct the name.", at))
        return None
    return None if codec == "utf-8" else codec


def _where(
    document: Document, pointer: tuple[str | int, ...], value: object, found: list[Diagnostic]
) -> Condition | None:
    from groupsync.criteria import read_condition
    from groupsync.members.choosing import refused_tests

    where = read_condition(document, pointer, value, found)
    found += refused_tests(where) if where else ()
    return where
