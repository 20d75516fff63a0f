"""Which config of which project it is: what plans and runs belong to. An edge: it looks for the repository's top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupsync.config_base import with_base
from groupsync.errors import ConfigError
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ConfigId:
    """The identity of a config; as text, in plans and runs, `shop/teams/production.yaml`.

    Attributes:
        project: the ownership mark.
        path: from the top of the repository, `/` between its parts; outside of one, the file's name.
        earlier: the file's name, where what was recorded under that alone counts as this config's; otherwise empty.
        is_placed: whether it lies in a repository; if not, any path with the file's name at its end is its own.
    """

    project: str
    path: str
    earlier: str = ""
    is_placed: bool = True

    def __str__(self) -> str:
        return f"{self.project}/{self.path}"

    @classmethod
    def of(cls, text: str) -> ConfigId:
        """Return the identity that is written in a plan or run."""
        project, _, path = text.partition("/")
        return cls(project, path)

    @property
    def folder(self) -> str:
        """Where it lies from the top of the repository: empty at the top or outside of one, otherwise ended by `/`."""
        return self.path[: self.path.rfind("/") + 1]

    def is_named(self, text: str) -> bool:
        """Tell whether an identity in a plan or run is this one, or one under which it was known before."""
        project, _, path = text.partition("/")
        known = (path, path.rpartition("/")[2]) if not self.is_placed else (path,)
        return project == self.project and (self.path in known or (self.earlier != "" and path == self.earlier))


def config_id(project: str, root: Path, name: str, read: Callable[[Path], bytes]) -> ConfigId:
    """Return the identity of a config.

    Until it had a path, a config was known by the name of its file. That is what the one at the top is still called: a
    config in a folder takes what was recorded under it for its own where there is no such one.

    Args:
        project: the ownership mark.
        root: the folder in which it lies, absolute, links followed.
        name: of the file.
        read: reads a file; raises ConfigError.
    """
    top = next((each for each in (root, *root.parents) if (each / ".git").exists()), None)
    if top is None:
        return ConfigId(project, name, is_placed=False)
    path = (root / name).relative_to(top).as_posix()
    is_taken = path == name or _may_be_of(project, top / name, read)
    return ConfigId(project, path, "" if is_taken else name)


def _may_be_of(project: str, path: Path, read: Callable[[Path], bytes]) -> bool:
    """Tell whether a file may be a config of a project; one that can't be made out may be."""
    if not path.is_file():
        return False
    try:
        documents, found = parse_yaml(read(path), path.name)
        if found or len(documents) != 1:
            return True
        document, found = with_base(documents[0], path.parent, read)
    except ConfigError:
        return True
    value = document.value
    return bool(found) or not isinstance(value, dict) or value.get("project", project) == project
