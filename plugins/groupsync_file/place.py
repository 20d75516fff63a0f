"""Where a target's files are, and that they stay inside the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from groupsync.errors import BackendError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A path inside the project.

    Attributes:
        root: the project's folder, without symbolic links.
        path: the state file or folder, absolute, links as they are written.
    """

    root: Path
    path: Path

    @classmethod
    def inside(cls, root: Path, written: str) -> Self:
        """Return the place that an option names, relative to the project's folder.

        Raises:
            ConfigError: it is the project's folder itself, or outside of it.
        """
        real = root.resolve()
        path = real / written
        found = path.resolve()
        if found == real or not found.is_relative_to(real):
            summary = f"the state path `{written}` must lie inside the project"
            detail = f"it leads to {found}, and the project is in {real}"
            raise ConfigError(summary, detail, "Give a path relative to the project's folder, such as `state/`.")
        return cls(real, path)

    def check(self, path: Path) -> None:
        """See that a path of this target still lies inside the project, whatever links there are by now.

        Raises:
            BackendError: it doesn't.
        """
        found = path.resolve()
        if not found.is_relative_to(self.root):
            summary = f"`{self.shown(path)}` leads out of the project, to {found}"
            raise BackendError(summary, "a symbolic link is in the way", "Put the real folder there.")

    def shown(self, path: Path) -> str:
        """Return a path as people know it: relative to the project, `/` between the parts."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
