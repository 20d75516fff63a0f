"""One target of the config: its options with their secrets, and what goes to it. Reads secrets, so it is an edge."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from groupsync.model import Diagnostic, Severity
from groupsync.ownership import Owns, OwnsRule
from groupsync.schema_check import check
from groupsync.schema_words import closest
from groupsync.secrets import HiddenText, Secret, resolve_references
from groupsync.yaml.document import Document, MappingPlaces

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.model import Definition, SourceRange
    from groupsync.yaml.document import Spot

OWN_KEYS: Final = ("plugin", "select", "owns")
"""What every target has; all other keys are its plugin's options."""

Pointer: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """Which definitions go to a target: those that fit all that is given; what is empty asks nothing.

    Attributes:
        kinds: any of these.
        names: globs over names, any of which must match.
        labels: sorted pairs, all of which the definition must have.
    """

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def matches(self, definition: Definition) -> bool:
        """Tell whether a definition goes there."""
        return (
            (not self.kinds or definition.kind in self.kinds)
            and (not self.names or any(fnmatch.fnmatchcase(definition.name, pattern) for pattern in self.names))
            and set(self.labels) <= set(definition.labels or ())
        )


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """One entry of `targets`.

    Attributes:
        name: in the config.
        plugin: name of the backend.
        options: the plugin's own, plain values; `Secret` where a text referred to one. Not yet checked, and without
            those whose secret is missing: see `check_options`.
        select: None for every definition.
        owns: what is ours on a target that can't hold marks; None where the config does not say.
        at: where the target's name is written.
        missing: an error for each secret that is not there.
    """

    name: str
    plugin: str
    options: Mapping[str, object]
    select: Selector | None
    at: SourceRange
    document: Document = field(repr=False)
    missing: tuple[Diagnostic, ...] = ()
    owns: Owns | None = None


def check_options(target: TargetConfig, schema: JsonSchema) -> list[Diagnostic]:
    """Return all in which a target's options don't fit its plugin's schema, and every secret that is missing; pure.

    Secrets are checked like any text; no message has their value in it.
    """
    missing = {found.subject for found in target.missing}
    document = replace(target.document, value=_readable(target.options))
    found = [_with_own_keys(each, document) for each in check(document, schema) if each.subject not in missing]
    return sorted([*target.missing, *found], key=lambda each: each.sort_key)


def _readable(value: object) -> object:
    match value:
        case Secret():
            return HiddenText(value.reveal())
        case Mapping():
            return {key: _readable(each) for key, each in value.items()}
        case list():
            return [_readable(each) for each in value]
        case _:
            return value


def _with_own_keys(found: Diagnostic, document: Document) -> Diagnostic:
    """Suggest the keys that every target has, which a plugin's schema does not know of."""
    keys = document.value if isinstance(document.value, dict) else {}
    for key in keys:
        if found.subject == document.locate((key,), key=True) and not found.hint:
            return replace(found, hint=closest(key, OWN_KEYS))
    return found


def target_config(document: Document, name: str, folder: Path) -> TargetConfig:
    """Return a target of a config that fits its schema; looks its secrets up, in files relative to `folder`."""
    root_value: Any = document.value
    value = root_value["targets"][name]
    resolver = _Resolver(document, folder)
    options = {key: resolver.resolved(each, ("targets", name, key)) for key, each in value.items()}
    return TargetConfig(
        name,
        value["plugin"],
        {key: each for key, each in options.items() if key not in OWN_KEYS},
        _selector(value["select"]) if "select" in value else None,
        document.locate(("targets", name), key=True),
        Document(document.path, value, _spot_of(document, name)),
        tuple(resolver.missing),
        _owns(value["owns"]) if "owns" in value else None,
    )


def _spot_of(document: Document, target: str) -> Spot:
    spot = document.spot
    for key in ("targets", target):
        if isinstance(spot, MappingPlaces):
            spot = spot.values.get(key, spot)
    return spot


def _owns(value: str | dict[str, str]) -> Owns:
    match value:
        case {"match": pattern}:
            return Owns(OwnsRule.MATCH, pattern=pattern)
        case {"ledger": path}:
            return Owns(OwnsRule.LEDGER, path=path)
        case _:
            return Owns(OwnsRule.ALL)


def _selector(value: dict[str, Any]) -> Selector:
    labels = sorted(value.get("labels", {}).items())
    return Selector(tuple(value.get("kinds", ())), tuple(value.get("names", ())), tuple(labels))


class _Resolver:
    """Replaces references in options, and collects what is missing. Reads the environment and files."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.missing: list[Diagnostic] = []

    def resolved(self, value: object, pointer: Pointer) -> object:
        """Return the value with its references replaced, as far as that is possible."""
        match value:
            case str():
                return self._resolved_text(value, pointer)
            case dict():
                return {key: self.resolved(each, (*pointer, key)) for key, each in value.items()}
            case list():
                return [self.resolved(each, (*pointer, index)) for index, each in enumerate(value)]
            case _:
                return value

    def _resolved_text(self, text: str, pointer: Pointer) -> str | Secret:
        found = resolve_references(text, self._folder)
        if not isinstance(found, list):
            return found
        at = self._document.locate(pointer)
        for problem in found:
            self.missing.append(Diagnostic("GS502", Severity.ERROR, problem.summary, problem.detail, problem.hint, at))
        return text
