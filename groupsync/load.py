"""Read what the user wrote: find the files, parse and check them, and hand on definitions.

Parsing is most of the work, so a large project is read by several processes. What they hand over is kept small: values
stay where they were parsed, and a list of members crosses as one string.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from groupsync.files import UnreadableFile, find_files, read_found_file, read_text_file, search_files
from groupsync.model import Definition, Diagnostic, Severity
from groupsync.validate import broken_definition_of, check_definition, definition_of, duplicate_names
from groupsync.yaml.document import Document
from groupsync.yaml.events import MAX_FILE_BYTES, parse_yaml, parser_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from groupsync.identity import Identity
    from groupsync.model import SourceRange

__all__ = [
    "Document", "Loaded", "UnreadableFile", "find_files", "load_definitions", "parse_yaml", "parser_name",
    "read_text_file",
]  # fmt: skip

MAX_PROCESSES: Final = 4
_MANY_FILES: Final = 200
_MANY_BYTES: Final = 2_000_000
_CHUNKS_PER_PROCESS: Final = 16


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that the definitions of a project say.

    Attributes:
        definitions: those without an error, sorted by name and place.
        broken: what could be read of the others, in the same order; to check references against, and nothing else.
        knows_names: whether every document told at least its group's name.
        diagnostics: everything found in all files, sorted for people.
        files: the files read, sorted; paths from the project's folder.
        empty: those of them that define nothing: without a document, but for comments.
        unmatched: as `groupsync.files.Found` has it.
    """

    definitions: tuple[Definition, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    broken: tuple[Definition, ...] = ()
    knows_names: bool = True
    empty: tuple[str, ...] = ()
    unmatched: tuple[tuple[str, SourceRange | None], ...] = ()


@dataclass(slots=True)
class _Part:
    """What some of the files say."""

    definitions: list[Definition] = field(default_factory=list)
    broken: list[Definition] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    knows_names: bool = True


def load_definitions(
    root: Path, patterns: Sequence[str], identity: Identity, places: Sequence[SourceRange] = ()
) -> Loaded:
    """Load every definition of a project.

    What the files get wrong is collected, never raised; as long as it has an error, nothing should be done with the
    definitions. Names are distinct only if there is none.

    Args:
        root: the project's folder.
        patterns: of files, from there.
        identity: how members are checked and made canonical.
        places: where the patterns are written, as far as that is known.
    """
    search = search_files(root, patterns, places)
    part = _Part(found=list(search.diagnostics))
    for one in _load(root, search.files, identity):
        part.definitions += one.definitions
        part.broken += one.broken
        part.found += one.found
        part.empty += one.empty
        part.knows_names &= one.knows_names
    part.found += duplicate_names(part.definitions + part.broken)
    return Loaded(
        _sorted(part.definitions),
        tuple(sorted(part.found, key=lambda diagnostic: diagnostic.sort_key)),
        search.files,
        _sorted(part.broken),
        part.knows_names,
        tuple(sorted(part.empty)),
        search.unmatched,
    )


def _sorted(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    return tuple(sorted(definitions, key=lambda definition: (definition.name, definition.at)))


def _load(root: Path, files: Sequence[str], identity: Identity) -> Iterable[_Part]:
    processes = min(_processors(), MAX_PROCESSES)
    if processes < 2 or not _is_large(root, files) or not _may_fork():
        return [_load_files(root, files, identity)]
    from groupsync.share import share

    _warm_up(identity)
    chunks = processes * _CHUNKS_PER_PROCESS
    shares = [files[start::chunks] for start in range(min(chunks, len(files)))]
    return share(shares, lambda paths: _load_files(root, paths, identity), processes)


def _load_files(root: Path, files: Iterable[str], identity: Identity) -> _Part:
    part = _Part()
    for path in files:
        try:
            data = read_found_file(root, path, MAX_FILE_BYTES)
        except UnreadableFile as error:
            part.found.append(error.diagnostic)
            part.knows_names = False
            continue
        documents, found = parse_yaml(data, path)
        part.found += found
        part.empty += [] if documents or found else [path]
        part.knows_names &= not found
        for document in documents:
            _load_document(document, identity, part)
    return part


def _load_document(document: Document, identity: Identity, part: _Part) -> None:
    found = check_definition(document)
    fits = not any(one.severity is Severity.ERROR for one in found)
    definition, more = (definition_of if fits else broken_definition_of)(document, identity)
    part.found += [*found, *more]
    if definition is None:
        definition, _ = broken_definition_of(document, identity)
        fits = False
    if definition is None:
        part.knows_names = False
    else:
        (part.definitions if fits and document.sound else part.broken).append(definition)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_large(root: Path, files: Sequence[str]) -> bool:
    if len(files) > _MANY_FILES:
        return True
    total = 0
    for path in files:
        try:
            total += (root / path).stat().st_size
        except OSError:
            continue  # reading it will say so
    return len(files) > 1 and total > _MANY_BYTES


def _may_fork() -> bool:
    """Tell whether forking is possible and safe: with other threads about, a lock may be held for ever."""
    import multiprocessing
    import threading

    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1


def _warm_up(identity: Identity) -> None:
    """Import and build before forking what every process needs."""
    sample = b"kind: known-user-group\nname: sample\nmembers: [ada@example.com]\n"
    (document,), _ = parse_yaml(sample, "sample.yaml")
    _load_document(document, identity, _Part())
