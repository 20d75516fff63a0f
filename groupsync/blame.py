"""Hold a plugin's class to its contract, and say whose fault it is when it breaks it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeVar

from groupsync.errors import GroupsyncError, PluginError
from groupsync.trace import traced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.backend import JsonSchema

_HINT: Final = "This is a bug in the plugin; please tell its author."


class Offered(Protocol):
    """A class as a plugin offers it."""

    name: ClassVar[str]
    options_schema: ClassVar[JsonSchema]


class Checked:
    """What all classes that stand for a plugin's have. `standing_for` makes them.

    Attributes:
        kind: what it is, in one word.
        name, options_schema: the plugin's own.
        plugin: name and version of the plugin's distribution, to blame.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    options_schema: ClassVar[JsonSchema]
    plugin: ClassVar[tuple[str, str]]

    @classmethod
    def _broken(cls, call: str, expected: str, found: object) -> PluginError:
        shown = found if isinstance(found, str) else f"{type(found).__name__} {found!r}"[:200]
        plugin, version = cls.plugin
        summary = f"{cls.kind} `{cls.name}` of {plugin} {version} broke its contract in `{call}`"
        return PluginError(plugin, version, summary, f"expected {expected}; found {shown}", _HINT)


Base = TypeVar("Base", bound=Checked)


def standing_for(offered: type[Offered], base: type[Base], plugin: str, version: str) -> type[Base]:
    """Return a subclass of `base` that stands for a plugin's class, which it has as `checks`.

    Args:
        offered: the plugin's class.
        base: what checks all it does.
        plugin: name of the plugin's distribution.
        version: of that distribution.
    """
    body = {
        "name": offered.name,
        "options_schema": offered.options_schema,
        "plugin": (plugin, version),
        "checks": offered,
        "__doc__": offered.__doc__,
    }
    made: type[Base] = type(f"Checked{offered.__name__}", (base,), body)
    return made


@contextmanager
def blaming(checked: Checked | type[Checked], doing: str) -> Iterator[None]:
    """Turn whatever the plugin lets escape into a PluginError that names it."""
    try:
        with traced(f"{checked.kind} `{checked.name}` {doing}"):
            yield
    except GroupsyncError:
        raise
    except Exception as error:  # a stranger's code: anything may come, and all of it is the plugin's to answer for
        plugin, version = checked.plugin
        summary = f"{checked.kind} `{checked.name}` of {plugin} {version} failed while {doing}"
        raise PluginError(plugin, version, summary, f"{type(error).__name__}: {error}", _HINT) from error
