"""Read conditions: from plain YAML values to `groupsync.model.criteria`, every mistake at its place. Pure.

A condition is a mapping with one word (`all`, `any`, `not`, `in_group`, `not_in_group`, `everyone`), or of attributes:

    age: 50                       equal
    country: [DE, AT]             one of several
    age: {gte: 18, lt: 65}        each of these operators

Several attributes in one mapping must all hold. The words are reserved: no attribute can be named like one.
`groupsync.binding` checks what is read here against the attributes that there are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from groupsync.comparisons import read_tests
from groupsync.model import Diagnostic, Severity
from groupsync.model.criteria import All, AnyOf, Everyone, InGroup, Not, Test
from groupsync.schema_words import pointer_words
from groupsync.yaml.scalars import kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.model.criteria import Condition
    from groupsync.yaml.document import Document

WORDS: Final = ("all", "any", "not", "in_group", "not_in_group", "everyone")
MAX_DEPTH: Final = 64
MAX_NODES: Final = 10_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_EVERYBODY: Final = "Everybody is written `everyone: true`, so that nobody becomes everybody by accident."


def read_condition(
    document: Document, pointer: Sequence[str | int], value: object, found: list[Diagnostic]
) -> Condition | None:
    """Return the condition that is written at `pointer`, None where anything in it is wrong.

    Args:
        document: that it stands in.
        pointer: to it, from the document's root.
        value: what is written there.
        found: everything that is wrong with it is added here.
    """
    reader = _Reader(document, found)
    before = len(found)
    condition = reader.condition(tuple(pointer), value, 1)
    return condition if len(found) == before else None


class _Reader:
    """Reads one condition with all its parts. A part that is wrong is None, and told."""

    def __init__(self, document: Document, found: list[Diagnostic]) -> None:
        self.document = document
        self.found = found
        self.nodes = 0
        self.is_too_large = False

    def condition(self, pointer: tuple[str | int, ...], value: object, depth: int) -> Condition | None:
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._too_large(pointer, f"A condition is nested more than {MAX_DEPTH} levels deep")
        elif self.nodes > MAX_NODES:
            self._too_large(pointer, f"A condition has more than {MAX_NODES:,} parts")
        if self.is_too_large:
            return None
        if not isinstance(value, dict):
            self._no_mapping(pointer, value)
            return None
        if not value:
            detail = f"Expected a test, such as `age: {{gte: 50}}`. {_EVERYBODY}"
            self._error("GS207", pointer, f"{pointer_words(pointer)} is empty", detail, "")
            return None
        words = [key for key in value if key in WORDS]
        if not words:
            return self._attributes(pointer, value)
        if len(value) > 1:
            self._mixed(pointer, list(value), words)
        return self._word(pointer, words[0], value[words[0]], depth)

    def _word(self, pointer: tuple[str | int, ...], word: str, value: Any, depth: int) -> Condition | None:
        inner = (*pointer, word)
        at = self.document.locate(inner, key=True)
        match word:
            case "all" | "any":
                parts = self._parts(inner, value, depth)
                return (All if word == "all" else AnyOf)(parts, at) if parts else None
            case "not":
                part = self.condition(inner, value, depth + 1)
                return Not(part, at) if part else None
            case "everyone":
                if value is not True:
                    self._not_everyone(inner, value)
                return Everyone(at)
            case _:
                group = self._group(inner, value)
                return Not(group, at) if group and word == "not_in_group" else group

    def _parts(self, pointer: tuple[str | int, ...], value: object, depth: int) -> tuple[Condition, ...]:
        if not isinstance(value, list):
            hint = "Put a dash before each condition, or brackets around them: `[…]`."
            self._wrong_kind(pointer, value, "a list of conditions", hint)
            return ()
        if not value:
            detail = f"Expected at least one condition. {_EVERYBODY}"
            self._error("GS207", pointer, f"{pointer_words(pointer)} is empty", detail, "Take it out, or fill it.")
        parts = []
        for index, one in enumerate(value):
            if self.is_too_large:
                break
            part = self.condition((*pointer, index), one, depth + 1)
            parts += [part] if part else []
        return tuple(parts)

    def _attributes(self, pointer: tuple[str | int, ...], value: dict[str, Any]) -> Condition | None:
        tests: list[Test] = []
        for field, sought in value.items():
            tests += read_tests(self.document, (*pointer, field), sought, self.found)
        self.nodes += len(value) - 1
        if len(tests) < 2:
            return tests[0] if tests else None
        return All(tuple(tests), self.document.locate(pointer))

    def _group(self, pointer: tuple[str | int, ...], value: object) -> InGroup | None:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return InGroup(value, self.document.locate(pointer))
        if isinstance(value, str):
            expected = "Expected a name of lower-case letters, digits, `.`, `_` and `-`, at most 128."
            self._error("GS206", pointer, f"{pointer_words(pointer)} is `{shown(value)}`", expected, "")
        else:
            hint = ""
            if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
                word = "any" if pointer[-1] == "in_group" else "all"
                hint = f"Write `{word}: [{{{pointer[-1]}: {shown(value[0])}}}, …]` for several groups."
            self._wrong_kind(pointer, value, "the name of a group", hint)
        return None

    def _not_everyone(self, pointer: tuple[str | int, ...], value: object) -> None:
        if value is None:
            self._wrong_kind(pointer, value, "`true`", "Write `everyone: true`.")
            return
        summary = f"{pointer_words(pointer)} is `{shown(value)}`"
        self._error(
            "GS205", pointer, summary, "Expected `true`.", "Leave the condition out, or write `everyone: true`."
        )

    def _mixed(self, pointer: tuple[str | int, ...], keys: list[str], words: list[str]) -> None:
        second = next(key for key in keys if key != keys[0] and (key in words or keys[0] in words))
        first = keys[0] if keys[0] in words or second in words else words[0]
        summary = f"{pointer_words(pointer)} has both `{shown(first)}` and `{shown(second)}`"
        detail = (
            "A condition is one word, or tests of attributes and no word; it would not be clear how they go together."
        )
        hint = f"Write `all: [{{{shown(first)}: …}}, {{{shown(second)}: …}}]` if each must hold, or `any:` if one must."
        at = self.document.locate((*pointer, second), key=True)
        self.found.append(Diagnostic("GS215", Severity.ERROR, summary, detail, hint, at))

    def _too_large(self, pointer: tuple[str | int, ...], summary: str) -> None:
        self.is_too_large = True
        hint = "Move a part of it to a group of its own, and refer to that by `in_group`."
        self._error("GS216", pointer, summary, "", hint)

    def _no_mapping(self, pointer: tuple[str | int, ...], value: object) -> None:
        hint = ""
        if isinstance(value, list):
            hint = "Write `all:` above the list if each must hold, or `any:` if one must."
        elif isinstance(value, str) and value in WORDS:
            hint = f"Write `{value}: …`, with a colon."
        elif value is None:
            hint = "Write a test, such as `age: {gte: 50}`; everybody is `everyone: true`."
        self._wrong_kind(pointer, value, "a condition, such as `age: {gte: 50}`", hint)

    def _wrong_kind(self, pointer: tuple[str | int, ...], value: object, expected: str, hint: str) -> None:
        code, summary = "GS203", f"{pointer_words(pointer)} is {kind_of(value)}"
        if value is None:
            code, summary = "GS204", f"{pointer_words(pointer)} has no value"
        self._error(code, pointer, summary, f"Expected {expected}.", hint)

    def _error(self, code: str, pointer: tuple[str | int, ...], summary: str, detail: str, hint: str) -> None:
        at = self.document.locate(pointer)
        self.found.append(Diagnostic(code, Severity.ERROR, summary, detail, hint, at))
