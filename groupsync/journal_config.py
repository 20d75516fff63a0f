"""The section `journal` of the config: in which folder runs are written down, and what outlives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.model import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from groupsync.model import SourceRange
    from groupsync.yaml.document import Document

JOURNAL_FOLDER: Final = ".groupsync"
KEPT_RUNS: Final = 100
REF: Final = "refs/groupsync/journal"
REMOTE: Final = "origin"
GIT: Final = "git"
_ONLY_GIT: Final = ("ref", "remote", "key")


@dataclass(frozen=True, slots=True)
class GitRef:
    """A ref of a remote, that runs are kept in.

    Attributes:
        ref: in full, `refs/groupsync/…`.
        remote: its name in each clone.
        keys: references to what the ref is encrypted with, the newest first; empty where it names nobody.
        at: where these are written.
    """

    ref: str = REF
    remote: str = REMOTE
    keys: tuple[str, ...] = ()
    at: SourceRange | None = field(default=None, compare=False)


def check_journal(document: Document, root: Path) -> Iterator[Diagnostic]:
    """Give what is wrong with the section but its form: a folder outside the project, or what goes with git alone."""
    value: Any = document.value
    written = value.get("journal") if isinstance(value, dict) else None
    options = written if isinstance(written, dict) else {"path": written} if written is not None else {}
    store = options.get("store")
    is_git = store == GIT
    if not is_git and isinstance(store, str) and store.strip("/").lower() == GIT:
        summary = f"`journal.store` is `{store}`, which would be a folder"
        yield _error("GS205", summary, "Expected `git`, or the path of a folder.", "Write `git`.", _store_at(document))
    for key in _ONLY_GIT if not is_git else ():
        if key in options:
            summary = f"`journal.{key}` goes only with `store: git`"
            at = document.locate(("journal", key))
            hint = f"Write `store: git`, or take `{key}` out."
            yield _error("GS208", summary, "The journal is in a folder.", hint, at)
    if {"path", "store"} <= options.keys() and not is_git:
        summary = "`journal` names two folders"
        at = document.locate(("journal", "store"))
        yield _error("GS208", summary, "`store` and `path` mean the same.", "Take one of them out.", at)
    folder = journal_folder(written)
    if isinstance(folder, str) and folder:
        yield from _outside(document, folder, root.resolve(), "path" if "path" in options or is_git else "store")


def _store_at(document: Document) -> SourceRange:
    return document.locate(("journal", "store"))


def journal_folder(value: object) -> str:
    """Return the folder as written, of a section whose form is right."""
    if isinstance(value, str):
        return value
    options: Any = value if isinstance(value, dict) else {}
    store = options.get("store", JOURNAL_FOLDER)
    folder: str = options.get("path", JOURNAL_FOLDER if store == GIT else store)
    return folder


def kept_runs(value: object) -> int:
    """Return how many runs are kept, by a section whose form is right."""
    options: Any = value if isinstance(value, dict) else {}
    kept: int = options.get("keep", KEPT_RUNS)
    return kept


def git_ref(document: Document) -> GitRef | None:
    """Return the ref that a section whose form is right names; None where runs are kept in the folder alone."""
    value: Any = document.value
    section = value.get("journal")
    options: Any = section if isinstance(section, dict) else {}
    if options.get("store") != GIT:
        return None
    keys = options.get("key", ())
    at = document.locate(("journal", "key")) if keys else None
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return GitRef(options.get("ref", REF), options.get("remote", REMOTE), keys, at)


def _outside(document: Document, written: str, root: Path, key: str) -> Iterator[Diagnostic]:
    """Refuse a folder that would not lie inside the project, links followed."""
    value: Any = document.value
    found = (root / written).resolve() if "\0" not in written else root
    if found == root or not found.is_relative_to(root):
        section = value.get("journal")
        is_named = isinstance(section, dict) and key in section
        at = document.locate(() if section is None else ("journal", key) if is_named else ("journal",))
        detail = f"It is `{found}`, and the project is in `{root}`."
        hint = f"Name a folder inside the project, such as `{JOURNAL_FOLDER}/`."
        yield _error("GS111", f"The journal `{written}` does not lie inside the project", detail, hint, at)


def _error(code: str, summary: str, detail: str, hint: str, at: Any) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, summary, detail, hint, at)
