"""What a member file says: from bytes to text, from text to entries, from entries to canonical members. Pure."""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from groupsync.lookalikes import as_shown, named, odd_letters, plain_of
from groupsync.members.pasted import find_pasted
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from groupsync.identity import Identity

SHOWN_ERRORS: Final = 100
"""Errors of one kind shown for one file; the rest is counted."""
_COUNTED_ERRORS: Final = 1_000
"""With so many, the file is not what it was taken for: looking at the rest of it would only take time."""
_SHOWN_DUPLICATES: Final = 20
_CHUNK: Final = 4_096

_CONTROLS: Final = bytes({*range(32), 127} - set(b"\t\n\r"))
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_WHICH: Final = " Which encoding it has can't be told from its bytes."
_COMMENT: Final = re.compile(r"#(?<!\S#)[^\n]*")
_TOKEN: Final = re.compile(r"[^\s,;]+")
_MARKS: Final = "<:'\""
"""Without one of these nothing was pasted from a mail program; looking for each is faster than any expression."""


@dataclass(frozen=True, slots=True)
class Entries:
    """What a member file lists, not yet checked.

    Attributes:
        values: one an entry, in the order written, without white space around.
        places: maps indexes of `values`, ascending, to line and column from 1; looks at the text again.
        diagnostics: what kept other entries from being read.
        unread: how many they are.
    """

    values: Sequence[str]
    places: Callable[[Sequence[int]], list[tuple[int, int]]]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unread: int = 0


def error(code: str, summary: str, detail: str, hint: str, subject: SourceRange) -> Diagnostic:
    """Return an error."""
    return Diagnostic(code, Severity.ERROR, summary, detail, hint, subject)


def shown(text: str) -> str:
    """Return what was written, fit for one line of a message: unprintable characters escaped, the end cut."""
    cut = text if len(text) <= 80 else text[:79] + "…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


# --- From bytes to text -----------------------------------------------------------------------------------------------


