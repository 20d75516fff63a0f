"""Find what somebody names on the command line, or say what was probably meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsync.errors import ConfigError
from groupsync.model import unread_as
from groupsync.schema_words import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groupsync.config import Config
    from groupsync.model import Definition, Overlooked
    from groupsync.model.criteria import Attribute
    from groupsync.project import Project
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


def group_named(project: Project, name: str) -> Desired:
    """Return a group by its name.

    Raises:
        ConfigError: no definition defines it; a file that is not read may.
    """
    known = {desired.definition.name: desired for desired in project.resolution.groups}
    if name not in known:
        raise unknown_group(name, known, project.overlooked)
    return known[name]


def segment_named(project: Project, name: str) -> Definition:
    """Return a segment by its name.

    Raises:
        ConfigError: no definition defines it, or it is a list.
    """
    known = {definition.name: definition for definition in project.definitions}
    if name not in known:
        raise unknown_group(name, known, project.overlooked)
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


def unknown_group(name: str, known: Iterable[str], overlooked: Iterable[Overlooked]) -> ConfigError:
    """Make the error for a group that no definition defines, with the file that may, or what was probably meant."""
    if unread := unread_as(name, overlooked):
        return ConfigError(f"There is no group `{name}`", str(unread), unread.cure)
    return _unknown("group", name, known)


def _unknown(what: str, name: str, known: Iterable[str]) -> ConfigError:
    names = sorted(known)
    found = ", ".join(f"`{each}`" for each in names[:10]) + (" and more" if len(names) > 10 else "")
    return ConfigError(f"There is no {what} `{name}`", f"There are: {found}." if names else "", closest(name, names))
