"""Which files are read with other configs of the same folder: environments have definitions of their own. An edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from groupsync.files import DEFINITION_ENDINGS, UnreadableFile, path_expression, read_text_file
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    from groupsync.config import Config

_MAX_BYTES: Final = 1_000_000


def taken_by_others(config: Config, taken: Collection[str]) -> list[re.Pattern[str]]:
    """Return what matches the files that other configs take, which lie beside this one; a base is none by itself.

    Args:
        config: the config that is in use.
        taken: the files of definitions that it reads, which are no configs.
    """
    try:
        names = sorted(path.name for path in config.root.iterdir() if path.name.endswith(DEFINITION_ENDINGS))
    except OSError:
        return []
    values = {name: _value(config, name) for name in names if name not in taken}
    bases = {value.get("extends") for value in values.values()}
    others = [name for name in values if name != config.path and name not in bases]
    return [path_expression(pattern) for name in others for pattern in _patterns(name, values)]


def _value(config: Config, name: str) -> dict[str, Any]:
    """Return what a file says if it is a mapping, and nothing otherwise: this is not the place to complain of it."""
    try:
        data = read_text_file(config.root, name, _MAX_BYTES)
    except UnreadableFile:
        return {}
    if b"definitions" not in data and b"extends" not in data:
        return {}
    documents, found = parse_yaml(data, name)
    value = documents[0].value if len(documents) == 1 and not found else None
    return value if isinstance(value, dict) else {}


def _patterns(name: str, values: dict[str, dict[str, Any]]) -> list[str]:
    """Return the patterns of a config, or of the nearest of its bases that has any."""
    seen: set[str] = set()
    while name in values and name not in seen:
        seen.add(name)
        patterns = values[name].get("definitions")
        if isinstance(patterns, list):
            return [each for each in patterns if isinstance(each, str)]
        name = str(values[name].get("extends"))
    return []
