"""Read member files: the lists and tables that `members_from` names. An edge: it does I/O.

Nothing is read before somebody asks, and nothing is kept but what was found wrong.
"""

from __future__ import annotations

import difflib
import json
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from groupsync.aliases import names_former
from groupsync.errors import InvalidDefinitions
from groupsync.files import UnreadableFile, read_text_file
from groupsync.members.bad_rows import left_out, too_few
from groupsync.members.kinds import told_by_its_start
from groupsync.members.packed import unpacked
from groupsync.members.tables import parse_table
from groupsync.members.text import Entries, check, checked, cut_short, decode, error, parse_list
from groupsync.members.workbooks import WORKBOOKS, text_of_sheet
from groupsync.model import Diagnostic, Members, Reading, Severity, SourceRange, digest_bytes, encode_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from groupsync.identity import Identity
    from groupsync.model import MemberFile

MAX_FILE_BYTES: Final = 1 << 30
"""A bound against mistakes; a file of that size lists some forty million people."""
_PACKED: Final = ".gz"
_CODES: Final = {"GS107": "GS305", "GS111": "GS302"}
"""What other files of a project are told with, and what a member file is."""


class MemberFiles:
    """Reads member files, and reports what is wrong with each: once, however often it is read.

    A file that changes while it is in use is an error, so that all that one run says of it is true of the same bytes.
    """

    def __init__(self, root: Path, identity: Identity, report: Callable[[Diagnostic], None]) -> None:
        """Prepare; reads nothing.

        Args:
            root: the project's folder. Nothing outside it is read.
            identity: how members are checked and made canonical.
            report: is given each finding once, errors too.
        """
        self._root = root
        self._identity = identity
        self._report = report
        self._reported: set[Diagnostic] = set()
        self._versions: dict[str, tuple[int, ...]] = {}
        self._places: dict[str, object] = {}
        self._digests: dict[str, str] = {}

    def members(self, file: MemberFile) -> Members:
        """Return the file's members, lazily. `raw` is there for a list without `column`.

        Loading raises `InvalidDefinitions` with all that is wrong with the file; so does `raw` where it can't be read.
        """
        is_list = file.column is None and file.reading is None and file.path.lower().endswith(".txt")
        return Members(partial(self._load, file), raw=partial(self._raw, file) if is_list else None)

    def place_of(self, file: MemberFile, member: str) -> SourceRange | None:
        """Return where a file first lists a canonical member, None where it does not; raises as loading does."""
        data = self._read(file)
        if member not in self._checked(data, file):
            return None
        entries = read_entries(data, file, self._identity)
        if isinstance(entries, list):
            return None
        for index, value in enumerate(entries.values):
            if _is_spelling_of(value, member, self._identity):
                [(line, column)] = entries.places([index])
                return SourceRange(file.path, line, column)
        return None

    def place(self, path: str) -> object:
        """Return what two paths share that name the same file, by a link too; the path where it can't be told."""
        if path not in self._places:
            try:
                status = (self._root / path).stat()
                self._places[path] = (status.st_dev, status.st_ino)
            except (OSError, ValueError):
                self._places[path] = path
        return self._places[path]

    def digest(self, file: MemberFile) -> str:
        """Return the SHA-256 of the file's bytes, whatever they are, and of the aliases it uses, if any.

        Reads the file once in a run.

        Raises:
            InvalidDefinitions: it can't be read.
        """
        key = file.key
        if key not in self._digests:
            data = self._read(file)
            self._digests[key] = digest_bytes(data) + self._used_aliases(data, file)
        return self._digests[key]

    def _load(self, file: MemberFile) -> frozenset[str]:
        return self._checked(self._read(file), file)

    def _raw(self, file: MemberFile) -> bytes:
        data = self._read(file)
        # What a canonical text may hold as members, a list may mean otherwise: `#ada@example.com` is a comment here.
        means_otherwise = data.startswith(b"#") or any(mark in data for mark in (b"\n#", b",", b";", b"<"))
        if means_otherwise or not data or data.isspace() or names_former(data, self._identity):
            return encode_members(self._checked(data, file))
        return data

    def _checked(self, data: bytes, file: MemberFile) -> frozenset[str]:
        members, diagnostics = read_members(data, file, self._identity)
        self._tell(diagnostics)
        return members

    def _used_aliases(self, data: bytes, file: MemberFile) -> str:
        """Return what decides, besides its bytes, who a file lists; empty where nothing does."""
        aliases = self._identity.aliases
        if not aliases:
            return ""
        named = read_members(data, file, self._identity.unaliased)[0]
        used = sorted((former, aliases[former]) for former in aliases.keys() & named)
        return digest_bytes(json.dumps(used).encode()) if used else ""

    def _tell(self, diagnostics: list[Diagnostic]) -> None:
        """Report what is new among the findings on one file, and stop if any is an error."""
        for found in diagnostics:
            if found not in self._reported:
                self._reported.add(found)
                self._report(found)
        if any(found.severity is Severity.ERROR for found in diagnostics):
            raise InvalidDefinitions(diagnostics)

    def _read(self, file: MemberFile) -> bytes:
        try:
            status = (self._root / file.path).stat()
            data = read_text_file(self._root, file.path, MAX_FILE_BYTES)
        except (UnreadableFile, OSError, ValueError) as failure:
            found = _unreadable(self._root / file.path, file, failure)
            self._tell([found])
            raise InvalidDefinitions([found]) from failure
        # Taken before the bytes, so that a change between the two shows the next time, too.
        version = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if self._versions.setdefault(file.path, version) != version:
            summary = f"The member file `{file.path}` changed while it was in use"
            self._tell([error("GS301", summary, "What was read before is no longer true.", "Run again.", file.at)])
        return data


