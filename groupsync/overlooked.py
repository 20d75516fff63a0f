"""Find files that look like definitions and are not read, so that no slip in a name or a folder is silent. An edge.

All of the project's folders are looked at; of each file no more than its beginning.
"""

from __future__ import annotations

import difflib
import glob
import json
import os
import posixpath
import re
import shlex
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from groupsync.files import DEFINITION_ENDINGS, path_expression
from groupsync.model import KNOWN_USER_GROUP, SEGMENT, Diagnostic, Overlooked, Severity, SourceRange
from groupsync.other_configs import taken_by_others
from groupsync.report.style import counted
from groupsync.unread import Ignored, find_unread

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.load import Loaded

_MAX_BYTES: Final = 1_000_000
_FIRST_BYTES: Final = 65_536
_SHOWN_NAMES: Final = 5
_DOCUMENT: Final = re.compile(rb"^---.*$", re.MULTILINE)
_KIND: Final = re.compile(rb"""^(?:\{.*?)?["']?\bkind["']?\s*:\s*["']?([\w -]+)""", re.MULTILINE)
_NAME: Final = re.compile(rb"""^(?:\{.*?)?["']?\bname["']?\s*:\s*["']?([a-z0-9][a-z0-9._-]*)""", re.MULTILINE)
_COMMENT: Final = re.compile(rb"^[ \t]*#[ \t]?", re.MULTILINE)
_ENDING: Final = re.compile(r"\.(?:ya?ml|json)(?:[._ (-].*)?$|\.[a-z]+$", re.IGNORECASE)


def find_overlooked(config: Config, loaded: Loaded, findings: list[Diagnostic]) -> tuple[Overlooked, ...]:
    """Return the files that seem to hold definitions and of which none is read, sorted by path.

    Args:
        config: says which files are taken, and which are meant to be left out.
        loaded: what was read.
        findings: gets what is to be said of these files, and of folders that were not searched.
    """
    ignored = Ignored(config)
    unread = find_unread(config, loaded.files, ignored)
    names = {path: found for path in unread.files if (found := _names_in(config.root, path))}
    others = taken_by_others(config, loaded.files) if names else []
    defined = {each.name for each in (*loaded.definitions, *loaded.broken)}
    overlooked = [
        path
        for path, found in names.items()
        if not any(each.fullmatch(path) for each in others)
        and (path.lower().endswith(DEFINITION_ENDINGS) or not defined.issuperset(found))
    ]
    whole = _wholly_overlooked(config.root, overlooked)
    why = "no pattern under `definitions` takes it"
    result = [
        Overlooked(_shown(path), names[path], why, _cure(config, loaded.files, path, whole)) for path in overlooked
    ]
    result += [_empty(config, path) for path in loaded.empty if not ignored.file(path)]
    result.sort(key=lambda each: each.path)
    findings += _findings(result, loaded.empty)
    if unread.looked_at:
        findings.append(_not_searched(config, unread.looked_at, unread.largest))
    return tuple(result)


def _findings(overlooked: Iterable[Overlooked], empty: Collection[str]) -> Iterator[Diagnostic]:
    """Give a warning for each file that is overlooked; one for all those that one edit brings back."""
    by_edit: dict[str, list[Overlooked]] = {}
    for each in overlooked:
        by_edit.setdefault(each.path if each.path in empty else each.cure, []).append(each)
    for first, *more in by_edit.values():
        names = dict.fromkeys(name for each in (first, *more) for name in each.names)
        code, what = ("GS115", "defines nothing") if first.path in empty else ("GS114", _unread_words(len(more)))
        detail = f"{first.why[:1].upper()}{first.why[1:]}." + (f" {_named(list(names), len(more))}" if names else "")
        yield Diagnostic(code, Severity.WARNING, f"`{first.path}` {what}", detail, first.cure, SourceRange(first.path))


def _unread_words(more: int) -> str:
    if not more:
        return "looks like a definition and is not read"
    return f"and {counted(more, 'more file')} beside it look like definitions and are not read"


def _named(names: Sequence[str], more: int) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN_NAMES])
    rest = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    return f"{'They name' if more else 'It names'} {shown}{rest}."