def codec_of(encoding: str) -> str:
    """Return the name that Python gives an encoding of texts.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        codec = codecs.lookup(encoding).name
        " ".encode(codec)  # refuses what is no encoding of texts
    except (LookupError, ValueError) as error:
        raise ValueError(encoding) from error
    return codec


def decode(data: bytes, path: str, encoding: str | None = None) -> str | Diagnostic:
    r"""Return the text of a member file, without byte order mark, lines ended by `\n`; or what is wrong with it.

    Args:
        data: the file.
        path: as it is shown.
        encoding: in which it is written; None for UTF-8.
    """
    if encoding is not None:
        try:
            data = data.decode(encoding).encode()
        except UnicodeError as failure:
            summary = f"The member file is not {encoding}, as `encoding` says"
            detail = f"{str(failure)[:1].upper()}{str(failure)[1:]}."
            return error("GS303", summary, detail, "Correct `encoding`, or take it out.", SourceRange(path, 1, 1))
    for mark, marked in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _not_utf8(SourceRange(path, 1, 1), f"It starts with the byte order mark of {marked}.", marked)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as failure:
        return _undecodable(data, failure.start, path)
    if len(data.translate(None, _CONTROLS)) != len(data):
        return _control_character(text, path)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _undecodable(data: bytes, offset: int, path: str) -> Diagnostic:
    at = _place(data[:offset].decode(), path)
    found = f"The byte 0x{data[offset]:02X} is no part of a UTF-8 character."
    return _not_utf8(at, f"{found}{_WHICH}", "")


def _not_utf8(at: SourceRange, found: str, encoding: str) -> Diagnostic:
    hint = "Save it as UTF-8 (in Excel: `CSV UTF-8`) in the program that it comes from"
    known = f": `encoding: {encoding.lower()}`" if encoding else ", if you know it: `{path: …, encoding: …}`"
    hint = f"{hint}; or name its encoding in the definition{known}."
    return error("GS303", "The member file is not UTF-8", found, hint, at)


def _control_character(text: str, path: str) -> Diagnostic:
    offset = next(index for index, char in enumerate(text) if ord(char) < 128 and ord(char) in _CONTROLS)
    at = _place(text[:offset], path)
    if text[offset] == "\0" and text[:1_000].count("\0") > len(text[:1_000]) // 4:
        found = f"Many of its bytes are NUL, as where each letter has two or four bytes.{_WHICH}"
        return _not_utf8(at, found, "")
    summary = f"The control character U+{ord(text[offset]):04X} has no place in a member file"
    return error("GS304", summary, "Only tabs and line breaks may be there.", "Delete it.", at)


def _place(before: str, path: str) -> SourceRange:
    """Return the place after the text `before`."""
    lines = re.split(r"\r\n|\r|\n", before)
    return SourceRange(path, len(lines), len(lines[-1]) + 1)


# --- From text to entries ---------------------------------------------------------------------------------------------


def parse_list(text: str, path: str, *, is_mail: bool = True) -> Entries:
    """Read a text file: one entry a line, or several between white space, commas or semicolons.

    A `#` at the start of a line or after white space begins a comment.

    Args:
        text: of the file.
        path: as it is shown.
        is_mail: whether its entries are addresses, so that it may be pasted from a mail program.
    """
    text = without_comments(text)
    diagnostics: list[Diagnostic] = []
    unread = 0
    if any(mark in text for mark in _MARKS) if is_mail else "<" in text:
        pasted = find_pasted(text, is_mail=is_mail)
        diagnostics += _unclear(text, pasted.unclear, path)
        unread = len(pasted.unclear)
        text = pasted.blanked(text)

    def places(indexes: Sequence[int]) -> list[tuple[int, int]]:
        wanted = set(indexes)
        tokens = islice(_TOKEN.finditer(text), max(wanted, default=-1) + 1)
        return list(_lines_and_columns(text, [token.start() for n, token in enumerate(tokens) if n in wanted]))

    # The same tokens as `_TOKEN` gives, several times faster.
    values = text.replace(",", " ").replace(";", " ").split()
    return Entries(values, places, diagnostics, unread)


def without_comments(text: str) -> str:
    """Return the text of a list, as long as before up to the end of each line, without its comments."""
    return _COMMENT.sub("", text) if "#" in text else text


def _unclear(text: str, found: Sequence[tuple[int, int, str]], path: str) -> Iterator[Diagnostic]:
    starts = [end - len(written.lstrip()) for _, end, written in found[: SHOWN_ERRORS + 1]]
    places = [SourceRange(path, *place) for place in _lines_and_columns(text, starts)]
    for (_, _, written), place in zip(found[:SHOWN_ERRORS], places, strict=False):
        address = shown(written[written.rindex("<") + 1 : -1].strip())
        summary = f"`{shown(written.strip())}` is more than an address"
        detail = "What stands before the angle brackets, or in them, is not clear."
        hint = (
            f"Write only `{address}`; a name may follow after ` # `." if "@" in address else "Write only the address."
        )
        yield error("GS307", summary, detail, hint, place)
    if len(found) > SHOWN_ERRORS:
        more = counted(len(found) - SHOWN_ERRORS, "more entry has", "more entries have")
        summary = f"{more} names or angle brackets"
        yield error("GS307", summary, "", "List bare addresses.", places[SHOWN_ERRORS])


def _lines_and_columns(text: str, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give the line and column of each offset, which ascend."""
    line, start, counted = 1, 0, 0
    for offset in offsets:
        line += text.count("\n", counted, offset)
        start = max(start, text.rfind("\n", counted, offset) + 1)
        counted = offset
        yield line, offset - start + 1