def read_members(data: bytes, file: MemberFile, identity: Identity) -> tuple[frozenset[str], list[Diagnostic]]:
    """Return the canonical members that the bytes of a file list, and all that is wrong or odd; pure.

    With an error among the findings the members are only those that could be read.
    """
    entries = read_entries(data, file, identity)
    if isinstance(entries, list):
        return frozenset(), entries
    skip = file.reading.skip if file.reading else None
    if skip is None:
        members, found = check(entries, identity, file.path)
    else:
        members, found, wrong = checked(entries, identity, file.path)
        if bad := wrong + entries.unread:
            found = left_out(found, bad, len(entries.values) + entries.unread, skip, file)
    found += too_few(len(members), file)
    return members, found if members else [*found, *_nobody(data, file, found)]


def read_entries(data: bytes, file: MemberFile, identity: Identity) -> Entries | list[Diagnostic]:
    """Return what the bytes of a file list, or why that can't be told; pure."""
    suffix = _suffix(file)
    if suffix not in (".txt", ".csv", ".tsv", *WORKBOOKS):
        summary = f"`{file.path}` is no kind of member file that groupsync reads"
        detail = "It reads .txt (lists), .csv, .tsv (tables) and .xlsx."
        return [error("GS306", summary, detail, "Convert the file, and name it accordingly.", file.at)]
    if suffix == ".txt" and (key := _key_of_tables(file)):
        summary = f"`{file.path}` is a list, so `{key}` does not go with it"
        hint = f"Take `{key}` out; or, if it is a table, name the file .csv."
        return [error("GS306", summary, "Only .csv and .tsv files have columns and rows.", hint, file.at)]
    if key := _key_of_others(file, suffix):
        summary = f"`{key}` does not go with `{file.path}`"
        detail = "Only a workbook has sheets; only a text has an encoding and delimiters."
        return [error("GS306", summary, detail, f"Take `{key}` out.", file.at)]
    found = _text(data, file, suffix)
    if isinstance(found, Diagnostic):
        return [found]
    text, odd = found
    entries = (
        parse_list(text, file.path, is_mail=identity.type == "email")
        if suffix == ".txt"
        else parse_table(text, file, identity)
    )
    if isinstance(entries, Entries):
        entries.diagnostics.extend([*odd, *cut_short(text, entries, file.path)])
    return entries


