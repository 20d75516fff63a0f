"""What is wrong with a YAML file, in words and with its place. Pure.

A parser says `did not find expected key`; the person who wrote the file needs to know which line to mend, and how.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.yaml.document import range_of

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

SYNTAX_ERROR: Final = "GS101"
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
# c-printable of YAML 1.2 (§5.1) without U+0085, U+2028 and U+2029: YAML 1.1 parsers, libyaml too, take them for line
# breaks and 1.2 does not, so that nobody can be sure what they do.
_NOT_ALLOWED: Final = "[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip


class YamlFault(Exception):
    """Something that leaves no way to read on."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.summary)
        self.diagnostic = diagnostic


def fault(code: str, summary: str, detail: str, hint: str, *, at: SourceRange) -> Diagnostic:
    """Return an error about what is written at a place."""
    return Diagnostic(code, Severity.ERROR, summary, detail, hint, at)


def too_large(path: str, size_bytes: int, limit_bytes: int) -> Diagnostic:
    """Return the error about a file that is not read because of its size."""
    detail = f"It has {size_bytes:,} bytes; at most {limit_bytes:,} are read."
    hint = "Split it, or keep long lists of members in a .txt or .csv file."
    return fault("GS107", "The file is too large", detail, hint, at=SourceRange(path))


def character_error(data: bytes, path: str) -> Diagnostic | None:
    """Return the first byte or character that a YAML file in UTF-8 can't have; None if all are in order."""
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            return _not_utf8(path, None, f"It starts with the byte order mark of {name}.")
    try:
        # Not by "utf-8-sig", whose errors count from behind the byte order mark.
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix("\ufeff")
        byte = f"The byte 0x{data[error.start]:02X} at offset {error.start:,} is not part of a UTF-8 character."
        return _not_utf8(path, before, byte)
    found = re.search(_NOT_ALLOWED, text)  # compiled when first wanted: plain ASCII never gets here
    if found is None:
        return None
    character = found.group()
    name = unicodedata.name(character, "a control character")
    hint = f'Delete it; where it is meant, write "\\u{ord(character):04X}" in double quotes.'
    if character == "\0":
        hint = "The file may be in UTF-16: save it as UTF-8."
    summary = f"The character U+{ord(character):04X} ({name}) may not stand in a YAML file"
    return fault("GS109", summary, "", hint, at=_after(text[: found.start()], path))


def _not_utf8(path: str, before: str | None, detail: str) -> Diagnostic:
    at = SourceRange(path, 1, 1) if before is None else _after(before, path)
    return fault("GS108", "The file is not UTF-8", detail, "Save it as UTF-8 in your editor.", at=at)


def _after(text: str, path: str) -> SourceRange:
    """Return the place that follows `text`, the beginning of the file."""
    lines = _LINE_BREAK.split(text)
    return SourceRange(path, len(lines), len(lines[-1]) + 1)


class _Words(NamedTuple):
    """How a parser's message is told. With `from_start` the place is where the broken thing starts."""

    pattern: str
    summary: str
    hint: str
    from_start: bool = False


_ALIGN: Final = "Align it with its neighbours: what belongs together starts in the same column."
_SYNTAX: Final = (
    _Words(
        "scanning a quoted scalar.*(end of stream|document)",
        "A quote is opened and never closed",
        'Close it; inside single quotes a quote is doubled, inside double quotes it is written \\".',
        from_start=True,
    ),
    _Words(
        "escape|hexadecimal",
        "A backslash in double quotes starts no known escape",
        "Write \\\\ for a backslash, or use single quotes.",
    ),
    _Words(
        "flow (sequence|mapping)",
        "A bracket is opened and not closed where it should be",
        "Close it with `]` or `}`, put commas between what is inside, and quotes around texts with `?` or `:` in them.",
        from_start=True,
    ),
    _Words(
        "unexpected ':'",
        "A text with a `:` stands in brackets without quotes",
        "Put quotes around it.",
    ),
    _Words(
        "mapping values are not allowed",
        "A `:` stands where no key can end",
        "Put quotes around a text that has `: ` inside; start the keys of one mapping in the same column.",
    ),
    _Words(
        "scanning a simple key|could not find expected ':'",
        "This line has no `:` and is no list item",
        "A key ends with `: `, a list item starts with `- `; the space is needed.",
        from_start=True,
    ),
    _Words(
        "sequence entries are not allowed",
        "A list item (`- `) can't start here",
        "Start the list on the line below its key.",
    ),
    _Words(
        "block (collection|sequence)|expected '-'|found '<block sequence start>'",
        "The list stops making sense here",
        f"{_ALIGN} Every item starts with `- `.",
    ),
    _Words(
        "block mapping|expected key",
        "The mapping stops making sense here",
        f"{_ALIGN} A text with `: ` or quotes inside needs quotes around it.",
    ),
    _Words(
        "scanning (an alias|an anchor)",
        "A name is expected after `&` or `*`",
        "Put quotes around a text that starts with `*` or `&`.",
        from_start=True,
    ),
    _Words(
        "(parsing|scanning) (a|an|the) (node|tag)|tag handle",
        "A tag (`!…`) can't be read",
        "Put quotes around a text that starts with `!`.",
    ),
    _Words(
        "directive",
        "A line that starts with `%` can't be read",
        "Delete it, or put quotes around the text.",
    ),
    _Words(
        "document start",
        "Something stands after the end of the document",
        "Start the next document with a line `---`.",
    ),
    _Words(
        "block scalar",
        "The text block after `|` or `>` can't be read",
        "Indent its lines by spaces, all alike.",
    ),
)


def syntax_error(error: MarkedYAMLError, data: bytes, path: str) -> Diagnostic:
    """Tell a parser's error in words, at the place that has to be mended."""
    said = ", ".join(str(part) for part in (error.context, error.problem) if part)
    detail = f"The parser says: {said}."
    marks = [mark for mark in (error.context_mark, error.problem_mark) if mark is not None]
    line, column = marks[-1].line, marks[-1].column
    lines = _LINE_BREAK.split(data.decode("utf-8-sig", "replace"))
    text = lines[line] if line < len(lines) else ""
    tab = text.find("\t", 0, column + 1)
    if tab >= 0 and not text[:column].strip("- \t"):
        return fault(
            SYNTAX_ERROR,
            "A tab is used to indent",
            detail,
            "Indent with spaces.",
            at=SourceRange(path, line + 1, tab + 1),
        )
    at = range_of(path, marks[-1])
    if "cannot start any token" in said:
        first = text[column : column + 1]
        shown = "a tab" if first == "\t" else f"`{first}`"
        summary = f"No text can start with {shown} without quotes"
        return fault(SYNTAX_ERROR, summary, detail, "Put the whole text in quotes.", at=at)
    for words in _SYNTAX:
        if re.search(words.pattern, said, re.DOTALL):
            if words.from_start:
                at = range_of(path, marks[0])
            return fault(SYNTAX_ERROR, words.summary, detail, words.hint, at=at)
    return fault(SYNTAX_ERROR, "This is not YAML", detail, "", at=at)
