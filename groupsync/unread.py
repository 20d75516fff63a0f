"""Look through a project's folders for files that are not read and have names like a definition's. An edge: it reads.

Left out is what can hold no definition of this project: folders that are hidden, another project's, installed packages,
what the config keeps elsewhere (targets, sources, journal, approvals), and what it ignores.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.config import CONFIG_NAME
from groupsync.files import path_expression

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from groupsync.config import Config

MAX_ENTRIES: Final = 50_000
MAX_FILES: Final = 5_000
_PACKAGES: Final = frozenset({"node_modules", "__pycache__"})
_SIGNS_OF_OTHERS: Final = frozenset({CONFIG_NAME, "pyvenv.cfg"})
_LIKE_A_DEFINITION: Final = re.compile(
    r".+?(?:\.(?:ya?ml|json)(?:[._ (-].*)?|\.(?:bak|backup|disabled|inactive|off|old|orig|save|tmp))",
    re.IGNORECASE | re.DOTALL,
)
_EDITORS: Final = ("~", "#", ".swp", ".swo")


@dataclass(frozen=True, slots=True)
class Unread:
    """Files that no pattern takes, and that have a name which a slip or a switch would give a definition.

    Attributes:
        files: paths from the project's folder, sorted.
        looked_at: how many files and folders the search came across before it was given up; 0 where it was not.
        largest: the folder without definitions in which most of them are, where the search was given up; may be empty.
    """

    files: tuple[str, ...]
    looked_at: int = 0
    largest: str = ""


class Ignored:
    """The files that the config names under `ignore`."""

    def __init__(self, config: Config) -> None:
        self._files = [path_expression(each) for each in config.ignore]
        self._folders = [path_expression(each[:-3]) for each in config.ignore if each.endswith("/**")]

    def file(self, path: str) -> bool:
        """Tell whether a file is meant to be left out."""
        return any(each.fullmatch(path) for each in self._files)

    def folder(self, path: str) -> bool:
        """Tell whether all that is in a folder is meant to be left out."""
        return any(each.fullmatch(path) for each in self._folders)


def find_unread(config: Config, taken: Collection[str], ignored: Ignored) -> Unread:
    """Look for the files, nearest to the project's folder first; what can't be listed is passed over.

    Args:
        config: says where the project is, and what is kept elsewhere.
        taken: the files that are read.
        ignored: those that are meant to be left out.
    """
    prefixes = {_prefix(pattern) for pattern in config.definitions}
    folders = prefixes | set(map(posixpath.dirname, taken))
    reading = folders.union(*map(_above, folders))
    left_out = {*taken, config.path, *(set(_kept_elsewhere(config)) - reading)}
    waiting = deque(["", *sorted(each for each in prefixes if _is_hidden(each))])
    found: list[str] = []
    counts: dict[str, int] = {}
    looked_at = 0
    while waiting:
        folder = waiting.popleft()
        entries = _entries(config, folder)
        others = [(name, is_folder) for name, is_folder in entries if _path(folder, name) not in left_out]
        counts[folder] = len(others)
        looked_at += len(others)
        for name, is_folder in others:
            path = _path(folder, name)
            if is_folder:
                waiting += [] if name in _PACKAGES or ignored.folder(path) else [path]
            elif _LIKE_A_DEFINITION.fullmatch(name) and not name.endswith(_EDITORS) and not ignored.file(path):
                found.append(path)
        if looked_at > MAX_ENTRIES or len(found) > MAX_FILES:
            return Unread(tuple(sorted(found[:MAX_FILES])), looked_at, _largest(counts, reading))
    return Unread(tuple(sorted(found)))


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _entries(config: Config, folder: str) -> list[tuple[str, bool]]:
    """Return the names in a folder, and whether each is a folder; none where the folder is not this project's."""
    try:
        with os.scandir(config.root / folder) as scan:
            seen = [(entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in scan]
    except OSError:
        return []  # where a pattern looks, whoever reads the definitions says so
    is_others = bool(folder) and not _SIGNS_OF_OTHERS.isdisjoint(name for name, _, _ in seen)
    return [] if is_others else sorted(each[:2] for each in seen if not each[2] and not each[0].startswith("."))


def _prefix(pattern: str) -> str:
    """Return the folder that a pattern looks in, as far as it is written without wildcards."""
    fixed = re.split(r"[*?\[]", pattern)[0].rpartition("/")[0]
    return posixpath.normpath(fixed) if fixed else ""


def _is_hidden(folder: str) -> bool:
    first, *_ = parts = folder.split("/")
    return first not in {".", ".."} and any(part.startswith(".") for part in parts)


def _kept_elsewhere(config: Config) -> Iterator[str]:
    """Give what may be paths of files and folders that the config uses for something else than definitions."""
    yield posixpath.normpath(config.approvals)
    yield os.path.relpath(config.journal, config.root)
    for options in [each.options.values for each in config.targets] + [each.options.values for each in config.sources]:
        yield from (posixpath.normpath(value) for value in options.values() if isinstance(value, str))


def _largest(counts: Mapping[str, int], reading: Collection[str]) -> str:
    """Return the folder in which most was found, of those that no definition lies in."""
    totals: Counter[str] = Counter()
    for folder, count in counts.items():
        totals.update({each: count for each in (folder, *_above(folder)) if each and each not in reading})
    return max(totals, key=lambda each: (totals[each], -each.count("/")), default="")


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
