"""The journal's folder: inside the project, for its owner alone, and left out by git. An edge: it makes it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

WRITABLE: Final = "Make it writable, or name another folder as `journal` in the config. Nothing was changed."
_IGNORED: Final = "# What groupsync writes down of its runs names people.\n*\n"


def make_folder(journal: Path, root: Path, inner: str = "") -> Path:
    """Make the journal's folder where it is missing, and one in it if asked for; return the latter.

    Args:
        journal: absolute, as the config names it.
        root: the project's folder.
        inner: name of the folder in it.

    Raises:
        ConfigError: it leads out of the project, or the system does not allow it.
    """
    folder = journal / inner
    real = folder.resolve()
    if not real.is_relative_to(root.resolve()):
        raise ConfigError("The journal leads out of the project", f"`{folder}` is `{real}`.", WRITABLE)
    try:
        journal.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileExistsError), (journal / ".gitignore").open("x", encoding="ascii") as file:
            file.write(_IGNORED)
    except OSError as error:
        detail = f"{error.filename or folder}: {error.strerror or error}"
        raise ConfigError("The journal can't be written", detail, WRITABLE) from error
    return folder
