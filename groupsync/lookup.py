"""Find what somebody names on the command line, or say what was probably meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.errors import ConfigError
from groupsync.schema_words import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.config import Config
    from groupsync.model import Definition
    from groupsync.model.criteria import Attribute
    from groupsync.resolve import Desired


def source_names(config: Config, name: str | None) -> tuple[str, ...]:
    """Return the names of all sources, or the one that is named.

    Raises:
        ConfigError: there are none, or none of that name.
    """
    names = tuple(source.name for source in config.sources)
    if not names:
        detail = "Only sources know anything about customers, and the config has none."
        raise ConfigError("There are no sources", detail, f"Add `sources` to {config.path}.")
    if name is None:
        return names
    if name not in names:
        raise _unknown("source", name, names)
    return (name,)


def group_named(groups: Iterable[Desired], name: str) -> Desired:
    """Return a group by its name.

    Raises:
        ConfigError: no definition defines it.
    """
    known = {desired.definition.name: desired for desired in groups}
    if name not in known:
        raise _unknown("group", name, known)
    return known[name]


def segment_named(definitions: Iterable[Definition], name: str) -> Definition:
    """Return a segment by its name.

    Raises:
        ConfigError: no definition defines it, or it is a list.
    """
    known = {definition.name: definition for definition in definitions}
    if name not in known:
        raise _unknown("group", name, known)
    if known[name].where is None:
        detail = f"It is defined in {known[name].at}, and lists its members."
        raise ConfigError(f"`{name}` is no segment", detail, f"`groupsync show {name}` shows who is in it.")
    return known[name]


def attribute_named(attributes: Mapping[str, Attribute], name: str, source: str) -> Attribute:
    """Return an attribute by its name.

    Raises:
        ConfigError: the source does not know it.
    """
    if name not in attributes:
        hint = closest(name, tuple(attributes)) or f"`groupsync attributes {source}` lists them."
        raise ConfigError(f"The source `{source}` has no attribute `{name}`", "", hint)
    return attributes[name]


def _unknown(what: str, name: str, known: Iterable[str]) -> ConfigError:
    names = sorted(known)
    found = ", ".join(f"`{each}`" for each in names[:10]) + (" and more" if len(names) > 10 else "")
    return ConfigError(f"There is no {what} `{name}`", f"There are: {found}." if names else "", closest(name, names))