def cut_short(text: str, entries: Entries, path: str) -> Iterator[Diagnostic]:
    """Warn where a file ends without a line break in an address that looks as if letters of its domain were missing."""
    last = entries.values[-1] if entries.values and not text.endswith("\n") else ""
    domain = re.escape(last[last.rfind("@") :]) if "@" in last else ""
    if not domain or not text.endswith(last) or re.search(rf"{domain}(?![\w.-])", text[: -len(last)], re.IGNORECASE):
        return
    if longer := re.search(rf"{domain}(?:[\w-]|\.(?=\w))[\w.-]*", text, re.IGNORECASE):
        summary = f"The file may be cut short: it ends with `{shown(last)}`, without a line break"
        detail = f"Other addresses in it end with `{shown(longer[0].rstrip('.'))}`."
        hint = "Copy or export it again; if it is whole, end its last line with a line break."
        [place] = entries.places([len(entries.values) - 1])
        yield Diagnostic("GS315", Severity.WARNING, summary, detail, hint, SourceRange(path, *place))


# --- From entries to members ------------------------------------------------------------------------------------------


def check(entries: Entries, identity: Identity, path: str) -> tuple[frozenset[str], list[Diagnostic]]:
    """Return the canonical members, and an error for each entry that is none, a warning for each that is there twice.

    Both are bounded: the last finding of each kind says how many more there are.
    """
    members, diagnostics, _ = checked(entries, identity, path, _COUNTED_ERRORS)
    return members, diagnostics


def checked(
    entries: Entries, identity: Identity, path: str, most: int = sys.maxsize
) -> tuple[frozenset[str], list[Diagnostic], int]:
    """Do what `check` does, and return how many entries are no identifiers, too; after `most` it looks at no more."""
    plain = identity.canonical_plain(entries.values)
    canonical, wrong = (plain, []) if plain is not None else _canonical(entries.values, identity, most)
    members = frozenset(canonical)
    diagnostics = list(entries.diagnostics)
    if wrong:
        members -= {""}
        diagnostics += _not_identifiers(entries, wrong, identity, path)
    if identity.type == "email" and plain is None:
        diagnostics += _odd_letters(entries, canonical, path)
    repeated = len(canonical) - len(wrong) - len(members)
    if repeated:
        diagnostics += _duplicates(entries, canonical, repeated, path)
    return members, diagnostics, len(wrong)


def _canonical(values: Sequence[str], identity: Identity, most: int) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the canonical form of each value, empty for what has none, and the indexes of those with the reasons."""
    canonical: list[str] = []
    wrong: list[tuple[int, str]] = []
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        plain = identity.canonical_plain(chunk)
        canonical += plain if plain is not None else _one_by_one(chunk, start, identity, wrong, most)
        if len(wrong) >= most:
            break
    return canonical, wrong


def _one_by_one(
    values: Iterable[str], start: int, identity: Identity, wrong: list[tuple[int, str]], most: int
) -> Iterator[str]:
    for index, value in enumerate(values, start):
        try:
            yield identity.canonical(value)
        except ValueError as reason:
            wrong.append((index, str(reason)))
            yield ""
            if len(wrong) >= most:
                return


def _odd_letters(entries: Entries, canonical: Sequence[str], path: str) -> Iterator[Diagnostic]:
    odd = [(index, letters) for index, each in enumerate(canonical) if (letters := odd_letters(each))]
    places = entries.places([index for index, _ in odd[: SHOWN_ERRORS + 1]])
    for (index, letters), place in zip(odd[:SHOWN_ERRORS], places, strict=False):
        yield looks_like_another(canonical[index], letters, SourceRange(path, *place))
    if len(odd) > SHOWN_ERRORS:
        summary = counted(len(odd) - SHOWN_ERRORS, "more address has such letters", "more addresses have such letters")
        yield Diagnostic("GS319", Severity.WARNING, summary, "", "", SourceRange(path, *places[SHOWN_ERRORS]))


def odd_address(address: str) -> Diagnostic | None:
    """Return a warning of an address that may look like another one, or None."""
    letters = odd_letters(address)
    return looks_like_another(address, letters) if letters else None


def looks_like_another(address: str, letters: str, at: SourceRange | None = None) -> Diagnostic:
    """Warn of an address with letters that are, or look like, those of another script."""
    summary = f"`{shown(address)}` may look like another address"
    detail = f"It has {named(letters)}. With plain letters it would be `{plain_of(as_shown(address))}`."
    return Diagnostic("GS319", Severity.WARNING, summary, detail, "If the plain one is meant, write that.", at)


_NO_COMMENTS: Final = "A table has no comments. Take the row out if it is one, or the `#` if its person is meant."


def _not_identifiers(
    entries: Entries, wrong: list[tuple[int, str]], identity: Identity, path: str
) -> Iterator[Diagnostic]:
    noun, plural = ("address", "addresses") if identity.type == "email" else ("identifier", "identifiers")
    places = entries.places([index for index, _ in wrong[: SHOWN_ERRORS + 1]])
    for (index, reason), place in zip(wrong[:SHOWN_ERRORS], places, strict=False):
        value = entries.values[index]
        summary, hint = f"`{shown(value)}` is not an {noun}", mend(value, identity)
        if place[0] == 1 and is_member_column(value) and path.casefold().endswith(".txt"):
            hint = "A text file has no header: take this line out, or name the file .csv."
        elif value.startswith("#"):
            is_list = path.casefold().removesuffix(".gz").endswith(".txt")
            hint = "A comment starts on a line of its own, or after a space." if is_list else _NO_COMMENTS
        yield error("GS307", summary, f"{reason[:1].upper()}{reason[1:]}.", hint, SourceRange(path, *place))
    if len(wrong) > SHOWN_ERRORS:
        at_least = "At least " if len(wrong) >= _COUNTED_ERRORS else ""
        are_not = counted(len(wrong) - SHOWN_ERRORS, f"more entry is not an {noun}", f"more entries are not {plural}")
        place = places[SHOWN_ERRORS]
        hint = "Check that this is the right file, and the right column."
        yield error("GS307", f"{at_least}{are_not}", "", hint, SourceRange(path, *place))


def mend(value: str, identity: Identity) -> str:
    """Return what to do about an entry that is no identifier."""
    likely = identity.likely(value)
    hint = f"Write only `{likely}`" if likely else "Correct it, or take it out"
    try:
        identity.held.canonical(value)
    except ValueError:
        return f"{hint}."
    return f"{hint}; or, if it is right as it stands, `identity: {{unusual: allow}}` in the config."


def _duplicates(entries: Entries, canonical: Sequence[str], count: int, path: str) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for index, member in enumerate(canonical):
        earlier = first.setdefault(member, index)
        if earlier != index and member:
            pairs.append((earlier, index))
            if len(pairs) > _SHOWN_DUPLICATES:
                break
    indexes = sorted({index for pair in pairs for index in pair})
    at = {index: SourceRange(path, *place) for index, place in zip(indexes, entries.places(indexes), strict=True)}
    for earlier, index in pairs[:_SHOWN_DUPLICATES]:
        yield Diagnostic(
            "GS308",
            Severity.WARNING,
            f"`{shown(canonical[index])}` is listed twice",
            f"Line {at[earlier].line} has `{shown(entries.values[earlier])}`, "
            f"line {at[index].line} has `{shown(entries.values[index])}`.",
            "Take one of the two out.",
            at[index],
            (at[earlier],),
        )
    if len(pairs) > _SHOWN_DUPLICATES:
        summary = f"{counted(count - _SHOWN_DUPLICATES, 'more entry is', 'more entries are')} listed twice"
        hint = "`sort -u` or `groupsync fmt` takes them out of a list."
        yield Diagnostic("GS308", Severity.WARNING, summary, "", hint, at[pairs[-1][1]])


def is_member_column(name: str) -> bool:
    """Tell whether a column of that name is meant to hold the member."""
    return re.sub(r"[-_. ]", "", name.casefold()) in _MEMBER_COLUMNS


_MEMBER_COLUMNS: Final = frozenset(
    {
        "uid",
        "email",
        "mail",
        "address",
        "emailaddress",
        "mailaddress",
        "useremail",
        "member",
        "user",
        "userid",
        "username",
        "id",
    }
)
