"""Find files that look like definitions and are not read, so that no slip in a name is silent. An edge: it reads.

Only folders that the patterns reach are looked at, and the project's own; of each file no more than its beginning.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from groupsync.files import DEFINITION_ENDINGS, path_expression, seems_definition
from groupsync.model import Diagnostic, Overlooked, Severity, SourceRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.load import Loaded

_MAX_BYTES: Final = 1_000_000
_SHOWN_NAMES: Final = 5
_DOCUMENT: Final = re.compile(rb"^---.*$", re.MULTILINE)
_KIND: Final = re.compile(rb"""^(?:\{.*)?["']?kind["']?\s*:""", re.MULTILINE)
_NAME: Final = re.compile(rb"""^(?:\{.*?)?["']?\bname["']?\s*:\s*["']?([a-z0-9][a-z0-9._-]*)""", re.MULTILINE)
_COMMENT: Final = re.compile(rb"^[ \t]*#[ \t]?", re.MULTILINE)


def find_overlooked(config: Config, loaded: Loaded) -> tuple[Overlooked, ...]:
    """Return the files that seem to hold definitions and of which none is read, sorted by path.

    Args:
        config: says which files are taken, and which are meant to be left out.
        loaded: what was read.
    """
    ignored = [path_expression(pattern) for pattern in config.ignore]
    found: list[Overlooked] = []
    for path in sorted({*loaded.passed_over, *_beside_config(config, loaded)}):
        if not any(each.fullmatch(path) for each in ignored):
            found += _unread(config, loaded, path)
    for path in loaded.empty:
        if not any(each.fullmatch(path) for each in ignored):
            found.append(_empty(config, path))
    return tuple(sorted(found, key=lambda each: each.path))


def overlooked_findings(overlooked: Iterable[Overlooked], loaded: Loaded) -> Iterator[Diagnostic]:
    """Give a warning for each file that is overlooked."""
    for each in overlooked:
        shown = ", ".join(f"`{name}`" for name in each.names[:_SHOWN_NAMES])
        more = f" and {len(each.names) - _SHOWN_NAMES:,} more" if len(each.names) > _SHOWN_NAMES else ""
        is_empty = each.path in loaded.empty
        code, what = ("GS115", "defines nothing") if is_empty else ("GS114", "looks like a definition and is not read")
        detail = f"{each.why[:1].upper()}{each.why[1:]}." + (f" It names {shown}{more}." if shown else "")
        yield Diagnostic(code, Severity.WARNING, f"`{each.path}` {what}", detail, each.cure, SourceRange(each.path))


def _beside_config(config: Config, loaded: Loaded) -> Iterator[str]:
    """Give the files in the project's folder that no pattern takes, but for the config itself."""
    try:
        with os.scandir(config.root) as entries:
            names = [entry.name for entry in entries if seems_definition(entry)]
    except OSError:
        return  # whoever reads the project's files says so
    taken = set(loaded.files)
    yield from (name for name in names if name != config.path and name not in taken)


def _unread(config: Config, loaded: Loaded, path: str) -> Iterator[Overlooked]:
    data = _beginning(config.root, path)
    if data is not None and (names := _names(data)):
        yield Overlooked(path, names, "no pattern under `definitions` takes it", _cure(config, loaded.files, path))


def _empty(config: Config, path: str) -> Overlooked:
    data = _beginning(config.root, path) or b""
    names = _names(_COMMENT.sub(b"", data))
    why = "it has nothing but comments" if b"#" in data else "it is empty"
    cure = f"Delete it, or name it under `ignore` in {config.path}."
    return Overlooked(path, names, why, f"Take the `#` out. {cure}" if names else cure)


def _names(data: bytes) -> tuple[str, ...]:
    """Return the names in documents that have a kind and a name at their top."""
    found = [_NAME.search(part) for part in _DOCUMENT.split(data) if _KIND.search(part)]
    return tuple(dict.fromkeys(name[1].decode() for name in found if name))


def _cure(config: Config, taken: Sequence[str], path: str) -> str:
    """Return the command that gives a file a name which is read, or the pattern that would read it."""
    patterns = [path_expression(each) for each in config.definitions]
    ignored = f"name it under `ignore` in {config.path}"
    for ending in DEFINITION_ENDINGS:
        other = str(PurePosixPath(path).with_suffix(ending))
        if other in taken:
            return f"Move what it defines to `{other}` and delete it, or {ignored}."
        if any(each.fullmatch(other) for each in patterns):
            return f"`mv {shlex.quote(path)} {shlex.quote(other)}`, or {ignored}."
    return f"Add `{glob.escape(path)}` to `definitions` in {config.path}, or {ignored}."


def _beginning(root: Path, path: str) -> bytes | None:
    """Return how a file begins, None where it can't be read."""
    try:
        with (root / path).open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return None