def _text(data: bytes, file: MemberFile, suffix: str) -> tuple[str, list[Diagnostic]] | Diagnostic:
    """Return the text of a file, with what is odd of what it came in; or why there is none."""
    if suffix in WORKBOOKS:
        return text_of_sheet(data, file)
    content = unpacked(data, file.path) if _is_packed(file) else data
    if isinstance(content, Diagnostic):
        return content
    encoding = file.reading.encoding if file.reading else None
    text = (None if encoding else told_by_its_start(content, file.path)) or decode(content, file.path, encoding)
    return text if isinstance(text, Diagnostic) else (text, [])


def _key_of_others(file: MemberFile, suffix: str) -> str:
    """Return what is said of a file that only files of another kind have; empty where there is nothing."""
    reading = file.reading or Reading()
    texts: dict[str, object] = {"encoding": reading.encoding, "delimiter": reading.delimiter}
    said = texts if suffix in WORKBOOKS else {"sheet": reading.sheet}
    return next((key for key, value in said.items() if value is not None), "")


def _key_of_tables(file: MemberFile) -> str:
    """Return what is said of a file that only tables have; empty where there is nothing."""
    reading = file.reading or Reading()
    said = {"column": file.column, "delimiter": reading.delimiter, "header_row": reading.header_row,
            "where": reading.where, "types": reading.types or None}  # fmt: skip
    return next((key for key, value in said.items() if value is not None), "")


def _nobody(data: bytes, file: MemberFile, found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Warn of a file that lists nobody, unless an error says why, or a comment that it is meant."""
    is_list = _suffix(file) == ".txt"
    if any(each.severity is Severity.ERROR for each in found) or (is_list and b"#" in data and b"@" not in data):
        return
    detail = "It is empty." if not data.strip() else "There is nothing but comments." if is_list else "It has no rows."
    if file.reading and file.reading.where:
        detail = "None of its rows fits `where`."
    hint = "say so in it with a comment: `# nobody`" if is_list else "write `members: []` instead of this entry"
    at = SourceRange(file.path, 1, 1)
    summary = f"`{file.path}` lists nobody"
    yield Diagnostic("GS314", Severity.WARNING, summary, detail, f"If nobody is meant, {hint}.", at)


def _is_spelling_of(value: str, member: str, identity: Identity) -> bool:
    try:
        return identity.canonical(value) == member
    except ValueError:
        return False


def _suffix(file: MemberFile) -> str:
    """Return the ending that says how a file is read; that of what is packed where it is."""
    return PurePosixPath(file.path.lower().removesuffix(_PACKED)).suffix


def _is_packed(file: MemberFile) -> bool:
    return file.path.lower().endswith(_PACKED)


def is_list(file: MemberFile) -> bool:
    """Tell whether a file lists members and nothing else, and is no table."""
    return file.path.casefold().endswith(".txt")


def is_editable(file: MemberFile) -> bool:
    """Tell whether a file is a text in UTF-8, as it stands, and all of it can be read."""
    is_text = not _is_packed(file) and _suffix(file) not in WORKBOOKS
    return is_text and (file.reading is None or file.reading.encoding is None is file.reading.skip)


def _unreadable(path: Path, file: MemberFile, failure: UnreadableFile | OSError | ValueError) -> Diagnostic:
    """Say why a file can't be read, where the definition names it."""
    match failure:
        case UnreadableFile(diagnostic=found):
            code = _CODES.get(found.code, "GS301")
            return error(code, f"The member file {found.summary}", found.detail, found.hint, file.at)
        case FileNotFoundError():
            return _missing(path, file)
        case _:
            reason = getattr(failure, "strerror", None) or str(failure)
            summary = f"The member file `{file.path}` can't be read"
            return error(
                "GS301", summary, f"The system says: {reason}.", "Correct the path, or its permissions.", file.at
            )


def _missing(path: Path, file: MemberFile) -> Diagnostic:
    summary = f"There is no member file `{file.path}`"
    if path.is_symlink():
        return error("GS301", summary, "It is a link to something that is not there.", "Mend the link.", file.at)
    try:
        neighbours = sorted(each.name for each in path.parent.iterdir())
    except OSError:
        folder = PurePosixPath(file.path).parent
        return error("GS301", summary, f"Its folder `{folder}` is not there either.", "Correct the path.", file.at)
    near = difflib.get_close_matches(path.name, neighbours, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "Correct the path, or take the entry out."
    return error("GS301", summary, "", hint, file.at)
