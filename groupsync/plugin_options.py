"""Options of a plugin as a config writes them: with their secrets, and held against the plugin's schema.

Targets and sources have them alike. Looking secrets up reads the environment and files, so this is an edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from groupsync.model import Diagnostic, Severity
from groupsync.schema_check import check
from groupsync.schema_words import closest
from groupsync.secret_references import resolve_references
from groupsync.secret_rules import BOUND, origins_in, rules
from groupsync.secrets import HiddenText, Secret
from groupsync.yaml.document import Document, MappingPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from groupsync.backend import JsonSchema
    from groupsync.model import SourceRange
    from groupsync.yaml.document import Spot

Pointer: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PluginOptions:
    """The options that one entry of a config gives its plugin.

    Attributes:
        values: plain values; `Secret` where a text referred to one. Not yet checked: see `check_options`.
        own_keys: the keys of the entry that are not the plugin's.
        document: the entry, to say where things are written.
        missing: an error for each secret that is not there.
    """

    values: Mapping[str, object]
    own_keys: Sequence[str]
    document: Document = field(repr=False)
    missing: tuple[Diagnostic, ...] = ()


def options_at(document: Document, pointer: tuple[str, str], own_keys: Sequence[str], folder: Path) -> PluginOptions:
    """Return the options of an entry of a config that fits its schema; looks secrets up.

    Args:
        document: the config.
        pointer: of the entry, such as `("targets", "crm")`.
        own_keys: its keys that are not the plugin's.
        folder: where files with secrets are relative to.
    """
    section, name = pointer
    root_value: Any = document.value
    entry = root_value[section][name]
    resolver = _Resolver(document, folder)
    values = {key: resolver.resolved(each, (*pointer, key)) for key, each in entry.items() if key not in own_keys}
    part = Document(document.path, entry, _spot_of(document, pointer))
    return PluginOptions(values, own_keys, part, (*resolver.missing, *_astray(resolver, values, folder)))


def _astray(resolver: _Resolver, values: Mapping[str, object], folder: Path) -> Iterator[Diagnostic]:
    """Refuse the secrets that would go where whoever runs this does not let them go.

    What a plugin does with its options is not known here, so each secret of an entry counts as sent to each address
    in it.
    """
    bound = rules()
    if bound is None or not resolver.secrets:
        return
    texts = [_revealed(each) for each in _leaves(values)]
    hosts = sorted({host for text in texts for host in origins_in(text)})
    is_told = any("://" in text for text in texts)
    for secret, at in resolver.secrets:
        for name in secret.names:
            astray = sorted(set(hosts) - (bound.of(name, folder) or frozenset()))
            where = astray[0] if astray else "" if is_told else "an address that the config does not name"
            if where:
                summary = f"`${{{name}}}` would go to {where}, which it may not"
                detail = f"`{BOUND}` in the environment binds secrets to hosts, and all addresses of an entry count."
                hint = f"Where it is meant, whoever runs this adds that host to `{name.removeprefix('env:')}` there."
                yield Diagnostic("GS511", Severity.ERROR, summary, detail, hint if is_told else "", at)


def _leaves(value: object) -> Iterator[str | Secret]:
    match value:
        case Mapping():
            for each in value.values():
                yield from _leaves(each)
        case list():
            for each in value:
                yield from _leaves(each)
        case str() | Secret():
            yield value


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def check_options(options: PluginOptions, schema: JsonSchema) -> list[Diagnostic]:
    """Return all in which options don't fit their plugin's schema, and every secret that is missing; pure.

    Secrets are checked like any text; no message has their value in it.
    """
    missing = {found.subject for found in options.missing}
    document = replace(options.document, value=_readable(options.values))
    findings = [found for found in check(document, schema) if found.subject not in missing]
    found = [_with_own_keys(each, document, options.own_keys) for each in findings]
    return sorted([*options.missing, *found], key=lambda each: each.sort_key)


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


def _with_own_keys(found: Diagnostic, document: Document, own_keys: Sequence[str]) -> Diagnostic:
    """Suggest the keys that every entry has, which a plugin's schema does not know of."""
    keys = document.value if isinstance(document.value, dict) else {}
    for key in keys:
        if found.subject == document.locate((key,), key=True) and not found.hint:
            return replace(found, hint=closest(key, own_keys))
    return found


def _spot_of(document: Document, pointer: tuple[str, str]) -> Spot:
    spot = document.spot
    for key in pointer:
        if isinstance(spot, MappingPlaces):
            spot = spot.values.get(key, spot)
    return spot


class _Resolver:
    """Replaces references in options, and collects what is missing. Reads the environment and files."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.missing: list[Diagnostic] = []
        self.secrets: list[tuple[Secret, SourceRange]] = []

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
        at = self._document.locate(pointer)
        match found:
            case Secret():
                self.secrets.append((found, at))
                return found
            case str():
                return found
        for problem in found:
            self.missing.append(
                Diagnostic(problem.code, Severity.ERROR, problem.summary, problem.detail, problem.hint, at)
            )
        return text
