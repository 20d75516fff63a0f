"""Start a project, a small one that works at once, and bring segments into one. An edge: it writes files."""

from __future__ import annotations

import os
import re
from importlib import resources
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from groupsync.config import CONFIG_NAME, load_config
from groupsync.errors import ConfigError
from groupsync.files import path_expression
from groupsync.segment_templates import SCHEMA, text_for
from groupsync.wording import nearest_name
from groupsync.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from groupsync.segment_templates import Template

SCHEMAS: Final = ("config.v1.schema.json", "group.v1.schema.json")
"""What the first lines of the files point editors to."""
KEPT_IF_THERE: Final = frozenset({".gitignore", "README.md"})
"""Files that a folder may well have before it becomes a project; they stay as they are."""
_PLACEHOLDER: Final = "PROJECT"
_TEXTS: Final = (".yaml", ".md", "gitignore")
_MAX_NAME_LENGTH: Final = 63
_MAGIC: Final = re.compile(r"[*?\[]")


def project_name(text: str) -> str:
    """Return the valid project name nearest to `text`, such as the name of a folder; `groups` where nothing is left."""
    return nearest_name(text)[:_MAX_NAME_LENGTH].rstrip("._-") or "groups"


def project_files(name: str, templates: Sequence[Template] = ()) -> dict[str, bytes]:
    """Return the files of a new project, by their paths in its folder. Reads the package's own data.

    Args:
        name: the ownership mark; a valid project name.
        templates: segments to define, of made-up customers who come with them. Without any, the project lists people.
    """
    data = resources.files("groupsync.templates")
    found = dict(_walk(data / ("segment-project" if templates else "new-project")))
    found["gitignore"] = data / "new-project/gitignore"
    files = {path: _named(path, file.read_bytes(), name) for path, file in found.items()}
    for template in templates:
        path = f"groups/{template.name}.yaml"
        files[path] = text_for(template, path, has_schema=True).encode()
    files[".gitignore"] = files.pop("gitignore")  # where it comes from, it must not hide anything
    schemas = resources.files("groupsync.schemas")
    files |= {f"schemas/{schema}": (schemas / schema).read_bytes() for schema in SCHEMAS}
    return dict(sorted(files.items()))


def write_project(folder: Path, name: str, templates: Sequence[Template] = ()) -> list[str]:
    """Write a new project into `folder`, which may exist, and return the paths of the files written, sorted.

    `name` and `templates` are as for `project_files`.

    Raises:
        ConfigError: a file is already there, or can't be written. In the first case nothing was written.
    """
    files = project_files(name, templates)
    there = [path for path in files if (folder / path).exists() or (folder / path).is_symlink()]
    obstacles = [path for path in there if path not in KEPT_IF_THERE]
    if CONFIG_NAME in obstacles:
        there_is = f"{folder / CONFIG_NAME} exists already"
        raise ConfigError(there_is, "The folder is a project.", "Choose another folder.")
    if obstacles:
        listing = ", ".join(obstacles)
        raise ConfigError(
            f"{folder} is not free", f"It has {listing} already.", "Move them away, or choose another folder."
        )
    written = [path for path in files if path not in there]
    try:
        for path in written:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (folder / path).open("xb") as file:
                file.write(files[path])
    except OSError as error:
        raise ConfigError(f"Can't write {error.filename or folder}", f"{error.strerror or error}.") from error
    return written


def is_project(folder: Path) -> bool:
    """Tell whether the folder has a config."""
    return os.path.lexists(folder / CONFIG_NAME)


def add_segments(folder: Path, templates: Sequence[Template]) -> list[str]:
    """Write segments into the project in `folder`, where it looks for definitions; return the paths of their files.

    Raises:
        InvalidDefinitions: all that is wrong with the config.
        ConfigError: a file is already there, or there is no place for one; nothing was written. Or one can't be
            written.
    """
    config = load_config(folder / CONFIG_NAME)
    has_schema = (folder / SCHEMA).is_file()
    places = {definition_path(config.definitions, template.name): template for template in templates}
    if None in places:
        patterns = ", ".join(f"`{pattern}`" for pattern in config.definitions)
        raise ConfigError(
            f"{folder} has no place for another definition",
            f"`definitions` in {CONFIG_NAME} has {patterns}; expected a pattern that takes any file of a folder.",
            "Add one, such as `groups/**/*.yaml`.",
        )
    files = {path: text_for(template, path, has_schema=has_schema) for path, template in places.items() if path}
    there = [path for path in files if os.path.lexists(folder / path)]
    if there:
        listing = ", ".join(there)
        raise ConfigError(f"{folder} is not free", f"It has {listing} already. Nothing was written.", "Move it away.")
    for path, text in files.items():
        write_file(folder, path, text.encode(), replace=False)
    return list(files)


def definition_path(patterns: Sequence[str], name: str) -> str | None:
    """Return where to put a file for a definition so that a pattern finds it; None where none would. Pure.

    Args:
        patterns: of the files with definitions, from the project's folder. The first that can takes it.
        name: of the definition.
    """
    for pattern in patterns:
        parts = [part for part in pattern.split("/") if part not in {"", "."}]
        if not parts or ".." in parts or pattern.startswith("/"):
            continue
        folders = takewhile(lambda part: not _MAGIC.search(part), parts[:-1])
        path = "/".join([*folders, name + (".yml" if pattern.endswith(".yml") else ".yaml")])
        if path_expression(pattern).fullmatch(path):
            return path
    return None


def _named(path: str, data: bytes, name: str) -> bytes:
    return data.replace(_PLACEHOLDER.encode(), name.encode()) if path.endswith(_TEXTS) else data


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry
