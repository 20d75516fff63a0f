"""Bring definition files and member files into their canonical layout, without changing what they mean. Pure.

A file that can't be read, or of which the formatter is not wholly sure, comes back as it is, with the reason.
"""

from __future__ import annotations

import codecs
import json
import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groupsync.fmt.definition import ADDRESS_KEY, Refused, order_keys, sort_members, spell_members, tidy_space
from groupsync.members.pasted import find_pasted
from groupsync.members.tables import parse_table
from groupsync.members.text import Entries, check, decode, mend, parse_list, shown, without_comments
from groupsync.model import Diagnostic, MemberFile, Severity, SourceRange, encode_members
from groupsync.yaml.edit import Lines, parse
from groupsync.yaml.events import parse_yaml

if TYPE_CHECKING:
    from groupsync.identity import Identity
    from groupsync.yaml.document import Document

_NOT_IN_LISTS: Final = re.compile(rb"^#|[,;<>]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Formatted:
    """What became of a file.

    Attributes:
        data: its bytes in canonical layout; exactly those given where there are errors.
        diagnostics: why it could not be formatted, or not wholly.
    """

    data: bytes
    diagnostics: tuple[Diagnostic, ...] = ()


def format_definition(data: bytes, path: str, identity: Identity) -> Formatted:
    """Format a definition file.

    Inline members are spelled canonically and sorted, bare repetitions go, keys come in their usual order, trailing
    white space goes. Comments stay with the line they belong to (see `groupsync.fmt.definition`).

    Args:
        data: the file.
        path: as it is to be shown.
        identity: how members are spelled.
    """
    from ruamel.yaml.error import YAMLError

    before, found = parse_yaml(data, path)
    if found:
        return Formatted(data, tuple(found))
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    try:
        result, refused = _format_text(text, identity)
        if refused:
            return Formatted(data, tuple(_not_an_address(Lines(text), path, identity, each) for each in refused))
        is_faithful = result.encode() == data or _is_faithful(text, result, before, path, identity)
    except YAMLError:
        is_faithful = False
    return Formatted(result.encode()) if is_faithful else Formatted(data, (_unfaithful(path),))


def _is_faithful(text: str, result: str, before: list[Document], path: str, identity: Identity) -> bool:
    """Tell whether the result means the same, has the same comments, and would not change again."""
    after, found = parse_yaml(result.encode(), path)
    values = [_meaning(document.value, identity) for document in before]
    return (
        not found
        and values == [_meaning(document.value, identity) for document in after]
        and _comments(text) == _comments(result)
        and (result, []) == _format_text(result, identity)
    )


def _format_text(text: str, identity: Identity) -> tuple[str, list[Refused]]:
    spelled, refused = spell_members(text, identity.canonical)
    if refused:
        return text, refused
    tidy = tidy_space(spelled)
    ordered = order_keys(sort_members(tidy, identity.canonical))
    # A repetition that went may leave a blank line as the last one.
    return tidy if ordered == tidy else tidy_space(ordered), []


def format_member_file(data: bytes, path: str, identity: Identity, column: str | None = None) -> Formatted:
    r"""Format a member file.

    A text file of nothing but addresses becomes canonical: exactly `groupsync.model.encode_members`, so that its raw
    digest is the group's. With comments it keeps its lines, and addresses are only spelled canonically. So it is with a
    table of a single column; one with more columns, or of another format, is somebody's export and stays as it is.

    Args:
        data: the file.
        path: as it is to be shown; its suffix says how to read it.
        identity: how members are spelled.
        column: the column of a table that holds the member, None for the only one that can be meant.
    """
    if posixpath.splitext(path)[1].casefold() not in (".txt", ".csv", ".tsv"):
        return Formatted(data)
    text = decode(data, path)
    if isinstance(text, Diagnostic):
        return Formatted(data, (text,))
    entries = _entries(text, path, identity, column)
    members, found = check(entries, identity, path)
    if errors := tuple(each for each in found if each.severity is Severity.ERROR):
        return Formatted(data, errors)
    canonical = encode_members(members)
    if not _is_list(path):
        formatted = _spelled_table(data, text, entries, identity)
    elif _has_comments(text, entries) or not is_plain_list(canonical):
        plain = _plain(text) if identity.type == "email" else text
        lines = [line.rstrip() for line in _spelled(plain, entries, identity).split("\n")]
        if plain != text:
            lines = [" ".join(line.split()) for line in lines]
        formatted = ("\n".join(lines).strip("\n") + "\n").encode()
    else:
        formatted = canonical
    if formatted != data and _members_of(formatted, path, identity, column) != members:
        return Formatted(data, (_unfaithful(path),))
    return Formatted(formatted)


def is_plain_list(canonical: bytes) -> bool:
    """Tell whether a text file of these canonical members reads back as just them.

    An address may start with `#`, and an identifier may hold what separates the entries of a list.
    """
    return _NOT_IN_LISTS.search(canonical) is None


def _members_of(data: bytes, path: str, identity: Identity, column: str | None) -> frozenset[str] | None:
    text = decode(data, path)
    return None if isinstance(text, Diagnostic) else check(_entries(text, path, identity, column), identity, path)[0]


def _is_list(path: str) -> bool:
    return path.casefold().endswith(".txt")


def _has_comments(text: str, entries: Entries) -> bool:
    return "#" in text and text.replace(",", " ").replace(";", " ").split() != list(entries.values)


def _plain(text: str) -> str:
    """Return a list without what mail programs write around addresses; comments and places stay."""
    bare = without_comments(text)
    blanked = find_pasted(bare).blanked(bare).split("\n")
    return "\n".join(new + line[len(new) :] for new, line in zip(blanked, text.split("\n"), strict=True))


def _entries(text: str, path: str, identity: Identity, column: str | None) -> Entries:
    if _is_list(path):
        return parse_list(text, path, is_mail=identity.type == "email")
    found = parse_table(text, MemberFile(path, column, SourceRange(path)), identity)
    return Entries((), lambda _: [], found) if isinstance(found, list) else found


def _spelled_table(data: bytes, text: str, entries: Entries, identity: Identity) -> bytes:
    spelled = _spelled(text, entries, identity, whole_lines=True)
    if spelled == text:
        return data
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return mark + spelled.replace("\n", "\r\n" if b"\r\n" in data else "\n").encode()


def _spelled(text: str, entries: Entries, identity: Identity, *, whole_lines: bool = False) -> str:
    """Return the text with each entry in canonical form; with `whole_lines` only those alone on their line."""
    canonical = identity.canonical_plain(entries.values) or [identity.canonical(value) for value in entries.values]
    changed = [index for index, value in enumerate(entries.values) if value != canonical[index]]
    lines = text.split("\n")
    # From the last to the first, so that the columns of those before stay right.
    for index, (number, column) in reversed(list(zip(changed, entries.places(changed), strict=True))):
        line, written = lines[number - 1], entries.values[index]
        start = line.find(written, column - 1)
        if start >= 0 and (line.strip() == written or not whole_lines):
            lines[number - 1] = line[:start] + canonical[index] + line[start + len(written) :]
    return "\n".join(lines)


def _meaning(value: object, identity: Identity) -> str:
    """Return a document's value as text that order, spelling and repetition of its members don't change."""
    if isinstance(value, dict) and isinstance(members := value.get("members"), list):
        plain = {_canonical(member, identity) for member in members if isinstance(member, str)}
        others = [_member_meaning(member, identity) for member in members if not isinstance(member, str)]
        value = value | {"members": [sorted(plain), sorted(others)]}
    return json.dumps(value, sort_keys=True)


def _member_meaning(member: object, identity: Identity) -> str:
    if isinstance(member, dict) and isinstance(address := member.get(ADDRESS_KEY), str):
        member = member | {ADDRESS_KEY: _canonical(address, identity)}
    return json.dumps(member, sort_keys=True)


def _canonical(address: str, identity: Identity) -> str:
    """Return the canonical form where there is one; what is no identifier stays as it is."""
    try:
        return identity.canonical(address)
    except ValueError:
        return address


def _comments(text: str) -> Counter[str]:
    return Counter(text[start:end].rstrip() for start, end in parse(text).comments())


def _not_an_address(lines: Lines, path: str, identity: Identity, found: Refused) -> Diagnostic:
    noun = "e-mail address" if identity.type == "email" else "identifier"
    at = SourceRange(path, lines.of(found.offset) + 1, len(lines.before(found.offset)) + 1)
    summary = f"`{shown(found.written)}` is not an {noun}"
    detail = f"{found.reason[:1].upper()}{found.reason[1:]}."
    return Diagnostic("GS307", Severity.ERROR, summary, detail, mend(found.written, identity), at)


def _unfaithful(path: str) -> Diagnostic:
    return Diagnostic(
        "GS199",
        Severity.ERROR,
        "The formatter can't lay out this file without changing what it means",
        "This is a defect of groupsync. The file was left as it is.",
        "Please report it with the smallest file that shows it.",
        SourceRange(path),
    )
