"""Tell which files are a project's own, so that no report or plan is written over them. An edge: it reads files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from groupsync.config import load_config
from groupsync.errors import GroupsyncError
from groupsync.files import DEFINITION_ENDINGS, path_expression
from groupsync.load import load_definitions
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from groupsync.config import Config

_MAX_BYTES: Final = 1 << 20
_SECRET: Final = re.compile(r"\$\{file:([^}]*)\}")


def use_of(config_path: Path, place: Path) -> str:
    """Return in words what a project uses a file for; empty where it does not.

    The config and its bases, every file that they name and what lies in a folder that they name, definitions, member
    files, approvals and the journal count. Of a config or definitions that can't be read what can be told counts.

    Args:
        config_path: of the project.
        place: the file, links followed.
    """
    root = config_path.resolve().parent
    if place == config_path.resolve():
        return "the config"
    if _is_named(root, place, set(_texts(config_path, root, set()))):
        return f"named in {config_path.name}"
    try:
        config = load_config(config_path)
    except GroupsyncError:
        return ""
    if any(place.is_relative_to(folder.resolve()) for folder in (config.journal, root / config.approvals)):
        return "in a folder that groupsync keeps"
    return _member_file(config, root, place)


def _member_file(config: Config, root: Path, place: Path) -> str:
    if not place.is_relative_to(root):
        return ""  # no definition names what lies outside
    loaded = load_definitions(config.root, config.definitions, config.identity, config.definitions_at)
    for each in loaded.definitions:
        if any((root / file.path).resolve() == place for file in each.members_from or ()):
            return f"a member file of {each.name}"
    return ""


def _is_named(root: Path, place: Path, texts: set[str]) -> bool:
    inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else ""
    for text in texts:
        if set(text).isdisjoint("*?["):
            named = (root / text).resolve()
            if place == named or (place.is_relative_to(named) and not root.is_relative_to(named)):
                return True
        elif inside and path_expression(text).fullmatch(inside):
            return True
    return False


def _texts(path: Path, root: Path, seen: set[Path]) -> Iterator[str]:
    """Give all texts of a config that may be paths, but for the project's name, and those of its bases."""
    seen.add(path.resolve())
    try:
        with path.open("rb") as stream:
            documents, _ = parse_yaml(stream.read(_MAX_BYTES), path.name)
    except OSError:
        return
    for document in documents:
        value: object = document.value
        for key, below in value.items() if isinstance(value, dict) else ():
            for text in _leaves(below) if key != "project" else ():
                yield text
                base = root / text
                if text.endswith(DEFINITION_ENDINGS) and base.is_file() and base.resolve() not in seen:
                    yield from _texts(base, root, seen)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str) and value and "\0" not in value and "\n" not in value and len(value) < 1_000:
        yield from _SECRET.findall(value) or [value]
