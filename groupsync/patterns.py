r"""Regular expressions that mean the same in RE2 (DuckDB), PostgreSQL and Java (Spark). Pure.

What is accepted is what these engines agree on once it is written out: literals, escaped punctuation, `\t \n \r \f`,
classes such as `[a-z_]` and `[^0-9]`, `\d \w \s` and their opposites, `.`, `^`, `$`, groups, `|`, and the greedy
repetitions `* + ? {m} {m,} {m,n}`. `portable` writes it out:

    \d \w \s   as the ASCII classes [0-9], [0-9A-Z_a-z] and [\t\n\f\r\x20]
    .          as [^\n]: anything but a line break
    ( … )      as (?: … ), since nothing is captured
    $          as it is: the very end of the text. RE2 and PostgreSQL read it so; Java and Python let a line break
               follow, and need `with_end`

In what it writes, a `$` that stands for itself has a backslash before it. All engines count in code points.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from groupsync.folding import fold, small_letters

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_LENGTH: Final = 1000
_MAX_REPEAT: Final = 255
"""PostgreSQL's bound."""
_MAX_SIZE: Final = 1000
"""How many characters and classes there may be once repetitions are written out; RE2's bound."""
_MAX_DEPTH: Final = 20

_META: Final = frozenset("\\.^$*+?()[]{}|")
_META_IN_CLASS: Final = frozenset("\\[]^-&$")
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_WRITTEN_CONTROLS: Final = {control: f"\\{letter}" for letter, control in _CONTROLS.items()}
_SHORTHANDS: Final = {
    "d": [(0x30, 0x39)],
    "w": [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
    "s": [(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)],
}
_BOUND: Final = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")
_NAMES: Final = {
    **dict.fromkeys("bByYmM<>", "a word boundary"),
    **dict.fromkeys("AZzG", "an anchor other than `^` and `$`"),
    **dict.fromkeys("pPX", "a class of Unicode"),
    **dict.fromkeys("123456789k", "a backreference"),
    **dict.fromkeys("xuUocN0", "a character by its number (write the character itself)"),
    **dict.fromkeys("QE", "a quoted stretch (put a backslash before each character)"),
    **dict.fromkeys("hHvVR", "a class of white space (write `\\s`, or the characters themselves)"),
}


def portable(pattern: str, *, ignore_case: bool = False) -> str:
    r"""Return a pattern written so that all engines read it alike.

    What it returns is portable itself, and comes back unchanged.

    Args:
        pattern: as a user wrote it.
        ignore_case: write it for texts that `groupsync.folding.fold` was applied to: letters are folded, and of a class
            every letter in it.

    Raises:
        ValueError: it is not portable; the message is a clause without a final stop that names what is not, and the
            character it is at, counted from 1.
    """
    return _Parser(pattern, ignore_case).whole()


def with_end(pattern: str, end: str) -> str:
    r"""Return a portable pattern with each `$` replaced by an engine's own word for the very end, such as `\z`."""
    return re.sub(r"\\.|\$", lambda found: end if found[0] == "$" else found[0], pattern, flags=re.DOTALL)


class _Parser:
    """Reads a pattern from left to right, and writes it out.

    Each method that reads returns what it wrote, how large that is with all repetitions written out, and whether it
    can match nothing at all.
    """

    def __init__(self, pattern: str, ignore_case: bool) -> None:
        self._pattern = pattern
        self._folds = ignore_case
        self._at = 0
        self._depth = 0

    def whole(self) -> str:
        if not self._pattern:
            raise ValueError("it is empty, and would match every text")
        if len(self._pattern) > _MAX_LENGTH:
            raise ValueError(f"it has {len(self._pattern):,} characters, and may have {_MAX_LENGTH:,}")
        for index, char in enumerate(self._pattern):
            if char == "\0" or "\ud800" <= char <= "\udfff":
                self._fail("a character that no text can have", index)
        written, _, _ = self._alternatives()
        if self._at < len(self._pattern):
            self._fail("a `)` without its `(` (write `\\)` for the character)")
        if len(written) > _MAX_LENGTH:
            raise ValueError(f"written out it has {len(written):,} characters, and may have {_MAX_LENGTH:,}")
        return written

    def _fail(self, what: str, at: int | None = None) -> NoReturn:
        column = (self._at if at is None else at) + 1
        raise ValueError(f"it has {what} at character {column}")

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _alternatives(self) -> tuple[str, int, bool]:
        branches = [self._branch()]
        while self._next() == "|":
            self._at += 1
            branches.append(self._branch())
        size = sum(size for _, size, _ in branches)
        return "|".join(written for written, _, _ in branches), size, any(empty for _, _, empty in branches)

    def _branch(self) -> tuple[str, int, bool]:
        written: list[str] = []
        total, is_empty = 0, True
        while self._next() not in {"", "|", ")"}:
            start = self._at
            atom, size, can_be_empty = self._atom()
            low, high, repeat = self._repetition()
            if repeat and can_be_empty:
                self._fail("a repetition of something that can be empty, or of an anchor,", start)
            total += size * high
            if total > _MAX_SIZE:
                self._fail(f"more than {_MAX_SIZE:,} characters and classes, repetitions written out,", start)
            written.append(atom + repeat)
            is_empty = is_empty and (can_be_empty or low == 0)
        if not written:
            self._fail("an empty alternative or group (write `?` after what may be missing)")
        return "".join(written), total, is_empty

    def _repetition(self) -> tuple[int, int, str]:
        """Read what may follow an atom; returns how often at least, how often it is written out, and the text."""
        start = self._at
        match self._next():
            case "*":
                low, high, written = 0, 1, "*"
            case "+":
                low, high, written = 1, 1, "+"
            case "?":
                low, high, written = 0, 1, "?"
            case "{":
                return self._bound()
            case _:
                return 1, 1, ""
        self._at = start + 1
        self._no_second_repetition()
        return low, high, written

    def _bound(self) -> tuple[int, int, str]:
        found = _BOUND.match(self._pattern, self._at)
        if found is None:
            self._fail("a `{` that is no repetition such as `{2}`, `{2,}` or `{2,5}` (write `\\{` for the character)")
        low = int(found[1])
        is_open = found[2] is not None and found[3] is None
        high = int(found[3]) if found[3] else low
        if max(low, high) > _MAX_REPEAT:
            self._fail(f"a repetition of more than {_MAX_REPEAT}")
        if not is_open and (high < low or high == 0):
            self._fail("a repetition that can't be")
        self._at = found.end()
        self._no_second_repetition()
        bounds = f"{low}," if is_open else str(low) if found[2] is None else f"{low},{high}"
        return low, max(high, 1), f"{{{bounds}}}"

    def _no_second_repetition(self) -> None:
        match self._next():
            case "?":
                self._fail("a lazy repetition")
            case "+":
                self._fail("a possessive repetition")
            case "*" | "{":
                self._fail("a repetition of a repetition")

    def _atom(self) -> tuple[str, int, bool]:
        char = self._next()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "^" | "$":
                self._at += 1
                return char, 0, True
            case ".":
                self._at += 1
                return "[^\\n]", 1, False
            case "*" | "+" | "?" | "{":
                self._fail(f"a `{char}` with nothing to repeat (write `\\{char}` for the character)")
        self._at += 1
        return self._literal(char), 1, False

    def _literal(self, char: str) -> str:
        folded = fold(char) if self._folds else char
        return f"\\{folded}" if folded in _META else _WRITTEN_CONTROLS.get(folded, folded)

    def _group(self) -> tuple[str, int, bool]:
        start = self._at
        if self._pattern.startswith("(?", start):
            if not self._pattern.startswith("(?:", start):
                self._fail(f"{_extension(self._pattern[start + 2 : start + 4])}")
            self._at += 2
        self._at += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail(f"more than {_MAX_DEPTH} groups in each other", start)
        written, size, is_empty = self._alternatives()
        if self._next() != ")":
            self._fail("a `(` without its `)` (write `\\(` for the character)", start)
        self._at += 1
        self._depth -= 1
        return f"(?:{written})", size, is_empty

    def _escape(self) -> tuple[str, int, bool]:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter and letter in "dwsDWS":
            self._at += 2
            ranges = _SHORTHANDS[letter.lower()]
            return _written_class(self._folded(ranges), is_negated=letter.isupper()), 1, False
        return self._literal(self._escaped()), 1, False

    def _escaped(self) -> str:
        """Read a backslash and what follows it, which stands for one character."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if not letter:
            self._fail("a `\\` at its end")
        if letter in _CONTROLS:
            self._at += 2
            return _CONTROLS[letter]
        if letter.isalnum() or letter in "<>" or not letter.isascii():
            self._fail(f"`\\{letter}`, {_NAMES.get(letter, 'an escape that engines read differently,')}")
        self._at += 2
        return letter

    def _class(self) -> tuple[str, int, bool]:
        start = self._at
        self._at += 1
        is_negated = self._next() == "^"
        self._at += is_negated
        ranges: list[tuple[int, int]] = []
        first = self._at
        while self._next() != "]" or self._at == first:
            if not self._next():
                self._fail("a `[` without its `]` (write `\\[` for the character)", start)
            ranges += self._class_part(is_first=self._at == first)
        self._at += 1
        return _written_class(self._folded(ranges), is_negated), 1, False

    def _class_part(self, *, is_first: bool) -> list[tuple[int, int]]:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if self._next() == "\\" and letter and letter in "dwsDWS":
            if letter.isupper():
                self._fail(f"`\\{letter}` inside a class")
            self._at += 2
            if self._next() == "-" and not self._pattern.startswith("-]", self._at):
                self._fail("a range from a class")
            return _SHORTHANDS[letter]
        is_dash = self._next() == "-"
        if is_dash and not is_first and not self._pattern.startswith("-]", self._at):
            self._fail("a `-` that is neither first nor last in its class nor between two characters (write `\\-`)")
        low = self._class_char()
        if self._next() != "-" or self._pattern.startswith("-]", self._at) or is_dash:
            return [(ord(low), ord(low))]
        self._at += 1
        start = self._at
        if self._next() == "-":
            self._fail("a range to `-` (write `\\-`)")
        if self._next() == "\\" and self._pattern[start + 1 : start + 2] in set("dwsDWS"):
            self._fail("a range to a class")
        high = self._class_char()
        if high < low:
            self._fail(f"a range from `{low}` down to `{high}`", start)
        return [(ord(low), ord(high))]

    def _class_char(self) -> str:
        char = self._next()
        match char:
            case "":
                self._fail("a class that does not end")
            case "\\":
                return self._escaped()
            case "[" if self._pattern[self._at + 1 : self._at + 2] in {":", ".", "="}:
                self._fail(f"a POSIX class (`[{self._pattern[self._at + 1]}`)")
            case "[" | "]":
                self._fail(f"a `{char}` inside a class (write `\\{char}` for the character)")
            case "&" if self._pattern.startswith("&&", self._at):
                self._fail("`&&` inside a class, which Java reads as an intersection")
        self._at += 1
        return char

    def _folded(self, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return ranges with the small letter of each capital in them; capitals don't occur in what is searched."""
        if not self._folds:
            return ranges
        return ranges + [(ord(small), ord(small)) for low, high in ranges for small in small_letters(low, high)]


def _extension(following: str) -> str:
    if following[:1] in {"=", "!"} or following in {"<=", "<!"}:
        return "a look ahead or behind"
    if following[:1] == "#":
        return "a comment"
    if following[:1] in {"P", "<", "'"}:
        return "a group with a name (write `( … )`)"
    if following[:1].isalpha() or following[:1] in {"-", "^"}:
        return "a flag such as `(?i)` (write `ignore_case: true` beside it)"
    return "a group of a kind that engines read differently"


def _written_class(ranges: Iterable[tuple[int, int]], is_negated: bool) -> str:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    parts = [_written_range(low, high) for low, high in merged]
    return f"[{'^' if is_negated else ''}{''.join(parts)}]"


def _written_range(low: int, high: int) -> str:
    if high - low > 1:
        return f"{_in_class(low)}-{_in_class(high)}"
    return "".join(_in_class(code) for code in range(low, high + 1))


def _in_class(code: int) -> str:
    char = chr(code)
    return f"\\{char}" if char in _META_IN_CLASS else _WRITTEN_CONTROLS.get(char, char)
