"""One target of the config: what goes to it, and its plugin's options. Reads secrets, so it is an edge."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.ownership import Owns, OwnsRule
from groupsync.plugin_options import PluginOptions, options_at

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.model import Definition, SourceRange
    from groupsync.yaml.document import Document

OWN_KEYS: Final = ("plugin", "select", "owns")
"""What every target has; all other keys are its plugin's options."""


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
        options: the plugin's own.
        select: None for every definition.
        owns: what is ours on a target that can't hold marks; None where the config does not say.
        at: where the target's name is written.
    """

    name: str
    plugin: str
    options: PluginOptions
    select: Selector | None
    at: SourceRange
    owns: Owns | None = None


def target_config(document: Document, name: str, folder: Path) -> TargetConfig:
    """Return a target of a config that fits its schema; looks its secrets up, in files relative to `folder`."""
    root_value: Any = document.value
    value = root_value["targets"][name]
    return TargetConfig(
        name,
        value["plugin"],
        options_at(document, ("targets", name), OWN_KEYS, folder),
        _selector(value["select"]) if "select" in value else None,
        document.locate(("targets", name), key=True),
        _owns(value["owns"]) if "owns" in value else None,
    )


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