def _not_searched(config: Config, looked_at: int, largest: str) -> Diagnostic:
    summary = "Not all of the project's folders were searched for definitions that are not read"
    count = counted(looked_at, "file or folder", "files and folders")
    detail = f"The search ended after {count}, those nearest to {config.path} first."
    example = f", such as `{glob.escape(largest)}/**`" if largest else ""
    hint = f"Name folders that hold no definitions under `ignore` in {config.path}{example}."
    return Diagnostic("GS116", Severity.WARNING, summary, detail, hint, SourceRange(config.path))


def _names_in(root: Path, path: str) -> tuple[str, ...]:
    """Return the names that a file seems to define; reads on only where it begins like a definition."""
    try:
        descriptor = os.open(f"{root}/{path}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        data = os.read(descriptor, _FIRST_BYTES)
        if len(data) == _FIRST_BYTES and _names(data):
            data += os.read(descriptor, _MAX_BYTES - _FIRST_BYTES)
    except OSError:
        return ()
    finally:
        os.close(descriptor)
    return _names(data)


def _names(data: bytes) -> tuple[str, ...]:
    """Return the names in documents that have at their top a name, and a kind of group or almost one."""
    if b"kind" not in data or b"name" not in data:
        return ()
    if data.lstrip().startswith(b"{") and (in_json := _name_in_json(data)):
        return in_json
    found = [_NAME.search(part) for part in _DOCUMENT.split(data) if (kind := _KIND.search(part)) and _is_kind(kind[1])]
    return tuple(dict.fromkeys(name[1].decode() for name in found if name))


def _name_in_json(data: bytes) -> tuple[str, ...]:
    try:
        value = json.loads(data)
    except ValueError:  # YAML in braces, or cut short
        return ()
    name, kind = value.get("name"), value.get("kind")
    return (name,) if isinstance(name, str) and isinstance(kind, str) and _is_kind(kind.encode()) else ()


@lru_cache
def _is_kind(word: bytes) -> bool:
    return bool(difflib.get_close_matches(word.strip().decode(), (KNOWN_USER_GROUP, SEGMENT), n=1))


def _empty(config: Config, path: str) -> Overlooked:
    try:
        with (config.root / path).open("rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError:
        data = b""
    names = _names(_COMMENT.sub(b"", data))
    why = "it has nothing but comments" if b"#" in data else "it is empty"
    cure = f"Delete it, or name it under `ignore` in {config.path}."
    return Overlooked(path, names, why, f"Take the `#` out. {cure}" if names else cure)


def _shown(path: str) -> str:
    return path if path.isprintable() else path.encode("unicode_escape").decode()


def _wholly_overlooked(root: Path, overlooked: Collection[str]) -> frozenset[str]:
    """Return the patterns that take several files which are overlooked, and nothing else."""
    ends = [path for path in overlooked if path.endswith(DEFINITION_ENDINGS)]
    counts = Counter((_pattern_beside(path), *posixpath.split(path)[:1], posixpath.splitext(path)[1]) for path in ends)
    return frozenset(
        pattern
        for (pattern, folder, ending), count in counts.items()
        if 1 < count == len(list((root / folder).glob(f"[!.]*{ending}")))
    )


def _pattern_beside(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(glob.escape(folder), "*" + posixpath.splitext(name)[1])


def _cure(config: Config, taken: Collection[str], path: str, whole: Collection[str]) -> str:
    """Return the command that gives a file a name which is read, or the pattern that would read it."""
    if not path.isprintable():
        return "Rename it to printable characters in UTF-8, or delete it."
    patterns = [path_expression(each) for each in config.definitions]
    ignored = f"name it under `ignore` in {config.path}"
    folder, name = posixpath.split(path)
    is_yaml = path.endswith(DEFINITION_ENDINGS)
    stem = name.rpartition(".")[0] if name.lower().endswith(DEFINITION_ENDINGS) else _ENDING.sub("", name)
    others = [posixpath.join(folder, stem + ending) for ending in DEFINITION_ENDINGS]
    for other in others:
        if other in taken:
            return f"Move what it defines to `{other}` and delete it, or {ignored}."
        if any(each.fullmatch(other) for each in patterns):
            return f"`mv {shlex.quote(path)} {shlex.quote(other)}`, or {ignored}."
    if not is_yaml:
        return f"Call it `{others[0]}` and add that to `definitions` in {config.path}, or {ignored}."
    beside = _pattern_beside(path)
    if beside in whole:
        return f"Add `{beside}` to `definitions` in {config.path}, or name them under `ignore` in {config.path}."
    return f"Add `{glob.escape(path)}` to `definitions` in {config.path}, or {ignored}."
