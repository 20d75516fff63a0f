"""Write the files of a project, each at once or not at all; nothing outside its folder is ever written."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from groupsync.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write_file(root: Path, path: str, data: bytes, *, replace: bool) -> None:
    """Write one file and the folders it needs. Whoever reads meanwhile sees what was there before, or all of `data`.

    Args:
        root: the project's folder.
        path: from there, `/` between the parts. Where it is a link, the file that it points to is written.
        data: all that the file is to hold.
        replace: put it in the place of a file that is there, with its permissions, instead of refusing.

    Raises:
        ConfigError: a file is there, the path leads out of the project, or the system does not allow it.
    """
    target = (root / path).resolve()
    if not target.is_relative_to(root.resolve()):
        raise ConfigError(f"`{path}` leads out of the project", f"It is `{target}`.", "Choose a place inside.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if replace:
            _replace(target, data)
        else:
            with target.open("xb") as stream:
                stream.write(data)
    except FileExistsError as error:
        raise ConfigError(f"`{path}` exists already", "It was not touched.", "Move it away.") from error
    except OSError as error:
        raise ConfigError(f"Can't write `{path}`", f"The system says: {error.strerror or error}.") from error


def _replace(target: Path, data: bytes) -> None:
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        os.replace(temporary, target)  # noqa: PTH105 -- a path as text, as mkstemp gives it
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 -- the same
        raise
