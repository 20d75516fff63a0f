"""Which rules are others than they were: limits, policies, `exclude`, who may take groups over, where secrets go. Pure.

Such an edit changes no group by itself, and decides what the next one may do.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Limit, Severity, SourceRange, Stance, Tiers
from groupsync.secret_references import references_in
from groupsync.secret_rules import origins_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.config import Config
    from groupsync.model import Definition, GroupGuards, Guards
    from groupsync.source_config import SourceConfig
    from groupsync.targets import TargetConfig

_NONE: Final = "nothing"
_MAX_WORDS: Final = 200


def changed_rules(
    before: tuple[Config, Sequence[Definition]], now: tuple[Config, Sequence[Definition]], revision: str
) -> Iterator[Diagnostic]:
    """Give a warning for each rule of the config, and for each definition, that is another than at a revision.

    Args:
        before: the config and the definitions of then.
        now: those of now.
        revision: as it was asked for.
    """
    (old, then), (config, definitions) = before, now
    place = SourceRange(config.path)
    for key, one, other in (
        ("guards", _limits(old.guards), _limits(config.guards)),
        ("policies", _policies(old), _policies(config)),
        ("exclude", _excluded(old), _excluded(config)),
        ("adopt", _adoption(old), _adoption(config)),
        ("targets", _places(old.targets), _places(config.targets)),
        ("sources", _places(old.sources), _places(config.sources)),
    ):
        if one != other:
            yield _changed(f"`{key}` of the config", _differences(one, other), place, revision)
    earlier = {each.name: each for each in then}
    for definition in definitions:
        known = next((earlier[name] for name in (definition.name, *definition.previously) if name in earlier), None)
        one, other = _own(known), _own(definition)
        if one != other:
            yield _changed(f"The rules of `{definition.name}`", _differences(one, other), definition.at, revision)


def _own(definition: Definition | None) -> dict[str, str]:
    if definition is None:
        return {}
    limits = {f"guards.{name}": words for name, words in _limits(definition.guards).items()}
    return limits | ({"lifecycle.adopt": "true"} if definition.lifecycle.adopt else {})


def _limits(guards: Guards | GroupGuards | None) -> dict[str, str]:
    """Return in words what each guard lets pass, by its name; what is not said is left out."""
    found: dict[str, str] = {}
    for field in fields(guards) if guards else ():
        value = getattr(guards, field.name)
        match value:
            case Tiers():
                tiers = {"warn": value.warn, "refuse": value.refuse}
                found |= {f"{field.name}.{tier}": _words(limit) for tier, limit in tiers.items() if limit}
            case Stance():
                found[field.name] = value.level.value
            case tuple() if value:
                found[field.name] = ", ".join(map(str, value))
            case int():
                found[field.name] = str(value)
    return found


def _words(limit: Limit) -> str:
    return str(limit) or "off"


def _policies(config: Config) -> dict[str, str]:
    values = config.policies.values if config.policies else {}
    return {f"policies.{name}": json.dumps(value, sort_keys=True, ensure_ascii=False) for name, value in values.items()}


def _excluded(config: Config) -> dict[str, str]:
    return _listed({"exclude": sorted(each.target for each in config.exclude)})


def _adoption(config: Config) -> dict[str, str]:
    return _listed({"adopt.match": config.adopt.match, "adopt.approvers": config.adopt.approvers})


def _places(entries: Sequence[TargetConfig | SourceConfig]) -> dict[str, str]:
    """Return by name which hosts each target or source leads to as it is written, and which secrets it has."""
    found: dict[str, str] = {}
    for entry in entries:
        written: Any = entry.options.document.value
        texts = list(_texts({key: written[key] for key in entry.options.values}))
        hosts = {host for text in texts for host in origins_in(text)}
        secrets = {f"${{{source}:{name}}}" for text in texts for source, name in references_in(text)}
        found[entry.name] = " ".join(sorted(hosts | secrets))
    return {name: words for name, words in found.items() if words}


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict() | list():
            for each in value.values() if isinstance(value, dict) else value:
                yield from _texts(each)


def _listed(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: ", ".join(values) for key, values in names.items() if values}


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return "; ".join(f"`{name}`: {_cut(before.get(name))} → {_cut(now.get(name))}" for name in names)


def _cut(words: str | None) -> str:
    words = words or _NONE
    return words if len(words) <= _MAX_WORDS else f"{words[:_MAX_WORDS]}…"


def _changed(what: str, differences: str, at: SourceRange, revision: str) -> Diagnostic:
    summary = f"{what} changed since {revision}"
    hint = "What a run may do depends on this: let those agree who answer for it."
    return Diagnostic("GS817", Severity.WARNING, summary, f"{differences}.", hint, at)
