"""Call git: with its own options and credentials, and without hooks and the secrets of the config. An edge."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from groupsync.secret_rules import environment_without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ALONE: Final = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
"""A hook is a program that whoever made the clone has put there; none has a part in what is asked here."""
_OURS: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
"""Set while a hook runs; they would lead git elsewhere than to the project's repository."""


def ask_git(
    root: Path,
    *arguments: str,
    timeout_seconds: float,
    given: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder and return what became of it, whatever it ended with.

    Args:
        root: the folder.
        arguments: the command and its arguments; what others wrote must not stand where an option could.
        timeout_seconds: how long to wait.
        given: on stdin.
        extra: variables besides those of the environment.

    Raises:
        OSError: git can't be run.
        subprocess.TimeoutExpired: it took too long.
    """
    inherited = {name: value for name, value in environment_without_secrets().items() if name not in _OURS}
    return subprocess.run(  # noqa: S603 -- git, with arguments that can be no options
        ["git", *_ALONE, "-C", str(root), *arguments],  # noqa: S607 -- the user's own git
        input=given,
        capture_output=True,
        check=False,
        timeout=timeout_seconds,
        start_new_session=True,  # Ctrl-C is for us: a push that is under way is to come to its end
        env=inherited | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"} | dict(extra or {}),
    )
