"""Start a project: a small one that works at once. An edge: it writes files."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

CONFIG: Final = "groupsync.yaml"
SCHEMAS: Final = ("config.v1.schema.json", "group.v1.schema.json")
"""What the first lines of the files point editors to."""
KEPT_IF_THERE: Final = frozenset({".gitignore", "README.md"})
"""Files that a folder may well have before it becomes a project; they stay as they are."""
_PLACEHOLDER: Final = "PROJECT"
_MAX_NAME_LENGTH: Final = 63


def project_name(text: str) -> str:
    """Return the valid project name nearest to `text`, such as the name of a folder; `groups` where nothing is left."""
    name = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-")
    return name[:_MAX_NAME_LENGTH].rstrip("._-") or "groups"


def project_files(name: str) -> dict[str, bytes]:
    """Return the files of a new project, by their paths in its folder. Reads the package's own data.

    Args:
        name: the ownership mark; a valid project name.
    """
    template = resources.files("groupsync.templates") / "new-project"
    files = {path: file.read_bytes().replace(_PLACEHOLDER.encode(), name.encode()) for path, file in _walk(template)}
    files[".gitignore"] = files.pop("gitignore")  # where it comes from, it must not hide anything
    schemas = resources.files("groupsync.schemas")
    files |= {f"schemas/{schema}": (schemas / schema).read_bytes() for schema in SCHEMAS}
    return dict(sorted(files.items()))


def write_project(folder: Path, name: str) -> list[str]:
    """Write a new project into `folder`, which may exist, and return the paths of the files written, sorted.

    Raises:
        ConfigError: a file is already there, or can't be written. In the first case nothing was written.
    """
    files = project_files(name)
    there = [path for path in files if (folder / path).exists() or (folder / path).is_symlink()]
    obstacles = [path for path in there if path not in KEPT_IF_THERE]
    if CONFIG in obstacles:
        raise ConfigError(f"{folder / CONFIG} exists already", "The folder is a project.", "Choose another folder.")
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


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry
