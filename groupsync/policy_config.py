"""The section `policies` of the config: what a schema can't check of it, and how policies get it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Severity
from groupsync.policy import PolicyOptions
from groupsync.schema_words import pointer_words
from groupsync.times import instant_at
from groupsync.yaml.scalars import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.model import SourceRange
    from groupsync.yaml.document import Document

SECTION: Final = "policies"


def check_policies_section(document: Document) -> list[Diagnostic]:
    """Return what is wrong with dates and regular expressions in the policies of a config that fits its schema."""
    section = _section(document)
    found: list[Diagnostic] = []
    for index, waiver in enumerate(section.get("waivers", ())):
        instant_at(document, (SECTION, "waivers", index, "until"), waiver["until"], found)
    found += _bad_expressions(document, section)
    found += _useless_ranges(document, section)
    return found


def policy_options(document: Document) -> PolicyOptions | None:
    """Return the policies of a config that fits its schema; None where it has none."""
    section = _section(document)

    def locate(pointer: Sequence[str | int]) -> SourceRange:
        return document.locate((SECTION, *pointer))

    return PolicyOptions(section, locate) if section else None


def _section(document: Document) -> dict[str, Any]:
    value: Any = document.value
    section: dict[str, Any] = value.get(SECTION, {})
    return section


def _bad_expressions(document: Document, section: dict[str, Any]) -> Iterator[Diagnostic]:
    for index, rule in enumerate(section.get("names", ())):
        pointer = (SECTION, "names", index, "regex")
        try:
            re.compile(rule.get("regex", ""))
        except re.error as error:
            summary = f"{pointer_words(pointer)} is `{shown(rule['regex'])}`"
            detail = f"It is no regular expression: {error}."
            yield Diagnostic("GS206", Severity.ERROR, summary, detail, "Correct it.", document.locate(pointer))


def _useless_ranges(document: Document, section: dict[str, Any]) -> Iterator[Diagnostic]:
    for index, rule in enumerate(section.get("size", ())):
        pointer = (SECTION, "size", index)
        if not {"min", "max"} & rule.keys():
            summary = f"{pointer_words(pointer)} has neither `min` nor `max`"
            detail = "Expected at least one of them."
            yield Diagnostic("GS202", Severity.ERROR, summary, detail, "Add a line `max: …`.", document.locate(pointer))
        if rule.get("min", 0) > rule.get("max", float("inf")):
            summary = f"{pointer_words(pointer)} allows no size at all"
            detail = f"`min` is {rule['min']}, `max` is {rule['max']}."
            at = document.locate((*pointer, "min"))
            yield Diagnostic("GS208", Severity.ERROR, summary, detail, "Set `max` to at least `min`.", at)
