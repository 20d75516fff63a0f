"""Find and read the files of a project; nothing outside its folder is ever read."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final

from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.secret_rules import has_secret
from groupsync.yaml.errors import YamlFault, fault, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFINITION_ENDINGS: Final = (".yaml", ".yml")
_MAGIC: Final = re.compile(r"[*?\[]")


class UnreadableFile(YamlFault):
    """A file can't be read. `diagnostic` says why, and what to do."""


def read_text_file(root: Path, path: str, limit_bytes: int) -> bytes:
    """Return the bytes of a file of the project.

    Args:
        root: the project's folder.
        path: from there, `/` between the parts.
        limit_bytes: a larger file is refused.

    Raises:
        UnreadableFile: it is gone, a folder, too large, outside the project or not to be read.
    """
    if not _is_inside(root, root / path):
        raise UnreadableFile(_outside(path))
    return read_found_file(root, path, limit_bytes)


def read_found_file(root: Path, path: str, limit_bytes: int) -> bytes:
    """Do what `read_text_file` does for a path that `find_files` gave: known to lie inside the project.

    Raises:
        UnreadableFile: as there.
    """
    try:
        # Opening a pipe would otherwise wait for somebody to write to it.
        descriptor = os.open(f"{root}/{path}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFile(_unreadable(path, error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(_not_a_file(path, is_folder=stat.S_ISDIR(status.st_mode)))
        if has_secret(status):
            raise UnreadableFile(_secret(path))
        if status.st_size > limit_bytes:
            raise UnreadableFile(too_large(path, status.st_size, limit_bytes))
        data = os.read(descriptor, status.st_size + 1)
        while more := os.read(descriptor, 1 << 20) if len(data) != status.st_size else b"":
            data += more
            if len(data) > limit_bytes:
                raise UnreadableFile(too_large(path, len(data), limit_bytes))
    except OSError as error:
        raise UnreadableFile(_unreadable(path, error)) from error
    finally:
        os.close(descriptor)
    return data


@dataclass(frozen=True, slots=True)
class Found:
    """What came of looking for the files that hold definitions; all paths are from the project's folder.

    Attributes:
        files: those that a pattern takes, sorted, each once.
        diagnostics: what was found to be wrong or odd.
        unmatched: the patterns that take no file, each with where it is written.
    """

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    unmatched: tuple[tuple[str, SourceRange | None], ...] = ()


def find_files(
    root: Path, patterns: Sequence[str], places: Sequence[SourceRange] = ()
) -> tuple[list[str], list[Diagnostic]]:
    """Do what `search_files` does, and return the files and what was found to be wrong or odd."""
    found = search_files(root, patterns, places)
    return list(found.files), list(found.diagnostics)


def search_files(root: Path, patterns: Sequence[str], places: Sequence[SourceRange] = ()) -> Found:
    """Look for the files that hold definitions.

    Only regular files that end in .yaml or .yml are taken; names that start with a dot only where the pattern has the
    dot. Links are followed to files inside the project, not to folders.

    Args:
        root: the project's folder.
        patterns: from there; `*` and `?` stay within a name, `**` stands for any number of folders.
        places: where the patterns are written, as far as that is known; findings without a file of their own go there.

    """
    walk = _Walk(root)
    found: list[Diagnostic] = []
    unmatched: list[tuple[str, SourceRange | None]] = []
    for pattern, place in zip_longest(patterns, places):
        if not walk.run(pattern):
            unmatched.append((pattern, place))
        found += [replace(each, subject=each.subject or place) for each in walk.found]
        walk.found.clear()
    return Found(tuple(sorted(walk.files)), tuple(dict.fromkeys(found)), tuple(unmatched))


def path_expression(pattern: str) -> re.Pattern[str]:
    """Return what matches, as a whole, the paths that `find_files` would find for a pattern; pure."""
    return re.compile(_expression([part for part in pattern.split("/") if part not in {"", "."}]))


@dataclass(slots=True)
class _Walk:
    root: Path
    files: set[str] = field(default_factory=set)
    found: list[Diagnostic] = field(default_factory=list)
    expression: re.Pattern[str] = re.compile("")
    hidden: bool = False

    def run(self, pattern: str) -> bool:
        """Add what one pattern matches, and tell whether that is anything."""
        parts = [part for part in pattern.split("/") if part not in {"", "."}]
        if ".." in parts or pattern.startswith("/") or "\\" in pattern or "\0" in pattern or not parts:
            hint = "Write it from the project's folder, such as `groups/**/*.yaml`."
            summary = f"The pattern `{pattern}` does not stay inside the project"
            self.found.append(Diagnostic("GS111", Severity.ERROR, summary, "", hint))
            return False
        before = (len(self.files), len(self.found))
        start = next((index for index, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
        self.expression = re.compile(_expression(parts))
        self.hidden = any(part.startswith(".") for part in parts[start:])
        depth = len(parts) - start if "**" not in parts else None
        already = self.files
        self.files = set()
        if _is_inside(self.root, self.root.joinpath(*parts[:start])):
            self._walk("/".join(parts[:start]), depth)
        else:
            self.found.append(_outside("/".join(parts[:start])))
        if not self.files and len(self.found) == before[1]:
            self.found.append(_no_match(pattern))
        matches = bool(self.files)
        self.files |= already
        return matches

    def _walk(self, folder: str, depth: int | None) -> None:
        """Look through a folder and, to `depth` levels where that is not None, those in it."""
        try:
            with os.scandir(self.root / folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.found.append(_unreadable(folder, error))
            return
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False) and not entry.name.endswith(DEFINITION_ENDINGS):
                if (depth is None or depth > 1) and (self.hidden or not entry.name.startswith(".")):
                    self._walk(path, None if depth is None else depth - 1)
            else:
                self._take(entry, path, may_go_deeper=depth is None or depth > 1)

    def _take(self, entry: os.DirEntry[str], path: str, *, may_go_deeper: bool) -> None:
        if entry.is_symlink() and may_go_deeper and Path(entry.path).is_dir() and not entry.name.startswith("."):
            self.found.append(_linked_folder(path))
        if not entry.name.endswith(DEFINITION_ENDINGS) or not self.expression.fullmatch(path):
            return
        if not path.isprintable():
            shown = path.encode("unicode_escape").decode()
            hint = "Rename it to printable characters in UTF-8."
            self.found.append(fault("GS110", "A file has a name that can't be shown", "", hint, at=SourceRange(shown)))
        elif entry.is_symlink() and not _is_inside(self.root, Path(entry.path)):
            self.found.append(_outside(path))
        elif entry.is_symlink() and not Path(entry.path).exists():
            self.found.append(fault("GS110", "A link to nothing", "", "Mend or delete it.", at=SourceRange(path)))
        elif not entry.is_file():
            self.found.append(_not_a_file(path, is_folder=entry.is_dir()))
        else:
            self.files.add(path)


def _expression(parts: Iterable[str]) -> str:
    """Return a regular expression for whole paths; like the shell's, wildcards don't match a dot at the start."""
    expression = ""
    *folders, last = parts
    for part in folders:
        expression += r"(?:(?!\.)[^/]+/)*" if part == "**" else _name_expression(part) + "/"
    return expression + (r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+" if last == "**" else _name_expression(last))


def _name_expression(part: str) -> str:
    pieces = re.split(r"(\*+|\?|\[!?\]?[^\]]*\])", part)
    expression = "" if part.startswith(".") else r"(?!\.)"
    for piece in pieces:
        if piece.startswith("*"):
            expression += "[^/]*"
        elif piece == "?":
            expression += "[^/]"
        elif piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
            inside = piece[1:-1].replace("\\", r"\\").replace("[", r"\[")
            expression += (
                f"(?!/)[^{inside[1:]}]" if inside.startswith("!") else f"[{inside.replace('^', chr(92) + '^')}]"
            )
        else:
            expression += re.escape(piece)
    return expression


def _is_inside(root: Path, path: Path) -> bool:
    """Tell whether a path, links followed, lies in the project's folder."""
    home = os.path.realpath(root)
    real = os.path.realpath(path)
    return real == home or real.startswith(home.rstrip("/") + "/")


def _outside(path: str) -> Diagnostic:
    summary = f"`{path}` leads out of the project"
    hint = "Keep what the project reads inside its folder, without links to the outside."
    return fault("GS111", summary, "A link on the way points elsewhere.", hint, at=SourceRange(path))


def _secret(path: str) -> Diagnostic:
    summary = f"`{path}` is a secret of the config"
    detail = "The config refers to it as `${file:…}`, so nothing else is read from it."
    return fault("GS110", summary, detail, "Name another file.", at=SourceRange(path))


def _not_a_file(path: str, *, is_folder: bool) -> Diagnostic:
    what = "a folder" if is_folder else "no regular file"
    return fault("GS110", f"`{path}` is {what}", "Expected a file.", "Rename it or move it.", at=SourceRange(path))


def _unreadable(path: str, error: OSError) -> Diagnostic:
    if isinstance(error, FileNotFoundError):
        hint = "If something else changes the files meanwhile, run again when it is done."
        return fault("GS110", f"`{path}` is not there", "", hint, at=SourceRange(path))
    detail = f"The system says: {error.strerror or error}."
    return fault("GS110", f"`{path}` can't be read", detail, "Check its permissions.", at=SourceRange(path))


def _no_match(pattern: str) -> Diagnostic:
    endings = " or ".join(DEFINITION_ENDINGS)
    kept = "Until this is fixed, no group whose definition is gone is deleted."
    detail = f"Definitions are files that end in {endings}. {kept}"
    hint = "Correct the pattern under `definitions` in the config, or add a file."
    return Diagnostic("GS112", Severity.WARNING, f"The pattern `{pattern}` matches no file", detail, hint)


def _linked_folder(path: str) -> Diagnostic:
    summary = f"The linked folder `{path}` is not searched"
    hint = "Name the folder that it points to under `definitions` in the config."
    return Diagnostic("GS113", Severity.WARNING, summary, "", hint, SourceRange(path))
