"""Templates of requests: where values go into a path, a query, headers and a body. Pure.

A path has `{name}` where a value goes, percent-quoted. Everywhere else it is `$name`: a text that is nothing but that
becomes the value itself, a list or a mapping too; within a text the value is put in as text, and `$$` is a dollar.
There is no more to it: no conditions, no loops, no functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from groupsync_rest.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP: Final = "$keep"
"""A key of a body whose value is an expression: what the group holds there goes in first, the other keys over it."""

_IN_PATH: Final = re.compile(r"\{([^{}]*)\}")
_IN_TEXT: Final = re.compile(r"\$(?:(\$)|([a-z][a-z0-9_]*)|\{([a-z][a-z0-9_]*)\})")


class _Nothing:
    """Stands for a value that there is none of."""


_NOTHING: Final = _Nothing()


def path_variables(path: str) -> list[str]:
    """Return the names in a path, as written."""
    return [found.group(1) for found in _IN_PATH.finditer(path)]


def fill_path(path: str, values: Mapping[str, Any]) -> str:
    """Return the path with its values.

    Raises:
        KeyError: there is no value for one of the names, or none that can be a part of a path: one that is empty would
            address what is above it, and so would dots.
    """

    def part(found: re.Match[str]) -> str:
        value = as_text(values[found.group(1)])
        if value in {"", ".", ".."}:
            raise KeyError(found.group(1))
        return quote(value, safe="")

    return _IN_PATH.sub(part, path)


def variables(template: object) -> Iterator[str]:
    """Give the names that stand in a template, as often as they do."""
    match template:
        case str():
            yield from (found[2] or found[3] for found in _IN_TEXT.finditer(template) if not found[1])
        case Mapping():
            for key, each in template.items():
                yield from () if key == KEEP else variables(each)
        case list() | tuple():
            for each in template:
                yield from variables(each)


def kept(template: object) -> Iterator[str]:
    """Give the expressions of what is kept, wherever that stands in a body."""
    match template:
        case Mapping():
            for key, each in template.items():
                yield from (str(each),) if key == KEEP else kept(each)
        case list() | tuple():
            for each in template:
                yield from kept(each)


def fill(template: object, values: Mapping[str, Any], group: object = None) -> Any:
    """Return a template with its values.

    A key or item without a value is left out, and so is a mapping of which nothing is left. None is a value.

    Args:
        template: texts, numbers, flags, lists and mappings.
        values: by name; what is not in it has no value.
        group: as the service tells it, for what is kept of it.

    Returns:
        A new value; None where nothing is left at all.
    """
    filled = _filled(template, values, group)
    return None if filled is _NOTHING else filled


def as_text(value: object) -> str:
    """Return a value as it goes into a text: no value is an empty one, flags are `true` and `false`."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _filled(template: object, values: Mapping[str, Any], group: object) -> Any:
    match template:
        case str():
            return _filled_text(template, values)
        case Mapping():
            base = Expression(str(template[KEEP])).of(group) if KEEP in template else None
            made = dict(base) if isinstance(base, Mapping) else {}
            for key, each in template.items():
                if key != KEEP:
                    made.pop(key, None)
                    value = _filled(each, values, group)
                    if value is not _NOTHING:
                        made[key] = value
            return made if made or not template or KEEP in template else _NOTHING
        case list() | tuple():
            found = [_filled(each, values, group) for each in template]
            return [each for each in found if each is not _NOTHING]
        case _:
            return template


def _filled_text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _IN_TEXT.fullmatch(text)
    if whole and not whole[1]:
        return values.get(whole[2] or whole[3], _NOTHING)
    names = list(variables(text))
    if any(values.get(name) is None for name in names):
        return _NOTHING
    return _IN_TEXT.sub(lambda found: "$" if found[1] else as_text(values[found[2] or found[3]]), text)
